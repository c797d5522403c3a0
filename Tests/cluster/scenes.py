"""Scenes: tests that take minutes of waiting each. test_scenes.py plays them side by side, each in a project of its own."""
import contextlib
import datetime
import functools
import os
import signal

from conftest import eventually

SCENES = {}
# A job that starts soon may take its number before its claimant, on a busy machine, records it.
NOT_AT_ONCE = "--begin=now+15"


def scene(*cases):
    """Registers a function of (case,) make, trace: `make()` gives the project, `trace` is that of a connect from nothing."""
    def register(function):
        for case in cases or [None]:
            words = [getattr(word, "__name__", str(word)) for word in (case if isinstance(case, tuple) else [case])]
            name = function.__name__ + (f"[{' '.join(words)}]" if case is not None else "")
            SCENES[name] = functools.partial(function, *([] if case is None else [case]))
        return function
    return register


def old_heartbeat(project):
    """Waits until the last heartbeat is too old to be believed by its time alone."""
    last = datetime.datetime.fromisoformat(project.info()["HEARTBEAT"])
    eventually(lambda: (datetime.datetime.now(datetime.timezone.utc) - last).seconds > 16, 30, "the heartbeat is old")


def nobody_recorded(project, user="ann1"):
    """A server that is gone whole, and nobody wrote it down."""
    assert project.run("connect", user=user).code == 0
    job = project.info()["JOB_ID"]
    # Everything of the job at once, as the kernel's memory killer does it.
    for pid in project.coord_pids("guard") + project.coord_pids("supervise") + project.server_pids():
        # On a busy machine one may be over before its turn comes.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not project.jobs(), 30, "the job is over")
    old_heartbeat(project)
    assert project.info()["JOB_ID"] == job and project.kinds()[-1] == "started"
