"""Step 8: rounds close: price, dilution, cap table, cash, and the books record the deal.

The price of a round is the offer of its lead: the fund that gives most, the one the firm
likes best among equals. All investors of the round pay it. A round below the price of the
firm's last share is a down round.
"""

from __future__ import annotations

import math

from finmodel.market.books import add_event, add_graduation, add_outcome, note_event
from finmodel.market.capital import call
from finmodel.market.captable import add_holding, mark
from finmodel.market.coinvest import best_edge, joined
from finmodel.market.columns import (
    BRIDGE,
    BRIDGE_N,
    CLOSED,
    COHORT_N,
    DEAL_M,
    DEAL_N,
    DOWN_N,
    FIRMS,
    FIRST_LP,
    FIRST_N,
    FUNDED,
    INVESTED_M,
    INVESTMENT,
    LATE_M,
    LATE_N,
    LATE_Q,
    PRICED_N,
    PRIVATE_INVESTED_M,
    SHORTFALL,
)
from finmodel.market.ledger import post
from finmodel.market.offers import offered_price
from finmodel.market.programmes import count_duties
from finmodel.market.state import Books, Now, Pool, Queue
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

ROUNDING = 1e-9


@inner_kernel
def write_round(
    rules: Record, row: Record, firm: Record, raised: float, cells: FloatArray, now: Now
) -> None:
    """End a need with `raised` million CNY, in full or in part."""
    need, year = firm["need"], now.year
    shortfall = need - raised
    is_partial = shortfall > ROUNDING * need
    add_outcome(cells, row, firm, year, FUNDED, 0.0 if is_partial else 1.0, raised)
    if is_partial:
        add_outcome(cells, row, firm, year, SHORTFALL, 1.0, shortfall)
    waited = now.quarter - firm["opened"]
    if waited > rules["timely_quarters"] and firm["theta"] >= row["hurdle_market"]:
        add_event(cells, firm, year, LATE_N, 1.0)
        add_event(cells, firm, year, LATE_M, raised)
        add_event(cells, firm, year, LATE_Q, float(waited))
    add_event(cells, firm, year, DEAL_N, 1.0)
    add_event(cells, firm, year, DEAL_M, raised)
    if firm["paid_stage"] < 0:
        add_event(cells, firm, year, FIRST_N, 1.0)
    if firm["kind"] == BRIDGE:
        add_event(cells, firm, year, BRIDGE_N, 1.0)
    else:
        add_event(cells, firm, year, COHORT_N, 1.0)
        firm["paid_stage"] = firm["stage"]
        firm["paid_quarter"] = now.quarter


@inner_kernel
def lead_edge(amount: FloatArray, first: int, last: int) -> tuple[int, float]:
    """Return the edge of the lead among a seeker's edges, and all it raised."""
    lead, raised = first, 0.0
    for e in range(first, last):
        raised += amount[e]
        if amount[e] > amount[lead] * (1.0 + ROUNDING):
            lead = e
    return lead, raised


@inner_kernel
def reprice(
    firm: Record, pool: Pool, books: Books, pre_money: float, raised: float, now: Now
) -> float:
    """Mark all earlier holdings at the price of a new round; return the price of a share."""
    price = pre_money / firm["shares"]
    if firm["price"] > 0.0:
        add_event(books.cells, firm, now.year, PRICED_N, 1.0)
        if price < firm["price"] * (1.0 - ROUNDING):
            add_event(books.cells, firm, now.year, DOWN_N, 1.0)
    mark(pool.holdings, pool.nav, pool.region_flow[:, 3], firm, price)
    firm["price"] = price
    firm["post_money"] = pre_money + raised
    return float(price)


@inner_kernel
def invest(
    world: WorldArrays,
    firm: Record,
    pool: Pool,
    books: Books,
    node: int,
    expected: float,
    amount: float,
    price: float,
    now: Now,
) -> bool:
    """Move one investor's money to the firm against shares; return False without room."""
    n_room = len(pool.funds)
    is_follow = node >= n_room
    f = node - n_room if is_follow else node
    fund = pool.funds[f]
    region, kind, year = fund["region"], fund["kind"], now.year
    terms = world.types[kind]
    call(world, pool, books, f, amount, now)
    account = FIRST_LP + pool.lp_share.shape[1] + kind
    post(books.ledger, account, region, FIRMS, firm["region"], amount)
    if is_follow:
        fund["spent_follow"] += amount
    else:
        fund["spent_new"] += amount
    pool.nav[f] += amount
    if kind >= world.fund_rate_pp.shape[1]:
        count_duties(world, pool, f, kind, firm, expected, amount, now)
    pool.region_flow[region, 3] += amount
    books.fund_flow[year, region, kind, INVESTED_M] += amount
    if world.private_lp >= 0:
        private = amount * pool.lp_share[f, world.private_lp]
        books.fund_flow[year, region, kind, PRIVATE_INVESTED_M] += private
    books.flow[0, year, kind, region, firm["region"]] += 1.0
    books.flow[1, year, kind, region, firm["region"]] += amount
    shares = amount / price
    row = add_holding(pool.holdings, pool.counts, firm, f, shares, amount)
    if row < 0:
        return False
    holding = pool.holdings[row]
    holding["quarter"], holding["region"], holding["kind"] = now.quarter, region, kind
    firm["shares"] += shares
    firm["support"] = (firm["support"] * firm["raised"] + terms["support"] * amount) / (
        firm["raised"] + amount
    )
    firm["raised"] += amount
    note_event(firm, pool, books, now, INVESTMENT, f, amount, firm["post_money"])
    return True


@lean_kernel
def close_rounds(
    world: WorldArrays,
    firms: Table,
    pool: Pool,
    queue: Queue,
    n_seekers: int,
    books: Books,
    now: Now,
) -> bool:
    """Close the round of every seeker that was allocated money; return False without room."""
    cells, rules, stages, closed = books.cells, world.rules[0], world.stages, pool.closed
    amount, start, node, expected = queue.amount, queue.start, queue.node, queue.expected
    first_reported = world.calendar.first_reported
    for q in range(n_seekers):
        first, last = start[q], start[q + 1]
        lead, raised = lead_edge(amount, first, last)
        if raised <= 0.0:
            continue
        firm = firms[queue.seeker[q]]
        row = stages[firm["region"], firm["stage"], firm["sector"]]
        closed[firm["region"], firm["stage"]] += 1.0
        if firm["kind"] != BRIDGE:
            add_graduation(firm, cells, now, first_reported)
        beside = joined(queue, q, raised)
        raised += beside
        write_round(rules, row, firm, raised, cells, now)
        pre_money = offered_price(rules, queue.log_base[q], expected[lead])
        price = reprice(firm, pool, books, pre_money, raised, now)
        note_event(firm, pool, books, now, CLOSED, -1, raised, firm["post_money"])
        for e in range(first, last):
            if amount[e] > 0.0 and not invest(
                world, firm, pool, books, node[e], expected[e], amount[e], price, now
            ):
                return False
        # A co-investor holds against its tolerance what it judged by, the best scored offer.
        if beside > 0.0 and not invest(
            world,
            firm,
            pool,
            books,
            queue.co_fund[q],
            expected[best_edge(queue, q)],
            beside,
            price,
            now,
        ):
            return False
        firm["help"] = math.exp(rules["support_loading"] * firm["support"])
        firm["cash"] += raised
        firm["burn"] = row["burn_pp"] * firm["size"]
        firm["need"] = 0.0
    return True


@lean_kernel
def remember_success(memory: float, pool: Pool) -> None:
    """Move the known closing rate of each region and stage towards this quarter's."""
    for region in range(pool.success.shape[0]):
        for stage in range(pool.success.shape[1]):
            asked = pool.asked[region, stage]
            if asked > 0.0:
                share = pool.closed[region, stage] / asked
                pool.success[region, stage] += memory * (share - pool.success[region, stage])
