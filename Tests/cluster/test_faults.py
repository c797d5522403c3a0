"""What a cluster does to a team, and what the team then reads."""
import contextlib
import os
import signal
import subprocess
import time

import pytest
from conftest import ADDRESS, Finished, eventually
from test_connect import addresses


def reconfigure():
    """The controller of a busy machine may not listen at once."""
    eventually(lambda: subprocess.run(["scontrol", "reconfigure"]).returncode == 0, 90, "the controller reads its configuration")


@contextlib.contextmanager
def slurm_conf(cluster, line):
    conf = "/etc/slurm/slurm.conf"
    with open(conf) as file:
        before = file.read()
    try:
        with open(conf, "a") as file:
            file.write(line + "\n")
        reconfigure()
        yield
    finally:
        with open(conf, "w") as file:
            file.write(before)
        reconfigure()


@contextlib.contextmanager
def no_controller(cluster):
    cluster.control("stop-ctl")
    try:
        yield
    finally:
        cluster.control("start-ctl")


def test_private_data_jobs(project):
    with slurm_conf(project.cluster, "PrivateData=jobs"):
        assert "PrivateData=jobs" in open("/etc/slurm/slurm.conf").read()
        assert len(addresses(project.storm(24, "connect"))) == 1
        assert len(project.calls("sbatch")) == 1
        # Somebody else cannot see the job; the server ends all the same.
        owner = project.info()["USER"]
        other = "ann1" if owner != "ann1" else "ann2"
        assert project.run("stop", user=other).code == 0
        assert project.run("connect", user=other).code == 0


def test_controller_away_warm_answers(project):
    first = project.run("connect")
    with no_controller(project.cluster):
        assert addresses(project.storm(6, "connect")) == {first.output.strip()}


def test_controller_away_cold_submits_nothing(project):
    with no_controller(project.cluster):
        result = project.run("connect", "--timeout", "15")
    assert result.code == 75, result
    assert "the scheduler does not answer" in result.errors and "nothing was submitted" in result.errors
    assert project.calls("sbatch") == [] and project.kinds() == []


def test_unreadable_slurm_configuration_is_no_answer(project):
    result = project.run("connect", "--timeout", "8", environment={"SLURM_CONF": "/nonexistent"})
    assert result.code == 75, result
    assert project.calls("sbatch") == [] and project.kinds() == []


def test_node_killed(project):
    first = project.run("connect")
    node = first.output.split(":")[0]
    project.cluster.control("kill-node", node)
    try:
        results = project.storm(6, "connect", timeout=400)
        assert len(addresses(results)) == 1
        assert addresses(results) != {first.output.strip()}
        assert "ended" in project.kinds()
    finally:
        project.cluster.control("restore-node", node)
        eventually(
            lambda: subprocess.run(["sinfo", "-h", "-n", node, "-o", "%t"], capture_output=True, text=True)
            .stdout.strip() in ("idle", "mix", "alloc"), 60, "the node comes back")


def test_server_killed(project):
    first = project.run("connect")
    os.kill(project.server_pids()[0], signal.SIGKILL)
    eventually(lambda: project.kinds()[-1] == "ended", 15, "the supervisor records it within seconds")
    assert "SIGKILL" in project.entries()[-1]["REASON"]
    eventually(lambda: not project.info(), 10, "its heartbeat is gone")
    second = project.run("connect", user="ann2", host="login2")
    assert second.code == 0 and ADDRESS.match(second.output), (first, second)
    assert len(project.calls("sbatch")) == 2


def test_supervisor_killed_takes_its_server_with_it(project):
    assert project.run("connect").code == 0
    (supervisor,) = project.coord_pids("supervise")
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not project.server_pids(), 20, "no server without a supervisor")
    assert project.run("connect", user="ann2").code == 0


def test_guardian_killed_is_replaced(project):
    assert project.run("connect").code == 0
    (guardian,) = project.coord_pids("guard")
    os.kill(guardian, signal.SIGKILL)
    eventually(lambda: [p for p in project.coord_pids("guard") if p != guardian], 10, "a new guardian watches")
    (supervisor,) = project.coord_pids("supervise")
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not project.server_pids(), 20, "and does its work")


def test_server_that_dies_at_its_start_is_reported_to_all(project):
    project.job_environment("FAKE_PANEL_DIES=0")
    results = project.storm(8, "connect")
    assert {r.code for r in results} == {69}, results
    assert all("ValueError: no recordings" in r.errors for r in results), results[0]
    assert len(project.calls("sbatch")) == 1, "nobody queues up to fail again"


def test_stubborn_server_is_killed_whole(project):
    project.job_environment("FAKE_PANEL_STUBBORN=1")
    assert project.run("connect").code == 0
    assert len(project.server_pids()) == 2
    result = project.run("stop")
    assert result.code == 0, result
    assert project.server_pids() == []


# Before sbatch: fifty_breakers_of_one_stale_claim.
def test_claimant_killed_after_its_job_was_made(project):
    project.fail_scheduler("sbatch", "kill_after")
    killed = project.run("connect")
    assert killed.code == -signal.SIGKILL or killed.code == 137, killed
    assert project.kinds() == ["claimed"]
    results = project.storm(6, "connect", timeout=400)
    assert len(addresses(results)) == 1
    assert len(project.calls("sbatch")) == 1
    assert len(project.jobs()) == 1


def test_sbatch_that_accepts_and_then_times_out(project):
    project.fail_scheduler("sbatch", "accept_then_timeout")
    results = project.storm(8, "connect")
    assert len(addresses(results)) == 1
    assert len(project.calls("sbatch")) == 1 and len(project.jobs()) == 1


def test_refused_sbatch_is_reported_to_all_at_once(project):
    project.fail_scheduler("sbatch", "refuse")
    begin = time.monotonic()
    results = project.storm(12, "connect")
    assert {r.code for r in results} == {69}, results
    assert all("Invalid account" in r.errors for r in results), results[0]
    assert project.entries()[-1]["OUTCOME"] == "refused"
    assert time.monotonic() - begin < 60


def test_stop_by_another_user(project):
    assert project.run("connect", user="ann1").code == 0
    result = project.run("stop", "--reason", "new data", user="ann9", host="login2")
    assert result.code == 0, result
    assert not project.server_pids() and not project.info()
    assert [e["REASON"] for e in project.entries() if e["KIND"] == "stop-requested"] == [
        "stopped by ann9 on login2: new data"]
    assert project.kinds()[-1] == "ended"
    again = project.run("stop", user="ann9")
    assert again.code == 0 and "no server is running" in again.errors, "already so"
    script = project.shell("bash", "hpc_utils/stop_server.sh", user="ann3")
    assert script.code == 0, script


def test_stop_of_a_pending_job(project):
    project.edit_job("--begin=now+1hour")
    project.leave_waiting()
    other = project.run("stop", user="ann2")
    # Nothing has to be proven, and nobody has to wait: the job cannot pass its fence any more.
    assert other.code == 0 and "ann1's next coord command cancels it" in other.errors, other
    assert project.kinds()[-1] == "ended" and len(project.jobs()) == 1
    project.leave_waiting()
    assert len(project.jobs()) == 1, "the old job is cancelled, the new one waits"
    owner = project.run("stop", user="ann1")
    assert owner.code == 0, owner
    assert project.jobs() == [] and project.kinds()[-1] == "ended"


def test_stopped_job_of_another_user_does_not_serve_when_it_starts(project):
    project.edit_job("--begin=now+20")
    project.leave_waiting()
    assert project.run("stop", user="ann2").code == 0
    eventually(lambda: project.kinds()[-1] == "ended", 60, "the job meets its fence")
    assert "started" not in project.kinds()


def test_restart_keeps_those_who_wait(project):
    project.job_environment("FAKE_PANEL_SLOW=6")
    waiting = project.start("connect", user="ann1")
    eventually(lambda: project.kinds()[-1:] == ["started"], 60, "the first job starts")
    restarted = project.run("restart", user="ann2")
    assert restarted.code == 0 and ADDRESS.match(restarted.output), restarted
    waited = Finished(waiting, 200)
    assert waited.code == 0 and ADDRESS.match(waited.output), waited
    assert project.kinds().count("started") == 2, project.run("history").output


def test_interrupted_claimant_leaves_no_claim_behind(project):
    slow = project.start("connect", user="ann1")
    time.sleep(0.3)
    subprocess.run(["pkill", "-INT", "-f", f"^{project.path}/hpc_utils/bin/coord connect"], check=False)
    result = Finished(slow, 60)
    assert result.code in (0, 130), result
    assert project.run("connect", user="ann2").code == 0


@pytest.mark.parametrize("content, mode, words", [
    (None, None, "there is no such file"),
    ("", 0o640, "not a JSON object"),
    ("{", 0o640, "not a JSON object"),
    ("{}", 0o640, "holds no user"),
    ('{"megan": ""}', 0o640, "is empty"),
    ('{"megan": "secret"}', 0o644, "everybody on this cluster may read"),
])
def test_credentials_that_nobody_or_anybody_could_use(project, content, mode, words):
    path = project.path / "credentials.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
        os.chmod(path, mode)
        subprocess.run(["chgrp", "lab", path], check=True)
    result = project.run("connect")
    assert result.code == 78 and words in result.errors, result
    assert project.kinds() == [] and project.calls("sbatch") == []
    # The job checks for itself too.
    job = project.shell("sbatch", "--parsable", "hpc_utils/start_server.sh").output.strip()
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{job}.log"
    eventually(lambda: log.exists() and words in log.read_text(), 30, "the job refuses, and says why")
    assert "started" not in project.kinds()


def test_member_without_access_reads_why(project):
    os.chmod(project.path / "hpc_utils", 0o755)
    result = project.run("connect")
    assert result.code == 77 and "group access" in result.errors, result
