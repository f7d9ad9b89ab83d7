r"""What may be lost: quantiles, chance of loss, value at risk and expected shortfall over paths.

A path is one draw, the first axis of all values. Without weights the other axes are kept, and
each of their entries is summarised over paths. With weights (P, F), such as commitments, the F
funds of every path are pooled by size into one distribution. Funds of a path share its luck: paths,
not funds, are what standard errors count.

The distribution function is a ratio, ``F(x) = sum of w 1[X <= x] / sum of w``; its standard error
is that of a ratio over paths. Quantiles are order statistics, the smallest value with ``F >= p``
(Woodruff: the error of a quantile is half the distance of the quantiles one error of F to either
side). With loss ``L``, ``q`` its quantile at level a, expected shortfall is the mean of the worst
``1 - a`` of weight, splitting the value on the border:

    ES = q + mean of max(L - q, 0) / (1 - a)

with the standard error of the mean of ``q + max(L - q, 0) / (1 - a)``; to first order the error
of q does not add to it. None of this draws random numbers. Errors need some ten paths beyond the
level to be trusted; with fewer than two paths they are NaN.

NaN values are left out with their weight, and `defined_share` says how much is left: a rate of
return that does not exist is no outcome, so rank outcomes by a multiple if many have none.

References
----------
Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of
the American Statistical Association 22. Woodruff (1952), Confidence intervals for medians and
other position measures, same journal 47. Cochran (1977), Sampling Techniques, 3rd ed. Acerbi &
Tasche (2002), On the coherence of expected shortfall, Journal of Banking and Finance 26.
Manistre & Hancock (2005), Variance of the CTE estimator, North American Actuarial Journal 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from finmodel.fund.metrics import quotient
from finmodel.world.arrays import FloatArray, IntArray


class Estimate(NamedTuple):
    """An estimate over paths and its Monte Carlo standard error, of one shape."""

    value: FloatArray
    error: FloatArray


class TailRisk(NamedTuple):
    """Value at risk and expected shortfall, each with its standard error."""

    value_at_risk: Estimate
    shortfall: Estimate


class _Sample(NamedTuple):
    """Values in rising order (M, G), the path of each, weights (M, G), and the totals."""

    value: FloatArray
    path: IntArray
    weight: FloatArray
    n_paths: int
    shape: tuple[int, ...]


def quantiles(
    values: ArrayLike, levels: Sequence[float], *, weights: ArrayLike | None = None
) -> Estimate:
    """Return quantiles over paths.

    Parameters
    ----------
    values : array-like of shape (P, ...)
        Any unit; NaN is left out.
    levels : sequence of float
        In (0, 1).
    weights : array-like of shape (P, F), optional
        Sizes, at least 0, with `values` of that shape: funds are pooled.

    Returns
    -------
    Estimate
        Shapes (levels, ...), or (levels,) if pooled; NaN where nothing is defined.

    Raises
    ------
    ValueError
        If a level is not in (0, 1), or weights do not fit or are below 0.
    """
    sample = _sample(values, weights)
    found = [_quantile(sample, _checked(level)) for level in levels]
    value = np.stack([item.value for item in found])
    return Estimate(value, np.stack([item.error for item in found]))


def chance(is_event: ArrayLike) -> Estimate:
    """Return the share of paths in which something happens.

    Parameters
    ----------
    is_event : array-like of bool, shape (P, ...)

    Returns
    -------
    Estimate
        Shape (...). The error is half of Wilson's interval at one standard error,
        ``sqrt(p (1 - p) / P + 1 / (4 P^2)) / (1 + 1 / P)``: it does not vanish where no path or
        every path shows the event.
    """
    event = np.asarray(is_event, bool)
    n = np.asarray(float(len(event)))
    share = quotient(event.sum(axis=0), n)
    return Estimate(share, _wilson(share, n))


def _wilson(share: FloatArray, n: FloatArray) -> FloatArray:
    spread = share * (1.0 - share) + quotient(0.25, n)
    error = np.sqrt(quotient(spread, n)) / (1.0 + quotient(1.0, n))
    return np.where(n >= 2.0, error, np.nan)


def loss_probability(
    multiples: ArrayLike, *, principal: float = 1.0, weights: ArrayLike | None = None
) -> Estimate:
    """Return the probability of getting back less than the principal.

    Parameters
    ----------
    multiples : array-like of shape (P, ...)
        Such as TVPI, in units of what was paid in; NaN is left out.
    principal : float
        What counts as whole, in the same unit.
    weights : array-like of shape (P, F), optional
        Then it is the share of money, pooled over funds and paths, in funds that lose.

    Returns
    -------
    Estimate
        The error is that of :func:`chance`; with weights that of a ratio over paths.
    """
    sample = _sample(multiples, weights)
    value, error = _share(sample, sample.value < principal)
    if weights is None:
        error = _wilson(value, sample.weight.sum(axis=0))
    return Estimate(value.reshape(sample.shape), error.reshape(sample.shape))


def tail_risk(
    multiples: ArrayLike, level: float, *, principal: float = 1.0, weights: ArrayLike | None = None
) -> TailRisk:
    """Return value at risk and expected shortfall of the principal.

    Parameters
    ----------
    multiples : array-like of shape (P, ...)
        As in :func:`loss_probability`.
    level : float
        In (0, 1), such as 0.95: one outcome in twenty loses the value at risk or more.
    principal : float
    weights : array-like of shape (P, F), optional

    Returns
    -------
    TailRisk
        Losses ``principal - multiple``; below 0 where even the bad outcomes gain.
    """
    gone = principal - np.asarray(multiples, float)
    sample = _sample(gone, weights)
    at_risk = _quantile(sample, _checked(level))
    border = at_risk.value.reshape(-1)
    beyond = border + np.maximum(sample.value - border, 0.0) / (1.0 - level)
    value, error = _mean(sample, beyond)
    mean = Estimate(value.reshape(sample.shape), error.reshape(sample.shape))
    return TailRisk(at_risk, mean)


def defined_share(values: ArrayLike, *, weights: ArrayLike | None = None) -> FloatArray:
    """Return the share of paths, or of pooled weight, whose value is not NaN."""
    value = np.asarray(values, float)
    if weights is None:
        return np.asarray((~np.isnan(value)).mean(axis=0))
    size = np.asarray(weights, float)
    return quotient(size[~np.isnan(value)].sum(), size.sum())


def _checked(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level in (0, 1), got {level}")
    return level


def _sample(values: ArrayLike, weights: ArrayLike | None) -> _Sample:
    value = np.atleast_1d(np.asarray(values, float))
    n_paths = len(value)
    if weights is None:
        shape = value.shape[1:]
        flat = value.reshape(n_paths, -1)
        weight = np.ones_like(flat)
        path = np.broadcast_to(np.arange(n_paths)[:, None], flat.shape)
    else:
        shape = ()
        size = np.asarray(weights, float)
        if value.ndim != 2 or size.shape != value.shape or not (size >= 0.0).all():
            raise ValueError(f"values and weights >= 0 (P, F), got {value.shape}, {size.shape}")
        flat, weight = value.reshape(-1, 1), size.reshape(-1, 1)
        path = np.repeat(np.arange(n_paths), value.shape[1])[:, None]
    order = np.argsort(flat, axis=0, kind="stable")
    ranked = np.take_along_axis(flat, order, axis=0)
    is_void = np.isnan(ranked)
    weight = np.where(is_void, 0.0, np.take_along_axis(weight, order, axis=0))
    path = np.take_along_axis(path, order, axis=0)
    return _Sample(np.where(is_void, 0.0, ranked), path, weight, n_paths, shape)


def _mean(sample: _Sample, what: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean of `what` (M, G) and its error as a ratio over paths."""
    total = sample.weight.sum(axis=0)
    mean = quotient((what * sample.weight).sum(axis=0), total)
    n_groups = what.shape[1]
    slot = sample.path * n_groups + np.arange(n_groups)
    parts = np.bincount(
        slot.reshape(-1),
        weights=((what - mean) * sample.weight).reshape(-1),
        minlength=sample.n_paths * n_groups,
    ).reshape(sample.n_paths, n_groups)
    has_value = np.bincount(
        slot.reshape(-1), weights=sample.weight.reshape(-1), minlength=parts.size
    ).reshape(parts.shape)
    n = (has_value > 0.0).sum(axis=0)
    squares = quotient(n, n - 1.0) * (parts**2).sum(axis=0)
    return mean, np.where(n >= 2, quotient(np.sqrt(squares), total), np.nan)


def _share(sample: _Sample, is_in: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    return _mean(sample, np.asarray(is_in, float))


def _rank(sample: _Sample, level: FloatArray) -> FloatArray:
    """Return the smallest value with a distribution function of at least `level` (G,)."""
    below = np.cumsum(sample.weight, axis=0)
    total = below[-1]
    # A level that meets a step up to rounding is on that step.
    is_reached = (below >= level * total * (1.0 - 1e-12)) & (sample.weight > 0.0)
    place = np.argmax(is_reached, axis=0)
    found = np.take_along_axis(sample.value, place[None, :], axis=0)[0]
    return np.where(total > 0.0, found, np.nan)


def _quantile(sample: _Sample, level: float) -> Estimate:
    value = _rank(sample, np.full(sample.value.shape[1], level))
    _, spread = _share(sample, sample.value <= value)
    share = np.where(np.isnan(spread), 0.0, spread)
    low = _rank(sample, np.maximum(level - share, 0.0))
    high = _rank(sample, np.minimum(level + share, 1.0))
    error = np.where(np.isnan(spread), np.nan, 0.5 * (high - low))
    return Estimate(value.reshape(sample.shape), error.reshape(sample.shape))
