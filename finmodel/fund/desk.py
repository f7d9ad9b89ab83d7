"""A fund's plan as arrays, and the desk on which one fund's deals lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.fund.life import MAX_ROUNDS, Bank, Lives
from finmodel.numeric.jit import kernel
from finmodel.world.arrays import FloatArray, IntArray, Table

# Columns of what a fund does in a quarter, million CNY; NAV and cost at the quarter's end.
CALL, INVESTED, FOLLOWED, FEES, PROCEEDS, KEPT, PAID_OUT, REALISED, WRITTEN_OFF = range(9)
NAV, COST = 9, 10
N_FLOWS = 11

# Columns of what a deal came to: stage, quarter, cost, of it at entry, proceeds, share at entry and
# at the end, whether it is over, pro-rata money that was missed, value at marks, and the cost of
# what was sold or written off.
(
    DEAL_STAGE,
    DEAL_QUARTER,
    DEAL_COST,
    DEAL_FIRST,
    DEAL_PROCEEDS,
    DEAL_SHARE,
    DEAL_LAST_SHARE,
    DEAL_ENDED,
    DEAL_MISSED,
    DEAL_NAV,
    DEAL_SOLD,
) = range(11)
N_DEAL = 11

PLAN_ROW = np.dtype(
    [
        ("commitment", "f8"),  # mcny
        ("reserve", "f8"),  # kept for follow-ons, mcny
        ("concentration", "f8"),  # most in one firm, mcny
        ("least_ticket", "f8"),  # part of a ticket below which a deal is left
        ("follow", "f8"),  # part of the pro-rata right taken up
        ("common_share", "f8"),  # of the variance of step-ups and exits, for all deals alike
        ("preference", "f8"),
        ("end_discount", "f8"),  # on the last mark, when a fund sells what it still holds
        ("follow_down", "i8"),  # whether it follows into rounds below the last price
        ("participating", "i8"),
        ("investment_quarters", "i8"),
        ("term_quarters", "i8"),
        ("last_quarter", "i8"),  # term and extensions
        ("deals", "i8"),
    ]
)


class Plan(NamedTuple):
    """A plan as arrays.

    Attributes
    ----------
    rules : ndarray of PLAN_ROW, shape (1,)
    stage_cdf : ndarray of shape (K,)
        Cumulative shares of deals by stage.
    ticket, ownership : ndarray of shape (K,)
        First cheque in million CNY, or the share it is to buy; one of the two is 0.
    fixed_fee : ndarray of shape (Q,), million CNY
        Fees on the commitment, and costs, due in each quarter.
    fixed_tail : ndarray of shape (Q,), million CNY
        Those of later quarters.
    cost_rate, cost_tail : ndarray of shape (Q,)
        Fee of the quarter on the cost of what is held, and the sum of later quarters'.
    nav_rate : ndarray of shape (Q,)
        Fee of the quarter on NAV.
    recycling : ndarray of RECYCLING_ROW, shape (1,)
    law : ndarray of LAW_ROW, shape (K,); empty if lives come from a bank
    bank : Bank
        Empty if lives come from the law.
    """

    rules: Table
    stage_cdf: FloatArray
    ticket: FloatArray
    ownership: FloatArray
    fixed_fee: FloatArray
    fixed_tail: FloatArray
    cost_rate: FloatArray
    cost_tail: FloatArray
    nav_rate: FloatArray
    recycling: Table
    law: Table
    bank: Bank


class Desk(NamedTuple):
    """Room for one fund's deals; every fund uses it anew.

    Attributes
    ----------
    stage, entry, done, queue : ndarray of int, shape (D,)
        Stage and quarter of the first cheque, rounds gone by, next deal with an event.
    head : ndarray of int, shape (Q,)
        First deal with an event in each quarter, -1 for none.
    common, total : ndarray of shape (D,)
        Common shares and all shares.
    shares, part, claim, paid : ndarray of shape (D, MAX_ROUNDS)
        Shares issued in each round, the fund's part of them, its money, and its pay at the end.
    deal : ndarray of shape (D, N_DEAL)
    """

    stage: IntArray
    entry: IntArray
    done: IntArray
    queue: IntArray
    head: IntArray
    common: FloatArray
    total: FloatArray
    shares: FloatArray
    part: FloatArray
    claim: FloatArray
    paid: FloatArray
    deal: FloatArray


@kernel
def new_lives(deals: int) -> Lives:
    """Return room for the lives of `deals` firms."""
    return Lives(
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(deals),
        np.zeros((deals, MAX_ROUNDS), np.int64),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, MAX_ROUNDS)),
    )


@kernel
def new_desk(deals: int, quarters: int) -> Desk:
    """Return room for `deals` deals over `quarters` quarters."""
    return Desk(
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(deals, np.int64),
        np.zeros(quarters, np.int64),
        np.zeros(deals),
        np.zeros(deals),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, MAX_ROUNDS)),
        np.zeros((deals, N_DEAL)),
    )
