"""Exit-value luck: the mean in closed form, the law it claims, and what a cap does."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from finmodel.numeric.exit_law import luck_quantile, mean_luck, mean_tail, tail_start

LAWS = [
    # log_sd, tail_share, tail_index, cap
    (1.0, 0.05, 1.5, 1000.0),
    (1.3, 0.02, 1.0, 500.0),
    (1.3, 0.02, 1.0 + 1e-9, 500.0),
    (0.8, 0.10, 0.7, 300.0),
    (1.0, 0.05, 3.5, math.inf),
    (0.0, 0.20, 1.2, 50.0),  # a body that is a point
    (1.0, 0.05, 1.5, 3.0),  # a cap below the threshold of 5.2
    (1.0, 0.05, 1.5, 0.5),  # and below the median
    (0.0, 0.20, 1.2, 0.5),
    (1.2, 0.0, 1.5, 2.0),  # no tail: the cap is not used
]
laws = st.tuples(
    st.floats(0.0, 2.5), st.floats(1e-4, 0.4), st.floats(0.3, 5.0), st.floats(0.2, 1e5)
)
uniforms = st.floats(1.2e-10, 1.0 - 1.2e-10)


def draws(law, n, seed):
    return np.array([luck_quantile(u, *law) for u in np.random.default_rng(seed).random(n)])


def quadrature(law):
    """The mean as an integral of the quantile function, body and tail apart."""
    log_sd, share, _, cap = law
    z = stats.norm.isf(share) if share else np.inf

    def body(x):
        return luck_quantile(float(stats.norm.cdf(x)), *law) * stats.norm.pdf(x)

    def tail(x):  # survival q exp(-x)
        return luck_quantile(1.0 - share * math.exp(-x), *law) * share * math.exp(-x)

    kink = math.log(cap) / log_sd if log_sd and math.isfinite(cap) else 0.0
    edges = sorted({-8.0, float(np.clip(kink, -8, min(z, 8.0))), 0.0, min(float(z), 8.0)})
    total = sum(
        integrate.quad(body, a, b, epsabs=1e-13, limit=300)[0] for a, b in itertools.pairwise(edges)
    )
    if share:
        total += integrate.quad(tail, 0.0, 12.0, epsabs=1e-13, limit=300)[0]
        total += integrate.quad(tail, 12.0, 30.0, epsabs=1e-13, limit=300)[0]
    return total


@pytest.mark.parametrize("law", LAWS)
def test_the_mean_is_the_integral_of_the_quantile_function(law):
    assert mean_luck(*law) == pytest.approx(quadrature(law), rel=2e-6)


@pytest.mark.parametrize("law", LAWS)
def test_the_mean_is_that_of_draws(law):
    luck = draws(law, 100_000, 3)
    error = luck.std() / math.sqrt(len(luck))
    assert abs(luck.mean() - mean_luck(*law)) <= 4 * error + 1e-12


@given(laws, uniforms, uniforms)
def test_luck_never_falls_and_never_passes_the_cap(law, u, v):
    low, high = sorted((u, v))
    assert 0.0 <= luck_quantile(low, *law) <= luck_quantile(high, *law) * (1 + 1e-14)
    assert luck_quantile(high, *law) <= law[3]


@given(laws)
def test_body_and_tail_meet_at_the_threshold(law):
    log_sd, share, _, cap = law
    start = tail_start(log_sd, share, cap)
    for u in (1 - share * (1 + 1e-9), 1 - share, 1 - share * (1 - 1e-9)):
        assert luck_quantile(u, *law) == pytest.approx(start, rel=1e-7)


@given(laws, st.floats(0.001, 0.999))
def test_the_tail_is_the_bounded_pareto_it_says(law, part):
    log_sd, share, index, cap = law
    start = tail_start(log_sd, share, cap)
    x = start + part * (min(cap, 100 * start) - start)
    at_cap = (start / cap) ** index
    if at_cap > 0.999:
        return
    survival = share * ((start / x) ** index - at_cap) / (1 - at_cap)
    if survival > 1e-6:
        assert luck_quantile(1 - survival, *law) == pytest.approx(x, rel=1e-6)


def test_known_values_by_hand():
    # sd 0: the body is 1 and the tail starts there; index 1, cap 2: mean 2 ln 2.
    assert mean_luck(0.0, 0.25, 1.0, 2.0) == pytest.approx(0.75 + 0.25 * 2 * math.log(2))
    # Half of the tail is above x with (1/x - 1/2) / (1 - 1/2) = 1/2: x = 4/3.
    assert luck_quantile(0.875, 0.0, 0.25, 1.0, 2.0) == pytest.approx(4 / 3)
    # Uncapped, index 3: the median of the tail is 2^(1/3), the mean 3/2.
    assert luck_quantile(0.875, 0.0, 0.25, 3.0, math.inf) == pytest.approx(2 ** (1 / 3))
    assert mean_luck(0.0, 0.25, 3.0, math.inf) == pytest.approx(0.75 + 0.25 * 1.5)
    assert math.isinf(mean_luck(1.0, 0.01, 1.0, math.inf))
    assert math.isinf(mean_luck(1.0, 0.01, 0.8, math.inf))


@given(st.floats(0.0, 2.5), uniforms)
def test_without_a_tail_it_is_the_lognormal(log_sd, u):
    expected = math.exp(log_sd * stats.norm.ppf(u))
    assert luck_quantile(u, log_sd, 0.0, 1.5, 1.0) == pytest.approx(expected, rel=1e-9)
    assert mean_luck(log_sd, 0.0, 1.5, 1.0) == pytest.approx(math.exp(log_sd**2 / 2))


@given(laws)
def test_a_vanishing_tail_is_no_tail_and_the_median_is_one(law):
    log_sd, share, index, _ = law
    assert luck_quantile(0.5, log_sd, share, index, 1e5) == pytest.approx(1.0)
    bare = mean_luck(log_sd, 0.0, index, 1e5)
    assert mean_luck(log_sd, 1e-14, 2.0 + index, 1e9) == pytest.approx(bare, rel=1e-6)


@given(laws)
def test_the_mean_rises_with_the_cap_and_falls_with_the_index(law):
    log_sd, share, index, cap = law
    mean = mean_luck(*law)
    assert mean_luck(log_sd, share, index, 1.5 * cap) >= mean * (1 - 1e-12)
    assert mean_luck(log_sd, share, index + 0.2, cap) <= mean * (1 + 1e-12)
    assert 0 < mean <= cap * (1 + 1e-12)


@pytest.mark.parametrize("width", [1e-12, 1e-6, 0.1, 5.0])
def test_the_tail_mean_is_smooth_through_index_one(width):
    cap = 2.0 * math.exp(width)
    at_one = mean_tail(2.0, 1.0, cap)
    for shift in (1e-15, -1e-15, 1e-9, -1e-9):
        assert mean_tail(2.0, 1.0 + shift, cap) == pytest.approx(at_one, rel=1e-7)
    assert mean_tail(2.0, 1.0, 2.0) == 2.0


@pytest.mark.parametrize("index", [1.1, 2.0, 3.0])
def test_draws_above_the_threshold_give_the_index_back(index):
    law = (1.0, 0.2, index, math.inf)
    luck = draws(law, 50_000, 5)
    start = tail_start(*law[:2], law[3])
    above = luck[luck > start]
    found = 1.0 / np.log(above / start).mean()
    assert len(above) == pytest.approx(10_000, abs=4 * math.sqrt(8_000))
    assert abs(found - index) < 4 * index / math.sqrt(len(above))
