"""Servers that coord did not start, entries in another's name, held and hidden jobs, copies of a project, other clusters."""
import os
import shutil
import subprocess

import locks
from conftest import ADDRESS, Finished, eventually
from scenes import scene
from test_faults import slurm_conf
from test_killed import connect_until_answered

# As the deployment guide of the team's older scripts has it.
OLD_SCRIPT = """#!/bin/bash
#SBATCH --job-name=py_accel_viewer
#SBATCH --output=/dev/null
printf 'NODE=%s\\nPORT=7860\\nJOB_ID=%s\\nSTARTED=%s\\n' "$(hostname)" "$SLURM_JOB_ID" "$(date)" >hpc_utils/server_info.txt
exec sleep 600
"""


def old_server(project, *options):
    script = project.path / "old_start.sh"
    script.write_text(OLD_SCRIPT)
    job = project.shell("sbatch", "--parsable", *options, str(script), user="ann9").output.strip()
    assert job.isdigit()
    return job


def test_server_of_older_scripts(project):
    job = old_server(project)
    eventually(lambda: project.info().get("JOB_ID") == job, 30, "the old server runs")
    for user in ["ann1", "ann2"]:
        result = project.run("connect", user=user)
        assert result.code == 69 and f"job {job} of ann9" in result.errors and f"scancel {job}" in result.errors, result
        assert "docs/moving.md" in result.errors
    assert project.kinds() == [] and project.calls("sbatch")[1:] == [], "only the old script was submitted"
    status = project.run("status")
    assert status.code == 69 and "foreign" in status.output and f"job {job} of ann9" in status.output, status
    assert f"job {job} of ann9" in project.run("doctor").output
    assert project.shell("scancel", job, user="ann9").code == 0
    eventually(lambda: job not in project.cluster.squeue("--format=%i").split(), 30, "the old server is gone")
    # Its server_info.txt is still there, and blocks nothing.
    assert project.info().get("JOB_ID") == job
    result = project.run("connect")
    assert result.code == 0 and ADDRESS.match(result.output), result


def test_old_job_that_waits_is_foreign_too(project):
    job = old_server(project, "--begin=now+1hour")
    result = project.run("connect")
    assert result.code == 69 and f"job {job} of ann9" in result.errors, result
    assert project.shell("scancel", job, user="ann9").code == 0
    eventually(lambda: project.run("connect").code == 0, 60, "and then there is a server")


def test_plain_file_without_a_job_counts_by_its_port(project):
    info = project.path / "hpc_utils" / "server_info.txt"
    info.write_text("NODE=node1\nPORT=18999\n")
    server = project.cluster.start("node1", "ann9", "/", ["python3", "-m", "http.server", "18999"])
    try:
        def blocked():
            result = project.run("connect", "--timeout", "20")
            return result.code == 69 and "node1:18999" in result.errors
        eventually(blocked, 60, "what answers there is a server")
    finally:
        server.terminate()
        subprocess.run(["pkill", "-f", "http.server 18999"], check=False)
        server.wait()
    assert project.run("connect").code == 0


def test_job_by_hand_is_no_foreign_server(project):
    by_hand = project.shell("sbatch", "--parsable", "--begin=now+1hour", "hpc_utils/start_server.sh", user="ann3")
    assert by_hand.code == 0
    assert project.run("connect").code == 0
    assert project.shell("scancel", by_hand.output.strip(), user="ann3").code == 0


def test_job_by_hand_leaves_beside_an_older_server(project):
    job = old_server(project)
    eventually(lambda: project.info().get("JOB_ID") == job, 30, "the old server runs")
    by_hand = project.shell("sbatch", "--parsable", "hpc_utils/start_server.sh", user="ann3").output.strip()
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{by_hand}.log"
    # The log of that very job is no trace of an older life; those of others would be waited for.
    eventually(lambda: log.exists() and f"job {job} of ann9" in log.read_text(), 30, "it says why it does not serve")
    assert project.kinds() == [] and project.server_pids() == []
    assert project.shell("scancel", job, user="ann9").code == 0


def test_entries_in_another_name_are_not_believed(project):
    assert project.run("connect", user="ann1").code == 0
    (server,) = project.server_pids()
    for kind in ["stop-requested", "ended"]:
        number = locks.last(project)
        counts = next(n for n in range(number, 0, -1) if project.entries()[n - 1]["KIND"] == "started")
        fields = {"KIND": kind, "OUTCOME": "stopped", "REASON": "forged", "PREVIOUS": locks.digest(project, counts)}
        locks.write(project, number + 1, fields, owner="ann2")
    # Longer than a beat, and the word of those who ask.
    assert project.run("stop", user="ann9").code == 0, "the true one is obeyed"
    assert server not in project.server_pids()
    assert project.entries()[-1]["KIND"] == "ended" and project.entries()[-1]["REASON"] != "forged"
    started = [e for e in project.entries() if e["KIND"] == "stop-requested" and e["REASON"] != "forged"]
    assert len(started) == 1, "the forged stop was not one"


def test_claim_by_hand_cancels_nobodys_job(project):
    assert project.run("connect").code == 0 and project.run("stop").code == 0
    own = project.shell("sbatch", "--parsable", "--wrap", "sleep 300").output.strip()
    number = locks.last(project)
    # By ann1's own hand, for ann1's own job: even so it is no server's.
    fields = {
        "KIND": "claimed", "TOKEN": "c" * 32, "PREVIOUS": locks.digest(project, number), "JOB_ID": own, "OUTCOME": None,
        "REASON": None}
    locks.write(project, number + 1, fields, owner="ann1")
    assert project.run("stop", "--timeout", "20").code in (0, 75)
    project.run("cleanup", "--timeout", "20")
    assert own in project.cluster.squeue("--format=%i").split(), "the job that the entry names goes on"
    subprocess.run(["scancel", own], check=True)


def test_held_job_blocks_nobody_after_a_stop(project):
    script = project.path / "hpc_utils" / "start_server.sh"
    before = script.read_text()
    project.edit_job("--hold")
    project.leave_waiting()
    (held,) = [row[0] for row in project.jobs()]
    script.write_text(before)
    assert project.run("stop", user="ann2").code == 0
    assert project.run("connect", user="ann2").code == 0
    assert held in [row[0] for row in project.jobs()], "only its owner can cancel it"
    assert project.run("stop", user="ann2").code == 0
    assert project.run("connect", user="ann1").code == 0
    eventually(lambda: held not in [row[0] for row in project.jobs()], 10, "the owner's next command did")


def test_hidden_job_blocks_nobody_after_a_stop(project):
    with slurm_conf(project.cluster, "PrivateData=jobs"):
        script = project.path / "hpc_utils" / "start_server.sh"
        before = script.read_text()
        project.edit_job("--hold")
        project.leave_waiting()
        script.write_text(before)
        assert project.run("stop", user="ann2").code == 0
        assert project.run("connect", user="ann2").code == 0
        assert project.run("stop", user="ann2").code == 0


def test_claimant_killed_before_sbatch_where_jobs_are_hidden(project):
    with slurm_conf(project.cluster, "PrivateData=jobs"):
        project.fail_scheduler("sbatch", "kill_before")
        assert project.run("connect", user="ann1").code != 0
        assert project.kinds() == ["claimed"]
        # Whether sbatch did anything nobody can see; but a stop frees the team.
        assert project.run("stop", user="ann2", host="login2").code == 0
        assert project.run("connect", user="ann2", host="login2").code == 0


def test_links_moves_and_backups_are_no_copies(make_project, cluster):
    project = make_project()
    assert project.run("connect").code == 0 and project.run("stop").code == 0
    link = project.path.parent / (project.path.name + "_link")
    link.symlink_to(project.path)
    try:
        result = Finished(cluster.start("login1", "ann1", link, [link / "hpc_utils/bin/coord", "status"]), 30)
        assert result.code == 69 and "copy" not in result.errors, result
    finally:
        link.unlink()
    moved = project.path.parent / (project.path.name + "_moved")
    os.rename(project.path, moved)
    result = Finished(cluster.start("login1", "ann1", moved, [moved / "hpc_utils/bin/coord", "status"]), 30)
    os.rename(moved, project.path)
    assert result.code == 69 and "copy" not in result.errors, result
    subprocess.run(["cp", "-a", locks.folder(project), project.path / "backup"], check=True)
    shutil.rmtree(locks.folder(project))
    os.rename(project.path / "backup", locks.folder(project))
    assert project.run("connect").code == 0


@scene()
def copy_of_a_project_under_a_live_server(make, trace):
    project = make()
    address = connect_until_answered(project)
    owner, (server,) = project.info()["USER"], project.server_pids()
    copy = project.path.parent / (project.path.name + "_copy")
    subprocess.run(["cp", "-a", project.path, copy], check=True)

    def run(*words, user=owner):
        return Finished(project.cluster.start(
            "login1", user, copy, [copy / "hpc_utils" / "bin" / "coord", *words],
            {"PATH": "/usr/local/bin:/usr/bin:/bin"}), 300)
    env = copy / "hpc_utils" / "env.sh"
    env.write_text(env.read_text().replace(str(project.path), str(copy)))
    try:
        for verb in ["connect", "status", "stop", "restart", "cleanup", "history", "logs"]:
            result = run(verb)
            assert result.code == 78 and "coord adopt" in result.errors, (verb, result)
        assert "coord adopt" in run("doctor").output
        assert project.server_pids() == [server] and project.run("connect").output.strip() == address
        assert run("adopt").code == 0
        again = run("adopt")
        assert again.code == 0 and "nothing to adopt" in again.errors, again
        result = run("connect")
        assert result.code == 0 and ADDRESS.match(result.output) and result.output.strip() != address, result
        assert project.server_pids() == [server], "the original serves on"
        assert run("stop").code == 0
        assert project.server_pids() == [server]
    finally:
        for row in [line.split("|") for line in project.cluster.squeue("--format=%i|%Z").splitlines()]:
            if row[1] == str(copy):
                subprocess.run(["scancel", row[0]], check=False)
        shutil.rmtree(copy, ignore_errors=True)
    assert project.run("stop").code == 0


def test_job_of_another_cluster_is_unknown_here(project):
    project.edit_job("--begin=now+1hour")
    project.leave_waiting()
    (job,) = [row[0] for row in project.jobs()]
    entries = project.entries()
    assert entries[0]["CLUSTER"] == "minicluster"
    # The same log, as a host of another cluster would have begun it.
    locks.write(project, 1, {**entries[0], "CLUSTER": "elsewhere"}, owner="ann1")
    locks.write(project, 2, {**entries[1], "PREVIOUS": locks.digest(project, 1)}, owner="ann1")
    subprocess.run(["scancel", job], check=True)
    result = project.run("connect", "--timeout", "30", user="ann2")
    assert result.code == 75 and "cluster elsewhere" in result.errors and "minicluster" in result.errors, result
    assert project.kinds() == ["claimed", "submitted"]
    assert "cluster elsewhere" in project.run("status").output
    assert project.run("stop", user="ann2").code == 0
    assert project.kinds()[-1] == "ended"
