"""coord serve on one machine: many waiters, bad clients, a service that dies; then the files decide."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from test_local import Project, eventually


class Team(Project):
    """A project with a service."""

    def __init__(self, path):
        super().__init__(path)
        # A socket's path may have 107 bytes.
        self.socket = f"/tmp/coord-serve-{os.getpid()}.sock"
        self.metrics = path / "coord.prom"
        (path / "visualize_accelerometry").mkdir()
        (path / "visualize_accelerometry" / "app.py").touch()
        self.settings = {"COORD_SOCKET": self.socket, "COORD_METRICS_FILE": str(self.metrics)}
        self.services = []

    def start(self, *words, **environment):
        return super().start(*words, **{**self.settings, **environment})

    def serve(self, **environment):
        service = self.start("serve", **environment)
        self.services.append(service)
        eventually(lambda: self.answers() or service.poll() is not None, 20, "the service listens")
        return service

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def client(self, text=b""):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.socket)
        s.sendall(text)
        s.settimeout(30)
        return s

    def metric(self, name, **labels):
        for family in text_string_to_metric_families(self.metrics.read_text()):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value


@pytest.fixture
def team(tmp_path):
    team = Team(tmp_path)
    yield team
    for service in team.services:
        service.kill()
        service.communicate()
    team.run("stop", "--quiet", COORD_SOCKET="")
    eventually(lambda: not team.pids("fake/panel serve"), 20, "nothing stays")
    if os.path.exists(team.socket):
        os.unlink(team.socket)


def test_many_waiters_share_one_look(team):
    (team.path / "hpc_utils" / "env.sh").open("a").write("export FAKE_PANEL_SLOW=3\n")
    team.serve()
    waiting = [team.start("connect") for _ in range(40)]
    results = [(process.communicate(timeout=60), process.returncode) for process in waiting]
    assert {code for _, code in results} == {0}, results
    assert len({output for (output, _), _ in results}) == 1
    assert any("is starting the server" in errors for (_, errors), _ in results), "they read how it goes"
    entries = team.entries()
    assert [e["KIND"] for e in entries] == ["claimed", "submitted", "started"]
    assert int(entries[0]["PID"]) == team.services[0].pid, "the service itself claims"
    eventually(lambda: team.metrics.exists() and team.metric("coord_requests_total", result="answered") == 40, 20, "counted")
    assert team.metric("coord_server_ready") == 1 and team.metric("coord_waiting") == 0
    assert team.run("connect")[0] == 0


def test_service_that_dies_is_no_matter(team):
    service = team.serve()
    code, first, _ = team.run("connect")
    assert code == 0
    service.kill()
    service.communicate()
    assert team.run("connect")[:2] == (0, first), "the files answer"
    # In the middle of a wait, too: and its dead socket is taken over.
    assert team.run("stop", COORD_SOCKET="")[0] == 0
    (team.path / "hpc_utils" / "env.sh").open("a").write("export FAKE_PANEL_SLOW=4\n")
    service = team.serve()
    waiting = team.start("connect")
    eventually(lambda: team.kinds()[-1] == "started", 20, "the job runs")
    service.kill()
    output, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0 and output.startswith("localhost:"), errors
    assert team.kinds().count("claimed") == 2


def test_service_of_another_project_is_not_listened_to(team, tmp_path):
    """A copy of a project has its settings, and so its socket."""
    team.serve()
    other = Project(tmp_path / "other")
    code, address, errors = other.run("connect", COORD_SOCKET=team.socket)
    try:
        assert code == 0 and address.startswith("localhost:"), errors
        assert other.kinds()[0] == "claimed" and team.kinds() == []
        code, own, errors = team.run("connect")
        assert code == 0 and own != address, errors
    finally:
        other.run("stop", "--quiet")
    eventually(lambda: not other.pids("fake/panel serve"), 20, "nothing stays")


def test_service_that_is_told_to_end_tells_those_who_wait(team):
    (team.path / "hpc_utils" / "env.sh").open("a").write("export FAKE_PANEL_SLOW=30\n")
    service = team.serve()
    waiting = team.start("connect")
    eventually(lambda: "started" in team.kinds(), 20, "it waits")
    service.terminate()
    _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 75 and "service was stopped" in errors, errors
    service.communicate(timeout=60)
    assert service.returncode == 0 and not os.path.exists(team.socket)


def test_two_services_on_one_socket(team):
    first = team.serve()
    code, _, errors = team.run("serve")
    assert code == 75 and "already does" in errors
    assert first.poll() is None and team.run("connect")[0] == 0
    code, _, errors = team.run("serve", COORD_SOCKET="")
    assert code == 78 and "SOCKET is not set" in errors
    code, _, errors = team.run("serve", COORD_SOCKET="/nowhere/x.sock")
    assert code == 78 and "cannot listen" in errors
    # One that lost its socket ends, and does not live on in the dark.
    os.unlink(team.socket)
    first.communicate(timeout=30)
    assert first.returncode == 75


def test_bad_clients_hurt_nobody(team):
    service = team.serve()
    assert team.run("connect")[0] == 0
    half = [team.client(b"coord/1 conn") for _ in range(50)]
    silent = [team.client() for _ in range(50)]
    gone = [team.client(b"coord/1 connect 100 -\n") for _ in range(50)]
    for one in gone:
        one.close()
    noisy = team.client()
    noise = b"x" * 1_000_000
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(20):
            noisy.sendall(noise)
    for line in [b"GET / HTTP/1.0\n", b"coord/1 connect x -\n", b"coord/1 connect 10 ../../etc\n", b"\n", b"\xff\xfe\n"]:
        reply = team.client(line).makefile("rb").read()
        assert reply.startswith(b"error=70\n"), (line, reply)
    began = time.monotonic()
    results = [team.start("connect") for _ in range(10)]
    assert {process.wait(20) for process in results} == {0}
    assert time.monotonic() - began < 10
    # Who says nothing is let go.
    for one in half + silent:
        assert one.recv(10) == b""
    assert service.poll() is None
    descriptors = len(os.listdir(f"/proc/{service.pid}/fd"))
    assert descriptors < 20, descriptors


def test_client_that_never_reads_is_dropped(team):
    (team.path / "hpc_utils" / "env.sh").open("a").write("export FAKE_PANEL_SLOW=2\n")
    service = team.serve()
    many = [team.client(b"coord/1 connect 100 -\n") for _ in range(100)]
    assert team.run("connect")[0] == 0
    # The replies are small: the kernel keeps them for whoever reads late.
    assert many[0].makefile().read().rstrip().endswith(".=")
    eventually(lambda: len(os.listdir(f"/proc/{service.pid}/fd")) < 20, 20, "nothing is kept for those who do not read")


def test_waiting_has_an_end_and_nothing_is_begun_for_nobody(team):
    (team.path / "hpc_utils" / "env.sh").open("a").write("export FAKE_PANEL_SLOW=30\n")
    team.serve()
    began = time.monotonic()
    code, _, errors = team.run("connect", "--timeout", "3")
    assert code == 75 and "the job stays in the queue" in errors, errors
    assert 2 < time.monotonic() - began < 8


def test_stop_by_a_teammate_is_told_to_a_laptop_that_heals(team):
    team.serve()
    code, output, _ = team.run("connect", "--json")
    token = re.search(r'"token": "(\w+)"', output)[1]
    assert team.run("stop", "--reason", "new data")[0] == 0
    code, _, errors = team.run("connect", "--seen", token)
    assert code == 69 and "new data" in errors, errors
    assert team.kinds()[-1] == "ended"
    assert team.run("connect")[0] == 0


def test_server_is_kept_warm_but_a_stop_is_respected(team):
    team.serve(COORD_KEEP_WARM="0-24")
    eventually(lambda: team.kinds()[-1:] == ["started"], 30, "it starts by itself")
    eventually(lambda: team.run("status")[0] == 0, 20, "and is ready")
    for pid in team.pids("fake/panel serve"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: team.kinds().count("started") == 2, 60, "a server that died is replaced")
    eventually(lambda: team.run("status")[0] == 0, 20, "and is ready")
    assert team.run("stop")[0] == 0
    # Two rounds of its clock.
    time.sleep(35)
    assert team.kinds()[-1] == "ended", "a stopped one is not"
    assert team.run("connect")[0] == 0


@pytest.mark.parametrize("hours", ["8", "8-8", "24-3", "8-25", "x-y"])
def test_hours_that_cannot_be(team, hours):
    code, _, errors = team.run("serve", COORD_KEEP_WARM=hours)
    assert code == 78 and "hours such as 8-20" in errors


def test_refuses_whom_its_group_does_not_hold(team):
    # A group that this user is not in; the owner of the service may always ask.
    team.serve(COORD_SOCKET_GROUP="65533")
    assert team.run("connect")[0] == 0
    code, _, errors = team.run("serve", COORD_SOCKET_GROUP="nosuchgroup")
    assert code == 78 and "there is no such group" in errors
