r"""How much to commit each year, and whether the money for the calls is there.

**Commitments.** With ``K`` the lower triangular matrix of what commitments hold by age
(``K[y, v] = e_{y - v + 1}``), old commitments that run off as ``r`` and target ``b``, the
exposure of a plan ``c`` is ``r + K c``. Forward substitution gives the only plan that meets the
target in every year; where young funds hold little, as NAV does, that plan swings and turns
negative. The plan that can be carried out is the least-squares one,

    minimise |r + K c - b|^2 + s sum of (c_v - c_{v-1})^2    subject to c >= 0,

a non-negative least-squares problem with the smoothing ``s`` as rows below ``K``, solved by
the active-set method of Lawson and Hanson. It equals the exact plan where that is not negative
and ``s = 0``.

**Liquidity.** A reserve earns its return over the year; at its end distributions come in and
calls go out together. What the reserve cannot pay is the shortfall; it is met from outside and
not paid back.

References
----------
Lawson & Hanson (1974), Solving Least Squares Problems. Mathonet & Meyer (2007), J-Curve Exposure:
Managing a Portfolio of Venture Capital and Private Equity Funds (over-commitment).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular, toeplitz
from scipy.optimize import nnls

from finmodel.fund.ladder import Measure, holdings_by_age
from finmodel.fund.metrics import quotient
from finmodel.fund.pacing import Pacing
from finmodel.fund.risk import Estimate, chance
from finmodel.world.arrays import FloatArray


class CommitmentPlan(NamedTuple):
    """`commitments` by year and the `exposure` they lead to, arrays of shape (years,)."""

    commitments: FloatArray
    exposure: FloatArray


class Liquidity(NamedTuple):
    """`reserve` at the end of the year and `shortfall` in it, arrays of shape (..., years)."""

    reserve: FloatArray
    shortfall: FloatArray


class ShortfallRisk(NamedTuple):
    """Chance of a shortfall `by_year` (years,) and `ever` (), with standard errors."""

    by_year: Estimate
    ever: Estimate


def holdings_matrix(pacing: Pacing, measure: Measure, *, years: int) -> FloatArray:
    """Return what a commitment of 1 in year ``v`` holds at the end of year ``y``, (y, v)."""
    held = np.zeros(max(years, pacing.life_years))
    held[: pacing.life_years] = holdings_by_age(pacing, measure)
    matrix: FloatArray = toeplitz(held[:years], np.zeros(years))
    return matrix


def exact_commitments(
    pacing: Pacing, target: ArrayLike, *, run_off: ArrayLike, measure: Measure
) -> CommitmentPlan:
    """Return the plan that meets the target in every year; commitments may be negative.

    Parameters
    ----------
    pacing : Pacing
    target : array-like of shape (years,)
        At the ends of years, in any unit of money.
    run_off : array-like of shape (years,) or ()
        What earlier commitments still hold; 0 if there are none.
    measure : {'nav', 'exposure'}
        Of target and run-off.

    Returns
    -------
    CommitmentPlan

    Raises
    ------
    ValueError
        If nothing is held at the end of the first year of a fund's life, or an input is not
        finite.
    """
    wanted, old = _finite(target), _finite(run_off)
    matrix = holdings_matrix(pacing, measure, years=len(wanted))
    if not matrix[0, 0] > 0.0:
        raise ValueError("a fund holds nothing at the end of its first year: no plan is exact")
    commitments: FloatArray = solve_triangular(matrix, wanted - old, lower=True)
    return CommitmentPlan(commitments, old + matrix @ commitments)


def commitments_to_hold(
    pacing: Pacing,
    target: ArrayLike,
    *,
    run_off: ArrayLike,
    measure: Measure,
    smoothing: float,
) -> CommitmentPlan:
    """Return the plan of non-negative commitments that keeps closest to the target.

    Parameters
    ----------
    pacing, target, run_off, measure
        As of :func:`exact_commitments`.
    smoothing : float
        Weight of squared changes from year to year, at least 0. 0 asks for the target alone; at 1
        a change of commitments counts as much as a miss of the same size.

    Returns
    -------
    CommitmentPlan

    Raises
    ------
    ValueError
        If `smoothing` is below 0 or an input is not finite.
    """
    if not smoothing >= 0.0:
        raise ValueError(f"smoothing from 0 on, got {smoothing}")
    wanted, old = _finite(target), _finite(run_off)
    years = len(wanted)
    matrix = holdings_matrix(pacing, measure, years=years)
    changes = np.sqrt(smoothing) * np.diff(np.eye(years), axis=0)
    sides = np.concatenate([wanted - old, np.zeros(max(years - 1, 0))])
    commitments, _ = nnls(np.vstack([matrix, changes]), sides)
    return CommitmentPlan(commitments, old + matrix @ commitments)


def over_commitment_ratio(nav: ArrayLike, unfunded: ArrayLike, liquid: ArrayLike) -> FloatArray:
    """Return ``(NAV + unfunded) / (NAV + liquid)``, what is promised over what there is.

    Above 1 calls are counted on to be paid out of distributions to come.

    Parameters
    ----------
    nav, unfunded, liquid : array-like of shape (...)

    Returns
    -------
    ndarray of shape (...)
        NaN where there is nothing.
    """
    held = np.asarray(nav, float)
    return quotient(held + np.asarray(unfunded, float), held + np.asarray(liquid, float))


def liquidity(
    contributions: ArrayLike, distributions: ArrayLike, reserve: ArrayLike, *, return_pa: ArrayLike
) -> Liquidity:
    """Return reserve and shortfall by year.

    Parameters
    ----------
    contributions, distributions : array-like of shape (..., years)
        Both positive; paths may lead.
    reserve : array-like of shape (...)
        At the beginning, in the same unit.
    return_pa : array-like of shape () or (..., years)
        Of the reserve.

    Returns
    -------
    Liquidity
        Both at least 0.
    """
    paid, got, growth = np.broadcast_arrays(
        np.asarray(contributions, float),
        np.asarray(distributions, float),
        1.0 + np.asarray(return_pa, float),
    )
    held = np.asarray(reserve, float)
    shape = np.broadcast_shapes(paid.shape[:-1], held.shape)
    left, short = np.empty((*shape, paid.shape[-1])), np.empty((*shape, paid.shape[-1]))
    for t in range(paid.shape[-1]):
        held = held * growth[..., t] + got[..., t] - paid[..., t]
        short[..., t] = np.maximum(-held, 0.0)
        held = np.maximum(held, 0.0)
        left[..., t] = held
    return Liquidity(left, short)


def shortfall_risk(shortfall: ArrayLike) -> ShortfallRisk:
    """Return the chance of a shortfall over simulated paths.

    Parameters
    ----------
    shortfall : array-like of shape (P, years)
        Of :func:`liquidity`.

    Returns
    -------
    ShortfallRisk
        By year and in any year; errors as of :func:`finmodel.fund.risk.chance`.
    """
    is_short = np.asarray(shortfall, float) > 0.0
    return ShortfallRisk(chance(is_short), chance(is_short.any(axis=-1)))


def _finite(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, float)
    if not np.isfinite(array).all():
        raise ValueError("target and run-off must be finite")
    return array
