"""Vacancy chains: what happens to the money of seekers that are released.

A fund with money free gives it to the best seeker that wants more of it; the seeker lets go of
its worst fund, which then has money free. See :mod:`finmodel.market.matching`.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.deferred import (
    EPSILON,
    PATIENCE,
    Book,
    Market,
    drop_top,
    heapify,
    list_wanted,
    put,
    sift_up,
    turn_cycle,
)
from finmodel.numeric.jit import lean_kernel
from finmodel.world.arrays import FloatArray, Record, SmallArray, Table

CLOSE_SLACK = 1e-10
"""A round closes this share below its minimum: rounding must not decide who closes."""

SHARE_STEPS = 1e9
"""Shares raised are compared in steps this fine, so that equal shares are equal."""


@lean_kernel
def hand_back(fund: Record, f: int, back: float, vacant: SmallArray, n_vacant: int) -> int:
    """Give a fund money back; list it as vacant if others want it. Return the number listed."""
    fund["slack"] += back
    if fund["size"] > 0 and not fund["is_vacant"]:
        fund["is_vacant"] = True
        vacant[n_vacant] = f
        n_vacant += 1
    return n_vacant


@lean_kernel
def still_wanted(seeker: Record, amount: FloatArray, ticket: float, e: int, end: int) -> float:
    """Return how much more a seeker would take on edge `e`, if need be from worse funds."""
    wanted = seeker["left"]
    for k in range(e + 1, end):
        wanted += amount[k]
    return float(min(wanted, ticket - amount[e]))


@lean_kernel
def fill_vacancies(market: Market, book: Book, vacant: SmallArray, n_vacant: int) -> None:
    """Have funds with money free, and those that lose seekers to them, give what is wanted."""
    seekers, funds, heap, amount = book.seekers, book.funds, book.heap, book.amount
    n_cuts, patience = 0, PATIENCE
    while n_vacant > 0:
        n_vacant -= 1
        f = vacant[n_vacant]
        fund = funds[f]
        fund["is_vacant"] = False
        if not fund["is_ordered"]:
            heapify(heap, fund["first"], fund["size"])
            fund["is_ordered"] = True
        if n_cuts >= patience:
            patience = n_cuts + PATIENCE + turn_cycle(market, book, f, False)
        while fund["slack"] > fund["small"] and fund["size"] > 0:
            e, i = heap[fund["first"]]["edge"], heap[fund["first"]]["seeker"]
            seeker, k = seekers[i], market.start[i + 1]
            wanted = still_wanted(seeker, amount, market.ticket[e], e, k)
            given = min(wanted, fund["slack"])
            if wanted <= max(given, seeker["small"]):
                drop_top(heap, fund["first"], fund["size"])
                fund["size"] -= 1
            if wanted <= seeker["small"]:
                continue
            n_cuts += 1
            amount[e] += given
            fund["slack"] -= given
            back = max(0.0, given - seeker["left"])
            seeker["left"] -= given - back
            while back > 0.0 and k > e + 1:
                k -= 1
                if amount[k] > 0.0:
                    loser = funds[market.edge_fund[k]]
                    part = min(back, amount[k])
                    back -= part
                    if amount[k] - part <= min(seeker["small"], loser["small"]):
                        part = amount[k]
                    amount[k] -= part
                    n_vacant = hand_back(loser, market.edge_fund[k], part, vacant, n_vacant)


@lean_kernel
def share_step(market: Market, book: Book, i: int) -> tuple[float, float]:
    """Return the share of its ask a seeker holds, and the same in whole steps."""
    share = 1.0 - book.seekers[i]["left"] / market.ask[i]
    return share, np.floor(share * SHARE_STEPS + 0.5)


@lean_kernel
def rank_short(
    market: Market, book: Book, least: float, short: SmallArray, n_short: int, ranked: Table
) -> tuple[int, int]:
    """Keep in `short` the seekers below the share `least`; rank those that hold something.

    Returns
    -------
    n_short, n_ranked : int
    """
    n_seen, n_short, n_ranked = n_short, 0, 0
    for s in range(n_seen):
        i = short[s]
        share, step = share_step(market, book, i)
        if share < least:
            short[n_short] = i
            n_short += 1
            if share > EPSILON:
                put(ranked[n_ranked], step, market.tie[i], 0, i)
                n_ranked += 1
    heapify(ranked, 0, n_ranked)
    return n_short, n_ranked


@lean_kernel
def let_go(market: Market, book: Book, i: int, vacant: SmallArray) -> int:
    """Release a seeker; list the funds that get money back and return how many."""
    amount, n_vacant = book.amount, 0
    book.seekers[i]["left"] = 0.0
    for e in range(market.start[i], market.start[i + 1]):
        if amount[e] > 0.0:
            f, back = market.edge_fund[e], amount[e]
            amount[e] = 0.0
            n_vacant = hand_back(book.funds[f], f, back, vacant, n_vacant)
    return n_vacant


@lean_kernel
def close_rounds(market: Market, book: Book, least: float) -> int:
    """Release seekers that hold less than the share `least`, one by one, until none does.

    The one that holds the smallest share of its ask goes first, so what happens among some
    seekers and funds does not depend on others they have nothing to do with.

    Returns
    -------
    int
        Seekers released.
    """
    short, vacant, ranked, n_releases = book.short, book.vacant, book.ranked, 0
    n_short, n_ranked = rank_short(market, book, least, short, len(market.ask), ranked)
    while n_ranked > 0:
        if n_releases == 0:
            list_wanted(market, book)
        while n_ranked > 0:
            i, step = ranked[0]["seeker"], ranked[0]["key"]
            drop_top(ranked, 0, n_ranked)
            n_ranked -= 1
            share, now = share_step(market, book, i)
            if share >= least:
                continue
            if now != step:  # it has gained since it was ranked
                sift_up(ranked, 0, n_ranked, now, market.tie[i], 0, i)
                n_ranked += 1
                continue
            n_releases += 1
            fill_vacancies(market, book, vacant, let_go(market, book, i, vacant))
        # Seekers that held nothing may have come to hold something, but not enough.
        n_short, n_ranked = rank_short(market, book, least, short, n_short, ranked)
    for s in range(n_short):  # what they hold is rounding
        for e in range(market.start[short[s]], market.start[short[s] + 1]):
            book.amount[e] = 0.0
    return n_releases
