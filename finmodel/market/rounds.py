"""Step 8: rounds close; cash moves from funds to firms, and the books record the deal."""

from __future__ import annotations

from finmodel.market.books import add_event, add_outcome
from finmodel.market.jit import kernel
from finmodel.market.meetings import WIDTH
from finmodel.market.state import (
    BRIDGE,
    BRIDGE_N,
    COHORT_N,
    DEAL_M,
    DEAL_N,
    FIRST_N,
    FUNDED,
    GRADUATED_8Q_N,
    GRADUATED_12Q_N,
    INVESTED,
    LATE_M,
    LATE_N,
    LATE_Q,
    SHORTFALL,
    Books,
    Now,
    Pool,
    Queue,
)
from finmodel.world.arrays import FloatArray, Record, Table


@kernel
def add_graduation(firm: Record, cells: FloatArray, now: Now, first_reported: int) -> None:
    """Credit the cohort of the firm's last stage round with a round of a later stage."""
    stage, since = firm["paid_stage"], firm["paid_quarter"]
    if stage < 0 or firm["stage"] <= stage or since < first_reported:
        return
    year = (since - first_reported) // 4
    region, sector = firm["region"], firm["sector"]
    if now.quarter - since <= 8:
        cells[year, region, stage, sector, GRADUATED_8Q_N] += 1.0
    if now.quarter - since <= 12:
        cells[year, region, stage, sector, GRADUATED_12Q_N] += 1.0


@kernel
def close_round(
    rules: Record, row: Record, firm: Record, raised: float, cells: FloatArray, now: Now
) -> None:
    """End a need with `raised` million CNY, in full or in part."""
    need, year = firm["need"], now.year
    shortfall = need - raised
    is_partial = shortfall > 1e-9 * need
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
    firm["cash"] += raised
    firm["burn"] = row["burn_pp"] * firm["size"]
    firm["need"] = 0.0


@kernel
def close_rounds(
    stages: Table,
    funds: Table,
    rules: Record,
    firms: Table,
    pool: Pool,
    queue: Queue,
    n_seekers: int,
    books: Books,
    now: Now,
    first_reported: int,
) -> None:
    """Close the round of every seeker that was allocated money."""
    flow, cells = books.flow, books.cells
    for q in range(n_seekers):
        firm = firms[queue.seeker[q]]
        raised = 0.0
        for e in range(q * WIDTH, (q + 1) * WIDTH):
            fund = queue.edge_fund[e]
            if fund < 0:
                break
            part = queue.edge_amount[e]
            if part > 0.0:
                raised += part
                source = funds[fund]["region"]
                flow[0, now.year, source, firm["region"]] += 1.0
                flow[1, now.year, source, firm["region"]] += part
        if raised > 0.0:
            pool.closed[firm["region"], firm["stage"]] += 1.0
            books.ledger[INVESTED] += raised
            if firm["kind"] != BRIDGE:
                add_graduation(firm, cells, now, first_reported)
            row = stages[firm["stage"], firm["sector"]]
            close_round(rules, row, firm, raised, cells, now)


@kernel
def remember_success(rules: Record, pool: Pool) -> None:
    """Move the known closing rate of each region and stage towards this quarter's."""
    memory = rules["success_memory"]
    for region in range(pool.success.shape[0]):
        for stage in range(pool.success.shape[1]):
            asked = pool.asked[region, stage]
            if asked > 0.0:
                share = pool.closed[region, stage] / asked
                pool.success[region, stage] += memory * (share - pool.success[region, stage])
