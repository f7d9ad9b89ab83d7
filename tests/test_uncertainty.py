"""Three layers from known parts: ignorance, chance, interaction; quantiles and their errors."""

from statistics import NormalDist

import numpy as np
import pytest

from finmodel.measure import mean_se, ratio_se
from finmodel.measure.uncertainty import (
    Shared,
    joined,
    layers,
    mean_values,
    ratio_values,
    smooth_quantile,
)


def of_draws(draws):
    """The layers of draws, each of shape (P, M)."""
    shared = Shared(*draws[0].shape)
    found = [mean_values(x) for x in draws]
    for item in found:
        shared.add(item)
    values, errors = np.stack([x.value for x in found]), np.stack([x.error for x in found])
    return layers(values, errors, shared)


def crossed(n_draws, n_paths, n_measures, sd, seed):
    """Draws of ``100 + a_k + b_p + c_kp`` with standard deviations `sd` of the three."""
    rng = np.random.default_rng(seed)
    a = sd[0] * rng.standard_normal((n_draws, 1, n_measures))
    b = sd[1] * rng.standard_normal((1, n_paths, n_measures))
    c = sd[2] * rng.standard_normal((n_draws, n_paths, n_measures))
    return 100.0 + a + b + c


M = 400
"""Measures of a synthetic study: as many independent repetitions."""


def close(found, expected):
    mean, error = mean_se(found)
    assert abs(mean - expected) < 4 * error, (mean, expected, error)


def test_each_layer_is_recovered():
    table = of_draws(crossed(30, 12, M, (3.0, 5.0, 4.0), 1))
    close(table["ignorance_variance"], 9.0)
    close(table["chance_variance"], 25.0 + 16.0)
    assert not table["is_floored"].any() or table["is_floored"].mean() < 0.05
    error = table["mean"] - 100.0
    close(error**2, 9 / 30 + 25 / 12 + 16 / 360)
    close(table["mean_se_draws"] ** 2, 9 / 30 + 16 / 360)
    close(table["mean_se_paths"] ** 2, 25 / 12 + 16 / 360)


def test_luck_that_all_draws_share_is_not_taken_off():
    """Without interaction the means of draws differ by ignorance alone, however few the paths."""
    table = of_draws(crossed(30, 3, M, (1.0, 50.0, 0.0), 2))
    close(table["ignorance_variance"], 1.0)
    assert table["is_floored"].sum() == 0


def test_without_ignorance_there_is_none_but_what_is_floored():
    table = of_draws(crossed(40, 10, M, (0.0, 5.0, 4.0), 3))
    assert 0.3 < table["is_floored"].mean() < 0.7
    floored = table["is_floored"] == 1.0
    np.testing.assert_allclose(
        table["ignorance_q95"][floored], table["ignorance_q05"][floored], rtol=1e-12
    )
    # Noise that explains everything does not make the ends of ignorance known exactly.
    for level in ("q05", "q50", "q95"):
        known = ~np.isnan(table[f"ignorance_{level}_se"])
        np.testing.assert_array_equal(known, ~floored)
    # What is left is far below the noise of a draw's mean.
    assert table["ignorance_variance"].mean() < 0.3 * 16.0 / 10


@pytest.mark.parametrize("sizes", [(24, 10), (3, 4)])
def test_where_ignorance_reads_zero_its_bound_holds_it(sizes):
    """Zero says that it is not told, not that there is none: the bound covers in 95 of 100."""
    sd, n_measures = 0.5, 4000
    table = of_draws(crossed(*sizes, n_measures, (sd, 5.0, 4.0), 9))
    covered = table["ignorance_sd_upper"] >= sd
    assert table["is_floored"].mean() > 0.2
    assert abs(covered.mean() - 0.95) < 0.02
    none = of_draws(crossed(*sizes, 50, (0.0, 5.0, 0.0), 9))
    assert (none["ignorance_sd_upper"] < 1e-6).all()


def test_variances_within_and_between_add_up():
    """The law of total variance, exactly, before the noise is taken off."""
    x = crossed(8, 6, 5, (3.0, 5.0, 4.0), 4)
    table = of_draws(x)
    within = table["chance_variance"] * 5 / 6
    between = table["mean_se_draws"] ** 2 * 8 * 7 / 8
    np.testing.assert_allclose(within + between, x.var(axis=(0, 1)), rtol=1e-12)


def test_shares_add_up_to_one_and_the_mean_is_the_mean():
    x = crossed(8, 6, 5, (3.0, 5.0, 4.0), 5)
    table = of_draws(x)
    total = sum(table[f"{layer}_share"] for layer in ("chance", "ignorance", "monte_carlo"))
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)
    np.testing.assert_allclose(table["mean"], x.mean(axis=(0, 1)), rtol=1e-12)
    ends = np.quantile(x, [0.05, 0.95], axis=1).mean(axis=1)
    np.testing.assert_allclose([table["chance_q05"], table["chance_q95"]], ends, rtol=1e-12)


def test_noise_is_taken_off_the_quantiles():
    """Ignorance of standard deviation 1 under noise of 2: the ends are those of ignorance."""
    table = of_draws(crossed(200, 4, M, (1.0, 5.0, 4.0), 6))
    for name, p in (("ignorance_q05", 0.05), ("ignorance_q95", 0.95)):
        # Centred: the paths' common luck moves all draws together.
        found = table[name] - table["mean"]
        mean, _ = mean_se(found)
        assert mean == pytest.approx(NormalDist().inv_cdf(p), abs=0.12)


def test_one_draw_says_nothing_of_ignorance():
    table = of_draws(crossed(1, 6, 3, (3.0, 5.0, 4.0), 7))
    void = [n for n in table if n.startswith("ignorance")] + ["mean_se", "mean_se_draws"]
    assert all(np.isnan(table[name]).all() for name in [*void, "chance_share"])
    assert not np.isnan(table["mean_se_paths"]).any()
    assert not np.isnan(table["chance_q05"]).any()
    assert (table["is_floored"] == 0.0).all()


def test_a_ratio_has_the_error_of_the_delta_method():
    rng = np.random.default_rng(8)
    bottom = rng.gamma(3.0, 1.0, (20, 4))
    top = bottom * rng.random((20, 4))
    found = ratio_values(top, bottom)
    ratio, error = ratio_se(top, bottom)
    np.testing.assert_allclose(found.value, ratio, rtol=1e-12)
    np.testing.assert_allclose(found.error, error, rtol=1e-12)
    np.testing.assert_allclose(found.influence.mean(axis=0), 0.0, atol=1e-12)
    assert found.spread[0] == pytest.approx((top / bottom).var(axis=0, ddof=1))


def test_what_is_undefined_in_a_draw_is_left_out():
    rng = np.random.default_rng(9)
    shared, parts = Shared(6, 2), []
    for k in range(5):
        bottom = np.ones((6, 2))
        if k == 2:
            bottom[:, 0] = 0.0
        parts.append(joined([ratio_values(rng.random((6, 2)), bottom)]))
        shared.add(parts[-1])
    values, errors = (np.stack([getattr(p, n) for p in parts]) for n in ("value", "error"))
    table = layers(values, errors, shared)
    assert list(table["n_draws"]) == [4.0, 5.0]
    assert list(shared.n_spread) == [4.0, 5.0]
    assert table["mean"][0] == pytest.approx(np.nanmean(values[:, 0]))
    assert not np.isnan(table["ignorance_q05"]).any()
    void = Shared(6, 2)
    nothing = layers(np.full((3, 2), np.nan), np.full((3, 2), np.nan), void)
    assert np.isnan(nothing["mean"]).all()
    assert np.isnan(nothing["chance_q05"]).all()


@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_a_quantile_and_its_error(level):
    """Against the standard deviation of the quantile over many samples."""
    x = np.random.default_rng(10).standard_normal((100, 4000))
    found, error = smooth_quantile(x, level)
    assert found.mean() == pytest.approx(NormalDist().inv_cdf(level), abs=0.04)
    assert error.mean() == pytest.approx(found.std(), rel=0.06)
    some = x[:, :1].copy()
    with_gap = np.concatenate([some, [[np.nan]]])
    np.testing.assert_array_equal(smooth_quantile(with_gap, level), smooth_quantile(some, level))
    assert np.isnan(smooth_quantile(some[:1], level)).all()
