"""Writing down: outcomes of needs, and the balance of the ledger.

A need is written twice and independently: once as an ask when it opens or is carried
into a new reporting year, and once by outcome when it ends or the year ends. The
identity of the specification is therefore a check, not a definition.
"""

from __future__ import annotations

from finmodel.market.jit import kernel
from finmodel.market.state import (
    ALL_NEEDS,
    BURNT,
    CALLED,
    EXIT_IN,
    EXIT_OUT,
    INVESTED,
    LOOSE,
    MARKET,
    MONEY,
    N_TESTS,
    OK,
    RETURNED,
    SOCIAL,
    STRICT,
    UNBALANCED,
    Books,
    Pool,
)
from finmodel.world.arrays import FloatArray, Record, Table

TOLERANCE = 1e-9
"""Largest relative difference a balanced account may show."""


@kernel
def add_event(cells: FloatArray, firm: Record, year: int, column: int, amount: float) -> None:
    """Add `amount` to a column in the cell of the firm at its present stage."""
    cells[year, firm["region"], firm["stage"], firm["sector"], column] += amount


@kernel
def add_outcome(
    cells: FloatArray,
    row: Record,
    firm: Record,
    year: int,
    outcome: int,
    count: float,
    money: float,
) -> None:
    """Add a need's outcome under every viability test the firm passes at its stage."""
    theta = firm["theta"]
    region, stage, sector = firm["region"], firm["stage"], firm["sector"]
    column = outcome * N_TESTS
    cells[year, region, stage, sector, column + ALL_NEEDS] += count
    cells[year, region, stage, sector, column + ALL_NEEDS + MONEY] += money
    if theta >= row["hurdle_market"]:
        cells[year, region, stage, sector, column + MARKET] += count
        cells[year, region, stage, sector, column + MARKET + MONEY] += money
    if theta >= row["hurdle_market_strict"]:
        cells[year, region, stage, sector, column + STRICT] += count
        cells[year, region, stage, sector, column + STRICT + MONEY] += money
    if theta >= row["hurdle_market_loose"]:
        cells[year, region, stage, sector, column + LOOSE] += count
        cells[year, region, stage, sector, column + LOOSE + MONEY] += money
    if theta >= row["hurdle_social"]:
        cells[year, region, stage, sector, column + SOCIAL] += count
        cells[year, region, stage, sector, column + SOCIAL + MONEY] += money


@kernel
def balance(firms: Table, n: int, pool: Pool, books: Books, quarter: int) -> int:
    """Check that money is conserved; write the breach and return UNBALANCED if not.

    Called money is with funds or invested; invested money is with firms, burnt, or
    returned; what acquirers and markets pay at exits is what holders receive.
    """
    fund_cash = 0.0
    for f in range(len(pool.cash)):
        fund_cash += pool.cash[f]
    firm_cash = 0.0
    for i in range(n):
        firm_cash += firms[i]["cash"]
    ledger = books.ledger
    left = (ledger[CALLED], ledger[INVESTED], ledger[EXIT_IN])
    right = (
        fund_cash + ledger[INVESTED],
        firm_cash + ledger[BURNT] + ledger[RETURNED],
        ledger[EXIT_OUT],
    )
    for account in range(3):
        gap = abs(left[account] - right[account])
        scale = max(abs(left[account]), abs(right[account]))
        if not gap <= TOLERANCE * scale:
            books.breach[0] = quarter
            books.breach[1] = account
            books.breach[2] = left[account]
            books.breach[3] = right[account]
            return UNBALANCED
    return OK
