"""Kaplan-Meier and Aalen-Johansen curves with delayed entry, pointwise bands and covariances.

Kaplan-Meier: ``S(t) = prod over event times u <= t of (1 - d_u / Y_u)``, with ``Y_u`` the spells
that entered before ``u`` and have not ended; Greenwood's variance; bands on the log-log scale,
which keeps them in [0, 1]. Aalen-Johansen: ``F_c(t) = sum S(u-) d_cu / Y_u`` for cause c.

The *graduation curve* is the share of all firms with a round at a stage that have one at a later
stage within t. Other ends do not take a firm out of the denominator: it stays to the last day of
the records, when it would have been cut off. This needs no record of closures, and is the same in
a file and in a simulated market. (It is the estimator of a subdistribution when censoring is by a
known date alone.) It holds without left truncation only: a firm that closed before the records
began was never noticed, and then Aalen-Johansen with recorded ends is to be used.

References
----------
Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations, JASA 53.
Aalen, O. O. and Johansen, S. (1978), An empirical transition matrix for non-homogeneous Markov
chains based on censored observations, Scand. J. Statist. 5. Fine, J. P. and Gray, R. J. (1999), A
proportional hazards model for the subdistribution of a competing risk, JASA 94.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.spells import GRADUATED, Spells
from finmodel.world.arrays import FloatArray

MONTHS_PER_QUARTER = 3.0


@dataclass(frozen=True)
class Curve:
    """A cumulative share at chosen times.

    Attributes
    ----------
    months : ndarray of shape (m,)
    share : ndarray of shape (m,)
        NaN from where nobody is at risk any more.
    covariance : ndarray of shape (m, m)
        Of `share`.
    at_risk : ndarray of shape (m,)
        Spells at risk at that time, in the mean over imputations.
    n : int
        Spells.
    n_events : int
    """

    months: FloatArray
    share: FloatArray
    covariance: FloatArray
    at_risk: FloatArray
    n: int
    n_events: int

    @property
    def standard_error(self) -> FloatArray:
        """Of `share`."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def band(self) -> tuple[FloatArray, FloatArray]:
        """Pointwise 95 % band on the log-log scale of one minus the share."""
        return log_log_band(self.share, self.standard_error)

    def frame(self) -> pd.DataFrame:
        """Return `months`, `share`, `standard_error`, `low_95`, `high_95`, `at_risk`."""
        low, high = self.band
        return pd.DataFrame(
            {
                "months": self.months,
                "share": self.share,
                "standard_error": self.standard_error,
                "low_95": low,
                "high_95": high,
                "at_risk": self.at_risk,
            }
        )


def kaplan_meier(
    entry: FloatArray, end: FloatArray, is_event: np.ndarray, at: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return one minus survival at given times, its covariance, and the number at risk.

    Parameters
    ----------
    entry, end : ndarray of shape (n,)
        Time under observation, ``entry < end``.
    is_event : ndarray of bool, shape (n,)
    at : ndarray of shape (m,)
        Rising.

    Returns
    -------
    share : ndarray of shape (m,)
        NaN after the last time under observation.
    covariance : ndarray of shape (m, m)
    at_risk : ndarray of shape (m,)
    """
    times, deaths = np.unique(end[is_event], return_counts=True)
    risk = at_risk_at(entry, end, times)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1.0 - deaths / risk)
        greenwood = np.cumsum(deaths / (risk * (risk - deaths)))
    place = np.searchsorted(times, at, side="right")
    survived = np.append(1.0, survival)[place]
    variance = np.append(0.0, greenwood)[place]
    variance[~np.isfinite(variance)] = 0.0
    covariance = np.outer(survived, survived) * np.minimum.outer(variance, variance)
    share = 1.0 - survived
    last = float(end.max(initial=-np.inf))
    share[at > last] = np.nan
    return share, covariance, at_risk_at(entry, end, at)


def at_risk_at(entry: FloatArray, end: FloatArray, times: FloatArray) -> FloatArray:
    """Return how many have ``entry < t <= end`` at each time."""
    entered = np.searchsorted(np.sort(entry), times, side="left")
    gone = np.searchsorted(np.sort(end), times, side="left")
    return np.asarray(entered - gone, dtype=np.float64)


def aalen_johansen(
    entry: FloatArray, end: FloatArray, event: np.ndarray, cause: int, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the cumulative incidence of a cause (0 is censored) and its standard error.

    The variance is the delta-method form of Marubini and Valsecchi (1995).
    """
    times = np.unique(end[event != 0])
    place = np.searchsorted(times, end)
    place = np.minimum(place, max(0, len(times) - 1))
    n_all = np.bincount(place[event != 0], minlength=len(times)).astype(np.float64)
    n_own = np.bincount(place[event == cause], minlength=len(times)).astype(np.float64)
    risk = at_risk_at(entry, end, times)
    survival = np.cumprod(1.0 - n_all / risk)
    before = np.append(1.0, survival[:-1])
    incidence = np.cumsum(before * n_own / risk)
    share, error = np.zeros(len(at)), np.zeros(len(at))
    for i, t in enumerate(at):
        m = int(np.searchsorted(times, t, side="right"))
        if m == 0:
            continue
        d, own, y, s = n_all[:m], n_own[:m], risk[:m], before[:m]
        gap = incidence[m - 1] - incidence[:m]
        safe = np.where(y > d, y - d, np.inf)
        variance = (gap**2 * d / (y * safe)).sum()
        variance += (s**2 * own * (y - own) / y**3).sum()
        variance -= 2.0 * (gap * s * own / y**2).sum()
        share[i], error[i] = incidence[m - 1], np.sqrt(max(variance, 0.0))
    return share, error


def graduation_curve(spells: Spells, months: Sequence[float]) -> Curve:
    """Return the share of spells that graduate within given months; see the module.

    Parameters
    ----------
    spells : Spells
        Of one stage, without left truncation.
    months : sequence of float
        Rising.

    Raises
    ------
    ValueError
        If a spell comes under observation after its start.
    """
    if np.any(spells.entry > 0.0):
        raise ValueError("the graduation curve needs spells that are seen from their start")
    at = np.asarray(months, dtype=np.float64)
    is_graduated = spells.event == GRADUATED
    end = np.where(is_graduated, spells.end, spells.horizon)
    share, covariance, risk = kaplan_meier(spells.entry, end, is_graduated, at / MONTHS_PER_QUARTER)
    return Curve(at, share, covariance, risk, len(spells), int(is_graduated.sum()))


def log_log_band(share: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a 95 % band of a cumulative share, symmetric in ``log(-log(1 - share))``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1.0 - share
        spread = np.minimum(50.0, Z_95 * error / np.abs(left * np.log(left)))
        low = 1.0 - left ** np.exp(-spread)
        high = 1.0 - left ** np.exp(spread)
    is_inner = (share > 0.0) & (share < 1.0)
    return np.where(is_inner, low, share), np.where(is_inner, high, share)


def pool_curves(curves: Sequence[Curve]) -> Curve:
    """Return the curve of several imputations by Rubin's rules.

    The total covariance is the mean of those within plus ``1 + 1/M`` times that between.
    """
    shares = np.stack([curve.share for curve in curves])
    within = np.mean([curve.covariance for curve in curves], axis=0)
    return Curve(
        months=curves[0].months,
        share=shares.mean(axis=0),
        covariance=within + between(shares),
        at_risk=np.mean([curve.at_risk for curve in curves], axis=0),
        n=round(float(np.mean([curve.n for curve in curves]))),
        n_events=round(float(np.mean([curve.n_events for curve in curves]))),
    )


def between(values: FloatArray) -> FloatArray:
    """Return ``(1 + 1/M)`` times the covariance of M rows, shape (p, p); 0 for one row."""
    m = len(values)
    if m < 2:
        return np.zeros((values.shape[1], values.shape[1]))
    centred = values - values.mean(axis=0)
    return np.asarray((1.0 + 1.0 / m) / (m - 1) * centred.T @ centred)
