"""install.sh, doctor and users, and the cleanup by a real cron daemon and a real systemd user manager."""
import contextlib
import grp
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import zipfile

import pytest
from conftest import MINICLUSTER, REPOSITORY, STATE, Finished, eventually
from scenes import nobody_recorded, scene

INSTALL = "hpc_utils/install.sh"


def unbuilt(project):
    """A project with an application, and no coord installed yet; the binary apart from it."""
    app = project.path / "visualize_accelerometry"
    app.mkdir()
    (app / "app.py").touch()
    binary = project.path / "coord.build"
    os.rename(project.coord, binary)
    project.coord.parent.rmdir()
    shutil.chown(project.path / "hpc_utils", user="ann1", group="lab")
    return project


@pytest.fixture
def fresh(project):
    return unbuilt(project)


def install(project, *words, **options):
    return project.shell("bash", INSTALL, *words, **options)


def test_installs_with_the_modes_of_the_team(fresh):
    dry = install(fresh, "--binary", "coord.build", "--group", "lab", "--dry-run")
    assert "would run: cp" in dry.output and not fresh.coord.exists(), dry
    done = install(fresh, "--binary", "coord.build", "--group", "lab", "--no-cleanup")
    assert done.code == 0 and "link(2): works" in done.output, done
    for folder in ["hpc_utils", "hpc_utils/bin", "hpc_utils/locks", "hpc_utils/logs"]:
        s = os.stat(fresh.path / folder)
        assert oct(s.st_mode)[-4:] == "2775" and s.st_gid == os.stat(fresh.path).st_gid, folder
    # Teammates connect; and it may be installed again over a running server.
    first = fresh.run("connect", user="ann2")
    assert first.code == 0, first
    again = install(fresh, "--binary", "coord.build", "--group", "lab", "--no-cleanup")
    assert again.code == 0, again
    assert fresh.run("connect", user="ann3").output == first.output
    gone = install(fresh, "uninstall")
    assert gone.code == 0 and not fresh.coord.exists()
    assert (fresh.path / "hpc_utils" / "locks" / "00000001").exists(), "the log stays"
    os.link(fresh.path / "coord.build", fresh.path / "hpc_utils" / "coord")
    (fresh.path / "hpc_utils" / "bin").mkdir()
    (fresh.path / "hpc_utils" / "coord").rename(fresh.coord)
    assert fresh.run("stop", user="ann2").code == 0


def test_archive_is_unpacked(fresh):
    (fresh.path / "release").mkdir()
    os.link(fresh.path / "coord.build", fresh.path / "release" / "coord")
    subprocess.run(["tar", "-C", fresh.path, "-czf", fresh.path / "coord.tar.gz", "release"], check=True)
    assert install(fresh, "--binary", "coord.tar.gz", "--no-cleanup").code == 0
    assert fresh.run("version").output.startswith("coord ")


@pytest.mark.parametrize("words, code, said", [
    (["--binary", "nowhere"], 69, "there is no binary"),
    (["--binary", "credentials.json"], 69, "does not run here"),
    (["--binary"], 64, "--binary needs a value"),
    (["--nonsense"], 64, "--nonsense is no option"),
    (["--binary", "coord.build", "--group", "nogroup-here"], 78, "there is no group"),
])
def test_what_is_wrong_is_said_and_nothing_is_done(fresh, words, code, said):
    result = install(fresh, *words)
    assert result.code == code and said in result.errors and "next:" in result.errors, result
    assert not fresh.coord.exists()


def test_something_bad_is_said(fresh):
    (fresh.path / "credentials.json").write_text("{}")
    result = install(fresh, "--binary", "coord.build", "--no-cleanup")
    assert result.code == 78 and "holds no user" in result.output and "coord doctor" in result.errors, result


# ---- README's Install, as a team does it ----

@pytest.fixture
def private_group():
    """A group that only ann1 is in, as every user has one of its own on many clusters."""
    subprocess.run(["groupadd", "--gid", "7301", "annpriv"], check=True)
    subprocess.run(["usermod", "--append", "--groups", "annpriv", "ann1"], check=True)
    yield "annpriv"
    subprocess.run(["groupdel", "annpriv"], check=True)


def readme_lines():
    """What README says to type."""
    section = (REPOSITORY / "README.md").read_text().split("\n## Install\n")[1].split("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ")]


def wheel(path):
    """The annotation app as PyPI has it: its folder in a wheel, without data."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("visualize_accelerometry/app.py", "")
        archive.writestr("visualize_accelerometry/templates/login.html", "login")
        archive.writestr("accelerometry_annotator-3.5.3.dist-info/METADATA", "Name: accelerometry-annotator\n")


def checked_out(project, group):
    """As `git clone` leaves it for ann1, with umask 077, in a group of its own, on a folder without setgid."""
    binary = project.coord.read_bytes()
    project.coord.unlink()
    project.coord.write_bytes(binary)
    (project.path / "credentials.json").write_text("{}\n")
    subprocess.run(["chown", "-R", f"ann1:{group}", project.path], check=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=,g-s", project.path], check=True)
    project.coord.chmod(0o700)
    # The tests' own.
    subprocess.run(["chmod", "-R", "a+rwX", project.shims, project.path / "fake"], check=True)
    for tool in [*project.shims.glob("s[a-z]*"), project.path / "fake" / "panel"]:
        tool.chmod(0o755)


def test_readme_install_by_one_and_used_by_another(project, private_group):
    checked_out(project, private_group)
    fetch, install_it, add, load, doctor, connect = readme_lines()
    # There are no modules here.
    (project.path / "hpc_utils" / "env.sh").unlink()
    load = load.replace("module load panel", f"PATH={project.path}/fake:$PATH")
    # No network here: pip brings what PyPI has.
    (name,) = re.findall(r"--app (\S+\.whl)", install_it)
    source = project.path / "fake" / name
    wheel(source)
    source.chmod(0o644)
    pip = project.path / "fake" / "pip"
    pip.write_text(f'#!/bin/sh\n[ "$*" = "download --no-deps accelerometry-annotator==3.5.3" ] && cp {source} .\n')
    pip.chmod(0o755)

    def line(text, user, answer=""):
        words = ["sg", private_group, "-c", text] if user == "ann1" else ["sh", "-c", text]
        environment = {**project.environment(), "PATH": f"{project.path}/fake:{project.environment()['PATH']}"}
        typed = ["sh", "-c", 'printf "%s\\n" "$0" | "$@"', answer, *words]
        return Finished(project.cluster.start("login1", user, project.path, typed, environment, "077"), 200)

    # umask 077 hides it from ann2 until it is installed.
    assert line(connect, "ann2").code != 0
    for text, answer in [(fetch, ""), (install_it, "first secret"), (add, "another"), (load, ""), (doctor, "")]:
        done = line(text, "ann1", answer)
        assert done.code == 0, (text, done)
    users = json.loads((project.path / "credentials.json").read_text())
    assert users == {"megan": "first secret", "fran": "another"}
    s = (project.path / "credentials.json").stat()
    assert oct(s.st_mode)[-3:] == "640" and s.st_gid == grp.getgrnam("lab").gr_gid
    checked = line(doctor, "ann2")
    assert checked.code == 0 and "bad" not in checked.output, checked
    served = line(connect, "ann2")
    assert served.code == 0, served
    assert line(connect, "ann1").output == served.output
    assert line("hpc_utils/bin/coord users add alan", "ann2", "third").code == 0
    assert line("hpc_utils/bin/coord stop", "ann1").code == 0
    # And the other way round: the next server is the installer's job.
    assert line(connect, "ann1").code == 0 and line("hpc_utils/bin/coord stop", "ann2").code == 0


def test_checkout_that_umask_closed_is_given_to_the_group(project, private_group):
    for name in ["README.md", "docs/operations.md", "systemd/coord.service", "systemd/coord.service.d/system.conf", "secret",
                 "hpc_utils/.cookie_secret"]:
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).write_text("x")
    checked_out(project, private_group)
    done = install(project, "--group", "lab", "--no-cleanup")
    assert done.code == 78 and "holds no user" in done.output, done
    for name in ["README.md", "docs/operations.md", "systemd/coord.service", "systemd/coord.service.d/system.conf",
                 "hpc_utils/coord.cron", "hpc_utils/coord.conf", "hpc_utils/connect.sh", "hpc_utils/env.sh"]:
        assert project.shell("cat", name, user="ann2").code == 0, name
    for name in ["secret", "hpc_utils/.cookie_secret"]:
        assert project.shell("cat", name, user="ann2").code != 0, name
    assert oct((project.path / "README.md").stat().st_mode)[-3:] == "640", "to read, and to nobody else"


def git(project, *words):
    done = project.shell("git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words)
    assert done.code == 0, (words, done)
    return done.output


def test_git_publishes_no_password(project):
    """Nor does it take them away, and what comes by git pull is installed as ever."""
    path = project.path / "credentials.json"
    path.write_text("{}\n")
    (project.path / ".gitignore").write_text("*\n!/credentials.json\n!/README.md\n!.gitignore\n")
    (project.path / "README.md").write_text("old\n")
    subprocess.run(["chown", "-R", "ann1:lab", project.path], check=True)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=one")
    git(project, "clone", "--quiet", "--bare", ".", "upstream")
    git(project, "remote", "add", "origin", "upstream")
    words = [INSTALL, "--group", "lab", "--user", "megan", "--no-cleanup"]
    dry = project.shell("bash", *words, "--dry-run")
    assert "would run: git --literal-pathspecs update-index --skip-worktree" in dry.output, dry
    # Without an application the check at its end is bad.
    first = project.shell("sh", "-c", f"echo secret | bash {' '.join(words)}")
    assert first.output.count("git passes over credentials.json from now on") == 1, first
    assert git(project, "status", "--porcelain") == "" and json.loads(path.read_text()) == {"megan": "secret"}
    assert users(project, "add", "alan", password="other").code == 0
    git(project, "commit", "--quiet", "--all", "--allow-empty", "--message=two")
    assert git(project, "show", "HEAD:credentials.json") == "{}\n"
    (project.path / "README.md").write_text("mine\n")
    git(project, "stash")
    git(project, "stash", "pop")
    git(project, "checkout", "README.md")
    assert oct(path.stat().st_mode)[-3:] == "640" and set(json.loads(path.read_text())) == {"megan", "alan"}
    # A newer coord by git pull, without and with another credentials.json.
    for number, content in enumerate(["{}\n", "{ }\n"]):
        git(project, "clone", "--quiet", "upstream", f"fake/clone{number}")
        clone = project.path / "fake" / f"clone{number}"
        (clone / "README.md").write_text(f"new {number}\n")
        (clone / "credentials.json").write_text(content)
        git(project, "-C", str(clone), "commit", "--quiet", "--all", "--message=new")
        git(project, "-C", str(clone), "push", "--quiet", "origin", "main")
        pull = ["pull", "--quiet", "--rebase", "origin", "main"]
        if number == 0:
            git(project, *pull)
        else:
            assert project.shell("git", *pull).code != 0, "git says that it would be overwritten"
            section = (REPOSITORY / "docs" / "moving.md").read_text().split("\n## A newer coord\n")[1].split("\n## ")[0]
            lines = [line.strip() for line in section.splitlines() if line.startswith("    ")]
            text = "\n".join(["set -e", "git config pull.rebase true", "git config user.name x", "git config user.email x@example.org",
                              "git branch -u origin/main", *lines])
            done = project.shell("sh", "-c", text.replace("GROUP", "lab --no-cleanup"))
            assert done.output.count("git passes over") == 1, done
        assert (project.path / "README.md").read_text() == f"new {number}\n"
        assert oct(path.stat().st_mode)[-3:] == "640" and set(json.loads(path.read_text())) == {"megan", "alan"}
        assert git(project, "status", "--porcelain") == ""
    again = project.shell("bash", INSTALL, "--no-cleanup")
    assert "git passes over" not in again.output, "said once"


def test_credentials_of_another_group_are_named(project, private_group):
    path = project.path / "credentials.json"
    shutil.chown(path, "ann1", private_group)
    lost = project.run("connect", user="ann2")
    assert lost.code == 78 and f"it belongs to the group {private_group} (mode 640), and the team's group is lab" in lost.errors
    assert f"its owner ann1 runs `chgrp lab {path} && chmod 640 {path}`" in lost.errors, lost
    assert users(project, "add", "alan", password="x").code == 0, "its owner gives it to the team"
    assert path.stat().st_gid == grp.getgrnam("lab").gr_gid
    assert project.run("connect", user="ann2").code == 0


def test_folders_without_setgid_take_the_group_of_the_team(project, private_group):
    (project.path / "hpc_utils").chmod(0o775)
    words = ["sg", private_group, "-c", f"{project.coord} connect"]
    first = Finished(project.cluster.start("login1", "ann1", project.path, words, project.environment()), 200)
    assert first.code == 0, first
    s = (project.path / "hpc_utils" / "locks").stat()
    assert s.st_gid == grp.getgrnam("lab").gr_gid and oct(s.st_mode)[-3:] == "775"
    assert project.run("stop", user="ann2").code == 0


@pytest.mark.parametrize("words, code, said", [
    (["--app", "nowhere"], 69, "there is no app"), (["--app", "credentials.json"], 64, "is no app"),
    (["--app", "fake"], 69, "has no app.py"), (["--user", "a b"], 78, "was not added"),
    (["--user", "megan"], 78, "the password was empty"),
])
def test_app_or_user_that_cannot_be(project, words, code, said):
    shutil.chown(project.path / "hpc_utils", user="ann1", group="lab")
    result = install(project, *words, "--no-cleanup")
    assert result.code == code and said in result.errors and "next:" in result.errors, result


def inside(pid, user, *command, **environment):
    """Runs a command in the namespaces of a process."""
    words = ["nsenter", "-t", str(pid), "--uts", "--net", "--mount", "--", "runuser", "-u", user, "--", "env",
             *[f"{k}={v}" for k, v in environment.items()], *command]
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def on_login1(*command):
    """Starts a command on login1 in a mount namespace of its own."""
    pid = (STATE / "run" / "login1" / "init.pid").read_text().strip()
    return subprocess.Popen(
        ["nsenter", "-t", pid, "--uts", "--net", "--mount", "--", "unshare", "--mount", "--propagation", "private",
         "--", *command], stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def cron_daemon(prepare=":"):
    """A real cron on login1, with crontabs of its own, after `prepare` in its mount namespace; runs commands beside it."""
    cron = on_login1("sh", "-c", "mount -t tmpfs -o mode=1730,gid=$(getent group crontab | cut -d: -f3) none "
                     # Its lock too is its own: several of these may run.
                     "/var/spool/cron/crontabs && touch /run/crond.pid /var/spool/cron/crontabs/.pid && "
                     # It looks at whole seconds: a crontab of the one in which it began would not be seen.
                     "touch -d 1970-01-02 /var/spool/cron/crontabs && "
                     f"mount --bind /var/spool/cron/crontabs/.pid /run/crond.pid && {{ {prepare}; }} && exec cron -f")
    try:
        eventually(lambda: b"cron" in pathlib.Path(f"/proc/{cron.pid}/cmdline").read_bytes().split(b"\0")[0], 10, "cron runs")
        yield lambda *command: inside(cron.pid, "ann1", *command)
    finally:
        cron.terminate()
        cron.wait(10)


@scene()
def cleanup_by_the_real_cron_daemon(make, trace):
    fresh = unbuilt(make())
    with cron_daemon() as run:
        run("sh", "-c", "echo '1 1 1 1 1 true' | crontab -")
        script = str(fresh.path / INSTALL)
        for _ in range(2):
            done = run("bash", script, "--binary", str(fresh.path / "coord.build"), "--cron")
            assert done.returncode == 0, done
        lines = run("crontab", "-l").stdout.splitlines()
        wanted = f"*/10 * * * * {fresh.path}/hpc_utils/bin/coord cleanup --root {fresh.path} --quiet"
        assert [line for line in lines if not line.startswith("#")] == ["1 1 1 1 1 true", wanted], "once, beside what was there"
        nobody_recorded(fresh, user="ann2")
        # Ten minutes are too long for a test.
        run("sh", "-c", "crontab -l | sed 's|^[*]/10|*|' | crontab -")
        eventually(lambda: fresh.kinds()[-1] == "ended", 150, "cron's cleanup records it")
        assert fresh.entries()[-1]["USER"] == "ann1"
        run("sh", "-c", "crontab -l | sed 's|^[*] [*] [*]|*/10 * *|' | crontab -")
        assert run("bash", script, "uninstall").returncode == 0
        assert [line for line in run("crontab", "-l").stdout.splitlines() if not line.startswith("#")] == ["1 1 1 1 1 true"]


@pytest.fixture
def user_manager(tmp_path):
    """A real systemd user manager on login1; runs commands in it."""
    # A socket's path has some hundred characters.
    folder = pathlib.Path("/tmp", f"coord-systemd-{os.getpid()}")
    folder.mkdir()
    manager = on_login1(pathlib.Path(__file__).parent / "user_systemd", folder)
    try:
        eventually(lambda: (folder / "run" / "systemd" / "private").exists(), 30, "the user manager is up")
        yield lambda *command: inside(
            manager.pid, "root", *command, XDG_RUNTIME_DIR=folder / "run", XDG_CONFIG_HOME=folder / "config")
    finally:
        manager.send_signal(signal.SIGRTMIN + 24)
        try:
            manager.wait(20)
        except subprocess.TimeoutExpired:
            manager.kill()
            manager.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_cleanup_by_a_systemd_timer(fresh, user_manager):
    script = str(fresh.path / INSTALL)
    shutil.copytree(pathlib.Path(__file__).parents[2] / "systemd", fresh.path / "systemd")
    done = user_manager("bash", script, "--binary", str(fresh.path / "coord.build"), "--systemd")
    assert done.returncode == 0, done
    timers = json.loads(user_manager("systemctl", "--user", "list-timers", "--output=json").stdout)
    (timer,) = [t["unit"] for t in timers if t["unit"].startswith("coord-cleanup-")]
    service = timer.replace(".timer", ".service")
    folder = [w for w in user_manager("systemctl", "--user", "show", "-P", "FragmentPath", service).stdout.split()]
    assert user_manager("systemd-analyze", "--user", "verify", *folder).stderr == ""
    nobody_recorded(fresh, user="ann2")
    started = user_manager("systemctl", "--user", "start", service)
    assert started.returncode == 0, user_manager("systemctl", "--user", "status", service).stdout
    assert fresh.kinds()[-1] == "ended"
    gone = user_manager("bash", script, "uninstall")
    assert gone.returncode == 0, gone
    assert timer not in user_manager("systemctl", "--user", "list-timers", "--all").stdout


# ---- doctor ----

def test_doctor(project):
    sound = project.run("doctor")
    assert sound.code == 78 and "bad      application" in sound.output, sound
    (project.path / "visualize_accelerometry").mkdir()
    (project.path / "visualize_accelerometry" / "app.py").touch()
    assert project.run("connect").code == 0
    sound = project.run("doctor", user="ann2", host="login2")
    assert sound.code == 0 and "accepts connections from this host" in sound.output, sound
    checks = [json.loads(line) for line in project.run("doctor", "--json").output.splitlines()]
    assert {c["verdict"] for c in checks} <= {"ok", "warning"} and len(checks) > 10
    output = project.path / "visualize_accelerometry" / "data" / "output"
    output.mkdir(parents=True)
    shutil.chown(output, group="lab")
    output.chmod(0o2775)
    (output / "annotations.xlsx").touch(0o644)
    locked = project.run("doctor", user="ann2")
    assert locked.code == 78 and "a server of yours could not save" in locked.output, locked
    (output / "annotations.xlsx").chmod(0o666)
    assert project.run("doctor", user="ann2").code == 0
    names = sorted(p.name for p in (project.path / "hpc_utils" / "locks").iterdir() if "doctor" in p.name)
    assert names == [], "it leaves nothing behind"
    (project.path / "hpc_utils" / "locks").chmod(0o2755)
    other = project.run("doctor", user="ann3")
    assert other.code == 78 and "you may not write in it" in other.output and "chmod g+rwxs" in other.output, other
    (project.path / "hpc_utils" / "locks").chmod(0o2775)
    lost = project.run("doctor", environment={"SLURM_CONF": "/nonexistent"})
    assert lost.code == 78 and "bad      scheduler" in lost.output, lost


# ---- logs, history ----

def test_logs_and_history(project):
    empty = project.run("logs")
    assert empty.code == 69 and "there is no log yet" in empty.errors
    assert project.run("connect").code == 0
    assert "Bokeh app running" in project.run("logs", user="ann2").output
    follow = project.start("logs", "--follow", user="ann2")
    log = project.path / "hpc_utils" / "logs" / f"panel-server-{project.info()['JOB_ID']}.log"
    with open(log, "a") as file:
        file.write("a new line\n")
    seen = []
    eventually(lambda: seen.append(follow.stdout.readline()) or "a new line" in seen[-1], 20, "what comes is followed")
    subprocess.run(["pkill", "-INT", "-f", f"^{project.coord} logs"], check=True)
    assert Finished(follow, 20).code == 130
    assert project.run("stop", "--reason", "new data", user="ann5").code == 0
    lines = project.run("history").output.splitlines()
    assert len(lines) == len(project.entries()) and "stop-requested" in lines[-2] and "new data" in lines[-2], lines
    rows = [json.loads(line) for line in project.run("history", "--json").output.splitlines()]
    assert [row["kind"] for row in rows] == project.kinds() and rows[-2]["user"] == "ann5"


def test_log_of_an_older_server_is_named(project):
    assert project.run("connect").code == 0
    job = project.info()["JOB_ID"]
    assert project.run("stop").code == 0
    mine = project.run("logs", user="ann2")
    assert mine.code == 0 and mine.errors == "" and "Bokeh app running" in mine.output, mine
    project.edit_job("--hold")
    project.leave_waiting()
    (waiting,) = [row[0] for row in project.jobs()]
    told = project.run("logs", user="ann2")
    assert told.code == 0 and "Bokeh app running" in told.output, told
    assert f"job {waiting} has not begun, and has no log yet; this is the log of job {job}, which ended at 20" in told.errors
    assert project.run("stop").code == 0
    told = project.run("logs")
    assert told.code == 0 and f"the last job, {waiting}, left no log; this is the log of job {job}, which" in told.errors, told
    for log in (project.path / "hpc_utils" / "logs").glob("*.log"):
        log.unlink()
    gone = project.run("logs")
    assert gone.code == 69 and f"the last job, {waiting}, left no log" in gone.errors, gone


def test_doctor_counts_jobs_that_are_not_over(project):
    assert project.run("connect").code == 0
    assert "; 1 jobs of this project" in project.run("doctor").output
    assert project.run("stop").code == 0
    assert "; 0 jobs of this project" in project.run("doctor").output


# ---- users ----

def users(project, *words, password=None, before="", user="ann1"):
    line = f"printf '%s\\n' '{password}' | " if password else ""
    return project.shell("sh", "-c", f"{line}{before} {project.coord} users {' '.join(words)}", user=user)


def test_users(project):
    path = project.path / "credentials.json"
    assert users(project, "list").output == "megan\n"
    assert users(project, "add", "alan", password="pass word").code == 0
    assert json.loads(path.read_text()) == {"megan": "secret", "alan": "pass word"}
    assert oct(path.stat().st_mode)[-3:] == "640" and path.stat().st_gid == os.stat(project.path).st_gid
    assert "new password" in users(project, "add", "alan", password="other").errors
    assert users(project, "remove", "megan").code == 0
    assert json.loads(path.read_text()) == {"alan": "other"}
    assert "nothing was changed" in users(project, "remove", "megan").errors
    empty = users(project, "add", "fran")
    assert empty.code == 64 and "the password was empty" in empty.errors and "standard input" in empty.errors, empty
    blank = users(project, "add", "'fr an'", password="x")
    assert blank.code == 64 and "cannot be a user's name" in blank.errors and "coord help" not in blank.errors, blank
    path.write_text("{")
    broken = users(project, "add", "fran", password="x")
    assert broken.code == 78 and path.read_text() == "{", "what cannot be read is not overwritten"


def test_credentials_that_are_open_to_all(project):
    """Only their owner may change the mode: whoever last changed them, or checked them out."""
    path = project.path / "credentials.json"
    shutil.chown(path, "ann2", "lab")
    path.chmod(0o644)
    lost = project.run("connect")
    assert lost.code == 78 and f"its owner ann2 runs `chmod 640 {path}`; or " in lost.errors, lost
    assert project.shell("chmod", "640", str(path)).code != 0
    assert "`coord users add NAME`" in lost.errors and users(project, "add", "alan", password="x").code == 0
    assert oct(path.stat().st_mode)[-3:] == "640" and project.run("connect").code == 0


def test_credentials_that_a_teammate_keeps_to_himself(project):
    path = project.path / "credentials.json"
    shutil.chown(path, "ann2", "lab")
    path.chmod(0o600)
    for words, password in [(["list"], None), (["add", "alan"], "x"), (["remove", "megan"], None)]:
        lost = users(project, *words, password=password)
        assert lost.code == 77 and f"its owner ann2 runs `chmod 640 {path}`" in lost.errors, lost
        assert f"{path} cannot be read" in lost.errors and "hpc_utils" not in lost.errors, lost
    assert "its owner ann2 runs" in project.run("doctor").output
    own = project.run("doctor", user="ann2")
    assert re.search(r"warning +credentials: .*the team cannot read it: .*mode 600", own.output), own
    added = users(project, "add", "alan", password="x", user="ann2")
    assert added.code == 0 and "the team cannot read it" in added.errors and oct(path.stat().st_mode)[-3:] == "600", added
    assert project.shell("chmod", "640", str(path), user="ann2").code == 0
    assert "the team cannot read it" not in project.run("doctor", user="ann2").output
    # Who may not change the folder is told which one.
    project.path.chmod(0o2755)
    closed = users(project, "add", "fran", password="x")
    assert closed.code == 77 and f"ask root, whose folder it is in, to give your group access: `chmod g+rwxs {project.path}`" in closed.errors
    assert users(project, "list").output == "alan\nmegan\n"


def test_link_to_the_credentials_stays(project):
    path = project.path / "credentials.json"
    (project.path / "elsewhere").mkdir()
    shutil.chown(project.path / "elsewhere", "ann1", "lab")
    path.rename(project.path / "elsewhere" / "real.json")
    path.symlink_to("elsewhere/real.json")
    assert users(project, "add", "alan", password="x").code == 0
    assert path.is_symlink() and set(json.loads(path.read_text())) == {"megan", "alan"}
    assert project.run("connect").code == 0
    left = project.path / "elsewhere" / ("real.json." + "0" * 16)
    left.touch()
    os.utime(left, (1, 1))
    assert "elsewhere/real.json.0" in project.run("cleanup").output and not left.exists()


@pytest.mark.parametrize("line, said", [
    ("CREDENTIALS=~/credentials.json", "~ and $HOME are not expanded"),
    ("CREDENTIALS=/nowhere/credentials.json", "there is no folder /nowhere"),
])
def test_credentials_that_cannot_be_there(project, line, said):
    with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
        conf.write(line + "\n")
    for result in [project.run("connect"), users(project, "add", "alan", password="x")]:
        assert result.code == 78 and said in result.errors and "quota" not in result.errors, result
        assert "`coord users add NAME` adds one" not in result.errors, result


def test_empty_socket_is_no_service(project):
    with open(project.path / "hpc_utils" / "coord.conf", "a") as conf:
        conf.write(" \n\t# none\nSOCKET =\n")
    assert project.run("connect").code == 0
    serve = project.run("serve")
    assert serve.code == 78 and "SOCKET" in serve.errors, serve


def test_many_add_users_at_once(project):
    many = [project.cluster.start(f"login{i % 2 + 1}", f"ann{i % 3 + 1}", project.path,
                                  ["sh", "-c", f"echo p{i} | {project.coord} users add u{i}"]) for i in range(20)]
    assert {Finished(one, 60).code for one in many} == {0}
    assert set(json.loads((project.path / "credentials.json").read_text())) == {"megan", *[f"u{i}" for i in range(20)]}


@pytest.mark.parametrize("call", ["write", "fsync", "close", "rename"])
def test_users_are_never_lost_on_a_full_disk(project, call):
    path = project.path / "credentials.json"
    before = path.read_text()
    trace = project.path / "trace"
    # The temporary file's name is not known beforehand: every such call of the process fails.
    strace = f"strace -o {trace} -e inject={call}:error=ENOSPC:when=1+"
    result = users(project, "add", "alan", password="x", before=strace)
    assert "(INJECTED)" in trace.read_text()
    assert result.code in (74, 137) or call == "close", result
    assert path.read_text() == before
    assert users(project, "add", "alan", password="x").code == 0
    assert len(json.loads(path.read_text())) == 2
    assert [p.name for p in project.path.iterdir() if p.name.startswith("credentials.json.")] == []
