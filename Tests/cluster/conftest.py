"""A real Slurm cluster for the tests, and what a team does on it."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
MINICLUSTER = HERE / "minicluster"
STATE = pathlib.Path(os.environ.get("MINICLUSTER_DIR", "/tmp/minicluster"))
USERS = 12
LOGINS = ["login1", "login2"]
NODES = ["node1", "node2", "node3", "node4"]
# local: one coherent disk. gluster: a network filesystem with its caches.
FILESYSTEM = os.environ.get("CLUSTER_FILESYSTEM", "local")
# By address where names are looked up slowly: a busy machine does that.
ADDRESS = re.compile(r"^(node\d+|10\.77\.0\.\d+):\d+$")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: minutes of waiting; bash Tests/run.sh slow")
    # Whoever runs this in the background may ignore it, and what it starts would do so as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(condition, seconds, what):
    """Waits until `condition()` is true, and returns what it returned. A busy machine gets time, but less than S (45 s)."""
    end = time.monotonic() + max(seconds, 40)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Cluster:
    """The running minicluster."""

    def control(self, *words):
        subprocess.run([MINICLUSTER, *words], check=True, stdout=subprocess.DEVNULL)

    def arguments(self, host, user, command, environment, umask):
        pid = (STATE / "run" / host / "init.pid").read_text().strip()
        variables = {"HOME": f"/home/{user}", "USER": user, "LANG": "C.UTF-8", **environment}
        variables.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
        return [
            "nsenter", "-t", pid, "--uts", "--net", "--mount", "--", "runuser", "-u", user, "--",
            "env", "-i", *[f"{k}={v}" for k, v in variables.items()],
            "sh", "-c", f'umask {umask}; cd "$0" && exec "$@"', *command,
        ]

    def start(self, host, user, directory, command, environment=None, umask="022", **options):
        """Starts a command as a user on a host."""
        words = self.arguments(host, user, [str(directory), *map(str, command)], environment or {}, umask)
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def squeue(self, *words):
        def ask():
            done = subprocess.run(["squeue", "--noheader", *words], capture_output=True, text=True)
            return done if done.returncode == 0 else None
        # The controller of a busy machine may not answer at once.
        return eventually(ask, 60, "squeue answers").stdout

    def jobs(self, comment="coord:"):
        """Live jobs that coord submitted."""
        rows = [line.split("|") for line in self.squeue("--format=%i|%T|%k|%N|%u|%Z").splitlines()]
        # A comment of somebody else's job may hold a newline.
        return [row for row in rows if len(row) == 6 and comment in row[2] and row[1] in ("PENDING", "RUNNING", "CONFIGURING")]

    def in_node(self, node, *command):
        return subprocess.run(
            [MINICLUSTER, "exec", node, "--", *command], capture_output=True, text=True)


class Finished:
    """What a command did."""

    def __init__(self, process, timeout):
        self.output, self.errors = process.communicate(timeout=timeout)
        self.code = process.returncode

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.output}\nstderr: {self.errors}"


class Project:
    """One team's project directory on the shared disk."""

    def __init__(self, cluster, path, whole_node=False):
        self.cluster = cluster
        self.path = path
        self.shims = path / "shims"
        path.mkdir()
        shutil.copytree(REPOSITORY / "hpc_utils", path / "hpc_utils", ignore=shutil.ignore_patterns(
            "bin", "locks", "server_info.txt", "*.log", "env.sh", ".cookie_secret"))
        (path / "hpc_utils" / "bin").mkdir()
        # One copy for all on the shared disk: there may be a hundred projects.
        binary = path.parent / "coord.binary"
        if not binary.exists():
            mine = path.parent / f"coord.binary.{os.getpid()}"
            shutil.copy(os.environ["COORD_BINARY"], mine)
            os.rename(mine, binary)
        os.link(binary, self.coord)
        (path / "fake").mkdir()
        shutil.copy(HERE / "fake_panel", path / "fake" / "panel")
        self.shims.mkdir()
        for name in ["squeue", "sbatch", "scancel", "scontrol"]:
            shutil.copy(HERE / "shim", self.shims / name)
        (self.shims / "calls.log").touch()
        if not whole_node:
            # One processor for each job, so that many projects run side by side.
            script = path / "hpc_utils" / "start_server.sh"
            script.write_text(script.read_text().replace("--ntasks-per-node=16", "--ntasks-per-node=1"))
        (path / "hpc_utils" / "env.sh").write_text(f"PATH={path}/fake:$PATH\n")
        (path / "credentials.json").write_text('{"megan": "secret"}\n')
        for root, folders, files in os.walk(path):
            os.chmod(root, 0o2775)
            shutil.chown(root, group="lab")
            for name in files:
                file = pathlib.Path(root, name)
                shutil.chown(file, group="lab")
                os.chmod(file, 0o775 if os.access(file, os.X_OK) else 0o664)
        os.chmod(path / "credentials.json", 0o640)

    @property
    def coord(self):
        return self.path / "hpc_utils" / "bin" / "coord"

    def environment(self):
        return {"PATH": f"{self.shims}:/usr/local/bin:/usr/bin:/bin", "SHIM_DIR": str(self.shims)}

    def start(self, *words, user="ann1", host="login1", umask="022", environment=None, before=()):
        """Starts coord; `before` is what runs it, such as strace."""
        return self.cluster.start(
            host, user, self.path, [*before, self.coord, *words], {**self.environment(), **(environment or {})}, umask)

    def run(self, *words, timeout=200, **options):
        return Finished(self.start(*words, **options), timeout)

    def leave_waiting(self, *kinds, user="ann1"):
        """Somebody asks for a job that does not start at once, and leaves; on a busy machine he asks more than once."""
        kinds = list(kinds or ["submitted"])

        def asked():
            result = self.run("connect", "--timeout", "8", user=user)
            assert result.code == 75, result
            return self.kinds()[-len(kinds):] == kinds
        eventually(asked, 120, "a job waits")

    def shell(self, *command, user="ann1", host="login1", timeout=60):
        return Finished(self.cluster.start(host, user, self.path, command, self.environment()), timeout)

    def storm(self, count, *words, umask="022", timeout=200):
        """`count` processes at the same moment, from all users and login nodes."""
        processes = [
            self.start(*words, user=f"ann{i % USERS + 1}", host=LOGINS[i % 2], umask=umask) for i in range(count)]
        return [Finished(process, timeout) for process in processes]

    def calls(self, command):
        """When this scheduler command was called, and with what."""
        rows = [line.split(" ", 3) for line in (self.shims / "calls.log").read_text().splitlines()]
        return [(float(row[0]), row[3] if len(row) > 3 else "") for row in rows if row[2] == command]

    def fail_scheduler(self, command, mode):
        path = self.shims / f"{command}.{mode}"
        path.touch()
        return path

    def wrap(self, command, script):
        """A site's own wrapper stands before this scheduler command: a bash script, with the command as $real."""
        path = self.shims / f"{command}-wrapper"
        path.with_suffix(".new").write_text(f"#!/bin/bash\nreal=$1\nshift\n{script}\n")
        path.with_suffix(".new").chmod(0o775)
        path.with_suffix(".new").rename(path)
        return path

    def entries(self):
        """The lock log, decoded."""
        folder = self.path / "hpc_utils" / "locks"
        names = sorted(p.name for p in folder.iterdir() if re.fullmatch(r"\d{8}", p.name)) if folder.is_dir() else []
        return [dict(line.split("=", 1) for line in (folder / name).read_text().splitlines()) for name in names]

    def kinds(self):
        return [entry["KIND"] for entry in self.entries()]

    def info(self):
        try:
            text = (self.path / "hpc_utils" / "server_info.txt").read_text()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in text.splitlines())

    def jobs(self):
        return [row for row in self.cluster.jobs() if row[5] == str(self.path)]

    def edit_job(self, directive):
        script = self.path / "hpc_utils" / "start_server.sh"
        script.write_text(script.read_text().replace("#SBATCH --nodes=1", f"#SBATCH --nodes=1\n#SBATCH {directive}"))

    def trace_first_job(self, *options):
        """The first job's supervisor runs under strace; later ones run as they are."""
        wrapper = self.coord
        os.rename(wrapper, f"{wrapper}.real")
        wrapper.write_text(
            f'#!/bin/sh\ncase $1 in\n  supervise)\n    if mkdir {self.path}/traced 2>/dev/null; then\n'
            f'      exec strace -o {self.path}/trace {" ".join(options)} {wrapper}.real "$@"\n    fi ;;\nesac\n'
            f'exec {wrapper}.real "$@"\n')
        wrapper.chmod(0o775)
        # Written by whoever owns the job.
        self.path.chmod(0o2777)

    def job_environment(self, line):
        with open(self.path / "hpc_utils" / "env.sh", "a") as file:
            file.write(f"export {line}\n")

    def server_pids(self):
        # The brackets keep another thread's pgrep from being found.
        found = subprocess.run(
            ["pgrep", "-f", f"{self.path}/[f]ake/panel serve"], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in found]

    def coord_pids(self, verb):
        """Processes of coord that run this verb in this project."""
        found = subprocess.run(["pgrep", "-f", f"^[^ ]*(coord|coord.real|exe) {verb}"], capture_output=True, text=True).stdout.split()

        def folder(pid):
            try:
                return os.readlink(f"/proc/{pid}/cwd")
            except FileNotFoundError:
                return None  # it ended meanwhile
        return [int(pid) for pid in found if folder(pid) == str(self.path)]

    def check_invariants(self):
        """I1 at most one `started` per token; I2 at most one sbatch per token; numbers without a gap."""
        entries = self.entries()
        # A cleanup takes away the oldest.
        first = int(entries[0]["LOCK"]) if entries else 1
        assert [int(e["LOCK"]) for e in entries] == list(range(first, first + len(entries)))
        started = [e["TOKEN"] for e in entries if e["KIND"] == "started"]
        assert len(started) == len(set(started)), "I1"
        tokens = re.findall(r"--comment=coord:(\w+)", "\n".join(arguments for _, arguments in self.calls("sbatch")))
        assert len(tokens) == len(set(tokens)), "I2"
        assert len(self.server_pids()) <= 1 or os.environ.get("FAKE_PANEL_STUBBORN"), "two servers"


@pytest.fixture(scope="session")
def cluster():
    subprocess.run([MINICLUSTER, "down"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [MINICLUSTER, "up", "-n", str(len(NODES)), "-l", "2", "-u", str(USERS), "-f", FILESYSTEM], check=True)
    yield Cluster()
    subprocess.run([MINICLUSTER, "down"], check=True)


@contextlib.contextmanager
def projects_of(cluster, name):
    projects = []

    def make(suffix="", **options):
        project = Project(cluster, pathlib.Path("/shared", re.sub(r"\W+", "_", name) + suffix), **options)
        projects.append(project)
        return project

    yield make
    owned = {str(project.path) for project in projects}
    for row in [line.split("|") for line in cluster.squeue("--format=%i|%Z").splitlines()]:
        if row[1] in owned:
            subprocess.run(["scancel", row[0]], check=False)
    for project in projects:
        eventually(
            lambda: not project.server_pids() and not project.coord_pids("supervise"), 30,
            "the jobs of a test end with it")
    # Not before: a server may beat in another one's directory.
    for project in projects:
        project.check_invariants()
        shutil.rmtree(project.path)


@pytest.fixture
def make_project(cluster, request):
    with projects_of(cluster, request.node.name) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_project(cluster, request):
    with projects_of(cluster, request.module.__name__) as make:
        yield make


@pytest.fixture
def project(make_project):
    return make_project()
