"""Guarantees: banks lend to firms that found no money, and a programme bears a part of the loss.

A bank looks at a firm of its region once the quarter's rounds have closed, as a fund of the type
the programme is like sees it at home. It lends a part of the need if the chance of failure at
the quality it expects, on the part of the loan that is not guaranteed, is low enough, and if the
programme's tolerance of losses, of the loan, of its class and of all, allows the guarantee. The
programme sets the guaranteed sum of every loan aside until the loan ends; new loans end with the
programme. A loan bears simple interest and is repaid, before all shares, from what the firm is
worth at its end; of a principal that is lost the programme pays its part.

A loan stands in the firm's chain of holdings as a row of the bank, without shares.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.aid import cover_need, expected_at_home, is_eligible, is_running
from finmodel.market.captable import BANK, add_holding
from finmodel.market.columns import (
    BANKS,
    CALLED_M,
    FIRMS,
    FIRST_LP,
    LENT,
    PUBLIC_CALLED_M,
    PUBLIC_RAISED_M,
    UNCALLED_S,
)
from finmodel.market.ledger import post
from finmodel.market.programmes import bears_wide_risk, count_wide_risk, failure_chance
from finmodel.market.public import public_lp
from finmodel.market.state import Books, Now, Pool, Queue
from finmodel.market.streams import PANEL, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import GUARANTEE, Record, Table, WorldArrays


@inner_kernel
def has_loan(holdings: Table, firm: Record) -> bool:
    """Return whether a firm owes a bank."""
    row = firm["head"]
    while row >= 0:
        if holdings[row]["fund"] == BANK:
            return True
        row = holdings[row]["next"]
    return False


@inner_kernel
def would_lend(
    world: WorldArrays, firm: Record, pool: Pool, g: int, covered: float, now: Now
) -> bool:
    """Return whether a bank lends to a firm under a guarantee of `covered` million CNY.

    If so the guarantee is taken off what the programme's tolerances of losses leave.
    """
    kind, programme = world.fund_rate_pp.shape[1] + g, world.programmes[g]
    if not is_eligible(world, firm, kind):
        return False
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    _, b, _, _ = draw(now.seed, now.path, PANEL, now.quarter, key, serial)
    expected = expected_at_home(world, firm, kind, uniform(b))
    group, stage = world.score_group[firm["region"]], int(firm["stage"])
    chance = failure_chance(world, group, stage, int(firm["sector"]), expected)
    if chance * (1.0 - programme["guarantee_share"]) > programme["bank_risk"]:
        return False
    if chance > programme["loss_tolerance_project"]:
        return False
    if not bears_wide_risk(world, pool, g, stage, chance, covered):
        return False
    count_wide_risk(world, pool, g, stage, chance, covered)
    return True


@inner_kernel
def lend(
    world: WorldArrays, firm: Record, pool: Pool, books: Books, g: int, amount: float, now: Now
) -> bool:
    """Pay out a loan of `amount` million CNY; return False without room."""
    kind, region, programme = world.fund_rate_pp.shape[1] + g, firm["region"], world.programmes[g]
    row = add_holding(pool.holdings, pool.counts, firm, BANK, 0.0, amount)
    if row < 0:
        return False
    holding = pool.holdings[row]
    holding["quarter"], holding["region"], holding["kind"] = now.quarter, region, kind
    covered = programme["guarantee_share"] * amount
    pool.purse[g, region] -= covered
    post(books.ledger, BANKS, region, FIRMS, region, amount)
    books.fund_flow[now.year, region, kind, PUBLIC_RAISED_M] += covered
    cover_need(world, firm, pool, books, kind, LENT, amount, covered, now)
    return True


@lean_kernel
def lend_to_unfunded(
    world: WorldArrays,
    firms: Table,
    n_queued: int,
    pool: Pool,
    queue: Queue,
    books: Books,
    now: Now,
) -> None:
    """Step 9, before firms wait or close: banks look at those that found no money."""
    for g in range(len(world.programmes)):
        if not is_running(world.programmes[g], GUARANTEE, now.quarter):
            continue
        for q in range(n_queued):
            firm = firms[queue.firm[q]]
            purse = pool.purse[g, firm["region"]]
            if firm["need"] <= 0.0 or purse <= 0.0:
                continue
            amount = world.programmes[g]["loan_share"] * firm["need"]
            covered = world.programmes[g]["guarantee_share"] * amount
            if covered > purse or has_loan(pool.holdings, firm):
                continue
            if not would_lend(world, firm, pool, g, covered, now):
                continue
            if not lend(world, firm, pool, books, g, amount, now):
                return


@inner_kernel
def note_at_risk(world: WorldArrays, pool: Pool, books: Books, now: Now) -> None:
    """Write what guarantees stand behind at a year's end.

    What a programme got is in its purse, was paid, or stands behind loans that are owed.
    """
    n_ordinary = world.fund_rate_pp.shape[1]
    for g in range(len(world.programmes)):
        programme = world.programmes[g]
        if programme["vehicle"] != GUARANTEE:
            continue
        quarters = min(now.quarter + 1, programme["last_quarter"]) - programme["first_quarter"]
        for region in range(world.programme_budget_pp.shape[1]):
            got = max(0, quarters) * world.programme_budget_pp[g, region]
            left = got - pool.purse[g, region] - pool.granted[g, region]
            books.fund_flow[now.year, region, n_ordinary + g, UNCALLED_S] = max(0.0, left)


@inner_kernel
def repay(
    world: WorldArrays, firm: Record, pool: Pool, books: Books, payer: int, value: float, now: Now
) -> float:
    """Repay a firm's loans from its value; return what is left for its shares."""
    region, row = firm["region"], firm["head"]
    while row >= 0:
        holding = pool.holdings[row]
        if holding["fund"] == BANK:
            kind = int(holding["kind"])
            g = kind - world.fund_rate_pp.shape[1]
            programme, loan = world.programmes[g], holding["cost"]
            years = (now.quarter - holding["quarter"]) / 4.0
            paid = min(value, loan * (1.0 + programme["loan_rate_pa"] * years))
            value -= paid
            post(books.ledger, payer, region, BANKS, region, paid)
            covered = programme["guarantee_share"] * max(0.0, loan - paid)
            pool.purse[g, region] += programme["guarantee_share"] * loan - covered
            pool.granted[g, region] += covered
            post(books.ledger, FIRST_LP + public_lp(world, kind), region, BANKS, region, covered)
            books.fund_flow[now.year, region, kind, CALLED_M] += covered
            books.fund_flow[now.year, region, kind, PUBLIC_CALLED_M] += covered
        row = holding["next"]
    return value
