"""connect.conf, as people's editors leave it, in every sh of a laptop. Nothing is asked of a cluster."""
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "hpc_utils" / "connect.sh"
SHELLS = ["bash", "bash --posix", "dash", "busybox sh", "mksh", "zsh --emulate sh"]
GOOD = "LOGIN_NODE=login1\nREMOTE_DIR=/project/the lab\nSSH_USER=ann1\nLOCAL_PORT=7900\n"


def tried(shell, text, folder):
    (folder / "coord").mkdir()
    (folder / "coord" / "connect.conf").write_bytes(text.encode() if isinstance(text, str) else text)
    return subprocess.run(
        [*shell.split(), SCRIPT, "--dry-run"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)})


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("text", [
    GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace("=", " = "), GOOD.replace("=", "\t=\t"),
    "  \n\t\n # mine\n\r\n" + GOOD, "\ufeff# mine\r\n" + GOOD.replace("\n", " \r\n"),
    "\ufeff \r\n" + GOOD.replace("\n", "\n  ").rstrip(), GOOD.replace("=", " = '").replace("\n", "' \n"),
    b"# caf\xe9\n" + GOOD.encode(),
], ids=range(10))
def test_what_nobody_sees_means_nothing(shell, text, tmp_path):
    done = tried(shell, text, tmp_path)
    assert done.returncode == 0 and done.stderr == "", done
    assert "ann1@login1" in done.stdout and "# cd /project/the lab && " in done.stdout, done
    assert "http://localhost:7900/app\n" in done.stdout, done


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("text, said", [
    ("\n # x\nLOGIN_NODES = login1\n", "its line 3: there is no setting LOGIN_NODES\n"),
    ("\ufeff\r\nLOGIN_NODE\r\n", "its line 2 is not KEY=VALUE\n"),
    ("LOGIN_NODE=a\n\ufeffSSH_USER=b\n", "its line 2: there is no setting \ufeffSSH_USER\n"),
])
def test_mistakes_name_their_line(shell, text, said, tmp_path):
    done = tried(shell, text, tmp_path)
    assert done.returncode == 78 and said in done.stderr and "connect.conf cannot be" in done.stderr, done
