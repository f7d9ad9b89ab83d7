"""Forecasts held against what happened: what was known by a day, intervals, and their coverage.

A forecast of how many of n firms get a round at a later stage within a time has four parts that
may err: the hazards are estimated; a cohort is not like the mean of those before it; which of its
firms succeed is chance; and the sectors of the firms are as given. Draws hold the first three,

    hazards  ~ N(estimate, clustered covariance)
    ln(hazards of a cohort) += tau T,  T Student with (cohorts of the fit - 1) degrees of freedom
    events   ~ binomial(n, incidence)

with ``tau^2`` the variance between cohorts of the fit, by moments (DerSimonian and Laird): of
events over those expected, in logarithms, beyond what their counts explain. The Student law pays
for knowing tau from few cohorts. One effect holds for all firms of a cohort at a stage.

References
----------
DerSimonian, R. and Laird, N. (1986), Meta-analysis in clinical trials, Controlled Clinical Trials
7. Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009), A re-evaluation of
random-effects meta-analysis, JRSS A 172 (prediction with a t law).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records import DealBook
from finmodel.world.arrays import FloatArray, IntArray

LEVEL = 0.9
FEW_EVENTS = 5
"""Events a cohort needs to say anything of the spread between cohorts."""


def known_by(book: DealBook, day: pd.Timestamp) -> DealBook:
    """Return the book as it could have been read on a day.

    Rounds, investments and exits up to the day; firms with such a round. A firm's status is that
    of its last record, so it is left blank; sectors and regions are taken not to change. What was
    entered late, of earlier rounds, cannot be told and stays.
    """
    rounds = book.rounds[book.rounds["date"] <= day].reset_index(drop=True)
    is_known = book.firms["firm"].isin(rounds["firm"])
    firms = book.firms[is_known].assign(status="").reset_index(drop=True)
    parts: dict[str, Any] = {"firms": firms, "rounds": rounds, "as_of": day}
    for name in ("investments", "exits"):
        table = getattr(book, name)
        kept = (table["date"] <= day) & table["firm"].isin(firms["firm"])
        parts[name] = table[kept].reset_index(drop=True)
    return replace(book, **parts)


@dataclass(frozen=True)
class Spread:
    """Spread of cohorts around their mean.

    Attributes
    ----------
    tau : float
        Standard deviation of the log hazard between cohorts.
    cohorts : int
        Years that it is told from, in the stage that has most.
    q, degrees : float
        Heterogeneity statistic and its degrees of freedom, over all stages.
    """

    tau: float
    cohorts: int
    q: float
    degrees: int


def spread_of(table: pd.DataFrame) -> Spread:
    """Return the spread between cohorts.

    Parameters
    ----------
    table : DataFrame
        One row a stage and cohort: `stage`, `cohort`, `observed` and `expected` events. Rows with
        fewer than `FEW_EVENTS` events are left out; a mean is taken for each stage.
    """
    kept = table[(table["observed"] >= FEW_EVENTS) & (table["expected"] > 0.0)]
    q, degrees, scale, most = 0.0, 0, 0.0, 0
    for _, rows in kept.groupby("stage"):
        if len(rows) < 2:
            continue
        weight = rows["observed"].to_numpy(np.float64)
        gain = np.log(weight / rows["expected"].to_numpy(np.float64))
        mean = (weight * gain).sum() / weight.sum()
        q += float((weight * (gain - mean) ** 2).sum())
        degrees += len(rows) - 1
        scale += float(weight.sum() - (weight**2).sum() / weight.sum())
        most = max(most, len(rows))
    tau = np.sqrt(max(0.0, (q - degrees) / scale)) if scale > 0.0 else 0.0
    return Spread(float(tau), most, q, degrees)


def incidence(graduate: FloatArray, leave: FloatArray) -> FloatArray:
    """Return the chance to have graduated by the end of each quarter.

    Parameters
    ----------
    graduate, leave : ndarray of shape (..., Q)
        Hazards a quarter of either cause, as integrals of their intensities. Of a quarter in which
        both may happen each takes its part.

    Returns
    -------
    ndarray of shape (..., Q)
    """
    both = graduate + leave
    stays = np.exp(-np.cumsum(both, axis=-1))
    before = np.concatenate([np.ones_like(stays[..., :1]), stays[..., :-1]], axis=-1)
    part = np.divide(graduate, both, out=np.zeros_like(both), where=both > 0.0)
    chance: FloatArray = np.cumsum(before * -np.expm1(-both) * part, axis=-1)
    return chance


def effects(spread: Spread, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return draws of a cohort's effect on the log hazard, 0 without a spread."""
    if spread.tau == 0.0 or spread.cohorts < 2:
        return np.zeros(n_draws)
    return np.asarray(spread.tau * rng.standard_t(spread.cohorts - 1, n_draws))


def draw_events(chance: FloatArray, n: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return draws of the number of events of several groups together.

    Parameters
    ----------
    chance : ndarray of shape (D, G)
    n : ndarray of int, shape (G,)

    Returns
    -------
    ndarray of shape (D,)
    """
    counts: FloatArray = rng.binomial(n, np.clip(chance, 0.0, 1.0)).sum(axis=1).astype(np.float64)
    return counts


def interval(draws: FloatArray) -> tuple[float, float, float]:
    """Return the middle of draws and the ends of their interval of `LEVEL`."""
    tail = (1.0 - LEVEL) / 2.0
    low, middle, high = np.quantile(draws, (tail, 0.5, 1.0 - tail))
    return float(middle), float(low), float(high)


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Return how often intervals held what happened.

    Parameters
    ----------
    table : DataFrame
        One row a forecast: `kind`, `stage`, `horizon`, `sector` (`all` for a whole cohort),
        `is_inside` and `is_inside_without` (without a spread between cohorts), `error` (observed
        less forecast share).

    Returns
    -------
    DataFrame
        `by` (`all`, or the name of a column), `value`, `cells` (`cohort` or `sector`), `forecasts`,
        `inside`, `inside_without` (shares) and `mean_error`.
    """
    rows = []
    for cells, own in (("cohort", table["sector"] == "all"), ("sector", table["sector"] != "all")):
        part = table[own]
        groups: list[tuple[str, str, pd.DataFrame]] = [("all", "all", part)]
        for by in ("kind", "stage", "horizon", *(("sector",) if cells == "sector" else ())):
            groups += [(by, str(value), frame) for value, frame in part.groupby(by, sort=False)]
        for by, value, frame in groups:
            if len(frame):
                rows.append(
                    {
                        "cells": cells,
                        "by": by,
                        "value": value,
                        "forecasts": len(frame),
                        "inside": float(frame["is_inside"].mean()),
                        "inside_without": float(frame["is_inside_without"].mean()),
                        "mean_error": float(frame["error"].mean()),
                    }
                )
    return pd.DataFrame(rows)
