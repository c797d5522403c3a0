"""The machine that measures, in words that name no host and no path."""
import datetime
import os
import pathlib
import platform
import re
import subprocess


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).split("\n")[0].strip()


def facts():
    """Facts for the reader, and the load average of the last minute."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    meminfo = pathlib.Path("/proc/meminfo").read_text()
    return {
        "processor": model[1] if model else platform.machine(),
        "processors": len(os.sched_getaffinity(0)),
        "memory": f"{int(re.search(r'MemTotal: *([0-9]+)', meminfo)[1]) / 1e6:.0f} GB",
        "kernel": f"Linux {platform.release()}",
        "slurm": first_line("squeue", "--version"),
        "gluster": " ".join(first_line("gluster", "--version").split()[:2]),
        "disk": first_line("stat", "-f", "-c", "%T", "/shared"),
        "date": datetime.date.today().isoformat(),
        "load": os.getloadavg()[0],
    }
