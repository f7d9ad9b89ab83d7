"""Steps 5 and 9: financing needs open, wait, lapse and end.

A *spell* is one need of one firm, from the quarter it opens to the quarter it ends: the
round closes, the firm closes, or the need lapses because the firm was sold or moved on.
A spell open at the end of a reporting year is written as unmet in that year and carried
into the next, where it is the same need.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.books import add_event, add_outcome, note_event
from finmodel.market.columns import (
    ASK_M,
    ASK_N,
    ASKED,
    BRIDGE,
    CARRIED_M,
    CARRIED_N,
    DISCOURAGED,
    PERSISTENT_M,
    PERSISTENT_N,
    ROUND,
    WITHDRAWN_M,
    WITHDRAWN_N,
)
from finmodel.market.state import Books, Now, Pool
from finmodel.market.streams import SIGNAL, draw, uniform
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import FloatArray, Record, Table


@inner_kernel
def open_spell(row: Record, firm: Record, pool: Pool, books: Books, now: Now, kind: int) -> None:
    """Open a need: the round of the firm's stage, or a bridge within it.

    What all funds misjudge alike is drawn now and stays until the need ends.
    """
    ask = row["ask"] * firm["size"]
    if kind == BRIDGE:
        ask *= row["bridge_share"]
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    a, _, _, _ = draw(now.seed, now.path, SIGNAL, now.quarter, key, serial)
    firm["look"] = normal_quantile(uniform(a))
    firm["need"] = ask
    firm["opened"] = now.quarter
    firm["kind"] = kind
    firm["status"] = DISCOURAGED
    add_event(books.cells, firm, now.year, ASK_N, 1.0)
    add_event(books.cells, firm, now.year, ASK_M, ask)
    note_event(firm, pool, books, now, ASKED, -1, ask, 0.0)


@inner_kernel
def lapse_spell(firm: Record, cells: FloatArray, now: Now) -> None:
    """End a need that went away: it counts as withdrawn and leaves the year's asks."""
    need = firm["need"]
    if need <= 0.0:
        return
    add_event(cells, firm, now.year, WITHDRAWN_N, 1.0)
    add_event(cells, firm, now.year, WITHDRAWN_M, need)
    add_event(cells, firm, now.year, ASK_N, -1.0)
    add_event(cells, firm, now.year, ASK_M, -need)
    firm["need"] = 0.0


@inner_kernel
def bury_spell(row: Record, firm: Record, cells: FloatArray, now: Now) -> None:
    """End a need because its firm ended: unmet, and persistent if it was viable."""
    need = firm["need"]
    if need <= 0.0:
        return
    add_outcome(cells, row, firm, now.year, firm["status"], 1.0, need)
    if firm["theta"] >= row["hurdle_market"]:
        add_event(cells, firm, now.year, PERSISTENT_N, 1.0)
        add_event(cells, firm, now.year, PERSISTENT_M, need)
    firm["need"] = 0.0


NOTHING = -1
ROUNDING = 1.0 + 1e-9
"""A runway of exactly the lead counts as short in every currency."""


@inner_kernel
def new_need(firm: Record, lead_quarters: float) -> int:
    """Return the kind of need a firm comes to have now, or NOTHING.

    A firm that was born or reached a milestone needs the round of its stage; one that was
    paid for its stage needs a bridge when its money runs short.
    """
    if firm["need"] > 0.0:
        return NOTHING
    if firm["paid_stage"] < firm["stage"]:
        return ROUND
    if firm["cash"] <= lead_quarters * firm["burn"] * ROUNDING:
        return BRIDGE
    return NOTHING


@lean_kernel
def carry_spells(
    stages: Table, firms: Table, n: int, cells: FloatArray, year: int, next_year: int
) -> None:
    """At the end of a year write open needs as unmet and carry them into the next.

    `next_year` is -1 at the end of the run: nothing is carried out of it.
    """
    for i in range(n):
        firm = firms[i]
        need = firm["need"]
        if need <= 0.0:
            continue
        row = stages[firm["region"], firm["stage"], firm["sector"]]
        add_outcome(cells, row, firm, year, firm["status"], 1.0, need)
        if next_year >= 0:
            add_event(cells, firm, next_year, ASK_N, 1.0)
            add_event(cells, firm, next_year, ASK_M, need)
            add_event(cells, firm, next_year, CARRIED_N, 1.0)
            add_event(cells, firm, next_year, CARRIED_M, need)
