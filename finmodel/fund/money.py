"""What a fund pays and receives in a quarter: its state, and the steps of a quarter as kernels.

In each quarter, in this order,

1. costs, then fees, fall due together with what is still owed of earlier ones; the fund pays what
   cash and uncalled commitment allow and owes the rest, without interest;
2. the fund invests what it wants, at most cash and uncalled commitment less what it must keep:
   the share `kept_share` of costs and fees on the commitment that are still to come;
3. both are paid from cash first and called for the rest;
4. at the end of the quarter proceeds arrive: they pay what is owed, then are kept or distributed
   (:mod:`finmodel.fund.recycling`).

So ``called <= committed`` and ``cash >= 0`` always, and in every quarter

    calls + proceeds + cash before = fees + costs + invested + distributed + cash after.

With `kept_share` 0 a fund trusts later proceeds to pay later charges; with 1 it invests only what
commitments and cash leave after all charges it can know. Fees on cost or value to come are not
known; :mod:`finmodel.fund.capital` finds what can be invested when they are planned.

A portfolio kernel holds a table of `MONEY_ROW`, one row a fund, and calls :func:`pay_charges`,
:func:`invest` (once a deal, at most :func:`room`) and :func:`receive` in its own loop; or
:func:`step` where all amounts of the quarter are known. Kernels check nothing; no amount may be
NaN or below 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.fund.fees import cost_due, fee_due, known_later
from finmodel.fund.recycling import recycle
from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import Record

MONEY_ROW = np.dtype(
    [
        ("committed", "f8"),
        ("called", "f8"),  # so far
        ("cash", "f8"),
        ("invested", "f8"),  # cost of unrealised investments
        ("recycled", "f8"),  # so far
        ("owed_costs", "f8"),
        ("owed_fees", "f8"),
    ]
)
"""The state of one fund's money, million CNY; a new fund has its commitment and zeros."""


class Paid(NamedTuple):
    """Charges paid and what was called for them, million CNY."""

    call: float
    fee: float
    cost: float


class Received(NamedTuple):
    """Where proceeds went, million CNY; `distributed` may hold cash that was released."""

    fee: float
    cost: float
    recycled: float
    distributed: float


class Quarter(NamedTuple):
    """Flows of one fund in a quarter, million CNY."""

    call: float
    fee: float
    cost: float
    invested: float
    recycled: float
    distributed: float


@inner_kernel
def available(money: Record) -> float:
    """Return cash and uncalled commitment, million CNY."""
    return float(money["cash"] + (money["committed"] - money["called"]))


@inner_kernel
def take(money: Record, amount: float) -> float:
    """Pay an amount that is available, from cash first; return what was called for it."""
    from_cash = min(money["cash"], amount)
    call = amount - from_cash
    money["cash"] -= from_cash
    # Rounding must not call more than was committed.
    money["called"] = min(money["committed"], money["called"] + call)
    return float(call)


@inner_kernel
def pay_charges(money: Record, charge: Record, nav: float) -> Paid:
    """Pay costs and fees of a quarter, as far as money goes; the rest is owed.

    Parameters
    ----------
    money : record of MONEY_ROW
        Changed in place.
    charge : record of CHARGE_ROW
    nav : float
        Million CNY, finite: value of the portfolio at the start of the quarter.
    """
    costs = money["owed_costs"] + cost_due(charge, money["committed"])
    fees = money["owed_fees"] + fee_due(charge, money["committed"], money["invested"], nav)
    there = available(money)
    cost = min(costs, there)
    fee = min(fees, there - cost)
    money["owed_costs"], money["owed_fees"] = costs - cost, fees - fee
    return Paid(take(money, cost + fee), fee, cost)


@inner_kernel
def room(money: Record, charge: Record, kept_share: float) -> float:
    """Return what a fund can invest now, its charges being paid, million CNY."""
    kept = kept_share * known_later(charge, money["committed"])
    return max(0.0, available(money) - kept)


@inner_kernel
def invest(money: Record, amount: float) -> float:
    """Invest an amount of at most :func:`room`; return what was called for it."""
    money["invested"] += amount
    return take(money, amount)


@inner_kernel
def receive(
    money: Record, recycling: Record, quarter: int, proceeds: float, cost_out: float
) -> Received:
    """Take in the proceeds of a quarter at its end.

    Parameters
    ----------
    money : record of MONEY_ROW
        Changed in place.
    recycling : record of RECYCLING_ROW
    quarter : int
        Since first closing.
    proceeds : float
        Million CNY, at least 0.
    cost_out : float
        Million CNY: cost of investments sold or written off in the quarter.
    """
    cost = min(money["owed_costs"], proceeds)
    fee = min(money["owed_fees"], proceeds - cost)
    money["owed_costs"] -= cost
    money["owed_fees"] -= fee
    rest = proceeds - cost - fee
    kept, distributed = recycle(rest, money["recycled"], money["committed"], recycling, quarter)
    money["recycled"] += kept
    money["cash"] += kept
    money["invested"] = max(0.0, money["invested"] - cost_out)
    if quarter >= recycling["release_quarter"]:
        distributed += money["cash"]
        money["cash"] = 0.0
    return Received(fee, cost, kept, distributed)


@inner_kernel
def step(
    money: Record,
    charge: Record,
    recycling: Record,
    kept_share: float,
    quarter: int,
    wanted: float,
    proceeds: float,
    cost_out: float,
    nav: float,
) -> Quarter:
    """Take one fund through a quarter; arguments as of the steps it is made of."""
    paid = pay_charges(money, charge, nav)
    invested = min(wanted, room(money, charge, kept_share))
    call = paid.call + invest(money, invested)
    got = receive(money, recycling, quarter, proceeds, cost_out)
    return Quarter(
        call, paid.fee + got.fee, paid.cost + got.cost, invested, got.recycled, got.distributed
    )
