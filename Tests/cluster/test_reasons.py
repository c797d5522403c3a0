"""What the scheduler says of a job that does not serve yet, and what the team then reads."""
import re

import pytest

LATER = "--begin=now+1hour"


def waiting(project, *words, seconds=12, **options):
    """A connect whose job does not start: what it said."""
    result = project.run("connect", "--timeout", str(seconds), *words, **options)
    assert result.code == 75, result
    return result


@pytest.mark.parametrize("state, words", [
    ("REVOKED", "another cluster of the federation has it"), ("LAUNCH_FAILED", "could not launch it"),
    ("A_STATE_OF_TOMORROW", "does not know (A_STATE_OF_TOMORROW)"),
])
def test_state_that_proves_nothing_ends_nothing(project, state, words):
    project.edit_job(LATER)
    waiting(project)
    project.wrap("squeue", f'"$real" "$@" | sed "s/|PENDING|/|{state}|/"')
    # Longer than two looks at a job that is over.
    result = waiting(project, seconds=25, user="ann2")
    ((job, *_),) = project.jobs()
    assert f"job {job} of ann1 is" in result.errors and words in result.errors, result
    assert f"scontrol show job {job}" in result.errors and "coord restart" in result.errors, result
    assert project.kinds() == ["claimed", "submitted"] and len(project.calls("sbatch")) == 1
    status = project.run("status")
    assert status.code == 75 and words in status.output, status
    # What was advised does what it says.
    again = project.run("restart", "--timeout", "8")
    assert again.code == 75 and len(project.calls("sbatch")) == 2, again
    assert project.kinds() == ["claimed", "submitted", "stop-requested", "ended", "claimed", "submitted"]
    assert project.run("stop").code == 0
