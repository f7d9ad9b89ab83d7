"""The upper tail of exits: how heavy it is, and whether the paths suffice for the mean.

A few exits make most of the value, so a mean over exits converges slowly and its standard
error may itself be wrong. Three things tell:

* the *Hill index* ``1/a = (1/k) sum_{i<=k} ln(x_(i) / x_(k+1))`` over the ``k`` largest of
  the exits, with standard error ``a / sqrt(k)``. The number ``k`` is the one whose fitted
  Pareto is nearest to the empirical tail in Kolmogorov-Smirnov distance, on a grid of at
  most a tenth of the exits. The variance is infinite for an uncapped tail with ``a <= 2``,
  the mean for ``a <= 1``. The standard error takes ``k`` as given and is then a little
  too small; a cap on exits bends the index upwards.
* *concentration*: the share of the largest exit, and of the top 1 %, in all value.
* the *standard error*, with paths as the independent draws (exits of one path share its
  cycle, so they are not), and whether the halves of the paths agree about it.

The verdict on the mean, first match first:

========== ===========================================================================
few exits   fewer than ``MIN_EXITS`` exits; every estimate is NaN
heavy tail  the largest exit is above ``MAX_SHARE`` of all value: one exit carries the mean
few paths   fewer than ``MIN_PATHS`` paths: too few to say how wide the error is
heavy tail  the standard errors of the two halves of the paths differ by a factor above
            ``MAX_SE_RATIO`` (it does not shrink as 1/sqrt(P)) and is not to be trusted
wide error  the relative standard error is above ``MAX_RELATIVE_SE``, or cannot be measured
enough      none of these
========== ===========================================================================

The halves are a warning, not a test: over 1,000 paths of ten exits they disagree in about
6 of 10 runs of an uncapped Pareto of index 1.5 and in 1 of 10 of index 2.5, in none of a
lognormal of log sd 1; over 100 paths of the latter in 1 of 6.

References
----------
Hill (1975), A simple general approach to inference about the tail of a distribution, Annals
of Statistics 3. Clauset, Shalizi & Newman (2009), Power-law distributions in empirical data,
SIAM Review 51. Drees, Janssen, Resnick & Wang (2020), On a minimum distance procedure for
threshold selection in tail analysis, SIAM Journal on Mathematics of Data Science 2.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from finmodel.errors import InputError, Problem
from finmodel.measure.monte_carlo import ratio_se
from finmodel.world.arrays import FloatArray, IntArray

Per = Literal["exit", "path"]
Verdict = Literal["enough", "few exits", "few paths", "heavy tail", "wide error"]

# Conventions, not estimates: change them and only verdicts and the choice of k move.
MIN_EXITS = 50
MIN_PATHS = 40  # halves of fewer than twenty paths disagree by chance
MAX_RELATIVE_SE = 0.05  # of the mean
MAX_SHARE = 0.05  # of the largest exit in all value
MAX_SE_RATIO = 1.5  # larger over smaller, of the two halves of the paths
TOP_SHARE = 0.01  # of the exits, in `top1_share`
HILL_MAX_SHARE = 0.10  # of the exits, the most the tail may be
HILL_MIN_K = 10  # order statistics, the fewest
HILL_GRID = 100  # numbers of order statistics tried, evenly spaced in logarithms

ROUNDING = 1e-12
"""A standard error below this part of the mean is rounding of equal numbers, not spread."""


def tail_table(
    path: ArrayLike, size: ArrayLike, n_paths: int, *, per: Per = "exit"
) -> pd.DataFrame:
    """Return one row on the tail of exits and on whether the paths suffice.

    Parameters
    ----------
    path : array_like of int, shape (N,)
        Path of each exit, in [0, n_paths).
    size : array_like of shape (N,)
        Finite and at least 0: million CNY, or a multiple of invested money.
    n_paths : int
        All paths run, also those without an exit.
    per : {'exit', 'path'}
        The mean judged: of an exit (total size over number of exits) or of a path's total.

    Returns
    -------
    DataFrame
        One row: `n_paths`, `n_exits`, `mean` and `se` (unit of `size`; clustered by path),
        `se_ratio` (larger over smaller standard error of the halves of the paths),
        `max_share`, `top1_share` (in [0, 1]), `hill`, `hill_se`, `hill_k`, `paths_needed`
        (for a relative standard error of ``MAX_RELATIVE_SE``, at 1/sqrt(P); a lower bound
        under "heavy tail"), `is_enough`, `verdict`. What is undefined is NaN, as is
        `paths_needed` when there is no error to scale.

    Raises
    ------
    InputError
        Naming the first bad entry.
    """
    path_, size_ = _checked(path, size, n_paths)
    n_exits = len(size_)
    row: dict[str, float] = dict.fromkeys(
        ("mean", "se", "se_ratio", "max_share", "top1_share"), np.nan
    )
    hill = hill_se = hill_k = np.nan
    if n_exits >= MIN_EXITS:
        row["mean"], row["se"], row["se_ratio"] = _clustered(path_, size_, n_paths, per)
        row["max_share"] = size_.max() / size_.sum() if size_.any() else np.nan
        row["top1_share"] = top_share(size_, TOP_SHARE)
        hill, hill_se, hill_k = hill_index(size_)
    relative = row["se"] / row["mean"] if row["mean"] > 0 else np.nan
    verdict = _verdict(n_exits, n_paths, relative, row["max_share"], row["se_ratio"])
    needed = np.ceil(n_paths * (relative / MAX_RELATIVE_SE) ** 2) if relative > 0 else np.nan
    return pd.DataFrame(
        [
            {"n_paths": n_paths, "n_exits": n_exits}
            | row
            | {"hill": hill, "hill_se": hill_se, "hill_k": hill_k, "paths_needed": needed}
            | {"is_enough": verdict == "enough", "verdict": verdict}
        ]
    )


def top_share(size: FloatArray, share: float) -> float:
    """Return the part of all value that the largest `share` of the exits hold.

    A fraction of an exit counts by its fraction (the Lorenz curve is linear between
    exits), so that equal exits give `share` itself.

    Parameters
    ----------
    size : ndarray of shape (N,)
        At least 0.
    share : float
        In (0, 1].

    Returns
    -------
    float
        In [0, 1]; NaN if there is no value.
    """
    total = size.sum()
    if not total > 0:
        return float("nan")
    ordered = np.sort(size)[::-1]
    held = np.concatenate([[0.0], ordered.cumsum()])
    return float(np.interp(share * len(size), np.arange(len(held)), held) / total)


def hill_index(size: FloatArray) -> tuple[float, float, float]:
    """Return the Hill tail index, its standard error, and the order statistics used.

    Parameters
    ----------
    size : ndarray of shape (N,)
        At least 0; zeros are no part of the tail but count among the exits.

    Returns
    -------
    index, standard_error, k : float
        NaN if a tenth of the exits are fewer than ``HILL_MIN_K``, or the largest are equal.
    """
    most = min(int(HILL_MAX_SHARE * len(size)), int((size > 0).sum()) - 1)
    if most < HILL_MIN_K:
        return float("nan"), float("nan"), float("nan")
    log_size = np.log(np.sort(size)[::-1][: most + 1])
    grid = np.unique(np.geomspace(HILL_MIN_K, most, HILL_GRID).astype(np.int64))
    fits = [(*_distance(log_size, int(k)), int(k)) for k in grid]
    usable = [fit for fit in fits if np.isfinite(fit[0])]
    if not usable:
        return float("nan"), float("nan"), float("nan")
    _, index, k = min(usable)
    return index, index / float(np.sqrt(k)), float(k)


def _distance(log_size: FloatArray, k: int) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance and the Hill index of the `k` largest."""
    excess = (log_size[:k] - log_size[k])[::-1]
    mean = excess.mean()
    if not mean > 0:
        return np.inf, np.nan
    fitted = -np.expm1(-excess / mean)
    step = np.arange(k + 1) / k
    distance = max(np.abs(step[1:] - fitted).max(), np.abs(step[:-1] - fitted).max())
    return float(distance), float(1.0 / mean)


def _clustered(
    path: IntArray, size: FloatArray, n_paths: int, per: Per
) -> tuple[float, float, float]:
    """Return the mean, its standard error, and the ratio of those of the halves."""
    total = np.bincount(path, weights=size, minlength=n_paths).astype(np.float64)
    count = np.bincount(path, minlength=n_paths)
    bottom = count.astype(np.float64) if per == "exit" else np.ones(n_paths)
    mean, error = _ratio(total, bottom)
    half = n_paths // 2
    halves = [_ratio(total[part], bottom[part])[1] for part in (slice(half), slice(half, None))]
    low, high = np.min(halves), np.max(halves)
    if low > 0:
        return mean, error, float(high / low)
    return mean, error, 1.0 if high == 0 else float("nan")


def _ratio(top: FloatArray, bottom: FloatArray) -> tuple[float, float]:
    """Return the ratio of means over paths and its standard error, 0 if only rounding."""
    if len(top) == 0:
        return float("nan"), float("nan")
    mean, error = (float(part) for part in ratio_se(top, bottom))
    return mean, 0.0 if error <= ROUNDING * abs(mean) else error


def _verdict(
    n_exits: int, n_paths: int, relative_se: float, max_share: float, se_ratio: float
) -> Verdict:
    if n_exits < MIN_EXITS:
        return "few exits"
    if max_share > MAX_SHARE:
        return "heavy tail"
    if n_paths < MIN_PATHS:
        return "few paths"
    if se_ratio > MAX_SE_RATIO:
        return "heavy tail"
    if relative_se <= MAX_RELATIVE_SE and np.isfinite(se_ratio):
        return "enough"
    return "wide error"


def _checked(path: ArrayLike, size: ArrayLike, n_paths: int) -> tuple[IntArray, FloatArray]:
    """Return the input as arrays, or refuse it."""
    path_, size_ = np.asarray(path), np.asarray(size, dtype=np.float64)
    problems = []
    if n_paths < 1:
        problems.append(Problem("n_paths", str(n_paths), "at least 1"))
    if path_.shape != size_.shape or path_.ndim != 1:
        shapes = f"shapes {path_.shape} and {size_.shape}"
        problems.append(Problem("path, size", shapes, "one entry an exit in each"))
    elif len(path_):
        is_path = (path_ >= 0) & (path_ < n_paths) & (path_ == np.floor(path_))
        is_size = np.isfinite(size_) & (size_ >= 0)
        for name, array, is_fine, allowed in (
            ("path", path_, is_path, f"a whole number from 0 to {n_paths - 1}"),
            ("size", size_, is_size, "finite and at least 0"),
        ):
            if not is_fine.all():
                where = int(np.argmin(is_fine))
                problems.append(Problem(f"{name}[{where}]", str(array[where]), allowed))
    if problems:
        raise InputError("exits", problems)
    return path_.astype(np.int64), size_
