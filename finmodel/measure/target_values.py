"""A model's figure with its errors: means over paths, windows of years, samples of paths.

Every figure has three numbers of different meaning: the Monte Carlo standard error, which more
paths make small; and the draws, what one future or one span of years may show, which they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.world.arrays import FloatArray

NAN = float("nan")


class Reading(NamedTuple):
    """What a run says of a target.

    Attributes
    ----------
    value : float
        NaN if the run cannot say.
    se : float
        Monte Carlo standard error.
    draws : ndarray of shape (D,)
        The figure of single futures, over as many years as the evidence has.
    influence : ndarray of shape (P,)
        What each path adds to the error, to first order: the standard error is its standard
        deviation over the root of the number of paths. Empty of figures of single paths.
    """

    value: float
    se: float
    draws: FloatArray
    influence: FloatArray


NONE = np.zeros(0)
NOTHING = Reading(NAN, NAN, NONE, NONE)
Statistic = Callable[[FloatArray], float]


def of_years(top: FloatArray, bottom: FloatArray | None, span: int) -> Reading:
    """Return a mean, or a ratio of sums, over all years, and its draws over `span` years in a row.

    Parameters
    ----------
    top, bottom : ndarray of shape (P, Y)
        Without a bottom the mean of a year is meant.
    span : int
        Years the evidence covers; at most the run's count.
    """
    n_years = top.shape[1]
    if n_years == 0:
        return NOTHING
    width = min(max(span, 1), n_years)
    ones = np.ones_like(top) if bottom is None else bottom
    sums, counts = top.sum(axis=1), ones.sum(axis=1)
    if not counts.mean() > 0.0:
        return NOTHING
    ratio, error = ratio_se(sums[:, None], counts[:, None])
    influence = (sums - ratio[0] * counts) / counts.mean()
    tops, bottoms = windows(top, width).sum(axis=-1), windows(ones, width).sum(axis=-1)
    draws = np.divide(tops, bottoms, out=np.full_like(tops, np.nan), where=bottoms != 0)
    return Reading(float(ratio[0]), float(error[0]), draws[np.isfinite(draws)], influence)


def windows(values: FloatArray, width: int) -> FloatArray:
    """Return every `width` years in a row, shape (P, Y - width + 1, width)."""
    view: FloatArray = np.lib.stride_tricks.sliding_window_view(values, width, axis=1)
    return view


def of_windows(values: FloatArray, width: int, statistic: Statistic) -> Reading:
    """Return the mean of a statistic of `width` years in a row, (P, Y) values; draws are each."""
    if values.shape[1] < width:
        return NOTHING
    each = np.apply_along_axis(statistic, -1, windows(values, width))
    by_path = each.mean(axis=1)
    mean, error = mean_se(by_path)
    return Reading(float(mean), float(error), each.reshape(-1), by_path - mean)


def of_samples(samples: Sequence[FloatArray], statistic: Statistic) -> Reading:
    """Return a statistic of all values of all paths, its error by leaving out a path at a time.

    Parameters
    ----------
    samples : sequence of ndarray
        One a path, of any length; rows are kept whole if there are several columns.
    statistic : callable
        From joined values to a number.

    Returns
    -------
    Reading
        The error is NaN with fewer than two paths, the value if there is nothing.
    """
    kept = [sample for sample in samples if len(sample)]
    if not kept:
        return NOTHING
    value, draws = statistic(np.concatenate(kept)), [statistic(sample) for sample in kept]
    error = NAN
    if len(kept) > 1:
        rest = [
            statistic(np.concatenate([*kept[:place], *kept[place + 1 :]]))
            for place in range(len(kept))
        ]
        spread = np.array(rest) - np.mean(rest)
        error = float(np.sqrt((spread * spread).sum() * (len(kept) - 1) / len(kept)))
    return Reading(float(value), error, np.array([x for x in draws if np.isfinite(x)]), NONE)


def mean(values: FloatArray) -> float:
    """Return the mean, a share of flags."""
    return float(values.mean()) if len(values) else NAN


def median(values: FloatArray) -> float:
    """Return the median."""
    return float(np.median(values)) if len(values) else NAN


def quarter_median(quarters: FloatArray) -> float:
    """Return the median of whole quarters, each taken as spread over half a quarter either side.

    A count of quarters between two events is right to half a quarter; without the spread the
    median could only be a whole number, whatever the run. At least 0.
    """
    if not len(quarters):
        return NAN
    middle = float(np.median(quarters))
    below, at = float((quarters < middle).mean()), float((quarters == middle).mean())
    return middle if at == 0.0 else max(0.0, middle - 0.5 + (0.5 - below) / at)


def lower_quartile(values: FloatArray) -> float:
    """Return the first quartile."""
    return float(np.quantile(values, 0.25)) if len(values) else NAN


def upper_quartile(values: FloatArray) -> float:
    """Return the third quartile."""
    return float(np.quantile(values, 0.75)) if len(values) else NAN


def quotient_of_sums(pairs: FloatArray) -> float:
    """Return the sum of the first column over that of the second, of values (N, 2)."""
    bottom = pairs[:, 1].sum()
    return float(pairs[:, 0].sum() / bottom) if bottom else NAN


def one_less(reading: Reading) -> Reading:
    """Return the reading of the other part of a whole."""
    value, error, draws, influence = reading
    return Reading(1.0 - value, error, 1.0 - draws, -influence)
