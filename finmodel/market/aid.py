"""What grants and guaranteed loans share: a look at an applicant, and a need met from outside."""

from __future__ import annotations

from finmodel.market.books import add_event, add_graduation, add_outcome, note_event
from finmodel.market.columns import COHORT_N, FUNDED, INVESTED_M, MET, RAISED_M, RAISED_N, ROUND
from finmodel.market.offers import expected_quality
from finmodel.market.state import Books, Now, Pool
from finmodel.numeric.jit import inner_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import Record, WorldArrays

ROUNDING = 1e-9


@inner_kernel
def is_running(programme: Record, vehicle: int, quarter: int) -> bool:
    """Return whether a programme of this vehicle has money on offer in a quarter."""
    return bool(
        programme["vehicle"] == vehicle
        and programme["first_quarter"] <= quarter < programme["last_quarter"]
    )


@inner_kernel
def is_eligible(world: WorldArrays, firm: Record, kind: int) -> bool:
    """Return whether a firm is of hard technology, at a stage and in a sector of the mandates."""
    sector, g = firm["sector"], kind - world.fund_rate_pp.shape[1]
    is_wanted = world.mandate[kind, firm["stage"]] > 0.0 and world.sector_pull[g, sector] > 0.0
    return bool(world.is_hard_tech[sector] and is_wanted)


@inner_kernel
def expected_at_home(world: WorldArrays, firm: Record, kind: int, u: float) -> float:
    """Return the quality expected by who sees a firm as a fund of its region would.

    `u` in (0, 1) is the luck of the look.
    """
    region = firm["region"]
    noise, weight = world.sight[region, kind, 0, 0, 0], world.sight[region, kind, 0, 0, 1]
    luck = normal_quantile(u)
    return expected_quality(world.rules[0], firm["theta"], noise, weight, firm["look"], luck)


@inner_kernel
def cover_need(
    world: WorldArrays,
    firm: Record,
    pool: Pool,
    books: Books,
    kind: int,
    event: int,
    amount: float,
    public: float,
    now: Now,
) -> None:
    """Give a firm `amount` million CNY, `public` of it public or at risk, for its need.

    What it covers of the need is met; the rest goes on. The caller posts the flow.
    """
    row = world.stages[firm["region"], firm["stage"], firm["sector"]]
    flow = books.fund_flow[now.year, firm["region"], kind]
    flow[RAISED_N] += 1.0
    flow[RAISED_M] += amount
    flow[INVESTED_M] += amount
    firm["cash"] += amount
    is_whole = amount >= firm["need"] * (1.0 - ROUNDING)
    add_outcome(books.cells, row, firm, now.year, FUNDED, 1.0 if is_whole else 0.0, amount)
    note_event(firm, pool, books, now, event, -1, amount, public)
    if not is_whole:
        firm["need"] -= amount
        return
    note_event(firm, pool, books, now, MET, -1, amount, 0.0)
    if firm["kind"] == ROUND:
        add_graduation(firm, books.cells, now, world.calendar.first_reported)
        add_event(books.cells, firm, now.year, COHORT_N, 1.0)
        firm["paid_stage"], firm["paid_quarter"] = firm["stage"], now.quarter
    firm["burn"] = row["burn_pp"] * firm["size"]
    firm["need"] = 0.0
