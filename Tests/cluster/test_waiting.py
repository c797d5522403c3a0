"""What waiting costs the file server."""
import re
import signal
import subprocess
import time

from conftest import Finished, eventually
from scenes import scene


def calls_on(project, pids, seconds):
    """What processes themselves ask the file server for: look-ups, listings, reads and writes in the project's directory."""
    trace = f"/var/tmp/coord-trace.{pids[0]}"
    # Not what their children do, which are this test's squeue.
    strace = subprocess.Popen(
        ["strace", "-y", "-o", trace, *(word for pid in pids for word in ("-p", str(pid)))], stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    strace.send_signal(signal.SIGINT)
    strace.wait(20)
    with open(trace) as lines:
        calls = [line.split(None, 1)[1] for line in lines if str(project.path) in line]
    # What is open is closed, and its status and its end are known, without asking.
    own = re.compile(r"close\(|newfstatat\(\d+<|getdents64\(.* 0 entries ")
    return [call for call in calls if not own.match(call)]


@scene()
def team_that_waits_for_a_pending_job(make, trace):
    """Each of them costs the file server about a call a second, and all are told."""
    project = make()
    project.edit_job("--begin=now+210")
    waiters = [project.start("connect", "--timeout", "600", user=f"ann{n + 1}") for n in range(6)]
    eventually(lambda: project.jobs(), 60, "a job waits")
    pids = eventually(lambda: len(project.coord_pids("connect")) == 6 and project.coord_pids("connect"), 60, "all wait")
    time.sleep(100)
    calls = calls_on(project, pids, 60)
    answers = {Finished(process, 300).output for process in waiters}
    assert len(answers) == 1 and re.fullmatch(r"\S+:\d+\n", answers.pop())
    # One of them asks the scheduler for all, now and then.
    assert len(calls) <= 75 * len(pids), (len(calls), calls)
