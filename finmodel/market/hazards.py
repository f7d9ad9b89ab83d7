"""Steps 4, 9 and 10: firms burn cash, advance, fail, leave, or close.

Within a quarter milestone, failure and the exit routes are competing risks with constant
hazards ``m, f, x``: something happens with probability ``1 - exp(-(m + f + x))`` and is
each of them in proportion to its hazard. A firm works at the pace of its spending over
the burn its stage plans, and at least at the pace of a firm without money.

References
----------
Prentice et al. (1978), The analysis of failure times in the presence of competing
risks, Biometrics 34.
"""

from __future__ import annotations

import math

import numpy as np

from finmodel.market.births import enter_stage
from finmodel.market.books import add_event
from finmodel.market.jit import kernel
from finmodel.market.spells import bury_spell, lapse_spell
from finmodel.market.state import (
    BURNT,
    BUYBACK_N,
    CLOSURE_N,
    EXIT_IN,
    EXIT_M,
    EXIT_OUT,
    FAILURE_N,
    IPO_N,
    MILESTONE_N,
    MNA_N,
    RETURNED,
    Books,
    Now,
    Queue,
)
from finmodel.market.streams import LIFE, draw, normal_quantile, uniform
from finmodel.world.arrays import FloatArray, Record, Table


@kernel
def spend(row: Record, firm: Record, slowest: float) -> tuple[float, float]:
    """Take this quarter's burn from the firm's cash; return the burn and the pace of work."""
    cash = firm["cash"]
    if cash <= 0.0:
        return 0.0, slowest
    spent = min(cash, firm["burn"])
    left = cash - spent
    if left <= 1e-9 * spent:
        spent, left = cash, 0.0
    firm["cash"] = left
    planned = row["burn_pp"] * firm["size"]
    return spent, 1.0 if spent >= planned else max(slowest, spent / planned)


@kernel
def leave_market(
    rules: Record, row: Record, firm: Record, books: Books, now: Now, route_u: float, value_z: float
) -> None:
    """Write the exit of a firm: route, value, and the cash its holders keep."""
    mark = route_u * (row["ipo_pp"] + row["mna_pp"] + row["buyback_pp"])
    if mark < row["ipo_pp"]:
        column, median = IPO_N, row["ipo_value"]
    elif mark < row["ipo_pp"] + row["mna_pp"]:
        column, median = MNA_N, row["mna_value"]
    else:
        column, median = BUYBACK_N, row["buyback_value"]
    log_value = rules["value_loading"] * firm["theta"] + rules["exit_log_sd"] * value_z
    value = median * firm["size"] * math.exp(log_value)
    lapse_spell(firm, books.cells, now)
    add_event(books.cells, firm, now.year, column, 1.0)
    add_event(books.cells, firm, now.year, EXIT_M, value)
    books.ledger[EXIT_IN] += value
    books.ledger[EXIT_OUT] += value
    books.ledger[RETURNED] += firm["cash"]


@kernel
def advance(stages: Table, rules: Record, firm: Record, cells: FloatArray, now: Now) -> None:
    """Move a firm to its next stage; step 5 opens the need of that stage's round."""
    add_event(cells, firm, now.year, MILESTONE_N, 1.0)
    lapse_spell(firm, cells, now)
    stage = firm["stage"] + 1
    enter_stage(rules, stages[stage, firm["sector"]], firm, stage)


@kernel
def bury(row: Record, firm: Record, books: Books, now: Now, column: int) -> None:
    """Write the end of a firm by failure or closure."""
    bury_spell(row, firm, books.cells, now)
    add_event(books.cells, firm, now.year, column, 1.0)
    books.ledger[RETURNED] += firm["cash"]


@kernel
def live(stages: Table, rules: Record, firms: Table, n: int, books: Books, now: Now) -> int:
    """Let every firm spend and meet its risks; return how many are left."""
    last_stage, slowest = stages.shape[0] - 1, rules["unfunded_pace"]
    burnt, i = 0.0, 0
    while i < n:
        firm = firms[i]
        row = stages[firm["stage"], firm["sector"]]
        spent, pace = spend(row, firm, slowest)
        burnt += spent
        milestone = firm["milestone"] * pace
        hazard = milestone + firm["failure"] + firm["leave"]
        key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
        a, b, c, d = draw(now.seed, now.path, LIFE, now.quarter, key, serial)
        firm["patience_u"] = d
        u = uniform(a)
        # 1 - exp(-h) <= h, so most quarters need no exponential.
        if u < hazard:
            p_event = -math.expm1(-hazard)
            mark = u / p_event * hazard
            if u < p_event and mark < milestone:
                if firm["stage"] < last_stage:
                    advance(stages, rules, firm, books.cells, now)
            elif u < p_event:
                if mark < milestone + firm["failure"]:
                    bury(row, firm, books, now, FAILURE_N)
                else:
                    z = normal_quantile(uniform(c))
                    leave_market(rules, row, firm, books, now, uniform(b), z)
                n -= 1
                firms[i] = firms[n]
                continue
        i += 1
    books.ledger[BURNT] += burnt
    return n


@kernel
def close_unfunded(
    stages: Table,
    rules: Record,
    firms: Table,
    n: int,
    queue: Queue,
    n_queued: int,
    books: Books,
    now: Now,
) -> int:
    """Close firms that found no money and have none left; return how many are left.

    Patience is memoryless; its luck is the last word of the quarter's draw of `live`.
    The queue is in rising order of slots, so walking it backwards keeps the slots of
    those still to come in place.
    """
    p_close = -math.expm1(-rules["closure_pp"])
    for q in range(n_queued - 1, -1, -1):
        i = queue.firm[q]
        firm = firms[i]
        is_dry = firm["need"] > 0.0 and firm["cash"] <= 0.0
        if is_dry and uniform(np.uint64(firm["patience_u"])) < p_close:
            bury(stages[firm["stage"], firm["sector"]], firm, books, now, CLOSURE_N)
            n -= 1
            firms[i] = firms[n]
    return n
