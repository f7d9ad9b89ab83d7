"""Objectives and scenarios that a plan of an allocation cannot mean."""

from __future__ import annotations

import numpy as np
import pytest

from finmodel.errors import ScenarioError
from finmodel.measure.headlines import HEADLINES
from finmodel.scenario.allocation_objective import SUMS, check_objective
from finmodel.study.allocate import read_allocation
from finmodel.study.allocate_play import MEASURES, measures_of
from tests.conftest import ROOT

GOAL = ROOT / "scenarios" / "goals" / "yrd_provinces.toml"


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"gap_closed_mcny": 1.0, "viable_ask_mcny": 1.0, "funded_viable_mcny": -1.0}, "cancel"),
        ({"gap_closed_n": 3.0, "gap_n": 3.0}, "cancel"),
        ({"gap_mcny": 1.0}, "gap_closed_mcny"),
        ({"gap_closed_n": -1.0, "exits_n": 1.0}, "0 or more"),
        ({"exits_n": 0.0}, "a weight other than 0"),
    ],
)
def test_what_an_objective_cannot_mean(weights, said):
    text = "; ".join(str(item) for item in check_objective(weights, "goal.toml: objective"))
    assert said in text
    assert "goal.toml: objective" in text


@pytest.mark.parametrize(
    "weights",
    [
        {"gap_closed_mcny": 1.0},
        {"gap_mcny": -1.0, "gap_closed_mcny": 1.0},
        {"gap_closed_mcny": 1.0, "gap_closed_n": 1.0, "public_npv_mcny": 0.1},
        {"viable_ask_n": 1.0, "gap_n": -1.0},
    ],
)
def test_other_objectives_are_taken(weights):
    assert not check_objective(weights, "objective")


def test_the_sums_hold_on_every_path():
    by_path = np.random.default_rng(1).uniform(size=(5, len(HEADLINES)))
    names = list(HEADLINES)
    for side in ("n", "mcny"):
        total = sum(by_path[:, names.index(f"{part}_{side}")] for part in ("funded_viable", "gap"))
        by_path[:, names.index(f"viable_ask_{side}")] = total
    values = dict(zip(MEASURES, measures_of(by_path).T, strict=True))
    for name, parts in SUMS.items():
        assert values[name] == pytest.approx(sum(w * values[part] for part, w in parts.items()))


def test_programmes_of_the_scenario_are_not_dropped():
    scenario = ROOT / "scenarios" / "policy_pro_rata.toml"
    with pytest.raises(ScenarioError, match="joint_fund"):
        read_allocation(GOAL, [f'scenario="{scenario.as_posix()}"'])
