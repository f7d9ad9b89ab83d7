"""Steps 3, 5 and 6: funds call capital; seekers ask, are seen, and meet funds.

A seeker meets a fixed number of funds a quarter, drawn with replacement from all funds
in proportion to mandate at its stage, money, and nearness (home or away). A fund that
expects less than the lowest viable quality at the market rate does not invest; what funds
expect is set when the need opens (`spells`).

A firm stays silent with a chance equal to the discouragement times the share of recent
asks in its region and stage that did not close; once it has asked it keeps asking. Its
founders refuse a price that would cost them too much of the firm.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.jit import kernel
from finmodel.market.spells import NOTHING, new_need, open_spell
from finmodel.market.state import CALLED, DISCOURAGED, REFUSED, REJECTED, Now, Pool, Queue
from finmodel.market.streams import ASK, MEETING, draw, uniform
from finmodel.world.arrays import (
    GUIDE_BITS,
    FloatArray,
    IntArray,
    Record,
    SmallArray,
    Table,
    WordArray,
    WorldArrays,
)

GUIDE_SHIFT = np.uint64(32 - GUIDE_BITS)
WIDTH = 8
"""Edges kept for each seeker: the largest number of meetings a quarter."""

MEETING_STEP = 16
"""Added to the decision for a second block of meetings, so that no draw is used twice."""


@kernel
def call_capital(
    funds: Table, rules: Record, pool_cash: FloatArray, ledger: FloatArray, factor: float
) -> None:
    """Give each fund its budget of the quarter, up to the most it may hold unspent."""
    for f in range(len(pool_cash)):
        budget = funds[f]["budget_pp"]
        most = rules["carry_quarters"] * budget
        called = min(budget * factor, max(0.0, most - pool_cash[f]))
        pool_cash[f] += called
        ledger[CALLED] += called


@kernel
def find_fund(reach: WordArray, guide: SmallArray, region: int, stage: int, word: np.uint64) -> int:
    """Return the fund at the quantile ``word / 2**32`` of a reach; -1 if there is none.

    The guide table brackets the answer; bisection finds the first fund whose cumulative
    reach exceeds the word.
    """
    slice_ = np.int64(word >> GUIDE_SHIFT)
    low, high = guide[region, stage, slice_], guide[region, stage, slice_ + 1]
    while low < high:
        middle = (low + high) >> 1
        if np.uint64(reach[region, stage, middle]) <= word:
            low = middle + 1
        else:
            high = middle
    return int(low)


@kernel
def meet(
    funds: Table,
    reach: WordArray,
    guide: SmallArray,
    n_meetings: int,
    firm: Record,
    edge_fund: IntArray,
    first: int,
    now: Now,
) -> int:
    """Write the funds a firm meets from edge `first` on, home funds first; return how many."""
    region, stage = firm["region"], firm["stage"]
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    n_met = 0
    for meeting in range(n_meetings):
        lane = meeting & 3
        if lane == 0:
            decision = MEETING + (meeting >> 2) * MEETING_STEP
            words = draw(now.seed, now.path, decision, now.quarter, key, serial)
        fund = find_fund(reach, guide, region, stage, words[lane])
        if fund < 0:
            break
        is_known = False
        for e in range(first, first + n_met):
            is_known = is_known or edge_fund[e] == fund
        if is_known:
            continue
        slot = first + n_met
        if funds[fund]["region"] == region:
            while slot > first and funds[edge_fund[slot - 1]]["region"] != region:
                edge_fund[slot] = edge_fund[slot - 1]
                slot -= 1
        edge_fund[slot] = fund
        n_met += 1
    for e in range(first + n_met, first + WIDTH):
        edge_fund[e] = -1
    return n_met


@kernel
def gather(
    world: WorldArrays,
    rules: Record,
    firms: Table,
    n: int,
    pool: Pool,
    queue: Queue,
    cells: FloatArray,
    now: Now,
) -> tuple[int, int]:
    """Open needs, queue every open need in slot order, put those that qualify to funds.

    A need goes to the market if the firm asks, some fund would expect it to be viable,
    the founders accept the price, and the firm meets a fund.

    Returns
    -------
    n_queued, n_seekers : int
        Length of ``queue.firm`` and of the seeker arrays.
    """
    # Arrays are taken out of their tuples once: a tuple in a loop costs reference counts.
    stages, funds, reach, guide = world.stages, world.funds, world.reach, world.guide
    asked, success, edge_fund = pool.asked, pool.success, queue.edge_fund
    needy, seeker, score, ask = queue.firm, queue.seeker, queue.score, queue.ask
    n_meetings, lead_quarters = rules["n_meetings"], rules["lead_quarters"]
    asked[:] = 0.0
    pool.closed[:] = 0.0
    n_queued, n_seekers = 0, 0
    for i in range(n):
        firm = firms[i]
        kind = new_need(firm, lead_quarters)
        if kind != NOTHING:
            row = stages[firm["stage"], firm["sector"]]
            open_spell(rules, row, firm, cells, now, kind)
        if firm["need"] <= 0.0:
            continue
        needy[n_queued] = i
        n_queued += 1
        region, stage = firm["region"], firm["stage"]
        is_silent, is_unwanted = firm["status"] == DISCOURAGED, firm["excess"] < 0.0
        a, b = np.uint64(0), np.uint64(0)
        if is_silent or not is_unwanted:
            key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
            a, b, _, _ = draw(now.seed, now.path, ASK, now.quarter, key, serial)
        if is_silent:
            p_silent = rules["discouragement"] * (1.0 - success[region, stage])
            if uniform(a) < p_silent:
                continue
            firm["status"] = REJECTED
        asked[region, stage] += 1.0
        if is_unwanted:
            continue
        if uniform(b) > stages[stage, firm["sector"]]["refusal_u"]:
            firm["status"] = REFUSED
            continue
        first = n_seekers * WIDTH
        if meet(funds, reach, guide, n_meetings, firm, edge_fund, first, now) > 0:
            seeker[n_seekers] = i
            score[n_seekers] = firm["excess"]
            ask[n_seekers] = firm["need"]
            n_seekers += 1
    return n_queued, n_seekers
