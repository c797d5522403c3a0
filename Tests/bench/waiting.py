"""What waiting costs: six wait for a pending job. Calls of the scheduler, and of the file server as it counts them itself."""
import pathlib
import re
import subprocess
import time

from ways import WAYS, Finished, eventually, samples

WAITERS = 6
# So long until they are looked at, and so long they are, in seconds.
SETTLED, WATCHED = 75, 60
# Calls back to a client and its forgetting are no work of the file server's.
NO_CALLS = {"FORGET", "RELEASE", "RELEASEDIR"}


def gluster(*words):
    return subprocess.run(["gluster", "--mode=script", *words], check=True, capture_output=True, text=True).stdout


def file_calls():
    """Calls that the volume's file server has answered since it counts."""
    # Its percentage, three latencies with their units, how many, and what.
    rows = re.findall(r"^ *[\d.]+(?: +[\d.]+ \w+){3} +(\d+) +(\w+)$", gluster(
        "volume", "profile", "shared", "info", "cumulative"), re.MULTILINE)
    return sum(int(calls) for calls, name in rows if name not in NO_CALLS)


def scheduler_calls(way):
    return sum(len(way.project.calls(command)) for command in ["squeue", "sbatch", "scontrol", "scancel"])


def counted(way):
    """Calls of the scheduler and of the file server in WATCHED seconds."""
    way.with_directive(f"--begin=now+{SETTLED + WATCHED + 600}")
    processes = [way.start(SETTLED + WATCHED + 300, user=f"ann{n + 1}") for n in range(WAITERS)]
    eventually(lambda: way.job_numbers(), 60, "a job waits")
    time.sleep(SETTLED)
    assert [process.poll() for process in processes] == [None] * WAITERS
    before = scheduler_calls(way), file_calls()
    time.sleep(WATCHED)
    after = scheduler_calls(way), file_calls()
    way.close()
    for process in processes:
        process.terminate()
    for process in processes:
        Finished(process, 60)
    way.cold()
    return [b - a for a, b in zip(before, after)]


def measure(make):
    gluster("volume", "profile", "shared", "start")
    pathlib.Path("/shared", "seen").touch()
    assert file_calls() > 0, "the file server counts nothing"
    before = file_calls()
    time.sleep(WATCHED / 2)
    yield samples("waiting", "file server", "nobody", "calls a minute", [(file_calls() - before) * 2])
    for n, kind in enumerate(WAYS):
        way = kind(make, f"_{n}", logins=["login1"], counted=True)
        scheduler, files = counted(way)
        yield samples("waiting", "scheduler", way, "calls a minute", [scheduler])
        yield samples("waiting", "file server", way, "calls a minute", [files])
