"""Grants: a programme pays a part of a need without taking shares.

A need is considered once, in the quarter it opens. A panel sees firms of its region as a fund of
the type the programme is like sees them at home, and pays the best first until the purse is
empty: hard technology, at the stages of its mandate, that it expects to be viable at the social
rate. A need paid in full is met; of one paid in part the rest goes to the market. What is left
when the programme ends is not paid.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.aid import cover_need, expected_at_home, is_eligible, is_running
from finmodel.market.columns import (
    CALLED_M,
    FIRMS,
    FIRST_LP,
    GRANTED,
    PUBLIC_CALLED_M,
    PUBLIC_RAISED_M,
    ROUND,
)
from finmodel.market.ledger import post
from finmodel.market.public import public_lp
from finmodel.market.state import Books, Now, Pool, Queue
from finmodel.market.streams import PANEL, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import GRANT, Record, Table, WorldArrays


@inner_kernel
def pay_grant(
    world: WorldArrays, firm: Record, pool: Pool, books: Books, g: int, amount: float, now: Now
) -> None:
    """Pay a grant of `amount` million CNY to a firm; what it covers of the need is met."""
    kind, region = world.fund_rate_pp.shape[1] + g, firm["region"]
    pool.purse[g, region] -= amount
    pool.granted[g, region] += amount
    post(books.ledger, FIRST_LP + public_lp(world, kind), region, FIRMS, region, amount)
    flow = books.fund_flow[now.year, region, kind]
    flow[PUBLIC_RAISED_M] += amount
    flow[CALLED_M] += amount
    flow[PUBLIC_CALLED_M] += amount
    cover_need(world, firm, pool, books, kind, GRANTED, amount, amount, now)


@inner_kernel
def list_applicants(
    world: WorldArrays, firms: Table, n_queued: int, queue: Queue, g: int, region: int, now: Now
) -> int:
    """List new needs a programme may pay: places in the queue, and what its panel expects."""
    kind, n = world.fund_rate_pp.shape[1] + g, 0
    for q in range(n_queued):
        firm = firms[queue.firm[q]]
        if firm["region"] != region or firm["opened"] != now.quarter or firm["kind"] != ROUND:
            continue
        if firm["need"] <= 0.0 or not is_eligible(world, firm, kind):
            continue
        key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
        a, _, _, _ = draw(now.seed, now.path, PANEL, now.quarter, key, serial)
        expected = expected_at_home(world, firm, kind, uniform(a))
        if expected < world.stages[region, firm["stage"], firm["sector"]]["hurdle_social"]:
            continue
        queue.seeker[n], queue.ask[n] = queue.firm[q], expected
        n += 1
    return n


@lean_kernel
def award_grants(
    world: WorldArrays,
    firms: Table,
    n_queued: int,
    pool: Pool,
    queue: Queue,
    books: Books,
    now: Now,
) -> None:
    """Step 5, after needs have opened: programmes of grants pay the best applicants."""
    for g in range(len(world.programmes)):
        if not is_running(world.programmes[g], GRANT, now.quarter):
            continue
        share = world.programmes[g]["grant_share"]
        for region in range(world.programme_budget_pp.shape[1]):
            if pool.purse[g, region] <= 0.0:
                continue
            n = list_applicants(world, firms, n_queued, queue, g, region, now)
            while n > 0:
                best = 0
                for i in range(1, n):
                    if queue.ask[i] > queue.ask[best]:
                        best = i
                firm = firms[queue.seeker[best]]
                amount = share * firm["need"]
                if amount > pool.purse[g, region]:
                    break
                pay_grant(world, firm, pool, books, g, amount, now)
                n -= 1
                queue.seeker[best], queue.ask[best] = queue.seeker[n], queue.ask[n]
