"""The real binary, killed at every system call that changes anything: of `connect`, and of `supervise`.

A death between two of these calls leaves what the next of them finds.
"""
import collections
import re
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ADDRESS, Finished, eventually

CHANGES = ["mkdir", "openat", "write", "fsync", "fchmod", "link", "unlink", "rename", "clone3", "pipe2", "wait4", "bind", "kill"]
AT_ONCE = 48
CREATES = re.compile(r"^openat\(.*O_CREAT")


def calls(trace, last=10_000):
    """Each call that changes something, with its place among the calls of its name: what strace counts."""
    seen, found = collections.Counter(), []
    for line in trace.splitlines():
        name = line.split("(")[0]
        seen[name] += 1
        if name in CHANGES and (name != "openat" or CREATES.match(line)) and seen[name] <= last:
            found.append((name, seen[name]))
    return found


def connect_until_answered(project, timeout=400, **options):
    """What a team does: it tries again after 'no', and each time reads why."""
    for _ in range(4):
        result = project.run("connect", timeout=timeout, **options)
        if result.code == 0:
            assert ADDRESS.match(result.output), result
            return result.output.strip()
        assert result.code in (69, 75) and "next:" in result.errors, result
    pytest.fail(f"nobody is answered: {result}")


def all_survive(projects, points, story):
    """Runs the story for each point of death, many at once; what went wrong, by point."""
    def one(pair):
        project, point = pair
        try:
            return story(project, *point)
        except BaseException:
            return f"{point}: {traceback.format_exc(limit=3)}"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(one, zip(projects, points)))
    wrong = [text for text in outcomes if isinstance(text, str)]
    assert not wrong, f"{len(wrong)} of {len(points)}\n" + "\n".join(wrong[:4])
    died = sum(1 for outcome in outcomes if outcome)
    assert died > len(points) * 0.8, f"only {died} of {len(points)} died"


def ends_well(project):
    project.check_invariants()
    assert len(project.jobs()) <= 1
    assert project.run("stop", user="ann3", timeout=400).code == 0
    eventually(lambda: not project.server_pids(), 30, "no server after the stop")
    project.check_invariants()


def killed_connect(project, call, at):
    """A connect that dies at this call, and what the team then meets. Whether it died."""
    inject = ["strace", "-o", project.path / "trace", "-e", f"inject={call}:signal=KILL:when={at}"]
    first = project.run("connect", before=inject)
    assert first.code in (0, -9, 137), first
    connect_until_answered(project, user="ann2", host="login1")
    assert project.kinds()[-1] == "started"
    ends_well(project)
    return first.code != 0


def killed_supervise(project, call, at):
    """The same for the job's side."""
    project.trace_first_job(f"-e inject={call}:signal=KILL:when={at}")
    connect_until_answered(project)
    beat = project.info().get("BEAT")
    dead = lambda: "killed by SIGKILL" in (project.path / "trace").read_text()
    eventually(lambda: dead() or project.info().get("BEAT") != beat, 30, "it beats or is dead")
    project.run("stop", user="ann2", timeout=400)
    connect_until_answered(project, user="ann3", host="login2")
    ends_well(project)
    return dead()


# The calls by which the protocol decides, and those by which a process begets another: these in every run, all others in
# the slow part.
DECISIVE = {
    killed_connect: [("link", at) for at in range(1, 5)] + [("clone3", at) for at in range(1, 4)],
    killed_supervise: [("link", 1), ("link", 2), ("rename", 1), ("rename", 3)] + [("clone3", at) for at in range(1, 4)],
}


@pytest.mark.slow
def test_connect_killed_at_every_call(make_project):
    whole = make_project()
    assert Finished(whole.start("connect", before=["strace", "-o", whole.path / "trace"]), 100).code == 0
    points = calls((whole.path / "trace").read_text())
    assert len(points) > 60 and set(DECISIVE[killed_connect]) <= set(points)
    all_survive([make_project(f"_{call}_{at}") for call, at in points], points, killed_connect)


@pytest.mark.slow
def test_supervise_killed_at_every_call(make_project):
    whole = make_project()
    whole.trace_first_job()
    assert whole.run("connect").code == 0
    beat = int(whole.info()["BEAT"])
    eventually(lambda: int(whole.info()["BEAT"]) > beat + 1, 30, "it beats")
    assert whole.run("stop").code == 0
    # A wait for a child is a poll: a few of them stand for all.
    points = [p for p in calls((whole.path / "trace").read_text()) if p[0] != "wait4" or p[1] <= 5]
    assert len(points) > 60 and set(DECISIVE[killed_supervise]) <= set(points)
    all_survive([make_project(f"_{call}_{at}") for call, at in points], points, killed_supervise)
