"""Stable allocation: who funds whom, and with how much.

Seekers ask for an amount and rank the funds they know; funds have a budget, rank the
seekers that know them, and put at most a ticket into each. An allocation is *stable* if no
seeker and fund would both rather move money to each other than keep what they hold. The
kernel finds the stable allocation that every seeker likes best, by deferred acceptance in
amounts: a seeker offers what it still needs to its best open fund; a fund over budget hands
back money from the seekers it ranks lowest, who go on to their next fund.

A round closes only at or above a minimum share of the ask. Seekers that fall short are
released, the worse half of them at a time, and the others matched afresh; taking seekers
away never takes money from those that stay, so the result is stable among those that close.

With unit asks and whole budgets this is the seeker-optimal hospital-resident matching.

References
----------
Baiou & Balinski (2002), The stable allocation (or ordinal transportation) problem,
Mathematics of Operations Research 27. Dean & Munshi (2010), Faster algorithms for stable
allocation problems, Algorithmica 58. Gale & Shapley (1962), College admissions and the
stability of marriage, American Mathematical Monthly 69.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from finmodel.market.jit import kernel
from finmodel.world.arrays import FloatArray, IntArray

Mask = NDArray[np.bool_]

EPSILON = 1e-12
"""Amounts below this share of an ask or a budget are rounding, not money."""


@kernel
def is_worse(
    score: FloatArray, edge_seeker: IntArray, tie: NDArray[np.uint64], a: int, b: int
) -> bool:
    """Return whether a fund ranks edge `a` below edge `b`: lower score, then larger tie."""
    if score[a] != score[b]:
        return bool(score[a] < score[b])
    return bool(tie[edge_seeker[a]] > tie[edge_seeker[b]])


@kernel
def push(
    heap: IntArray,
    first: int,
    size: int,
    edge: int,
    score: FloatArray,
    edge_seeker: IntArray,
    tie: NDArray[np.uint64],
) -> None:
    """Add `edge` to a fund's heap of `size` edges, the worst on top."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if not is_worse(score, edge_seeker, tie, edge, heap[first + parent]):
            break
        heap[first + i] = heap[first + parent]
        i = parent
    heap[first + i] = edge


@kernel
def drop_top(
    heap: IntArray,
    first: int,
    size: int,
    score: FloatArray,
    edge_seeker: IntArray,
    tie: NDArray[np.uint64],
) -> None:
    """Remove the worst edge from a fund's heap of `size` edges."""
    last = heap[first + size - 1]
    size -= 1
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and is_worse(
            score, edge_seeker, tie, heap[first + right], heap[first + child]
        ):
            child = right
        if not is_worse(score, edge_seeker, tie, heap[first + child], last):
            break
        heap[first + i] = heap[first + child]
        i = child
    heap[first + i] = last


@kernel
def fund_offsets(edge_fund: IntArray, n_funds: int) -> IntArray:
    """Return where each fund's part of a shared heap array begins, shape (n_funds + 1,)."""
    first = np.zeros(n_funds + 1, np.int64)
    for e in range(len(edge_fund)):
        first[edge_fund[e] + 1] += 1
    for f in range(n_funds):
        first[f + 1] += first[f]
    return first


@kernel
def defer_acceptance(
    ask: FloatArray,
    start: IntArray,
    edge_fund: IntArray,
    edge_seeker: IntArray,
    score: FloatArray,
    ticket: FloatArray,
    budget: FloatArray,
    tie: NDArray[np.uint64],
    is_in: Mask,
    amount: FloatArray,
) -> None:
    """Fill `amount` with the seeker-optimal stable allocation among seekers that are in.

    Parameters
    ----------
    ask : ndarray of shape (N,)
    start : ndarray of shape (N + 1,)
        Edges ``start[i]`` to ``start[i + 1]`` are seeker i's funds, best first.
    edge_fund, edge_seeker : ndarray of shape (E,)
    score, ticket : ndarray of shape (E,)
        The fund's value of the seeker; the most it puts into it.
    budget : ndarray of shape (F,)
    tie : ndarray of shape (N,)
        Breaks equal scores: the smaller goes first.
    is_in : ndarray of bool, shape (N,)
    amount : ndarray of shape (E,)
    """
    n_seekers, n_funds, n_edges = len(ask), len(budget), len(edge_fund)
    first = fund_offsets(edge_fund, n_funds)
    heap, size = np.empty(n_edges, np.int64), np.zeros(n_funds, np.int64)
    held, left, at = np.zeros(n_funds), ask.copy(), start[:-1].copy()
    is_closed = np.zeros(n_edges, np.bool_)
    waiting, n_waiting = np.empty(n_seekers, np.int64), 0
    amount[:] = 0.0
    for i in range(n_seekers - 1, -1, -1):
        if is_in[i]:
            waiting[n_waiting] = i
            n_waiting += 1
    while n_waiting > 0:
        n_waiting -= 1
        i = waiting[n_waiting]
        while left[i] > EPSILON * ask[i] and at[i] < start[i + 1]:
            e = at[i]
            f, offer = edge_fund[e], min(left[i], ticket[e] - amount[e])
            is_lost = is_closed[e] or offer <= EPSILON * ask[i]
            if not is_lost and held[f] >= budget[f]:
                top = heap[first[f]]
                is_lost = size[f] == 0 or is_worse(score, edge_seeker, tie, e, top)
            if is_lost:
                at[i] += 1
                continue
            if amount[e] <= 0.0:
                push(heap, first[f], size[f], e, score, edge_seeker, tie)
                size[f] += 1
            amount[e] += offer
            left[i] -= offer
            held[f] += offer
            while held[f] > budget[f]:
                worst = heap[first[f]]
                loser = edge_seeker[worst]
                is_closed[worst] = True
                back = min(amount[worst], held[f] - budget[f])
                if amount[worst] - back <= EPSILON * ask[loser]:
                    back = amount[worst]
                    drop_top(heap, first[f], size[f], score, edge_seeker, tie)
                    size[f] -= 1
                amount[worst] -= back
                held[f] = max(0.0, held[f] - back)
                if loser != i and left[loser] <= EPSILON * ask[loser]:
                    waiting[n_waiting] = loser
                    n_waiting += 1
                left[loser] += back


@kernel
def allocate(
    ask: FloatArray,
    start: IntArray,
    edge_fund: IntArray,
    edge_seeker: IntArray,
    score: FloatArray,
    ticket: FloatArray,
    budget: FloatArray,
    tie: NDArray[np.uint64],
    min_close_share: float,
    amount: FloatArray,
) -> int:
    """Fill `amount` with a stable allocation in which every round closes; return the passes.

    Arguments are those of :func:`defer_acceptance`; `budget` is not changed.
    """
    n = len(ask)
    is_in = np.ones(n, np.bool_)
    raised, short = np.zeros(n), np.empty(n)
    passes = 0
    while True:
        defer_acceptance(
            ask, start, edge_fund, edge_seeker, score, ticket, budget, tie, is_in, amount
        )
        passes += 1
        n_short = 0
        for i in range(n):
            raised[i] = 0.0
            for e in range(start[i], start[i + 1]):
                raised[i] += amount[e]
            if is_in[i] and raised[i] < min_close_share * ask[i] * (1.0 - EPSILON):
                short[n_short] = raised[i] / ask[i]
                n_short += 1
        if n_short == 0:
            return passes
        # The worse half by how far they fall short; those with nothing go at once.
        limit = np.sort(short[:n_short])[(n_short - 1) // 2]
        for i in range(n):
            is_short = raised[i] < min_close_share * ask[i] * (1.0 - EPSILON)
            if is_in[i] and is_short and raised[i] / ask[i] <= limit:
                is_in[i] = False


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
        Matchings made until every remaining round closed.
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
        Identity that breaks equal scores, the smaller first; the position if not given.
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
    if not 0.0 <= min_close_share <= 1.0:
        raise ValueError(f"min_close_share is {min_close_share}; it must be in [0, 1]")
    seeker = np.repeat(np.arange(n, dtype=np.int64), np.diff(start_))
    pairs = seeker * max(len(budget_), 1) + fund_
    if len(np.unique(pairs)) < n_edges:
        raise ValueError("a seeker may list a fund only once")
    return Offers(
        ask_, start_, fund_, seeker, score_, ticket_, budget_, tie_, float(min_close_share)
    )


def stable_allocation(offers: Offers) -> Allocation:
    """Return the seeker-optimal stable allocation among the rounds that close.

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
