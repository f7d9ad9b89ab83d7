"""A measure path by path, and what is known of its mean: its error, and the error of that error.

A measure is a mean over paths or a ratio of two. With the influence ``z_p`` of each path, of mean
zero (``x_p - mean``, or ``(top - ratio bottom) / mean bottom``), the standard error over ``n``
paths is ``s / sqrt(n)``, ``s^2`` the variance of the influences. That is an estimate too: by the
delta method its relative standard error is

    half of  sd(z^2) / (mean(z^2) sqrt(n)),

which is ``1 / sqrt(2 n)`` for normal paths and larger for heavy tails. Few paths may be alike by
luck, so whoever stops when the error is small stops too soon unless this is allowed for.

References
----------
Cochran (1977), Sampling Techniques, 3rd ed., section 2.11 (ratios).
Cramer (1946), Mathematical Methods of Statistics, section 28.3 (moments of moments).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from finmodel.market import columns as col
from finmodel.market.collect import outcome_column
from finmodel.market.result import RunResult
from finmodel.measure.activity import ACTIVITY
from finmodel.measure.gap import OUTCOMES, TEST_COLUMNS, viable_by_path
from finmodel.measure.groups import DIMENSIONS, grouped
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.world.arrays import FloatArray

Cell = Mapping[str, str]
"""Values of some dimensions, as text; empty for everything."""

LEVEL = 0.95
"""Of a confidence interval, and of the one-sided bound on a standard error."""

_ONE_SIDED = 1.6448536269514722  # normal quantile at LEVEL
SIDES = ("n", "mcny")
HEADLINES = (
    "gap_rate_mcny",
    "gap_rate_n",
    "gap_mcny",
    "gap_n",
    "viable_ask_mcny",
    "viable_ask_n",
    "deals_n",
    "deals_mcny",
)
"""Measures of a run whose convergence is stored."""

SHORT_NAMES = {
    "gap_rate": "gap_rate_mcny",
    "gap": "gap_mcny",
    "viable_ask": "viable_ask_mcny",
    "ask": "ask_mcny",
    "deals": "deals_n",
}
"""Names that may be given for others."""


class Series(NamedTuple):
    """A measure by path.

    Attributes
    ----------
    top : ndarray of shape (P,)
    bottom : ndarray of shape (P,) or None
        The measure is the ratio of the means of both; of `top` alone if there is none.
    is_effect : bool
        Whether it is a difference between arms, for which zero is a plain value.
    """

    top: FloatArray
    bottom: FloatArray | None = None
    is_effect: bool = False

    def first(self, n: int) -> Series:
        """Return the same of the first `n` paths."""
        bottom = None if self.bottom is None else self.bottom[:n]
        return self._replace(top=self.top[:n], bottom=bottom)


class Estimate(NamedTuple):
    """What paths say of the mean of a measure.

    Attributes
    ----------
    value : float
    se : float
        Standard error; NaN with fewer than two paths.
    se_error : float
        Relative standard error of `se`; NaN with fewer than two paths.
    n : int
        Independent units the error rests on: paths, or draws.
    se_fixed : float
        Part of `se`, added in squares, that more of these units do not shrink.
    """

    value: float
    se: float
    se_error: float
    n: int
    se_fixed: float = 0.0

    @property
    def is_nothing(self) -> bool:
        """Whether the measure was zero on every path."""
        return self.value == 0.0 and self.se == 0.0

    @property
    def se_bound(self) -> float:
        """Upper bound on the standard error, one-sided at `LEVEL`: the error with its error.

        NaN if the measure is zero on every path: what has not happened yet has no spread, and
        how rare it is, and so its error, is not known.
        """
        if self.is_nothing:
            return float("nan")
        return float(self.se * np.exp(_ONE_SIDED * self.se_error))

    def half_width(self, se: float | None = None) -> float:
        """Return half the interval at `LEVEL` around the value, by Student's t."""
        from scipy.special import stdtrit

        if self.n < 2:
            return float("nan")
        return float(stdtrit(self.n - 1, 0.5 + LEVEL / 2) * (self.se if se is None else se))


def influence(series: Series) -> FloatArray:
    """Return what each path adds to the value, shape (P,), of mean zero; NaN if undefined."""
    if series.bottom is None:
        centred: FloatArray = series.top - series.top.mean()
        return centred
    below = series.bottom.mean()
    if below == 0.0:
        return np.full_like(series.top, np.nan)
    ratio = series.top.mean() / below
    found: FloatArray = (series.top - ratio * series.bottom) / below
    return found


def estimate(series: Series) -> Estimate:
    """Return value, standard error and the error of that; the first two as tables have them."""
    if series.bottom is None:
        value, error = mean_se(series.top)
    else:
        value, error = ratio_se(series.top, series.bottom)
    return Estimate(
        float(value), float(error), relative_error_of_se(influence(series)), len(series.top)
    )


def relative_error_of_se(influences: FloatArray) -> float:
    """Return the relative standard error of a standard error, from influences (P,).

    0 if all paths are alike; NaN with fewer than two paths or if the value is undefined.
    """
    squares = influences**2
    n, mean = len(squares), squares.mean()
    if n < 2 or np.isnan(mean):
        return float("nan")
    if mean == 0.0:
        return 0.0
    return float(0.5 * squares.std(ddof=1) / (mean * np.sqrt(n)))


@dataclass(frozen=True)
class Catalogue:
    """Measures that can be asked for by name.

    Attributes
    ----------
    dimensions : dict of tuple of str
        By measure, the dimensions it can be split by.
    values : dict of tuple of str
        By dimension, its values.
    together : tuple of frozenset
        Dimensions that cannot be given at once.
    short : dict of str
        Other names of measures.
    """

    dimensions: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[str, ...]]
    apart: tuple[frozenset[str], ...] = ()
    short: Mapping[str, str] | None = None

    def name(self, text: str) -> str:
        """Return the full name of a measure, or the text as it is."""
        return (self.short or {}).get(text, text)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is understood."""
        return (*self.dimensions, *(self.short or ()))


def texts(values: Iterable[object]) -> tuple[str, ...]:
    """Return values as text."""
    return tuple(str(value) for value in values)


def run_catalogue(
    *, regions: Iterable[str], stages: Iterable[str], sectors: Iterable[str], years: Iterable[int]
) -> Catalogue:
    """Return the measures of a run: needs and the gap of hard technology, activity of all."""
    values = {
        "region": texts(regions),
        "stage": texts(stages),
        "sector": texts(sectors),
        "year": texts(years),
    }
    names = [f"{name}_{side}" for side in SIDES for name in ("ask", *OUTCOMES, "viable_ask", "gap")]
    names += [_rate_name(side, test) for side in SIDES for test in TEST_COLUMNS]
    return Catalogue(
        dict.fromkeys((*names, *ACTIVITY), DIMENSIONS),
        values,
        (frozenset({"sector", "region"}), frozenset({"sector", "stage"})),
        SHORT_NAMES,
    )


def run_series(run: RunResult, measure: str, cell: Cell | None = None) -> Series:
    """Return a measure of a run by path.

    Parameters
    ----------
    run : RunResult
    measure : str
        A name of :func:`run_catalogue`; as in the tables of a run, of hard technology or, of
        activity, of all sectors.
    cell : mapping of str, optional
        Values of dimensions. With `sector` the group is that sector.
    """
    given = cell or {}
    by = [name for name in DIMENSIONS if name in given]
    values, names = grouped(run, by, "all" if measure in ACTIVITY else "hard_tech")
    is_it = np.ones(len(names), np.bool_)
    for name in by:
        is_it &= (names[name].astype(str) == given[name]).to_numpy()
    (place,) = np.flatnonzero(is_it)
    return _of_columns(values[:, place], measure)


def _rate_name(side: str, test: str) -> str:
    return f"gap_rate_{side}" if test == "market" else f"gap_rate_{side}_{test}"


def _of_columns(values: FloatArray, measure: str) -> Series:
    """Return a measure of columns (P, N_COLUMNS)."""
    if measure in ACTIVITY:
        return Series(values[:, ACTIVITY[measure]])
    for side, suffix in enumerate(SIDES):
        for test, code in TEST_COLUMNS.items():
            if measure == _rate_name(suffix, test):
                viable, gap = viable_by_path(values, side, code)
                return Series(gap, viable)
    name, _, suffix = measure.rpartition("_")
    side = SIDES.index(suffix)
    if name == "ask":
        return Series(values[:, col.ASK_M if side else col.ASK_N])
    if name in OUTCOMES:
        column = outcome_column(OUTCOMES.index(name), col.ALL_NEEDS, is_money=bool(side))
        return Series(values[:, column])
    viable, gap = viable_by_path(values, side)
    return Series(viable if name == "viable_ask" else gap)
