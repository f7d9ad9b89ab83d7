"""A fund's past for kernels: what it did in each quarter, and each firm it holds as it stands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.fund.desk import N_DEAL, N_FLOWS
from finmodel.world.arrays import FloatArray, IntArray

CALLED, CASH, RECYCLED, FOLLOWED_SO_FAR = range(4)
N_STATE = 4


class Past(NamedTuple):
    """What lies behind a fund; the same on every path.

    Attributes
    ----------
    flows : ndarray of shape (Q0, N_FLOWS), million CNY
        Of the quarters gone by.
    state : ndarray of shape (N_STATE,), million CNY
        Called, cash kept, recycled and followed on, so far.
    deal : ndarray of shape (n, N_DEAL)
        Of each position.
    key : ndarray of int, shape (n,)
        Of its luck, from the name of the firm; from 2**31 on, beyond the keys of deals to come.
    stage, quarter : ndarray of int, shape (n,)
        Of the last round.
    post_money, raised : ndarray of shape (n,), million CNY
        What the firm is worth, and all it raised.
    n_classes : ndarray of int, shape (n,)
        Of preferred shares; the last one is the fund's. 0 if the position has ended.
    shares, claim : ndarray of shape (n, C)
        Of the firm, and million CNY.
    class_quarter : ndarray of int, shape (n, C)
    common : ndarray of shape (n,)
        Of the firm.
    first, pick : ndarray of int, shape (n + 1,) and (N,)
        Lives of a bank that fit position i are those from first[i] to first[i + 1].
    """

    flows: FloatArray
    state: FloatArray
    deal: FloatArray
    key: IntArray
    stage: IntArray
    quarter: IntArray
    post_money: FloatArray
    raised: FloatArray
    n_classes: IntArray
    shares: FloatArray
    claim: FloatArray
    class_quarter: IntArray
    common: FloatArray
    first: IntArray
    pick: IntArray


def empty_past(*, positions: int = 0, quarters: int = 0, classes: int = 0) -> Past:
    """Return a past in which nothing happened, with room for positions; by default none at all."""
    n = positions
    return Past(
        flows=np.zeros((quarters, N_FLOWS)),
        state=np.zeros(N_STATE),
        deal=np.zeros((n, N_DEAL)),
        key=np.zeros(n, np.int64),
        stage=np.zeros(n, np.int64),
        quarter=np.zeros(n, np.int64),
        post_money=np.zeros(n),
        raised=np.zeros(n),
        n_classes=np.zeros(n, np.int64),
        shares=np.zeros((n, classes)),
        claim=np.zeros((n, classes)),
        class_quarter=np.zeros((n, classes), np.int64),
        common=np.zeros(n),
        first=np.zeros(n + 1, np.int64),
        pick=np.zeros(0, np.int64),
    )
