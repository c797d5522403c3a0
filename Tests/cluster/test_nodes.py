"""Nodes and their names, env.sh, paths, logs, and what `coord doctor --job` finds on a compute node."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import STATE, Finished, eventually
from test_faults import reconfigure
from test_neighbours import OLD_SCRIPT


def pid_of(host):
    return (STATE / "run" / host / "init.pid").read_text().strip()


def root_on(host, *command, **options):
    return subprocess.run(
        ["nsenter", "-t", pid_of(host), "--uts", "--net", "--mount", "--", *command],
        check=True, capture_output=True, text=True, **options)


@contextlib.contextmanager
def host_name(node, name):
    """What gethostname(2) says there; the scheduler goes on calling it `node`."""
    def become(name):
        root_on(node, "sh", "-c", f"echo {name} >/proc/sys/kernel/hostname")
    become(name)
    try:
        yield
    finally:
        become(node)


@contextlib.contextmanager
def file_on(host, path, text, tmp_path):
    """One host's own version of a file of /etc."""
    mine = tmp_path / f"{host}{path.replace('/', '_')}"
    mine.write_text(text)
    mine.chmod(0o644)
    tmp_path.chmod(0o755)
    root_on(host, "mount", "--bind", str(mine), path)
    try:
        yield
    finally:
        root_on(host, "umount", path)


def hosts(without=(), extra=""):
    lines = [line for line in open("/etc/hosts") if not any(re.search(rf"\b{name}\b", line) for name in without)]
    return "".join(lines) + extra


def on_node2(project):
    project.edit_job("--nodelist=node2")
    return project


def test_node_whose_host_name_is_another(project):
    on_node2(project)
    with host_name("node2", "ip-10-77-0-102.eu.internal"):
        result = project.run("connect")
    assert result.code == 0 and re.match(r"node2:\d+$", result.output), result
    info = project.info()
    assert "ip-10-77-0-102.eu.internal" in info["NAMES"] and info["ADDRESS"] == "10.77.0.102", info


def test_name_that_this_login_node_does_not_know(project, tmp_path):
    on_node2(project)
    with file_on("login1", "/etc/hosts", hosts(without=["node2"]), tmp_path):
        result = project.run("connect", host="login1")
        assert result.code == 0 and re.match(r"10\.77\.0\.102:\d+$", result.output), result
        assert "port: 10.77.0.102" in project.run("doctor", host="login1").output
    # The other login node knows it.
    assert project.run("connect", host="login2").output.startswith("node2:")


def test_name_of_the_setting(project, tmp_path):
    on_node2(project)
    with open(project.path / "hpc_utils" / "coord.conf", "a") as file:
        file.write("NODE_NAME={nodename}-ib0\n")
    ib = hosts(without=["node2"], extra="10.77.0.102 node2-ib0\n")
    with contextlib.ExitStack() as stack:
        for host in ["login1", "node2"]:
            stack.enter_context(file_on(host, "/etc/hosts", ib, tmp_path))
        result = project.run("connect", host="login1")
    assert result.code == 0 and result.output.startswith("node2-ib0:"), result


def test_host_name_with_an_underscore(project, tmp_path):
    on_node2(project)
    with open(project.path / "hpc_utils" / "coord.conf", "a") as file:
        file.write("NODE_NAME={hostname}\n")
    known = hosts(extra="10.77.0.102 gpu_node2\n")
    with contextlib.ExitStack() as stack:
        stack.enter_context(host_name("node2", "gpu_node2"))
        for host in ["login1", "node2"]:
            stack.enter_context(file_on(host, "/etc/hosts", known, tmp_path))
        result = project.run("connect", host="login1")
    assert result.code == 0 and result.output.startswith("gpu_node2:"), result


@contextlib.contextmanager
def automounter(project, hosts):
    """Each host has the project at a real path of its own; one path, through a link, is the same on all of them."""
    base = pathlib.Path("/srv", f"auto-{project.path.name}")
    link = base / "lab"
    link.mkdir(parents=True)
    made = []
    try:
        for host in hosts:
            (base / host / "lab").mkdir(parents=True)
            (base / host / "real").mkdir()
            (base / host / "lab" / "team").symlink_to(base / host / "real")
            root_on(host, "mount", "--bind", str(project.path), str(base / host / "real"))
            made.append((host, base / host / "real"))
            root_on(host, "mount", "--bind", str(base / host / "lab"), str(link))
            made.append((host, link))
        yield link / "team"
    finally:
        for host, path in reversed(made):
            root_on(host, "umount", "--lazy", str(path))
        shutil.rmtree(base)


def test_project_behind_an_automounter(project):
    on_node2(project)
    coord = "hpc_utils/bin/coord"
    with automounter(project, ["login1", "login2", "node2"]) as path:
        def run(*words, host="login1", user="ann1"):
            return Finished(project.cluster.start(host, user, path, [coord, *words], project.environment()), 200)
        result = run("connect")
        assert result.code == 0, result
        assert f"{path}\n" in project.cluster.squeue("--format=%Z"), "the path that all have"
        assert list((project.path / "hpc_utils" / "logs").glob("panel-server-*.log"))
        # One project, whatever path leads to it.
        assert run("connect", host="login2", user="ann2").output == result.output
        assert project.run("connect", user="ann3").output == result.output
        for status in [run("status"), run("status", host="login2"), project.run("status")]:
            assert status.code == 0 and "ready" in status.output, status
        assert project.run("stop", user="ann2").code == 0
        # Nobody claims beside a job of the older scripts that was submitted by another path.
        script = project.path / "old_start.sh"
        script.write_text(OLD_SCRIPT)
        old = Finished(project.cluster.start("login1", "ann9", path, ["sbatch", "--parsable", f"--chdir={path}", str(script)], project.environment()), 60)
        assert old.code == 0, old
        result = project.run("connect", user="ann2", host="login2")
        assert result.code == 69 and f"job {old.output.strip()} of ann9" in result.errors, result
        assert project.shell("scancel", old.output.strip(), user="ann9").code == 0
        eventually(lambda: old.output.strip() not in project.cluster.squeue("--format=%i").split(), 30, "it ends")


def test_path_that_login_nodes_alone_have(project):
    on_node2(project)
    with automounter(project, ["login1"]) as path:
        result = Finished(project.cluster.start(
            "login1", "ann1", path, ["hpc_utils/bin/coord", "connect"], project.environment()), 200)
        assert result.code == 69 and f"its node does not see {path}" in result.errors, result
        doctor = Finished(project.cluster.start(
            "login1", "ann1", path, ["hpc_utils/bin/coord", "doctor", "--job"], project.environment()), 200)
        assert doctor.code == 78 and "could not open its log" in doctor.output, doctor
    # By a path that all have, the team works.
    assert project.run("connect").code == 0


def test_copy_in_a_subfolder_is_a_project_of_its_own(project):
    on_node2(project)
    copy = project.path / "backup"
    copy.mkdir()
    subprocess.run(["cp", "-a", *(str(project.path / name) for name in ["hpc_utils", "fake", "credentials.json"]), str(copy)], check=True)
    subprocess.run(["chown", "ann1:lab", str(copy)], check=True)
    copy.chmod(0o2775)
    (copy / "hpc_utils" / "env.sh").write_text(f"PATH={copy}/fake:$PATH\n")

    def run(*words):
        return Finished(project.cluster.start(
            "login1", "ann1", copy, ["hpc_utils/bin/coord", *words], project.environment()), 200)
    theirs = run("connect")
    assert theirs.code == 0, theirs
    ours = project.run("connect")
    assert ours.code == 0 and ours.output != theirs.output and "from before" not in ours.errors, ours
    assert run("stop").code == 0
    assert project.run("status").code == 0


def test_log_is_the_teams_whatever_the_umask(project):
    assert project.run("connect", umask="077").code == 0
    assert project.run("logs", user="ann2").output != ""
    assert project.run("stop").code == 0
    by_hand = Finished(project.cluster.start(
        "login1", "ann3", project.path, ["sbatch", "--parsable", "hpc_utils/start_server.sh"], project.environment(),
        "077"), 60)
    eventually(lambda: project.info().get("STATE") == "ready", 60, "the job by hand serves")
    assert project.info()["JOB_ID"] == by_hand.output.strip()
    assert project.run("logs", user="ann2").output != ""
    (project.path / "hpc_utils" / "logs" / f"panel-server-{by_hand.output.strip()}.log").chmod(0o600)
    result = project.run("logs", user="ann2")
    assert result.code == 77 and "chmod g+r" in result.errors and "ann3" in result.errors, result


def test_full_disk_of_the_logs_is_found_before_sbatch(project):
    logs = project.path / "hpc_utils" / "logs"
    for options in ["size=16k", "nr_inodes=2"]:
        root_on("login1", "mount", "-t", "tmpfs", "-o", f"{options},mode=2777", "tmpfs", str(logs))
        try:
            root_on("login1", "sh", "-c", f"cd {logs} && (head -c 1M /dev/zero >a; touch b c d) 2>/dev/null || true")
            result = project.run("connect", host="login1")
        finally:
            root_on("login1", "umount", str(logs))
        assert result.code == 74 and "hpc_utils/logs/" in result.errors and "No space left" in result.errors, result
        assert "df -i" in result.errors
    assert project.calls("sbatch") == []
    assert project.run("connect", host="login1").code == 0


def test_dead_name_server(project, tmp_path):
    """One that takes questions and never answers."""
    on_node2(project)
    silent = project.cluster.start(
        "ctl", "root", "/", ["python3", "-c", (
            "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('10.77.0.2', 53)); time.sleep(600)")])
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(file_on("login1", "/etc/hosts", hosts(without=["node2"]), tmp_path))
            stack.enter_context(file_on("login1", "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", tmp_path))
            stack.enter_context(file_on(
                "login1", "/etc/resolv.conf", "nameserver 10.77.0.2\noptions timeout:20 attempts:2\n", tmp_path))
            # The address is at hand: nobody waits for the name.
            result = project.run("connect", host="login1")
            assert result.code == 0 and result.output.startswith("10.77.0.102:"), result
            assert project.run("stop").code == 0
            # Without one it is told what is wrong, and nothing is claimed beside a server that may be there.
            (project.path / "hpc_utils" / "server_info.txt").write_text("NODE=node2\nPORT=18998\n")
            result = project.run("connect", "--timeout", "25", host="login1")
            assert result.code == 75 and "looking up node2 takes this host longer than 15 s" in result.errors, result
            assert "resolv.conf" in result.errors and "admin whether" not in result.errors
            assert project.kinds()[-1] == "ended"
    finally:
        silent.terminate()
        subprocess.run(["pkill", "-f", "10.77.0.2', 53"], check=False)
        silent.wait()


def test_node_that_cannot_be_reached(project):
    on_node2(project)
    assert project.run("connect", host="login2").code == 0
    root_on("login1", "ip", "route", "add", "unreachable", "10.77.0.102")
    try:
        result = project.run("connect", "--timeout", "5", host="login1")
    finally:
        root_on("login1", "ip", "route", "del", "unreachable", "10.77.0.102")
    assert result.code == 75 and "nothing answers at node2:" in result.errors, result
    assert "ask the cluster's admin whether login nodes may reach node2:" in result.errors


def test_env_file_as_teams_write_them(project):
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("echo 'loading modules'\nexport LD_LIBRARY_PATH=/x:$LD_LIBRARY_PATH\nmodule load python/3.11\ncd /tmp\nset -eu\n")
    result = project.run("connect")
    assert result.code == 0, result
    log = project.run("logs").output
    assert "loading modules" in log and "hpc_utils/env.sh: line 4: exit 127: module load python/3.11" in log, log


def test_env_file_that_ends_the_job(project):
    (project.path / "hpc_utils" / "env.sh").write_text("echo checking\n[ -d /nonexistent ] || exit 3\n")
    result = project.run("connect", timeout=300)
    assert result.code == 69 and "hpc_utils/env.sh: line 2: exit 3: it ends the job here" in result.errors, result
    doctor = project.run("doctor", "--job", timeout=300)
    assert doctor.code == 78, doctor
    assert "env.sh in the job: hpc_utils/env.sh: line 2: exit 3: it ends the job here" in doctor.output


@pytest.mark.parametrize("place, lines, code", [
    ("env.sh", "exec true", ""), ("env.sh", "set -n", ""), ("start_server.sh", "exit 1", "FAILED, ExitCode 1:0")])
def test_job_that_ends_before_coord(project, place, lines, code):
    if place == "env.sh":
        (project.path / "hpc_utils" / "env.sh").write_text(lines + "\n")
    else:
        script = project.path / "hpc_utils" / "start_server.sh"
        script.write_text(script.read_text().replace("# PORT=7860\n", lines + "\n"))
    words = "coord did not run in it: the job did not come past hpc_utils/env.sh and the marked lines"
    result = project.run("connect", timeout=300)
    assert result.code == 69 and words in result.errors and code in result.errors, result
    assert "next: look there for exit, exec" in result.errors and "left no log" not in result.errors, result
    doctor = project.run("doctor", "--job", timeout=300)
    assert doctor.code == 78 and words in doctor.output and "its log is empty" in doctor.output, doctor
    assert "left no log" not in doctor.output


def test_settings_of_the_job_that_cannot_be(project):
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("PORT=80\n")
    doctor = project.run("doctor", "--job", timeout=300)
    assert "coord: PORT=80 cannot be (PORT in hpc_utils/env.sh or start_server.sh)" in doctor.output, doctor
    assert "did not run in it" not in doctor.output and "before coord ran" not in doctor.output
    (project.path / "hpc_utils" / "env.sh").write_text(f"PATH={project.path}/fake:$PATH\nAPP_PATH=nowhere/app.py\n")
    doctor = project.run("doctor", "--job", timeout=300)
    assert "job: application: nowhere/app.py cannot be read" in doctor.output, doctor
    assert "or correct APP_PATH in hpc_utils/env.sh or start_server.sh" in doctor.output


def test_command_that_no_path_has(project):
    env = project.path / "hpc_utils" / "env.sh"
    # The server's own folder alone: no sh, and none is needed.
    env.write_text(f"PATH={project.path}/fake\n")
    doctor = project.run("doctor", "--job", timeout=300)
    assert f"ok       job: panel: {project.path}/fake/panel" in doctor.output, doctor
    env.unlink()
    doctor = project.run("doctor", "--job", timeout=300)
    assert doctor.code == 78 and "bad      job: panel: the server's command `panel` was not found" in doctor.output, doctor
    result = project.run("connect", timeout=300)
    assert result.code == 69 and "there is no hpc_utils/env.sh" in result.errors, result
    assert "next: make hpc_utils/env.sh" in result.errors and "started" not in project.kinds(), result


def test_variables_of_the_env_file_are_its_own(project):
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("token=abc root=/opt name=x\nset -- y\nIFS=abc\ncd() { false; }\ntrap '' TERM CHLD\ntrap 'echo bye' EXIT\n")
    assert project.run("connect").code == 0
    assert project.run("stop").code == 0
    script = project.path / "hpc_utils" / "start_server.sh"
    script.write_text(script.read_text().replace('--token "$coord_token"', '--token abc'))
    doctor = project.run("doctor", "--job", timeout=300)
    assert doctor.code == 78 and "job: start_server.sh: it was given `trial` and passes on `abc`" in doctor.output, doctor


def test_files_that_the_team_cannot_read(project):
    on_node2(project)
    env = project.path / "hpc_utils" / "env.sh"
    words = "the team's group lab may not read it (mode 600)"
    for name in ["env.sh", "start_server.sh", "read_env.sh", "coord.conf"]:
        file = project.path / "hpc_utils" / name
        mode = file.stat().st_mode
        shutil.chown(file, "ann1")
        file.chmod(0o600)
        doctor = project.run("doctor")
        assert doctor.code == 78 and f"bad      hpc_utils/{name}: {words}" in doctor.output, doctor
        assert f"next: `chmod 640 hpc_utils/{name}`" in doctor.output
        result = project.run("connect", user="ann2")
        assert result.code == 78 and f"hpc_utils/{name} cannot be read" in result.errors and words in result.errors, result
        assert f"next: its owner ann1 runs `chmod 640 hpc_utils/{name}`" in result.errors
        file.chmod(mode & 0o777)
    assert project.calls("sbatch") == []
    env.chmod(0o600)
    doctor = project.run("doctor", "--job", user="ann2", timeout=300)
    assert doctor.code == 78 and f"the trial job: hpc_utils/env.sh cannot be read: {words}" in doctor.output, doctor
    job = project.shell("sbatch", "--parsable", "hpc_utils/start_server.sh", user="ann2").output.strip()
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{job}.log"
    eventually(lambda: log.exists() and "coord: hpc_utils/env.sh cannot be read" in log.read_text(), 60, "the job says so")
    assert words in log.read_text() and "panel" not in log.read_text()
    assert project.run("connect").code == 0, "its owner's job can"


def test_doctor_looks_from_a_compute_node(project):
    on_node2(project)
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("module load x\n")
    before = project.kinds()
    doctor = project.run("doctor", "--job", timeout=300)
    for words in [
        "env.sh in the job: hpc_utils/env.sh: line 2:", "hpc_utils/env.sh: line 2: exit 127: module load x",
        "the job's directory: job ", "on node2 sees this very directory", f"job: panel: {project.path}/fake/panel",
        "the job's port: node2:",
    ]:
        assert words in doctor.output, (words, doctor)
    assert re.search(r"^ok +the job's port: node2:\d+ accepts connections from this host$", doctor.output, re.M), doctor
    assert project.kinds() == before and project.info() == {}, "it decides nothing"
    assert not list((project.path / "hpc_utils" / "logs").glob("trial-*")), "its log is gone"
    eventually(lambda: "coord-doctor" not in project.cluster.squeue("--format=%j"), 20, "the trial job is over")


def test_trial_that_does_not_start(project):
    project.edit_job("--begin=now+3600")
    doctor = project.run("doctor", "--job", "--timeout", "5", timeout=300)
    assert "did not start in time: it is waiting in the queue" in doctor.output, doctor
    assert "coord-doctor" not in project.cluster.squeue("--states=PENDING", "--format=%j")


def test_trial_of_a_script_that_starts_a_server_itself(project):
    (project.path / "hpc_utils" / "start_server.sh").write_text("#!/bin/bash\n#SBATCH --ntasks=1\npanel serve app.py\n")
    doctor = project.run("doctor", "--job", timeout=100)
    assert doctor.code == 78 and "does not run `coord supervise`" in doctor.output, doctor
    assert project.calls("sbatch") == []


def test_node_that_sees_another_directory(project):
    on_node2(project)
    # Something else lies there on the node.
    root_on("node2", "sh", "-c", f"rm -rf /tmp/other; cp -a {project.path} /tmp/other; mount --bind /tmp/other {project.path}")
    try:
        doctor = project.run("doctor", "--job", "--timeout", "30", timeout=300)
    finally:
        root_on("node2", "sh", "-c", f"umount {project.path}; rm -rf /tmp/other")
    assert doctor.code == 78 and "the trial job: job " in doctor.output, doctor
    assert "does not appear in hpc_utils/logs here" in doctor.output


def test_node_without_the_teams_group(project, tmp_path):
    """sssd on the nodes, or on the controller, does not know all groups of a user."""
    on_node2(project)
    # A number of its own: for ten minutes the controller believes that people are in the groups of numbers that were
    # theirs before, and a group that another test removed leaves its number to the next.
    subprocess.run(["groupadd", "--gid", "7302", "team2"], check=True)
    try:
        subprocess.run(["usermod", "-aG", "team2", "ann1"], check=True)
        subprocess.run(["chgrp", "-R", "team2", str(project.path)], check=True)
        # Nor is it the submitter's own there.
        subprocess.run(["chown", "-R", "ann3", str(project.path)], check=True)
        without = re.sub(r"^(team2:.*:)ann1$", r"\1", open("/etc/group").read(), flags=re.M)
        with contextlib.ExitStack() as stack:
            for host in ["ctl", "node2"]:
                stack.enter_context(file_on(host, "/etc/group", without, tmp_path))
            reconfigure()
            # Not even its log can be made there.
            doctor = project.run("doctor", "--job", timeout=300)
            assert doctor.code == 78 and "could not open its log in hpc_utils/logs (ExitCode 0:53)" in doctor.output, doctor
            result = project.run("connect", timeout=300)
            assert result.code == 69 and "could not open its log (ExitCode 0:53)" in result.errors, result
            assert "it left no log in hpc_utils/logs: `coord doctor --job`" in result.errors
            (project.path / "hpc_utils" / "logs").chmod(0o2777)
            doctor = project.run("doctor", "--job", timeout=300)
            assert doctor.code == 78 and "ann1 is not in the team's group (number " in doctor.output, doctor
            result = project.run("connect", timeout=300)
            assert result.code == 69 and "not in the team's group team2" in result.errors, result
            assert "on node2 you are in the groups" in result.errors
    finally:
        subprocess.run(["groupdel", "-f", "team2"], check=True)
        reconfigure()
