"""Cap tables: who holds shares of a firm, at what cost, and what they are marked at.

The founders hold one share. A round of `raised` at pre-money `pre` issues shares at the price
``pre / shares``, so its buyers hold ``raised / (pre + raised)`` of the firm. A fund's NAV is
its shares at the price of each firm's last round.
"""

from __future__ import annotations

from finmodel.market.state import FREE_HOLDING, IS_FULL, N_HOLDINGS
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, IntArray, Record, Table

OUTSIDER, BANK = -1, -2
"""In the place of a fund: outsiders who bought at its end; a bank, whose loan has no shares."""


@inner_kernel
def add_holding(
    holdings: Table, count: IntArray, firm: Record, fund: int, shares: float, cost: float
) -> int:
    """Put a new holding at the head of the firm's chain; return its row, -1 without room."""
    row = count[FREE_HOLDING]
    if row >= 0:
        count[FREE_HOLDING] = holdings[row]["next"]
    else:
        row = count[N_HOLDINGS]
        if row >= len(holdings):
            count[IS_FULL] = 1
            return -1
        count[N_HOLDINGS] += 1
    holding = holdings[row]
    holding["fund"] = fund
    holding["shares"] = shares
    holding["cost"] = cost
    holding["next"] = firm["head"]
    firm["head"] = row
    return int(row)


@inner_kernel
def held_by(holdings: Table, head: int, fund: int) -> tuple[float, float]:
    """Return the shares of a fund in the firm whose chain starts at `head`, and their cost."""
    shares, cost, row = 0.0, 0.0, head
    while row >= 0:
        if holdings[row]["fund"] == fund:
            shares += holdings[row]["shares"]
            cost += holdings[row]["cost"]
        row = holdings[row]["next"]
    return shares, cost


@inner_kernel
def mark(
    holdings: Table, nav: FloatArray, nav_change: FloatArray, firm: Record, price: float
) -> None:
    """Carry every fund's holdings in a firm at a new price of its share.

    `nav_change` of shape (R,) takes the change by home region of the funds.
    """
    change, row = price - firm["price"], firm["head"]
    while row >= 0:
        f = holdings[row]["fund"]
        if f >= 0:
            gain = holdings[row]["shares"] * change
            nav[f] += gain
            nav_change[holdings[row]["region"]] += gain
        row = holdings[row]["next"]
    firm["price"] = price


@inner_kernel
def release(holdings: Table, count: IntArray, firm: Record) -> None:
    """Give back the rows of a firm that ended; its marks are at zero already."""
    row = firm["head"]
    if row < 0:
        return
    last = row
    while holdings[last]["next"] >= 0:
        last = holdings[last]["next"]
    holdings[last]["next"] = count[FREE_HOLDING]
    count[FREE_HOLDING] = row
    firm["head"] = -1


@lean_kernel
def tidy(holdings: Table, tidied: Table, count: IntArray, firms: Table, n: int) -> None:
    """Put the holdings of each firm side by side, in the order of firms.

    Chains keep their order, so nothing depends on it but the time it takes to walk them.
    """
    place = 0
    for i in range(n):
        row = firms[i]["head"]
        if row < 0:
            continue
        firms[i]["head"] = place
        while row >= 0:
            tidied[place] = holdings[row]
            row = holdings[row]["next"]
            place += 1
            tidied[place - 1]["next"] = place
        tidied[place - 1]["next"] = -1
    for row in range(place):
        holdings[row] = tidied[row]
    count[N_HOLDINGS] = place
    count[FREE_HOLDING] = -1


@lean_kernel
def add_ownership(holdings: Table, firms: Table, n: int, by_stage: FloatArray) -> None:
    """Add each firm's cap table by class to ``by_stage`` of shape (K, T + 2).

    Columns: firms with investors, the founders' share, then the share of each fund type.
    What outsiders hold is the rest.
    """
    for i in range(n):
        firm = firms[i]
        row = firm["head"]
        if row < 0:
            continue
        stage, shares = firm["stage"], firm["shares"]
        by_stage[stage, 0] += 1.0
        by_stage[stage, 1] += 1.0 / shares
        while row >= 0:
            if holdings[row]["fund"] >= 0:
                by_stage[stage, 2 + holdings[row]["kind"]] += holdings[row]["shares"] / shares
            row = holdings[row]["next"]
