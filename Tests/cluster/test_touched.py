"""Directories that people touch: lock files removed, restored, copied, planted, and those of another version."""
import contextlib
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import locks
from conftest import ADDRESS, Finished, eventually
from scenes import old_heartbeat, scene
from test_connect import addresses
from test_killed import connect_until_answered

USERS = ["ann1", "ann2", "ann3", "ann4"]


@contextlib.contextmanager
def never_two(project):
    """At no moment do two servers run."""
    most, over = [0], threading.Event()

    def look():
        while not over.wait(0.1):
            most[0] = max(most[0], len(project.server_pids()))
    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert most[0] <= 1, f"{most[0]} servers at once"


def all_are_answered(project):
    """Everybody at once; each tries again after a no, as people do."""
    answers = []

    def ask(user):
        answers.append(connect_until_answered(project, user=user))
    threads = [threading.Thread(target=ask, args=(user,)) for user in USERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(USERS) and len(set(answers)) == 1, answers


def remove_all(project):
    shutil.rmtree(locks.folder(project))


def empty(project):
    for path in locks.folder(project).glob("0*"):
        path.unlink()


def restore(project):
    shutil.rmtree(locks.folder(project))
    subprocess.run(["cp", "-a", project.path / "backup", locks.folder(project)], check=True)


def remove_newest(project, kind):
    number = next(int(e["LOCK"]) for e in reversed(project.entries()) if e["KIND"] == kind)
    (locks.folder(project) / f"{number:08}").unlink()


def remove_started(project):
    remove_newest(project, "started")


def remove_submitted(project):
    remove_newest(project, "submitted")


def remove_claimed(project):
    remove_newest(project, "claimed")


def clean(project):
    """As `git clean -fdx hpc_utils` would, but for the binary and the environment."""
    remove_all(project)
    utils = project.path / "hpc_utils"
    for path in [*utils.glob("logs/*"), *utils.glob(".cookie_secret*"), utils / "server_info.txt"]:
        path.unlink(missing_ok=True)


def synchronise(project):
    """As `rsync -a --delete backup/ hpc_utils/`: what changed comes by rename, what is not there is removed."""
    source, target = project.path / "living", project.path / "hpc_utils"
    for root, folders, files in os.walk(target, topdown=False):
        there = source / os.path.relpath(root, target)
        for name in [name for name in files if not (there / name).exists() and "bin" not in root]:
            # What is being written beside it may be gone by now.
            pathlib.Path(root, name).unlink(missing_ok=True)
    for root, folders, files in os.walk(source):
        for name in files:
            place = target / os.path.relpath(root, source) / name
            subprocess.run(["cp", "-a", os.path.join(root, name), f"{place}.part"], check=True)
            os.rename(f"{place}.part", place)


def live(project):
    connect_until_answered(project)


def idle(project):
    live(project)
    assert project.run("stop", user="ann2").code == 0


def pending(project):
    project.edit_job("--begin=now+25")
    project.leave_waiting()


ACTS = [remove_all, empty, restore, remove_claimed, remove_submitted, remove_started, clean, synchronise]


@scene(*[(state, act) for state in [live, idle, pending] for act in ACTS if (state, act) != (pending, remove_started)])
def lock_directory_touched(case, make, trace):
    state, act = case
    project = make()
    # A server that was there before, and copies from while it lived and from afterwards.
    connect_until_answered(project)
    subprocess.run(["cp", "-a", project.path / "hpc_utils", project.path / "living"], check=True)
    shutil.rmtree(project.path / "living" / "bin")
    assert project.run("stop").code == 0
    subprocess.run(["cp", "-a", locks.folder(project), project.path / "backup"], check=True)
    state(project)
    old = project.server_pids()
    assert len(old) == (state is live)
    with never_two(project):
        act(project)
        all_are_answered(project)
        if (state, act) in [(live, remove_claimed), (live, remove_submitted)]:
            # What came before `started` does not matter any more; nor after S.
            end = time.monotonic() + 60
            while time.monotonic() < end:
                assert project.server_pids() == old
                time.sleep(1)
        elif act is synchronise:
            # The heartbeat of a copy that is seconds old still counts, and the live server answers at its port until it has
            # seen that the log does not know it.
            eventually(lambda: not set(old) & set(project.server_pids()), 60, "it stopped itself")
            # Afterwards a neighbour's server may have that port.
            old_heartbeat(project)
            all_are_answered(project)
        else:
            assert not set(old) & set(project.server_pids()), "it stopped itself"
        # One that pended beside it meets its fence, or was cancelled by its owner.
        eventually(lambda: len(project.jobs()) == 1, 120, "one job is left")
        all_are_answered(project)
        assert len(project.server_pids()) == 1
        for verb in [["status"], ["history"], ["cleanup"]]:
            result = project.run(*verb)
            assert result.code == 0, (verb, result)
        assert project.run("doctor").code in (0, 78)
    # What this test checks at its end knows nothing of hands.
    for name in ["backup", "living"]:
        shutil.rmtree(project.path / name)
    assert project.run("stop").code == 0
    eventually(lambda: not project.coord_pids("supervise"), 30, "the job is over")
    remove_all(project)


def plant_symlink(path):
    path.symlink_to("/nowhere")


def plant_socket(path):
    # sun_path is short.
    folder = os.open(path.parent, os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def plant_copy(path):
    shutil.copy(path.parent / "00000001", path)


STRANGE = {
    "9223372036854775807": lambda p: p.touch(), "queue.9223372036854775807.asked": lambda p: p.touch(),
    "queue.999999999999999.asked": lambda p: p.touch(), "00900000": lambda p: p.touch(), "notes.txt": lambda p: p.touch(),
    "NEXT-directory": lambda p: p.mkdir(), "NEXT-pipe": os.mkfifo, "NEXT-link": plant_symlink, "NEXT-socket": plant_socket,
    "NEXT-empty": lambda p: p.touch(), "NEXT-copy": plant_copy,
    # Nobody of the team may open these.
    "NEXT-closed": lambda p: p.mkdir(0o700), "NEXT-closed-empty": lambda p: p.touch(0o600),
}


@scene(*STRANGE)
def strange_name(name, make, trace):
    project = make()
    connect_until_answered(project)
    (server,) = project.server_pids()
    number = locks.last(project) + 1
    path = locks.folder(project) / (f"{number:08}" if name.startswith("NEXT") else name)
    STRANGE[name](path)
    time.sleep(60)
    assert project.server_pids() == [server], "it goes on serving"
    for verb in [["connect"], ["status"], ["history"], ["cleanup"], ["doctor"]]:
        result = project.run(*verb)
        assert result.code in (0, 78 if verb == ["doctor"] else 0), (verb, result)
    if not name.startswith("NEXT"):
        for verb in ["status", "history", "cleanup"]:
            assert "coord doctor --repair" in project.run(verb).errors, verb
    asked = project.run("doctor", "--repair")
    assert asked.code == (0 if name.startswith("NEXT") else 64) or "nothing to repair" in asked.errors, asked
    assert os.path.lexists(path), "nothing is moved unasked"
    repaired = project.run("doctor", "--repair", "--yes")
    assert repaired.code in (0, 78) and os.path.lexists(path) == name.startswith("NEXT"), repaired
    if not name.startswith("NEXT"):
        STRANGE[name](path)
    stopped = project.run("stop")
    assert stopped.code == 0 and ("doctor --repair" in stopped.errors) == (not name.startswith("NEXT")), stopped
    with never_two(project):
        connect_until_answered(project, user="ann2")
    assert project.run("stop").code == 0
    eventually(lambda: not project.coord_pids("supervise"), 30, "the job is over")
    remove_all(project)


@scene(("FORMAT", "2"), ("KIND", "handed-over"))
def entry_of_a_newer_coord(case, make, trace):
    key, value = case
    project = make()
    connect_until_answered(project)
    (server,) = project.server_pids()
    number = locks.last(project)
    locks.write(project, number + 1, {key: value, "PREVIOUS": locks.digest(project, number)}, owner="ann1")
    for verb in ["status", "stop", "history", "cleanup", "logs"]:
        result = project.run(verb)
        assert result.code == 78 and "a newer coord works here" in result.errors and "update" in result.errors, result
    time.sleep(60)
    assert project.server_pids() == [server], "it goes on serving"
    (locks.folder(project) / f"{number + 1:08}").unlink()
    assert project.run("stop").code == 0


def test_log_of_the_version_before_is_read(project):
    assert project.run("connect").code == 0 and project.run("stop").code == 0
    previous = "0" * 64
    for number, entry in enumerate(project.entries(), 1):
        path = locks.folder(project) / f"{number:08}"
        owner = path.stat().st_uid
        for key in ["FORMAT", "LOG_ID", "LOCKS_INODE", "LOCKS_PATH", "CLUSTER", "CHECKSUM"]:
            entry.pop(key, None)
        entry["PREVIOUS"] = previous
        path.write_text(locks.encoded(entry))
        os.chown(path, owner, -1)
        previous = hashlib.sha256(path.read_bytes()).hexdigest()
    before = len(project.entries())
    result = project.run("connect", user="ann2")
    assert result.code == 0 and ADDRESS.match(result.output), result
    claim = project.entries()[before]
    assert claim["PREVIOUS"] == previous and len(claim["LOG_ID"]) == 16 and claim["FORMAT"] == "1"


def follows_nothing(project, number):
    locks.write(project, number + 1, {"KIND": "claimed", "TOKEN": "a" * 32, "PREVIOUS": "b" * 64}, owner="ann1")


def ghost_above_a_gap(project, number):
    locks.write(project, number + 3, {"KIND": "ended", "TOKEN": "a" * 32, "PREVIOUS": "b" * 64}, owner="ann1")


def gap_below_the_end(project, number):
    (locks.folder(project) / f"{number - 1:08}").unlink()


@scene(follows_nothing, ghost_above_a_gap, gap_below_the_end)
def broken_chain(damage, make, trace):
    project = make()
    connect_until_answered(project)
    assert project.run("stop").code == 0
    damage(project, locks.last(project))
    number = locks.last(project)
    said = project.run("doctor")
    words = f"{number:08}" if damage is follows_nothing else f"number {number - 1} is missing"
    assert said.code in (0, 78) and words in said.output, said
    with never_two(project):
        all_are_answered(project)
    assert project.run("stop").code == 0
    eventually(lambda: not project.coord_pids("supervise"), 30, "the job is over")
    remove_all(project)


def test_claim_makes_few_calls_that_change_the_directory(project):
    """A slow file server makes each of them slow: the temporary file, its way to the disk, the link, and tidying up."""
    result = Finished(project.start("connect", before=["strace", "-f", "-o", project.path / "trace"]), 100)
    assert result.code == 0, result
    lines = (project.path / "trace").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if ".00000001" in line and "O_CREAT" in line)
    last = next(i for i, line in enumerate(lines) if ".00000001" in line and "unlink" in line)
    changing = ("O_CREAT", "fsync(", "fchmod(", "link(", "linkat(", "unlink(", "unlinkat(", "rename(", "mkdir(")
    calls = [line for line in lines[first:last + 4] if any(call in line for call in changing) and "SIGCHLD" not in line]
    assert len([line for line in calls if "/tmp/" not in line]) <= 5, "\n".join(calls)


def test_two_projects_with_one_status_file(make_project):
    first, second = make_project("_first"), make_project("_second")
    for project in (first, second):
        with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
            conf.write(f"STATUS_FILE={first.path}/hpc_utils/server_info.txt\n")
    assert first.run("connect").code == 0
    result = second.run("connect", user="ann2")
    assert result.code == 78 and str(first.path) in result.errors, result
    assert second.calls("sbatch") == [] and second.kinds() == []
    assert len(addresses(first.storm(4, "connect"))) == 1
    # The other way round: the file lies in the project that is refused.
    assert first.run("stop").code == 0
    assert second.run("connect").code == 0
    began = time.monotonic()
    for result in first.storm(4, "connect"):
        assert result.code == 78 and str(second.path) in result.errors, result
    assert time.monotonic() - began < 60
    assert len(first.calls("sbatch")) == 1


def test_supervisor_notices_that_the_directory_is_gone(project):
    assert project.run("connect").code == 0
    remove_all(project)
    eventually(lambda: not project.server_pids(), 20, "it stops at its next beat")
    assert Finished(project.start("status"), 30).code == 69


def test_long_log_is_cut_from_its_beginning(project):
    """By whoever cleans up; what is left is shown whole, and goes on."""
    assert project.run("connect").code == 0 and project.run("stop").code == 0
    locks.lengthen(project, 2000)
    end = locks.last(project)
    before = time.time() - 40 * 86_400
    for number in range(1, end + 1):
        os.utime(locks.folder(project) / f"{number:08}", (before, before))
    assert len(project.run("history").output.splitlines()) == end
    said = project.run("cleanup", "--dry-run")
    words = f"the old lock numbers 00000001 to {end - 64:08}\n"
    assert said.code == 0 and f"would remove {words}" in said.output, said
    said = project.run("cleanup")
    assert said.code == 0 and f"removed {words}" in said.output, said
    assert len(project.run("history").output.splitlines()) == 64
    result = project.run("connect")
    assert result.code == 0 and ADDRESS.match(result.output), result
    assert project.entries()[-3]["KIND"] == "claimed"
