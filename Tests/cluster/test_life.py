"""A server that was suspended, hangs, cannot be imported, never beats, or is told to end: what becomes of it, and why."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid

import pytest
from conftest import LOGINS, NODES, eventually
from scenes import scene
from test_directories import faulty
from test_killed import connect_until_answered, ends_well
from test_page import application  # noqa: F401

MEMORY = pathlib.Path("/sys/fs/cgroup/memory")


def log_of(project):
    return (project.path / "hpc_utils" / "logs" / f"panel-server-{project.info()['JOB_ID']}.log").read_text()


def setting(project, line):
    with open(project.path / "hpc_utils" / "coord.conf", "a") as file:
        file.write(line + "\n")


def last(project):
    return project.entries()[-1]


def ended(project, seconds=30):
    eventually(lambda: project.kinds()[-1] == "ended", seconds, "the end is recorded")
    return last(project)


@scene()
def job_suspended_longer_than_S(make, trace):
    project = make()
    record = project.path / "signals"
    project.job_environment(f"FAKE_PANEL_SIGNALS={record}")
    project.path.chmod(0o2777)
    connect_until_answered(project)
    (server,), (supervisor,), (guardian,) = (
        project.server_pids(), project.coord_pids("supervise"), project.coord_pids("guard"))
    for pid in (supervisor, guardian, server):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(53)
    assert os.path.exists(f"/proc/{server}")
    for pid in (server, supervisor, guardian):
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: server not in project.server_pids(), 1, "it has no time for anything")
    assert not record.exists(), "not even for what TERM would have it do"
    assert "suspended" in ended(project)["REASON"]
    connect_until_answered(project, user="ann2", host="login2")
    ends_well(project)


@scene()
def server_that_hangs(make, trace):
    project = make()
    setting(project, "HANG_LIMIT=110")
    connect_until_answered(project)
    (server,) = project.server_pids()
    os.kill(server, signal.SIGSTOP)
    eventually(lambda: project.info().get("STATE") == "hung", 100, "the heartbeat says that it hangs")
    status = project.run("status")
    assert status.code == 75 and "hung" in status.output and "it is ended at" in status.output, status
    refused = project.run("connect", "--timeout", "3", user="ann2")
    assert refused.code == 75, refused
    os.kill(server, signal.SIGCONT)
    eventually(lambda: project.info().get("STATE") == "ready", 40, "it answers, and may be had again")
    assert project.run("connect").code == 0 and project.server_pids() == [server]
    os.kill(server, signal.SIGSTOP)
    end = ended(project, 170)
    assert end["OUTCOME"] == "lost" and "HANG_LIMIT" in end["REASON"], end
    connect_until_answered(project, user="ann2", host="login2")
    ends_well(project)


@pytest.mark.parametrize("command, code, words", [
    ("echo checking {app}; exit 3", 69, "checking visualize_accelerometry/app.py"),
    ("sleep 3", 0, "the app was checked"),
    ("", 0, "the app is not checked: CHECK_COMMAND is empty"),
    (None, 0, "the app is not checked: there is no visualize_accelerometry/app.py"),
])
def test_check_before_the_server_is_announced(project, command, code, words):
    if command is not None:
        setting(project, f"CHECK_COMMAND={command}")
    began = time.monotonic()
    result = project.run("connect")
    assert result.code == code, result
    if code:
        assert words in result.errors and "CHECK_COMMAND" in result.errors, result
        assert last(project)["OUTCOME"] == "failed" and not project.server_pids()
    else:
        assert words in log_of(project)
        assert command != "sleep 3" or time.monotonic() - began > 3


def test_check_ends_with_its_server(project):
    setting(project, "CHECK_COMMAND=sleep 4321")
    assert project.run("connect", "--timeout", "3").code == 75

    def checking():
        return subprocess.run(["pgrep", "-x", "-f", "sleep 4321"], capture_output=True).returncode == 0
    eventually(checking, 30, "the check runs")
    eventually(project.info, 20, "it beats")
    eventually(lambda: "the server answers" in log_of(project), 20, "the server answers")
    assert project.info()["STATE"] == "starting"
    (supervisor,) = project.coord_pids("supervise")
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not checking() and not project.server_pids(), 20, "the guardian ends both")


@pytest.mark.parametrize("broken", [False, True])
def test_real_app_is_imported_first(application, project, broken):  # noqa: F811
    subprocess.run(["cp", "-r", application / "visualize_accelerometry", project.path], check=True)
    app = project.path / "visualize_accelerometry" / "app.py"
    if broken:
        app.write_text("import nonsense\n" + app.read_text())
    subprocess.run(["chgrp", "-R", "lab", project.path / "visualize_accelerometry"], check=True)
    subprocess.run(["chmod", "-R", "g+rwX", project.path / "visualize_accelerometry"], check=True)
    (project.path / "hpc_utils" / "env.sh").write_text(f"PATH={application}/venv/bin:$PATH\nNUM_PROCS=1\n")
    result = project.run("connect")
    if broken:
        assert result.code == 69 and "ModuleNotFoundError: No module named 'nonsense'" in result.errors, result
    else:
        assert result.code == 0 and "the app was checked" in log_of(project), result
        assert project.run("stop").code == 0


@scene("no directory", "sticky directory")
def heartbeat_that_never_succeeds(place, make, trace):
    project = make()
    if place == "no directory":
        project.job_environment("STATUS_FILE=/nowhere/info.txt")
        name = "/nowhere/info.txt"
    else:
        file = project.path / "hpc_utils" / "server_info.txt"
        file.touch()
        subprocess.run(["chown", "ann9:lab", file], check=True)
        os.chmod(file.parent, 0o3775)
        name = str(file)
    waiting = project.run("connect", timeout=200)
    assert waiting.code == 69 and name in waiting.errors, waiting
    assert last(project)["OUTCOME"] == "failed" and project.kinds().count("claimed") == 1
    assert len(project.calls("sbatch")) == 1


def test_cancelled_job_is_a_stop(project):
    assert project.run("connect").code == 0
    assert project.shell("scancel", project.info()["JOB_ID"]).code == 0
    end = ended(project)
    assert end["OUTCOME"] == "stopped" and "somebody cancelled it (scancel)" in end["REASON"], end


@pytest.mark.parametrize("says, outcome, words", [
    ("JobId=1 JobState=PREEMPTED Reason=None", "lost", "preempted"),
    ("JobId=1 JobState=COMPLETING Reason=NodeDown", "lost", "node failed"),
])
def test_signal_is_explained_by_what_the_scheduler_says(project, says, outcome, words):
    scontrol = project.path / "fake" / "scontrol"
    scontrol.write_text(f"#!/bin/sh\nsleep 1\necho {says}\n")
    scontrol.chmod(0o775)
    assert project.run("connect").code == 0
    (supervisor,), (server,) = project.coord_pids("supervise"), project.server_pids()
    os.kill(supervisor, signal.SIGTERM)
    eventually(lambda: not project.server_pids(), 0.9, "the server is told before anybody is asked")
    end = ended(project)
    assert end["OUTCOME"] == outcome and words in end["REASON"], end


@scene()
def time_limit_of_the_job(make, trace):
    project = make()
    script = project.path / "hpc_utils" / "start_server.sh"
    script.write_text(script.read_text().replace("--time=36:00:00", "--time=1"))
    connect_until_answered(project)
    end = ended(project, 150)
    assert end["OUTCOME"] == "finished" and end["REASON"] == "time limit (SIGTERM)", end


@contextlib.contextmanager
def memory_group(name, limit):
    mine = re.search(r"^\d+:memory:(.*)$", pathlib.Path("/proc/self/cgroup").read_text(), re.M)
    group = MEMORY / (mine[1].strip("/") if mine else "") / name
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(limit))
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    os.chmod(group / "cgroup.procs", 0o666)
    try:
        yield group
    finally:
        eventually(lambda: not (group / "cgroup.procs").read_text(), 30, "nothing is in the group")
        group.rmdir()


def test_server_killed_for_its_memory(project):
    with memory_group(f"coord_test_{uuid.uuid4().hex}", 100 << 20) as group:
        project.job_environment("FAKE_PANEL_EATS=300")
        with open(project.path / "hpc_utils" / "env.sh", "a") as file:
            file.write(f"echo $$ >{group}/cgroup.procs\n")
        result = project.run("connect")
        assert result.code == 0, result
        if "coord_test" not in pathlib.Path(f"/proc/{project.server_pids()[0]}/cgroup").read_text():
            pytest.skip("a job cannot be put into a control group here")
        subprocess.run(
            ["curl", "-s", "-m", "20", "--noproxy", "*", f"http://{result.output.strip()}/eat"], check=False)
        end = ended(project)
        assert end["OUTCOME"] == "failed" and "raise --mem-per-cpu in start_server.sh" in end["REASON"], end
        eventually(lambda: not project.coord_pids("supervise"), 20, "the job is over")


def beats_of(text):
    """The calls between the first and the last beat, cut at each rename of a heartbeat."""
    parts = re.split(r"^.*\brename\(.*server_info\.txt.*$", text, flags=re.M)
    return parts[1:-1]


def test_beat_needs_few_calls_on_the_shared_directory(project):
    assert project.run("connect").code == 0
    (supervisor,) = project.coord_pids("supervise")
    tracer = subprocess.Popen(
        ["strace", "-y", "-o", project.path / "beats", "-p", str(supervisor), "-e", "trace=%file,%desc"],
        stderr=subprocess.DEVNULL)
    beat = int(project.info()["BEAT"])
    eventually(lambda: int(project.info()["BEAT"]) >= beat + 5, 60, "it beats")
    tracer.terminate()
    tracer.wait()
    beats = beats_of((project.path / "beats").read_text())
    assert len(beats) >= 3
    # The locks are listed now and then.
    assert len([beat for beat in beats if "getdents64" in beat]) <= 2
    for beat in beats:
        calls = [line for line in beat.splitlines() if str(project.path) in line]
        calls = [line for line in calls if "/locks/0" not in line and "/locks/queue." not in line]
        # The next beat's file is made before the pause, and the last one's is closed.
        ahead, now = [], []
        for line in calls:
            (now if now or "O_DIRECTORY" in line else ahead).append(line)
        assert [line.split("(")[0] for line in ahead if "fstat" not in line] == ["close", "openat"], ahead
        assert "O_CREAT" in ahead[1] or "O_CREAT" in ahead[-1]
        names = [line.split("(")[0] for line in now]
        assert names.count("openat") == 1 and names.count("fsync") == 1, now
        assert set(names) <= {"openat", "getdents64", "close", "write", "fsync", "fstat", "newfstatat"}, now
        assert not [line for line in now if line.startswith("newfstatat") and '""' not in line], now


@scene()
def descriptors_after_many_beats(make, trace):
    project = make()
    connect_until_answered(project)
    (supervisor,) = project.coord_pids("supervise")

    def open_now():
        return sorted(os.listdir(f"/proc/{supervisor}/fd"))

    def in_a_pause():
        beat = project.info()["BEAT"]
        eventually(lambda: project.info()["BEAT"] != beat, 20, "it beats")
        time.sleep(1)
        return len(open_now())
    first = in_a_pause()
    time.sleep(65)
    assert in_a_pause() == first, open_now()
    ends_well(project)


@scene()
def suspended_by_the_scheduler(make, trace):
    """Longer than D: it has not ended, and nobody starts another one; when it goes on it is ended without a TERM."""
    project = make()
    connect_until_answered(project)
    (server,), job = project.server_pids(), project.info()["JOB_ID"]
    subprocess.run(["scontrol", "suspend", job], check=True)
    time.sleep(20)
    result = project.run("connect", "--timeout", "160", user="ann5")
    assert result.code == 75 and f"job {job}" in result.errors and f"scontrol resume {job}" in result.errors, result
    assert "suspended" in project.run("status", user="ann5").output
    assert project.kinds()[-1] == "started" and project.server_pids() == [server]
    subprocess.run(["scontrol", "resume", job], check=True)
    eventually(lambda: server not in project.server_pids(), 10, "it does not go on")
    connect_until_answered(project, user="ann5")
    assert project.run("stop").code == 0


@scene()
def slow_disk_that_works(make, trace):
    """Each changing call takes 5 s, everywhere."""
    project = make()
    locks, store = project.path / "hpc_utils" / "locks", project.path / "store"
    for folder in [locks, store]:
        folder.mkdir()
        subprocess.run(["chgrp", "lab", folder], check=True)
        folder.chmod(0o2775)
    setting(project, f"STATUS_FILE={locks}/server_info.txt")
    with contextlib.ExitStack() as mounts:
        for host in [*NODES, *LOGINS]:
            mounts.enter_context(faulty("slow 5", store, locks, host))
        mounts.enter_context(faulty("none", store, locks, None))
        connect_until_answered(project, timeout=900)
        (server,) = project.server_pids()
        time.sleep(70)
        assert project.server_pids() == [server], "it goes on serving"
        logs = [p.read_text() for p in (project.path / "hpc_utils" / "logs").glob("panel-server-*.log")]
        assert any("the shared disk takes" in text for text in logs), logs
        assert project.kinds()[-1] == "started" and project.kinds().count("started") == 1
        assert project.run("stop", user="ann3", timeout=400).code == 0
        eventually(lambda: not project.coord_pids("supervise"), 90, "the job is over")


@scene()
def disk_on_which_no_claim_can_be_made(make, trace):
    """Each changing call takes 25 s on the login nodes: what is slow is named."""
    project = make()
    locks, store = project.path / "hpc_utils" / "locks", project.path / "store"
    for folder in [locks, store]:
        folder.mkdir()
        subprocess.run(["chgrp", "lab", folder], check=True)
        folder.chmod(0o2775)
    with contextlib.ExitStack() as mounts:
        for host in LOGINS:
            mounts.enter_context(faulty("slow 25", store, locks, host))
        for host in [*NODES, None]:
            mounts.enter_context(faulty("none", store, locks, host))
        result = project.run("connect", "--timeout", "200", timeout=900)
        assert result.code in (74, 75) and "the shared disk is very slow" in result.errors, result
        assert project.calls("sbatch") == [] and project.server_pids() == []


@scene()
def disk_that_is_too_slow(make, trace):
    project = make()
    connect_until_answered(project)
    (server,), (supervisor,) = project.server_pids(), project.coord_pids("supervise")
    slow = subprocess.Popen(
        ["strace", "-o", project.path / "slow", "-p", str(supervisor), "-e", "inject=fsync:delay_enter=50000000:when=1"],
        stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: server not in project.server_pids(), 70, "the guardian ends it after S")
        end = ended(project, 60)
    finally:
        slow.terminate()
        slow.wait()
    assert end["OUTCOME"] == "lost" and "the shared disk is too slow: a heartbeat took 5" in end["REASON"], end
    ends_well(project)
