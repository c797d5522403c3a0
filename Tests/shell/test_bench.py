"""What Tests/bench writes of its results: every row is in the tables and in the chart, and the chart is XML."""
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))
from chart import chart  # noqa: E402
from document import document  # noqa: E402
from summary import WAYS, short, words, worse  # noqa: E402

FACTS = {
    "processor": "A & B", "processors": 2, "memory": "4 GB", "kernel": "Linux 6", "slurm": "slurm 22", "gluster": "glusterfs 10",
    "disk": "ext4", "date": "2026-01-02", "load": 0.5}


def sample(part, row, way, unit, *values, **more):
    return {"part": part, "row": row, "way": way, "unit": unit, "values": list(values), **more}


SAMPLES = [
    *(sample("warm", "time", way, "ms", n + 1.25, n + 1.5, n + 3) for n, way in enumerate([*WAYS, "cat", "squeue"])),
    *(sample("warm", f"beside {other}", way, "ratio", n + 1.01) for n, way in enumerate(WAYS) for other in ["cat", "squeue"]),
    *(sample("cold", row, way, unit, 1, 1, 2) for row in ["1 ask", "12 ask"] for way in WAYS for unit in ["jobs", "s"]),
    *(sample("told", "6 wait", way, "s", 0.31) for way in WAYS),
    *(sample("waiting", row, way, "calls a minute", 7) for row in ["scheduler", "file server"] for way in WAYS),
    *(sample("growth", row, verb, unit, 77.5) for row in ["1,000 entries"] for verb in ["status"] for unit in ["ms", "MB"]),
    *(sample("faults", "server <stopped>", way, "s", 311, 312, bound=420) for way in WAYS[:2]),
    *(sample("faults", "server <stopped>", way, "s, dead", 61, 62, 63) for way in WAYS),
    sample("faults", "server <stopped>", WAYS[2], "s", None, None, bound=180),
    sample("faults", "node lost", WAYS[0], "s", 80, bound=420), sample("faults", "node lost", WAYS[2], "s", 30, None, 40, bound=180),
]


def test_every_row_is_in_the_tables():
    text = document(FACTS, 0.25, SAMPLES)
    for one in SAMPLES:
        if one["unit"] != "ratio":
            assert one["row"] == "time" or one["row"] in text, one
        assert words(one) in text, one
    assert "> 180" in text and "Load average when it began: 0.25" in text
    # Each line of a table has as many cells as its head.
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_chart_is_xml_and_holds_every_number():
    tree = ElementTree.fromstring(chart(SAMPLES))
    said = {element.text for element in tree.iter() if element.tag.endswith("}text")}
    for one in SAMPLES:
        if one["unit"] not in ("ratio", "jobs", "s, dead") and one["part"] != "growth":
            assert words(one) in said, one
    assert any("server <stopped>: flock wrapper" in text for text in said)


def test_parts_that_were_not_measured_are_left_out():
    text = document(FACTS, 1, [one for one in SAMPLES if one["part"] == "told"])
    assert "## Ready" in text and "## Warm" not in text and "None" not in text
    ElementTree.fromstring(chart([]))


@pytest.mark.parametrize("value, said", [(0.6849, "0.68"), (12.34, "12.3"), (7, "7"), (311.4, "311"), (2159.2, "2,159"), (20, "20")])
def test_numbers_have_two_or_three_figures(value, said):
    assert short(value) == said


def test_where_the_wrapper_is_better_is_found():
    assert [(part, row) for part, row, *_ in worse(SAMPLES)] == [("faults", "node lost")]


def test_unknown_part_is_told():
    done = subprocess.run(["bash", BENCH / "run.sh", "warm", "luke"], capture_output=True, text=True)
    assert done.returncode == 64 and "no part luke" in done.stderr and "faults" in done.stderr, done
