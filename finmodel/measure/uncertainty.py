r"""Three layers of uncertainty, never mixed: Monte Carlo error, chance, ignorance.

K draws of what is not known about the inputs each play the same P paths with the same luck. A
measure of draw k on path p is

    x_kp = mu + a_k + b_p + c_kp,

with ignorance `a`, chance `b` and their interaction `c`. A draw's mean over paths is known up to
``b`` and ``c`` over sqrt(P); the part of ``b`` is the same in all draws, so the variance of the
draws' means holds ignorance and ``var(c) / P`` alone. That noise is taken off,

    ignorance = var_k(mean_p x) - var(c) / P,      var(c) = K / (K - 1) (W - B),

with `W` the mean over draws of the variance over paths and `B` the variance over paths of the
mean over draws. What is left below zero is zero, and said to be. That is no sign that nothing is
unknown: an upper bound stands beside it, ``(K - 1) var_k(mean_p x) / q - var(c) / P`` with `q`
the 5 % point of chi-square with K - 1 degrees of freedom, for draws whose means are normal. A
ratio of means stands for a mean by its influence on each path, ``(top - ratio bottom) / mean
bottom``; its chance is the spread of the paths' own ratios.

References
----------
Searle, Casella & McCulloch (1992), Variance Components, chapter 4 (crossed random effects).
Harrell & Davis (1982), A new distribution-free quantile estimator, Biometrika 69.
Cochran (1977), Sampling Techniques, 3rd ed., section 2.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from finmodel.measure.groups import QUANTILES
from finmodel.measure.monte_carlo import quantile_columns, quotient
from finmodel.world.arrays import FloatArray


class DrawValues(NamedTuple):
    """What one draw says of M measures.

    Attributes
    ----------
    value, error : ndarray of shape (M,)
        Mean over paths, or ratio of means, and its standard error over paths; NaN if undefined.
    influence : ndarray of shape (P, M)
        What each path adds to the value, of mean zero; NaN if the value is undefined.
    spread : ndarray of shape (3, M)
        Chance: variance over paths, 5 and 95 % points; NaN if no path has a value.
    """

    value: FloatArray
    error: FloatArray
    influence: FloatArray
    spread: FloatArray


def mean_values(by_path: FloatArray) -> DrawValues:
    """Return what a draw says of measures that are means of paths, shape (P, M), P >= 2."""
    value = by_path.mean(axis=0)
    return _values(value, by_path - value, by_path)


def ratio_values(top: FloatArray, bottom: FloatArray) -> DrawValues:
    """Return what a draw says of ratios of means of paths, each of shape (P, M), P >= 2.

    Chance is that of each path's own ratio.
    """
    below = bottom.mean(axis=0)
    safe = np.where(below != 0.0, below, np.nan)
    value = top.mean(axis=0) / safe
    known = bottom != 0.0
    by_path = np.divide(top, bottom, out=np.full_like(top, np.nan), where=known)
    return _values(value, (top - value * bottom) / safe, by_path)


def _values(value: FloatArray, influence: FloatArray, by_path: FloatArray) -> DrawValues:
    error = influence.std(axis=0, ddof=1) / np.sqrt(len(influence))
    variance = _variance(by_path)
    ends = quantile_columns(by_path, (QUANTILES[0], QUANTILES[-1]))
    spread = np.where(np.isnan(variance), np.nan, np.stack([variance, *ends]))
    return DrawValues(value, error, influence, spread)


def joined(parts: list[DrawValues]) -> DrawValues:
    """Return the measures of several together."""
    return DrawValues(*(np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True)))


class Shared:
    """Sums over draws of what is not kept of each.

    Attributes
    ----------
    influence : ndarray of shape (P, M)
    spread : ndarray of shape (3, M)
    n_spread : ndarray of shape (M,)
        Draws in which some path has a value.
    """

    def __init__(self, n_paths: int, n_measures: int) -> None:
        self.influence: FloatArray = np.zeros((n_paths, n_measures))
        self.spread: FloatArray = np.zeros((3, n_measures))
        self.n_spread: FloatArray = np.zeros(n_measures)

    def add(self, found: DrawValues) -> None:
        """Add a draw; what is undefined in it adds nothing."""
        self.influence += np.nan_to_num(found.influence, nan=0.0)
        self.spread += np.nan_to_num(found.spread, nan=0.0)
        self.n_spread += ~np.isnan(found.spread[0])

    def some(self, places: list[int]) -> Shared:
        """Return the sums of some measures."""
        found = Shared(len(self.influence), len(places))
        found.influence, found.spread = self.influence[:, places], self.spread[:, places]
        found.n_spread = self.n_spread[places]
        return found


def layers(values: FloatArray, errors: FloatArray, shared: Shared) -> dict[str, FloatArray]:
    """Return Monte Carlo error, chance and ignorance of M measures from K draws.

    Parameters
    ----------
    values, errors : ndarray of shape (K, M)
        Of each draw, as in :class:`DrawValues`.
    shared : Shared
        Sums over the same draws.

    Returns
    -------
    dict of ndarray of shape (M,)
        `n_draws` with a value; `mean` and its Monte Carlo standard error `mean_se`, of
        `mean_se_paths` (more paths shrink it) and `mean_se_draws` (more draws); `chance_q05`,
        `chance_q95`, averages over draws of the quantiles over paths; `ignorance_q05`, `_q50`,
        `_q95`, quantiles of the draws' means without Monte Carlo noise, with standard errors
        `_se` from the number of draws, NaN where floored; `chance_variance`, `ignorance_variance`,
        `monte_carlo_variance` and the `_share` of each in their sum; `ignorance_sd_upper`, the
        one-sided 95 % upper bound on the standard deviation of ignorance; `is_floored`, 1 if
        noise explains all that differs between draws. NaN where nothing is known, and for ignorance
        with fewer than two draws.
    """
    known = ~np.isnan(values)
    n = known.sum(axis=0).astype(np.float64)
    n_paths = len(shared.influence)
    mean = quotient(np.where(known, values, 0.0).sum(axis=0), n)
    within = quotient(np.where(known, errors**2, 0.0).sum(axis=0), n) * n_paths
    of_paths = np.divide(shared.influence, n, out=np.zeros_like(shared.influence), where=n > 0)
    between_paths = of_paths.var(axis=0, ddof=1)
    interaction = np.maximum(within - between_paths, 0.0) * quotient(n, n - 1.0)
    observed = np.where(n > 1, _variance(values), np.nan)
    ignorance = np.maximum(observed - interaction / n_paths, 0.0)
    columns = {
        "n_draws": n,
        "mean": mean,
        "mean_se": np.sqrt(between_paths / n_paths + quotient(observed, n)),
        "mean_se_paths": np.where(n > 0, np.sqrt(between_paths / n_paths), np.nan),
        "mean_se_draws": np.sqrt(quotient(observed, n)),
    }
    chance = quotient(shared.spread, shared.n_spread)
    columns["chance_q05"], columns["chance_q95"] = chance[1:]
    steadied = _steadied(values, mean, ignorance)
    for level in QUANTILES:
        label = f"ignorance_q{round(level * 100):02d}"
        columns[label], columns[f"{label}_se"] = smooth_quantile(steadied, level)
    is_floored = (ignorance == 0.0) & (observed > 0.0)
    for level in QUANTILES:
        # All at the mean, whose spread would say that the ends of ignorance are known exactly.
        label = f"ignorance_q{round(level * 100):02d}_se"
        columns[label] = np.where(is_floored, np.nan, columns[label])
    columns |= _shares(chance[0], ignorance, columns["mean_se"] ** 2)
    most = observed * (n - 1.0) / _low_chi_square(n - 1.0) - interaction / n_paths
    columns["ignorance_sd_upper"] = np.sqrt(np.maximum(most, 0.0))
    columns["is_floored"] = is_floored.astype(np.float64)
    return columns


def _low_chi_square(freedom: FloatArray) -> FloatArray:
    """Return the 5 % point of chi-square; NaN without a degree of freedom."""
    from scipy.special import chdtri

    return np.where(freedom > 0.0, chdtri(np.maximum(freedom, 1.0), 0.95), np.nan)


def _steadied(values: FloatArray, mean: FloatArray, ignorance: FloatArray) -> FloatArray:
    """Return the draws' values, drawn together so that their variance is that of ignorance."""
    observed = np.where((~np.isnan(values)).sum(axis=0) > 1, _variance(values), np.nan)
    kept = np.sqrt(np.divide(ignorance, observed, out=np.zeros_like(mean), where=observed > 0.0))
    return np.where(np.isnan(observed), np.nan, mean + kept * (values - mean))


def share_above_zero(values: FloatArray, columns: Mapping[str, FloatArray]) -> FloatArray:
    """Return the part of draws in which a measure is above zero, Monte Carlo noise taken off.

    Parameters
    ----------
    values : ndarray of shape (K, M)
        Of the draws; NaN values are left out.
    columns : mapping of ndarray
        From :func:`layers`.

    Returns
    -------
    ndarray of shape (M,)
        NaN with fewer than two draws.
    """
    steadied = _steadied(values, columns["mean"], columns["ignorance_variance"])
    known = ~np.isnan(steadied)
    above = (known & (steadied > 0.0)).sum(axis=0).astype(np.float64)
    return quotient(above, known.sum(axis=0).astype(np.float64))


def _shares(
    chance: FloatArray, ignorance: FloatArray, monte_carlo: FloatArray
) -> dict[str, FloatArray]:
    parts = {"chance": chance, "ignorance": ignorance, "monte_carlo": monte_carlo}
    total = chance + ignorance + monte_carlo
    columns = {f"{name}_variance": part for name, part in parts.items()}
    return columns | {f"{name}_share": quotient(part, total) for name, part in parts.items()}


def smooth_quantile(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the Harrell-Davis quantile over the first axis and its jackknife standard error.

    Parameters
    ----------
    values : ndarray of shape (K, M)
        NaN values are left out.
    level : float

    Returns
    -------
    quantile, standard_error : ndarray of shape (M,)
        A weighted mean of the ordered values. NaN with fewer than two.
    """
    counts = (~np.isnan(values)).sum(axis=0)
    ordered = np.sort(values, axis=0)  # NaN last
    found, error = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    for n in np.unique(counts[counts > 1]):
        mine = counts == n
        some = ordered[:n, mine]
        found[mine] = (_weights(n, level) * some).sum(axis=0)
        # Without value i, those below keep their place and those above move down by one.
        weight, none = _weights(n - 1, level), np.zeros((1, some.shape[1]))
        below = np.concatenate([none, np.cumsum(weight * some[:-1], axis=0)])
        above = np.concatenate([np.cumsum((weight * some[1:])[::-1], axis=0)[::-1], none])
        without = below + above
        spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
        error[mine] = np.sqrt(spread * (n - 1) / n)
    return found, error


def _weights(n: int, level: float) -> FloatArray:
    """Return the weights of n ordered values, shape (n, 1)."""
    from scipy.special import betainc

    steps = betainc(level * (n + 1), (1.0 - level) * (n + 1), np.arange(n + 1) / n)
    weights: FloatArray = np.diff(steps)[:, None]
    return weights


def _variance(values: FloatArray) -> FloatArray:
    """Return the variance over the first axis without NaN values; NaN of fewer than two."""
    known = ~np.isnan(values)
    n = known.sum(axis=0).astype(np.float64)
    mean = quotient(np.where(known, values, 0.0).sum(axis=0), n)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return np.where(n > 1, quotient(squares, np.maximum(n - 1.0, 0.0)), np.nan)
