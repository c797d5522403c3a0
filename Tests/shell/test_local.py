"""SCHEDULER=local: the whole job on one machine, without Slurm and without root."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
# COORD_BINARY is the tests' own.
OUTSIDE = {key: value for key, value in os.environ.items() if not key.startswith("COORD_")}
SCRIPTS = ["connect.sh", "start_server.sh", "stop_server.sh", "demo.sh"]


def eventually(condition, seconds, what):
    end = time.monotonic() + max(seconds, 40)  # a busy machine gets time, but less than S
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Project:
    def __init__(self, path):
        self.path = path
        utils = path / "hpc_utils"
        shutil.copytree(REPOSITORY / "hpc_utils", utils, ignore=shutil.ignore_patterns("bin", "locks", "*.log", "env.sh"))
        (utils / "bin").mkdir()
        shutil.copy(os.environ["COORD_BINARY"], utils / "bin" / "coord")
        (path / "fake").mkdir()
        shutil.copy(REPOSITORY / "Tests" / "cluster" / "fake_panel", path / "fake" / "panel")
        (utils / "env.sh").write_text(f"PATH={path}/fake:$PATH\n")
        (path / "credentials.json").write_text('{"megan": "secret"}')
        (path / "credentials.json").chmod(0o640)

    def start(self, *words, **environment):
        return subprocess.Popen(
            [self.path / "hpc_utils" / "bin" / "coord", *words], cwd=self.path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**OUTSIDE, "COORD_SCHEDULER": "local", **environment})

    def run(self, *words, **environment):
        process = self.start(*words, **environment)
        output, errors = process.communicate(timeout=200)
        return process.returncode, output, errors

    def entries(self):
        folder = self.path / "hpc_utils" / "locks"
        names = sorted(p for p in folder.glob("*") if re.fullmatch(r"\d{8}", p.name))
        return [dict(line.split("=", 1) for line in p.read_text().splitlines()) for p in names]

    def kinds(self):
        return [entry["KIND"] for entry in self.entries()]

    def pids(self, pattern):
        found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True).stdout.split()

        def folder(pid):
            try:
                return os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                return None  # it ended meanwhile
        return [int(pid) for pid in found if folder(pid) == str(self.path)]


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    yield project
    project.run("stop", "--quiet")
    eventually(lambda: not project.pids("fake/panel serve"), 20, "nothing stays")


def test_many_at_once_share_one_server(project):
    running = [project.start("connect") for _ in range(20)]
    results = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert {code for _, code in results} == {0}, results
    assert len({output for (output, _), _ in results}) == 1
    assert project.kinds().count("claimed") == 1 and len(project.pids("fake/panel serve")) == 1


def test_many_services_that_want_the_same_port_at_once(tmp_path):
    projects = [Project(tmp_path / f"team{i}") for i in range(26)]
    try:
        # Each looks for a free port, and takes it a second later.
        running = [project.start("connect", FAKE_PANEL_SLOW="1") for project in projects]
        results = [(process.communicate(timeout=180), process.returncode) for process in running]
        assert {code for _, code in results} == {0}, [result for result in results if result[1]][0]
        assert len({output for (output, _), _ in results}) == len(projects)
    finally:
        for process in [project.start("stop", "--quiet") for project in projects]:
            process.communicate(timeout=60)
    eventually(lambda: not any(project.pids("fake/panel serve") for project in projects), 20, "nothing stays")


def test_life_from_connect_to_stop(project):
    code, address, errors = project.run("connect")
    assert code == 0 and address.startswith("localhost:"), errors
    assert project.run("status")[0] == 0
    code, output, errors = project.run("restart", "--json")
    assert code == 0 and '"state": "ready"' in output, errors
    assert project.kinds().count("started") == 2
    assert project.run("stop")[0] == 0 and project.run("stop")[0] == 0
    assert project.run("status")[0] == 69
    assert not (project.path / "hpc_utils" / "server_info.txt").exists()


def test_cookie_secret_is_kept_and_private(project):
    assert project.run("connect")[0] == 0
    secret = project.path / "hpc_utils" / ".cookie_secret"
    first = secret.read_text()
    assert secret.stat().st_mode & 0o777 == 0o600 and len(first) > 32
    assert project.run("restart")[0] == 0 and secret.read_text() == first


def test_supervisor_killed(project):
    assert project.run("connect")[0] == 0
    (supervisor,) = project.pids("coord supervise")
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not project.pids("fake/panel serve"), 20, "its server ends with it")
    assert project.run("connect")[0] == 0
    assert project.kinds().count("started") == 2


def test_stopped_supervisor_loses_its_server_before_another_may_start(project):
    assert project.run("connect")[0] == 0
    (supervisor,) = project.pids("coord supervise")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        eventually(lambda: not project.pids("fake/panel serve"), 70, "the guardian ends it after S")
        assert project.kinds()[-1] == "started", "and long before anybody may record its end"
    finally:
        os.kill(supervisor, signal.SIGCONT)
    eventually(lambda: project.kinds()[-1] == "ended", 20, "the supervisor records it")


def test_missing_server_program_is_said(project):
    (project.path / "hpc_utils" / "env.sh").write_text("PATH=/usr/bin:/bin\n")
    code, _, errors = project.run("connect")
    assert code == 69 and "the server's command `panel` was not found in the job's PATH" in errors, errors
    assert "PATH is /usr/bin:/bin" in errors and "next: load its module or conda environment in hpc_utils/env.sh" in errors
    (project.path / "hpc_utils" / "env.sh").unlink()
    code, _, errors = project.run("connect")
    assert code == 69 and "there is no hpc_utils/env.sh" in errors and "next: make hpc_utils/env.sh" in errors, errors
    assert "started" not in project.kinds()


def test_server_program_without_its_interpreter(project):
    (project.path / "fake" / "panel").write_text("#!/nonexistent/python\n")
    code, _, errors = project.run("connect")
    assert code == 69 and "the server's command could not be started (exit 127)" in errors, errors
    assert "or the interpreter that its first line names" in errors, errors


@pytest.mark.parametrize("lines", [
    "token=abc", "root=/opt", "name=x; readonly name", "cd /", "set -- a b c", "IFS=ab", "PATH=/nonexistent", "set -eu",
    "coord_token=abc", "unset coord_token", "coord_root=/opt", "unset coord_root", "declare -g coord_token=x",
    "cd() { false; }", "exec() { :; }", "umask() { false; }", "printf() { :; }", "set() { :; }", "exit() { :; }",
    "trap 'echo trapped' EXIT", "trap 'exit 9' ERR", "trap '' TERM CHLD", "umask 077", "set -f",
    "set -a", "set -x", "shopt -s nullglob failglob", "coord_name=x", "return 5", "export -f cd; readonly root=/x"])
@pytest.mark.parametrize("place", ["env.sh", "start_server.sh"])
def test_marked_lines_and_env_file_change_nothing_that_the_script_needs(tmp_path, lines, place):
    utils = tmp_path / "hpc_utils"
    (utils / "bin").mkdir(parents=True)
    for name in ["start_server.sh", "read_env.sh"]:
        shutil.copy(REPOSITORY / "hpc_utils" / name, utils / name)
    (utils / "bin" / "coord").write_text('#!/bin/bash\necho "$PWD $(umask) $*"\n')
    (utils / "bin" / "coord").chmod(0o755)
    if place == "env.sh":
        (utils / "env.sh").write_text(f"{lines}\nPORT=8001\n")
    else:
        if "return" in lines or "set -eu" in lines or "trap 'exit" in lines:
            pytest.skip("it ends the script, or changes nothing")
        text = (utils / "start_server.sh").read_text()
        (utils / "start_server.sh").write_text(text.replace("# PORT=7860\n", f"{lines}\nPORT=8001\n"))
    done = subprocess.run(
        ["bash", utils / "start_server.sh", "T0KEN", "/nowhere"], cwd=tmp_path, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin"})
    port = "" if "return" in lines else " --set PORT=8001"
    assert f"{tmp_path} 0007 supervise --root {tmp_path} --token T0KEN{port} -- panel serve {{app}} --port={{port}}" in done.stdout, done
    assert "trapped" not in done.stdout, done


@pytest.mark.parametrize("lines, words", [
    ("trap 'echo trapped' EXIT\n", "ok       panel: "), ("exec true\n", "it ends the shell that reads it (exit 0)"),
    ("exit 3\n", "line 2: exit 3: it ends the job here"), ("echo /usr/bin/env\n", "ok       panel: "),
    ("PATH=/nonexistent\n", "panel: not found here with hpc_utils/env.sh"),
    ("true\r\n", "bad      hpc_utils/env.sh: it has Windows line ends")])
def test_doctor_reads_the_env_file(project, lines, words):
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write(lines)
    output = project.run("doctor")[1]
    assert words in output, output
    assert output.count(" panel: ") == ("it ends the" not in words)


def test_value_with_a_windows_line_end(project):
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("PORT=7900\r\n")
    code, _, errors = project.run("connect")
    assert code == 69 and "PORT=7900\\r cannot be (PORT in hpc_utils/env.sh or start_server.sh)" in errors, errors
    assert "\r" not in errors and "Windows line ends" in errors


def test_job_without_slurm_is_refused(project):
    code, _, errors = project.run("supervise", "--", "true", COORD_SCHEDULER="slurm")
    assert code == 78 and "this is no Slurm job" in errors, errors


@pytest.mark.parametrize("words, code", [
    ([], 64), (["frobnicate"], 64), (["help"], 0), (["version"], 0), (["--version"], 0), (["connect", "--help"], 0),
    (["status", "--root", "/nowhere"], 78), (["connect", "--timeout", "x"], 64), (["status"], 69)])
def test_exit_codes(project, words, code):
    got, output, errors = project.run(*words)
    assert got == code, errors
    if code not in (0, 69):
        assert re.match(r"coord: .+\n  why:  .+\n  next: .+\n", errors), errors


def test_bad_setting_names_itself(project):
    code, _, errors = project.run("status", COORD_PORT="99999")
    assert code == 78 and "PORT=99999 cannot be (COORD_PORT in the environment)" in errors


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_parse_everywhere(script):
    shells = ["bash"] if script in ("start_server.sh", "demo.sh") else ["bash", "dash", "busybox sh"]
    for shell in shells:
        subprocess.run([*shell.split(), "-n", REPOSITORY / "hpc_utils" / script], check=True)


def test_directives_of_the_deployment_guide():
    text = (REPOSITORY / "hpc_utils" / "start_server.sh").read_text()
    for directive in ["--job-name=py_accel_viewer", "--nodes=1", "--ntasks-per-node=16", "--mem-per-cpu=1500",
                      "--time=36:00:00", "--output=hpc_utils/logs/panel-server-%j.log"]:
        assert f"#SBATCH {directive}\n" in text
