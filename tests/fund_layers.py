"""Two layers of funds on one path, sub-funds begun together: what the batch of paths must meet."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from finmodel.fund.clauses import LpClass, class_table
from finmodel.fund.layer import Layer, on_offer, run_layer, worth_of_first
from finmodel.fund.layers import FundOfFunds, Party
from finmodel.fund.lifetime import Deals, Terms, as_rows, checked_money
from finmodel.fund.terms import Style
from finmodel.world.arrays import FloatArray

CASH_TOLERANCE = 1e-9
"""Cash below 0 by less than this part of all that was called and received is rounding."""


class SubFunds(NamedTuple):
    """Flows of S sub-funds with their firms and LPs, each of shape (S, T), million CNY.

    Attributes
    ----------
    contributions
        Calls from all LPs and the manager.
    fees
        To the manager, out of the contributions.
    invested, proceeds
        Into firms, and gross from them.
    distributed
        Gross, into the waterfall; may lag the proceeds, or be less by what is invested again.
    cost_realised, cost_written_off
        As in :class:`finmodel.fund.lifetime.Deals`; read if a sub-fund is American.
    nav
        Marks of the firms at the end of the quarter; read where a stake is on offer.
    """

    contributions: FloatArray
    fees: FloatArray
    invested: FloatArray
    proceeds: FloatArray
    distributed: FloatArray
    cost_realised: FloatArray
    cost_written_off: FloatArray
    nav: FloatArray


class Layers(NamedTuple):
    """What both layers did.

    Attributes
    ----------
    paid, got : ndarray of shape (len(Party), T), million CNY
        By party and quarter; clawback is paid by managers. A stake sold within a party is in both.
    cash : ndarray of shape (S, T), million CNY
        Of the sub-funds at the end of the quarter.
    sub_funds, parent : Layer
        Of S funds, and of one.
    """

    paid: FloatArray
    got: FloatArray
    cash: FloatArray
    sub_funds: Layer
    parent: Layer


def run_layers(
    sub_funds: SubFunds,
    terms: Terms,
    classes: Sequence[Sequence[LpClass]],
    parent: FundOfFunds,
) -> Layers:
    """Run a fund of funds and its sub-funds over their lives.

    Parameters
    ----------
    sub_funds : SubFunds
        The last quarter ends all funds.
    terms : WaterfallTerms, sequence of them, or rows
        Of all sub-funds, or of each.
    classes : sequence of sequences of LpClass
        Of all sub-funds (one entry), or of each; the first class is the fund of funds.
    parent : FundOfFunds

    Returns
    -------
    Layers

    Raises
    ------
    ValueError
        If shapes differ, money is negative, infinite or NaN, a sub-fund spends cash that it has
        not, terms or clauses are out of range, or the fund of funds is American.
    """
    sub = _checked(sub_funds)
    fees = checked_money("fees of the fund of funds", parent.fees)
    if fees.shape != sub.fees.shape[1:]:
        raise ValueError(f"fees of the fund of funds of shape {sub.fees.shape[1:]}")
    if parent.terms.style == Style.AMERICAN:
        raise ValueError("a fund of funds has no deals of its own: its style must be EUROPEAN")
    cash = cash_held(sub)
    lower_classes, upper_classes = class_table(classes), class_table([parent.classes])
    offers = on_offer(upper_classes, len(fees))
    lower = run_layer(
        sub.contributions,
        sub.distributed,
        sub.nav + cash,
        as_rows(terms),
        lower_classes,
        marked=sorted({*offers, *on_offer(lower_classes, len(fees))}),
        deals=Deals(sub.fees, sub.cost_realised, sub.cost_written_off),
    )
    net = lower.flows.received[:, 0] + lower.flows.bought[:, 0]
    called = lower.flows.calls[:, 0] + np.maximum(0.0, -net)
    marks = np.zeros((1, len(fees)))
    for quarter in offers:
        marks[0, quarter] = max(0.0, worth_of_first(lower, quarter).sum())
    upper = run_layer(
        called.sum(axis=0, keepdims=True) + fees,
        np.maximum(0.0, net).sum(axis=0, keepdims=True),
        marks,
        as_rows(parent.terms),
        upper_classes,
        marked=offers,
    )
    paid, got = _by_party(lower, upper, sub.fees.sum(axis=0), fees)
    return Layers(paid, got, cash, lower, upper)


def cash_held(sub_funds: SubFunds) -> FloatArray:
    """Return the cash of sub-funds at the end of each quarter, (S, T), million CNY.

    Raises
    ------
    ValueError
        If a fund spends more than it has.
    """
    came = sub_funds.contributions + sub_funds.proceeds
    went = sub_funds.fees + sub_funds.invested + sub_funds.distributed
    cash: FloatArray = np.cumsum(came - went, axis=1)
    short = cash < -CASH_TOLERANCE * np.cumsum(came, axis=1)
    if short.any():
        fund, quarter = np.argwhere(short)[0]
        raise ValueError(
            f"sub-fund {fund}, quarter {quarter}: cash from 0 on, got {cash[fund, quarter]}"
        )
    return np.maximum(0.0, cash)


def _by_party(
    lower: Layer, upper: Layer, sub_fees: FloatArray, fees: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what each party paid and got in each quarter."""
    paid, got = np.zeros((2, len(Party), len(fees)))
    for layer, own_fees, first, others, manager in (
        (upper, fees, Party.TREASURY, Party.OTHER_LPS, Party.PARENT_MANAGER),
        (lower, sub_fees, None, Party.PRIVATE_LPS, Party.SUB_MANAGERS),
    ):
        flows, payout = layer.flows, layer.payout
        net = flows.received + flows.bought
        went = (flows.calls + np.maximum(0.0, -net)).sum(axis=0)
        came = np.maximum(0.0, net).sum(axis=0)
        if first is not None:
            paid[first], got[first] = went[0], came[0]
        paid[others], got[others] = went[1:].sum(axis=0), came[1:].sum(axis=0)
        given = flows.to_manager
        paid[manager] = (layer.gp_paid + payout.clawback + np.maximum(0.0, -given)).sum(axis=0)
        got[manager] = own_fees + (layer.gp_got + payout.carry + np.maximum(0.0, given)).sum(axis=0)
    return paid, got


def _checked(sub_funds: SubFunds) -> SubFunds:
    arrays = SubFunds(
        *(checked_money(name, x) for name, x in zip(SubFunds._fields, sub_funds, strict=True))
    )
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or arrays.fees.ndim != 2:
        raise ValueError(f"flows of sub-funds of one shape (S, T), got {sorted(shapes)}")
    return arrays
