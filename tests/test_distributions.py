"""Beliefs: quantile functions against scipy, and what a fixed scenario keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from finmodel.scenario import assumptions, digest, fix_beliefs, quantities
from finmodel.scenario.distributions import Discrete, LogNormal, Normal, Triangular, Uniform
from finmodel.world import build_world
from tests.conftest import small

P = np.linspace(0.001, 0.999, 41)


def test_shapes_equal_scipy():
    cases = [
        (Uniform(dist="uniform", low=2, high=5), stats.uniform(2, 3)),
        (Triangular(dist="triangular", low=1, mode=2, high=6), stats.triang(0.2, 1, 5)),
        (
            Normal(dist="normal", mean=1, sd=2, low=-1, high=4),
            stats.truncnorm(-1, 1.5, loc=1, scale=2),
        ),
        (
            LogNormal(dist="lognormal", median=3, log_sd=0.5, low=1e-9, high=1e9),
            stats.lognorm(0.5, scale=3),
        ),
    ]
    for ours, theirs in cases:
        np.testing.assert_allclose([ours.quantile(p) for p in P], theirs.ppf(P), rtol=1e-6)
        assert ours.centre == pytest.approx(theirs.median(), rel=1e-6)


def test_discrete_steps_at_its_weights():
    law = Discrete(dist="discrete", values=(1, 2, 5), weights=(1, 2, 1))
    assert [law.quantile(p) for p in (0.1, 0.25, 0.26, 0.75, 0.76, 0.99)] == [1, 1, 2, 2, 5, 5]


@given(st.floats(-5, 5), st.floats(0.1, 3), st.floats(0.01, 0.99))
def test_draws_stay_in_the_support(mean, sd, p):
    law = Normal(dist="normal", mean=mean, sd=sd, low=mean - sd, high=mean + 2 * sd)
    low, high = law.support()
    assert low <= law.quantile(p) <= high


BELIEF = 'firms.patience_quarters={dist="triangular", low=2, mode=4, high=9}'


def test_a_belief_runs_at_its_median_and_keeps_its_range_in_the_table():
    scenario = small(BELIEF)
    world = build_world(scenario)
    median = Triangular(dist="triangular", low=2, mode=4, high=9).centre
    assert world.arrays.rules[0]["closure_pp"] == pytest.approx(1 / median)
    row = assumptions(scenario).set_index("name").loc["firms.patience_quarters"]
    assert row["low"] < row["value"] < row["high"]
    assert row["source"] == "user"
    assert digest(scenario) != digest(small())


def test_any_number_may_be_a_belief_and_fixing_moves_it():
    scenario = small(BELIEF)
    low, high = (fix_beliefs(scenario, lambda _, level=level: level) for level in (0.1, 0.9))
    names = {name for name, quantity in quantities(scenario) if quantity.is_uncertain}
    assert names == {"firms.patience_quarters"}
    assert low.firms.patience_quarters.centre < high.firms.patience_quarters.centre
