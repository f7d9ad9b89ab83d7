"""Steps 5 and 6, the firms' side: needs open, firms ask or stay silent, and hear offers.

A firm stays silent with a chance equal to the discouragement times the share of recent
asks in its region and stage that did not close; once it has asked it keeps asking. A need
goes to the matching if at least one fund makes an offer that the founders accept.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.columns import BRIDGE, DISCOURAGED, REFUSED, REJECTED
from finmodel.market.meetings import MAX_MEETINGS, Place
from finmodel.market.offers import (
    Visit,
    ask_around,
    ask_insiders,
    find_insiders,
    leave_out_holders,
    lowest_accepted,
    meet,
)
from finmodel.market.spells import NOTHING, new_need, open_spell
from finmodel.market.state import Books, Now, Pool, Queue, Reach, Talks, Weather
from finmodel.market.streams import ASK, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

PARTLY = 1.0 - 1e-9


@inner_kernel
def count_meetings(mean: float, u: float) -> int:
    """Return the whole number of meetings of a quarter with mean `mean`."""
    whole = math.floor(mean)
    return min(MAX_MEETINGS, whole + (1 if u < mean - whole else 0))


@inner_kernel
def log_base_price(rules: Record, row: Record, firm: Record, market: float, luck: float) -> float:
    """Return the log of the firm's pre-money, million CNY, at the mean of expected quality.

    `market` is the log of the factor of market and sector on prices.
    """
    log_price = row["log_pre_money"] + firm["log_size"] + market + rules["price_log_sd"] * luck
    return float(log_price + rules["log_bridge"] if firm["kind"] == BRIDGE else log_price)


@inner_kernel
def log_need(row: Record, firm: Record) -> float:
    """Return the log of what a firm asks, million CNY."""
    if firm["kind"] != BRIDGE and firm["need"] < PARTLY * row["ask"] * firm["size"]:
        return math.log(firm["need"])  # a grant has met a part
    log_ask = row["log_ask"] + firm["log_size"]
    return float(log_ask + row["log_bridge_share"] if firm["kind"] == BRIDGE else log_ask)


@inner_kernel
def keeps_silent(rules: Record, firm: Record, success: FloatArray, u: float) -> bool:
    """Return whether a firm that has not asked yet stays silent this quarter."""
    if firm["status"] != DISCOURAGED:
        return False
    return bool(u < rules["discouragement"] * (1.0 - success[firm["region"], firm["stage"]]))


@inner_kernel
def list_offers(queue: Queue, talks: Talks, n_offers: int, first: int, owner: int) -> None:
    """Lay a seeker's offers out as the matching wants them, the best liked first.

    Among equals the one heard earlier stands first.
    """
    liking = talks.liking
    for i in range(n_offers):
        e = first
        for j in range(n_offers):
            e += 1 if liking[j] > liking[i] or (j < i and liking[j] == liking[i]) else 0
        queue.owner[e], queue.node[e] = owner, talks.node[i]
        queue.score[e], queue.ticket[e] = talks.score[i], talks.ticket[i]
        queue.expected[e] = talks.expected[i]


@lean_kernel
def number_budgets(budgets: FloatArray, queue: Queue, n_seekers: int, quarter: int) -> int:
    """Give the budgets asked this quarter numbers in the order of the offers.

    Few of all budgets are asked.

    Returns
    -------
    n_accounts : int
        How many are asked; their money stands in ``queue.budget``.
    """
    node, account, number, budget = queue.node, queue.account, queue.number, queue.budget
    n_accounts, stamp = 0, quarter << 32
    for e in range(queue.start[n_seekers]):
        f = node[e]
        if number[f] < stamp:
            number[f], budget[n_accounts] = stamp | n_accounts, budgets[f]
            n_accounts += 1
        account[e] = number[f] - stamp
    return n_accounts


@lean_kernel
def open_needs(
    world: WorldArrays,
    firms: Table,
    n_queued: int,
    pool: Pool,
    queue: Queue,
    books: Books,
    now: Now,
) -> None:
    """Open the needs of the firms in ``queue.firm`` that had none before."""
    stages, lead_quarters = world.stages, world.rules[0]["lead_quarters"]
    for q in range(n_queued):
        firm = firms[queue.firm[q]]
        kind = new_need(firm, lead_quarters)
        if kind != NOTHING:
            row = stages[firm["region"], firm["stage"], firm["sector"]]
            open_spell(row, firm, pool, books, now, kind)


@lean_kernel
def gather(
    world: WorldArrays,
    firms: Table,
    n_queued: int,
    pool: Pool,
    reach: Reach,
    queue: Queue,
    talks: Talks,
    weather: Weather,
    now: Now,
) -> int:
    """Let every open need ask and collect its offers; return how many seekers got one."""
    rules, asked, log_base = world.rules[0], pool.asked, queue.log_base
    needy, seeker, ask, start, tie = queue.firm, queue.seeker, queue.ask, queue.start, queue.tie
    meetings, success, log_price = world.meeting_factor, pool.success, weather.log_price
    stages, groups = world.stages, world.score_group
    asked[:] = 0.0
    pool.closed[:] = 0.0
    n_seekers = 0
    start[0] = 0
    for q in range(n_queued):
        firm = firms[needy[q]]
        if firm["need"] <= 0.0:  # a grant has met it
            continue
        region, stage = int(firm["region"]), int(firm["stage"])
        key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
        a, b, c, _ = draw(now.seed, now.path, ASK, now.quarter, key, serial)
        if keeps_silent(rules, firm, success, uniform(a)):
            continue
        firm["status"] = REJECTED
        asked[region, stage] += 1.0
        row = stages[region, stage, firm["sector"]]
        n_meetings = count_meetings(rules["meetings_pp"] * meetings[region], uniform(c))
        luck = normal_quantile(uniform(b))
        log_base[n_seekers] = log_base_price(rules, row, firm, log_price[firm["sector"]], luck)
        accepted = lowest_accepted(rules, log_base[n_seekers], log_need(row, firm))
        place = Place(region, int(firm["sector"]), stage)
        visit = Visit(place, groups[region], row["hurdle_market"], accepted)
        n_met = meet(world, firm, place, reach, talks, n_meetings, now)
        n_insiders, has_more = find_insiders(firm, pool, talks)
        n_offers, n_refused = ask_insiders(world, firm, visit, pool, talks, n_insiders, now)
        if has_more:
            n_met = leave_out_holders(firm, pool, reach, talks, n_met)
        n_offers, n_more = ask_around(
            world, firm, visit, pool, reach, talks, n_offers, n_insiders, n_met, now
        )
        if n_offers == 0:
            if n_refused + n_more > 0:
                firm["status"] = REFUSED
            continue
        first = start[n_seekers]
        list_offers(queue, talks, n_offers, first, n_seekers)
        seeker[n_seekers], ask[n_seekers] = needy[q], firm["need"]
        tie[n_seekers] = (key << np.uint64(32)) | serial
        n_seekers += 1
        start[n_seekers] = first + n_offers
    return n_seekers
