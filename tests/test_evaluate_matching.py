"""Matching: neighbours and variance by hand, a known effect found, selection seen as such."""

import numpy as np
import pytest
from statsmodels.discrete.discrete_model import Logit

from finmodel.evaluate.logit import log_odds, standardised
from finmodel.evaluate.matching import (
    LEAST_SUPPORTED,
    NEIGHBOURS,
    Sample,
    match,
    matched_effect,
    nearest,
)


def planted(seed, *, n=1500, effect=0.7, hidden=0.0):
    """Support depends on two columns, and on a third that is not seen if `hidden` is not 0."""
    rng = np.random.default_rng([seed, 5])
    x = rng.normal(size=(n, 2))
    unseen = rng.normal(size=n)
    odds = -2.0 + 0.8 * x[:, 0] - 0.5 * x[:, 1] + hidden * unseen
    supported = rng.uniform(size=n) < 1.0 / (1.0 + np.exp(-odds))
    outcome = 1.0 + x[:, 0] + 0.5 * x[:, 1] ** 2 + hidden * unseen + rng.normal(size=n)
    stratum = rng.integers(0, 3, n)
    return Sample(x, supported, stratum), outcome + effect * supported


def test_the_nearest_are_the_nearest():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 40):
        values = np.sort(rng.normal(size=n))
        wanted = rng.normal(size=25)
        found = nearest(values, wanted, 4)
        for row, want in zip(found, wanted, strict=True):
            order = np.argsort(np.abs(values - want), kind="stable")[:4]
            assert row.tolist() == [*order, *([-1] * (4 - len(order)))]


def test_the_logit_is_that_of_statsmodels_and_bears_dependent_columns():
    sample, _ = planted(1)
    design = standardised(sample.covariates)
    found = log_odds(design, sample.is_supported)
    fit = Logit(sample.is_supported.astype(float), design).fit(disp=0, tol=1e-12)
    assert np.allclose(found, design @ fit.params, atol=1e-8)
    twice = standardised(np.column_stack([sample.covariates, sample.covariates[:, 0]]))
    assert np.allclose(log_odds(twice, sample.is_supported), found, atol=1e-7)
    assert log_odds(design, sample.covariates[:, 0] > 0.0) is None, "separated outcomes run off"


def test_matches_stay_within_a_stratum_and_with_the_unsupported():
    sample, _ = planted(2)
    found = match(sample)
    assert found.neighbours.shape == (sample.is_supported.sum(), NEIGHBOURS)
    assert (found.neighbours >= 0).all()
    assert not sample.is_supported[found.neighbours].any()
    same = sample.stratum[found.neighbours] == sample.stratum[found.supported][:, None]
    assert same.all()
    used, twin = found.alike.T
    assert (used != twin).all()
    assert (sample.stratum[used] == sample.stratum[twin]).all()


def test_effect_and_variance_are_those_of_the_formula():
    """Every row in one stratum, all sums written out with loops."""
    sample, outcome = planted(3, n=400)
    found = match(sample._replace(stratum=np.zeros(400, np.int64)))
    estimate = matched_effect(found, outcome)
    controls = ~sample.is_supported
    design = np.column_stack([np.ones(400), sample.covariates])
    slope, *_ = np.linalg.lstsq(design[controls], outcome[controls], rcond=None)
    rest = outcome - design @ slope
    n = len(found.supported)
    gains, weight, square = [], np.zeros(400), np.zeros(400)
    for i, near in zip(found.supported, found.neighbours, strict=True):
        gains.append(rest[i] - rest[near].mean())
        for j in near:
            weight[j] += 1 / NEIGHBOURS
            square[j] += 1 / NEIGHBOURS**2
    value = np.mean(gains)
    assert estimate.value == pytest.approx(value, rel=1e-9)
    twin = dict(found.alike.tolist())
    total = sum((gain - value) ** 2 for gain in gains)
    total += sum(
        (weight[j] ** 2 - square[j]) * 0.5 * (rest[j] - rest[twin[j]]) ** 2
        for j in np.flatnonzero(weight)
    )
    assert estimate.se == pytest.approx(np.sqrt(total) / n, rel=1e-9)
    assert estimate.high - estimate.low == pytest.approx(2 * 1.95996 * estimate.se, rel=1e-5)


def test_a_weight_of_outcomes_is_what_it_is():
    """Estimates of two outcomes add up: matching on what is known before does not see outcomes."""
    sample, outcome = planted(4)
    other = np.random.default_rng(1).normal(size=len(outcome))
    found = match(sample)
    parts = [matched_effect(found, values).value for values in (outcome, other)]
    assert matched_effect(found, outcome + other).value == pytest.approx(sum(parts), rel=1e-9)


def test_a_known_effect_is_covered_and_hidden_selection_is_not():
    counts = {0.0: 0, 1.0: 0}
    errors = {0.0: [], 1.0: []}
    for hidden, seen in errors.items():
        for seed in range(60):
            sample, outcome = planted(seed, hidden=hidden)
            estimate = matched_effect(match(sample), outcome)
            counts[hidden] += estimate.low <= 0.7 <= estimate.high
            seen.append(estimate.value - 0.7)
    # Four standard errors below 95 in 100 is 84 in 100 of 60.
    assert counts[0.0] >= 50
    assert np.mean(errors[0.0]) == pytest.approx(0.0, abs=4 * np.std(errors[0.0]) / np.sqrt(60))
    assert counts[1.0] <= 6
    assert np.mean(errors[1.0]) > 0.4


def test_few_or_separated_supported_firms_give_no_estimate():
    sample, _ = planted(5)
    few = np.zeros_like(sample.is_supported)
    few[: LEAST_SUPPORTED - 1] = True
    assert match(sample._replace(is_supported=few)) is None
    assert match(sample._replace(is_supported=sample.covariates[:, 0] > 0.0)) is None
    alone = sample._replace(stratum=sample.is_supported.astype(np.int64))
    assert match(alone) is None
