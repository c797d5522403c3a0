"""Reads the results of a run: report.py [--docs FOLDER] RESULTS.json... Prints the tables, or writes performance.md and .svg."""
import json
import pathlib
import sys

from chart import chart
from document import document, machine, sections


def main():
    words = sys.argv[1:]
    docs = pathlib.Path(words[1]) if words[:1] == ["--docs"] else None
    runs = [json.loads(pathlib.Path(path).read_text()) for path in (words[2:] if docs else words)]
    samples = [sample for run in runs for sample in run["samples"]]
    # The first one began when nothing of the others ran, and on the local disk.
    facts, load = runs[0]["machine"], runs[0]["machine"]["load"]
    if docs is None:
        print(machine(facts, load), *sections(samples), sep="\n")
        return
    (docs / "performance.md").write_text(document(facts, load, samples))
    (docs / "performance.svg").write_text(chart(samples))


main()
