"""coord cleanup: safe from cron, on every login node at once."""
import os
import subprocess
import time

from conftest import Finished, eventually
from scenes import nobody_recorded, scene

OLD = time.time() - 40 * 86400


@scene()
def records_what_nobody_recorded(make, trace):
    project = make()
    nobody_recorded(project)
    dry = project.run("cleanup", "--dry-run", user="ann2")
    assert dry.code == 0 and "would record" in dry.errors, dry
    assert project.kinds()[-1] == "started" and project.info()
    results = [
        Finished(p, 200) for p in
        [project.start("cleanup", user=f"ann{i}", host=f"login{i % 2 + 1}") for i in range(1, 7)]]
    assert {r.code for r in results} == {0}, results
    assert project.kinds().count("ended") == 1 and project.kinds()[-1] == "ended"
    assert not project.info(), "the stale heartbeat is gone"
    assert project.run("connect", user="ann2").code == 0


def test_leaves_a_healthy_server_alone(project):
    result = project.run("connect")
    before = project.kinds()
    for user in ("ann1", "ann2"):
        cleaned = project.run("cleanup", user=user)
        assert cleaned.code == 0 and cleaned.output == "", cleaned
    assert project.kinds() == before and project.info()
    assert project.run("connect").output == result.output


def test_nothing_to_do_is_silent(project):
    result = project.run("cleanup", "--quiet")
    assert (result.code, result.output, result.errors) == (0, "", ""), result


def test_removes_old_files_and_no_younger_ones(project):
    assert project.run("connect").code == 0
    assert project.run("stop").code == 0
    locks, logs = project.path / "hpc_utils" / "locks", project.path / "hpc_utils" / "logs"
    old = [locks / "tmp.0123.00000009", locks / f"sbatch.{'a' * 32}.out", logs / "panel-server-1.log",
           project.path / "hpc_utils" / ".server_info.0123"]
    young = [locks / "tmp.4567.00000009", logs / "panel-server-2.log"]
    foreign = [logs / "notes.txt", locks / "README"]
    for path in old + young + foreign:
        path.write_text("x")
        subprocess.run(["chown", "ann1:lab", path], check=True)
    for path in old + foreign:
        os.utime(path, (OLD, OLD))
    dry = project.run("cleanup", "--dry-run")
    assert dry.output.count("would remove") == len(old) and all(path.exists() for path in old), dry
    result = project.run("cleanup")
    assert result.code == 0 and result.output.count("removed") == len(old), result
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in young + foreign)


def test_cancels_surplus_jobs_of_ours_only(project):
    # A teammate stops it before it started: its owner alone can take it out of the queue.
    project.edit_job("--begin=now+1hour")
    project.leave_waiting()
    (surplus,) = [row[0] for row in project.jobs()]
    assert project.run("stop", user="ann2").code == 0
    other = project.shell(
        "/usr/bin/sbatch", "--parsable", "--begin=now+1hour", f"--comment=coord:{'0' * 32}", "--wrap=sleep 600").output.strip()
    result = project.run("cleanup")
    assert f"cancelled surplus job {surplus}" in result.output + result.errors, result
    left = project.cluster.squeue("--format=%i", "--states=PENDING")
    assert other in left.split() and surplus not in left.split()
