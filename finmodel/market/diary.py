"""What is kept of single funds, for paths asked for in detail: quarters, lots, settlements.

A lot is one purchase of one fund in one firm. It is written down once, when it ends or at the end
of the path, so that the lots of a fund and a firm together are a deal: what it cost, and what it
brought or is worth. Nothing here changes the state of a path.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.public import settled_nav
from finmodel.market.state import (
    N_FUNDS,
    N_LOTS,
    PUBLIC_TO_MANAGER,
    PUBLIC_TO_PRIVATE,
    Books,
    Pool,
)
from finmodel.market.waterfall import settled_to_lps
from finmodel.numeric.jit import inner_kernel, kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record, Table, WorldArrays

CALLED, TO_LPS, INVESTED, PROCEEDS, NAV = 0, 1, 2, 3, 4
"""Columns of `Books.fund_quarter`: sums since the fund was raised, and the NAV at marks. Fees are
called less invested, carry net of clawback is proceeds less what LPs got."""
TO_PRIVATE, TO_MANAGER = 5, 6
"""Of vehicles: what the state gave up to private LPs and to the manager, so far."""
N_PLAIN, N_WITH_PUBLIC = 5, 7

PAID_OUT, SOLD, HELD = 0, 1, 2
"""How a lot ended: by its firm's exit or end, by sale at the fund's end, or not yet."""

ALL_LPS, STATE, PRIVATE = 0, 1, 2
"""Columns of :func:`settle_funds`."""


@lean_kernel
def note_quarter(pool: Pool, books: Books, quarter: int) -> None:
    """Write what each fund has called, paid and holds at a quarter's end, by age, if kept."""
    _, n_ages, n_columns = books.fund_quarter.shape
    if n_ages == 0:
        return
    oldest = max(0, quarter + 1 - n_ages)
    for f in range(pool.first_of[oldest], pool.counts[N_FUNDS]):
        fund = pool.funds[f]
        row = books.fund_quarter[f, quarter - fund["vintage"]]
        row[CALLED], row[TO_LPS] = fund["called"], fund["to_lps"]
        row[INVESTED] = fund["spent_new"] + fund["spent_follow"]
        row[PROCEEDS], row[NAV] = fund["proceeds"], pool.nav[f]
        if n_columns > N_PLAIN:
            row[TO_PRIVATE] = pool.public[f, PUBLIC_TO_PRIVATE]
            row[TO_MANAGER] = pool.public[f, PUBLIC_TO_MANAGER]


@inner_kernel
def note_lot(
    firm: Record,
    pool: Pool,
    books: Books,
    f: int,
    quarter: int,
    end: int,
    cost: float,
    value: float,
) -> None:
    """Write down a lot that ends, if lots are kept; more than there is room for are counted."""
    n_room = len(books.lots)
    if n_room == 0:
        return
    n = pool.counts[N_LOTS]
    pool.counts[N_LOTS] += 1
    if n >= n_room:
        return
    row = books.lots[n]
    row["key"], row["serial"], row["fund"] = firm["key"], firm["serial"], f
    row["quarter"], row["end"], row["cost"], row["value"] = quarter, end, cost, value


@lean_kernel
def note_held(
    world: WorldArrays, firms: Table, n: int, pool: Pool, books: Books, quarter: int, end: int
) -> None:
    """Write down lots that funds hold at a year's end, before funds whose term is over sell.

    With `end` SOLD those of funds that now sell, at what they get; with HELD all, at their marks.
    """
    if len(books.lots) == 0:
        return
    kept = 1.0 - world.rules[0]["term_sale_discount"]
    for i in range(n):
        row = firms[i]["head"]
        while row >= 0:
            holding = pool.holdings[row]
            row = holding["next"]
            f = holding["fund"]
            if f < 0:
                continue
            fund = pool.funds[f]
            mark = holding["shares"] * firms[i]["price"]
            is_due = quarter + 1 - fund["vintage"] >= world.types[fund["kind"]]["term_quarters"]
            if end == HELD:
                note_lot(firms[i], pool, books, f, quarter, HELD, holding["cost"], mark)
            elif is_due and fund["is_over"] == 0:
                note_lot(firms[i], pool, books, f, quarter, SOLD, holding["cost"], kept * mark)


@kernel
def settle_funds(world: WorldArrays, pool: Pool, quarter: int) -> FloatArray:
    """Return what LPs would get if every fund were settled now at its marks, shape (F, 3).

    Columns are all LPs after what goes to the manager, then the public and the private LPs of
    vehicles, which are 0 for ordinary funds. A fund that is over has nothing left.
    """
    n_funds, n_ordinary = pool.counts[N_FUNDS], world.fund_rate_pp.shape[1]
    worth = np.zeros((n_funds, 3))
    for f in range(n_funds):
        fund = pool.funds[f]
        kind = int(fund["kind"])
        if fund["is_over"] == 1:
            continue
        if kind >= n_ordinary:
            public, private = settled_nav(world, pool, f, kind, 1.0, quarter)
            worth[f, STATE], worth[f, PRIVATE] = public, private
            worth[f, ALL_LPS] = public + private
        else:
            worth[f, ALL_LPS] = settled_to_lps(fund, world.types[kind], pool.nav[f], quarter)
    return worth
