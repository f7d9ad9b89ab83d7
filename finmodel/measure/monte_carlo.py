"""Estimates over paths, with their Monte Carlo standard errors.

A path is one draw. The standard error of a mean over ``P`` paths is ``sd / sqrt(P)``;
that of a ratio of means ``a / b`` follows by the delta method from ``a - (a/b) b``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from finmodel.world.arrays import FloatArray, IntArray


def mean_se(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard error over the first axis.

    Parameters
    ----------
    values : ndarray of shape (P, ...)

    Returns
    -------
    mean, standard_error : ndarray of shape (...)
        The standard error is NaN with fewer than two paths.
    """
    n_paths = len(values)
    mean: FloatArray = values.mean(axis=0)
    if n_paths < 2:
        return mean, np.full_like(mean, np.nan)
    error: FloatArray = values.std(axis=0, ddof=1) / np.sqrt(n_paths)
    return mean, error


def grouped_se(values: FloatArray, group: IntArray) -> float:
    """Return the standard error of a mean whose values share luck in groups.

    Only groups are independent, so more values of each do not make the error small. With ``S_g``
    the sum of deviations from the mean in one of n groups, of N values in all, it is
    ``sqrt(n / (n - 1) sum S_g^2) / N``.

    Parameters
    ----------
    values : ndarray of shape (P,)
        NaN values are left out.
    group : ndarray of int, shape (P,)
        From 0 on.

    Returns
    -------
    float
        NaN with fewer than two groups.
    """
    known, n_groups = ~np.isnan(values), int(group.max(initial=0)) + 1
    if n_groups < 2 or not known.any():
        return float("nan")
    sums = np.bincount(group[known], values[known] - values[known].mean(), n_groups)
    scale = n_groups / (n_groups - 1.0)
    return float(np.sqrt(scale * (sums * sums).sum()) / known.sum())


def mean_by_market(values: FloatArray, market: IntArray | None) -> tuple[float, float]:
    """Return mean and standard error of paths (P,), whose luck those of one market share.

    NaN values are left out; both are NaN if nothing is left.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    mean, error = mean_se(known)
    return float(mean), float(error) if market is None else grouped_se(values, market)


def ratio_se(top: FloatArray, bottom: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ratio of means over the first axis and its delta-method standard error.

    Parameters
    ----------
    top, bottom : ndarray of shape (P, ...)

    Returns
    -------
    ratio, standard_error : ndarray of shape (...)
        NaN where the mean of `bottom` is 0.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 2.11.
    """
    mean_top, mean_bottom = top.mean(axis=0), bottom.mean(axis=0)
    ratio = np.divide(
        mean_top, mean_bottom, out=np.full_like(mean_top, np.nan), where=mean_bottom != 0
    )
    _, error = mean_se(top - ratio * bottom)
    safe = np.where(mean_bottom != 0, np.abs(mean_bottom), np.nan)
    return ratio, error / safe


def quantile_columns(values: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Return quantiles over the first axis, shape (len(levels), ...); NaN paths are left out."""
    is_void = np.isnan(values).all(axis=0)
    filled = np.where(is_void, 0.0, values)
    # The one that passes over NaN goes column by column: far slower where there is none.
    quantile = np.nanquantile if np.isnan(filled).any() else np.quantile
    result: FloatArray = quantile(filled, levels, axis=0)
    return np.where(is_void, np.nan, result)


def jackknife(
    values: FloatArray, statistic: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return a function of means over paths and its standard error, leaving out a path at a time.

    Parameters
    ----------
    values : ndarray of shape (P, ...)
    statistic : function
        Of means of shape (..., as one path), vectorised over leading axes.

    Returns
    -------
    estimate, standard_error : ndarray
        As `statistic` gives for one path. The standard error is NaN with fewer than two paths
        and where the statistic is NaN without some path. A mean has its usual error.
    """
    return jackknife_chunks(lambda: iter([values]), statistic)


def jackknife_chunks(
    chunks: Callable[[], Iterable[FloatArray]], statistic: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return what :func:`jackknife` does, of paths that come in chunks, twice.

    Parameters
    ----------
    chunks : function
        Gives all paths in order, arrays of shape (paths of the chunk, ...).
    statistic : function

    Returns
    -------
    estimate, standard_error : ndarray
    """
    sums = [(len(chunk), chunk.sum(axis=0)) for chunk in chunks()]
    n_paths = sum(n for n, _ in sums)
    total: FloatArray = np.sum([part for _, part in sums], axis=0)
    estimate = statistic(total / n_paths)
    if n_paths < 2:
        return estimate, np.full_like(estimate, np.nan)
    parts = [statistic((total - chunk) / (n_paths - 1)) for chunk in chunks()]
    without = np.concatenate(parts)
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    error: FloatArray = np.sqrt(spread * (n_paths - 1) / n_paths)
    return estimate, error


def quotient(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Return ``top / bottom``, NaN where the bottom is 0."""
    top, bottom = np.broadcast_arrays(top, bottom)
    result: FloatArray = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    return result
