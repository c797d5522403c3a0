"""coord serve on a cluster: one account owns the jobs, five hundred wait, and systemd looks after it."""
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from clients import answered, ask, highest_memory, reachable
from conftest import ADDRESS, REPOSITORY, Finished, eventually
from test_connect import addresses, paced
from test_install import fresh, user_manager  # noqa: F401


@pytest.fixture
def socket_path(project):
    """Set in the project's settings. A socket's path may have 107 bytes; login nodes here share /tmp."""
    path = pathlib.Path(f"/tmp/coord-{os.getpid()}.sock")
    with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
        conf.write(f"SOCKET={path}\n")
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def service(project, socket_path):
    """The service of ann1's account, which alone may write."""
    subprocess.run(["chown", "-R", "ann1", project.path], check=True)
    (project.path / "hpc_utils").chmod(0o2755)
    process = project.start("serve")
    eventually(lambda: reachable(socket_path), 20, "it listens")
    yield process
    process.terminate()
    Finished(process, 20)


def test_annotators_need_no_write_permission(project, service, socket_path):
    results = [project.start("connect", user=f"ann{i % 11 + 2}") for i in range(30)]
    assert len(addresses([Finished(process, 100) for process in results])) == 1
    assert {e["USER"] for e in project.entries()} == {"ann1"}
    assert [row[4] for row in project.jobs()] == ["ann1"]
    assert len(project.calls("sbatch")) == 1 and paced(project.calls("squeue"))
    # Warm, the files are enough, for those too whom no service knows; cold, they are not.
    assert project.run("connect", user="nobody").code in (0, 77)
    assert project.run("stop", user="ann1").code == 0
    # Also one whose question comes after the answer.
    late = ["strace", "-o", "/dev/null", "-e", "inject=getsockopt:delay_enter=700000:when=1"]
    for before in [[], late]:
        stranger = project.run("connect", user="nobody", before=before)
        assert stranger.code == 77 and "the service does not know you" in stranger.errors, stranger
    socket_path.rename(f"{socket_path}.away")
    without = project.run("connect", user="ann2")
    assert without.code == 77 and f"no service answers on {socket_path} of login1" in without.errors, without
    pathlib.Path(f"{socket_path}.away").rename(socket_path)
    assert project.kinds()[-1] == "ended"


@pytest.mark.parametrize("words", [b"", b"half a word", b"words of another version\n"])
def test_service_that_tells_nothing(project, socket_path, words):
    """It accepts, and hangs or is none: whoever may write goes by the files, and others by what these tell meanwhile."""
    project.job_environment("FAKE_PANEL_SLOW=5")

    def accept(listener, accepted):
        while True:
            try:
                accepted.append(listener.accept()[0])
                accepted[-1].sendall(words)
            except OSError:
                return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        socket_path.chmod(0o666)
        listener.listen(8)
        threading.Thread(target=accept, args=(listener, []), daemon=True).start()
        reader = project.start("connect", "--timeout", "60", user="nobody")
        began = time.monotonic()
        result = project.run("connect", "--timeout", "60", user="ann1")
        assert result.code == 0 and time.monotonic() - began < 20, result
        result = Finished(reader, 70)
        # What is no service's word sends him to the files at once: where nobody has claimed yet, he may not.
        assert result.code == 0 or words.endswith(b"\n") and result.code == 77, result
        assert project.run("connect", "--timeout", "1", user="nobody").code == 0
        listener.shutdown(socket.SHUT_RDWR)


def test_two_thousand_wait_for_one_look_and_more_ask_again(project, service, socket_path):
    project.job_environment("FAKE_PANEL_SLOW=12")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    waiting = ask(socket_path, 2000, 100)
    (pid,) = project.coord_pids("serve")
    (late,) = ask(socket_path, 1, 5)
    words = late.makefile().read()
    assert re.fullmatch(r"busy=([2-9]|10)\n", words), words
    more = [project.start("connect") for _ in range(2)]
    assert answered(waiting) == 2000
    results = [Finished(process, 60) for process in more]
    assert len(addresses(results)) == 1
    assert all("as many wait at the service as it takes: asking again" in result.errors for result in results), results
    # Four thousand in a second find it there.
    began = time.monotonic()
    assert answered(ask(socket_path, 2000, 10)) + answered(ask(socket_path, 2000, 10)) == 4000
    assert time.monotonic() - began < 20
    memory = highest_memory(pid)
    assert memory < 16 << 10, f"{memory} kB"
    calls = project.calls("squeue")
    assert calls and paced(calls), calls
    assert len(project.calls("sbatch")) == 1


def test_service_that_hangs(project, service, socket_path):
    """Whoever may only read learns that in his time, and not that he lacks a permission; its owner goes by the files."""
    (pid,) = project.coord_pids("serve")
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        reader = project.run("connect", "--timeout", "6", user="ann2")
        assert reader.code == 75 and f"the service does not answer ({socket_path})" in reader.errors, reader
        assert time.monotonic() - began < 15
        owner = project.run("connect", user="ann1")
        assert owner.code == 0, owner
        assert project.run("connect", user="ann2").output == owner.output
    finally:
        # su stopped itself with its child, and may lose a signal in the moment in which it goes on: the service itself is told.
        for process in [pid, service.pid]:
            os.kill(process, signal.SIGCONT)
        os.kill(pid, signal.SIGTERM)
        assert service.wait(20) is not None


def test_one_user_leaves_room_for_the_others(project, service, socket_path):
    """Nor does he take it from those who may go by the files, or are told at once what these tell."""
    project.job_environment("FAKE_PANEL_SLOW=20")
    group = (project.path / "hpc_utils").stat().st_gid
    os.setegid(group)
    os.seteuid(pwd.getpwnam("ann3").pw_uid)
    try:
        greedy = ask(socket_path, 600, 100)
    finally:
        os.seteuid(0)
        os.setegid(0)
    (another,) = ask(socket_path, 1, 100)
    said = [one.makefile().readline() for one in [*greedy, another]]
    assert sum(line.startswith("busy=") for line in said) == 100 and said[-1].startswith("progress="), said[-3:]
    began = time.monotonic()
    for user, words in [("ann3", "as many wait at the service"), ("ann4", "no word of it")]:
        result = project.run("connect", user=user)
        assert result.code == 0 and (words in result.errors) == (user == "ann3"), result
    assert time.monotonic() - began < 60
    assert answered(greedy[:500]) == 500


def test_two_services_on_two_login_nodes(project):
    path = f"/tmp/coord-{os.getpid()}-{{}}.sock"
    services = [project.start("serve", host=f"login{i}", user=f"ann{i}", environment={"COORD_SOCKET": path.format(i)}) for i in (1, 2)]
    try:
        for i in (1, 2):
            eventually(lambda i=i: reachable(path.format(i)), 20, "it listens")
        running = [project.start("connect", host=f"login{i % 2 + 1}", user=f"ann{i % 12 + 1}",
                                 environment={"COORD_SOCKET": path.format(i % 2 + 1)}) for i in range(24)]
        assert len(addresses([Finished(process, 100) for process in running])) == 1
        assert len(project.calls("sbatch")) == 1
    finally:
        for one in services:
            one.terminate()
            Finished(one, 20)


# ---- systemd ----

def unit_of(manager, state="loaded"):
    listed = manager("systemctl", "--user", "list-units", "--all", "--plain", "--no-legend", "coord-[0-9]*.service").stdout
    return listed.split()[0]


def show(manager, unit, key):
    return manager("systemctl", "--user", "show", "-P", key, unit).stdout.strip()


def test_systemd_starts_watches_and_restarts_it(fresh, user_manager, socket_path):  # noqa: F811
    project = fresh
    shutil.copytree(REPOSITORY / "systemd", project.path / "systemd")
    (project.path / "docs").mkdir()
    shutil.copy(REPOSITORY / "docs" / "service.md", project.path / "docs")
    shutil.copy(REPOSITORY / "docs" / "operations.md", project.path / "docs")
    script = str(project.path / "hpc_utils" / "install.sh")
    done = user_manager("bash", script, "--binary", str(project.path / "coord.build"), "--no-cleanup", "--service")
    assert done.returncode == 0, done
    unit = unit_of(user_manager)
    # Type=notify: it is active only once it serves.
    assert show(user_manager, unit, "ActiveState") == "active" and reachable(socket_path)
    assert user_manager("systemd-analyze", "--user", "verify", show(user_manager, unit, "FragmentPath")).stderr == ""
    first = project.run("connect", user="ann2")
    assert first.code == 0 and ADDRESS.match(first.output), first
    assert {e["UID"] for e in project.entries()} == {"0"}, "the service's account owns the job"
    # Killed: started again, and nothing is forgotten.
    pid = int(show(user_manager, unit, "MainPID"))
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: show(user_manager, unit, "MainPID") not in ("0", str(pid)) and reachable(socket_path), 20, "restarted")
    assert project.run("connect", user="ann3").output == first.output
    # Hanging: the watchdog ends it. A minute is too long for a test.
    folder = pathlib.Path(show(user_manager, unit, "FragmentPath") + ".d")
    folder.mkdir()
    (folder / "fast.conf").write_text("[Service]\nWatchdogSec=2\nRestartSec=1\n")
    user_manager("systemctl", "--user", "daemon-reload")
    user_manager("systemctl", "--user", "restart", unit)
    pid = int(show(user_manager, unit, "MainPID"))
    time.sleep(5)
    assert int(show(user_manager, unit, "MainPID")) == pid, "while it lives the watchdog is content"
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: show(user_manager, unit, "MainPID") not in ("0", str(pid)) and reachable(socket_path), 60, "restarted")
    assert project.run("connect", user="ann4").output == first.output
    # What trying again would not change is not tried again.
    conf = project.path / "hpc_utils" / "coord.conf"
    conf.write_text(conf.read_text() + "SOCKET=/nowhere/coord.sock\n")
    user_manager("systemctl", "--user", "restart", unit)
    eventually(lambda: show(user_manager, unit, "ActiveState") == "failed", 20, "it gives up")
    assert show(user_manager, unit, "ExecMainStatus") == "78"
    assert project.run("stop", user="ann2").code == 0
    assert user_manager("bash", script, "uninstall").returncode == 0
    assert "coord-" not in user_manager("systemctl", "--user", "list-unit-files", "coord*").stdout


def test_system_unit_is_sound_and_hardened(tmp_path):
    root = tmp_path / "project"
    (root / "hpc_utils" / "bin").mkdir(parents=True)
    (root / "docs").mkdir()
    for name in ["service.md", "operations.md"]:
        shutil.copy(REPOSITORY / "docs" / name, root / "docs")
    shutil.copy(os.environ["COORD_BINARY"], root / "hpc_utils" / "bin" / "coord")
    (tmp_path / "coord.service.d").mkdir()
    for name in ["coord.service", "coord.service.d/system.conf", "coord-cleanup.service", "coord-cleanup.timer"]:
        text = (REPOSITORY / "systemd" / name).read_text().replace("@ROOT@", str(root)).replace("@USER@", "daemon")
        (tmp_path / name).write_text(text)
    units = [tmp_path / name for name in ["coord.service", "coord-cleanup.service", "coord-cleanup.timer"]]
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert verified.returncode == 0 and verified.stderr == "", verified.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", units[0]], capture_output=True, text=True)
    assert rated.returncode == 0, rated.stdout[-300:]
