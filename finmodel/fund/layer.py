"""One layer of funds: contributions and gross proceeds to managers and classes of LPs.

The manager's own commitment is set apart first; what is left of the LPs' flows is the classes'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from finmodel.fund.clauses import NO_BUYBACK
from finmodel.fund.lifetime import Deals, Payout, gp_capital, run_waterfall, settled_nav
from finmodel.fund.sharing import ClassFlows, share_among_classes
from finmodel.world.arrays import FloatArray, Table


class Layer(NamedTuple):
    """Flows of N funds, million CNY.

    Attributes
    ----------
    contributions, proceeds : ndarray of shape (N, T)
        Into the funds, and gross into their waterfalls.
    payout : Payout
        (N, T).
    gp_paid, gp_got : ndarray of shape (N, T)
        Of the managers on their own commitments.
    to_classes : ndarray of shape (N, T)
        What LPs get less what managers get on their commitments.
    nav : ndarray of shape (N, T)
        What the classes would get if the funds were settled; 0 in quarters not marked.
    classes : ndarray of CLASS_ROW, shape (N, C) or (1, C)
    flows : ClassFlows
        (N, C, T).
    """

    contributions: FloatArray
    proceeds: FloatArray
    payout: Payout
    gp_paid: FloatArray
    gp_got: FloatArray
    to_classes: FloatArray
    nav: FloatArray
    classes: Table
    flows: ClassFlows


def run_layer(
    contributions: FloatArray,
    proceeds: FloatArray,
    gross_nav: FloatArray,
    terms: Table,
    classes: Table,
    *,
    marked: Sequence[int],
    deals: Deals | None = None,
) -> Layer:
    """Run the lives of N funds through waterfall and clauses.

    Parameters
    ----------
    contributions, proceeds, gross_nav : ndarray of shape (N, T), million CNY
        The NAV, cash included, is read in quarters that are marked.
    terms, classes : rows of TERMS_ROW and CLASS_ROW
    marked : sequence of int
        Quarters in which a NAV is needed: those of :func:`on_offer` at least.
    deals : Deals, optional
        Needed if a fund is American.

    Returns
    -------
    Layer
    """
    payout = run_waterfall(contributions, proceeds, terms, deals=deals)
    gp_paid = terms["gp_commitment_share"][:, None] * contributions
    gp_got = gp_capital(proceeds, payout.to_lps, terms)
    to_classes = np.maximum(0.0, payout.to_lps - gp_got)
    nav = np.zeros(proceeds.shape)
    for quarter in marked:
        gross = gross_nav[:, quarter]
        to_lps = settled_nav(contributions, proceeds, gross, terms, quarter=quarter, deals=deals)
        own = gp_capital(gross[:, None], to_lps[:, None], terms)[:, 0]
        nav[:, quarter] = np.maximum(0.0, to_lps - own)
    flows = share_among_classes(contributions - gp_paid, to_classes, classes, nav=nav)
    return Layer(contributions, proceeds, payout, gp_paid, gp_got, to_classes, nav, classes, flows)


def on_offer(classes: Table, n_quarters: int) -> list[int]:
    """Return the quarters before the last in which a stake is on offer."""
    quarters = np.unique(classes["buyback_quarter"])
    return [int(q) for q in quarters if q != NO_BUYBACK and q < n_quarters - 1]


def worth_of_first(layer: Layer, quarter: int) -> FloatArray:
    """Return what the first class of each fund would get if all were settled, (N,), million CNY.

    At the end of a quarter that is marked, after sales of stakes in it.
    """
    now = slice(0, quarter + 1)
    column = np.zeros((len(layer.nav), 1))
    contributions = np.hstack([(layer.contributions - layer.gp_paid)[:, now], column])
    to_classes = np.hstack([layer.to_classes[:, now], layer.nav[:, quarter : quarter + 1]])
    nav = np.hstack([layer.nav[:, now], column])
    flows = share_among_classes(contributions, to_classes, layer.classes, nav=nav, settles=True)
    worth: FloatArray = flows.received[:, 0, -1]
    return worth
