"""Runs commands by turns, on a login node: repeat.py ROUNDS JSON, which is {name: [folder, environment, words]}.
Prints the times as JSON: for each name a list of milliseconds, from the start of the process to its end."""
import json
import os
import sys
import time


def milliseconds(folder, environment, words):
    os.chdir(folder)
    silent = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    began = time.perf_counter()
    pid = os.posix_spawnp(words[0], words, environment, file_actions=silent)
    status = os.waitpid(pid, 0)[1]
    took = 1000 * (time.perf_counter() - began)
    if status != 0:
        sys.exit(f"{words} ended with {os.waitstatus_to_exitcode(status)}")
    return took


def main():
    rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
    names, times = list(commands), {name: [] for name in commands}
    for i in range(-3, rounds):
        # Nobody always comes after the same one.
        for name in names[i % len(names):] + names[:i % len(names)]:
            took = milliseconds(*commands[name])
            # The first rounds find cold caches.
            if i >= 0:
                times[name].append(took)
    print(json.dumps(times))


main()
