"""What runs for days: before = after."""
import collections
import os
import pathlib
import re

import pytest
from clients import answered, ask
from conftest import eventually
from test_service import service, socket_path  # noqa: F401


def state(pid):
    """A process's descriptors by what they lead to, its children, and its resident memory in kB."""
    def target(fd):
        try:
            return re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            return None  # closed meanwhile
    descriptors = collections.Counter(target(fd) for fd in os.listdir(f"/proc/{pid}/fd"))
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return descriptors, len(children), int(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1])


def files(project):
    """Of hpc_utils, by kind: numbers and logs are kept for a while, and the cleanup has its own tests."""
    found = collections.Counter()
    for folder, _, names in os.walk(project.path / "hpc_utils"):
        found.update(re.sub(r"[0-9a-f]{16,}|\d+", "N", os.path.join(folder, name)) for name in names)
    kept = re.compile(r"/locks/N$|/locks/queue\.N\.(asked|answer)$|/logs/panel-server-")
    return {name: count for name, count in found.items() if not kept.search(name)}, found


def same(before, after, what):
    assert after[0] == before[0], (what, after[0] - before[0], before[0] - after[0])
    assert after[1] == before[1], (what, "children", before[1], after[1])
    assert after[2] <= before[2] + 1024, (what, "kB", before[2], after[2])


@pytest.mark.parametrize("answers, cycles", [(1000, 6), pytest.param(5000, 200, marks=pytest.mark.slow)])
def test_nothing_grows(project, service, socket_path, answers, cycles):  # noqa: F811
    def ask_many(number):
        for _ in range(number // 50):
            assert answered(ask(socket_path, 50, 60)) == 50

    def one_server():
        (supervisor,), (guardian,) = project.coord_pids("supervise"), project.coord_pids("guard")
        return {"supervisor": supervisor, "guardian": guardian, "app": project.server_pids()[0]}

    def cycle():
        assert project.run("stop", user="ann1").code == 0
        assert answered(ask(socket_path, 3, 100)) == 3
    # What is made once is there by then.
    ask_many(200)
    cycle()
    ask_many(100)
    kept, _ = files(project)
    before = state(service.pid)
    server = one_server()
    lives = {name: state(pid) for name, pid in server.items()}
    ask_many(answers)
    assert one_server() == server
    eventually(lambda: state(service.pid)[0] == before[0], 20, "all connections are closed")
    same(before, state(service.pid), "the service, after answers")
    for name, pid in server.items():
        # A heartbeat may be on its way.
        eventually(lambda: state(pid)[0] == lives[name][0], 20, f"the {name} has no more open than before")
        same(lives[name], state(pid), name)
    for _ in range(cycles):
        cycle()
    eventually(lambda: state(service.pid)[0] == before[0], 20, "all connections are closed")
    same(before, state(service.pid), "the service, after servers")
    assert len(project.coord_pids("supervise")) == len(project.coord_pids("guard")) == len(project.server_pids()) == 1
    after, every = files(project)
    assert after == kept
    queue = sum(count for name, count in every.items() if "/queue." in name)
    assert queue <= 50, queue
