"""Limits of splits, comparisons on fresh luck, marginal values, frontiers, back-solving."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from finmodel.allocate.back_solve import back_solve
from finmodel.allocate.frontier import frontier
from finmodel.allocate.goal import Goal, RiskLimit, risk
from finmodel.allocate.marginal import marginal_curves
from finmodel.allocate.retest import contrast
from finmodel.allocate.search import SearchPlan, search
from finmodel.allocate.splits import Group, SplitSet
from finmodel.errors import InputError
from tests.allocation_problems import Logs, Normals

PLAIN = Goal(np.ones(1))


@st.composite
def limits(draw):
    """Return limits around a split that keeps to them."""
    n = draw(st.integers(2, 9))
    weights = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n))) + 1e-3
    inside = weights / weights.sum()
    loose = np.array(draw(st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=n, max_size=n)))
    members = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    members[draw(st.integers(0, n - 1))] = True
    held, room = inside[members].sum(), draw(st.sampled_from([0.0, 0.05, 1.0]))
    group = Group("g", members, max(held - room, 0.0), min(held + room, 1.0))
    low, high = np.maximum(inside - loose, 0.0), np.minimum(inside + loose, 1.0)
    return SplitSet(tuple(f"c{d}" for d in range(n)), low, high, (group,))


@settings(max_examples=40, deadline=None)
@given(limits(), st.integers(0, 99))
def test_every_split_made_is_allowed(allowed, seed):
    rng = np.random.default_rng(seed)
    made = np.concatenate([allowed.spread(4, rng), allowed.draws(4, rng)])
    wild = rng.standard_normal(allowed.n_cells)
    near = allowed.nearest(wild)
    made = np.concatenate([made, near[None, :], [allowed.rounded(item) for item in made]])
    assert allowed.contains(made).all()
    assert np.abs(made.sum(axis=1) - 1.0).max() < 1e-9
    assert made.min() >= 0.0
    # Nearest: no allowed point lies on the far side.
    assert ((made - near) @ (wild - near)).max() < 1e-5


def test_impossible_limits_are_all_named():
    with pytest.raises(InputError, match=r"floors of 1\.2"):
        SplitSet(("a", "b"), np.array([0.6, 0.6]), np.ones(2))
    with pytest.raises(InputError, match="cell b") as caught:
        SplitSet(("a", "b"), np.array([-1.0, 0.6]), np.array([1.0, 0.5]))
    assert len(caught.value.problems) == 2
    group = Group("early", np.array([True, False]), low=0.5)
    with pytest.raises(InputError, match="at least one split"):
        SplitSet(("a", "b"), np.zeros(2), np.array([0.4, 1.0]), (group,))
    rich = Group("rich", np.array([True, False]), low=0.7)
    poor = Group("poor", np.array([False, True]), low=0.6)
    with pytest.raises(InputError, match=r"rich 0\.7 to 1.*poor 0\.6 to 1"):
        SplitSet(("a", "b"), np.zeros(2), np.ones(2), (rich, poor))


def test_differences_of_equals_are_noise_at_the_nominal_rate():
    rng, n, found = np.random.default_rng(3), 400, 0
    for seed in range(n):
        shared = rng.standard_normal(60)
        played = shared + rng.standard_normal((5, 60)) * np.array([1, 0.5, 1, 2, 1])[:, None]
        verdicts = contrast(played[0], played[1:], seed=seed).verdicts
        found += any(item != "within noise" for item in verdicts)
    low, high = binom.ppf([0.001, 0.999], n, 0.05)
    assert low <= found <= high


def test_a_difference_beyond_noise_has_its_sign():
    rng = np.random.default_rng(4)
    base = rng.standard_normal(100)
    others = np.stack([base - 1.0 + 0.1 * base[::-1], base + 1.0 + 0.1 * base[::-1], base])
    found = contrast(base, others, seed=1)
    assert found.verdicts == ("better", "worse", "within noise")
    assert found.low[0] < found.difference[0] < found.high[0]


def test_risks_of_normal_losses():
    rng = np.random.default_rng(5)
    outcome = rng.standard_normal((1, 20_000, 1))
    chance, se = risk(RiskLimit("p", 0, "chance", 1.0, threshold=1.0), outcome)
    assert abs(chance[0] - norm.sf(1.0)) < 4 * se[0]
    worst, se = risk(RiskLimit("c", 0, "cvar", 1.0, level=0.9), outcome)
    assert abs(worst[0] - norm.pdf(norm.ppf(0.9)) / 0.1) < 4 * se[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 60), st.floats(0.5, 0.999), st.integers(0, 99))
def test_the_tail_is_the_least_of_rockafellar_and_uryasev(n, level, seed):
    loss = np.random.default_rng(seed).standard_normal(n)
    found, _ = risk(RiskLimit("c", 0, "cvar", 1.0, level=level), -loss[:, None])
    least = min(t + np.maximum(loss - t, 0.0).mean() / (1.0 - level) for t in loss)
    assert found == pytest.approx(least)


def test_money_is_worth_the_same_everywhere_at_the_best_split():
    problem = Logs(5, 3)
    best = problem.best()
    found = marginal_curves(problem.evaluate, PLAIN, best, range(0, 2), step=1e-4)
    exact = problem.a * problem.k / (1.0 + problem.k * best)
    held = best > 1e-3
    ahead = found.slopes[:, 2]
    assert ahead == pytest.approx(exact, rel=0.01)
    assert np.ptp(ahead[held]) < 0.01 * ahead[held].mean()
    assert (ahead[~held] <= ahead[held].min() * 1.001).all()
    # Nothing lies between no money and none.
    assert np.isnan(found.slopes[~held, 0]).all() or held.all()


def test_the_frontier_rises_with_risk():
    mean, sd = np.array([1.0, 0.6, 0.2]), np.array([2.0, 1.0, 0.1])
    problem, allowed = Normals(mean, sd), SplitSet.free(list("abc"))
    plan = SearchPlan(10, 2, 4, 4000, 2000, 3, 1)
    found = search(problem.evaluate, PLAIN, allowed, presets=np.full((1, 3), 1 / 3), plan=plan)
    edge = frontier(
        problem.evaluate,
        PLAIN,
        allowed,
        found,
        RiskLimit("worst tenth", 0, "cvar", 0.0),
        paths=range(4000, 12_000),
        points=6,
        seed=1,
    )
    assert (np.diff(edge.risk) >= 0).all()
    assert (np.diff(edge.value[edge.is_efficient]) > 0).all()
    assert edge.is_efficient.sum() >= 4
    assert not (edge.is_efficient & edge.is_clearly_behind).any()
    assert edge.splits[-1][0] > 0.95
    assert allowed.contains(edge.splits).all()


def luck(n: int = 2000):
    return np.random.default_rng(7).standard_normal(n)


def test_the_level_that_reaches_a_goal():
    # P(x + e >= 1) = 0.8 at x = 1 + 0.8416
    found = back_solve(lambda x: x + luck(), between=(0.0, 5.0), goal=1.0, probability=0.8)
    exact = 1.0 + norm.ppf(0.8)
    assert found.status == "found"
    assert found.is_rising
    assert found.is_monotone
    assert found.answer_low < exact < found.answer_high
    assert found.answer == pytest.approx(exact, abs=0.1)
    falling = back_solve(lambda x: luck() - x, between=(-5.0, 0.0), goal=1.0, probability=0.8)
    assert not falling.is_rising
    assert falling.answer == pytest.approx(-exact, abs=0.1)
    assert falling.answer_low < -exact < falling.answer_high


def test_a_goal_out_of_reach_and_one_always_reached():
    out = back_solve(lambda x: x + luck(), between=(0.0, 1.0), goal=9.0, probability=0.5)
    assert out.status == "none"
    assert np.isnan(out.answer)
    always = back_solve(lambda x: x + luck(), between=(5.0, 9.0), goal=0.0, probability=0.5)
    assert always.status == "always"
    assert always.answer == 5.0
    assert np.isnan(always.answer_low)
    few = back_solve(lambda x: x + luck(12), between=(0.0, 1.0), goal=1.2, probability=0.5)
    assert few.status == "unclear"


def test_a_turning_response_is_said():
    found = back_solve(
        lambda x: 1.0 - (x - 1.0) ** 2 + 0.3 * luck(), between=(0.0, 2.5), goal=0.5, probability=0.5
    )
    assert not found.is_monotone
