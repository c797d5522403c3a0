"""Warm: the server is ready, and somebody asks for it. Milliseconds of the whole command, by turns on one login node."""
import contextlib
import json
import statistics

from ways import HERE, PLAIN, WAYS, Finished, samples

ROUNDS = 400
# The ratios are those of the medians of so many parts of the run.
BLOCKS = 10


def by_turns(project, rounds, commands):
    """Milliseconds of each command, {name: [...]}; `commands` are {name: (folder, environment, words)}."""
    done = Finished(project.cluster.start(
        "login1", "ann1", project.path,
        ["/usr/bin/python3", "-c", (HERE / "repeat.py").read_text(), str(rounds), json.dumps(commands)], PLAIN), 900)
    assert done.code == 0, done
    return json.loads(done.output)


def ratios(times, beside, blocks=BLOCKS):
    """The ratio of two commands' medians in each part of the run."""
    size = len(times) // blocks
    return [
        statistics.median(times[i * size:(i + 1) * size]) / statistics.median(beside[i * size:(i + 1) * size])
        for i in range(blocks)]


def measure(make):
    with contextlib.ExitStack() as stack:
        commands = {}
        for n, kind in enumerate(WAYS):
            way = kind(make, f"_{n}", logins=["login1"])
            stack.callback(way.close)
            assert way.ask().code == 0
            commands[way.name] = (str(way.project.path), way.variables("login1"), way.command(60))
        commands["cat"] = (str(way.project.path), PLAIN, ["cat", way.status_file])
        commands["squeue"] = (str(way.project.path), PLAIN, ["squeue", "--me"])
        times = by_turns(way.project, ROUNDS, commands)
    for name in times:
        yield samples("warm", "time", name, "ms", times[name])
        yield samples("warm", "beside cat", name, "ratio", ratios(times[name], times["cat"]))
        yield samples("warm", "beside squeue", name, "ratio", ratios(times[name], times["squeue"]))
