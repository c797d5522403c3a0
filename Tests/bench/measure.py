"""Measures parts on a minicluster, and writes what it found as JSON: measure.py RESULTS.json PART...

Started by Tests/bench/run.sh, in namespaces of its own.
"""
import json
import pathlib
import subprocess
import sys

import faults
import growth
import herds
import machine
import waiting
import warm
from conftest import FILESYSTEM, MINICLUSTER, USERS, Cluster, projects_of

PARTS = {
    "warm": warm.measure, "cold": herds.measure, "told": herds.measure_told, "growth": growth.measure,
    "waiting": waiting.measure, "faults": faults.measure,
}
NODES = 5


def main():
    results, parts = pathlib.Path(sys.argv[1]), sys.argv[2:]
    subprocess.run([MINICLUSTER, "up", "-n", str(NODES), "-l", "2", "-u", str(USERS), "-f", FILESYSTEM], check=True,
                   stdout=subprocess.DEVNULL)
    found = {"machine": machine.facts(), "samples": []}
    try:
        for part in parts:
            with projects_of(Cluster(), f"bench_{part}") as make:
                found["samples"] += PARTS[part](make)
            results.write_text(json.dumps(found, indent=1))
    finally:
        subprocess.run([MINICLUSTER, "down"], check=True, stdout=subprocess.DEVNULL)


main()
