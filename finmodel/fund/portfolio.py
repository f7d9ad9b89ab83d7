"""A fund's plan on one path: cheques, follow-ons, fees, exits, and what is called and paid out.

Each quarter, in this order: fees and costs fall due; firms that end pay what their holders get;
part of the proceeds is kept for reinvestment; the fund follows on in rounds of its firms; it makes
new deals; what it spends beyond kept cash is called; the rest of the proceeds goes out.

*The commitment is never exceeded.* A fee on cost can only fall from the cost there is, so with
``a`` the fixed fees still to come and ``b`` the sum of the rates on cost still to come, a cheque
``x`` is at most ``(commitment + kept cash - called - fee - a - b cost) / (1 + b)``. New deals
leave the reserve alone; follow-ons and anything after the investment period may use it. A fee on
NAV has no such bound: it is paid as far as there is money.
"""

from __future__ import annotations

import numpy as np

from finmodel.fund.deals import end_deal, exits_of, rounds_of, set_out
from finmodel.fund.desk import (
    CALL,
    COST,
    DEAL_COST,
    DEAL_ENDED,
    DEAL_NAV,
    FEES,
    FOLLOWED,
    INVESTED,
    KEPT,
    N_FLOWS,
    NAV,
    PAID_OUT,
    PROCEEDS,
    Desk,
    Plan,
)
from finmodel.fund.life import Lives
from finmodel.fund.past import CALLED, CASH, FOLLOWED_SO_FAR, RECYCLED, Past
from finmodel.fund.recycling import recycle
from finmodel.numeric.jit import inner_kernel, lean_kernel
from finmodel.world.arrays import FloatArray, Record


@inner_kernel
def is_idle(desk: Desk, deals: int) -> bool:
    """Return whether a fund holds nothing any more."""
    for d in range(deals):
        if desk.deal[d, DEAL_COST] > 0.0 and desk.deal[d, DEAL_ENDED] == 0.0:
            return False
    return True


@inner_kernel
def sell_all(rules: Record, desk: Desk, flows: FloatArray, q: int) -> None:
    """Sell what the fund still holds at its marks, less a discount."""
    for d in range(rules["deals"]):
        deal = desk.deal[d]
        if deal[DEAL_COST] > 0.0 and deal[DEAL_ENDED] == 0.0:
            end_deal(deal, flows, q, (1.0 - rules["end_discount"]) * deal[DEAL_NAV])


@inner_kernel
def invest_quarter(
    plan: Plan, lives: Lives, desk: Desk, flows: FloatArray, q: int, free: float, followed: float
) -> None:
    """Follow on, then make new deals, with `free` million CNY beside the fees to come."""
    rules, price = plan.rules[0], 1.0 + plan.cost_tail[q]
    is_open = q < rules["investment_quarters"]
    most = free
    if is_open:
        most = min(free, max(0.0, rules["reserve"] - followed) * price)
    left = rounds_of(plan, lives, desk, flows, q, most, False)
    if is_open:
        free -= most - left
        reserve = max(0.0, rules["reserve"] - followed - flows[q, FOLLOWED])
        rounds_of(plan, lives, desk, flows, q, max(0.0, free - reserve * price), True)


@inner_kernel
def recall(past: Past, flows: FloatArray) -> None:
    """Write the quarters gone by."""
    for q in range(min(len(past.flows), len(flows))):
        for column in range(N_FLOWS):
            flows[q, column] = past.flows[q, column]


@lean_kernel
def run_fund(
    plan: Plan,
    past: Past,
    lives: Lives,
    desk: Desk,
    flows: FloatArray,
    seed: np.uint64,
    path: int,
) -> None:
    """Fill the flows of a fund on one path, and its deals on the desk.

    Parameters
    ----------
    plan : Plan
    past : Past
        What has happened; the path goes on from there.
    lives, desk : Lives, Desk
        Room for at least as many deals as the plan has.
    flows : ndarray of shape (Q, N_FLOWS), million CNY
        Filled; NAV and cost are those at the quarter's end. With fewer quarters than the fund's
        life has, the path stops there.
    seed : uint64
    path : int
    """
    rules = plan.rules[0]
    set_out(plan, past, lives, desk, seed, path)
    called, kept = past.state[CALLED], past.state[CASH]
    recycled, followed = past.state[RECYCLED], past.state[FOLLOWED_SO_FAR]
    recall(past, flows)
    for q in range(len(past.flows), len(flows)):
        row = flows[q]
        for column in range(N_FLOWS):
            row[column] = 0.0
        if q > 0:
            row[NAV], row[COST] = flows[q - 1, NAV], flows[q - 1, COST]
        is_last = q == rules["last_quarter"] - 1
        fee = plan.fixed_fee[q] + plan.cost_rate[q] * row[COST] + plan.nav_rate[q] * row[NAV]
        if q >= rules["term_quarters"] and is_idle(desk, rules["deals"]):
            fee = 0.0
        exits_of(plan, lives, desk, flows, q)
        if is_last:
            sell_all(rules, desk, flows, q)
        row[KEPT], out = recycle(row[PROCEEDS], recycled, rules["commitment"], plan.recycling[0], q)
        recycled += row[KEPT]
        kept += row[KEPT]
        uncalled = rules["commitment"] - called
        fee = min(fee, uncalled + kept + out)
        if not is_last:
            free = uncalled + kept - fee - plan.fixed_tail[q] - plan.cost_tail[q] * row[COST]
            invest_quarter(plan, lives, desk, flows, q, max(0.0, free), followed)
        followed += row[FOLLOWED]
        row[FEES] = fee
        spent = fee + row[INVESTED] + row[FOLLOWED]
        from_kept = min(kept, spent)
        row[CALL] = min(uncalled, spent - from_kept)
        kept -= from_kept
        called += row[CALL]
        row[PAID_OUT] = out - (spent - from_kept - row[CALL])
        if is_last:
            row[PAID_OUT] += kept
            row[NAV], row[COST] = 0.0, 0.0  # but for rounding they are
