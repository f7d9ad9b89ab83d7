"""Two separate questions about an allocation: whether it is valid, and whether it is stable."""

from __future__ import annotations

import numpy as np

from finmodel.market.allocation import Offers
from finmodel.world.arrays import FloatArray

TOLERANCE = 1e-9
"""Relative to asks and budgets."""


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
    for f in np.flatnonzero(spent > offers.budget * (1 + TOLERANCE) + TOLERANCE):
        found.append(f"fund {f}: spent {spent[f]:g} of {offers.budget[f]:g}")
    return found


def blocking_pairs(offers: Offers, amount: FloatArray) -> list[tuple[int, int]]:
    """Return the (seeker, fund) pairs that would rather deal with each other.

    Only seekers whose round closed can block: the others were released. With no minimum
    every seeker can. A pair blocks if money can still move on its edge, the seeker lacks
    money or holds some from a fund it likes less, and the fund has money or holds some with
    a seeker it ranks lower. Plain loops, for checking.
    """
    raised = np.bincount(offers.seeker, amount, minlength=len(offers.ask))
    spent = np.bincount(offers.fund, amount, minlength=len(offers.budget))
    found = []
    for e in range(len(offers.fund)):
        i, f = int(offers.seeker[e]), int(offers.fund[e])
        small = TOLERANCE * offers.ask[i]
        if offers.min_close_share > 0 and raised[i] <= 0:
            continue
        if amount[e] >= min(offers.ticket[e], offers.ask[i]) - small:
            continue
        worse = amount[e + 1 : offers.start[i + 1]]
        if raised[i] >= offers.ask[i] - small and not (worse > small).any():
            continue
        if spent[f] < offers.budget[f] * (1 - TOLERANCE) - TOLERANCE:
            found.append((i, f))
            continue
        for other in np.flatnonzero((offers.fund == f) & (amount > small)):
            j = offers.seeker[other]
            is_lower = offers.score[other] < offers.score[e] or (
                offers.score[other] == offers.score[e] and offers.tie[j] > offers.tie[i]
            )
            if is_lower and j != i:
                found.append((i, f))
                break
    return found
