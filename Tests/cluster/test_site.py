"""Clusters as they are: where Slurm's commands are, what cron's and other people's environments hold."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import Finished, eventually
from scenes import nobody_recorded, scene
from test_install import cron_daemon

COMMANDS = ["squeue", "sbatch", "scancel", "scontrol"]
HIDE = "for name in %s; do mount --bind /dev/null /usr/bin/$name; done" % " ".join(COMMANDS)


def opt_slurm(project):
    """Shell: Slurm's commands are in /opt/slurm/bin alone, where each call is written down."""
    return (
        f"mount -t tmpfs none /opt && mkdir -p /opt/slurm/bin /opt/slurm/real && for name in {' '.join(COMMANDS)}; do "
        f"cp /usr/bin/$name /opt/slurm/real/ && printf '#!/bin/sh\\nSHIM_DIR={project.shims} SHIM_REAL=/opt/slurm/real "
        f"exec {project.shims}/%s \"$@\"\\n' $name >/opt/slurm/bin/$name && chmod 755 /opt/slurm/bin/$name; done && {HIDE}")


@scene()
def cron_line_by_hand(make, trace):
    """The line of coord.cron, under cron's own short PATH: it finds Slurm, asks it only for a proof, and is silent else."""
    project = make()
    with cron_daemon(opt_slurm(project)) as run:
        cron = (project.path / "hpc_utils" / "coord.cron").read_text()
        (line,) = re.findall(r"^# +(\(crontab.*)$", cron, re.M)
        done = run("sh", "-c", f"cd {project.path} && {line}")
        assert done.returncode == 0, done
        (entry,) = [row for row in run("crontab", "-l").stdout.splitlines() if row[0] != "#"]
        assert entry == f"*/10 * * * * {project.path}/hpc_utils/bin/coord cleanup --root {project.path} --quiet"
        printed, ran = project.path / "printed", project.path / "ran"
        # Ten minutes are too long for a test; what it prints cron would mail.
        command = entry.replace("*/10", "*", 1) + f" >>{printed} 2>&1; env >{ran}.env; echo >>{ran}"
        assert run("sh", "-c", f"echo '{command}' | crontab -").returncode == 0

        def runs():
            return ran.read_text().count("\n") if ran.exists() else 0

        def another_run():
            before = runs()
            eventually(lambda: runs() >= before + 1, 150, "cron runs it")

        nobody_recorded(project, user="ann2")
        eventually(lambda: project.kinds()[-1] == "ended", 200, "cron's cleanup proves it, by squeue")
        assert project.entries()[-1]["USER"] == "ann1"
        another_run()
        assert printed.read_text() == "removed hpc_utils/server_info.txt (heartbeat of a job that is over)\n"
        assert "PATH=/usr/bin:/bin\n" in (project.path / "ran.env").read_text(), "cron's own"
        # A server that is well, old files that are to be removed, and nothing to prove.
        assert project.run("connect", user="ann2").code == 0
        # The last ones stay: it is old beside the number that somebody asked under long ago.
        old, newer = [project.path / "hpc_utils" / "locks" / f"queue.{n}.asked" for n in (2, 90)]
        newer.touch()
        os.utime(old, (1, 1))
        # One that had begun before the server was well may have asked.
        another_run()
        asked = len(project.calls("squeue"))
        another_run()
        assert len(project.calls("squeue")) == asked and not old.exists()
        assert project.run("stop", user="ann2").code == 0
        another_run()
        asked = len(project.calls("squeue"))
        another_run()
        assert len(project.calls("squeue")) == asked
        assert printed.read_text().count("\n") == 1, printed.read_text()


def without_path(project, *words, prepare=HIDE, user="ann1", environment=None):
    """coord where PATH does not lead to Slurm."""
    variables = {"PATH": "/usr/bin:/bin", "SHIM_DIR": str(project.shims), **(environment or {})}
    words = project.cluster.arguments("login1", user, [str(project.path), str(project.coord), *words], variables, "022")
    at = words.index("--") + 1
    words[at:at] = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{prepare}; exec "$@"', "sh"]
    return Finished(subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), 200)


def test_slurm_is_nowhere(project):
    lost = without_path(project, "connect")
    assert lost.code == 78 and "no folder of PATH has squeue and sbatch (PATH=/usr/bin:/bin)" in lost.errors, lost
    assert "set SLURM_BIN in hpc_utils/coord.conf" in lost.errors and project.kinds() == [], lost
    doctor = without_path(project, "doctor")
    assert re.search(r"bad +scheduler: Slurm's commands are not found.*\n +next: set SLURM_BIN", doctor.output), doctor
    # Where a server is, nobody needs them.
    first = project.run("connect", user="ann2")
    assert first.code == 0, first
    assert without_path(project, "connect").output == first.output
    clean = without_path(project, "cleanup", "--quiet")
    assert (clean.code, clean.output, clean.errors) == (0, "", ""), clean
    assert without_path(project, "stop").code == 0 and project.kinds()[-1] == "ended"


def test_cleanup_that_needs_slurm_says_so(project):
    nobody_recorded(project)
    lost = without_path(project, "cleanup", "--quiet")
    assert lost.code == 78 and "SLURM_BIN" in lost.errors, lost
    assert project.kinds()[-1] == "started", "doubt ends nothing"


@pytest.mark.parametrize("way", ["usual place", "SLURM_BIN"])
def test_slurm_is_not_in_path(project, way):
    if way == "usual place":
        prepare = opt_slurm(project)
        place = "/opt/slurm/bin"
    else:
        place = project.path / "slurm"
        place.mkdir()
        for name in COMMANDS:
            shutil.copy(f"/usr/bin/{name}", place)
        prepare = HIDE
        with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
            conf.write(f"SLURM_BIN={place}/\n")
    done = without_path(project, "connect", prepare=prepare)
    assert done.code == 0, done
    assert f"squeue in {place} answers" in without_path(project, "doctor", prepare=prepare).output
    assert without_path(project, "stop", prepare=prepare).code == 0


def test_slurm_bin_that_is_wrong_is_named(project):
    with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
        conf.write("SLURM_BIN=/nowhere\n")
    result = project.run("connect")
    assert result.code == 78 and re.search(
        r"SLURM_BIN=/nowhere \(hpc_utils/coord.conf, line \d+\) has no squeue and no sbatch", result.errors), result
    assert project.kinds() == []


# ---- other people's environments ----

OTHERS = {"JOB_NAME": "build-7", "PORT": "tcp://10.0.0.1:80", "CREDENTIALS": "/home/ann1/aws", "STATUS_FILE": "/tmp/x",
          "APP_PATH": "/srv/app", "WAIT": "never", "SOCKET": "x", "NUM_PROCS": "many"}


def setting(project, key, **options):
    rows = [json.loads(line) for line in project.run("settings", "--json", **options).output.splitlines()]
    (row,) = [row for row in rows if row["setting"] == key]
    return row


def server_words(project):
    (pid,) = project.server_pids()
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def log_of(project):
    return (project.path / "hpc_utils" / "logs" / f"panel-server-{project.info()['JOB_ID']}.log").read_text()


def test_names_of_jenkins_and_kubernetes_are_not_ours(project):
    """Neither on the login node nor, through sbatch, in the job."""
    done = project.run("connect", environment=OTHERS)
    assert done.code == 0 and int(done.output.strip().rsplit(":")[-1]) >= 7860, done
    assert [row[0] for row in project.jobs()] and "--num-procs=1" in server_words(project), server_words(project)
    assert "--job-name=py_accel_viewer" in project.calls("sbatch")[0][1]
    assert "--basic-auth=credentials.json" in server_words(project)
    assert project.run("connect", user="ann2").output == done.output
    told = project.run("settings", environment=OTHERS)
    assert told.code == 0 and told.errors.count("in the environment are not coord's") == 1, told
    assert "JOB_NAME, STATUS_FILE, PORT, CREDENTIALS, APP_PATH, WAIT, SOCKET" in told.errors, told
    doctor = project.run("doctor", environment=OTHERS)
    assert doctor.output.count("are not coord's and changed nothing") == 1, doctor
    assert project.run("stop", environment=OTHERS).code == 0


def test_settings_tell_where_they_come_from(project):
    with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
        conf.write("HANG_LIMIT=200\n")
    line = (project.path / "hpc_utils" / "coord.conf").read_text().count("\n")
    assert setting(project, "HANG_LIMIT") == {
        "setting": "HANG_LIMIT", "value": "200", "unit": "s", "source": f"hpc_utils/coord.conf, line {line}"}
    assert setting(project, "START_LIMIT")["source"] == "default"
    mine = {"COORD_WAIT": "7", "COORD_HANGLIMIT": "9"}
    assert setting(project, "WAIT", environment=mine) == {
        "setting": "WAIT", "value": "7", "unit": "s", "source": "COORD_WAIT in the environment"}
    told = project.run("settings", environment=mine)
    assert re.search(r"^WAIT +7 s +COORD_WAIT in the environment$", told.output, re.M), told
    assert "COORD_HANGLIMIT in the environment is no setting and changes nothing; the nearest is COORD_HANG_LIMIT" in told.errors
    assert "COORD_HANG_LIMIT" in project.run("status", environment=mine).errors, "by every verb"
    assert "COORD_HANG_LIMIT" not in project.run("cleanup", "--quiet", environment=mine).errors


@pytest.mark.parametrize("assigned", ["PORT=8123", "export PORT=8123", "export COORD_PORT=8123"])
def test_settings_between_the_marks_of_the_job_script(project, assigned):
    script = project.path / "hpc_utils" / "start_server.sh"
    mark = "# <<< your cluster <<<"
    assert script.read_text().count(mark) == 1
    script.write_text(script.read_text().replace(mark, f"{assigned}\n{mark}"))
    done = project.run("connect", environment={"PORT": "9123"})
    assert done.code == 0 and 8123 <= int(done.output.strip().split(":")[1]) < 8200, done
    assert project.run("stop").code == 0
    # What is wrong in there is told to those who wait.
    script.write_text(script.read_text().replace(assigned, "PORT=http"))
    wrong = project.run("connect", timeout=300)
    assert wrong.code != 0, wrong


def test_own_setting_in_the_environment_reaches_the_job(project):
    done = project.run("connect", environment={"COORD_PORT": "8321"})
    assert done.code == 0 and 8321 <= int(done.output.strip().split(":")[1]) < 8400, done
