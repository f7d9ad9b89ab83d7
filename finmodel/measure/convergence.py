"""Whether paths suffice for a mean: its error as they grow, whether they look independent.

A standard error that shrinks as ``1 / sqrt(n)``, halves of the paths that agree about it, and
batches of paths whose means differ as much as independent paths would have them differ: where
all three hold, the ``±`` of a table can be believed. The verdict, first match first:

================ ======================================================================
undefined        there is no value
no spread        all paths are alike
few paths        fewer than ``MIN_PATHS``: too few to say how wide the error is
not independent  means of batches differ too much, or too little, to be chance
heavy tail       the halves disagree about the error by a factor above ``MAX_SE_RATIO``, or
                 its own relative error is above ``MAX_ERROR_OF_SE``: do not trust it
wide error       of a level: a relative error above ``MAX_RELATIVE_SE``; of an effect: an
                 error of more than half the effect, which cannot be told from none
enough           none of these
================ ======================================================================

Batches are of about ``sqrt(n)`` consecutive paths. Were paths independent and their means normal,
``(batches - 1) ratio`` would follow a chi-square law, ``ratio`` the variance of batch means times
their size over the variance of paths; its two-sided p-value is an alarm below ``ALARM``.

References
----------
Alexopoulos & Seila (1998), Output data analysis, in Banks (ed.), Handbook of Simulation, section
7.3 (batch means). Koehler, Brown & Haneuse (2009), On the assessment of Monte Carlo error in
simulation-based statistical analyses, The American Statistician 63.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from finmodel.measure.series import Estimate, Series, estimate, influence
from finmodel.measure.tails import MAX_RELATIVE_SE, MAX_SE_RATIO, MIN_PATHS, ROUNDING
from finmodel.world.arrays import FloatArray, IntArray

Verdict = Literal[
    "undefined",
    "no spread",
    "few paths",
    "not independent",
    "heavy tail",
    "wide error",
    "enough",
]

N_COUNTS = 10
FEWEST = 10  # paths of the first of the counts
MAX_ERROR_OF_SE = 0.25
MAX_EFFECT_SE = 0.5  # of the effect: two standard errors from zero
ALARM = 0.001  # p-value of the batches

COUNT_COLUMNS = ("measure", "n_paths", "value", "se", "law_ratio")
VERDICT_COLUMNS = (
    "measure",
    "n_paths",
    "value",
    "se",
    "se_error",
    "half_width95",
    "rse",
    "se_ratio",
    "batch_ratio",
    "batch_p",
    "paths_half",
    "paths_needed",
    "is_enough",
    "verdict",
)


def path_counts(n: int) -> IntArray:
    """Return at most `N_COUNTS` numbers of paths, evenly spaced in logarithms, the last `n`."""
    first = min(n, FEWEST if n >= 2 * FEWEST else 2)
    return np.unique(np.round(np.geomspace(first, n, N_COUNTS)).astype(np.int64))


def convergence_table(measures: Mapping[str, Series]) -> pd.DataFrame:
    """Return value and standard error of measures over the first so many paths.

    Returns
    -------
    DataFrame
        One row a measure and count: `measure`, `n_paths`, `value`, `se`, and `law_ratio`, the
        standard error times the root of the count over the same of all paths: 1 under the
        ``1 / sqrt(n)`` law, NaN without an error.
    """
    rows = []
    for name, series in measures.items():
        n = len(series.top)
        last = estimate(series).se * np.sqrt(n)
        for count in path_counts(n):
            found = estimate(series.first(int(count)))
            ratio = found.se * np.sqrt(count) / last if last > 0.0 else np.nan
            rows.append((name, int(count), found.value, found.se, ratio))
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS))


def convergence_verdicts(measures: Mapping[str, Series], least: int = MIN_PATHS) -> pd.DataFrame:
    """Return whether the paths suffice for each measure.

    Parameters
    ----------
    measures : mapping of Series
    least : int
        Fewer are too few to say how wide an error is.

    Returns
    -------
    DataFrame
        One row a measure: `measure`, `n_paths`, `value`, `se`, its relative error `se_error`,
        `half_width95` (by Student's t), `rse` (over the absolute value), `se_ratio` (larger
        over smaller error of the halves), `batch_ratio` and `batch_p`, `paths_half` (for half
        the error), `paths_needed` (for the error that the verdict asks for, at ``1 / sqrt(n)``;
        NaN without an error), `is_enough`, `verdict`. What is undefined is NaN.
    """
    rows = [_row(name, series, least) for name, series in measures.items()]
    return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))


def _row(name: str, series: Series, least: int) -> dict[str, object]:
    found, n = estimate(series), len(series.top)
    size = abs(found.value)
    se = 0.0 if found.se <= ROUNDING * size else found.se
    relative = se / size if size > 0.0 else (np.nan if np.isnan(se) else np.inf)
    ratio, p = batches(influence(series))
    halves = se_of_halves(series)
    allowed = MAX_EFFECT_SE if series.is_effect else MAX_RELATIVE_SE
    verdict: Verdict = "enough"
    if np.isnan(found.value):
        verdict = "undefined"
    elif n < least:
        verdict = "few paths"
    elif se == 0.0:
        verdict = "no spread"
    elif p < ALARM:
        verdict = "not independent"
    elif halves > MAX_SE_RATIO or found.se_error > MAX_ERROR_OF_SE:
        verdict = "heavy tail"
    elif not relative <= allowed:
        verdict = "wide error"
    needed = np.ceil(n * (relative / allowed) ** 2) if 0.0 < relative < np.inf else np.nan
    if verdict == "few paths":
        needed = np.fmax(needed, least)
    return {
        "measure": name,
        "n_paths": n,
        "value": found.value,
        "se": found.se,
        "se_error": found.se_error,
        "half_width95": found.half_width(),
        "rse": relative if np.isfinite(relative) else np.nan,
        "se_ratio": halves,
        "batch_ratio": ratio,
        "batch_p": p,
        "paths_half": 4 * n if se > 0.0 else np.nan,
        "paths_needed": needed,
        "is_enough": verdict in ("enough", "no spread"),
        "verdict": verdict,
    }


def exit_verdicts(exits: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts on what investors get per yuan, from the diagnostics of the tail.

    Parameters
    ----------
    exits : DataFrame
        From :func:`finmodel.measure.investors.exit_table`.

    Returns
    -------
    DataFrame
        Columns as in :func:`convergence_verdicts`, of `exit_multiple` (exits alone) and
        `end_multiple` (with firms that failed or closed).
    """
    rows = []
    of_exits = exits[exits["measure"] == "multiple"].set_index("route").to_dict("index")
    for name, route in (("exit_multiple", "all"), ("end_multiple", "with_write_offs")):
        row = of_exits[route]
        n, mean, se = int(row["n_paths"]), float(row["mean"]), float(row["se"])
        found = Estimate(mean, se, float("nan"), n)
        rows.append(
            {
                "measure": name,
                "n_paths": n,
                "value": mean,
                "se": se,
                "se_error": np.nan,
                "half_width95": found.half_width(),
                "rse": se / mean if mean > 0.0 else np.nan,
                "se_ratio": float(row["se_ratio"]),
                "batch_ratio": np.nan,
                "batch_p": np.nan,
                "paths_half": 4 * n if se > 0.0 else np.nan,
                "paths_needed": float(row["paths_needed"]),
                "is_enough": bool(row["is_enough"]),
                "verdict": str(row["verdict"]),
            }
        )
    return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))


def se_of_halves(series: Series) -> float:
    """Return the larger over the smaller standard error of the halves of the paths.

    1 if neither half has an error; NaN if one alone has none, or with fewer than four paths.
    """
    n = len(series.top)
    half = n // 2
    rest = None if series.bottom is None else series.bottom[half:]
    errors = [
        estimate(part).se
        for part in (series.first(half), series._replace(top=series.top[half:], bottom=rest))
        if n >= 4
    ]
    if not errors or np.isnan(errors).any():
        return float("nan")
    low, high = min(errors), max(errors)
    if low > 0.0:
        return high / low
    return 1.0 if high == 0.0 else float("nan")


def batches(influences: FloatArray) -> tuple[float, float]:
    """Return the variance ratio of batch means and its two-sided p-value.

    Parameters
    ----------
    influences : ndarray of shape (P,)
        In the order of paths.

    Returns
    -------
    ratio, p_value : float
        NaN with fewer than nine paths or without spread.
    """
    from scipy.special import chdtr

    size = int(np.sqrt(len(influences)))
    if size < 3:
        return float("nan"), float("nan")
    count = len(influences) // size
    kept = influences[: count * size]
    spread = kept.var(ddof=1)
    if not spread > 0.0:
        return float("nan"), float("nan")
    ratio = size * kept.reshape(count, size).mean(axis=1).var(ddof=1) / spread
    below = float(chdtr(count - 1, (count - 1) * ratio))
    return float(ratio), 2.0 * min(below, 1.0 - below)
