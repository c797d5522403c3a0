"""Completion in the real shells, and the man page."""
import os
import subprocess

import pexpect
import pytest


@pytest.fixture
def path(tmp_path):
    """A PATH with coord in it."""
    (tmp_path / "coord").symlink_to(os.path.abspath(os.environ["COORD_BINARY"]))
    return f"{tmp_path}:{os.environ['PATH']}"


def output(path, *command):
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}).stdout


@pytest.mark.parametrize("words, completed", [
    ("conn", ["connect"]), ("st", ["status", "stop"]), ("connect --ti", ["--timeout"]), ("users a", ["add"]),
    ("history --follow", []), ("guar", []), ("nonsense --", []),
])
def test_bash(path, words, completed):
    script = ('source <(coord completion bash); COMP_WORDS=(coord "$@"); COMP_CWORD=$#; _coord; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    assert output(path, "bash", "-uc", script, "bash", *words.split()).split() == completed


@pytest.mark.parametrize("words, completed", [
    ("conn", {"connect"}), ("st", {"status", "stop"}), ("connect --ti", {"--timeout"}), ("users a", {"add"}),
    ("history --follow", set()), ("guar", set()),
])
def test_fish(path, words, completed):
    lines = output(path, "fish", "--no-config", "-c", f"coord completion fish | source; complete -C 'coord {words}'")
    assert {line.split("\t")[0] for line in lines.splitlines()} == completed


@pytest.mark.parametrize("typed, completed", [("conn", "connect"), ("connect --tim", "connect --timeout"), ("users ad", "users add")])
def test_zsh(path, tmp_path, typed, completed):
    shell = pexpect.spawn(
        "zsh", ["-f", "-i"], encoding="utf-8", timeout=20, env={**os.environ, "PATH": path, "TERM": "dumb", "HOME": str(tmp_path)})
    # What is run is what the line then held.
    shell.sendline("PS1='ready> '; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source <(coord completion zsh); "
                   "coord() { print -r -- \"GOT<$*>\" }")
    shell.expect("ready> ")
    shell.send(f"coord {typed}\t\n")
    shell.expect(r"GOT<([^$>]*)>")
    assert shell.match[1].strip() == completed
    shell.close(force=True)


def test_other_shells_are_refused(path):
    done = subprocess.run(["coord", "completion", "tcsh"], capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert done.returncode == 64 and "bash, zsh or fish" in done.stderr


def test_man_page(path, tmp_path):
    page = tmp_path / "coord.1"
    page.write_text(output(path, "coord", "help", "--man"))
    checked = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    text = output(path, "mandoc", "-T", "ascii", "-O", "width=200", page).replace("_\b", "")
    for word in ["connect", "--timeout", "SOCKET_GROUP", "130 and 143", "completion"]:
        assert word in "".join(c for i, c in enumerate(text) if text[i + 1:i + 2] != "\b" and c != "\b"), word
