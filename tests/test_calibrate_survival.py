"""Curves against statsmodels, closed forms and each other."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from finmodel.calibrate.survival import (
    aalen_johansen,
    between,
    graduation_curve,
    kaplan_meier,
    log_log_band,
    pool_curves,
)
from tests.calibrate_cases import spells_of


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(4)
    n = 400
    entry = np.where(rng.random(n) < 0.4, rng.random(n) * 2.0, 0.0)
    end = entry + np.ceil(rng.exponential(4.0, n) * 4.0) / 4.0
    event = rng.choice(3, n, p=(0.3, 0.5, 0.2))
    return entry, end, event


def test_kaplan_meier_with_delayed_entry_is_statsmodels(sample):
    entry, end, event = sample
    at = np.array([1.0, 2.0, 4.0, 8.0])
    share, covariance, _ = kaplan_meier(entry, end, event == 1, at)
    other = SurvfuncRight(end, (event == 1).astype(int), entry=entry)
    place = np.searchsorted(other.surv_times, at, side="right") - 1
    assert share == pytest.approx(1.0 - other.surv_prob[place], abs=1e-12)
    assert np.sqrt(np.diagonal(covariance)) == pytest.approx(other.surv_prob_se[place], rel=1e-9)


def test_without_censoring_it_is_the_share_with_binomial_error():
    end = np.arange(1.0, 101.0)
    share, covariance, risk = kaplan_meier(np.zeros(100), end, np.full(100, True), np.array([30.0]))
    assert share[0] == pytest.approx(0.3)
    assert covariance[0, 0] == pytest.approx(0.3 * 0.7 / 100)
    assert risk[0] == 71.0


def test_after_the_last_time_nothing_is_known():
    share, _, _ = kaplan_meier(
        np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, False, False]), np.array([2.0, 9.0])
    )
    assert share[0] == pytest.approx(1 / 3)
    assert np.isnan(share[1])


def test_aalen_johansen_with_one_cause_is_kaplan_meier(sample):
    entry, end, event = sample
    at = np.array([2.0, 6.0])
    only = np.where(event == 1, 1, 0)
    share, error = aalen_johansen(entry, end, only, 1, at)
    km, covariance, _ = kaplan_meier(entry, end, only == 1, at)
    assert share == pytest.approx(km, abs=1e-12)
    assert error == pytest.approx(np.sqrt(np.diagonal(covariance)), rel=0.03)


def test_aalen_johansen_is_statsmodels(sample):
    # statsmodels divides by nought where the last one at risk has an event.
    end, event = np.append(sample[1], 99.0), np.append(sample[2], 0)
    other = CumIncidenceRight(end, event)
    at = np.array([1.0, 3.0, 7.0])
    place = np.searchsorted(other.times, at, side="right") - 1
    for cause in (1, 2):
        share, error = aalen_johansen(np.zeros(len(end)), end, event, cause, at)
        assert share == pytest.approx(other.cinc[cause - 1][place], abs=1e-10)
        assert error == pytest.approx(other.cinc_se[cause - 1][place], rel=0.05)


def test_incidences_and_survival_add_up_to_one(sample):
    entry, end, event = sample
    at = np.array([5.0])
    parts = [aalen_johansen(entry, end, event, c, at)[0][0] for c in (1, 2)]
    any_event, _, _ = kaplan_meier(entry, end, event != 0, at)
    assert sum(parts) == pytest.approx(any_event[0], abs=1e-12)


def test_the_covariance_is_that_of_repeated_samples():
    rng = np.random.default_rng(8)
    at = np.array([2.0, 5.0])
    shares, guesses = [], []
    for _ in range(400):
        life = rng.exponential(5.0, 200)
        cut = rng.uniform(2.0, 12.0, 200)
        share, covariance, _ = kaplan_meier(np.zeros(200), np.minimum(life, cut), life <= cut, at)
        shares.append(share)
        guesses.append(covariance)
    found, guess = np.cov(np.array(shares).T), np.mean(guesses, axis=0)
    assert guess == pytest.approx(found, rel=4 * np.sqrt(2 / 400))


def test_bands_stay_within_nought_and_one():
    share = np.array([0.0, 0.001, 0.5, 0.999, 1.0])
    low, high = log_log_band(share, np.full(5, 0.4))
    assert ((low >= 0) & (low <= share) & (share <= high) & (high <= 1)).all()


def test_a_closed_firm_stays_in_the_denominator():
    """Two of ten graduate at once, the others close: the share is a fifth, not more."""
    curve = graduation_curve(spells_of([1] * 2 + [4] * 8, [2.0] * 2 + [1.0] * 8), (24.0,))
    assert curve.share[0] == pytest.approx(0.2)
    assert curve.n_events == 2


def test_truncated_spells_are_refused():
    spells = spells_of([1, 0], [2.0, 3.0], entry=[0.0, 1.0])
    with pytest.raises(ValueError, match="seen from their start"):
        graduation_curve(spells, (12.0,))


def test_pooling_adds_the_spread_between_imputations():
    one = graduation_curve(spells_of([1] * 30 + [0] * 70, [2.0] * 100), (12.0,))
    two = graduation_curve(spells_of([1] * 40 + [0] * 60, [2.0] * 100), (12.0,))
    pooled = pool_curves([one, two])
    assert pooled.share[0] == pytest.approx(0.35)
    within = (one.covariance[0, 0] + two.covariance[0, 0]) / 2
    assert pooled.covariance[0, 0] == pytest.approx(within + 1.5 * 0.005)
    assert between(np.array([[1.0, 2.0]])).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert isinstance(pooled.frame(), pd.DataFrame)
