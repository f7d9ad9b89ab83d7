"""A server of the app and a real browser; without Debian's Chromium these tests say so and rest."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from finmodel.ui.home import HOME_VARIABLE
from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WAIT_MS = 60_000
"""A shared machine may be slow; nothing here measures time."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def server(home):
    """The address of an app whose visitors' results lie in `home`."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium fonts-noto-cjk")
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "app.py"),
            "--server.port",
            str(port),
        ],
        cwd=ROOT,
        env={**os.environ, HOME_VARIABLE: str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def browser(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


class Visit:
    """A tab with its own session; it remembers which hosts were asked and what broke."""

    def __init__(self, context, server):
        self.server, self.hosts, self.errors = server, set(), []
        self.page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, address, text):
        """Open an address of the app and wait for a text."""
        self.page.goto(f"{self.server}{address}")
        self.page.get_by_text(text).first.wait_for()

    def check(self):
        """No other host was asked, no script broke, no page shows an exception."""
        assert {host.split(":")[0] for host in self.hosts} <= {"127.0.0.1"}
        assert not self.errors
        assert self.page.locator("[data-testid=stException]").count() == 0


@pytest.fixture
def visit(browser, server):
    """Open tabs of a width, in a session of their own each."""
    contexts = []

    def make(width=1440, height=1200, locale="en-GB"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, accept_downloads=True
        )
        contexts.append(context)
        return Visit(context, server)

    yield make
    for context in contexts:
        context.close()
