"""The money of the quarters gone by: calls, fees and distributions as given, else as planned.

A kind of flow that the record holds is taken from it for the whole past; one that it leaves out
follows the rules of the plan, as in :mod:`finmodel.fund.portfolio`: fees fall due, part of proceeds
is kept for reinvestment, what is spent beyond kept cash is called, the rest goes out. So

    calls + proceeds + cash before = fees + invested + paid out + cash after, cash >= 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from finmodel.datasets.positions import Positions
from finmodel.errors import DataError, Problem
from finmodel.fund import desk as col
from finmodel.fund.clock import FundClock
from finmodel.fund.desk import Plan
from finmodel.fund.past import CALLED, CASH, FOLLOWED_SO_FAR, N_STATE, RECYCLED
from finmodel.fund.recycling import recycle
from finmodel.world.arrays import FloatArray

CENT = 1e-6
"""Million CNY by which rounded sums of a record may miss."""


@dataclass
class Purse:
    """A fund's money on its way through the past, million CNY."""

    called: float = 0.0
    cash: float = 0.0
    recycled: float = 0.0
    balance: float = 0.0


def settle_past(
    plan: Plan, flows: FloatArray, positions: Positions, clock: FundClock
) -> FloatArray:
    """Fill fees, calls and distributions of a fund's past; return its state.

    Parameters
    ----------
    plan : Plan
    flows : ndarray of shape (Q0, N_FLOWS), million CNY
        With what positions did; filled.
    positions : Positions
    clock : FundClock

    Returns
    -------
    ndarray of shape (N_STATE,), million CNY

    Raises
    ------
    DataError
        If the record spends money that the fund cannot have had.
    """
    given = {
        kind: _by_quarter(positions, kind, clock)
        for kind in ("call", "fee", "distribution")
        if positions.flows(kind)
    }
    purse, problems = Purse(), []
    for q in range(len(flows)):
        fee = given["fee"][q] if "fee" in given else _fee(plan, flows, q)
        missing = _quarter(plan, flows, q, fee, purse, given)
        if missing > CENT:
            place = f"{positions.file}: {clock.name_of(q)}"
            allowed = "flows that calls and proceeds so far can pay; kinds left out follow the plan"
            problems.append(Problem(place, f"{missing:,.3f} million CNY short", allowed))
            break
    commitment = float(plan.rules[0]["commitment"])
    if purse.called > commitment * (1.0 + CENT):
        given_text = f"calls of {purse.called:,.3f} million CNY"
        problems.append(
            Problem(str(positions.file), given_text, f"at most the commitment, {commitment:,.3f}")
        )
    if problems:
        raise DataError(f"positions {positions.file}", problems)
    state = np.zeros(N_STATE)
    state[CALLED], state[CASH] = min(purse.called, commitment), max(0.0, purse.cash)
    state[RECYCLED] = purse.recycled
    state[FOLLOWED_SO_FAR] = flows[:, col.FOLLOWED].sum()
    return state


def _by_quarter(positions: Positions, kind: str, clock: FundClock) -> FloatArray:
    amounts: list[list[float]] = [[] for _ in range(clock.quarters)]
    for event in positions.flows(kind):
        amounts[clock.quarter_of(event.day)].append(event.amount_mcny)
    return np.array([math.fsum(items) for items in amounts])


def _fee(plan: Plan, flows: FloatArray, q: int) -> float:
    """Return what the plan says falls due in a quarter, million CNY."""
    cost, nav = (flows[q - 1, col.COST], flows[q - 1, col.NAV]) if q > 0 else (0.0, 0.0)
    if q >= plan.rules[0]["term_quarters"] and cost <= CENT:
        return 0.0
    return float(plan.fixed_fee[q] + plan.cost_rate[q] * cost + plan.nav_rate[q] * nav)


def _quarter(
    plan: Plan,
    flows: FloatArray,
    q: int,
    fee: float,
    purse: Purse,
    given: dict[str, FloatArray],
) -> float:
    """Take the fund through one quarter; return the money that it lacks."""
    rules, row = plan.rules[0], flows[q]
    proceeds = float(row[col.PROCEEDS])
    uncalled = float(rules["commitment"]) - purse.called
    kept = 0.0
    if "distribution" in given:
        out = float(given["distribution"][q])
        purse.balance += proceeds - out
        kept = max(0.0, purse.balance - purse.recycled)
    else:
        kept, out = recycle(
            proceeds, purse.recycled, float(rules["commitment"]), plan.recycling[0], q
        )
    there = purse.cash + (proceeds - out)
    if "fee" not in given and "call" not in given and "distribution" not in given:
        fee = min(fee, uncalled + there + out)
    spent = fee + float(row[col.INVESTED] + row[col.FOLLOWED])
    call = float(given["call"][q]) if "call" in given else min(uncalled, max(0.0, spent - there))
    short = max(0.0, spent - there - call)
    if "distribution" not in given:
        from_out = min(short, out)
        out, short, there = out - from_out, short - from_out, there + from_out
    row[col.FEES], row[col.CALL], row[col.PAID_OUT], row[col.KEPT] = fee, call, out, kept
    purse.called += call
    purse.recycled += kept
    purse.cash = there + call - spent
    return short
