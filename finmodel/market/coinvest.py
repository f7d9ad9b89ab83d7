"""Co-investment: public money that joins rounds others lead, at their price.

A vehicle of this kind makes no offer of its own. Before the matching it sets aside its share of
the asks of eligible seekers, the best scored by others first; the matching fills the rest. It
then puts in the same part of what it set aside as the others raised of the rest, so a round
closes at its usual minimum, and not without them.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.captable import held_by
from finmodel.market.programmes import (
    bears_risk,
    failure_chance,
    is_co_investor,
    promise,
    within_duties,
)
from finmodel.market.state import N_FUNDS, Now, Pool, Queue
from finmodel.market.streams import PANEL, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import CO_INVESTMENT, Record, Table, WorldArrays

NOBODY = -1


@inner_kernel
def has_co_investors(world: WorldArrays) -> bool:
    """Return whether a scenario has programmes of co-investment."""
    for g in range(len(world.programmes)):
        if world.programmes[g]["vehicle"] == CO_INVESTMENT:
            return True
    return False


@inner_kernel
def looks_at(world: WorldArrays, fund: Record, firm: Record, now: Now) -> bool:
    """Return whether a co-investor looks at a firm this quarter, by its mandates.

    The chance is the weight of the stage over the highest weight, times the same of the sector
    but for its specialists.
    """
    kind = int(fund["kind"])
    weight, most = world.mandate[kind, firm["stage"]], 0.0
    if fund["focus"] < 0:
        weight *= world.sector_pull[kind - world.fund_rate_pp.shape[1], firm["sector"]]
    for stage in range(world.mandate.shape[1]):
        most = max(most, world.mandate[kind, stage])
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    _, _, c, _ = draw(now.seed, now.path, PANEL, now.quarter, key, serial)
    return bool(uniform(c) * most < weight)


@inner_kernel
def best_edge(queue: Queue, q: int) -> int:
    """Return the offer with the highest score of a seeker."""
    best = queue.start[q]
    for e in range(queue.start[q] + 1, queue.start[q + 1]):
        if queue.score[e] > queue.score[best]:
            best = e
    return int(best)


@inner_kernel
def sort_seekers(queue: Queue, n_seekers: int) -> None:
    """List the seekers in ``queue.co_order``, the best scored first; identities break ties.

    Shell's sort with the gaps of Knuth (1973).
    """
    order = queue.co_order
    for q in range(n_seekers):
        order[q] = q
        queue.co_amount[q] = queue.score[best_edge(queue, q)]
    gap = 1
    while gap < n_seekers // 3:
        gap = 3 * gap + 1
    while gap >= 1:
        for i in range(gap, n_seekers):
            q, j = order[i], i
            while j >= gap and (
                queue.co_amount[order[j - gap]] < queue.co_amount[q]
                or (
                    queue.co_amount[order[j - gap]] == queue.co_amount[q]
                    and queue.tie[order[j - gap]] > queue.tie[q]
                )
            ):
                order[j] = order[j - gap]
                j -= gap
            order[j] = q
        gap //= 3


@lean_kernel
def set_aside(
    world: WorldArrays, firms: Table, pool: Pool, queue: Queue, n_seekers: int, now: Now
) -> None:
    """Step 7, before the matching: co-investors set money aside, and asks fall by as much."""
    n_ordinary, first = world.fund_rate_pp.shape[1], pool.counts[N_FUNDS]
    last = pool.counts[N_FUNDS]
    for f in range(last - 1, -1, -1):
        if pool.budget[f] > 0.0 and is_co_investor(world, pool.funds[f]["kind"]):
            queue.co_left[f] = pool.budget[f]
            first = f
    if first == last:
        for q in range(n_seekers):
            queue.co_fund[q] = NOBODY
        return
    sort_seekers(queue, n_seekers)
    for place in range(n_seekers):
        q = queue.co_order[place]
        queue.co_fund[q] = NOBODY
        firm, best = firms[queue.seeker[q]], best_edge(queue, q)
        for f in range(first, last):
            fund = pool.funds[f]
            kind = int(fund["kind"])
            if fund["region"] != firm["region"] or not is_co_investor(world, kind):
                continue
            if pool.budget[f] <= 0.0 or not looks_at(world, fund, firm, now):
                continue
            if fund["focus"] >= 0 and fund["focus"] != firm["sector"]:
                continue
            share = world.programmes[kind - n_ordinary]["co_share"]
            held = held_by(pool.holdings, firm["head"], f)[1]
            limit = world.types[kind]["concentration_share"] * fund["commitment"] - held
            amount = min(share * queue.ask[q], pool.ticket[f], queue.co_left[f], limit)
            amount = within_duties(world, pool, f, kind, firm, amount, now)
            group, expected = world.score_group[firm["region"]], queue.expected[best]
            stage = int(firm["stage"])
            chance = failure_chance(world, group, stage, int(firm["sector"]), expected)
            if amount <= 0.0 or not bears_risk(world, pool, f, kind, stage, chance, amount):
                continue
            promise(world, pool, f, kind, firm, chance, amount, now)
            queue.co_fund[q], queue.co_left[f] = f, queue.co_left[f] - amount
            break
        queue.co_amount[q] = amount if queue.co_fund[q] >= 0 else 0.0
        queue.ask[q] -= queue.co_amount[q]


@inner_kernel
def joined(queue: Queue, q: int, raised: float) -> float:
    """Return what the co-investor of a seeker puts in beside `raised` from others."""
    if len(queue.co_fund) == 0 or queue.co_fund[q] < 0:
        return 0.0
    return float(queue.co_amount[q] * min(1.0, raised / queue.ask[q]))
