"""Waits until a server answers: ready.py STATUS_FILE SECONDS. Prints when that was, in seconds of the monotonic clock.
A process of its own, so that others' load does not hold it up."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ways import answers_http, told_by  # noqa: E402


def main():
    path, end = pathlib.Path(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        info = told_by(path)
        if {"NODE", "PORT"} <= info.keys() and answers_http(info["NODE"], info["PORT"], 1):
            print(time.monotonic())
            return
        time.sleep(0.01)
    sys.exit("no server answered")


main()
