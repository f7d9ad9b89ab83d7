"""Two separate questions about an allocation: whether it is valid, and whether it is stable."""

from __future__ import annotations

import numpy as np

from finmodel.market.matching import Offers
from finmodel.world.arrays import FloatArray

TOLERANCE = 1e-9
"""Relative to an ask, or to a fund's budget or the largest ask it hears, if that is more."""


def fund_slack(offers: Offers) -> FloatArray:
    """Return the money of each fund that counts as rounding, shape (F,)."""
    scale = offers.budget.copy()
    np.maximum.at(scale, offers.fund, offers.ask[offers.seeker])
    slack: FloatArray = TOLERANCE * scale
    return slack


def invalid_entries(offers: Offers, amount: FloatArray) -> list[str]:
    """Return every cap an allocation breaks, in words; an empty list if it is valid.

    Amounts are at least 0 and at most the ticket; a seeker raises at most its ask, and
    nothing or at least the minimum share of it; a fund spends at most its budget.
    """
    found = []
    for e in np.flatnonzero((amount < 0) | (amount > offers.ticket * (1 + TOLERANCE))):
        found.append(f"edge {e}: {amount[e]:g} outside 0 to the ticket {offers.ticket[e]:g}")
    raised = np.bincount(offers.seeker, amount, minlength=len(offers.ask))
    for i in np.flatnonzero(raised > offers.ask * (1 + TOLERANCE)):
        found.append(f"seeker {i}: raised {raised[i]:g} above its ask {offers.ask[i]:g}")
    least = offers.min_close_share * offers.ask * (1 - TOLERANCE)
    for i in np.flatnonzero((raised > 0) & (raised < least)):
        found.append(f"seeker {i}: raised {raised[i]:g}, less than {least[i]:g}, and closed")
    spent = np.bincount(offers.fund, amount, minlength=len(offers.budget))
    for f in np.flatnonzero(spent > offers.budget + fund_slack(offers)):
        found.append(f"fund {f}: spent {spent[f]:g} of {offers.budget[f]:g}")
    return found


def blocking_pairs(offers: Offers, amount: FloatArray) -> list[tuple[int, int]]:
    """Return the (seeker, fund) pairs that would rather deal with each other.

    Only seekers whose round closed can block: the others were released. With no minimum
    every seeker can. A pair blocks if money can still move on its edge, the seeker lacks
    money or holds some from a fund it likes less, and the fund has money or holds some with
    a seeker it ranks lower.
    """
    n, edges = len(offers.ask), np.arange(len(offers.fund))
    seeker, fund = offers.seeker, offers.fund
    small = TOLERANCE * offers.ask
    raised = np.bincount(seeker, amount, minlength=n)
    spent = np.bincount(fund, amount, minlength=len(offers.budget))
    is_held = amount > small[seeker]

    can_move = amount < np.minimum(offers.ticket, offers.ask[seeker]) - small[seeker]
    last_held = np.full(n, -1)
    np.maximum.at(last_held, seeker[is_held], edges[is_held])
    seeker_would = (raised < offers.ask - small)[seeker] | (edges < last_held[seeker])
    if offers.min_close_share > 0:
        seeker_would &= (raised > 0)[seeker]

    place = np.empty(len(edges), np.int64)  # a fund's ranking, from the worst up
    place[np.lexsort((~offers.tie[seeker], offers.score))] = edges
    worst_held = np.full(len(offers.budget), len(edges))
    np.minimum.at(worst_held, fund[is_held], place[is_held])
    has_money = spent < offers.budget - fund_slack(offers)
    fund_would = has_money[fund] | (worst_held[fund] < place)

    blocks = np.flatnonzero(can_move & seeker_would & fund_would)
    return [(int(seeker[e]), int(fund[e])) for e in blocks]
