"""connect.sh on a laptop: a real sshd, a tunnel, every shell, password and code, a network that comes and goes."""
import contextlib
import io
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pexpect
import pytest
from conftest import MINICLUSTER, STATE, eventually


OURS = pathlib.Path(f"/tmp/coord-{os.getuid()}")


def leftovers():
    """Processes and files of connect.sh on this computer."""
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if f"{OURS}/" in line] + list(OURS.glob("*"))


class Laptop:
    """connect.sh, running."""

    def __init__(self, project, *words, shell="bash", **environment):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        browser = self.folder / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >{self.folder}/url\n')
        browser.chmod(0o755)
        self.errors_path = self.folder / "errors"
        with open(self.errors_path, "w") as errors:
            self.process = subprocess.Popen(
                [*shell.split(), project.path / "hpc_utils" / "connect.sh", *words], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "SSH_USER": "ann1",
                     "LOGIN_NODE": "login1", "REMOTE_DIR": str(project.path), "BROWSER": str(browser),
                     "SSH_OPTIONS": f"-F {STATE}/ssh/config", **environment})

    @property
    def errors(self):
        return self.errors_path.read_text()

    def opened(self, seconds=120):
        """The address that the browser was told."""
        path = self.folder / "url"
        eventually(lambda: self.process.poll() is not None or path.exists() and path.read_text(), seconds, "the page")
        assert path.exists(), self.errors
        return path.read_text().strip()

    def interrupt(self):
        """Ctrl+C; the exit code. In the moment in which a child ends, bash may take it for one that the child has dealt with: people
        press again."""
        for _ in range(6):
            try:
                os.killpg(self.process.pid, signal.SIGINT)
            except ProcessLookupError:
                pass
            try:
                return self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue
        return self.process.wait(1)


@pytest.fixture
def laptop(project):
    running = []

    def start(*words, **environment):
        running.append(Laptop(project, *words, **environment))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.interrupt()
        one.temporary.cleanup()


def fetch(url):
    return subprocess.run(["curl", "-s", "--noproxy", "*", "--max-time", "5", url], capture_output=True, text=True).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# bash 3.2 is not to be had here: macOS's habits are those of its POSIX mode.
@pytest.mark.parametrize("shell", ["bash", "bash --posix", "dash", "busybox sh", "mksh", "zsh --emulate sh"])
def test_page_opens_and_ctrl_c_cleans_up(project, laptop, shell):
    port = free_port()
    one = laptop(shell=shell, LOCAL_PORT=str(port))
    assert one.opened() == f"http://localhost:{port}/app"
    assert "fake panel of job" in fetch(one.opened())
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True).stdout
    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{port}"]
    assert one.interrupt() == 130
    eventually(lambda: not leftovers(), 10, "no process and no socket stays")
    assert project.server_pids(), "the team's server does"


def test_taken_local_port_is_left_alone(project, laptop):
    foreign = socket.create_server(("127.0.0.1", 0))
    port = foreign.getsockname()[1]
    one = laptop(LOCAL_PORT=str(port))
    url = one.opened()
    assert int(re.search(r":(\d+)/", url)[1]) > port
    assert "is taken on this computer" in one.errors
    foreign.close()


def test_two_laptops_at_once_share_the_server(project, laptop):
    one, two = laptop(LOCAL_PORT=str(free_port())), laptop(LOCAL_PORT=str(free_port()), LOGIN_NODE="login2", SSH_USER="ann2")
    assert fetch(one.opened()) == fetch(two.opened()) != ""
    assert project.kinds().count("claimed") == 1 and len(project.jobs()) == 1


def test_one_authentication(project, laptop):
    log = STATE / "log" / "sshd-login1.log"
    before = log.read_text().count("Accepted publickey")
    laptop(LOCAL_PORT=str(free_port())).opened()
    assert log.read_text().count("Accepted publickey") == before + 1


@pytest.mark.parametrize("environment, code, words", [
    ({"LOGIN_NODE": "login9.invalid"}, 255, "cannot log in"),
    ({"REMOTE_DIR": "/nowhere"}, 78, "no project in /nowhere"),
    ({"REMOTE_DIR": "/shared/it's; touch /tmp/evil"}, 78, "no project in"),
    ({"LOCAL_PORT": "x"}, 64, "LOCAL_PORT=x cannot be"),
])
def test_failures_say_why_and_how_by_hand(project, laptop, environment, code, words):
    one = laptop(**environment)
    assert one.process.wait(60) == code, one.errors
    assert words in one.errors and "by hand: ssh -N -L" in one.errors, one.errors
    assert not os.path.exists("/tmp/evil")
    eventually(lambda: not leftovers(), 10, "no process stays")


def test_failure_of_coord_keeps_its_exit_code_and_words(project, laptop):
    (project.path / "credentials.json").write_text("{}")
    one = laptop(LOCAL_PORT=str(free_port()))
    assert one.process.wait(60) == 78, one.errors
    assert "holds no user" in one.errors


# ---- all day ----

def link(host, state):
    subprocess.run(["ip", "link", "set", f"v-{host}", state], check=True)


def test_server_that_moves_is_found_again_on_the_same_local_port(project, laptop):
    one = laptop("--latency", LOCAL_PORT=str(free_port()))
    url = one.opened()
    first = fetch(url)
    assert project.run("restart", user="ann2").code == 0
    eventually(lambda: "reload the page" in one.errors, 90, "it says that the server is back")
    assert fetch(url) not in ("", first), "another job, at the same address"
    assert len(project.jobs()) == 1
    eventually(lambda: re.search(r"the server answers in \d+ ms", one.errors), 60, "the latency is told")


def test_stop_by_a_teammate_is_not_undone(project, laptop):
    one = laptop(LOCAL_PORT=str(free_port()))
    one.opened()
    assert project.run("stop", "--reason", "new data", user="ann9").code == 0
    assert one.process.wait(90) == 69, one.errors
    assert "new data" in one.errors
    assert project.jobs() == [] and project.kinds().count("claimed") == 1


def test_network_that_goes_and_comes(project, laptop):
    one = laptop(LOCAL_PORT=str(free_port()))
    url = one.opened()
    first = fetch(url)
    link("login1", "down")
    try:
        eventually(lambda: "asking again" in one.errors, 60, "it is noticed")
    finally:
        link("login1", "up")
    eventually(lambda: "reload the page" in one.errors, 90, "and healed")
    assert fetch(url) == first
    assert one.interrupt() == 130
    eventually(lambda: not leftovers(), 10, "no process and no socket stays")


def test_computer_that_sleeps(project, laptop):
    one = laptop(LOCAL_PORT=str(free_port()))
    url = one.opened()
    first = fetch(url)
    pids = subprocess.run(["pgrep", "-f", f"{OURS}/"], capture_output=True, text=True).stdout.split()
    everything = [int(pid) for pid in pids] + [
        int(pid) for pid in subprocess.run(["pgrep", "-g", str(one.process.pid)], capture_output=True, text=True).stdout.split()]
    for pid in everything:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(33)
    for pid in everything:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: "this computer slept" in one.errors, 20, "it is noticed")
    eventually(lambda: fetch(url) == first, 60, "the same address works")
    assert one.process.poll() is None
    assert one.interrupt() == 130


def test_tunnel_of_a_killed_run_is_reclaimed(project, laptop):
    port = str(free_port())
    one = laptop(LOCAL_PORT=port)
    url = one.opened()
    os.kill(one.process.pid, signal.SIGKILL)
    one.process.wait()
    assert fetch(url), "its connection is still there"
    two = laptop(LOCAL_PORT=port)
    assert two.opened() == url
    assert "an earlier run has left" in two.errors
    # One that lives is left alone.
    three = laptop(LOCAL_PORT=port)
    assert three.opened() != url and fetch(url) and "taken on this computer" in three.errors


def test_ctrl_c_at_any_moment_leaves_nothing(project, laptop):
    assert project.run("connect").code == 0
    codes = set()
    for tenths in range(1, 25):
        one = laptop(LOCAL_PORT=str(free_port()))
        time.sleep(tenths / 10 / 2)
        codes.add(one.interrupt())
        eventually(lambda: not leftovers(), 15, f"no process and no socket stays after {tenths / 20} s")
    assert codes <= {130, -signal.SIGINT}, codes
    assert project.server_pids() and len(project.jobs()) == 1, "the team's server stays"


# ---- options and settings ----

def test_options(project, laptop):
    def said(*words):
        one = laptop(*words)
        one.process.wait(60)
        return one.process.returncode, one.process.stdout.read(), one.errors

    code, output, errors = said("--status")
    assert code == 69 and "no server" in output + errors, (code, output, errors)
    assert project.calls("sbatch") == []
    assert project.run("connect").code == 0
    code, output, _ = said("--status")
    assert code == 0 and "ready" in output, output
    code, output, _ = said("--logs")
    assert code == 0 and "Bokeh app running" in output, output
    code, output, errors = said("--stop")
    assert code == 0 and "no server is running" in errors, errors
    assert project.jobs() == []
    code, output, _ = said("--dry-run")
    assert code == 0 and "coord connect" in output and "-L 127.0.0.1:" in output
    assert project.jobs() == []
    code, output, _ = said("--help")
    assert code == 0 and "--print-url" in output
    code, _, errors = said("--nonsense")
    assert code == 64 and "--nonsense is no option" in errors


def test_print_url_says_nothing_else(project, laptop):
    port = free_port()
    one = laptop("--print-url", LOCAL_PORT=str(port))
    assert one.process.stdout.readline() == f"http://localhost:{port}/app\n"
    assert one.errors == "" and not (one.folder / "url").exists()


def test_settings_come_from_the_users_own_file_and_are_never_run(project, laptop, tmp_path):
    folder = tmp_path / "coord"
    folder.mkdir()
    port = free_port()
    (folder / "connect.conf").write_text(
        f"# mine\nLOCAL_PORT={port}\r\nREMOTE_DIR=\"{project.path}\"\nLOGIN_NODE='login2'\nSSH_OPTIONS=-F {STATE}/ssh/config\n")
    (project.path / "hpc_utils" / "connect.conf").write_text("LOGIN_NODE=login9.invalid\n")
    one = laptop(XDG_CONFIG_HOME=str(tmp_path), LOGIN_NODE="", REMOTE_DIR="", SSH_OPTIONS="")
    assert one.opened() == f"http://localhost:{port}/app"
    (folder / "connect.conf").write_text("LOGIN_NODE=$(touch /tmp/evil)\nLOCAL_PORT=1;touch /tmp/evil\n")
    two = laptop(XDG_CONFIG_HOME=str(tmp_path), LOGIN_NODE="")
    assert two.process.wait(30) == 64
    (folder / "connect.conf").write_text("LOGIN_NODES=login1\n")
    three = laptop(XDG_CONFIG_HOME=str(tmp_path))
    assert three.process.wait(30) == 78 and "its line 1: there is no setting LOGIN_NODES" in three.errors
    (folder / "connect.conf").write_text("\n  \nLOGIN_NODE\n")
    four = laptop(XDG_CONFIG_HOME=str(tmp_path))
    assert four.process.wait(30) == 78 and "its line 3 is not KEY=VALUE" in four.errors
    assert not os.path.exists("/tmp/evil")


# ---- ssh as it is elsewhere ----

@contextlib.contextmanager
def another_sshd(host, port, lines, name="sshd"):
    """An sshd with its own settings on a login node; SSH_OPTIONS for it."""
    folder = STATE / "ssh" / f"{host}-{port}"
    folder.mkdir()
    binary = folder / name
    shutil.copy("/usr/sbin/sshd", binary)
    (folder / "config").write_text(
        f"Port {port}\nHostKey {STATE}/ssh/{host}/host_key\nPidFile {folder}/pid\nAuthorizedKeysFile .ssh/authorized_keys\n"
        f"{lines}\n")
    subprocess.run([MINICLUSTER, "exec", host, "--", binary, "-f", folder / "config", "-E", folder / "log"], check=True)
    try:
        yield f"-F {STATE}/ssh/config -p {port} -o HostKeyAlias={host}"
    finally:
        os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
        # It removes this file itself, at its end.
        eventually(lambda: not (folder / "pid").exists(), 20, "sshd ends")
        shutil.rmtree(folder)


SECRET = "3132333435363738393031323334353637383930"


@pytest.fixture
def two_factors():
    """Password and one-time code by PAM, as computing centres have it."""
    pam, users = pathlib.Path("/etc/pam.d/coord-2fa"), pathlib.Path("/etc/coord-2fa.oath")
    pam.write_text(
        f"auth required pam_unix.so\nauth required pam_oath.so usersfile={users} window=20\n"
        "account required pam_permit.so\nsession required pam_permit.so\n")
    users.write_text(f"HOTP ann1 - {SECRET}\n")
    users.chmod(0o600)
    subprocess.run(["chpasswd"], input="ann1:correct horse\n", text=True, check=True)
    lines = "UsePAM yes\nAuthenticationMethods keyboard-interactive\nKbdInteractiveAuthentication yes\nPrintMotd no"
    try:
        with another_sshd("login1", 2222, lines, name="coord-2fa") as options:
            yield options
    finally:
        subprocess.run(["usermod", "-p", "*", "ann1"], check=True)
        pam.unlink()
        users.unlink()


@pytest.mark.parametrize("multiplex, logins", [("yes", 1), ("no", 2)])
def test_password_and_code_are_asked_for_once(project, two_factors, multiplex, logins):
    assert project.run("connect").code == 0
    child = pexpect.spawn(
        "bash", [str(project.path / "hpc_utils" / "connect.sh"), "--no-browser"], encoding="utf-8", timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": "/tmp", "SSH_USER": "ann1", "LOGIN_NODE": "login1",
             "REMOTE_DIR": str(project.path), "LOCAL_PORT": str(free_port()), "SSH_OPTIONS": two_factors,
             "MULTIPLEX": multiplex, "TERM": "dumb"})
    child.logfile_read = io.StringIO()
    asked = 0
    while True:
        match = child.expect([r"assword: ", r"One-time password[^:]*: ?", r"(http://localhost:\d+/app)", pexpect.EOF])
        if match == 0:
            child.sendline("correct horse")
        elif match == 1:
            code = subprocess.check_output(["oathtool", "--hotp", f"--counter={asked}", SECRET], text=True).strip()
            asked += 1
            child.sendline(code)
        else:
            break
    said = child.logfile_read.getvalue()
    assert match == 2, said
    url = child.match[1]
    assert asked == logins, said
    assert ("you log in a second time" in said) == (multiplex == "no")
    assert "fake panel" in fetch(url)
    # A whole minute of life: the keepalives and checks ask for nothing.
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    eventually(lambda: not leftovers(), 10, "no process and no socket stays")


NOISE = {
    "/bin/bash": (".bashrc", "echo hello from bashrc; printf 'no newline'; echo warning >&2"),
    "/bin/dash": (".profile", "echo hello"),
    "/bin/csh": (".cshrc", "echo hello from cshrc; echo 'coord-1-2 end 0'"),
    "/usr/bin/tcsh": (".tcshrc", "echo hello from tcshrc"),
    "/usr/bin/fish": (".config/fish/config.fish", "echo hello from fish"),
    "/usr/bin/zsh": (".zshenv", "echo hello from zshenv"),
}


@pytest.mark.parametrize("shell", NOISE)
def test_login_shells_with_noisy_start_up_files(project, laptop, shell):
    assert os.path.exists(shell)
    name, content = NOISE[shell]
    home = pathlib.Path("/home/ann1")
    file = home / name
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content + "\n")
    subprocess.run(["chown", "-R", "ann1:lab", home], check=True)
    subprocess.run(["usermod", "-s", shell, "ann1"], check=True)
    try:
        with another_sshd("login1", 2224, f"Banner {STATE}/ssh/config\nPrintMotd yes") as options:
            one = laptop(LOCAL_PORT=str(free_port()), SSH_OPTIONS=options)
            assert "fake panel" in fetch(one.opened())
            assert one.interrupt() == 130
    finally:
        subprocess.run(["usermod", "-s", "/bin/bash", "ann1"], check=True)
        file.unlink() if before is None else file.write_text(before)


def test_forty_laptops_at_an_sshd_that_drops_connections(project, laptop):
    with another_sshd("login2", 2225, "MaxStartups 3:50:6") as options:
        many = [laptop("--no-browser", LOGIN_NODE="login2", SSH_USER=f"ann{i % 12 + 1}", SSH_OPTIONS=options,
                       LOCAL_PORT=str(20000 + 101 * i)) for i in range(40)]
        urls = [one.process.stdout.readline() for one in many]
        assert all(url.startswith("http://localhost:") for url in urls), [
            one.errors for one, url in zip(many, urls) if not url][:2]
        assert any("trying again" in one.errors for one in many), "it did drop some"
        assert len({fetch(url.strip()) for url in urls}) == 1
        assert len(project.jobs()) == 1 and project.kinds().count("claimed") == 1
        assert {one.interrupt() for one in many} == {130}
    eventually(lambda: not leftovers(), 20, "no process and no socket stays")
