#!/usr/bin/env python3
"""What coord costs: on a real small Slurm, as root, after `bash Tests/run.sh install` and the release build.

    COORD_BINARY=.build/release/coord /var/tmp/coord-test-venv/bin/python Tests/bench/bench.py

Warm `coord connect`, by the files and by the service, against `cat server_info.txt` and `squeue` in the same run; and a
service with 500 waiting clients: its memory, its processor time, and how often it asked the scheduler.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))
from clients import answered, ask, highest_memory  # noqa: E402
from conftest import MINICLUSTER, Cluster, Finished, eventually, projects_of  # noqa: E402

ROUNDS = 50
CLIENTS = 500


def timed(project, *command, environment=None):
    """Median and 95th percentile of a command's time on login1, in milliseconds: the shell that starts it apart."""
    loop = ("import subprocess,sys,time\ntimes=[]\nfor _ in range(%d):\n t=time.perf_counter()\n "
            "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True)\n "
            "times.append(time.perf_counter()-t)\nprint(*times)" % ROUNDS)
    done = Finished(project.cluster.start(
        "login1", "ann1", project.path, ["/usr/bin/python3", "-c", loop, *command],
        {"PATH": "/usr/bin:/bin", **(environment or {})}), 300)
    times = sorted(1000 * float(t) for t in done.output.split())
    return statistics.median(times), times[int(0.95 * len(times))]


def row(name, value):
    print(f"{name:<44}{value}", flush=True)


def processor_time(pid):
    """In seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def warm(make):
    project = make("_warm")
    assert project.run("connect").code == 0
    path = f"/tmp/coord-bench-{os.getpid()}.sock"
    service = project.start("serve", environment={"COORD_SOCKET": path})
    eventually(lambda: os.path.exists(path), 20, "the service listens")
    try:
        for name, command, environment in [
            ("cat server_info.txt", ["cat", "hpc_utils/server_info.txt"], None),
            ("coord connect, warm, by the files", ["hpc_utils/bin/coord", "connect"], None),
            ("coord connect, warm, by the service", ["hpc_utils/bin/coord", "connect"], {"COORD_SOCKET": path}),
            ("squeue", ["squeue", "--me"], None),
        ]:
            row(name, "median %.1f ms, 95%% %.1f ms" % timed(project, *command, environment=environment))
    finally:
        service.terminate()
        Finished(service, 20)


def load(make):
    project = make("_load")
    project.edit_job("--begin=now+40")
    path = f"/tmp/coord-bench-{os.getpid()}.sock"
    service = project.start("serve", environment={"COORD_SOCKET": path})
    eventually(lambda: os.path.exists(path), 20, "the service listens")
    began = time.monotonic()
    clients = ask(path, CLIENTS, 200)
    (pid,) = project.coord_pids("serve")
    served = answered(clients)
    seconds = time.monotonic() - began
    processor = processor_time(pid)
    calls = [at for at, _ in project.calls("squeue")]
    row(f"{CLIENTS} clients waiting, answered", f"{served} after {seconds:.0f} s")
    row("the service's memory at its highest", f"{highest_memory(pid) / 1024:.1f} MB")
    row("its processor time", f"{processor:.2f} s, {100 * processor / seconds:.1f} % of one processor")
    row("squeue was called", f"{len(calls)} times, at least {min(b - a for a, b in zip(calls, calls[1:])):.1f} s apart")
    service.terminate()
    Finished(service, 20)


def main():
    subprocess.run([MINICLUSTER, "down"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([MINICLUSTER, "up", "-n", "2", "-l", "1", "-u", "2"], check=True, stdout=subprocess.DEVNULL)
    try:
        with projects_of(Cluster(), "bench") as make:
            warm(make)
            load(make)
    finally:
        subprocess.run([MINICLUSTER, "down"], check=True, stdout=subprocess.DEVNULL)


main()
