"""The real annotation page, in a real browser, through connect.sh."""
import os
import pathlib
import subprocess

import pytest
from conftest import REPOSITORY, eventually
from test_laptop import free_port, laptop  # noqa: F401


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


def link(host, state):
    subprocess.run(["ip", "link", "set", f"v-{host}", state], check=True)


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
    # The network goes for a while: the same address works again, and nobody has to log in.
    link("login1", "down")
    eventually(lambda: "asking again" in one.errors, 60, "it is noticed")
    link("login1", "up")
    eventually(lambda: "reload the page" in one.errors, 90, "and healed")
    browser.refresh()
    eventually(lambda: browser.execute_script(DRAWN), 60, "the recording is drawn again, without a login")
    # A stop leaves no worker behind.
    workers = subprocess.run(["pgrep", "-f", f"{application}/venv/bin/panel serve"], capture_output=True, text=True).stdout
    assert len(workers.split()) >= 2
    assert project.run("stop", user="ann2").code == 0
    workers = subprocess.run(["pgrep", "-f", f"{application}/venv/bin/panel serve"], capture_output=True, text=True).stdout
    assert workers.split() == []
