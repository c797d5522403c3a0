"""The main job: everybody gets the one server, from one job."""
import pathlib
import re
import subprocess

import locks
import pytest
from conftest import ADDRESS, MINICLUSTER, Finished, eventually


def addresses(results):
    bad = [r for r in results if r.code != 0 or not ADDRESS.match(r.output.strip())]
    assert not bad, bad[0]
    return {r.output.strip() for r in results}


def paced(calls):
    times = [at for at, _ in calls]
    return all(b - a > 4.9 for a, b in zip(times, times[1:]))


def test_storm_from_nothing_makes_one_job(make_project):
    project = make_project(whole_node=True)
    results = project.storm(40, "connect")
    assert len(addresses(results)) == 1
    assert len(project.calls("sbatch")) == 1
    assert len(project.jobs()) == 1
    assert project.kinds()[:1] == ["claimed"] and project.kinds()[-1] == "started"
    assert paced(project.calls("squeue")), project.calls("squeue")


def test_storm_on_a_warm_server_asks_no_scheduler(project):
    first = project.run("connect")
    assert first.code == 0, first
    before = (project.shims / "calls.log").read_text()
    assert addresses(project.storm(40, "connect")) == {first.output.strip()}
    assert (project.shims / "calls.log").read_text() == before


@pytest.mark.parametrize("entries", [0, 2000])
def test_warm_answer_looks_at_little(project, entries):
    """No process of its own, no name looked up, nothing that only an entry needs to say; however long the log is."""
    if entries:
        assert project.run("connect").code == 0 and project.run("stop").code == 0
        locks.lengthen(project, entries)
    first = project.run("connect")
    assert first.code == 0, first
    trace = project.path / "trace"
    result = project.run("connect", before=["strace", "-f", "-o", trace])
    assert result.code == 0 and result.output == first.output, result
    calls = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
    assert len([call for call in calls if call.startswith(("clone", "fork", "vfork", "execve"))]) == 1
    assert not [call for call in calls if "boot_id" in call or "AF_NETLINK" in call or "getent" in call]
    assert len([call for call in calls if "server_info.txt" in call]) == 1
    assert not [call for call in calls if call.startswith("getdents")]
    assert len(calls) <= 60, len(calls)


def test_umask_077(project):
    assert len(addresses(project.storm(12, "connect", umask="077"))) == 1
    assert addresses(project.storm(12, "connect", umask="077"))
    assert len(project.calls("sbatch")) == 1
    (server,) = project.server_pids()
    umask = re.search(r"^Umask:\s+(\d+)", pathlib.Path(f"/proc/{server}/status").read_text(), re.M)[1]
    assert umask == "0007", "whoever's job it is, what it saves is the team's"
    assert project.run("stop", user="ann7", umask="077").code == 0


def test_two_services_in_two_directories(make_project):
    one, two = make_project("_a"), make_project("_b")
    started = [p.start("connect", user=u) for p in (one, two) for u in ("ann1", "ann2")]
    results = [Finished(process, 200) for process in started]
    first, second = addresses(results[:2]), addresses(results[2:])
    assert len(first) == 1 and len(second) == 1 and first != second
    assert one.run("stop").code == 0
    assert not one.info() and two.run("connect").output.strip() in second


def test_two_services_that_want_the_same_port_at_once(make_project):
    one, two = make_project("_a"), make_project("_b")
    for project, slow in ((one, 3), (two, 4)):
        project.edit_job("--nodelist=node1")
        # It takes its port late: until then the other one finds it free.
        project.job_environment(f"FAKE_PANEL_SLOW={slow}")
    started = [project.start("connect") for project in (one, two)]
    results = [Finished(process, 200) for process in started]
    assert [len(addresses([result])) for result in results] == [1, 1]
    assert results[0].output != results[1].output
    for project, result in zip((one, two), results):
        port = result.output.strip().split(":")[1]
        (server,) = project.server_pids()
        assert f"--port={port}" in open(f"/proc/{server}/cmdline").read().split("\0")
        # The other's answer was never taken for this one's.
        assert project.kinds()[-1] == "started"


def test_job_by_hand_is_joined(project):
    by_hand = project.shell("sbatch", "--parsable", "hpc_utils/start_server.sh")
    assert by_hand.code == 0, by_hand
    eventually(lambda: "started" in project.kinds(), 30, "the job claims for itself")
    result = project.run("connect", user="ann2")
    assert result.code == 0, result
    assert project.info()["JOB_ID"] == by_hand.output.strip() and project.entries()[0]["CLUSTER"] == "minicluster"
    assert project.kinds() == ["claimed", "started"]


def test_second_job_by_hand_says_where_the_server_is(project):
    assert project.run("connect").code == 0
    job = project.shell("sbatch", "--parsable", "hpc_utils/start_server.sh").output.strip()
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{job}.log"
    eventually(lambda: log.exists() and "a server is there already" in log.read_text(), 30, "it says so")
    state = lambda: project.cluster.squeue("--states=all", "--format=%T", f"--job={job}").strip()
    eventually(lambda: state() == "COMPLETED", 30, "it ends in order")
    assert len(project.server_pids()) == 1


def test_server_info_is_what_people_read(project):
    result = project.run("connect")
    lines = (project.path / "hpc_utils" / "server_info.txt").read_text().splitlines()
    keys = [line.split("=")[0] for line in lines]
    assert keys == [
        "NODE", "PORT", "JOB_ID", "STARTED", "STATE", "BEAT", "HEARTBEAT", "ENDS", "LOCK", "TOKEN", "USER", "PROJECT",
        "ADDRESS"]
    assert result.output.strip() == f"{project.info()['NODE']}:{project.info()['PORT']}"
    beat = project.info()["BEAT"]
    eventually(lambda: project.info().get("BEAT") not in (beat, None), 12, "it beats")


def test_taken_port_is_passed_over(project):
    taker = "import socket,time\ns=socket.create_server(('',7860)); time.sleep(120)"
    blockers = [
        subprocess.Popen([MINICLUSTER, "exec", node, "--", "/usr/bin/python3", "-c", taker])
        for node in ("node1", "node2", "node3", "node4")]
    try:
        for node in ("node1", "node2", "node3", "node4"):
            eventually(lambda: "7860" in project.cluster.in_node(node, "ss", "-ltn").stdout, 10, "ports are taken")
        result = project.run("connect")
        assert result.output.strip().endswith(":7861"), result
    finally:
        for blocker in blockers:
            blocker.kill()
            blocker.wait()


def test_pending_reason_and_expected_start_are_said(project):
    project.edit_job("--begin=now+1hour")
    result = project.run("connect", "--timeout", "12")
    assert result.code == 75
    assert "waiting in the queue (BeginTime), expected to start at 20" in result.errors, result
    assert len(project.jobs()) == 1, "the job stays for the next connect"
    status = project.run("status", user="ann2")
    assert status.code == 75 and "pending" in status.output and "BeginTime" in status.output, status
    again = project.run("connect", "--timeout", "2", user="ann2", host="login2")
    assert again.code == 75 and len(project.calls("sbatch")) == 1, again


def test_status_when_ready_and_when_not(project):
    none = project.run("status")
    assert none.code == 69 and "no server was ever started" in none.output, none
    assert project.run("connect").code == 0
    ready = project.run("status", "--json", user="ann3", host="login2")
    assert ready.code == 0 and '"state": "ready"' in ready.output, ready
