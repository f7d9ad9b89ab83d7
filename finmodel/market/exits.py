"""Step 10: firms pay out to their holders, ended funds sell out, funds pay their LPs.

An IPO and a transfer pay all shares alike. A sale pays liquidation preferences first. A
buy-back returns cost plus simple interest to investors, as far as the firm's value goes. A
firm that fails or closes pays what cash it has left by preference.
"""

from __future__ import annotations

from finmodel.market.books import add_event
from finmodel.market.captable import BANK, OUTSIDER, mark, release
from finmodel.market.columns import (
    BUYERS,
    CARRY_M,
    FIRMS,
    FIRST_LP,
    FOUNDERS,
    MANAGERS,
    OUTSIDERS,
    PROCEEDS_M,
    RECEIVED_M,
    TO_LPS_M,
    WRITTEN_OFF_M,
)
from finmodel.market.diary import PAID_OUT, note_lot
from finmodel.market.guarantees import repay
from finmodel.market.ledger import post, post_with_lps
from finmodel.market.payout import split_preferences, split_pro_rata, split_redemption
from finmodel.market.public import share_public
from finmodel.market.state import IS_FULL, N_EXITS, N_HOLDINGS, N_PAID, Books, Now, Pool
from finmodel.market.waterfall import compound_to, paid_back, split_distribution
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

IPO, MNA, TRANSFER, BUYBACK, LIQUIDATION = 0, 1, 2, 3, 4
"""Ways to pay out: the routes in the order of arrays.ROUTES, then the end by failure."""


@lean_kernel
def split_value(
    rules: Record,
    holdings: Table,
    firm: Record,
    value: float,
    route: int,
    quarter: int,
    split: FloatArray,
) -> tuple[int, float]:
    """Fill ``split[2]`` with what each holding gets, in the order of the firm's chain.

    Returns
    -------
    n_holdings : int
        -1 if the firm has more holdings than there is room for.
    founders : float
        What the founders get, million CNY.
    """
    m, row = 0, firm["head"]
    while row >= 0:
        if m >= split.shape[1]:
            return -1, 0.0
        holding = holdings[row]
        if holding["fund"] == BANK:
            row = holding["next"]
            continue
        split[0, m], split[1, m] = holding["shares"], holding["cost"]
        if route == BUYBACK:
            years = (quarter - holding["quarter"]) / 4.0
            split[1, m] *= 1.0 + rules["redemption_rate_pa"] * years
        m += 1
        row = holding["next"]
    shares, cost, paid = split[0, :m], split[1, :m], split[2, :m]
    if route in (IPO, TRANSFER):
        founders = split_pro_rata(value, 1.0, shares, paid)
    elif route == BUYBACK:
        founders = split_redemption(value, cost, paid)
    else:
        multiple, is_participating = rules["preference_multiple"], rules["participating"] > 0.0
        founders = split_preferences(value, 1.0, shares, cost, multiple, is_participating, paid)
    return m, founders


@inner_kernel
def receive(
    pool: Pool, books: Books, f: int, payer: int, payer_region: int, amount: float, year: int
) -> None:
    """Give a fund proceeds; they go on to its LPs at the end of the quarter."""
    fund = pool.funds[f]
    if amount <= 0.0:
        return
    if fund["received"] <= 0.0:
        pool.paid[pool.counts[N_PAID]] = f
        pool.counts[N_PAID] += 1
    fund["received"] += amount
    fund["proceeds"] += amount
    account = FIRST_LP + pool.lp_share.shape[1] + fund["kind"]
    post(books.ledger, payer, payer_region, account, fund["region"], amount)
    books.fund_flow[year, fund["region"], fund["kind"], RECEIVED_M] += amount


@inner_kernel
def pay_out(
    world: WorldArrays, firm: Record, pool: Pool, books: Books, now: Now, value: float, route: int
) -> float:
    """Pay a firm's value to its holders and end their holdings; return what investors got."""
    holdings, ledger = pool.holdings, books.ledger
    payer = FIRMS if route == LIQUIDATION else BUYERS
    region, proceeds = firm["region"], 0.0
    split = pool.split
    if len(world.programmes) > 0:
        value = repay(world, firm, pool, books, payer, value, now)
    m, founders = split_value(world.rules[0], holdings, firm, value, route, now.quarter, split)
    if m < 0:  # the path is repeated with more room
        pool.counts[IS_FULL] = 1
        m = 0
    row = firm["head"]
    for j in range(m):
        while holdings[row]["fund"] == BANK:
            row = holdings[row]["next"]
        f = holdings[row]["fund"]
        if f == OUTSIDER:
            post(ledger, payer, region, OUTSIDERS, region, split[2, j])
        else:
            receive(pool, books, f, payer, region, split[2, j], now.year)
            cost = holdings[row]["cost"]
            note_lot(firm, pool, books, f, now.quarter, PAID_OUT, cost, split[2, j])
        proceeds += split[2, j]
        row = holdings[row]["next"]
    post(ledger, payer, region, FOUNDERS, region, founders)
    mark(holdings, pool.nav, pool.region_flow[:, 3], firm, 0.0)
    release(holdings, pool.counts, firm)
    add_event(books.cells, firm, now.year, PROCEEDS_M, proceeds)
    return proceeds


@inner_kernel
def note_exit(
    firm: Record, pool: Pool, books: Books, now: Now, route: int, value: float, proceeds: float
) -> None:
    """Keep the end of a firm in a reported year for the study of multiples and tails."""
    if now.year >= books.flow.shape[1] - 1:
        return
    n = pool.counts[N_EXITS]
    pool.counts[N_EXITS] += 1
    if n >= len(books.exits):
        return
    row = books.exits[n]
    row["year"], row["region"], row["stage"] = now.year, firm["region"], firm["stage"]
    row["sector"], row["route"] = firm["sector"], route
    row["value"], row["raised"], row["proceeds"] = value, firm["raised"], proceeds


@inner_kernel
def liquidate(world: WorldArrays, firm: Record, pool: Pool, books: Books, now: Now) -> None:
    """Pay the cash left in a firm that ends to its holders, and write off the rest."""
    raised, cash = firm["raised"], firm["cash"]
    proceeds = pay_out(world, firm, pool, books, now, cash, LIQUIDATION)
    firm["cash"] = 0.0
    if raised > 0.0:
        note_exit(firm, pool, books, now, LIQUIDATION, cash, proceeds)
    add_event(books.cells, firm, now.year, WRITTEN_OFF_M, max(0.0, raised - proceeds))


@lean_kernel
def end_funds(world: WorldArrays, pool: Pool, books: Books, now: Now) -> None:
    """Let funds whose term ended in the last year sell their holdings to outsiders.

    The price is the last mark less a discount; the sum of a fund's marks is its NAV.
    """
    funds, holdings, first_of = pool.funds, pool.holdings, pool.first_of
    types, n_ordinary = world.types, world.fund_rate_pp.shape[1]
    kept, n_ending = 1.0 - world.rules[0]["term_sale_discount"], 0
    for vintage in range(now.quarter + 1):
        age = now.quarter + 1 - vintage
        for kind in range(len(types)):
            over = age - types[kind]["term_quarters"]
            if over < 0 or over > 3:
                continue
            for f in range(first_of[vintage], first_of[vintage + 1]):
                fund = funds[f]
                if fund["kind"] != kind or fund["is_over"] == 1:
                    continue
                fund["is_over"] = 1
                n_ending += 1
                region, nav = fund["region"], pool.nav[f]
                receive(pool, books, f, OUTSIDERS, region, kept * nav, now.year)
                pool.region_flow[region, 3] -= nav
                pool.nav[f] = 0.0
                owes = types[kind]["clawback_share"] > 0.0 and fund["carry"] > 0.0
                if (kind >= n_ordinary or owes) and fund["received"] <= 0.0:
                    # Its LPs and manager settle even if there is nothing to pay out.
                    pool.paid[pool.counts[N_PAID]] = f
                    pool.counts[N_PAID] += 1
    if n_ending == 0:
        return
    for row in range(pool.counts[N_HOLDINGS]):
        f = holdings[row]["fund"]
        if f >= 0 and funds[f]["is_over"] == 1:
            holdings[row]["fund"] = OUTSIDER


@lean_kernel
def distribute(world: WorldArrays, pool: Pool, books: Books, now: Now) -> None:
    """Pass the quarter's proceeds of every fund through its waterfall to LPs and manager.

    With the last of them the manager pays back excess carry, if the terms say so.
    """
    funds, lp_share, ledger, types = pool.funds, pool.lp_share, books.ledger, world.types
    n_lps = lp_share.shape[1]
    for p in range(pool.counts[N_PAID]):
        f = pool.paid[p]
        fund = funds[f]
        terms, region, kind = types[fund["kind"]], fund["region"], fund["kind"]
        compound_to(fund, terms["hurdle_growth"], now.quarter)
        to_lps, carry = split_distribution(
            fund["received"],
            fund["balance"],
            fund["called"],
            fund["to_lps"],
            fund["carry"],
            terms["carry_share"],
            terms["catch_up_share"],
        )
        balance, credit = fund["balance"], fund["credit"]
        fund["balance"] = max(0.0, balance - to_lps)
        fund["credit"] = credit + max(0.0, to_lps - balance)
        if fund["is_over"] == 1:
            back = paid_back(fund, terms, balance, credit, to_lps, carry)
            to_lps, carry = to_lps + back, carry - back
            fund["clawback"] += back
        if kind >= world.fund_rate_pp.shape[1]:
            share_public(world, pool, books, f, kind, to_lps, now)
        fund["received"] = 0.0
        fund["to_lps"] += to_lps
        fund["carry"] += carry
        post_with_lps(ledger, lp_share[f], kind, region, -to_lps)
        post(ledger, FIRST_LP + n_lps + kind, region, MANAGERS, region, carry)
        books.fund_flow[now.year, region, kind, TO_LPS_M] += to_lps
        books.fund_flow[now.year, region, kind, CARRY_M] += carry
        pool.region_flow[region, 1] += to_lps
    pool.counts[N_PAID] = 0
