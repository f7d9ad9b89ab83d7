r"""Many funds of funds at once: every path groups S sub-funds, each begun in its own quarter.

What :mod:`finmodel.fund.layers` does for one fund of funds whose sub-funds begin together. Here a
sub-fund runs, and is settled, in its own time; then its flows are put on the calendar of the fund
of funds, which ends when the last sub-fund does. So a sub-fund's clawback and its gains given back
fall on its own last quarter. Fund ``p S + i`` is sub-fund ``i`` of path ``p``.

Stakes of the upper classes on offer are worth what they would keep if everything below were
settled then; a sub-fund that has not begun, or has ended, is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from finmodel.fund.clauses import class_table
from finmodel.fund.layer import Layer, on_offer, run_layer, worth_of_first
from finmodel.fund.layers import FundOfFunds, Party
from finmodel.fund.lifetime import as_rows, checked_money
from finmodel.fund.terms import Style
from finmodel.world.arrays import FloatArray


class LayerPaths(NamedTuple):
    """What both layers did on P paths.

    Attributes
    ----------
    paid, got : ndarray of shape (P, len(Party), T), million CNY
        By party and quarter, as in :class:`finmodel.fund.layers.Layers`.
    upper : Layer
        Of the P funds of funds, shapes (P, T).
    """

    paid: FloatArray
    got: FloatArray
    upper: Layer


def quarters_of(starts: Sequence[int], life: int) -> int:
    """Return how many quarters a fund of funds lasts whose sub-funds live `life` quarters."""
    return life + max(starts)


def own_quarters(parent: FundOfFunds, starts: Sequence[int], life: int) -> list[int]:
    """Return the quarters of sub-funds' own lives in which the parent's offers need a NAV."""
    quarters = on_offer(class_table([parent.classes]), quarters_of(starts, life))
    own = {quarter - start for quarter in quarters for start in starts}
    return sorted(q for q in own if 0 <= q < life - 1)


def on_calendar(values: FloatArray, starts: Sequence[int]) -> FloatArray:
    """Add up flows of sub-funds on the calendar of their fund of funds.

    Parameters
    ----------
    values : ndarray of shape (P * S, Q)
        In the sub-funds' own time.
    starts : sequence of int, length S
        Quarter in which each sub-fund begins.

    Returns
    -------
    ndarray of shape (P, T)
    """
    n, life = len(starts), values.shape[1]
    by_fund = values.reshape(-1, n, life)
    total = np.zeros((len(by_fund), quarters_of(starts, life)))
    for i, start in enumerate(starts):
        total[:, start : start + life] += by_fund[:, i]
    return total


def run_layer_paths(
    lower: Layer, sub_fees: FloatArray, starts: Sequence[int], parent: FundOfFunds
) -> LayerPaths:
    """Run funds of funds over sub-funds that have been run.

    Parameters
    ----------
    lower : Layer
        Of P * S sub-funds in their own time, shapes (P * S, Q); their first class is the fund of
        funds. Marked in the quarters of :func:`own_quarters`.
    sub_fees : ndarray of shape (P * S, Q), million CNY
        Fees and costs of sub-funds.
    starts : sequence of int, length S
        Quarter in which each sub-fund begins.
    parent : FundOfFunds
        Its fees by quarter of its own life, (T,).

    Returns
    -------
    LayerPaths

    Raises
    ------
    ValueError
        If shapes differ, fees are below 0, or the fund of funds is American.
    """
    n_funds, life = lower.proceeds.shape
    n_quarters = quarters_of(starts, life)
    fees = checked_money("fees of the fund of funds", parent.fees)
    if fees.shape != (n_quarters,) or n_funds % len(starts) or min(starts) < 0:
        raise ValueError(
            f"fees of shape ({n_quarters},), whole groups of {len(starts)} sub-funds and starts "
            f"from 0 on, got {fees.shape}, {n_funds} sub-funds and {list(starts)}"
        )
    if parent.terms.style == Style.AMERICAN:
        raise ValueError("a fund of funds has no deals of its own: its style must be EUROPEAN")
    went, came = _both_ways(lower.flows.received[:, 0] + lower.flows.bought[:, 0])
    called = on_calendar(lower.flows.calls[:, 0] + went, starts) + fees
    classes = class_table([parent.classes])
    offers = on_offer(classes, n_quarters)
    upper = run_layer(
        called,
        on_calendar(came, starts),
        _marks(lower, starts, offers, n_quarters),
        as_rows(parent.terms),
        classes,
        marked=offers,
    )
    paid, got = np.zeros((2, len(called), len(Party), n_quarters))
    _add_classes(upper, [Party.TREASURY, Party.OTHER_LPS], paid, got)
    _add_manager(upper, np.broadcast_to(fees, called.shape), Party.PARENT_MANAGER, paid, got)
    own_paid, own_got = np.zeros((2, n_funds, len(Party), life))
    _add_classes(lower, [None, Party.PRIVATE_LPS], own_paid, own_got)
    _add_manager(lower, sub_fees, Party.SUB_MANAGERS, own_paid, own_got)
    for party in (Party.PRIVATE_LPS, Party.SUB_MANAGERS):
        paid[:, party] = on_calendar(np.ascontiguousarray(own_paid[:, party]), starts)
        got[:, party] = on_calendar(np.ascontiguousarray(own_got[:, party]), starts)
    return LayerPaths(paid, got, upper)


def _both_ways(net: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what was paid and what was got of net receipts."""
    return np.maximum(0.0, -net), np.maximum(0.0, net)


def _marks(
    lower: Layer, starts: Sequence[int], offers: Iterable[int], n_quarters: int
) -> FloatArray:
    """Return what funds of funds would get if all below were settled, (P, T); 0 if not needed."""
    life, n = lower.proceeds.shape[1], len(starts)
    marks = np.zeros((len(lower.proceeds) // n, n_quarters))
    for quarter in offers:
        for own in {quarter - start for start in starts}:
            if 0 <= own < life - 1:
                worth = worth_of_first(lower, own).reshape(-1, n)
                is_there = np.array([quarter - start == own for start in starts])
                marks[:, quarter] += worth[:, is_there].sum(axis=1)
    return np.maximum(0.0, marks)


def _add_classes(
    layer: Layer, parties: Sequence[Party | None], paid: FloatArray, got: FloatArray
) -> None:
    """Book the classes of a layer: the first is the first party, all others are the second."""
    net = layer.flows.received + layer.flows.bought
    went, came = _both_ways(net)
    went = went + layer.flows.calls
    for party, chosen in zip(parties, (slice(0, 1), slice(1, None)), strict=True):
        if party is not None:
            paid[:, party] = went[:, chosen].sum(axis=1)
            got[:, party] = came[:, chosen].sum(axis=1)


def _add_manager(
    layer: Layer, fees: FloatArray, party: Party, paid: FloatArray, got: FloatArray
) -> None:
    """Book a layer's managers: own commitments, fees, carry, clawback and gains given."""
    went, came = _both_ways(layer.flows.to_manager)
    paid[:, party] = layer.gp_paid + layer.payout.clawback + went
    got[:, party] = fees + layer.gp_got + layer.payout.carry + came
