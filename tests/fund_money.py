"""The money of a fund with given wishes and exits, written plainly: what closed forms must meet.

In each quarter costs, then fees, fall due with what is owed of earlier ones; the fund invests what
it wants, at most cash and uncalled commitment less the part `kept_share` of charges that it knows
are still to come; both are paid from cash first and called for the rest; at the end of the quarter
proceeds pay what is owed, then are kept or distributed.
"""

from typing import NamedTuple

import numpy as np

from finmodel.fund.recycling import recycle, recycling_table


class Drawdown(NamedTuple):
    """Flows of the quarter, and cash and charges owed at its end; each of shape (T,)."""

    calls: np.ndarray
    fees: np.ndarray
    costs: np.ndarray
    invested: np.ndarray
    recycled: np.ndarray
    distributed: np.ndarray
    cash: np.ndarray
    owed: np.ndarray


def fee_path(charges, commitment, *, invested, nav):
    """Fees of known paths of cost and value at the start of each quarter."""
    on_money = charges["fee_committed"] * commitment
    for name, base in (("fee_invested", invested), ("fee_nav", nav)):
        on_money = on_money + charges[name] * np.where(charges[name] > 0.0, base, 0.0)
    return on_money


def drawdown(commitment, *, wanted, proceeds, cost_out, nav, charges, recycling, kept_share):
    """Take one fund through its quarters."""
    n, terms = len(charges), recycling_table(recycling)[0]
    wanted, proceeds, cost_out, nav = (
        np.broadcast_to(np.asarray(path, float), n) for path in (wanted, proceeds, cost_out, nav)
    )
    out = Drawdown(*np.zeros((8, n)))
    called = cash = cost_held = kept = owed_costs = owed_fees = 0.0
    for q, charge in enumerate(charges):
        owed_costs += charge["cost"] + charge["cost_share"] * commitment
        owed_fees += charge["fee_committed"] * commitment
        owed_fees += charge["fee_invested"] * cost_held + charge["fee_nav"] * nav[q]
        there = cash + commitment - called
        cost = min(owed_costs, there)
        fee = min(owed_fees, there - cost)
        later = charge["later"] + charge["later_share"] * commitment
        put_in = min(wanted[q], max(0.0, there - cost - fee - kept_share * later))
        owed_costs, owed_fees = owed_costs - cost, owed_fees - fee
        spent = cost + fee + put_in
        call = min(max(0.0, spent - cash), commitment - called)
        cash, called, cost_held = max(0.0, cash - spent), called + call, cost_held + put_in
        late_cost = min(owed_costs, proceeds[q])
        late_fee = min(owed_fees, proceeds[q] - late_cost)
        owed_costs, owed_fees = owed_costs - late_cost, owed_fees - late_fee
        rest = proceeds[q] - late_cost - late_fee
        recycled, distributed = recycle(rest, kept, commitment, terms, q)
        kept, cash, cost_held = kept + recycled, cash + recycled, max(0.0, cost_held - cost_out[q])
        if q >= recycling.release_quarter:
            distributed, cash = distributed + cash, 0.0
        row = (call, fee + late_fee, cost + late_cost, put_in, recycled, distributed)
        for path, value in zip(out, (*row, cash, owed_costs + owed_fees), strict=True):
            path[q] = value
    return out
