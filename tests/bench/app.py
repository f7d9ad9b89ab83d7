"""How long a visitor waits: first paint, a change of what is known, a preview of a programme."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

from finmodel.ui.home import HOME_VARIABLE
from tests.browser.conftest import CHROMIUM, FLAGS, free_port
from tests.conftest import ROOT

VISITS = 7
PREVIEWS = 5
READING_MS = 6000


def report():
    """Print medians in a real browser; needs Chromium."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        print("app: no Chromium here")
        return
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env={**os.environ, HOME_VARIABLE: home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(server.terminate)
        time.sleep(5.0)
        player = stack.enter_context(sync_playwright())
        browser = player.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stack.callback(browser.close)
        times = [_visit(browser, f"http://127.0.0.1:{port}") for _ in range(VISITS)]
        first, *warm = times
        print(f"first visit after start: answer {first[0]:.2f} s")
        for place, what in enumerate(("answer and chart", "language changed", "unit changed")):
            print(f"warm, {what}: {statistics.median(item[place] for item in warm):.2f} s")
        previews = [_preview(browser, port, 0.3 + number / 100) for number in range(PREVIEWS)]
        told, drawn = (statistics.median(item[place] for item in previews) for place in (0, 1))
        print(f"preview of a changed programme: {told:.1f} s to its words, {drawn:.1f} s to all")


def _visit(browser, address):
    page = browser.new_context(locale="en-GB").new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_text("go unfunded").first.wait_for(timeout=120_000)
    page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)").first.wait_for()
    painted = time.perf_counter()
    page.get_by_text("中文", exact=True).click()
    page.get_by_text("未获资金").first.wait_for()
    spoken = time.perf_counter()
    page.get_by_text("百万元", exact=True).click()
    page.get_by_text("百万元未获资金").first.wait_for()
    ended = time.perf_counter()
    page.context.close()
    return painted - started, spoken - painted, ended - spoken


def _preview(browser, port, share):
    """Return seconds from the click to the first words of the result, and to its last chart."""
    page = browser.new_page(viewport={"width": 1440, "height": 2400})
    page.goto(f"http://127.0.0.1:{port}/guidance?mode=manager")
    field = page.get_by_role("spinbutton", name="State share, the largest public part of a fund")
    field.wait_for(timeout=120_000)
    field.fill(str(share))
    field.press("Enter")
    page.get_by_text("1 changes from").wait_for(timeout=120_000)
    # Who changes a number has looked at the page for some seconds; by then a process is ready.
    page.wait_for_timeout(READING_MS)
    button = page.get_by_role("button", name="Preview")
    started = time.perf_counter()
    button.click()
    page.get_by_text("futures: its errors are wide").first.wait_for(timeout=120_000)
    told = time.perf_counter()
    page.get_by_role("button", name="Memo (HTML)").wait_for(timeout=120_000)
    page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)").nth(3).wait_for()
    drawn = time.perf_counter()
    page.close()
    return told - started, drawn - started
