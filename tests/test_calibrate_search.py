"""The search of a match: it finds the point where a noisy market is as wanted, also on a ridge."""

import numpy as np
import pytest

from finmodel.calibrate.match import plain_curve, smooth_curves
from finmodel.calibrate.search import nearest

LOW, HIGH = np.log([0.005, 0.005, 0.3]), np.log([6.0, 6.0, 15.0])
TRUE = np.log([0.35, 0.25, 7.4])
# Errors of the shares of stage B in the CC-BY file, and a market that waits for money.
ERROR = np.array([0.0042, 0.0085, 0.0146, 0.0168, 0.0183])


def waiting_market(seed, noise=0.05):
    """Return shares of a market slower than the formula, in jumps of a part of an error."""

    def shares(point):
        milestone, failure, ramp = np.exp(point)
        mark = np.frombuffer(np.round(point, 6).tobytes(), dtype=np.uint32)
        jump = np.random.default_rng([seed, *mark.tolist()]).normal(0.0, noise, 5)
        return 0.9 * plain_curve(0.9 * milestone, failure, 1.2 * ramp) + jump * ERROR

    return shares


def found(seed, start):
    wanted = waiting_market(0, noise=0.0)(TRUE)
    return nearest(
        waiting_market(seed),
        smooth_curves,
        wanted,
        ERROR,
        np.log(start),
        low=LOW,
        high=HIGH,
        n_steps=16,
    )


@pytest.mark.parametrize("start", [(0.3, 0.3, 2.0), (0.5, 0.3, 10.4), (0.29, 0.23, 6.2)])
def test_other_starts_and_other_luck_give_the_same_point(start):
    points = np.array([found(seed, start) for seed in (1, 2, 3)])
    assert np.abs(points - TRUE).max() < 0.12
    assert points.std(axis=0).max() < 0.05


def test_a_market_is_asked_once_a_step_and_the_range_is_kept():
    calls = []

    def market(point):
        calls.append(point)
        assert np.all((point >= LOW - 1e-9) & (point <= HIGH + 1e-9))
        return np.full(5, 0.9)

    nearest(market, smooth_curves, np.full(5, 0.01), ERROR, TRUE, low=LOW, high=HIGH, n_steps=6)
    assert len(calls) == 6


def test_the_formula_has_no_kink_in_the_ramp():
    ramps = np.log(np.linspace(7.2, 7.8, 61))
    share = np.array([smooth_curves(np.array([*TRUE[:2], ramp])) for ramp in ramps])
    bends = np.abs(np.diff(share, n=2, axis=0)).max()
    kinked = np.array([plain_curve(0.35, 0.25, np.exp(ramp)) for ramp in ramps])
    assert bends < np.abs(np.diff(kinked, n=2, axis=0)).max()
