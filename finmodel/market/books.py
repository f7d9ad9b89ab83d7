"""Writing down: events, outcomes of needs, and histories of firms.

A need is written twice and independently: once as an ask when it opens or is carried
into a new reporting year, and once by outcome when it ends or the year ends. The
identity of the specification is therefore a check, not a definition.
"""

from __future__ import annotations

from finmodel.market.columns import (
    ALL_NEEDS,
    GRADUATED_8Q_N,
    GRADUATED_12Q_N,
    LOOSE,
    MARKET,
    MONEY,
    N_TESTS,
    REPEAT_N,
    REPEAT_Q,
    SOCIAL,
    STRICT,
)
from finmodel.market.state import N_EVENTS, Books, Now, Pool
from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP, FloatArray, Record


@inner_kernel
def add_event(cells: FloatArray, firm: Record, year: int, column: int, amount: float) -> None:
    """Add `amount` to a column in the cell of the firm at its present stage."""
    cells[year, firm["region"], firm["stage"], firm["sector"], column] += amount


@inner_kernel
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


@inner_kernel
def add_graduation(firm: Record, cells: FloatArray, now: Now, first_reported: int) -> None:
    """Credit the cohort of the firm's last stage round with a round of a later stage."""
    stage, since = firm["paid_stage"], firm["paid_quarter"]
    if stage < 0 or firm["stage"] <= stage or since < first_reported:
        return
    year = (since - first_reported) // 4
    region, sector = firm["region"], firm["sector"]
    cells[year, region, stage, sector, REPEAT_N] += 1.0
    cells[year, region, stage, sector, REPEAT_Q] += now.quarter - since
    if now.quarter - since <= 8:
        cells[year, region, stage, sector, GRADUATED_8Q_N] += 1.0
    if now.quarter - since <= 12:
        cells[year, region, stage, sector, GRADUATED_12Q_N] += 1.0


@inner_kernel
def look_up(score: FloatArray, group: int, stage: int, sector: int, quality: float) -> float:
    """Return the score at a quality, linear between points of the grid and flat outside."""
    place = (quality - SCORE_LOW) / SCORE_STEP
    place = max(0.0, min(place, SCORE_POINTS - 1.000001))
    low = int(place)
    part = place - low
    lower, upper = score[group, stage, sector, low], score[group, stage, sector, low + 1]
    return float(lower * (1.0 - part) + upper * part)


@inner_kernel
def note_event(
    firm: Record,
    pool: Pool,
    books: Books,
    now: Now,
    kind: int,
    fund: int,
    amount: float,
    post_money: float,
) -> None:
    """Add a row to the histories, if they were asked for; count it in any case.

    More events than rows: the path is repeated with more room.
    """
    n_room = len(books.events)
    if n_room == 0:
        return
    n = pool.counts[N_EVENTS]
    pool.counts[N_EVENTS] += 1
    if n >= n_room:
        return
    row = books.events[n]
    row["key"], row["serial"], row["quarter"] = firm["key"], firm["serial"], now.quarter
    row["kind"], row["region"], row["stage"] = kind, firm["region"], firm["stage"]
    row["sector"], row["fund"] = firm["sector"], fund
    row["amount"], row["post_money"] = amount, post_money
