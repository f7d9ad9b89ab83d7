"""Shared fixtures: small worlds, and the flag that refreshes golden files."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import hypothesis
import pytest
import tomli_w

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


MARKET_PAGES = ("test_any", "test_spare")
"""What tests of pages that play a market begin with."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with pages, which need no market: whoever tests beside us compiles it meanwhile."""
    items.sort(
        key=lambda item: item.path.parent.name != "app" or item.path.name.startswith(MARKET_PAGES)
    )


def _at_medians(node):
    """Return the tables of a scenario with the median in place of each fitted belief."""
    if isinstance(node, dict):
        belief = node.get("value")
        if isinstance(belief, dict) and "median" in belief:
            return node | {"value": belief["median"]}
        return {key: _at_medians(item) for key, item in node.items()}
    return node


def _plain_baseline() -> Path:
    """Write the baseline without beliefs, with its clauses beside it, and return the file."""
    folder = Path(tempfile.mkdtemp(prefix="finmodel-plain-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "scenarios" / "clauses", folder / "clauses")
    tree = _at_medians(tomllib.loads(YRD.read_text(encoding="utf-8")))
    tree.pop("correlations", None)
    tree.pop("together", None)
    file = folder / YRD.name
    file.write_text(tomli_w.dumps(tree), encoding="utf-8")
    return file


PLAIN = _plain_baseline()
"""The baseline as a run takes it, every number certain: for tests that add beliefs of their own."""


def small(*changes: str) -> Scenario:
    """The delta at a fiftieth of its size over six years, without beliefs."""
    return load_scenario(PLAIN, (*SMALL, *changes))


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
