"""Step 11, money: a double-entry ledger by account and region, and what must hold of it.

Every flow is posted once with both its sides, so all accounts together are always zero. At
closing each account is compared with what the entities themselves say: the cash and marks
of every firm and fund, added up afresh.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.columns import COSTS, FIRMS, FIRST_LP, MANAGERS, OK, UNBALANCED
from finmodel.market.state import N_FUNDS, PUBLIC_TO_MANAGER, PUBLIC_TO_PRIVATE, Books, Pool
from finmodel.numeric.jit import inner_kernel, kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Table, WorldArrays

TOLERANCE = 1e-9
"""Largest difference a balanced account may show, of the money that went through it."""


@inner_kernel
def post(
    ledger: FloatArray, payer: int, payer_region: int, payee: int, payee_region: int, amount: float
) -> None:
    """Write one flow of money with both its sides."""
    ledger[payer, payer_region] -= amount
    ledger[payee, payee_region] += amount


@inner_kernel
def post_with_lps(
    ledger: FloatArray, lp_share: FloatArray, kind: int, region: int, amount: float
) -> None:
    """Write a flow from the LPs of a fund to it; a negative amount flows back to them."""
    first_type = FIRST_LP + len(lp_share)
    for lp in range(len(lp_share)):
        ledger[FIRST_LP + lp, region] -= amount * lp_share[lp]
    ledger[first_type + kind, region] += amount


@lean_kernel
def differs(found: float, expected: float, scale: float) -> bool:
    """Return whether two sums that should agree do not; NaN always differs."""
    return not abs(found - expected) <= TOLERANCE * max(scale, abs(expected))


@lean_kernel
def note_breach(
    breach: FloatArray, quarter: int, account: int, region: int, expected: float, found: float
) -> int:
    """Write down a breach and return UNBALANCED."""
    breach[0], breach[1], breach[2] = quarter, account, region
    breach[3], breach[4] = expected, found
    return UNBALANCED


@kernel
def sum_funds(
    world: WorldArrays, pool: Pool, n_accounts: int, n_regions: int
) -> tuple[FloatArray, FloatArray]:
    """Return what each account should hold by the records of funds, and its turnover.

    Rows are accounts as in the ledger; firms and costs are left at zero.
    """
    funds, lp_share = pool.funds, pool.lp_share
    n_lps, n_ordinary = lp_share.shape[1], world.fund_rate_pp.shape[1]
    held = np.zeros((n_accounts, n_regions))
    turnover = np.zeros((n_accounts, n_regions))
    for f in range(pool.counts[N_FUNDS]):
        fund = funds[f]
        region, account = fund["region"], FIRST_LP + n_lps + fund["kind"]
        called, to_lps = fund["called"], fund["to_lps"]
        spent = fund["spent_new"] + fund["spent_follow"]
        out = spent + fund["fees"] + to_lps + fund["carry"]
        held[account, region] += called + fund["proceeds"] - out
        turnover[account, region] += called + fund["proceeds"]
        held[MANAGERS, region] += fund["fees"] + fund["carry"]
        turnover[MANAGERS, region] += fund["fees"] + fund["carry"] + 2.0 * fund["clawback"]
        for lp in range(n_lps):
            share = lp_share[f, lp]
            held[FIRST_LP + lp, region] += share * (to_lps - called)
            turnover[FIRST_LP + lp, region] += share * (to_lps + called)
        if fund["kind"] >= n_ordinary:
            given, paid = pool.public[f, PUBLIC_TO_PRIVATE], pool.public[f, PUBLIC_TO_MANAGER]
            lp = n_lps - len(world.programmes) + fund["kind"] - n_ordinary
            held[FIRST_LP + lp, region] -= given + paid
            held[MANAGERS, region] += paid
            if given > 0.0:
                held[FIRST_LP + world.private_lp, region] += given
    for g in range(len(world.programmes)):
        account = FIRST_LP + n_lps - len(world.programmes) + g
        for region in range(n_regions):
            held[account, region] -= pool.granted[g, region]
            turnover[account, region] += pool.granted[g, region]
            turnover[FIRMS, region] += pool.granted[g, region]
    return held, turnover


@kernel
def balance(
    world: WorldArrays, firms: Table, n: int, pool: Pool, books: Books, quarter: int
) -> int:
    """Check that money is conserved; write the breach and return UNBALANCED if not.

    Checked by region: cash of firms, cash of funds by type, what managers were paid, what
    each class of LPs gave and got; then the sum of all accounts.
    """
    ledger, breach = books.ledger, books.breach
    n_accounts, n_regions = ledger.shape
    held, turnover = sum_funds(world, pool, n_accounts, n_regions)
    for i in range(n):
        held[FIRMS, firms[i]["region"]] += firms[i]["cash"]
    total = 0.0
    scale = 0.0
    for region in range(n_regions):
        turnover[FIRMS, region] += ledger[COSTS, region]
        for account in range(n_accounts):
            total += ledger[account, region]
            scale += abs(ledger[account, region])
            if account in (MANAGERS, FIRMS) or account >= FIRST_LP:
                expected, found = held[account, region], ledger[account, region]
                if differs(found, expected, turnover[account, region]):
                    return note_breach(breach, quarter, account, region, expected, found)
    if differs(total, 0.0, scale):
        return note_breach(breach, quarter, -1, 0, 0.0, total)
    return OK


@kernel
def check_funds(firms: Table, n: int, pool: Pool, books: Books, quarter: int) -> int:
    """Check each fund: calls within the commitment, and NAV equal to its holdings' marks.

    Account numbers of a breach are -2 for a commitment and -3 for a NAV; the region is the
    fund's slot.
    """
    funds, holdings = pool.funds, pool.holdings
    marks = np.zeros(len(funds))
    for i in range(n):
        row = firms[i]["head"]
        while row >= 0:
            if holdings[row]["fund"] >= 0:
                marks[holdings[row]["fund"]] += holdings[row]["shares"] * firms[i]["price"]
            row = holdings[row]["next"]
    for f in range(pool.counts[N_FUNDS]):
        fund = funds[f]
        if not fund["called"] <= fund["commitment"] * (1.0 + TOLERANCE):
            return note_breach(books.breach, quarter, -2, f, fund["commitment"], fund["called"])
        if differs(pool.nav[f], marks[f], fund["called"] + fund["proceeds"]):
            return note_breach(books.breach, quarter, -3, f, marks[f], pool.nav[f])
    return OK
