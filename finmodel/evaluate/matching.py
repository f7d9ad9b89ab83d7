"""Matching: supported firms against observably similar ones without support.

Within a year, a stage and a group of provinces (with a programme by then, or without) every firm
that gets its first support is compared with the `NEIGHBOURS` unsupported firms nearest in the log
odds of being supported, as a logit on what is known at the year's start says. The outcome of a
neighbour is corrected by a regression on the same covariates among unsupported firms (Abadie &
Imbens 2011):

    att = mean over supported of [Y_i - mean over neighbours of (Y_j + x_i b - x_j b)]

and the variance is that of Abadie & Imbens (2006) for the effect on the treated, which takes the
log odds as known:

    V = sum_i (Y_i - Yhat_i - att)^2 / n^2 + sum_j (K_j^2 - K'_j) s_j^2 / n^2,

``K_j`` the weight of an unsupported firm over all matches, ``K'_j`` the sum of squares of its
weights, ``s_j^2`` from the spread of corrected outcomes among its nearest unsupported neighbours.

References
----------
Abadie & Imbens (2006), Large sample properties of matching estimators for average treatment
effects, Econometrica 74; (2011), Bias-corrected matching estimators, JBES 29. Rosenbaum & Rubin
(1983), The central role of the propensity score, Biometrika 70.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.evaluate.estimators import NO_ESTIMATE, Estimate
from finmodel.evaluate.logit import log_odds, standardised
from finmodel.world.arrays import FloatArray, IntArray

NEIGHBOURS = 4
"""Of each supported firm."""
Z_95 = 1.959963984540054
LEAST_SUPPORTED = 30
"""Supported firms, below which there is no estimate."""


class Sample(NamedTuple):
    """Firms at risk of their first support, one row a firm and year.

    Attributes
    ----------
    covariates : ndarray of shape (N, C)
        Known at the year's start, without a constant.
    is_supported : ndarray of bool, shape (N,)
        Whether the first support comes in the year.
    stratum : ndarray of int, shape (N,)
        Rows are compared within a stratum only.
    """

    covariates: FloatArray
    is_supported: NDArray[np.bool_]
    stratum: IntArray


class Matches(NamedTuple):
    """Who is compared with whom, and the regression that corrects the comparison.

    Attributes
    ----------
    supported : ndarray of int, shape (n,)
        Rows of the sample.
    neighbours : ndarray of int, shape (n, M)
        Rows of their neighbours, the nearest first; -1 where a stratum has fewer.
    alike : ndarray of int, shape (m, 2)
        Rows used as neighbours, and of each the nearest other unsupported row, itself if alone.
    design : ndarray of shape (N, 1 + C)
        Standardised covariates with a constant.
    controls : ndarray of int
        Unsupported rows of strata with supported ones.
    inverse : ndarray of shape (1 + C, 1 + C)
        Of the moments of the design among controls.
    """

    supported: IntArray
    neighbours: IntArray
    alike: IntArray
    design: FloatArray
    controls: IntArray
    inverse: FloatArray


def match(sample: Sample) -> Matches | None:
    """Match every supported row; None with too few of them or without a converged logit.

    Supported rows without any unsupported one in their stratum are left out.
    """
    treated = sample.is_supported
    both = np.intersect1d(sample.stratum[treated], sample.stratum[~treated])
    rows = np.flatnonzero(np.isin(sample.stratum, both))
    if treated[rows].sum() < LEAST_SUPPORTED:
        return None
    design = standardised(sample.covariates)
    odds = log_odds(design[rows], treated[rows])
    if odds is None:
        return None
    score = np.full(len(treated), np.nan)
    score[rows] = odds
    supported, neighbours, alike = [], [], []
    for stratum in both:
        inside = rows[sample.stratum[rows] == stratum]
        one, other = inside[treated[inside]], inside[~treated[inside]]
        other = other[np.argsort(score[other], kind="stable")]
        supported.append(one)
        place = nearest(score[other], score[one], NEIGHBOURS)
        neighbours.append(np.where(place < 0, -1, other[place]))
        used = np.unique(place[place >= 0])
        pair = nearest(score[other], score[other][used], 2)
        twin = np.where((pair[:, 0] != used) | (pair[:, 1] < 0), pair[:, 0], pair[:, 1])
        alike.append(np.column_stack([other[used], other[twin]]))
    controls = rows[~treated[rows]]
    moments = design[controls].T @ design[controls]
    return Matches(
        supported=np.concatenate(supported),
        neighbours=np.concatenate(neighbours),
        alike=np.concatenate(alike),
        design=design,
        controls=controls,
        inverse=np.asarray(np.linalg.pinv(moments, hermitian=True), np.float64),
    )


def nearest(sorted_values: FloatArray, wanted: FloatArray, n: int) -> IntArray:
    """Return the places of the `n` values nearest each wanted one, the nearest first.

    Returns
    -------
    ndarray of int, shape (len(wanted), n)
        -1 where there are fewer values; of equally near ones the first in order.
    """
    size = len(sorted_values)
    at = np.searchsorted(sorted_values, wanted)
    window = at[:, None] + np.arange(-n, n)
    is_in = (window >= 0) & (window < size)
    inside = np.clip(window, 0, size - 1)
    gap = np.where(is_in, np.abs(sorted_values[inside] - wanted[:, None]), np.inf)
    order = np.argsort(gap, axis=1, kind="stable")[:, :n]
    found = np.take_along_axis(inside, order, axis=1)
    is_found = np.isfinite(np.take_along_axis(gap, order, axis=1))
    return np.where(is_found, found, -1).astype(np.int64)


def matched_effect(matches: Matches, outcome: FloatArray) -> Estimate:
    """Return the effect on the supported, corrected by regression, with its standard error.

    Parameters
    ----------
    matches : Matches
    outcome : ndarray of shape (N,)
        Of every row of the sample.
    """
    design, controls = matches.design, matches.controls
    slope = matches.inverse @ (design[controls].T @ outcome[controls])
    rest = outcome - design @ slope
    is_there = matches.neighbours >= 0
    weight = is_there / is_there.sum(axis=1, keepdims=True)
    expected = (weight * rest[matches.neighbours]).sum(axis=1)
    gain = rest[matches.supported] - expected
    n = len(gain)
    value = float(gain.mean())
    code = matches.neighbours[is_there]
    total = np.bincount(code, weight[is_there], minlength=len(outcome))
    square = np.bincount(code, weight[is_there] ** 2, minlength=len(outcome))
    used, twin = matches.alike.T
    spread = 0.5 * (rest[used] - rest[twin]) ** 2
    variance = float(((gain - value) ** 2).sum())
    variance += float(((total[used] ** 2 - square[used]) * spread).sum())
    if not variance > 0.0:
        return NO_ESTIMATE._replace(value=value)
    se = float(np.sqrt(variance)) / n
    return Estimate(value, se, value - Z_95 * se, value + Z_95 * se)
