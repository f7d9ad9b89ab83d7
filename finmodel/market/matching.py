"""Step 7: capital is matched, behind one interface.

The interface is the one of a stable allocation: seekers with an ask and an ordered list
of funds, funds with a budget and a ticket cap, scores by which funds rank seekers, and a
minimum share of the ask below which a round does not close. What stands here is a first
rule, *serial allocation*: seekers take turns from the highest score down, and each takes
from the funds it met, in its order, what ticket and budget allow.

A serial allocation respects asks, tickets and budgets. It has no blocking pair while all
funds rank seekers alike, as they do here: whoever came before was ranked higher by every
fund. With rankings that differ it need not be stable.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.jit import kernel
from finmodel.world.arrays import FloatArray, IntArray, Table


@kernel
def serial_allocation(
    score: FloatArray,
    ask: FloatArray,
    edge_fund: IntArray,
    width: int,
    funds: Table,
    budget: FloatArray,
    min_close_share: float,
    edge_amount: FloatArray,
) -> int:
    """Allocate budgets to seekers in falling order of score.

    Parameters
    ----------
    score : ndarray of shape (n_seekers,)
        Rank value, the same for all funds. Ties go to the seeker that stands first.
    ask : ndarray of shape (n_seekers,), million CNY
        Amount each seeker needs, above 0.
    edge_fund : ndarray of shape (n_seekers * width,) or longer
        Funds in each seeker's order; -1 ends a row.
    width : int
        Edges in a row.
    funds : ndarray of FUND_ROW, shape (n_funds,)
        `ticket` is the largest amount, million CNY, a fund gives one seeker.
    budget : ndarray of shape (n_funds,), million CNY
        Money of each fund; reduced by what it gives.
    min_close_share : float
        A seeker that would get less than this share of its ask gets nothing.
    edge_amount : ndarray like `edge_fund`, million CNY
        Filled with the amounts.

    Returns
    -------
    int
        Number of seekers served.
    """
    n_served = 0
    order = np.argsort(-score, kind="mergesort")
    for rank in range(len(order)):
        q = order[rank]
        first, last = q * width, q * width
        left = ask[q]
        while last < first + width and edge_fund[last] >= 0:
            fund = edge_fund[last]
            amount = min(left, funds[fund]["ticket"], budget[fund])
            edge_amount[last] = amount
            left -= amount
            last += 1
        raised = ask[q] - left
        is_closed = raised > 0.0 and raised >= min_close_share * ask[q]
        for e in range(first, last):
            if is_closed:
                budget[edge_fund[e]] -= edge_amount[e]
            else:
                edge_amount[e] = 0.0
        if is_closed:
            n_served += 1
    return n_served
