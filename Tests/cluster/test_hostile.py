"""Held-up claimants, late jobs, many breakers, full and frozen disks, clocks that are off, a controller that goes away."""
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import ADDRESS, FILESYSTEM, LOGINS, REPOSITORY, Finished, eventually
from scenes import NOT_AT_ONCE, scene
from test_connect import addresses
from test_faults import no_controller
from test_killed import DECISIVE, connect_until_answered, ends_well

TEMPORARY = r'"[^"]*/locks/tmp\.[^"]*\.{}"'


def count_before(trace, name, pattern):
    """How many calls of a name there are up to the first line with the pattern."""
    lines = trace.splitlines()
    end = next(i for i, line in enumerate(lines) if re.search(pattern, line))
    return sum(1 for line in lines[:end] if line.startswith(name + "("))


def stopped_pid(project):
    """The claimant, once a signal has stopped it: strace itself stops it at every call, for a moment."""
    def find():
        trace = project.path / "trace"
        if trace.exists() and "stopped by SIGSTOP" in trace.read_text():
            (pid,) = project.coord_pids("connect")
            return pid
        return None
    return eventually(find, 30, "the claimant is held up")


MOMENTS = {
    # Its number is taken; sbatch is still to come.
    "after its claim": ("00000001", ""),
    # sbatch has answered; nobody knows yet.
    "after its submit": ("00000002", ":error=EIO"),
}


@scene(*MOMENTS)
def claimant_held_up_longer_than_every_limit(moment, make, trace):
    project = make()
    project.edit_job(NOT_AT_ONCE)
    number, error = MOMENTS[moment]
    held = project.start("connect", before=[
        "strace", "-o", project.path / "trace", "-P", project.path / "hpc_utils" / "locks" / number,
        "-e", f"inject=link{error}:signal=STOP:when=1"])
    pid = stopped_pid(project)
    since = time.monotonic()
    assert project.kinds() == ["claimed"]
    assert len(project.jobs()) == (0 if moment == "after its claim" else 1)
    answer = connect_until_answered(project, user="ann2", host="login2")
    # Longer than all limits of the protocol, the longest of which is 120 s.
    eventually(lambda: time.monotonic() - since > 130, 200, "all limits pass")
    os.kill(pid, signal.SIGCONT)
    late = Finished(held, 100)
    assert late.code == 0 and late.output.strip() == answer, late
    assert len(project.jobs()) == 1
    assert len(project.calls("sbatch")) == 1
    ends_well(project)


@scene()
def job_that_arrives_late(make, trace):
    project = make()
    gate = project.fail_scheduler("sbatch", "late")
    first = project.start("connect")
    eventually(lambda: (project.shims / "sbatch-was-called").exists(), 30, "sbatch was called")
    (late,) = [entry["TOKEN"] for entry in project.entries()]
    # The token is given up, and another one is served.
    eventually(lambda: project.kinds()[:2] == ["claimed", "ended"], 200, "the doubtful claim ends by proof")
    gate.rename(project.shims / "sbatch-late")
    answer = connect_until_answered(project, user="ann2", host="login2")
    # The gate is gone: by now the late job is made.
    eventually(lambda: late in project.cluster.squeue("--states=all", "--format=%k"), 30, "the late job is made")
    eventually(lambda: len(project.jobs()) == 1, 90, "and leaves")
    assert late not in [e["TOKEN"] for e in project.entries() if e["KIND"] == "started"]
    assert project.run("connect").output.strip() == answer
    Finished(first, 400)
    ends_well(project)


@scene()
def fifty_breakers_of_one_stale_claim(make, trace):
    project = make()
    project.fail_scheduler("sbatch", "kill_before")
    assert project.run("connect").code in (-9, 137)
    assert len(addresses(project.storm(50, "connect", timeout=400))) == 1
    assert [kind for kind in project.kinds() if kind != "submitted"] == ["claimed", "ended", "claimed", "started"]
    ends_well(project)


@scene(*[(story, call, at) for story, points in DECISIVE.items() for call, at in points])
def killed(point, make, trace):
    story, call, at = point
    project = make()
    project.edit_job(NOT_AT_ONCE)
    assert story(project, call, at), "it died"


# One call on the lock directory fails, and then all of them.
@scene(*[f"{call}{lasting} {name}" for call in ["openat", "write", "fsync", "close", "link"] for lasting in ["", "+"]
         for name in ["queue.1.asked", "queue.1.answer", "00000001", "00000002"]
         # What was asked and answered need not outlive a power cut.
         if not (call == "fsync" and name.startswith("queue"))])
def quota_is_full_at(place, make, trace):
    project = make()
    project.edit_job(NOT_AT_ONCE)
    call, name = place.split()
    lasting = "+" if call.endswith("+") else ""
    call = call.rstrip("+")
    linked = r"^link\(" + TEMPORARY.format(name)
    at = {
        "openat": lambda: count_before(trace, call, r"^openat\(.*" + TEMPORARY.format(name) + ".*O_CREAT") + 1,
        "link": lambda: count_before(trace, call, linked) + 1,
    }.get(call, lambda: count_before(trace, call, linked))()
    inject = ["strace", "-o", project.path / "trace", "-e", f"inject={call}:error=EDQUOT:when={at}{lasting}"]
    first = project.run("connect", before=inject)
    assert "(INJECTED)" in (project.path / "trace").read_text(), at
    assert first.code in (0, 74), first
    if lasting:
        # Once the job is made, the job itself records what its claimant could not.
        assert first.code == 74 or name == "00000002", first
        # Where no write is possible, none to stderr is either.
        assert first.code == 0 or call == "write" or "next: look at the quota" in first.errors, first
    else:
        assert first.code == 0, first
    connect_until_answered(project, user="ann2", host="login1")
    ends_well(project)


@scene("", "+")
def quota_is_full_before_sbatch(lasting, make, trace):
    project = make()
    at = count_before(trace, "openat", r"^openat\(.*/locks/sbatch\.[^\"]*\.out") + 1
    inject = ["strace", "-o", project.path / "trace", "-e", f"inject=openat:error=EDQUOT:when={at}{lasting}"]
    first = project.run("connect", before=inject)
    assert "(INJECTED)" in (project.path / "trace").read_text(), at
    assert first.code == (74 if lasting else 0), first
    assert not lasting or "next: look at the quota" in first.errors, "the disk's fault, not the scheduler's"
    connect_until_answered(project, user="ann2", host="login1")
    ends_well(project)


@scene("fsync", "rename")
def disk_fills_up_under_a_live_server(call, make, trace):
    project = make()
    answer = connect_until_answered(project)
    (server,), (supervisor,) = project.server_pids(), project.coord_pids("supervise")
    full = subprocess.Popen(
        ["strace", "-o", project.path / "full", "-p", str(supervisor), "-e", f"inject={call}:error=ENOSPC"])
    try:
        eventually(lambda: not os.path.exists(f"/proc/{server}"), 90, "no beat for S: the server is stopped")
        eventually(lambda: not os.path.exists(f"/proc/{supervisor}"), 60, "and its supervisor has ended")
    finally:
        full.terminate()
        full.wait()
    assert "(INJECTED)" in (project.path / "full").read_text()
    again = connect_until_answered(project, user="ann2", host="login2")
    assert ADDRESS.match(answer) and ADDRESS.match(again)
    ends_well(project)


@scene(-1, 1)
def clock_of_one_login_node_is_off_by_days(days, make, trace):
    project = make()
    # libfaketime needs a binary that is linked dynamically.
    binary = project.coord.with_name("coord.dynamic")
    os.link(dynamic_binary(project), binary)
    off = {
        "LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "FAKETIME": f"{days:+d}d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    words = {"host": "login2", "user": "ann2", "environment": off}
    project.coord.rename(project.coord.with_name("coord.static"))
    binary.rename(project.coord)
    cold = project.run("connect", **words)
    assert cold.code == 0, cold
    assert abs(wall(project.entries()[0]["TIME"]) - time.time() - days * 86400) < 600, "its clock is off"
    # One node's beats are right, this reader's clock is not, and the other way round.
    assert project.run("connect", **words).output == cold.output
    assert project.run("connect", host="login1").output == cold.output
    assert len(project.calls("sbatch")) == 1
    assert project.run("stop", **words).code == 0
    again = project.run("connect", host="login1")
    assert again.code == 0
    assert len(project.calls("sbatch")) == 2
    ends_well(project)


def dynamic_binary(project):
    path = project.path.parent / "coord.dynamic"
    if not path.exists():
        subprocess.run(["cp", REPOSITORY / ".build-tests" / "release" / "coord", path], check=True)
    return path


def wall(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


@pytest.mark.skipif(FILESYSTEM != "gluster", reason="needs a file server that can be frozen: CLUSTER_FILESYSTEM=gluster")
def test_filesystem_frozen_under_a_live_server(project):
    assert project.run("connect").code == 0
    (server,) = project.server_pids()
    began = time.monotonic()
    project.cluster.control("freeze-fs")
    try:
        eventually(lambda: not os.path.exists(f"/proc/{server}"), 80, "the server ends without its disk")
        assert time.monotonic() - began > 30, "not at the first hiccup"
    finally:
        project.cluster.control("thaw-fs")
    connect_until_answered(project, user="ann2", host="login2")
    ends_well(project)


@pytest.mark.slow
def test_controller_away_at_each_step(make_project):
    """Held before squeue, before sbatch, before scancel, and while the job waits; then the controller goes and comes."""
    projects = {name: make_project(f"_{name}") for name in ["squeue", "sbatch", "scancel", "pending", "warm"]}
    projects["pending"].edit_job("--begin=now+15")
    for name in ["scancel", "warm"]:
        assert projects[name].run("connect").code == 0
    gates = {name: projects[name].fail_scheduler(name, "hold") for name in ["squeue", "sbatch"]}
    running = {name: projects[name].start("connect") for name in ["squeue", "sbatch", "pending"]}
    for name in gates:
        eventually(lambda name=name: (projects[name].shims / f"{name}-was-called").exists(), 30, f"{name} is called")
    eventually(lambda: projects["pending"].jobs(), 30, "the job waits")
    with no_controller(projects["warm"].cluster):
        for gate in gates.values():
            gate.unlink()
        # The stop goes by the log: the server ends though nothing can be cancelled.
        assert projects["scancel"].run("stop").code == 0
        assert projects["scancel"].server_pids() == []
        assert projects["warm"].run("connect", user="ann2").code == 0
        # Longer than one question of the scheduler takes.
        time.sleep(8)
    for name, process in running.items():
        result = Finished(process, 400)
        assert result.code == 0, (name, result)
    for project in projects.values():
        connect_until_answered(project, user="ann2", host=LOGINS[1])
        ends_well(project)
