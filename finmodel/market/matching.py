"""Stable allocation: who funds whom, and with how much.

Seekers ask for an amount and rank the funds they know; funds have a budget, rank the
seekers that know them, and put at most a ticket into each. An allocation is *stable* if no
seeker and fund would both rather move money to each other than keep what they hold. With
unit asks and whole budgets this is the hospital-resident problem.

A round closes only at or above a minimum share of the ask:

1. Seekers that could not raise their minimum from all their funds together are left out.
2. The others are matched by deferred acceptance, to the stable allocation they all like best.
3. Of the seekers that hold money but less than their minimum the one with the smallest share
   of its ask is released, and its money runs down *vacancy chains*: a fund with money free
   gives it to the best seeker that wants more of it, who lets go of its worst fund. This ends
   in a stable allocation of the seekers that remain. Nobody who remains loses by it, and each
   holds what it would if all were matched afresh, for all stable allocations of the same
   seekers raise the same amounts.
4. Step 3 is repeated until no seeker holds less than its minimum. Seekers that hold nothing
   stay in: they may get what others let go.

Without a minimum the result is the stable allocation that every seeker likes best. With one
it is stable among the seekers that close.

References
----------
Baiou & Balinski (2002), The stable allocation (or ordinal transportation) problem,
Mathematics of Operations Research 27. Dean & Munshi (2010), Faster algorithms for stable
allocation problems, Algorithmica 58. Gale & Shapley (1962), College admissions and the
stability of marriage, American Mathematical Monthly 69. Blum, Roth & Rothblum (1997), Vacancy
chains and equilibration in senior-level labor markets, Journal of Economic Theory 76.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from finmodel.market.deferred import (
    Market,
    defer_acceptance,
    open_book,
)
from finmodel.market.vacancies import CLOSE_SLACK, close_rounds
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, IntArray, KeyArray

Mask = NDArray[np.bool_]


@kernel
def allocate(
    ask: FloatArray,
    start: IntArray,
    edge_fund: IntArray,
    edge_seeker: IntArray,
    score: FloatArray,
    ticket: FloatArray,
    budget: FloatArray,
    tie: KeyArray,
    min_close_share: float,
    amount: FloatArray,
) -> int:
    """Fill `amount` with a stable allocation in which every round closes.

    Parameters
    ----------
    ask : ndarray of shape (N,)
        Above 0.
    start : ndarray of shape (N + 1,)
        Edges ``start[i]`` to ``start[i + 1]`` are seeker i's funds, best first.
    edge_fund, edge_seeker : ndarray of shape (E,)
    score, ticket : ndarray of shape (E,)
        The fund's value of the seeker; the most it puts into it.
    budget : ndarray of shape (F,)
        Not changed.
    tie : ndarray of shape (N,)
        All different. The smaller goes first at equal scores, and of rounds equally short of
        their minimum is released last.
    min_close_share : float
        Rounds below this share of the ask raise nothing.
    amount : ndarray of shape (E,)

    Returns
    -------
    int
        Matchings made: one, and one for each seeker released.
    """
    market = Market(ask, start, edge_fund, edge_seeker, score, ticket, budget, tie)
    least = min_close_share * (1.0 - CLOSE_SLACK)
    book = open_book(market, least, amount)
    defer_acceptance(market, book)
    if min_close_share <= 0.0:
        return 1
    return 1 + close_rounds(market, book, least)


@kernel
def first_repeat(start: IntArray, fund: IntArray, n_funds: int) -> int:
    """Return the first edge to a fund its seeker listed before; -1 if there is none."""
    last = np.full(n_funds, -1)
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            if last[fund[e]] == i:
                return e
            last[fund[e]] = i
    return -1


@dataclass(frozen=True)
class Allocation:
    """A stable allocation.

    Attributes
    ----------
    amount : ndarray of shape (E,)
        Money on each edge, in the order of the edges given.
    raised : ndarray of shape (N,)
        By seeker; 0 if its round did not close.
    spent : ndarray of shape (F,)
        By fund.
    passes : int
        Matchings made: one, and one for each seeker released.
    """

    amount: FloatArray
    raised: FloatArray
    spent: FloatArray
    passes: int


@dataclass(frozen=True)
class Offers:
    """A market of seekers and funds, checked.

    Attributes
    ----------
    ask : ndarray of shape (N,)
    start : ndarray of shape (N + 1,)
    fund, seeker : ndarray of shape (E,)
    score, ticket : ndarray of shape (E,)
    budget : ndarray of shape (F,)
    tie : ndarray of uint64, shape (N,)
    min_close_share : float
    """

    ask: FloatArray
    start: IntArray
    fund: IntArray
    seeker: IntArray
    score: FloatArray
    ticket: FloatArray
    budget: FloatArray
    tie: NDArray[np.uint64]
    min_close_share: float


def make_offers(
    ask: ArrayLike,
    start: ArrayLike,
    fund: ArrayLike,
    score: ArrayLike,
    budget: ArrayLike,
    *,
    ticket: ArrayLike | None = None,
    tie: ArrayLike | None = None,
    min_close_share: float = 0.0,
) -> Offers:
    """Check a market and return it as arrays.

    Parameters
    ----------
    ask : array_like of shape (N,)
        Amount each seeker needs, above 0.
    start : array_like of shape (N + 1,)
        Edges ``start[i]`` to ``start[i + 1]`` belong to seeker i, its best fund first.
    fund : array_like of int, shape (E,)
        Fund of each edge; a fund at most once a seeker.
    score : array_like of shape (E,)
        How the fund values the seeker; higher is better.
    budget : array_like of shape (F,)
        At least 0.
    ticket : array_like of shape (E,), optional
        Most a fund puts into a seeker, at least 0; unlimited if not given.
    tie : array_like of uint64, shape (N,), optional
        Identity that breaks ties, the smaller first, no two alike; the position if not given.
    min_close_share : float
        In [0, 1].

    Raises
    ------
    ValueError
        Listing every argument that will not do, with its first bad entry.
    """
    n, n_edges, n_funds = np.size(ask), np.size(fund), np.size(budget)
    faults: list[str] = []
    ask_ = _numbers("ask", ask, n, faults, lambda x: np.isfinite(x) & (x > 0), "finite, above 0")
    budget_ = _numbers(
        "budget", budget, n_funds, faults, lambda x: np.isfinite(x) & (x >= 0), "finite, at least 0"
    )
    start_ = _numbers("start", start, n + 1, faults, _is_whole, "whole and at least 0")
    fund_ = _numbers(
        "fund", fund, n_edges, faults, lambda x: _is_whole(x) & (x < n_funds), f"below {n_funds}"
    )
    score_ = _numbers("score", score, n_edges, faults, lambda x: ~np.isnan(x), "a number")
    tickets = np.full(n_edges, np.inf) if ticket is None else ticket
    ticket_ = _numbers("ticket", tickets, n_edges, faults, lambda x: x >= 0, "at least 0")
    tie_ = np.arange(n, dtype=np.uint64) if tie is None else _identities(tie, n, faults)
    if not 0.0 <= min_close_share <= 1.0:
        faults.append(f"min_close_share is {min_close_share}; it must be in [0, 1]")
    if not faults and (start_[0] != 0 or start_[-1] != n_edges):
        faults.append(f"start must run from 0 to {n_edges} in {n + 1} entries")
    if not faults and np.any(np.diff(start_) < 0):
        faults.append("start must not fall")
    whole_start, whole_fund = start_.astype(np.int64), fund_.astype(np.int64)
    if not faults:
        twice = first_repeat(whole_start, whole_fund, n_funds)
        if twice >= 0:
            given = f"fund[{twice}] is {whole_fund[twice]}"
            faults.append(f"{given}; a seeker may list a fund only once")
    if faults:
        raise ValueError("; ".join(faults))
    seeker = np.repeat(np.arange(n, dtype=np.int64), np.diff(whole_start))
    share = float(min_close_share)
    return Offers(ask_, whole_start, whole_fund, seeker, score_, ticket_, budget_, tie_, share)


def _is_whole(x: FloatArray) -> Mask:
    result: Mask = np.isfinite(x) & (x >= 0) & (x == np.floor(x))
    return result


def _numbers(
    name: str,
    values: ArrayLike,
    size: int,
    faults: list[str],
    is_fine: Callable[[FloatArray], Mask],
    allowed: str,
) -> FloatArray:
    """Return an argument as an array of `size` numbers; add what is wrong with it to `faults`."""
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        faults.append(f"{name} must be numbers")
        return np.zeros(size)
    if array.shape != (size,):
        faults.append(f"{name} must have the shape ({size},), got {array.shape}")
        return np.zeros(size)
    fine = is_fine(array)
    if not fine.all():
        where = int(np.argmin(fine))
        faults.append(f"{name}[{where}] is {array[where]:g}; it must be {allowed}")
    return array


def _identities(tie: ArrayLike, n: int, faults: list[str]) -> KeyArray:
    try:
        array = np.array(tie, np.uint64)
    except (TypeError, ValueError, OverflowError):
        faults.append("tie must be whole numbers from 0 to 2**64 - 1")
        return np.arange(n, dtype=np.uint64)
    if array.shape != (n,):
        faults.append(f"tie must have the shape ({n},), got {array.shape}")
    elif len(np.unique(array)) < n:
        faults.append("tie must have no two entries alike")
    return array


def stable_allocation(offers: Offers) -> Allocation:
    """Return a stable allocation among the rounds that close; with no minimum the seekers' best.

    Examples
    --------
    Two seekers want fund 0, which ranks the second higher and has money for one:

    >>> market = make_offers([10, 10], [0, 2, 3], [0, 1, 0], [1.0, 0.0, 2.0], [10, 4])
    >>> stable_allocation(market).raised
    array([ 4., 10.])
    """
    amount = np.zeros(len(offers.fund))
    passes = allocate(
        offers.ask,
        offers.start,
        offers.fund,
        offers.seeker,
        offers.score,
        offers.ticket,
        offers.budget,
        offers.tie,
        offers.min_close_share,
        amount,
    )
    raised = np.bincount(offers.seeker, amount, minlength=len(offers.ask)).astype(np.float64)
    spent = np.bincount(offers.fund, amount, minlength=len(offers.budget)).astype(np.float64)
    return Allocation(amount, raised, spent, passes)
