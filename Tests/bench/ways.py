"""The ways to ask for the team's server that are compared: coord by the files, coord by its service, and a wrapper of flock."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))
from clients import reachable  # noqa: E402
from conftest import LOGINS, Finished, eventually  # noqa: E402

# Without the tests' shims, which take longer than what is measured.
PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


class Files:
    """coord by the files."""

    name = "coord by files"
    status_file = "hpc_utils/server_info.txt"

    def __init__(self, make, suffix, logins=LOGINS, counted=False):
        self.project = make(suffix)
        self.logins = logins
        self.environment = {} if counted else PLAIN
        if counted:
            self.shims_on_own_disk()

    def shims_on_own_disk(self):
        """So that what counts the calls of the scheduler does not ask the file server."""
        shims = pathlib.Path(tempfile.mkdtemp(prefix="shims."))
        shutil.copytree(self.project.shims, shims, dirs_exist_ok=True)
        shims.chmod(0o777)
        (shims / "calls.log").chmod(0o666)
        self.project.shims = shims

    def command(self, seconds):
        """What is run in the project's folder."""
        return ["hpc_utils/bin/coord", "connect", "--timeout", str(seconds)]

    def variables(self, host):
        return {**self.project.environment(), **self.environment}

    def start(self, seconds, user="ann1", host="login1", before=()):
        """Asks for the server, and waits so many seconds for it; `before` is what runs the command."""
        return self.project.cluster.start(
            host, user, self.project.path, [*before, *self.command(seconds)], self.variables(host))

    def ask(self, seconds=100, **options):
        return Finished(self.start(seconds, **options), seconds + 60)

    def script(self):
        return self.project.path / "hpc_utils" / "start_server.sh"

    def with_directive(self, directive):
        """The job's script gets a line for sbatch; returns the script as it was."""
        before = self.script().read_text()
        self.script().write_text(before.replace("#SBATCH --nodes=1", f"#SBATCH --nodes=1\n#SBATCH {directive}"))
        return before

    def info(self):
        """Where the server is, as its status file tells."""
        return told_by(self.project.path / self.status_file)

    def end_server(self):
        assert self.project.run("stop", timeout=100).code == 0

    def cold(self):
        """Until nothing of a server is left."""
        self.end_server()
        # Nobody but its owner can cancel a job that waits, and who that is differs.
        for number in self.job_numbers("--states=PENDING"):
            subprocess.run(["scancel", number], check=True)
        eventually(lambda: not self.project.server_pids() and not self.job_numbers("--states=all", live=True), 60, "all is cold")

    def job_numbers(self, *words, live=False):
        """The numbers of the project's jobs that the controller remembers; of those that are not over yet."""
        rows = [row.split("|") for row in self.project.cluster.squeue("--format=%i|%T|%Z", *words).splitlines()]
        over = ("COMPLETED", "CANCELLED", "FAILED", "NODE_FAIL", "TIMEOUT")
        return {row[0] for row in rows if row[-1] == str(self.project.path) and not (live and row[1] in over)}

    def close(self):
        pass


class Service(Files):
    """coord by its service, one for each login node, which the owner of hpc_utils runs."""

    name = "coord by service"

    def __init__(self, make, suffix, **options):
        super().__init__(make, suffix, **options)
        shutil.chown(self.project.path / "hpc_utils", "ann1")
        self.open()

    def open(self):
        self.services = {
            host: self.project.start("serve", host=host, environment=self.variables(host)) for host in self.logins}
        for host in self.logins:
            eventually(lambda: reachable(self.socket(host)), 40, "the service listens")

    def socket(self, host):
        return f"/tmp/{self.project.path.name}.{host}.sock"

    def variables(self, host):
        return {**super().variables(host), "COORD_SOCKET": self.socket(host)}

    def close(self):
        for process in self.services.values():
            process.terminate()
            Finished(process, 30)


class Wrapper(Files):
    """Tests/bench/flock_wrapper.sh."""

    name = "flock wrapper"
    status_file = "wrapper/server_info.txt"

    def __init__(self, make, suffix, **options):
        super().__init__(make, suffix, **options)
        folder = self.project.path / "wrapper"
        folder.mkdir()
        for script in ["flock_wrapper.sh", "flock_job.sh"]:
            shutil.copy(HERE / script, folder / script)
            shutil.chown(folder / script, group="lab")
            (folder / script).chmod(0o775)
        shutil.chown(folder, group="lab")
        folder.chmod(0o2775)

    def command(self, seconds):
        return ["wrapper/flock_wrapper.sh", str(seconds)]

    def script(self):
        return self.project.path / "wrapper" / "flock_job.sh"

    def end_server(self):
        for number in self.job_numbers():
            subprocess.run(["scancel", number], check=True)
        (self.project.path / self.status_file).unlink(missing_ok=True)


WAYS = [Files, Service, Wrapper]


def told_by(path):
    """The lines of a status file; empty where it is not there."""
    try:
        return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    except FileNotFoundError:
        return {}


def answers_http(node, port, seconds=5.0):
    """Whether a server answers a request there."""
    try:
        with socket.create_connection((node, int(port)), timeout=seconds) as s:
            s.settimeout(seconds)
            s.sendall(b"GET /app HTTP/1.0\r\n\r\n")
            return s.recv(16).startswith(b"HTTP/1.")
    except OSError:
        return False


def samples(part, row, way, unit, values, bound=None):
    """What was measured of one way: values in `unit`; None is one that did not come within `bound`."""
    one = {"part": part, "row": row, "way": getattr(way, "name", way), "unit": unit, "values": list(values)}
    print(part, row, one["way"], *(f"{v:.4g}" if v is not None else "-" for v in one["values"]), unit, flush=True)
    return {**one, **({"bound": bound} if bound else {})}


def temporary(suffix):
    """A path in /tmp, which all hosts share."""
    return f"/tmp/bench-{os.getpid()}{suffix}"
