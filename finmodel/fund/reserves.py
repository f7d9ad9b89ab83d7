"""Reserves: how much of investable capital is kept for follow-on rounds, and how much is needed.

A fund that enters at stage ``k`` with ownership ``o_k`` pays ``o_k post_k``. At each later round
``j``, which a company reaches with the product of graduation shares ``G_kj``, its stake is diluted
to ``o (1 - d_j)`` and it buys back towards its target ``t``, at most its pro-rata right,

    b_j = min(max(0, t - o_{j-1} (1 - d_j)), o_{j-1} round_j / post_j),
    o_j = o_{j-1} (1 - d_j) + b_j,

so a yuan of first money needs, in expectation,

    need_k = sum over j > k of G_kj b_j post_j / (o_k post_k).

With ``t = o_k`` and no dilution but the round's own this is ``sum of G_kj round_j / post_k``: the
full pro-rata. Conventions: a right is a share of the new round in proportion to ownership, so a
stake never grows (no super pro-rata); the need is expected over companies, and that of a small
portfolio varies around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.world.arrays import FloatArray


class ProRata(NamedTuple):
    """Follow-on money per yuan of first money, K stages in order.

    Attributes
    ----------
    need : ndarray of shape (K,)
        Expected over the life, by stage of entry.
    by_round : ndarray of shape (K, K)
        The same by stage of entry and round.
    ownership : ndarray of shape (K, K)
        After each round of a company that reaches it; NaN before entry.
    """

    need: FloatArray
    by_round: FloatArray
    ownership: FloatArray


class Reserve(NamedTuple):
    """Whether follow-on money covers the expected need.

    Attributes
    ----------
    initial, follow_on, needed : float
        Million CNY; `needed` is what first rounds of `initial` are expected to ask for.
    needed_share : float
        Reserve share at which the two would be equal, of investable capital.
    coverage : float
        ``follow_on / needed``; NaN if nothing is needed.
    """

    initial: float
    follow_on: float
    needed: float
    needed_share: float
    coverage: float


def pro_rata_need(
    *,
    graduation: ArrayLike,
    round_mcny: ArrayLike,
    post_money_mcny: ArrayLike,
    dilution: ArrayLike,
    entry_ownership: ArrayLike,
    target_ownership: ArrayLike,
) -> ProRata:
    """Return the expected pro-rata calls per yuan of first money, by stage of entry.

    Parameters
    ----------
    graduation : array-like of shape (K - 1,)
        Share of companies with a round of a stage that raise the next, in [0, 1].
    round_mcny, post_money_mcny : array-like of shape (K,)
        New money of a round and value after it, above 0.
    dilution : array-like of shape (K,)
        What holders before a round lose of their stake, in [0, 1): at least the round over the
        value after it, more if an option pool is filled up.
    entry_ownership, target_ownership : array-like of shape (K,) or ()
        By stage of entry: bought in the first round, in (0, 1] and no more than the round sells;
        and held up to afterwards, in [0, 1].

    Returns
    -------
    ProRata

    Raises
    ------
    ValueError
        If an argument is NaN or out of range.
    """
    new, post = np.asarray(round_mcny, float), np.asarray(post_money_mcny, float)
    lost, n = np.asarray(dilution, float), len(new)
    passed = np.asarray(graduation, float)
    entry = np.broadcast_to(np.asarray(entry_ownership, float), n)
    target = np.broadcast_to(np.asarray(target_ownership, float), n)
    _check_rounds(passed, new, post, lost)
    if not ((entry > 0.0) & (entry * post <= new * (1.0 + 1e-9))).all():
        raise ValueError("entry_ownership above 0 and no more than the round sells")
    if not ((target >= 0.0) & (target <= 1.0)).all():
        raise ValueError("target_ownership in [0, 1]")
    by_round, ownership = np.zeros((n, n)), np.full((n, n), np.nan)
    reach, stake = np.zeros(n), np.zeros(n)
    for j in range(n):
        if j > 0:
            reach *= passed[j - 1]
        diluted = stake * (1.0 - lost[j])
        right = stake * new[j] / post[j]
        bought = np.minimum(np.maximum(0.0, target - diluted), right)
        stake = diluted + bought
        by_round[:, j] = reach * bought * post[j] / (entry * post)
        # A stage's own round comes last: it buys no pro-rata.
        reach[j], stake[j] = 1.0, entry[j]
        ownership[: j + 1, j] = stake[: j + 1]
    return ProRata(by_round.sum(axis=1), by_round, ownership)


def reserve_check(
    capital_mcny: float, *, reserve_share: float, initial_mix: ArrayLike, need: ArrayLike
) -> Reserve:
    """Split investable capital and compare the reserve with the expected pro-rata need.

    Parameters
    ----------
    capital_mcny : float
        Investable capital, at least 0.
    reserve_share : float
        In [0, 1]: kept for follow-on rounds, of investable capital.
    initial_mix : array-like of shape (K,)
        Shares of first money by stage of entry; sums to 1.
    need : array-like of shape (K,)
        Follow-on money per yuan of first money, of :func:`pro_rata_need`.

    Returns
    -------
    Reserve

    Raises
    ------
    ValueError
        If an argument is NaN or out of range.
    """
    mix, per_yuan = np.asarray(initial_mix, float), np.asarray(need, float)
    if not 0.0 <= capital_mcny < np.inf or not 0.0 <= reserve_share <= 1.0:
        raise ValueError(f"capital from 0 on, share in [0, 1], got {capital_mcny}, {reserve_share}")
    if not (mix >= 0.0).all() or not abs(mix.sum() - 1.0) <= 1e-9:
        raise ValueError(f"initial_mix must be shares that sum to 1, got {mix.tolist()}")
    if not (np.isfinite(per_yuan) & (per_yuan >= 0.0)).all():
        raise ValueError(f"need from 0 on, got {per_yuan.tolist()}")
    expected = float(mix @ per_yuan)
    follow_on = reserve_share * capital_mcny
    initial = capital_mcny - follow_on
    needed = initial * expected
    coverage = follow_on / needed if needed > 0.0 else np.nan
    return Reserve(initial, follow_on, needed, expected / (1.0 + expected), coverage)


def _check_rounds(passed: FloatArray, new: FloatArray, post: FloatArray, lost: FloatArray) -> None:
    if not len(passed) + 1 == len(new) == len(post) == len(lost):
        given = (len(passed), len(new), len(post), len(lost))
        raise ValueError(f"K - 1 graduation shares and K rounds, values and dilutions, got {given}")
    if not ((passed >= 0.0) & (passed <= 1.0)).all():
        raise ValueError(f"graduation in [0, 1], got {passed.tolist()}")
    if not (np.isfinite(post) & (new > 0.0) & (new <= post)).all():
        raise ValueError("rounds above 0 and at most the value after them")
    if not ((lost < 1.0) & (lost >= new / post * (1.0 - 1e-9))).all():
        raise ValueError("dilution below 1 and at least the round over the value after it")
