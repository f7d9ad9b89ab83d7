"""Slopes by a screening design, the last step, and errors that hold along a ridge."""

import numpy as np
import pytest

from finmodel.calibrate.match import smooth_curves
from finmodel.calibrate.match_errors import MATCHED_MONTHS, RIDGE, Target, rate_block
from finmodel.calibrate.search import nearest
from finmodel.calibrate.simulated_moments import SimulatedMoments
from finmodel.calibrate.slopes import (
    MOST_MOVE,
    directions,
    formula_slopes,
    market_slopes,
    screening_design,
    settle,
)
from finmodel.calibrate.survival import Curve
from tests.test_calibrate_search import ERROR, HIGH, LOW, TRUE, waiting_market

ENDS = {"low": LOW, "high": HIGH, "block": 3}


@pytest.mark.parametrize("p", range(1, 25))
def test_columns_of_a_design_are_orthogonal_and_a_market_is_left_over(p):
    sign = screening_design(p)
    assert np.array_equal(sign.T @ sign, len(sign) * np.eye(p))
    assert np.all(sign.sum(axis=0) == 0.0)
    assert len(sign) >= p + 2


def test_directions_move_the_formula_by_one_error_and_no_number_too_far():
    scaled = formula_slopes(smooth_curves, TRUE) / ERROR[:, None]
    moves = directions(scaled, 3)
    told = moves.T @ scaled.T @ scaled @ moves
    assert np.abs(told - np.diag(np.diag(told))).max() < 1e-8
    assert np.all(np.diag(told) < 1.0 + 1e-9)
    assert np.abs(moves).max() == pytest.approx(MOST_MOVE)


def test_slopes_of_a_market_in_jumps_are_found_along_the_ridge_too():
    exact = formula_slopes(waiting_market(0, noise=0.0), TRUE)
    moves = directions(formula_slopes(smooth_curves, TRUE) / ERROR[:, None], 3)
    found = [
        market_slopes(waiting_market(seed, noise=0.2), smooth_curves, TRUE, ERROR, **ENDS)
        for seed in range(40)
    ]
    off = np.array([(s.market - exact) @ moves / ERROR[:, None] for s in found])
    # Jumps of 0.2 errors, eight markets: 0.07 errors a move, and a bend that is none of them.
    assert off.std(axis=0).max() < 1.5 * 0.2 / np.sqrt(8)
    assert np.abs(off.mean(axis=0)).max() < 0.25
    noise = np.array([s.noise for s in found]) / ERROR
    assert np.sqrt((noise**2).mean()) == pytest.approx(0.2, rel=0.3)


def test_a_direction_that_only_luck_moves_is_flat_and_others_are_not():
    told = market_slopes(waiting_market(1, noise=0.05), smooth_curves, TRUE, ERROR, **ENDS)
    assert not told.is_flat(ERROR, 3).any()

    def rigid(point):
        """Return a market that sees the rates' sum alone, and jumps."""
        return waiting_market(1)(np.r_[TRUE[:1] + point.sum() - TRUE.sum(), TRUE[1:]])

    blind = market_slopes(rigid, smooth_curves, TRUE, ERROR, **ENDS)
    assert blind.is_flat(ERROR, 3).any()


def test_the_last_step_ends_where_the_misfit_is_orthogonal_to_the_formula():
    market = waiting_market(0, noise=0.0)
    x = TRUE + np.array([0.1, 0.05, 0.1])
    slopes = market_slopes(market, smooth_curves, x, ERROR, **ENDS)
    found = settle(market, smooth_curves, slopes, x, market(TRUE), ERROR, **ENDS)
    assert np.abs(found - TRUE).max() < 0.02 < np.abs(x - TRUE).max()


def block_of(wanted, covariance, slopes, x):
    months = np.array(MATCHED_MONTHS)
    exact = Curve(months, wanted, np.zeros((5, 5)), wanted, 1, 1)
    moments = SimulatedMoments({"B": exact}, {}, 1.0)
    target = Target("B", Curve(months, wanted, covariance, wanted, 1, 1))
    options = {"formula": slopes.formula, "lost": ["", "", ""], "is_fixed": np.zeros(3, dtype=bool)}
    return rate_block([target], x, slopes.market, moments, **options)


def estimates_of_drawn_curves(n_sets, error, *, seed):
    """Return logs and their errors, from curves drawn around a known market."""
    rng = np.random.default_rng(seed)
    # A cumulative curve: its increments are near independent.
    root = np.tril(np.ones((5, 5))) * np.sqrt(np.diff(error**2, prepend=0.0))
    truth = waiting_market(0, noise=0.0)(TRUE)
    found = []
    for luck in range(1, n_sets + 1):
        market = waiting_market(luck, noise=0.01)
        wanted = truth + root @ rng.normal(size=5)
        x = nearest(market, smooth_curves, wanted, error, TRUE, low=LOW, high=HIGH, n_steps=6)
        slopes = market_slopes(market, smooth_curves, x, error, **ENDS)
        x = settle(market, smooth_curves, slopes, x, wanted, error, **ENDS)
        block = block_of(wanted, root @ root.T, slopes, x)
        found.append((x, [item.standard_error / item.value for item in block.estimates]))
    return np.array(found).transpose(1, 0, 2)


def test_intervals_of_rates_on_a_ridge_cover():
    logs, errors = estimates_of_drawn_curves(60, 0.3 * ERROR, seed=7)
    covered = (np.abs(logs - TRUE) < 1.96 * errors).mean(axis=0)
    # Four binomial errors of 95 % with 60 sets are 11 points.
    assert covered.min() > 0.84, covered
    # Nor do they cover by being wide.
    ratio = errors.mean(axis=0) / logs.std(axis=0)
    assert ratio.min() > 0.7, ratio
    assert ratio.max() < 1.4, ratio


def test_a_number_known_to_no_factor_of_e_is_said_to_be_not_identified():
    slopes = market_slopes(waiting_market(0, noise=0.0), smooth_curves, TRUE, ERROR, **ENDS)
    wanted = waiting_market(0, noise=0.0)(TRUE)
    root = np.tril(np.ones((5, 5))) * np.sqrt(np.diff(ERROR**2, prepend=0.0))
    near = block_of(wanted, root @ root.T, slopes, TRUE)
    assert not any("Not identified" in item.note for item in near.estimates)
    far = block_of(wanted, 36.0 * root @ root.T, slopes, TRUE)
    words = RIDGE.split("{other}")[0]
    rate, _, ramp = far.estimates
    for note, other in ((rate.note, "milestone_ramp_quarters"), (ramp.note, "milestone_rate_pa")):
        assert words in note
        assert other in note
