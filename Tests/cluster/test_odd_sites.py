"""What sites, administrators and neighbours do to a job, a directory, a process: it is the team's all the same, or never was."""
import os
import re
import shutil
import signal
import subprocess

import locks
import pytest
from conftest import ADDRESS, Finished, eventually
from scenes import scene
from test_faults import slurm_conf
from test_reasons import scontrol
from test_scheduler import LATER
from test_touched import never_two


def state(job):
    return subprocess.run(
        ["squeue", "--states=all", "--noheader", "--format=%T", f"--jobs={job}"], capture_output=True, text=True).stdout.strip()


def test_job_that_no_node_can_run_is_a_refusal(project):
    # The controller refuses it, and keeps it as FAILED.
    script = project.path / "hpc_utils" / "start_server.sh"
    script.write_text(script.read_text().replace("--ntasks-per-node=1\n", "--ntasks-per-node=100\n"))
    for result in project.storm(4, "connect"):
        assert result.code == 69 and "the scheduler refused the job" in result.errors, result
        assert "Requested node configuration is not available" in result.errors, result
    assert len(project.calls("sbatch")) == 1
    assert project.kinds() == ["claimed", "ended"] and project.entries()[-1]["OUTCOME"] == "refused"
    status = project.run("status")
    assert status.code == 69 and "Requested node configuration" in status.output, status


@scene("Name=x Comment=y", "Comment=ticket_4711")
def job_that_a_site_renamed_is_ours(change, make, trace):
    project = make()
    script = project.path / "hpc_utils" / "start_server.sh"
    before = script.read_text()
    project.edit_job(LATER)
    project.leave_waiting()
    ((job, *_),) = project.jobs()
    scontrol("update", f"JobId={job}", *change.split())
    for user in ["ann1", "ann2"]:
        result = project.run("connect", "--timeout", "75", user=user)
        assert result.code == 75 and f"job {job} of ann1 is waiting in the queue (BeginTime)" in result.errors, result
        assert "does not show our token" in result.errors and "coord restart" in result.errors, result
    assert len(project.calls("sbatch")) == 1 and project.kinds()[-1] == "submitted", "it is not gone"
    # A stop needs no proof; and what waits beside it then is of a token that has ended.
    script.write_text(before)
    assert project.run("stop", user="ann2").code == 0
    with never_two(project):
        for user in ["ann2", "ann3"]:
            result = project.run("connect", user=user)
            assert result.code == 0 and ADDRESS.match(result.output), result
            assert "foreign" not in project.run("status").output
            assert project.run("stop", user=user).code == 0
        scontrol("update", f"JobId={job}", "StartTime=now")
        eventually(lambda: state(job) in ("COMPLETED", ""), 200, "it meets its fence")
    assert project.server_pids() == []


def test_job_by_hand_with_a_comment_of_its_own(project):
    job = project.shell("sbatch", "--parsable", "--comment=mine", "hpc_utils/start_server.sh").output.strip()
    eventually(lambda: project.info().get("STATE") == "ready", 60, "it serves")
    assert project.info()["JOB_ID"] == job
    result = project.run("connect", user="ann2")
    assert result.code == 0 and len(project.server_pids()) == 1, result


@scene()
def requeue_is_no_stop(make, trace):
    project = make()
    project.edit_job("--requeue")
    project.wrap("sbatch", 'exec "$real" "${@/--no-requeue/--requeue}"')
    first = project.run("connect", "--json")
    assert first.code == 0
    token, job = project.entries()[-1]["TOKEN"], project.info()["JOB_ID"]
    with never_two(project):
        scontrol("requeue", job)
        eventually(lambda: project.kinds()[-1] == "ended", 60, "the server ends")
        end = project.entries()[-1]
        assert end["OUTCOME"] == "lost" and "requeued" in end["REASON"], end
        # A laptop that had it goes on; and nobody cancelled anything.
        again = project.run("connect", "--seen", token, user="ann2")
        assert again.code == 0 and ADDRESS.match(again.output), again
        eventually(lambda: state(job) in ("COMPLETED", "CANCELLED", ""), 200, "the requeued one meets its fence")


def test_prolog_that_fails_is_not_said_to_be_a_stop(project, tmp_path):
    prolog = tmp_path / "prolog"
    prolog.write_text("#!/bin/sh\nexit 1\n")
    prolog.chmod(0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.is_dir() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    project.edit_job("--nodelist=node4")
    try:
        with slurm_conf(project.cluster, f"Prolog={prolog}"):
            result = project.run("connect")
            assert result.code == 69 and "was stopped" not in result.errors, result
            assert "could not launch it" in result.errors and "sinfo -R" in result.errors, result
    finally:
        subprocess.run(["scontrol", "update", "NodeName=node4", "State=RESUME"], check=False)


@pytest.mark.parametrize("option, verdict, words", [
    ("--hold", "bad", "is held (JobHeldUser)"), (LATER, "warning", "is waiting in the queue"),
])
def test_trial_that_does_not_start_says_why(project, option, verdict, words):
    project.edit_job(option)
    result = project.run("doctor", "--job", "--timeout", "5", timeout=120)
    assert re.search(rf"^{verdict} +the trial job: job \d+ did not start in time: it {re.escape(words)}", result.output, re.M), result
    assert project.jobs() == []


def test_directory_that_is_replaced_under_a_live_server(project):
    """A migration: `cp -a P P.new; mv P P.old; mv P.new P`, while people work."""
    assert project.run("connect").code == 0
    (server,) = project.server_pids()
    folder = project.path
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    subprocess.run(["cp", "-a", folder, new], check=True)
    folder.rename(old)
    new.rename(folder)
    try:
        eventually(lambda: not os.path.exists(f"/proc/{server}"), 40, "it does not serve by a path that is another directory")
        logs = list((old / "hpc_utils" / "logs").glob("panel-server-*.log"))
        eventually(lambda: any("moved or replaced" in path.read_text() for path in logs), 20, "it says why")
        with never_two(project):
            result = project.run("connect", user="ann2", timeout=400)
            assert result.code == 0 and ADDRESS.match(result.output), result
    finally:
        project.run("stop")
        shutil.rmtree(old)


def test_project_that_a_stranger_puts_above_ours(project):
    scratch = project.path.parent / "scratch"
    scratch.mkdir()
    scratch.chmod(0o1777)
    try:
        mine = scratch / "ann1"
        mine.mkdir()
        shutil.chown(mine, "ann1")
        planted = scratch / "hpc_utils"
        shutil.copytree(project.path / "hpc_utils", planted)
        (planted / "coord.conf").write_text(f"SLURM_BIN={scratch}/evil\n")
        (scratch / "evil").mkdir()
        for name in ["squeue", "scontrol", "sbatch", "scancel"]:
            tool = scratch / "evil" / name
            tool.write_text(f"#!/bin/sh\nid -un >>{scratch}/evil/ran\n")
            tool.chmod(0o755)
        (scratch / "evil").chmod(0o777)
        subprocess.run(["chown", "-R", "games:games", planted, scratch / "evil"], check=True)
        for words in [["status"], ["doctor"], ["connect"], ["cleanup"], ["stop"]]:
            result = Finished(project.cluster.start("login1", "ann1", mine, [project.coord, *words]), 60)
            assert result.code == 77 and "somebody else's" in result.errors and "--root" in result.errors, result
        assert not (scratch / "evil" / "ran").exists()
        # Whom the team lets in by an access control list runs the team's own coord.
        subprocess.run(["chown", "-R", "games:games", project.path / "hpc_utils"], check=True)
        (project.path / "hpc_utils").chmod(0o2777)
        assert project.run("status").code == 69
    finally:
        shutil.rmtree(scratch)


def test_stopped_guardian_holds_up_nobody(project):
    assert project.run("connect").code == 0
    (guardian,) = project.coord_pids("guard")
    os.kill(guardian, signal.SIGSTOP)
    try:
        assert project.run("stop", timeout=60).code == 0
        eventually(lambda: project.coord_pids("supervise") == [] and project.jobs() == [], 40, "the job is over")
    finally:
        if os.path.exists(f"/proc/{guardian}"):
            os.kill(guardian, signal.SIGKILL)


def test_what_is_put_aside_is_kept_from_then_on(project):
    assert project.run("connect").code == 0
    folder = locks.folder(project)
    (folder / "annotations.json").write_text("{}")
    os.utime(folder / "annotations.json", (1, 1))
    assert project.run("doctor", "--repair", "--yes").code in (0, 78)
    (aside,) = (folder / "strange").iterdir()
    assert project.run("cleanup").code == 0 and aside.exists()


def test_posixly_correct_of_a_person_breaks_no_job(project):
    (project.path / "hpc_utils" / "env.sh").open("a").write("true\n")
    result = project.run("connect", environment={"POSIXLY_CORRECT": "1"})
    assert result.code == 0 and ADDRESS.match(result.output), result
