"""A small run of each shipped scenario, number by number.

Refresh with ``pytest tests/test_golden.py --refresh-golden`` only when a change is meant to
change results, and say so in CHANGELOG.md.
"""

import json
from pathlib import Path

import pytest

from finmodel.market.run import simulate
from finmodel.measure import activity_table, gap_table
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import ROOT

GOLDEN = Path(__file__).parent / "golden"
CHANGES = ("run.scale=0.1", "run.years=3", "run.warm_up_years=4")


@pytest.mark.parametrize("name", ["yrd_baseline", "china31_baseline"])
def test_golden(name, request):
    world = build_world(load_scenario(ROOT / "scenarios" / f"{name}.toml", CHANGES))
    run = simulate(world, paths=4, seed=20220101)
    found = {
        "gap_stage": gap_table(run, ("stage",)).drop(columns="stage").to_dict("list"),
        "activity": activity_table(run).to_dict("list"),
        "firm_quarters": run.firm_quarters,
    }
    file = GOLDEN / f"{name}.json"
    if request.config.getoption("--refresh-golden"):
        file.write_text(json.dumps(found, indent=1) + "\n")
    expected = json.loads(file.read_text())
    assert found["firm_quarters"] == expected["firm_quarters"]
    for table in ("gap_stage", "activity"):
        assert found[table].keys() == expected[table].keys()
        for column, values in expected[table].items():
            assert found[table][column] == pytest.approx(values, rel=1e-12, nan_ok=True), column
