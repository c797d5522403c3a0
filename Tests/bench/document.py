"""docs/performance.md of a run: pure functions from its results to Markdown."""
import textwrap

from summary import WAYS, in_order, median, select, short, summary, words, worse

NEVER = float("inf")


def wrapped(text):
    """A paragraph in lines of the other documents' length."""
    return textwrap.fill(text, 128, break_long_words=False, break_on_hyphens=False) + "\n"


def table(head, rows):
    """A Markdown table; the first column is of words, the others of numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cell(samples, *where):
    found = select(samples, *where)
    return words(found[0]) if found else "–"


def by_way(samples, part, unit, first="", ways=WAYS):
    """Rows of a part beside each other for each way."""
    rows = in_order(s["row"] for s in select(samples, part, unit))
    return table([first, *ways], [[row, *(cell(samples, part, unit, row, way) for way in ways)] for row in rows])


def warm_table(samples):
    ways = in_order(s["way"] for s in select(samples, "warm", "ms"))
    return table(["", "ms", "beside `cat`", "beside `squeue`"], [
        [way, cell(samples, "warm", "ms", "time", way), cell(samples, "warm", "ratio", "beside cat", way),
         cell(samples, "warm", "ratio", "beside squeue", way)] for way in ways])


def growth_table(samples):
    rows = in_order(s["row"] for s in select(samples, "growth"))
    ways = in_order(s["way"] for s in select(samples, "growth"))
    return table(["", *rows], [
        [f"{way}, {unit}", *(cell(samples, "growth", unit, row, way) for row in rows)]
        for unit in ["ms", "MB"] for way in ways if select(samples, "growth", unit, way=way)])


def waiting_table(samples):
    return by_way(samples, "waiting", "calls a minute", "calls a minute of", [*WAYS, "nobody"])


# (part, title, what was done, the tables)
SECTIONS = [
    ("warm", "Warm", "A server is ready and one person asks, on a login node. The time is that of the whole process. The commands "
     "take turns, 400 rounds; the spread is 95 % of them. A ratio is that of the medians of a tenth of the run; its spread is that of the "
     "ten; from run to run it differs by more.", [warm_table]),
    ("cold", "Cold herds", "There is no server, and so many processes of `connect` are let go at the same moment, on two login "
     "nodes, as twelve users. Each is a real process, also where it asks the service, of which there is one on each login node. "
     "Seconds count from the server's first HTTP answer until the last of them was told; three rounds by turns.",
     [lambda samples: "Jobs made:\n\n" + by_way(samples, "cold", "jobs"),
      lambda samples: "Seconds until the last was told:\n\n" + by_way(samples, "cold", "s")]),
    ("told", "Ready → told", "Six wait for a job that is pending for 25 s. Seconds from the server's first HTTP answer until each "
     "was told, in three rounds, all ways side by side; the spread is that of all eighteen.",
     [lambda samples: by_way(samples, "told", "s")]),
    ("waiting", "Waiting", "Six on one login node wait for a job that stays pending; after 75 s, when they have settled, calls are "
     "counted for 60 s: of squeue, sbatch, scontrol and scancel by what stands before them in PATH, of the file server by "
     "`gluster volume profile`. One count for each. *Nobody* is the file server when nobody waits.", [waiting_table]),
    ("growth", "Growth", "A log of so many entries, and a server that is ready. Milliseconds of the whole process; MB is the "
     "highest resident memory. The wrapper has no log.", [growth_table]),
    ("faults", "Faults", "Somebody asks again and again from the moment of the fault, and each server that is handed out is asked "
     "for HTTP. Seconds until one answers, three rounds, all cases side by side. *Server killed*: SIGKILL to the server's process; "
     "*job killed*: to all processes of its job (the wrapper's is the server alone); *server stopped*: SIGSTOP, so that its port accepts and nothing answers; *node lost*: "
     "its processes are killed and its link is down (SlurmdTimeout is 20 s). The wrapper was given 180 s.",
     [lambda samples: by_way(samples, "faults", "s"),
      lambda samples: "Seconds from the fault until the last answer that named a server which no longer answers; 0: none did:\n\n"
      + by_way(samples, "faults", "s, dead")]),
]


def machine(facts, load):
    return wrapped(
        f"Machine: {facts['processors']} processors ({facts['processor']}), {facts['memory']}, {facts['kernel']}; "
        f"{facts['slurm']}; one local disk ({facts['disk']}) that all hosts see, for *Waiting* {facts['gluster']}. "
        f"All hosts of the minicluster share these processors. Load average when it began: {load:.2f}. "
        f"Measured on {facts['date']}.")


def seconds(value, bound=None):
    return f"more than {bound} s" if value == NEVER else f"{short(value)} s"


def meaning(samples):
    """What the numbers mean; each sentence only where what it needs was measured."""
    files, service, wrapper = WAYS
    said = []
    if beside := median(samples, "warm", "ratio", "beside cat", files):
        said.append(
            f"A warm `coord connect` costs {short(beside)} times a `cat` of the status file, by the service "
            f"{short(median(samples, 'warm', 'ratio', 'beside cat', service))} times, the wrapper "
            f"{short(median(samples, 'warm', 'ratio', 'beside cat', wrapper))} times: it asks squeue and HTTP each time, "
            "coord reads the server's heartbeat and tries its port.")
    jobs = [(s["way"], v) for s in select(samples, "cold", "jobs") for v in s["values"]]
    if jobs:
        more = in_order(way for way, v in jobs if v != 1)
        said.append(
            "All were given the same server, whichever way they asked" +
            (f"; more than one job was made by {' and '.join(more)}." if more else ", and one job was made for each herd."))
    if (calls := median(samples, "waiting", "calls a minute", "scheduler", files)) is not None:
        others = {way: median(samples, "waiting", "calls a minute", "scheduler", way) for way in [service, wrapper]}
        said.append(
            f"Six who wait ask the scheduler {short(calls)} times a minute together, by the service {short(others[service])} times, "
            f"by the wrapper {short(others[wrapper])} times, and that grows with each who waits. "
            "Of the file server the wrapper wants "
            f"{short(median(samples, 'waiting', 'calls a minute', 'file server', wrapper))} calls, coord "
            f"{short(median(samples, 'waiting', 'calls a minute', 'file server', files))}, by the service "
            f"{short(median(samples, 'waiting', 'calls a minute', 'file server', service))}.")
    if (stopped := median(samples, "faults", "s", "server stopped", files)) is not None:
        theirs = median(samples, "faults", "s", "server stopped", wrapper)
        said.append(
            f"A server that hangs is replaced by coord after {seconds(stopped, 420)} (HANG_LIMIT is 300 s, for a callback of an app "
            "may be long); the wrapper " + (
                "had none after 180 s, and never would: its job is in the queue, and nobody ends it." if theirs == NEVER
                else f"took {seconds(theirs)}."))
    behind = [
        f"{part}, {row} ({seconds(other) if unit == 's' else f'{short(other)} {unit}'} against "
        f"{seconds(mine, 420) if unit == 's' else f'{short(mine)} {unit}'})" for part, row, unit, other, mine in worse(samples)]
    if behind:
        said.append("Where the wrapper is better than coord by the files: " + "; ".join(behind) + ".")
    dead = [(s["row"], summary(s)[2]) for s in select(samples, "faults", "s, dead", way=files)]
    if dead and (longest := max(dead, key=lambda one: one[1]))[1] > 0:
        said.append(
            "What answers at once has tried the port and not HTTP, which the wrapper asks: coord named a server that no longer answered "
            f"for up to {short(longest[1])} s ({longest[0]}).")
    if any(part == "faults" for part, *_ in worse(samples)):
        said.append(
            "After a lost job or node coord waits on purpose: what Slurm gives up, or nobody recorded, may still run, and two servers would "
            "corrupt the team's annotations. The wrapper submits as soon as the job has left the queue, and cannot know.")
    return wrapped(" ".join(said))


def sections(samples):
    """The parts that were measured."""
    for part, title, done, tables in SECTIONS:
        if select(samples, part):
            yield f"## {title}\n{wrapped(done)}\n" + "\n".join(make(samples) for make in tables)


def document(facts, load, samples):
    return "\n".join([
        "# What coord costs, beside a wrapper of flock\n",
        wrapped("Written by `bash Tests/bench/run.sh`, which anybody may repeat: as root on a Debian machine with the Swift toolchain, after "
        "`bash Tests/run.sh install`. It takes a quarter of an hour; `bash Tests/bench/run.sh warm waiting` measures only these parts "
        "and prints them. What is compared runs by turns or side by side, on one minicluster (a real Slurm, Tests/cluster/minicluster) "
        "under the same load, with a stand-in for the data server that starts at once. The *flock wrapper* is what a careful person would "
        "write in about 30 lines: `Tests/bench/flock_wrapper.sh`. A number is a median, with the lowest and the highest in brackets. "
        "Milliseconds and seconds are this machine's; compare the ratios and the columns."),
        machine(facts, load),
        "![Bars of the tables below](performance.svg)\n",
        "## What it means\n" + meaning(samples), *sections(samples)])
