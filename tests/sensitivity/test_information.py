"""The value of information where it is known."""

import numpy as np
import pytest
from scipy.stats import norm

from finmodel.sensitivity.information import choice, partial_information
from finmodel.sensitivity.noise import exact, mean_outcomes
from finmodel.sensitivity.smoothing import make_smoother
from finmodel.study.sensitivity_choices import _information_rows
from tests.sensitivity.cases import with_luck

MEAN, SLOPE, REST = 0.3, 1.0, 2.0


def normal_worth(mean, sd):
    """Return E[max(0, b)] - max(0, E[b]) for a normal benefit (Raiffa & Schlaifer 1961)."""
    return mean * norm.cdf(mean / sd) + sd * norm.pdf(mean / sd) - max(mean, 0.0)


def problem(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    benefit = MEAN + SLOPE * x[:, 0] + 0.5 * x[:, 1] + REST * rng.standard_normal(n)
    return x, np.stack([np.zeros(n), benefit], axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_a_linear_gaussian_problem_gives_the_analytic_value(seed):
    x, benefit = problem(1000, seed)
    both = partial_information(x[:, :2], benefit, seed=seed, shuffles=2)
    for found, slope in zip(both, (SLOPE, 0.5), strict=True):
        assert found.value == pytest.approx(normal_worth(MEAN, slope), abs=4.0 * found.error)
        assert found.error < 0.08


def test_a_shuffled_number_is_worth_nothing():
    x, benefit = problem(500, 1)
    found, _, inert = partial_information(x, benefit, seed=1, shuffles=20)
    assert found.is_told
    assert found.by_chance < 0.05 * found.value
    assert not inert.is_told
    assert inert.value < 0.05


def test_of_equal_options_inert_numbers_are_worth_little_and_none_is_told():
    worth, plain, told = [], [], 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        benefit = np.stack([np.zeros(60), rng.standard_normal(60)], axis=1)
        found = partial_information(rng.random((60, 3)), benefit, seed=seed, shuffles=9)
        worth += [item.value for item in found]
        plain += [item.value + item.bias for item in found]
        told += any(item.is_told for item in found)
    assert np.mean(np.array(worth) > 0.0) > 0.2
    assert np.mean(worth) < 0.7 * np.mean(plain)
    assert told <= 4


def test_a_law_of_any_shape_gives_the_same_value():
    x, benefit = problem(500, 2)
    a = partial_information(x[:, :1], benefit, seed=1, shuffles=5)
    b = partial_information(np.exp(3.0 * x[:, :1]), benefit, seed=1, shuffles=5)
    assert a == b


@pytest.mark.slow
def test_looking_at_many_numbers_makes_none_worth_knowing():
    """Of 20 inert numbers one passes its own 95 % point; the largest passes in one study of 20."""
    told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        benefit = np.stack([np.zeros(100), rng.standard_normal(100)], axis=1)
        found = partial_information(rng.random((100, 20)), benefit, seed=seed, shuffles=19)
        told += any(item.is_told for item in found)
    assert told <= 3


@pytest.mark.slow
def test_the_estimate_is_not_biased_over_seeds():
    found = []
    for seed in range(200):
        x, benefit = problem(300, seed + 100)
        found += partial_information(x[:, :1], benefit, seed=seed, shuffles=2)
    values = np.array([item.value for item in found])
    exact_value = normal_worth(MEAN, SLOPE)
    assert abs(values.mean() - exact_value) < 0.05 * exact_value
    errors = np.array([item.error for item in found])
    assert np.mean(np.abs(values - exact_value) < 1.96 * errors) > 0.88


def test_smoothing_follows_a_curve_and_does_not_chase_noise():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(600)
    y = np.stack([np.sin(2.0 * x) + 0.3 * rng.standard_normal(600), np.zeros(600)], axis=1)
    curve = make_smoother(x).fit(y)
    assert np.sqrt(np.mean((curve.fitted[:, 0] - np.sin(2.0 * x)) ** 2)) < 0.07
    flat = make_smoother(x).fit(rng.standard_normal((600, 1)))
    assert flat.kept.sum() < 4.0
    one = make_smoother(np.ones(50)).fit(np.arange(50.0)[:, None])
    assert one.fitted[:, 0] == pytest.approx(24.5)


def test_perfect_information_lies_between_its_bounds():
    n, paths, noise = 4000, 16, 4.0
    rng = np.random.default_rng(3)
    truth = MEAN + rng.standard_normal(n)
    played = with_luck(truth, paths=paths, noise=noise, seed=1)
    found = choice([exact(np.zeros(n)), played])
    worth = normal_worth(MEAN, 1.0)
    assert found.worth_low < worth < found.worth_high
    assert found.worth_high == pytest.approx(normal_worth(MEAN, np.sqrt(2.0)), abs=0.05)
    assert found.best == 1
    assert found.lead == pytest.approx(MEAN, abs=4.0 * found.lead_error)
    certain = choice([exact(np.zeros(n)), exact(truth)])
    assert certain.worth_low == pytest.approx(certain.worth_high)
    assert certain.worth_low == pytest.approx(worth, abs=0.05)


def luck_of_paths(seed, n=128, paths=40):
    """Return a number worth 0.399 to know, and a benefit that luck of shared paths shifts."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 1))
    played = mean_outcomes(x + 2.0 * rng.standard_normal(paths))
    return x, [exact(np.zeros(n)), played]


def test_the_error_holds_what_the_paths_of_all_draws_share():
    found = []
    for seed in range(60):
        x, benefits = luck_of_paths(seed)
        table = _information_rows(["x"], x, benefits, seed)
        found.append(table.iloc[0])
    value = np.array([row["value"] for row in found])
    error = np.array([row["value_se"] for row in found])
    assert error.mean() > 0.8 * value.std()
    # The interval is of the plain shape, the law of the worth is not: 95 % less some.
    assert np.mean(np.abs(value - normal_worth(0.0, 1.0)) < 1.96 * error) > 0.8


def test_no_number_is_worth_more_than_all():
    for seed in range(20):
        x, benefits = luck_of_paths(seed)
        value = np.stack([item.value for item in benefits], axis=1)
        (found,) = partial_information(x, value, seed=seed, shuffles=2)
        assert 0.0 <= found.value <= choice(benefits).worth_high + 1e-12
