"""Growth: what a long log costs. Milliseconds and megabytes of each verb, with so many entries and a server that is ready."""
import contextlib
import time

from warm import by_turns
from ways import PLAIN, Finished, Service, eventually, samples

# Of Tests/cluster, where ways looks too.
import locks
from clients import highest_memory

ENTRIES = [1_000, 10_000, 100_000]
VERBS = ["connect", "status", "history", "cleanup"]
ROUNDS = {1_000: 20, 10_000: 10, 100_000: 5}
# Each holds its memory so long before it ends that it can be read, in microseconds.
HELD = 500_000


def peak(project, verb):
    """Resident memory of a verb at its highest, in megabytes."""
    process = project.start(verb, environment=PLAIN, before=[
        "sh", "-c", 'exec "$@" >/dev/null', "quiet", "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
        "-e", "trace=exit_group", "-e", f"inject=exit_group:delay_enter={HELD}"])
    highest = 0
    while process.poll() is None:
        for pid in project.coord_pids(verb):
            with contextlib.suppress(OSError, StopIteration):
                highest = max(highest, highest_memory(pid))
        time.sleep(0.1)
    Finished(process, 20)
    return highest / 1024


def measure(make):
    way = Service(make, "", logins=["login1"])
    for number in ENTRIES:
        assert way.ask().code == 0
        way.cold()
        way.close()
        locks.lengthen(way.project, number - 4)
        way.open()
        assert way.ask().code == 0
        eventually(lambda: way.info().get("STATE") == "ready", 60, "it says that it is ready")
        row = f"{number:,} entries"
        folder = str(way.project.path)
        commands = {verb: (folder, PLAIN, ["hpc_utils/bin/coord", verb]) for verb in VERBS}
        commands["connect by service"] = (folder, way.variables("login1"), ["hpc_utils/bin/coord", "connect"])
        for name, times in by_turns(way.project, ROUNDS[number], commands).items():
            yield samples("growth", row, name, "ms", times)
        for verb in VERBS:
            yield samples("growth", row, verb, "MB", [peak(way.project, verb) for _ in range(3)])
        (service,) = way.project.coord_pids("serve")
        yield samples("growth", row, "the service", "MB", [highest_memory(service) / 1024])
    way.close()
