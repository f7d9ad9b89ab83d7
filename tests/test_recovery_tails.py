"""Intervals cover: a small form of the recovery study here, the whole as a slow test."""

import numpy as np
import pytest
from scipy.stats import binom

from tests.studies.recovery_tails import DESIGNS, N_DATA_SETS, markdown, recovery_table
from tests.studies.simulated_markets import (
    market_factor,
    simulated_flows,
    supply_mapping,
)

SMALL = 40
CAUTIOUS = ("exits, 600 told", "tail share (logit)")
"""Where hardly anything is told intervals may cover more often than they say."""
LONG = ("exits, two thirds not told", "exits, all told")


@pytest.mark.parametrize("design", [name for name in DESIGNS if name not in LONG])
def test_intervals_of_few_data_sets_cover_as_often_as_chance_allows(design):
    table = recovery_table(design, SMALL, seed=5)
    least = binom.ppf(1e-4, SMALL, 0.95) / SMALL
    assert (table["coverage"] >= least).all(), markdown(table)
    # Neither do they cover by being wide: errors are near the spread of the estimates.
    assert (table["mean_error"] < 2 * table["sd"]).all(), markdown(table)
    bias = np.abs(table["mean"] - table["truth"]) / (table["sd"] / np.sqrt(SMALL))
    assert (bias[table["parameter"] != CAUTIOUS[1]] < 4).all(), markdown(table)


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_intervals_of_all_data_sets_cover_at_their_rate(design):
    table = recovery_table(design, N_DATA_SETS)
    is_cautious = (table["design"] == CAUTIOUS[0]) & (table["parameter"] == CAUTIOUS[1])
    assert (table["coverage"] >= 0.92).all(), markdown(table)
    assert (table["coverage"][~is_cautious] <= 0.98).all(), markdown(table)


def test_the_market_factor_is_that_of_the_run():
    _, world = simulated_flows(0.3, paths=1, scale=0.01, changes=("run.years=4",))
    first, second = (market_factor(world, path, 1) for path in (0, 1))
    assert len(first) == world.arrays.calendar.n_quarters
    assert not np.allclose(first, second)
    rules = world.arrays.rules[0]
    many = np.array([market_factor(world, path, 3) for path in range(200)])
    assert many[:, -1].std() == pytest.approx(float(rules["market_log_sd"]), rel=0.2)


@pytest.mark.slow
def test_flows_of_a_simulated_market_fall_nearly_as_meetings_do():
    from tests.studies.simulated_markets import gravity_mapping

    table = gravity_mapping((0.0, 0.6, 1.5), paths=2)
    assert np.abs(table["of flows"] - 0.97 * table["of meetings"]).max() < 0.05


@pytest.mark.slow
def test_supply_of_a_simulated_market_comes_back():
    table = supply_mapping(paths=20)
    gap = np.abs(table["mean"] - table["truth"])
    assert (gap < 4 * table["error of mean"] + 0.35).all(), table
    assert (table["coverage"] >= 0.5).all(), table
