"""What schedulers, and what sites put before them, really say: no line of it may blind a team or cost somebody a job."""
import re
import subprocess

import pytest
from conftest import eventually
from scenes import NOT_AT_ONCE, scene

LATER = "--begin=now+1hour"
# A squeue without our job, from a scheduler that still has it.
HEADER_ONLY = '"$real" "$@" | head -n 1'
NO_SUCH_JOB = 'case "$*" in *"show job"*) echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1;; esac\nexec "$real" "$@"'

# The format that coord asks for, with other jobs' values.
MANY_JOBS = r"""
"$real" "$@"
case "$*" in *--jobs=*) exit ;; esac
python3 - "$@" <<'END'
import sys
row = next(word for word in sys.argv if word.startswith("--format="))[9:] + "\n"
for field, value in {"%U": "4242", "%T": "RUNNING", "%S": "2026-11-25T10:35:27", "%u": "somebody", "%r": "None",
                     "%k": "a comment", "%j": "their_job", "%Z": "/home/somebody"}.items():
    row = row.replace(field, value)
sys.stdout.writelines(row.replace("%A", str(1000000 + n)) for n in range(100000))
END
"""

# Answers of up to a minute ago, whatever is asked for.
CACHE = r"""
for word; do case $word in --format=*) mark=${word#--format=} mark=${mark%%<*} ;; esac; done
cache=${0%/*}/cache
exec 9>"$cache.lock"
flock 9
if [ ! -e "$cache" ] || [ $(($(date +%s) - $(stat -c %Y "$cache"))) -ge 60 ]; then
  words=()
  for word; do case $word in --jobs=*) ;; *) words+=("$word") ;; esac; done
  "$real" "${words[@]}" | sed "s/$mark/MARK/g" >"$cache.new" && chmod 666 "$cache.new" && mv -f "$cache.new" "$cache"
fi
sed "s/MARK/$mark/g" "$cache"
"""


def other_job(project, *words, user="ann1"):
    """A job that has nothing to do with the project, of this user: its number."""
    process = project.cluster.start(
        "login1", user, f"/home/{user}",
        ["sbatch", "--parsable", LATER, "--job-name=thesis", *words, "--output=/dev/null", "--wrap=sleep 600"])
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    return output.strip()


def state(project, job):
    return project.cluster.squeue("--states=all", "--format=%T", f"--jobs={job}").strip()


@pytest.fixture
def others(project):
    made = []

    def make(*words, **options):
        made.append(other_job(project, *words, **options))
        return made[-1]

    yield make
    subprocess.run(["scancel", *made], check=False)


def test_jobs_of_every_sort_beside_ours(project, others):
    others("--array=1-3")
    others("--array=1,4-9%2")
    others("--comment=a\nb|c\n")
    others("--comment=a\x0bb\x0cc\u0085d\u2028e")
    others("--comment=x\ncoord:" + "0" * 32, "--job-name=py\nviewer")
    others(":", LATER)
    first = project.run("connect")
    assert first.code == 0, first
    assert project.run("connect", user="ann2", host="login2").output == first.output
    assert project.run("stop", user="ann2").code == 0
    again = project.run("connect")
    assert again.code == 0 and len(project.calls("sbatch")) == 2, again


@pytest.mark.parametrize("script", [
    'printf "*** maintenance on Monday ***\\n"\n"$real" "$@"', 'printf "for job 1, see the wiki: "\n"$real" "$@"\necho bye',
    'echo "NOTICE: lost the connection to /scratch; please try again" >&2\n"$real" "$@"',
], ids=["before", "around", "on stderr"])
def test_notices_of_a_site(project, script):
    project.wrap("squeue", script)
    project.wrap("scancel", script)
    result = project.run("connect")
    assert result.code == 0, result
    assert project.run("stop").code == 0 and project.kinds()[-1] == "ended"


def test_hundred_thousand_jobs(project):
    project.wrap("squeue", MANY_JOBS)
    project.edit_job(NOT_AT_ONCE)
    result = project.run("connect")
    assert result.code == 0, result
    assert len(project.calls("sbatch")) == 1
    answers = list((project.path / "hpc_utils" / "locks").glob("queue.*.answer"))
    assert answers and all(answer.stat().st_size < 10_000 for answer in answers)


EMPTY = {
    "invalid user": ('echo "squeue: error: Invalid user: 54321" >&2', None), "nothing": ("exit 0", None),
    "header only": (HEADER_ONLY, None), "never heard of it": (HEADER_ONLY, NO_SUCH_JOB),
}


@scene(*EMPTY)
def empty_answers_end_no_job_that_waits(answer, make, trace):
    squeue, scontrol = EMPTY[answer]
    project = make()
    project.edit_job(LATER)
    project.leave_waiting("claimed", "submitted")
    project.wrap("squeue", squeue)
    if scontrol:
        project.wrap("scontrol", scontrol)
    result = project.run("connect", "--timeout", "20", user="ann2")
    assert result.code == 75, result
    assert project.kinds() == ["claimed", "submitted"] and len(project.calls("sbatch")) == 1
    if squeue == HEADER_ONLY and not scontrol:
        assert "waiting in the queue (BeginTime)" in result.errors, "scontrol knows it"


@pytest.mark.parametrize("script", [
    '"$real" "$@" && echo {}', '"$real" "$@" && echo "{};minicluster"', '"$real" "$@" >/dev/null && echo {}',
], ids=["after ours", "with a cluster", "instead of ours"])
def test_numbers_that_a_wrapper_of_sbatch_prints(project, others, script):
    other = others()
    project.wrap("sbatch", script.format(other))
    project.edit_job(LATER)
    waiting = project.run("connect", "--timeout", "15")
    ((ours, *_),) = project.jobs()
    assert waiting.code == 75 and f"job {ours} of ann1 is waiting" in waiting.errors, waiting
    status = project.run("status")
    assert re.search(rf"^job: +{ours}$", status.output, re.M) and f"job {ours} is waiting in the queue" in status.output, status
    stopped = project.run("stop")
    assert stopped.code == 0 and project.kinds()[-1] == "ended", stopped
    assert state(project, ours) == "CANCELLED" and state(project, other) == "PENDING"


@scene()
def stop_in_the_moment_of_the_submit_cancels_nobody_elses_job(make, trace):
    project = make()
    other = other_job(project)
    try:
        project.edit_job(LATER)
        # The stop comes while sbatch is under way.
        project.wrap("sbatch", f'"$real" "$@" >/dev/null\n: >"$SHIM_DIR/made"\nsleep 4\necho {other}')
        claimant = project.start("connect", "--timeout", "40")
        eventually(lambda: (project.shims / "made").exists(), 60, "the job is made")
        stopped = project.run("stop", timeout=300)
        assert stopped.code == 0, stopped
        claimant.communicate(timeout=60)
        assert project.jobs() == [] and state(project, other) == "PENDING"
    finally:
        subprocess.run(["scancel", other], check=False)


@scene()
def number_of_our_job_is_another_jobs(make, trace):
    """A controller that lost its state gives the number to another job of the same user."""
    project = make()
    other = other_job(project)
    try:
        project.wrap("sbatch", f"echo {other}")
        project.leave_waiting("claimed", "submitted")
        assert [entry.get("JOB_ID") for entry in project.entries()] == [None, other]
        stopped = project.run("stop", timeout=300)
        assert stopped.code == 0, stopped
        assert project.kinds() == ["claimed", "submitted", "stop-requested", "ended"]
        assert state(project, other) == "PENDING"
    finally:
        subprocess.run(["scancel", other], check=False)


@scene()
def squeue_answers_from_a_cache(make, trace):
    project = make()
    project.edit_job("--begin=now+20")
    project.wrap("squeue", CACHE)
    project.wrap("scontrol", NO_SUCH_JOB)
    result = project.run("connect", timeout=300)
    assert result.code == 0, result
    assert "ended" not in project.kinds() and len(project.calls("sbatch")) == 1


def test_refusal_is_shown_whole(project):
    project.wrap("sbatch", (
        'echo "sbatch: error: Your default account has no hours left." >&2\n'
        'echo "sbatch: error: Use --account=lab2, and check your connection before you try again." >&2\n'
        'echo "sbatch: error: Batch job submission failed: Requested node configuration is not available" >&2\nexit 1'))
    results = project.storm(4, "connect")
    assert {result.code for result in results} == {69}, results
    for result in results:
        assert "no hours left" in result.errors and "Use --account=lab2" in result.errors, result
        assert "Requested node configuration is not available" in result.errors, result
    assert len(project.calls("sbatch")) == 1 and project.kinds() == ["claimed", "ended"]
    status = project.run("status")
    assert status.code == 69 and "no hours left.; Use --account=lab2" in status.output, status
    history = project.run("history").output.splitlines()
    assert len(history) == 2 and "no hours left.; Use --account=lab2" in history[1], history
