"""Whole lives of many funds at once: to LPs, carry and clawback by quarter.

A thin layer over the kernels of :mod:`finmodel.fund.waterfall` and
:mod:`finmodel.fund.american`: it checks what it is given and lays out results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.fund.american import N_POOLS, run_american
from finmodel.fund.terms import Style, WaterfallTerms, terms_table
from finmodel.fund.waterfall import run_european, settle
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, Table

AMERICAN = int(Style.AMERICAN)
Terms = WaterfallTerms | Sequence[WaterfallTerms] | Table
"""Terms of one fund, for all; of each; or rows of either, from :func:`terms_table`."""


class Payout(NamedTuple):
    """Where proceeds went: ``to_lps + carry - clawback`` is proceeds, in every quarter.

    Attributes
    ----------
    to_lps : ndarray of shape (..., T), million CNY
        With what the manager gets on its own commitment, and with the clawback.
    carry : ndarray of shape (..., T), million CNY
        Before clawback.
    clawback : ndarray of shape (..., T), million CNY
        Paid by the manager to the LPs; 0 but in the last quarter.
    """

    to_lps: FloatArray
    carry: FloatArray
    clawback: FloatArray


class Deals(NamedTuple):
    """What the American style must know of deals, by quarter.

    Attributes
    ----------
    fees : ndarray of shape (..., T), million CNY
        The part of the contributions that is for fees and expenses.
    cost_realised, cost_written_off : ndarray of shape (..., T), million CNY
        Cost of the deals realised, and cost written off or down; a cost is given once.
    """

    fees: FloatArray
    cost_realised: FloatArray
    cost_written_off: FloatArray


@kernel
def european_batch(
    contributions: FloatArray,
    proceeds: FloatArray,
    terms: Table,
    to_lps: FloatArray,
    carry: FloatArray,
    clawback: FloatArray,
) -> None:
    """Fill `to_lps`, `carry` and the last quarter of `clawback` (N, T) of European funds.

    `terms` has a row for each fund, or one for all.
    """
    for i in range(len(proceeds)):
        row = terms[min(i, len(terms) - 1)]
        _, excess = run_european(contributions[i], proceeds[i], row, to_lps[i], carry[i])
        settle(excess, row, to_lps[i], clawback[i])


@kernel
def mixed_batch(
    contributions: FloatArray,
    proceeds: FloatArray,
    deals: Deals,
    terms: Table,
    to_lps: FloatArray,
    carry: FloatArray,
    clawback: FloatArray,
) -> None:
    """Fill the same of funds of either style."""
    pools = np.empty(N_POOLS)
    for i in range(len(proceeds)):
        row = terms[min(i, len(terms) - 1)]
        if row["style"] == AMERICAN:
            _, excess = run_american(
                contributions[i],
                proceeds[i],
                deals.fees[i],
                deals.cost_realised[i],
                deals.cost_written_off[i],
                row,
                pools,
                to_lps[i],
                carry[i],
            )
        else:
            _, excess = run_european(contributions[i], proceeds[i], row, to_lps[i], carry[i])
        settle(excess, row, to_lps[i], clawback[i])


def run_waterfall(
    contributions: ArrayLike,
    proceeds: ArrayLike,
    terms: Terms,
    *,
    deals: Deals | None = None,
) -> Payout:
    """Run the whole lives of funds through their waterfalls.

    Parameters
    ----------
    contributions : array-like of shape (T,) or (N, T), million CNY
        Calls from all LPs and the manager, by quarter since first closing, at least 0. That they
        stay within the commitment is for the caller to see to.
    proceeds : array-like of the same shape, million CNY
        Gross, to distribute in the same quarter, at least 0. The last quarter ends the fund.
    terms : WaterfallTerms, sequence of them, or rows from :func:`terms_table`
        One for all funds, or one for each.
    deals : Deals, optional
        Of the same shape; needed if any fund is American.

    Returns
    -------
    Payout
        Of the same shape.

    Raises
    ------
    ValueError
        If shapes differ, money is negative, infinite or NaN, terms are out of range, or an
        American fund comes without deals.
    """
    called, gross = (
        checked_money("contributions", contributions),
        checked_money("proceeds", proceeds),
    )
    if called.shape != gross.shape or called.ndim not in (1, 2) or called.shape[-1] == 0:
        raise ValueError(
            f"contributions and proceeds of one shape (T,) or (N, T), T from 1 on, got "
            f"{called.shape} and {gross.shape}"
        )
    rows, n_funds = as_rows(terms), called.size // called.shape[-1]
    if len(rows) not in (1, n_funds):
        raise ValueError(f"terms for 1 or {n_funds} funds, got {len(rows)}")
    shape, flat = called.shape, (n_funds, called.shape[-1])
    out = Payout(np.empty(flat), np.empty(flat), np.zeros(flat))
    called, gross = called.reshape(flat), gross.reshape(flat)
    if not np.any(rows["style"] == AMERICAN):
        european_batch(called, gross, rows, *out)
    elif deals is None:
        raise ValueError("the American style needs deals: fees, cost realised and written off")
    else:
        mixed_batch(called, gross, _checked_deals(deals, shape), rows, *out)
    return Payout(*(array.reshape(shape) for array in out))


def gp_capital(proceeds: ArrayLike, to_lps: ArrayLike, terms: Terms) -> FloatArray:
    """Return the part of `to_lps` that the manager gets on its own commitment.

    Parameters
    ----------
    proceeds, to_lps : array-like of shape (T,) or (N, T), million CNY
    terms : WaterfallTerms, sequence of them, or rows from :func:`terms_table`

    Returns
    -------
    ndarray of the same shape, million CNY
        Its share of all proceeds if its money is free of carry, else its share of `to_lps`.
    """
    rows = as_rows(terms)
    share, is_free = rows["gp_commitment_share"], rows["is_gp_carry_free"] != 0
    if np.ndim(proceeds) > 1:
        share, is_free = share[:, None], is_free[:, None]
    result: FloatArray = share * np.where(is_free, proceeds, to_lps)
    return result


def settled_nav(
    contributions: ArrayLike,
    proceeds: ArrayLike,
    nav: ArrayLike,
    terms: Terms,
    *,
    quarter: int,
    deals: Deals | None = None,
) -> FloatArray:
    """Return what LPs would get of the NAV if funds were settled at the end of a quarter.

    The NAV is distributed last in the quarter, which ends the fund: carry and clawback are those
    of a life that ends there.

    Parameters
    ----------
    contributions, proceeds, terms, deals
        As in :func:`run_waterfall`; what is after the quarter is not read.
    nav : array-like of shape () or (N,), million CNY
        Gross, at marks, cash included.
    quarter : int
        From 0 on.

    Returns
    -------
    ndarray of shape () or (N,), million CNY
        With what the manager gets on its own commitment.
    """
    now = slice(0, quarter + 1)
    called, gross = np.asarray(contributions, float), np.asarray(proceeds, float)
    before = run_waterfall(called, gross, terms, deals=deals).carry[..., quarter]
    last = gross[..., now].copy()
    last[..., -1] += nav
    if deals is not None:
        deals = Deals(*(np.asarray(array)[..., now] for array in deals))
    settled = run_waterfall(called[..., now], last, terms, deals=deals).to_lps[..., -1]
    return np.asarray(settled - (gross[..., quarter] - before))


def as_rows(terms: Terms) -> Table:
    """Return terms as rows of TERMS_ROW, checked unless they are rows already."""
    if isinstance(terms, np.ndarray):
        return terms
    return terms_table([terms] if isinstance(terms, WaterfallTerms) else terms)


def checked_money(name: str, values: ArrayLike) -> FloatArray:
    """Return an array of money, at least 0 and finite, or say what is wrong with it."""
    array = np.ascontiguousarray(values, dtype=float)
    if array.size and not (array.min() >= 0.0 and array.max() < np.inf):
        raise ValueError(f"{name}: at least 0 and finite, got {array.min()} to {array.max()}")
    return array


def _checked_deals(deals: Deals, shape: tuple[int, ...]) -> Deals:
    arrays = []
    for name, values in zip(Deals._fields, deals, strict=True):
        array = checked_money(name, values)
        if array.shape != shape:
            raise ValueError(f"{name} of shape {shape}, got {array.shape}")
        arrays.append(array.reshape(-1, shape[-1]))
    return Deals(*arrays)
