"""Deferred acceptance in amounts: the inner part of :mod:`finmodel.market.matching`.

A seeker offers what it still wants to its best open fund; a fund over budget hands back money
of the seekers it ranks lowest, who go on to their next fund.

An amount can run around a cycle of seekers and funds many times before something on the cycle
is full or empty. Such a cycle is found by walking along it and turned all at once, so that the
work depends on the number of edges and not on how large or small amounts are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.numeric.jit import kernel, lean_kernel
from finmodel.world.arrays import FloatArray, IntArray, KeyArray, Record, SmallArray, Table

EPSILON = 1e-12
"""Amounts below this share of an ask or a budget are rounding, not money."""

PATIENCE = 64
"""Amounts passed on in part before a cycle is looked for."""

# Fields used together lie together: most of the time goes into fetching them.
SEEKER_ROW = np.dtype(
    [
        ("left", "f8"),  # money it still wants; 0 if it is out
        ("small", "f8"),  # amounts up to this are rounding
        ("tie", "u8"),
        ("at", "i8"),  # the edge it offers to next
    ],
    align=True,
)
FUND_ROW = np.dtype(
    [
        ("slack", "f8"),  # budget not spent
        ("small", "f8"),
        ("first", "i4"),  # where its part of the shared heap begins
        ("size", "i4"),  # rows of it in use
        ("is_ordered", "?"),  # its rows are in heap order, as they are once it has been full
        ("is_vacant", "?"),
    ],
    align=True,
)
HEAP_ROW = np.dtype(
    [
        ("key", "f8"),
        ("tie", "u8"),
        ("edge", "i4"),
        ("seeker", "i4"),
    ]
)


class Market(NamedTuple):
    """What is matched: N seekers, E edges ordered by seeker, F funds."""

    ask: FloatArray  # (N,)
    start: IntArray  # (N + 1,)
    edge_fund: IntArray  # (E,)
    edge_seeker: IntArray  # (E,)
    score: FloatArray  # (E,)
    ticket: FloatArray  # (E,)
    budget: FloatArray  # (F,)
    tie: KeyArray  # (N,)


class Book(NamedTuple):
    """Who holds what while matching goes on."""

    seekers: Table  # (N,) of SEEKER_ROW
    funds: Table  # (F,) of FUND_ROW
    heap: Table  # (E,) of HEAP_ROW: a fund's edges held, the worst on top; later those wanted
    amount: FloatArray  # (E,)
    waiting: IntArray  # (N,) seekers with an offer to make
    short: SmallArray  # (N,) seekers below the minimum
    vacant: SmallArray  # (F,) funds with money that somebody wants
    ranked: Table  # (N,) of HEAP_ROW: short seekers that hold something


@lean_kernel
def is_above(key_a: float, tie_a: int, key_b: float, tie_b: int) -> bool:
    """Return whether a stands above b in a heap: smaller key, then larger tie."""
    return bool(key_a < key_b or (key_a == key_b and tie_a > tie_b))


@lean_kernel
def put(row: Record, key: float, tie: int, edge: int, seeker: int) -> None:
    """Write a row."""
    row["key"] = key
    row["tie"] = tie
    row["edge"] = edge
    row["seeker"] = seeker


@lean_kernel
def sift_up(heap: Table, first: int, at: int, key: float, tie: int, edge: int, seeker: int) -> None:
    """Put a row into the heap from place `at` upwards."""
    while at > 0:
        parent = (at - 1) >> 1
        row = heap[first + parent]
        if not is_above(key, tie, row["key"], row["tie"]):
            break
        put(heap[first + at], row["key"], row["tie"], row["edge"], row["seeker"])
        at = parent
    put(heap[first + at], key, tie, edge, seeker)


@lean_kernel
def sift_down(
    heap: Table, first: int, size: int, at: int, key: float, tie: int, edge: int, seeker: int
) -> None:
    """Put a row into the heap of `size` rows from place `at` downwards."""
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        row = heap[first + child]
        if child + 1 < size:
            right = heap[first + child + 1]
            if is_above(right["key"], right["tie"], row["key"], row["tie"]):
                child += 1
                row = right
        if not is_above(row["key"], row["tie"], key, tie):
            break
        put(heap[first + at], row["key"], row["tie"], row["edge"], row["seeker"])
        at = child
    put(heap[first + at], key, tie, edge, seeker)


@lean_kernel
def heapify(heap: Table, first: int, size: int) -> None:
    """Bring `size` rows into heap order."""
    for at in range(size // 2 - 1, -1, -1):
        row = heap[first + at]
        sift_down(heap, first, size, at, row["key"], row["tie"], row["edge"], row["seeker"])


@lean_kernel
def drop_top(heap: Table, first: int, size: int) -> None:
    """Remove the top of a heap of `size` rows."""
    row = heap[first + size - 1]
    sift_down(heap, first, size - 1, 0, row["key"], row["tie"], row["edge"], row["seeker"])


@kernel
def open_book(market: Market, least: float, amount: FloatArray) -> Book:
    """Return a book in which nobody holds anything, without seekers that could never close."""
    seekers = np.zeros(len(market.ask), SEEKER_ROW)
    funds = np.zeros(len(market.budget), FUND_ROW)
    for i in range(len(market.ask)):
        row = seekers[i]
        enough, most, e = least * market.ask[i], 0.0, market.start[i]
        while most < enough and e < market.start[i + 1]:
            most += min(market.ticket[e], market.budget[market.edge_fund[e]])
            e += 1
        row["small"] = EPSILON * market.ask[i]
        row["tie"] = market.tie[i]
        row["at"] = market.start[i]
        if most >= enough:
            row["left"] = market.ask[i]
            for k in range(market.start[i], market.start[i + 1]):
                funds[market.edge_fund[k]]["first"] += 1
    n_rows = 0
    for f in range(len(market.budget)):
        row = funds[f]
        row["slack"] = market.budget[f]
        row["small"] = EPSILON * market.budget[f]
        n_rows += row["first"]
        row["first"] = n_rows - row["first"]
    amount[:] = 0.0
    return Book(
        seekers,
        funds,
        np.empty(n_rows, HEAP_ROW),
        amount,
        np.arange(len(seekers) - 1, -1, -1),
        np.arange(len(seekers)).astype(np.int32),
        np.empty(len(funds), np.int32),
        np.empty(len(seekers), HEAP_ROW),
    )


@lean_kernel
def list_wanted(market: Market, book: Book) -> None:
    """Fill the heaps with the edges on which a seeker would take more than it holds.

    Seekers only improve from here on, so no other edge will be wanted.
    """
    seekers, funds, heap, amount = book.seekers, book.funds, book.heap, book.amount
    for f in range(len(funds)):
        funds[f]["size"] = 0
        funds[f]["is_ordered"] = False
    for i in range(len(seekers)):
        seeker, start = seekers[i], market.start[i]
        small, wanted = seeker["small"], seeker["left"]
        if seeker["at"] == start and wanted <= small:
            continue
        for e in range(market.start[i + 1] - 1, start - 1, -1):
            if wanted > small and market.ticket[e] - amount[e] > small:
                fund = funds[market.edge_fund[e]]
                row = heap[fund["first"] + fund["size"]]
                put(row, -market.score[e], ~seeker["tie"], e, i)
                fund["size"] += 1
            wanted += amount[e]


@lean_kernel
def ranks_last(top: Record, fund: Record, key: float, tie: int) -> bool:
    """Return whether a fund ranks a seeker below all it holds."""
    return bool(fund["size"] == 0 or is_above(key, tie, top["key"], top["tie"]))


@lean_kernel
def cut(row: Record, fund: Record, loser: Record, amount: FloatArray, most: float) -> float:
    """Take up to `most` off the edge a fund ranks lowest; return how much."""
    e = row["edge"]
    back = min(amount[e], most)
    if amount[e] - back <= min(loser["small"], fund["small"]):
        back = amount[e]
    amount[e] -= back
    loser["left"] += back
    if loser["at"] == e:
        loser["at"] += 1
    return float(back)


@lean_kernel
def hold(heap: Table, fund: Record, key: float, tie: int, e: int, i: int) -> None:
    """Add an edge to those a fund holds."""
    if fund["is_ordered"]:
        sift_up(heap, fund["first"], fund["size"], key, tie, e, i)
    else:
        put(heap[fund["first"] + fund["size"]], key, tie, e, i)
    fund["size"] += 1


@lean_kernel
def defer_acceptance(market: Market, book: Book) -> None:
    """Fill the book with the stable allocation that all seekers in the market like best."""
    seekers, funds, heap, amount = book.seekers, book.funds, book.heap, book.amount
    waiting = book.waiting
    n_waiting, n_cuts, patience = len(seekers), 0, PATIENCE
    while n_waiting > 0:
        n_waiting -= 1
        i = waiting[n_waiting]
        if n_cuts >= patience:
            patience = n_cuts + PATIENCE + turn_cycle(market, book, i, True)
        seeker, end = seekers[i], market.start[i + 1]
        left, e, tie = seeker["left"], seeker["at"], seeker["tie"]
        while left > seeker["small"] and e < end:
            offer, key = min(left, market.ticket[e] - amount[e]), market.score[e]
            fund = funds[market.edge_fund[e]]
            first, small = fund["first"], fund["small"]
            if offer <= seeker["small"] or (
                fund["is_ordered"] and ranks_last(heap[first], fund, key, tie)
            ):
                e += 1
                continue
            if not fund["is_ordered"] and offer >= fund["slack"] - small:
                heapify(heap, first, fund["size"])
                fund["is_ordered"] = True
            is_new, is_lost = amount[e] <= 0.0, False
            while offer - fund["slack"] > small:
                top = heap[first]
                if top["edge"] == e or (is_new and ranks_last(top, fund, key, tie)):
                    offer, is_lost = max(fund["slack"], 0.0), True
                    break
                worst, loser = top["edge"], seekers[top["seeker"]]
                had = loser["left"]
                fund["slack"] += cut(top, fund, loser, amount, offer - fund["slack"])
                if had <= loser["small"] < loser["left"]:
                    waiting[n_waiting] = top["seeker"]
                    n_waiting += 1
                if amount[worst] > 0.0:
                    n_cuts += 1
                elif is_new and offer - fund["slack"] <= small:
                    sift_down(heap, first, fund["size"], 0, key, tie, e, i)
                    is_new = False
                else:
                    drop_top(heap, first, fund["size"])
                    fund["size"] -= 1
            if is_new and offer > 0.0:
                hold(heap, fund, key, tie, e, i)
            amount[e] += offer
            fund["slack"] -= offer
            left -= offer
            e += is_lost
        seeker["left"], seeker["at"] = left, e


@lean_kernel
def next_trade(market: Market, book: Book, node: int, is_seeker: bool) -> tuple[int, int]:
    """Return the edges that gain and lose when money reaches a node; (-1, -1) at a path's end.

    While seekers offer, a node is a seeker: it gains from the fund it offers to, which cuts the
    edge it ranks lowest. While funds offer, a node is a fund: it gives to the seeker it ranks
    highest, who cuts the edge it likes least. The edge that loses leads to the next node.
    """
    seekers, funds, heap, amount = book.seekers, book.funds, book.heap, book.amount
    if is_seeker:
        gains, i = seekers[node]["at"], node
        if gains == market.start[node + 1] or amount[gains] <= 0.0:
            return -1, -1
        fund = funds[market.edge_fund[gains]]
        loses = heap[fund["first"]]["edge"]
        is_end = loses == gains or not fund["is_ordered"]
    else:
        fund = funds[node]
        if fund["size"] == 0 or not fund["is_ordered"]:
            return -1, -1
        gains, i = heap[fund["first"]]["edge"], heap[fund["first"]]["seeker"]
        loses = market.start[i + 1] - 1
        while loses > gains and amount[loses] <= 0.0:
            loses -= 1
        row = seekers[i]
        is_end = loses == gains or row["left"] > row["small"]
    if is_end or market.ticket[gains] - amount[gains] <= seekers[i]["small"]:
        return -1, -1
    return gains, loses


@lean_kernel
def turn_cycle(market: Market, book: Book, node: int, is_seeker: bool) -> int:
    """Walk on from a node; if that runs into a cycle, turn it until an edge is full or empty.

    The cycle is found after Brent (1980). Returns the steps walked.
    """
    next_node = market.edge_seeker if is_seeker else market.edge_fund
    amount = book.amount
    mark, span, n_steps = node, 1, 0
    while n_steps == 0 or node != mark:
        if n_steps == span:
            mark, span = node, 2 * span
        gains, loses = next_trade(market, book, node, is_seeker)
        if gains < 0:
            return n_steps
        node = next_node[loses]
        n_steps += 1
    turned, n_cycle = np.inf, 0
    while n_cycle == 0 or node != mark:
        gains, loses = next_trade(market, book, node, is_seeker)
        turned = min(turned, market.ticket[gains] - amount[gains], amount[loses])
        node = next_node[loses]
        n_cycle += 1
    for _ in range(n_cycle):
        gains, loses = next_trade(market, book, node, is_seeker)
        node = next_node[loses]
        fund = book.funds[market.edge_fund[loses]]
        amount[gains] += turned
        amount[loses] -= turned
        if amount[loses] <= min(book.seekers[market.edge_seeker[loses]]["small"], fund["small"]):
            amount[loses] = 0.0
            if is_seeker:
                drop_top(book.heap, fund["first"], fund["size"])
                fund["size"] -= 1
    return n_steps + n_cycle
