"""When a firm's next round comes, by stage: what silence says about the stage of the last one.

From a round at stage k on, a next round of any kind comes at a rate that is constant within bands
of time and multiplied by effects of the firm, and a dated end at a constant rate,

    r_k(t | z) = exp(a_k,band(t) + b_k z),    x_k.

A round after ``g`` quarters adds ``r_k(g) exp(-R_k(g))``, none up to the last day ``exp(-R_k(T))``:
a firm at a stage where most raise again, and that has not, is less likely to be at that stage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.calibrate.round_table import DAYS_PER_QUARTER, RoundTable
from finmodel.world.arrays import FloatArray, IntArray

BANDS = (0.0, 2.0, 4.0, 8.0, 16.0)
"""First quarters of the bands since a round; the last is open."""
PRIOR = 0.5
"""Events, at the rate of all stages, that each rate is lent, which keeps it off 0."""


@dataclass(frozen=True)
class Exposure:
    """Time from each round to the next one, or to the end.

    Attributes
    ----------
    time : ndarray of shape (n, bands)
        Quarters spent in each band.
    band : ndarray of shape (n,)
        Band in which the next round came, -1 for none.
    is_end : ndarray of shape (n,)
        1 if the time ended by a dated end of the firm.
    z : ndarray of shape (n, c)
        Covariates of the firm.
    """

    time: FloatArray
    band: IntArray
    is_end: FloatArray
    z: FloatArray


@dataclass(frozen=True)
class ArrivalLaw:
    """Rates a quarter.

    Attributes
    ----------
    log_rate : ndarray of shape (K, bands)
        Of a next round.
    effect : ndarray of shape (K, c)
    log_end : ndarray of shape (K,)
        Of a dated end.
    """

    log_rate: FloatArray
    effect: FloatArray
    log_end: FloatArray


def exposure_of(table: RoundTable, exit_day: IntArray, z: FloatArray) -> Exposure:
    """Return the exposure of every round; `exit_day` of shape (firms,) is far off for none."""
    has_next = np.append(table.firm[1:] == table.firm[:-1], False)
    next_day = np.append(table.day[1:], 0)
    ends = np.minimum(exit_day[table.firm], table.as_of)
    until = np.where(has_next, next_day, np.maximum(ends, table.day))
    total = (until - table.day) / DAYS_PER_QUARTER
    edges = np.asarray([*BANDS, np.inf])
    time = np.clip(total[:, None] - edges[:-1], 0.0, np.diff(edges))
    band = np.where(has_next, np.searchsorted(edges, total, side="right") - 1, -1)
    is_end = (~has_next & (exit_day[table.firm] <= table.as_of)).astype(np.float64)
    return Exposure(time, band.astype(np.int64), is_end, z[table.firm])


def fit_arrivals(
    exposure: Exposure, single: FloatArray, begin: ArrivalLaw | None = None
) -> ArrivalLaw:
    """Return the rates of maximum likelihood given weights of each round at each stage (n, K).

    `begin` is where to start; by default at no effect of the firm.
    """
    n_stages, n_bands = single.shape[1], exposure.time.shape[1]
    event = (exposure.band[:, None] == np.arange(n_bands)).astype(np.float64)
    everyone = single.sum(axis=1)
    pooled = (everyone @ event + PRIOR) / (everyone @ exposure.time + 10.0 * PRIOR)
    end_all = (everyone @ exposure.is_end + PRIOR) / (everyone @ exposure.time).sum().clip(1.0)
    log_rate = np.empty((n_stages, n_bands))
    effect = np.zeros((n_stages, exposure.z.shape[1]))
    log_end = np.empty(n_stages)
    for k in range(n_stages):
        weight = single[:, k]
        own = exposure.time * weight[:, None]
        events = weight @ event
        beta = effect[k] if begin is None else begin.effect[k]
        for _ in range(25):
            factor = np.exp(exposure.z @ beta)
            time = factor @ own
            rate = (events + PRIOR) / (time + PRIOR / pooled)
            if not len(beta):
                break
            step = _effect_step(exposure, own, weight, rate, factor, beta)
            beta = beta + step
            if float(np.abs(step).max()) < 1e-5:
                break
        log_rate[k], effect[k] = np.log(rate), beta
        ends = weight @ exposure.is_end
        log_end[k] = np.log((ends + PRIOR) / (own.sum() + PRIOR / end_all))
    return ArrivalLaw(log_rate, effect, log_end)


def _effect_step(
    exposure: Exposure,
    own: FloatArray,
    weight: FloatArray,
    rate: FloatArray,
    factor: FloatArray,
    beta: FloatArray,
) -> FloatArray:
    """Return a Newton step of the effects with the baseline profiled out."""
    z = exposure.z
    mean = own * factor[:, None] * rate
    by_row = mean.sum(axis=1)
    gradient = z.T @ (weight * (exposure.band >= 0) - by_row) - 1e-3 * beta
    curvature = (z * by_row[:, None]).T @ z + 1e-3 * np.eye(z.shape[1])
    by_band = z.T @ mean
    curvature -= (by_band / np.maximum(mean.sum(axis=0), 1e-12)) @ by_band.T
    step = np.linalg.solve(curvature + 1e-6 * np.eye(len(curvature)), gradient)
    return np.asarray(np.clip(step, -1.0, 1.0))


def log_holding(exposure: Exposure, law: ArrivalLaw) -> FloatArray:
    """Return what the time after each round says of its stage, log density of shape (n, K)."""
    log_factor = exposure.z @ law.effect.T
    total = exposure.time @ np.exp(law.log_rate).T * np.exp(log_factor)
    total += exposure.time.sum(axis=1)[:, None] * np.exp(law.log_end)
    has_next = exposure.band >= 0
    at = law.log_rate[:, np.maximum(exposure.band, 0)].T + log_factor
    result = np.where(has_next[:, None], at, 0.0) - total
    return np.asarray(result + exposure.is_end[:, None] * law.log_end)
