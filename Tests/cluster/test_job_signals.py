"""Signals to a job and to the script around its server, an upgrade under it, and where it runs from."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

import pytest
from conftest import eventually
from test_faults import slurm_conf
from test_killed import connect_until_answered, ends_well
from test_life import ended, last

# By what scancel is told, and as `ended` says it.
SIGNALS = {
    "USR1": "SIGUSR1", "USR2": "SIGUSR2", "HUP": "SIGHUP", "INT": "SIGINT", "QUIT": "SIGQUIT", "ALRM": "SIGALRM",
    "XCPU": "SIGXCPU", "36": "SIGRTMIN+2",
}


def without_exec(project):
    """As a team edits it: something is to be done after the server."""
    script = project.path / "hpc_utils" / "start_server.sh"
    text = script.read_text()
    assert text.count("exec hpc_utils/bin/coord") == 1
    script.write_text(text.replace("exec hpc_utils/bin/coord", "hpc_utils/bin/coord") + "\necho the server is over\n")


def tell(project, *words):
    result = project.shell("scancel", *words, project.info()["JOB_ID"])
    assert result.code == 0, result


def nothing_left(project, seconds):
    eventually(
        lambda: not project.server_pids() and not project.coord_pids("supervise") and not project.coord_pids("guard"),
        seconds, "nothing of the job is left")


def test_any_signal_is_an_order_to_end_and_is_named(make_project):
    projects = {sent: make_project(f"_{sent}") for sent in SIGNALS}
    for project in projects.values():
        connect_until_answered(project)
    for sent, project in projects.items():
        tell(project, "--batch", f"--signal={sent}")
    for sent, project in projects.items():
        end = ended(project)
        assert f"told to end by {SIGNALS[sent]} " in end["REASON"] and end["OUTCOME"] == "stopped", (sent, end)
        nothing_left(project, 15)


def test_signal_to_every_process_of_the_job(project):
    connect_until_answered(project)
    tell(project, "--full", "--signal=USR2")
    assert "SIGUSR2" in ended(project)["REASON"], last(project)
    nothing_left(project, 15)
    connect_until_answered(project, user="ann2", host="login2")
    ends_well(project)


def test_what_suspends_a_job_is_no_order_to_end(project):
    connect_until_answered(project)
    (supervisor,) = project.coord_pids("supervise")
    for one in (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG):
        os.kill(supervisor, one)
    beat = int(project.info()["BEAT"])
    eventually(lambda: int(project.info()["BEAT"]) > beat + 1, 20, "it goes on")
    assert last(project)["KIND"] == "started"


@pytest.mark.parametrize("sent", ["TERM", "USR1", "KILL"])
def test_script_without_exec_that_gets_the_signal(project, sent):
    without_exec(project)
    connect_until_answered(project)
    assert len(project.server_pids()) == 1
    tell(project, "--batch", f"--signal={sent}")
    end = ended(project)
    assert f"the job's script was ended by SIG{sent} " in end["REASON"] and end["OUTCOME"] == "stopped", end
    nothing_left(project, 15)
    connect_until_answered(project, user="ann2", host="login2")
    ends_well(project)


def test_script_without_exec_ends_in_order(project):
    without_exec(project)
    connect_until_answered(project)
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{project.info()['JOB_ID']}.log"
    assert project.run("stop").code == 0
    eventually(lambda: "the server is over" in log.read_text().splitlines()[-1], 10, "the script goes on after it")


def test_script_that_leaves_its_server_behind(project):
    """Where it is in the background and the script ends, the job is over, and coord with it."""
    script = project.path / "hpc_utils" / "start_server.sh"
    text = script.read_text().replace("exec hpc_utils/bin/coord", "hpc_utils/bin/coord")
    script.write_text(text.rstrip("\n") + " &\nsleep 8\n")
    result = project.run("connect", timeout=200)
    eventually(lambda: project.kinds()[-1] == "ended", 60, "the end is recorded")
    assert "the job's script ended before its server (exit 0)" in last(project)["REASON"], (result, last(project))
    nothing_left(project, 15)


def test_supervisor_that_hangs_when_its_script_is_killed(project):
    """Its guardian watches the same: the server has to be gone before two looks prove the end."""
    without_exec(project)
    project.job_environment("FAKE_PANEL_STUBBORN=1")
    connect_until_answered(project)
    (supervisor,) = project.coord_pids("supervise")
    os.kill(supervisor, signal.SIGSTOP)
    tell(project, "--batch", "--signal=KILL")
    try:
        eventually(lambda: not project.server_pids(), 5, "its guardian ends the server, stubborn or not")
    finally:
        # Where Slurm was sooner it is gone.
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGCONT)
    nothing_left(project, 30)


def own_binary(project):
    """A file of its own: that of the tests is one for all projects."""
    mine = project.coord.with_suffix(".mine")
    shutil.copy(project.coord, mine)
    shutil.chown(mine, group="lab")
    os.rename(mine, project.coord)


def test_upgrade_under_a_running_server(project):
    own_binary(project)
    connect_until_answered(project)
    (supervisor,) = project.coord_pids("supervise")
    assert not os.readlink(f"/proc/{supervisor}/exe").startswith("/shared/")
    assert pathlib.Path(f"/proc/{supervisor}/comm").read_text() == "coord\n"
    new = project.coord.read_bytes()
    # What NFS makes of a file that another host replaces: its pages are gone. A file that is being run could not be written.
    os.truncate(project.coord, 0)
    beat = int(project.info()["BEAT"])
    eventually(lambda: int(project.info()["BEAT"]) > beat + 1, 20, "it goes on")
    project.coord.write_bytes(new)
    assert project.run("stop").code == 0
    assert last(project)["OUTCOME"] == "stopped" and "stop" in last(project)["REASON"], last(project)
    nothing_left(project, 15)


@pytest.fixture
def planted():
    """What is under /tmp beforehand, by its owner; taken away again."""
    made = []

    def plant(name, user, age, link=None):
        path = pathlib.Path("/tmp", f"coord-run.{name}")
        if link:
            path.symlink_to(link)
        else:
            path.mkdir(mode=0o700)
            (path / "coord").write_text("left over")
        owner = pwd.getpwnam(user)
        for one in [path / "coord", path] if not link else [path]:
            os.chown(one, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
            os.utime(one, (time.time() - age,) * 2, follow_symlinks=False)
        made.append(path)
        return path

    yield plant
    for path in made:
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)


def test_copy_leaves_nothing_and_takes_away_only_its_own(project, planted):
    target = planted("target", "ann1", 0)
    old, young = planted("old", "ann1", 3600), planted("young", "ann1", 5)
    theirs, link = planted("theirs", "ann2", 3600), planted("link", "ann2", 3600, link=target)
    open_to_all = planted("open", "ann1", 3600)
    open_to_all.chmod(0o777)
    os.utime(open_to_all, (time.time() - 3600,) * 2)
    before = set(pathlib.Path("/tmp").glob("coord-run.*"))
    connect_until_answered(project)
    (supervisor,) = project.coord_pids("supervise")
    assert os.readlink(f"/proc/{supervisor}/exe").startswith("/tmp/coord-run.")
    assert set(pathlib.Path("/tmp").glob("coord-run.*")) == before - {old}
    assert all(path.exists() for path in [young, theirs, link, open_to_all, target / "coord"])
    server = project.server_pids()[0]
    assert b"COORD_NODE_COPY" not in pathlib.Path(f"/proc/{server}/environ").read_bytes()
    assert project.run("stop").code == 0


def test_directories_that_run_nothing(project):
    """noexec, full, or another's: the next one is tried; where there is none it runs from where it is, and says so."""
    script = (
        'for d in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o noexec,mode=1777 none "$d"; done\n'
        'cd "$1"; export TMPDIR=$1/full SLURM_TMPDIR=/nowhere; mkdir -p "$1/full"; mount -t tmpfs -o size=1m none "$1/full"\n'
        '"$2" supervise; echo "exit $?"; ls -A /tmp /var/tmp /dev/shm "$1/full"\n')
    said = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script, "-", str(project.path), str(project.coord)],
        capture_output=True, text=True)
    assert "coord runs from where it is: run a copy of coord in /dev/shm: Permission denied" in said.stderr, said
    assert "exit 64" in said.stdout and "coord-run" not in said.stdout, said


@pytest.fixture
def epilog(cluster, tmp_path):
    """Hangs for each job while the file is there, as one that waits for a file server does."""
    hold, script = tmp_path / "hold", tmp_path / "epilog"
    for folder in [tmp_path, tmp_path.parent, tmp_path.parent.parent]:
        folder.chmod(0o755)
    script.write_text(f"#!/bin/sh\nwhile [ -e {hold} ]; do sleep 0.2; done\n")
    script.chmod(0o755)
    hold.touch()
    with slurm_conf(cluster, f"Epilog={script}"):
        yield hold
        hold.unlink(missing_ok=True)


def test_job_that_hangs_in_completing_blocks_nobody(cluster, project, epilog):
    environment = project.path / "hpc_utils" / "env.sh"
    right = environment.read_text()
    environment.write_text("exit 3\n")
    result = project.run("connect")
    assert result.code == 69 and "hangs on its node (COMPLETING" in result.errors, result
    assert "then try again" in result.errors, result
    assert "COMPLETING" in cluster.squeue("--format=%T|%Z").split(f"|{project.path}")[0]
    environment.write_text(right)
    connect_until_answered(project, user="ann2", host="login2")
    assert "COMPLETING" in cluster.squeue("--format=%T|%Z").split(f"|{project.path}")[0], "it hangs to this day"
    assert project.kinds().count("started") == 1
    epilog.unlink()
    ends_well(project)


def test_jobs_that_end_one_after_the_other(project):
    """Each is lost before its server answers: a connect that may wait for long makes four, and says how the last one ended."""
    project.job_environment("FAKE_PANEL_SLOW=60")
    with open(project.path / "hpc_utils" / "env.sh", "a") as file:
        file.write("(sleep 3; kill -KILL $$) &\n")
    result = project.run("connect", "--timeout", "500", timeout=520)
    assert result.code == 69 and "4 jobs ended one after the other while you waited" in result.errors, result
    assert "the last one: job" in result.errors and "`coord history` tells" in result.errors, result
    assert len(project.calls("sbatch")) == 4 and project.kinds().count("started") == 4
    assert project.kinds()[-1] == "ended" and not project.jobs()
