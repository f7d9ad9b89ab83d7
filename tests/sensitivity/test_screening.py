"""Elementary effects and one-at-a-time swings where they are known."""

import numpy as np
import pytest
from SALib.analyze import morris as salib
from scipy.special import ndtri

from finmodel.sensitivity.axes import make_axes
from finmodel.sensitivity.designs import morris_design, one_at_a_time
from finmodel.sensitivity.noise import exact, mean_outcomes
from finmodel.sensitivity.screening import elementary_effects, normal_score
from finmodel.sensitivity.tornado import swings
from tests.sensitivity.cases import ishigami, plain_axes, with_luck

SLOPES = np.array([3.0, -2.0, 0.0, 0.5])


@pytest.mark.parametrize("pool", [0, 20])
def test_a_linear_function_is_screened_exactly(pool):
    design = morris_design(plain_axes(4), trajectories=6, seed=1, pool=pool)
    found = elementary_effects(design, exact(design.points @ SLOPES), seed=1)
    np.testing.assert_allclose(found.mu, 0.9 * SLOPES, atol=1e-12)
    np.testing.assert_allclose(found.mu_star, 0.9 * np.abs(SLOPES), atol=1e-12)
    np.testing.assert_allclose(found.sigma, 0.0, atol=1e-7)
    np.testing.assert_allclose(found.mu_star_high - found.mu_star_low, 0.0, atol=1e-12)
    assert found.is_told.tolist() == [True, True, False, True]


def test_effects_are_those_of_salib():
    design = morris_design(plain_axes(3), trajectories=10, seed=4, tail=0.0)
    value = ishigami(design.points)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    flat = np.round(design.points.reshape(-1, 3), 9)
    theirs = salib.analyze(problem, flat, value.ravel(), num_levels=4, seed=1)
    ours = elementary_effects(design, exact(value), seed=1)
    np.testing.assert_allclose(ours.mu_star, theirs["mu_star"], rtol=1e-6)
    np.testing.assert_allclose(ours.mu, theirs["mu"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.sigma, theirs["sigma"], rtol=1e-6)


def test_luck_makes_mu_star_of_an_inert_number_and_the_floor_says_so():
    design = morris_design(plain_axes(4), trajectories=200, seed=1)
    value = with_luck(design.points @ SLOPES, paths=20, noise=2.0, seed=3)
    found = elementary_effects(design, value, seed=1)
    assert found.mu_star[2] == pytest.approx(found.floor[2], rel=0.15)
    assert not found.is_told[2]
    assert found.is_told[:2].all()
    assert (found.sigma < 0.5).all()
    assert (np.abs(found.mu - 0.9 * SLOPES) < 4.0 * found.mu_error).all()


def test_a_group_moves_as_one_and_has_no_sign():
    axes = make_axes(["a", "b", "c"], [("a", "b")], np.eye(3))
    design = morris_design(axes, trajectories=50, seed=1)
    found = elementary_effects(design, exact(design.points @ [1.0, 1.0, 3.0]), seed=1)
    assert np.isnan(found.mu[0])
    assert found.mu[1] == pytest.approx(2.7)
    assert set(np.unique(design.sign[design.moved == 0])) == {0}
    # The two move alike or against each other: 2 or 0, in half of the trajectories each.
    assert found.mu_star[0] == pytest.approx(0.9, abs=0.5)


def test_too_few_trajectories_are_refused():
    design = morris_design(plain_axes(4), trajectories=2, seed=1)
    value = design.points @ SLOPES
    value[0, 1] = np.nan
    with pytest.raises(ValueError, match="at least 2"):
        elementary_effects(design, exact(value), seed=1)


def test_swings_are_paired_and_sorted():
    points = one_at_a_time(plain_axes(3))
    rng = np.random.default_rng(1)
    luck = rng.normal(0.0, 100.0, 30)  # the same in all units: it must cancel
    own = rng.normal(0.0, 0.1, (7, 30))
    found = swings(
        ("a", "b", "c"), mean_outcomes((points @ [1.0, -5.0, 0.0])[:, None] + luck + own)
    )
    assert found["name"].tolist() == ["b", "a", "c"]
    assert found["swing"][0] == pytest.approx(-4.5, abs=4 * found["swing_se"][0])
    assert (found["swing_se"] < 0.06).all()
    assert found["is_told"].tolist() == [True, True, False]


def test_a_correlated_number_takes_the_others_to_their_medians_given_it():
    rho = 0.6
    factor = np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])
    axes = make_axes(["a", "b"], [("b", "a")], factor)
    scores = ndtri(one_at_a_time(axes)) @ factor.T
    z = ndtri(0.95)
    expected = [[0, 0], [-z, -rho * z], [z, rho * z], [-rho * z, -z], [rho * z, z]]
    np.testing.assert_allclose(scores, expected, atol=1e-9)


def test_luck_that_all_trajectories_share_tells_nothing():
    """Paths differ in what an inert factor does on them; every trajectory plays the same paths."""
    axes, told, sure, n = plain_axes(3), 0, 0, 100
    for seed in range(n):
        design = morris_design(axes, trajectories=10, seed=seed)
        slope = np.random.default_rng(seed).standard_normal(40)
        value = design.points[..., :1] * slope + 0.2 * design.points[..., 1:2]
        found = elementary_effects(design, mean_outcomes(value), seed=seed, resamples=10)
        told += found.is_told[0]
        sure += abs(found.surety[0]) > 3.0
        assert found.is_told[1]
        assert found.surety[1] > 3.0
    assert told <= 0.05 * n + 4.0 * np.sqrt(0.05 * 0.95 * n)
    assert sure <= 4


def test_few_trajectories_need_more_to_tell_a_direction():
    """By Student's law with three degrees of freedom, 3 standard errors are 1.9 normal ones."""
    score = normal_score(np.array([3.0, -3.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0]), 3)
    assert score[:3] == pytest.approx([1.898, -1.898, 0.0], abs=1e-3)
    assert score[3] == np.inf
