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
        Naming the argument and the first bad entry.
    """
    ask_, budget_ = np.array(ask, np.float64), np.array(budget, np.float64)
    start_, fund_ = np.array(start, np.int64), np.array(fund, np.int64)
    score_ = np.array(score, np.float64)
    n, n_edges = len(ask_), len(fund_)
    ticket_ = np.full(n_edges, np.inf) if ticket is None else np.array(ticket, np.float64)
    tie_ = np.arange(n, dtype=np.uint64) if tie is None else np.array(tie, np.uint64)
    if start_.shape != (n + 1,) or (n and (start_[0] != 0 or start_[-1] != n_edges)):
        raise ValueError(f"start must run from 0 to {n_edges} in {n + 1} entries")
    if np.any(np.diff(start_) < 0):
        raise ValueError("start must not fall")
    for name, array, size in (("score", score_, n_edges), ("ticket", ticket_, n_edges)):
        if array.shape != (size,):
            raise ValueError(f"{name} must have one entry an edge: {size}, got {array.shape}")
    checks = (
        ("ask", ask_, np.isfinite(ask_) & (ask_ > 0), "finite and above 0"),
        ("budget", budget_, np.isfinite(budget_) & (budget_ >= 0), "finite and at least 0"),
        ("score", score_, ~np.isnan(score_), "a number"),
        ("ticket", ticket_, ticket_ >= 0, "at least 0"),
        ("fund", fund_, (fund_ >= 0) & (fund_ < len(budget_)), f"below {len(budget_)}"),
    )
    for name, array, is_fine, allowed in checks:
        if not is_fine.all():
            where = int(np.argmin(is_fine))
            raise ValueError(f"{name}[{where}] is {array[where]}; it must be {allowed}")
    if len(np.unique(tie_)) < n:
        raise ValueError("tie must have no two entries alike")
    if not 0.0 <= min_close_share <= 1.0:
        raise ValueError(f"min_close_share is {min_close_share}; it must be in [0, 1]")
    seeker = np.repeat(np.arange(n, dtype=np.int64), np.diff(start_))
    twice = first_repeat(start_, fund_, len(budget_))
    if twice >= 0:
        raise ValueError(f"fund[{twice}] is {fund_[twice]}; a seeker may list a fund only once")
    return Offers(
        ask_, start_, fund_, seeker, score_, ticket_, budget_, tie_, float(min_close_share)
    )


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
