"""Shared fixtures: small worlds, and the flag that refreshes golden files."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

from finmodel.scenario import Scenario, load_scenario
from finmodel.world import World, build_world

ROOT = Path(__file__).resolve().parent.parent
YRD = ROOT / "scenarios" / "yrd_baseline.toml"
SMALL = ("run.scale=0.02", "run.years=3", "run.warm_up_years=3")

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden", action="store_true", help="rewrite golden files; say why in CHANGELOG"
    )


def small(*changes: str) -> Scenario:
    """The delta at a fiftieth of its size over six years."""
    return load_scenario(YRD, (*SMALL, *changes))


def small_world(*changes: str) -> World:
    return build_world(small(*changes))


@pytest.fixture(scope="session")
def yrd() -> Scenario:
    return load_scenario(YRD)


def plain_and_compiled(script):
    """Return what a script prints with kernels compiled, and with the same as plain Python."""
    texts = []
    for mode in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": mode, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        texts.append(done.stdout)
    return texts
