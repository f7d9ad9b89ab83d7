"""Hill's estimator at every order statistic, and likelihood of a cut Pareto, beside each other.

Over the ``k`` largest of a sample with ``y_i = ln(x_i / x_(k+1))``

* Hill: ``a = k / sum y_i``; it is the likelihood estimate of an uncut Pareto, with standard error
  ``a / sqrt(k)``.
* cut at ``H``: the root of ``k / a - k w / (exp(a w) - 1) = sum y_i`` with ``w = ln(H / x_(k+1))``,
  standard error by observed information. A cut bends Hill's index upwards; the cut index is
  the one the model uses.
* the rule for ``k``: the one whose Pareto is nearest in Kolmogorov-Smirnov distance to the
  exits above it, at most a tenth of them (:func:`finmodel.measure.tails.hill_index`).
* is there a cut: ``p = exp(-k (x_(k+1) / x_(1))^a)`` is the chance of a largest value as small as
  that seen, or smaller, without one.

References
----------
Hill (1975), A simple general approach to inference about the tail of a distribution, Annals of
Statistics 3. Drees, de Haan & Resnick (2000), How to make a Hill plot, Annals of Statistics 28.
Aban, Meerschaert & Panorska (2006), Parameter estimation for the truncated Pareto distribution,
Journal of the American Statistical Association 101. Clauset, Shalizi & Newman (2009),
Power-law distributions in empirical data, SIAM Review 51.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.measure.tails import hill_index
from finmodel.world.arrays import FloatArray

MOST_NEWTON = 60


def hill_plot(values: FloatArray, *, cap: float = np.inf) -> pd.DataFrame:
    """Return Hill's index and the cut one at each number of largest values.

    Parameters
    ----------
    values : ndarray of shape (N,)
        Above 0.
    cap : float
        In the unit of `values`, at least their largest.

    Returns
    -------
    DataFrame
        One row a `k` from 2 to N - 1: `threshold` (unit of `values`), `hill`, `hill_se`,
        `index` and `index_se` (cut at `cap`; Hill's if there is none), `distance`
        (Kolmogorov-Smirnov, of Hill's Pareto). Rows whose values are all equal are left out.
    """
    x = np.log(np.sort(np.asarray(values, dtype=np.float64))[::-1])
    n = len(x)
    place = np.arange(2, n)
    k = place.astype(np.float64)
    total = x.cumsum()[place - 1] - k * x[place]
    kept = total > 1e-12 * np.maximum(1.0, np.abs(x[place]))
    place, k, total = place[kept], k[kept], np.asarray(total[kept], dtype=np.float64)
    hill = k / total
    index, error = cut_pareto(k, total, np.log(cap) - x[place])
    return pd.DataFrame(
        {
            "k": place,
            "threshold": np.exp(x[place]),
            "hill": hill,
            "hill_se": hill / np.sqrt(k),
            "index": index,
            "index_se": error,
            "distance": [_distance(x, int(i), h) for i, h in zip(k, hill, strict=True)],
        }
    )


def cut_pareto(
    k: FloatArray, total: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return index and standard error of Paretos cut at ``exp(width)`` times their start.

    Parameters
    ----------
    k : ndarray of shape (N,)
        Numbers of values in each tail.
    total : ndarray of shape (N,)
        Sum of the logs of value over start.
    width : ndarray of shape (N,)
        Log of cap over start; inf for no cap.

    Returns
    -------
    index, standard_error : ndarray of shape (N,)
        The index can be 0 or below where values crowd at the cap: the tail then does not fall.
    """
    hill = k / total
    limited = np.isfinite(width)
    w = np.where(limited, width, 1.0)
    mean = np.minimum(total / k / w, 1 - 1e-12)
    # The mean of a cut exponential on [0, 1] of rate b: 1/b - 1/(exp(b) - 1), 1/2 at b = 0.
    rate = np.where(mean < 0.5, 1 / np.maximum(mean, 1e-12), -1 / (1 - mean))
    for _ in range(MOST_NEWTON):
        gap = _cut_mean(rate) - mean
        rate = rate + np.clip(gap / _cut_variance(rate), -2.0, 2.0)
    information = k * w**2 * _cut_variance(rate)
    index = np.where(limited, rate / w, hill)
    return index, np.where(limited, information**-0.5, hill / np.sqrt(k))


def _cut_mean(rate: FloatArray) -> FloatArray:
    near = np.abs(rate) < 1e-4
    safe = np.where(near, 1.0, rate)
    with np.errstate(over="ignore"):
        exact = 1 / safe - 1 / np.expm1(safe)
    return np.where(near, 0.5 - rate / 12, exact)


def _cut_variance(rate: FloatArray) -> FloatArray:
    near = np.abs(rate) < 1e-2
    safe = np.clip(np.where(near, 1.0, rate), -600.0, 600.0)
    exact = 1 / safe**2 - 0.25 / np.sinh(0.5 * safe) ** 2
    return np.where(near, 1 / 12 - rate**2 / 240, exact)


def _distance(x: FloatArray, k: int, index: float) -> float:
    """Return the Kolmogorov-Smirnov distance of a Pareto to the `k` largest; `x` falls."""
    fitted = -np.expm1(-index * (x[:k] - x[k]))[::-1]
    step = np.arange(k + 1) / k
    return float(max(np.abs(step[1:] - fitted).max(), np.abs(step[:-1] - fitted).max()))


def tail_summary(values: FloatArray, *, cap: float = np.inf) -> dict[str, float]:
    """Return Hill and likelihood at the rule's number of largest values.

    Returns
    -------
    dict
        `k`, `threshold`, `hill`, `hill_se`, `index`, `index_se`, `distance`, `p_no_cut`;
        all NaN if there are too few values for the rule.
    """
    names = ("k", "threshold", "hill", "hill_se", "index", "index_se", "distance")
    _, _, k = hill_index(np.asarray(values, dtype=np.float64))
    if not np.isfinite(k):
        return dict.fromkeys((*names, "p_no_cut"), float("nan"))
    x = np.sort(values)[::-1]
    logs = np.log(x)
    number = np.array([k])
    total = np.array([logs[: int(k)].sum() - int(k) * logs[int(k)]])
    index, error = cut_pareto(number, total, np.array([np.log(cap) - logs[int(k)]]))
    hill = float(k / total[0])
    return {
        "k": float(k),
        "threshold": float(x[int(k)]),
        "hill": hill,
        "hill_se": hill / float(np.sqrt(k)),
        "index": float(index[0]),
        "index_se": float(error[0]),
        "distance": _distance(logs, int(k), hill),
        "p_no_cut": float(np.exp(-k * (x[int(k)] / x[0]) ** hill)),
    }
