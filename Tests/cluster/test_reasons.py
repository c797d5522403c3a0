"""What the scheduler says of a job that does not serve yet, and what the team then reads."""
import contextlib
import json
import os
import re
import subprocess
import time

import pytest
from conftest import eventually
from scenes import scene
from test_killed import connect_until_answered, ends_well
from test_life import setting

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


def scontrol(*words):
    return subprocess.run(["scontrol", *words], check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def changed(kind, name, change, back):
    """A partition or a node as an administrator changes it."""
    scontrol("update", f"{kind}={name}", *change)
    try:
        yield
    finally:
        scontrol("update", f"{kind}={name}", *back)


def partition():
    return re.search(r"PartitionName=(\w+)", scontrol("show", "partition"))[1]


def test_held_job_says_how_it_is_released(project):
    project.edit_job("--hold")
    first = waiting(project)
    ((job, *_),) = project.jobs()
    release = f"scontrol release {job}"
    assert f"job {job} of ann1 is held (JobHeldUser)" in first.errors and release in first.errors, first
    assert "expected to start" not in first.errors and "try again later" not in first.errors, first
    status = project.run("status", user="ann2")
    assert status.code == 75 and "is held (JobHeldUser)" in status.output and f"ann1 lets it go with `{release}`" in status.output
    doctor = project.run("doctor")
    assert f"job {job}" in doctor.output and release in doctor.output, doctor
    scontrol("hold", job)
    assert "an administrator holds it" in waiting(project, user="ann2").errors
    scontrol("release", job)
    result = project.run("connect", user="ann2")
    assert result.code == 0 and len(project.calls("sbatch")) == 1, result


def test_job_that_can_never_start_says_what_to_correct(project):
    name = partition()
    before = re.search(r"MaxTime=(\S+)", scontrol("show", "partition", name))[1]
    with changed("PartitionName", name, ["MaxTime=10"], [f"MaxTime={before}"]):
        result = waiting(project)
        assert "cannot start as it is (PartitionTimeLimit)" in result.errors, result
        assert "correct --time" in result.errors and "coord restart" in result.errors, result
        # Which is enough.
        project.edit_job("--time=5")
        script = project.path / "hpc_utils" / "start_server.sh"
        script.write_text(re.sub(r"^#SBATCH --time=(?!5$).*\n", "", script.read_text(), flags=re.M))
        again = project.run("restart")
        assert again.code == 0, again


def test_partition_that_is_down(project):
    name = partition()
    with changed("PartitionName", name, ["State=DOWN"], ["State=UP"]):
        result = waiting(project)
        assert "(PartitionDown): its partition starts no jobs" in result.errors, result
        assert "scontrol show partition" in result.errors and "administrators" in result.errors, result
    assert project.run("connect").code == 0


def test_node_that_is_drained(project):
    project.edit_job("--nodelist=node3")
    with changed("NodeName", "node3", ["State=DRAIN", "Reason=test"], ["State=RESUME"]):
        result = waiting(project)
        assert "ReqNodeNotAvail, UnavailableNodes:node3" in result.errors and "sinfo -R" in result.errors, result
    assert project.run("connect").code == 0


def test_end_of_a_maintenance_is_named(project):
    scontrol("create", "reservation", "ReservationName=yearly", "StartTime=now", "Duration=60", "Users=root", "Nodes=ALL",
             "Flags=MAINT,IGNORE_JOBS")
    try:
        end = re.search(r"EndTime=(\S+)", scontrol("show", "reservation", "yearly"))[1]
        result = waiting(project)
        assert f"under maintenance until {end} (reservation yearly)" in result.errors, result
        assert "it starts when the reservation has ended" in result.errors, result
        assert f"until {end}" in project.run("status", user="ann2", host="login2").output
    finally:
        scontrol("delete", "ReservationName=yearly")
    assert project.run("connect").code == 0


def test_status_writes_nothing(project):
    """Whatever the state, whoever asks: so a full or closed directory is no hindrance."""
    project.edit_job(LATER)
    waiting(project)
    folder = project.path / "hpc_utils" / "locks"

    def everything():
        return {path: (s.st_ino, s.st_mtime_ns, s.st_ctime_ns, s.st_size) for path in [project.path, *project.path.rglob("*")]
                if project.shims not in [path, *path.parents] for s in [path.lstat()]}
    before = everything()
    asked = len(project.calls("squeue"))
    shown = project.run("status", user="ann2")
    # What the team was told just now is shown.
    assert shown.code == 75 and re.search(r"^queue: +as it was at 20\S+ \(\d+ s ago\)$", shown.output, re.M), shown
    assert len(project.calls("squeue")) == asked
    answers = sorted(folder.glob("queue.*.answer"), key=lambda p: p.stat().st_mtime)
    eventually(lambda: time.time() - answers[-1].stat().st_mtime > 17, 30, "that is old")
    for host in ["login1", "login2"]:
        fresh = project.run("status", "--json", user="ann2", host=host)
        assert fresh.code == 75 and json.loads(fresh.output)["state"] == "pending", fresh
    assert len(project.calls("squeue")) > asked
    # Where the scheduler does not answer, what is known is shown, and how old that is.
    project.wrap("squeue", 'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1')
    old = project.run("status", user="ann3")
    assert old.code == 75 and "is waiting in the queue (BeginTime)" in old.output, old
    assert re.search(r"\(\d+ s ago\); the scheduler does not answer now: .*connect failure", old.output), old
    assert everything() == before


def every_job_under(project, *options):
    """Each job's supervisor runs under strace."""
    os.rename(project.coord, f"{project.coord}.real")
    project.coord.write_text(
        f'#!/bin/sh\ncase $1 in supervise) exec strace -o {project.path}/trace.$$ {" ".join(options)} '
        f'{project.coord}.real "$@" ;; esac\nexec {project.coord}.real "$@"\n')
    project.coord.chmod(0o775)
    project.path.chmod(0o2777)


@scene()
def heartbeats_stop_at_a_full_disk_in_each_job(make, trace):
    """Room for the first beat only: the second job that ends so is the last, and it is said where room is needed."""
    project = make()
    # After the first one, server_info.txt is not replaced any more.
    every_job_under(project, "-e", "trace=rename", "-e", "inject=rename:error=ENOSPC:when=2+")
    result = project.run("connect", "--timeout", "400", timeout=500)
    assert result.code == 69 and len(project.calls("sbatch")) == 2, result
    file = project.path / "hpc_utils" / "server_info.txt"
    assert f"as that of the server before: {file}: " in result.errors and "No space left" in result.errors, result
    assert "(filesystem /" in result.errors, result
    assert "make room there" in result.errors and "STATUS_FILE" in result.errors, result
    ends = [(entry["OUTCOME"], entry["CAUSE"]) for entry in project.entries() if entry["KIND"] == "ended"]
    assert ends == [("lost", "heartbeat-not-written"), ("failed", "heartbeat-not-written")]
    os.rename(f"{project.coord}.real", project.coord)
    connect_until_answered(project, user="ann2")
    ends_well(project)


@scene()
def server_fenced_by_a_full_disk_is_not_starting(make, trace):
    """Neither its beats nor its end can be written."""
    project = make()
    small = project.path / "small"
    small.mkdir(mode=0o2777)
    small.chmod(0o2777)
    setting(project, f"STATUS_FILE={small}/server_info.txt")
    assert connect_until_answered(project)
    started = [entry for entry in project.entries() if entry["KIND"] == "started"][-1]
    (supervisor,) = project.coord_pids("supervise")
    full = subprocess.Popen(
        ["strace", "-o", project.path / "full", "-p", str(supervisor), "-e", "inject=fsync,rename,link:error=ENOSPC"])
    try:
        eventually(lambda: not os.path.exists(f"/proc/{supervisor}"), 150, "its supervisor has ended")
    finally:
        full.terminate()
        full.wait()
    eventually(lambda: not project.jobs(), 60, "its job is over")
    assert project.kinds()[-1] == "started" and not (small / "server_info.txt").exists()
    status = project.run("status")
    assert status.code == 75 and re.search(r"^state: +silent$", status.output, re.M), status
    job = started["JOB_ID"]
    assert f"job {job} is over (FAILED) and its end was not recorded" in status.output, status
    assert started["LOG"] in status.output and "run `coord connect`" not in status.output, status
    # On this host that directory is on a filesystem of its own, which is full.
    mounted = project.cluster.in_node(
        "login2", "sh", "-c", f"mount -t tmpfs -o size=4k,mode=1777 none {small} && ! head -c 9000 /dev/zero >{small}/fill")
    assert mounted.returncode == 0, mounted
    try:
        status = project.run("status", "--json", host="login2")
        assert status.code == 75 and f"the filesystem {small} is full" in json.loads(status.output)["why"], status
        assert "make room there" in json.loads(status.output)["next"], status
    finally:
        project.cluster.in_node("login2", "umount", small)
    connect_until_answered(project, user="ann2")
    ends_well(project)


def test_lag_of_a_cache_is_said_as_what_it_is(project):
    """The claimant's own number is not to be seen by it for longer than an action may take."""
    lock = project.path / "hpc_utils" / "locks" / "00000001"
    behind = ["strace", "-o", project.path / "trace", "-P", lock, "-e", "inject=openat:error=ENOENT"]
    result = project.run("connect", "--timeout", "30", before=behind)
    assert "(INJECTED)" in (project.path / "trace").read_text()
    assert result.code == 75 and "waiting for the shared filesystem: " in result.errors, result
    assert "locks/00000001" in result.errors and "caches" in result.errors, result
    assert "try again in a minute" in result.errors and "quota" not in result.errors, result
    assert project.calls("sbatch") == []
    assert project.run("connect", "--timeout", "300", user="ann2", timeout=400).code == 0
