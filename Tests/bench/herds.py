"""Cold: many ask at the same moment, on two login nodes, and there is no server. And who waits for a job that starts later."""
import contextlib
import os
import pathlib
import selectors
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ways import HERE, LOGINS, WAYS, Finished, eventually, samples, temporary

SIZES = [1, 12, 40, 200]
ROUNDS = 3
# Who waits for a pending job, and for how long it is pending, in seconds.
WAITERS, PENDING = 6, 25


@contextlib.contextmanager
def gate(number):
    """What is run `before` a command so that all start at the same moment; `open()` once so many have come."""
    path = temporary(f".gate.{threading.get_ident()}")
    os.mkfifo(path)
    os.chmod(path, 0o666)

    def waiting():
        """Processes that wait for somebody to open the gate for writing."""
        return sum(cmdline == ["sh", "-c", GATE, path] for cmdline in command_lines(4))

    def open_it():
        eventually(lambda: waiting() == number, 100, "all are at the gate")
        os.close(os.open(path, os.O_WRONLY))

    yield ["sh", "-c", GATE, path], open_it
    os.unlink(path)


GATE = ': <"$0" && exec "$@"'


def command_lines(words):
    """The first words of each process's command line."""
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield process.read_bytes().decode(errors="replace").split("\0")[:words]


def answers(processes):
    """When each process answered, in seconds of the monotonic clock, and with what; in no order."""
    found = []
    with selectors.DefaultSelector() as selector:
        for process in processes:
            selector.register(process.stdout.fileno(), selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(timeout=400):
                text = os.read(key.fd, 1000)
                found.append((time.monotonic(), text.decode()))
                selector.unregister(key.fd)
    for process in processes:
        Finished(process, 60)
    return found


def watch(way, seconds=300):
    """Begins to wait for the server's first answer."""
    return subprocess.Popen(
        ["nice", "-n", "-15", sys.executable, HERE / "ready.py", way.project.path / way.status_file, str(seconds)],
        stdout=subprocess.PIPE, text=True)


def herd(way, number):
    """Jobs that were made, and the seconds between the server's first answer and the last one that was told."""
    before = way.job_numbers("--states=all")
    with gate(number) as (at_the_gate, open_it):
        processes = [
            way.start(300, user=f"ann{i % 12 + 1}", host=LOGINS[i % 2], before=at_the_gate) for i in range(number)]
        watcher = watch(way)
        open_it()
        found = answers(processes)
    ready = float(Finished(watcher, 60).output)
    made = way.job_numbers("--states=all") - before
    told = {text for _, text in found}
    assert len(told) == 1 and told.pop().strip(), found
    way.cold()
    return len(made), max(0, max(when for when, _ in found) - ready)


def measure(make):
    with contextlib.ExitStack() as stack:
        ways = [kind(make, f"_{n}") for n, kind in enumerate(WAYS)]
        for way in ways:
            stack.callback(way.close)
        for number in SIZES:
            done = [(way, *herd(way, number)) for _ in range(ROUNDS) for way in ways]
            for way in ways:
                row = f"{number} ask"
                yield samples("cold", row, way, "jobs", [jobs for who, jobs, _ in done if who is way])
                yield samples("cold", row, way, "s", [seconds for who, _, seconds in done if who is way])


def told(way):
    """Seconds between the server's first answer and each waiter's, who all waited for a pending job."""
    before = way.with_directive(f"--begin=now+{PENDING}")
    processes = [way.start(300, user=f"ann{i + 1}", host=LOGINS[i % 2]) for i in range(WAITERS)]
    watcher = watch(way)
    found = answers(processes)
    ready = float(Finished(watcher, 60).output)
    way.script().write_text(before)
    way.cold()
    return [max(0, when - ready) for when, _ in found]


def measure_told(make):
    with contextlib.ExitStack() as stack:
        ways = [kind(make, f"_{n}") for n, kind in enumerate(WAYS)]
        for way in ways:
            stack.callback(way.close)
        pool = stack.enter_context(ThreadPoolExecutor(len(ways)))
        done = [list(pool.map(told, ways)) for _ in range(ROUNDS)]
    for n, way in enumerate(ways):
        yield samples("told", f"{WAITERS} wait", way, "s", [seconds for each in done for seconds in each[n]])
