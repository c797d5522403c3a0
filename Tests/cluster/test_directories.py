"""The contract of the lock directory (Tests/DirectoryTests) on filesystems of several hosts, and on one that misbehaves."""
import contextlib
import os
import pathlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import FILESYSTEM, HERE, LOGINS, MINICLUSTER, NODES, REPOSITORY, STATE, eventually
from test_connect import addresses


def contract(*mounts):
    # Not by `swift test`: only one of that may run at a time.
    command = [REPOSITORY / ".build-tests" / "release" / "coordPackageTests.xctest", "--testing-library", "swift-testing",
               "--filter", "LockDirectoryContract"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "CONTRACT_DIRECTORIES": ":".join(map(str, mounts))},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "✘" in line)
    # That it ran there, too.
    assert f"real, {' and '.join(map(str, mounts))}" in done.stdout


def test_two_hosts(cluster, tmp_path):
    views = []
    for host in LOGINS:
        pid = (STATE / "run" / host / "init.pid").read_text().strip()
        views.append(pathlib.Path("/proc", pid, "root", "shared"))
    if FILESYSTEM == "gluster":
        assert len({os.stat(view).st_dev for view in views}) == 2, "each host has a mount of its own"
    contract(*views)


@contextlib.contextmanager
def faulty(fault, source, mount, host=None):
    """Shows `source` at `mount`, on a host of the cluster or here."""
    place = [MINICLUSTER, "exec", host, "--"] if host else []
    process = subprocess.Popen(
        [*place, "/usr/bin/python3", HERE / "faulty_fs", source, mount, *fault.split()], stdin=subprocess.DEVNULL)
    is_mounted = [*place, "mountpoint", "-q", mount]
    try:
        eventually(lambda: subprocess.run(is_mounted).returncode == 0, 10, "the filesystem is mounted")
        yield
    finally:
        subprocess.run([*place, "umount", "-l", mount], check=False)
        # What is under way in it may take as long as its slow calls; whether it ends is not what a test is about.
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


SLOW_QUOTA = pytest.param("quota", marks=pytest.mark.slow)


@pytest.mark.parametrize("fault", ["executed", "delayed", "stale", SLOW_QUOTA])
def test_filesystem_that_misbehaves(tmp_path, fault):
    source, mount = tmp_path / "source", tmp_path / "mount"
    source.mkdir()
    mount.mkdir()
    with faulty(fault, source, mount):
        # One client through the faults, and one that sees the truth.
        contract(mount, source)


def insist(project, count):
    """As a storm, by people who try again when a full disk is reported."""
    def one(i):
        for _ in range(30):
            result = project.run("connect", user=f"ann{i + 1}", host=LOGINS[i % 2])
            if result.code != 74:
                break
            assert "try again" in result.errors
        return result
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize("fault", [
    "executed", pytest.param("delayed", marks=pytest.mark.slow), pytest.param("stale", marks=pytest.mark.slow), "quota"])
def test_team_on_a_filesystem_that_misbehaves(project, fault):
    locks, store = project.path / "hpc_utils" / "locks", project.path / "store"
    for folder in [locks, store]:
        folder.mkdir()
        shutil.chown(folder, group="lab")
        folder.chmod(0o2775)
    with contextlib.ExitStack() as mounts:
        mounts.enter_context(faulty("none", store, locks))
        for host in [*LOGINS, *NODES]:
            mounts.enter_context(faulty(fault + " 12", store, locks, host))
        assert len(addresses(insist(project, 12))) == 1
        assert len(project.calls("sbatch")) == 1
        stopped = project.run("stop", user="ann2")
        assert stopped.code == 0, stopped
        assert not project.server_pids()
        assert project.run("connect", user="ann3").code == 0
        project.check_invariants()
        assert project.run("stop", user="ann3").code == 0
