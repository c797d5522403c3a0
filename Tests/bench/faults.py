"""Faults: seconds until somebody is handed a server that works. All cases side by side, each in a project of its own."""
import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from ways import WAYS, answers_http, samples

ROUNDS = 3
# In seconds: a server that hangs is ended by coord after HANG_LIMIT (300 s), and what the wrapper does not do by then it never does.
BOUND = {"flock wrapper": 180, "coord by files": 420, "coord by service": 420}


def kill(pids, number):
    for pid in pids:
        # One may end because of another one.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def server_killed(project):
    kill(project.server_pids(), signal.SIGKILL)


def job_killed(project):
    # As the kernel does it when the job has eaten its memory.
    kill([*project.coord_pids("guard"), *project.coord_pids("supervise"), *project.server_pids()], signal.SIGKILL)


def server_stopped(project):
    kill(project.server_pids(), signal.SIGSTOP)


def node_lost(project):
    project.cluster.control("kill-node", project.node)


FAULTS = {"server killed": server_killed, "job killed": job_killed, "server stopped": server_stopped, "node lost": node_lost}


def recovery(way, fault, bound):
    """Seconds from the fault until an answer whose server works, None if not within `bound`; and until the last answer whose server
    does not, 0 if there was none."""
    began, last_dead = time.monotonic(), 0
    fault(way.project)
    while (left := bound - (time.monotonic() - began)) > 0:
        done = way.ask(int(left) + 1, user="ann2", host="login2")
        asked = time.monotonic() - began
        node, _, port = done.output.strip().rpartition(":")
        if done.code == 0:
            if answers_http(node, port):
                return asked, last_dead
            last_dead = asked
        time.sleep(0.5)
    return None, last_dead


def measure(make):
    with contextlib.ExitStack() as stack:
        cases = []
        for n in range(ROUNDS):
            for f, fault in enumerate(FAULTS):
                for k, kind in enumerate(WAYS):
                    way = kind(make, f"_{n}{f}{k}", logins=["login2"])
                    stack.callback(way.close)
                    # Node 1 is never lost; each round loses another one.
                    way.project.node = f"node{n + 2}" if fault == "node lost" else "node1"
                    cases.append((n, fault, way))
        pool = stack.enter_context(ThreadPoolExecutor(len(cases)))

        def served(case):
            script = case[2].with_directive(f"--nodelist={case[2].project.node}")
            done = case[2].ask(200, host="login2")
            assert done.code == 0, done
            # The next job may run anywhere.
            case[2].script().write_text(script)
        list(pool.map(served, cases))

        def played(case):
            n, fault, way = case
            # Not all at once: their answers would wait for each other.
            time.sleep(15 * n + 4 * list(FAULTS).index(fault))
            return recovery(way, FAULTS[fault], BOUND[way.name])
        found = list(pool.map(played, cases))
    for fault in FAULTS:
        for kind in WAYS:
            values = [each for (_, what, way), each in zip(cases, found) if what == fault and type(way) is kind]
            yield samples("faults", fault, kind, "s", [took for took, _ in values], BOUND[kind.name])
            yield samples("faults", fault, kind, "s, dead", [dead for _, dead in values])
