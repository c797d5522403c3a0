"""connect.sh on a laptop: a real sshd, a tunnel, and for the real app a real browser."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest
from conftest import MINICLUSTER, REPOSITORY, STATE, eventually


class Laptop:
    """connect.sh, running."""

    def __init__(self, project, **environment):
        self.folder = pathlib.Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
        browser = self.folder / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >{self.folder}/url\n')
        browser.chmod(0o755)
        self.errors_path = self.folder / "errors"
        with open(self.errors_path, "w") as errors:
            self.process = subprocess.Popen(
                ["bash", project.path / "hpc_utils" / "connect.sh"], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "SSH_USER": "ann1",
                     "LOGIN_NODE": "login1", "REMOTE_DIR": str(project.path), "BROWSER": str(browser),
                     "SSH_OPTIONS": f"-F {STATE}/ssh/config", **environment})

    @property
    def errors(self):
        return self.errors_path.read_text()

    def opened(self, seconds=120):
        """The address that the browser was told."""
        path = self.folder / "url"
        eventually(lambda: self.process.poll() is not None or path.exists() and path.read_text(), seconds, "the page")
        assert path.exists(), self.errors
        return path.read_text().strip()

    def interrupt(self):
        """Ctrl+C; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(20)

    def leftovers(self):
        return [line for line in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True)
                .stdout.splitlines() if "/tmp/coord." in line]


@pytest.fixture
def laptop(project):
    running = []

    def start(**environment):
        running.append(Laptop(project, **environment))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.interrupt()


def fetch(url):
    return subprocess.run(["curl", "-s", "--noproxy", "*", "--max-time", "5", url], capture_output=True, text=True).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_page_opens_and_ctrl_c_cleans_up(project, laptop):
    port = free_port()
    one = laptop(LOCAL_PORT=str(port))
    assert one.opened() == f"http://localhost:{port}/app"
    assert "fake panel of job" in fetch(one.opened())
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True).stdout
    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{port}"]
    assert one.interrupt() == 130
    eventually(lambda: not one.leftovers(), 10, "no process stays")
    assert not list(pathlib.Path("/tmp").glob("coord.*")), "no socket stays"
    assert project.server_pids(), "the team's server does"


def test_taken_local_port_is_left_alone(project, laptop):
    foreign = socket.create_server(("127.0.0.1", 0))
    port = foreign.getsockname()[1]
    one = laptop(LOCAL_PORT=str(port))
    url = one.opened()
    assert int(re.search(r":(\d+)/", url)[1]) > port
    assert "is taken on this computer" in one.errors
    foreign.close()


def test_two_laptops_at_once_share_the_server(project, laptop):
    one, two = laptop(LOCAL_PORT=str(free_port())), laptop(LOCAL_PORT=str(free_port()), LOGIN_NODE="login2", SSH_USER="ann2")
    assert fetch(one.opened()) == fetch(two.opened()) != ""
    assert len(project.calls("sbatch")) <= 1 and len(project.jobs()) == 1


def test_one_authentication(project, laptop):
    log = STATE / "log" / "sshd-login1.log"
    before = log.read_text().count("Accepted publickey")
    laptop(LOCAL_PORT=str(free_port())).opened()
    assert log.read_text().count("Accepted publickey") == before + 1


@pytest.mark.parametrize("environment, code, words", [
    ({"LOGIN_NODE": "login9.invalid"}, 255, "cannot log in"),
    ({"REMOTE_DIR": "/nowhere"}, 78, "no project in /nowhere"),
    ({"REMOTE_DIR": "/shared/it's; touch /tmp/evil"}, 78, "no project in"),
    ({"LOCAL_PORT": "x"}, 64, "LOCAL_PORT=x cannot be"),
])
def test_failures_say_why_and_how_by_hand(project, laptop, environment, code, words):
    one = laptop(**environment)
    assert one.process.wait(60) == code, one.errors
    assert words in one.errors and "by hand: ssh -N -L" in one.errors, one.errors
    assert not os.path.exists("/tmp/evil")
    eventually(lambda: not one.leftovers(), 10, "no process stays")


def test_failure_of_coord_keeps_its_exit_code_and_words(project, laptop):
    (project.path / "credentials.json").write_text("{}")
    one = laptop()
    assert one.process.wait(60) == 78, one.errors
    assert "holds no user" in one.errors


# The real application.

@pytest.fixture
def browser():
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    for flag in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000", "--no-proxy-server"]:
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


# All canvases on the page, in shadow roots too, that have something drawn on them.
DRAWN = """
const found = [];
const walk = (root) => { for (const e of root.querySelectorAll('*')) {
  if (e.tagName === 'CANVAS' && e.width > 300 && e.height > 50) {
    const data = e.getContext('2d').getImageData(0, 0, e.width, e.height).data;
    const colours = new Set();
    for (let i = 0; i < data.length; i += 4) colours.add(data[i] << 16 | data[i+1] << 8 | data[i+2]);
    if (colours.size > 10) found.push(e.width);
  }
  if (e.shadowRoot) walk(e.shadowRoot);
} };
walk(document);
return found.length;
"""


@pytest.fixture(scope="session")
def application():
    """The real app and a sample recording, set up and proven by the demo."""
    demo = pathlib.Path(os.environ.get("DEMO_DIR", "/var/tmp/coord-demo"))
    subprocess.run(
        ["bash", REPOSITORY / "hpc_utils" / "demo.sh", "--check"], check=True,
        env={**os.environ, "DEMO_DIR": str(demo), "PYTHON": "/usr/bin/python3"})
    return demo


def test_real_annotation_page_is_drawn_in_a_browser(application, project, laptop, browser):
    subprocess.run(["cp", "-r", application / "visualize_accelerometry", project.path], check=True)
    subprocess.run(["chgrp", "-R", "lab", project.path / "visualize_accelerometry"], check=True)
    subprocess.run(["chmod", "-R", "g+rwX", project.path / "visualize_accelerometry"], check=True)
    (project.path / "hpc_utils" / "env.sh").write_text(f"PATH={application}/venv/bin:$PATH\nNUM_PROCS=2\n")
    # Another local port than the server's: the browser's origin is then not the server's.
    one = laptop(LOCAL_PORT=str(free_port()))
    browser.get(one.opened(180))
    from selenium.webdriver.common.by import By
    browser.find_element(By.NAME, "username").send_keys("megan")
    browser.find_element(By.NAME, "password").send_keys("secret")
    browser.find_element(By.CSS_SELECTOR, "[type=submit], button").click()
    try:
        eventually(lambda: browser.execute_script(DRAWN), 60, "the recording is drawn")
    finally:
        browser.save_screenshot(os.environ.get("COORD_SCREENSHOT", "/tmp/coord-page.png"))
    # A restart keeps everybody logged in, and leaves no worker behind.
    workers = subprocess.run(["pgrep", "-f", f"{application}/venv/bin/panel serve"], capture_output=True, text=True).stdout
    assert len(workers.split()) >= 2
    assert project.run("stop", user="ann2").code == 0
    workers = subprocess.run(["pgrep", "-f", f"{application}/venv/bin/panel serve"], capture_output=True, text=True).stdout
    assert workers.split() == []
