"""Investable capital, solved together with fees and recycling.

A plan says per yuan invested over the life when it is deployed, what comes back and what the
portfolio is worth. With investments ``I`` in all and, up to and with quarter ``q``,

    A_q  deployed plus fees on cost and value, per yuan of I
    K_q  fees on the commitment and costs, million CNY
    P_q  proceeds of the quarters before q that may be recycled, per yuan of I

money lasts through quarter ``q`` if ``A_q I + K_q <= C + min(cap, P_q I)``, that is if

    I <= (C - K_q) / (A_q - P_q)   where A_q > P_q, and
    I <= (C + cap - K_q) / A_q.

Both sides of the cap are linear in ``I``, so the largest ``I`` that money lasts for is the
smallest of these bounds over the life: no iteration. At the end of the life ``A = 1 + f`` and
``P = r p``, and the bound is the budget

    I + fees(I) + costs = C + recycled(I);

where an earlier quarter binds, proceeds come too late to be invested and some stay unused. Below
the bound money lasts in every quarter, above it the binding quarter lacks some: the answer is
unique. It is a number if ``1 + f - r p > 0``, or there is a cap, or an earlier quarter binds;
otherwise recycled proceeds pay for any investment, which is an error.

With `kept_share` above 0 a quarter that invests must also leave that share of later charges.

References
----------
Metrick & Yasuda (2010), The economics of private equity funds, Review of Financial Studies 23:
committed capital is lifetime fees and investment capital.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from finmodel.fund.fees import cost_path
from finmodel.fund.profile import ROUNDING, Profile
from finmodel.fund.recycling import RecyclingTerms
from finmodel.world.arrays import FloatArray, IntArray, Table


class Investable(NamedTuple):
    """What a fund can invest, arrays of the shape of the commitment.

    Attributes
    ----------
    capital, share : ndarray
        Investments over the life, million CNY and of the commitment; above 1 with much recycling.
    fees, fee_drag : ndarray
        Fees over the life, million CNY and of the commitment.
    costs, recycled : ndarray
        Over the life, million CNY.
    unused : ndarray
        Million CNY of commitment and recycled proceeds that are never needed or come too late:
        ``C + recycled - capital - fees - costs``.
    is_cap_binding : ndarray of bool
        Whether more could be invested with a higher cap on recycling.
    binding_quarter : ndarray of int
        In which money runs out.
    """

    capital: FloatArray
    share: FloatArray
    fees: FloatArray
    fee_drag: FloatArray
    costs: FloatArray
    recycled: FloatArray
    unused: FloatArray
    is_cap_binding: NDArray[np.bool_]
    binding_quarter: IntArray


def investable_capital(
    commitment: ArrayLike,
    profile: Profile,
    *,
    charges: Table,
    recycling: RecyclingTerms,
    kept_share: float,
    held_back_mcny: ArrayLike,
) -> Investable:
    """Return the most a fund can invest on a plan, with fees and recycling solved at once.

    Parameters
    ----------
    commitment : array-like of shape (...)
        Million CNY, above 0.
    profile : Profile
        Of T quarters.
    charges : ndarray of CHARGE_ROW, shape (T,)
    recycling : RecyclingTerms
        Cash may not be released while the plan still pays.
    kept_share : float
        In [0, 1]: part of known later charges that must be left when money is invested; 0 trusts
        the plan's proceeds.
    held_back_mcny : array-like of shape (...)
        Million CNY of the commitment for uses outside the plan, such as interest.

    Returns
    -------
    Investable

    Raises
    ------
    ValueError
        If charges exceed what is committed, recycling without a cap pays for any investment, or an
        argument is out of range.
    """
    size, held = np.broadcast_arrays(np.asarray(commitment, float), held_back_mcny)
    _check(size, held, kept_share, len(profile.deployed), charges)
    per_yuan = charges["fee_invested"] * profile.cost + charges["fee_nav"] * profile.nav
    slope = np.cumsum(profile.deployed + per_yuan)
    fees = charges["fee_committed"] * size[..., None]
    costs = cost_path(charges, size)
    _check_release(recycling, profile.deployed + per_yuan + charges["fee_committed"], costs)
    known = charges["later"] + charges["later_share"] * size[..., None]
    later = known * (kept_share * (profile.deployed > 0.0))
    left = (size - held)[..., None] - np.cumsum(fees + costs, axis=-1) - later
    if (left < -ROUNDING * size[..., None]).any():
        raise ValueError(f"charges exceed the commitment by {-left.min():.6g} million CNY")
    left = np.maximum(left, 0.0)
    kept = _kept(profile, recycling)
    cap = recycling.cap_share * size
    free_bound = _bound(left, slope - kept[:-1])
    cap_bound = _bound(left + cap[..., None], slope)
    bound = np.minimum(free_bound, cap_bound)
    at = np.argmin(bound, axis=-1)[..., None]
    capital = np.take_along_axis(bound, at, axis=-1)[..., 0]
    if not np.isfinite(capital).all():
        raise ValueError(
            f"recycled proceeds pay for any investment: a yuan needs {slope[-1]:.6g} with its fees "
            f"and brings back {kept[-1]:.6g}; cap_share must be finite"
        )
    is_cap = np.take_along_axis(cap_bound < free_bound, at, axis=-1)[..., 0]
    all_fees = fees.sum(axis=-1) + capital * per_yuan.sum()
    all_costs = costs.sum(axis=-1)
    recycled = np.minimum(cap, kept[-1] * capital)
    unused = size - held + recycled - capital - all_fees - all_costs
    unused = np.where(unused < ROUNDING * size, 0.0, unused)  # it is at least 0 but for rounding
    shares = capital / size, all_fees / size
    return Investable(
        capital, shares[0], all_fees, shares[1], all_costs, recycled, unused, is_cap, at[..., 0]
    )


def _kept(profile: Profile, recycling: RecyclingTerms) -> FloatArray:
    """Return what may be recycled per yuan before each quarter and after the last, (T + 1,)."""
    n_quarters = len(profile.proceeds)
    is_open = np.arange(n_quarters) < recycling.open_quarters
    kept = np.zeros(n_quarters + 1)
    kept[1:] = np.cumsum(recycling.rate * np.where(is_open, profile.proceeds, 0.0))
    return kept


def _bound(money: FloatArray, per_yuan: FloatArray) -> FloatArray:
    """Return how many yuan the money lasts for, infinite where a yuan needs none."""
    shape = np.broadcast_shapes(money.shape, per_yuan.shape)
    endless = np.full(shape, np.inf)
    result: FloatArray = np.divide(money, per_yuan, out=endless, where=per_yuan > 0.0)
    return result


def _check(
    size: FloatArray, held: FloatArray, kept_share: float, n_quarters: int, charges: Table
) -> None:
    if not (np.isfinite(size) & (size > 0.0)).all():
        raise ValueError("a commitment must be finite and above 0")
    if not (np.isfinite(held) & (held >= 0.0)).all():
        raise ValueError("held_back_mcny must be finite and at least 0")
    if not 0.0 <= kept_share <= 1.0:
        raise ValueError(f"kept_share in [0, 1], got {kept_share}")
    if len(charges) != n_quarters:
        raise ValueError(f"charges of the plan's {n_quarters} quarters, got {len(charges)}")


def _check_release(recycling: RecyclingTerms, use: FloatArray, costs: FloatArray) -> None:
    is_used = (use > 0.0) | (costs > 0.0).any(axis=tuple(range(costs.ndim - 1)))
    last = int(np.flatnonzero(is_used)[-1])
    if recycling.rate > 0.0 and recycling.release_quarter < last:
        raise ValueError(
            f"release_quarter at or after the last payment in quarter {last}, "
            f"got {recycling.release_quarter}"
        )
