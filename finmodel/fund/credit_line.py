"""A subscription credit line: the fund borrows what it needs and calls it from LPs later.

Each quarter the fund draws what it needs, as far as the line allows, and calls the rest; each draw
is repaid by a call `max_quarters` later, at the end of the path at the latest. So with needs ``n``,
draws ``d``, repayments ``r`` and interest ``i`` of each quarter

    calls = n - d + r + i,    balance_q = balance_{q-1} + d_q - r_q.

Conventions, where lines differ:

- interest is simple and called every quarter, on the balance at the end of the quarter before;
- the balance is at most `limit_share` of the uncalled commitment after the quarter's calls; where
  calls shrink that, the oldest draws are repaid early;
- interest is paid from commitments. The needs of the whole path come first: only what they leave of
  the commitment can pay interest, and a draw whose interest could not be paid is not made. One
  who wants to draw every need holds back :func:`interest_at_most`;
- distributions are not used to repay, and no fee is charged on what is not drawn.

What the line does to returns follows from the dated flows: calls come later and are higher in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from finmodel.numeric.jit import inner_kernel, kernel
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class CreditLine:
    """Terms of a subscription line; no quarter or no limit is no line.

    Attributes
    ----------
    max_quarters : int
        At least 0: after so many a draw is repaid.
    rate_pa : float
        At least 0, of the balance.
    limit_share : float
        In [0, 1]: most that may be drawn, of the uncalled commitment.

    Raises
    ------
    ValueError
        If a term is out of range.
    """

    max_quarters: int
    rate_pa: float
    limit_share: float

    def __post_init__(self) -> None:
        if self.max_quarters < 0:
            raise ValueError(f"max_quarters from 0 on, got {self.max_quarters}")
        if not 0.0 <= self.rate_pa < math.inf:
            raise ValueError(f"rate_pa from 0 on, finite, got {self.rate_pa}")
        if not 0.0 <= self.limit_share <= 1.0:
            raise ValueError(f"limit_share in [0, 1], got {self.limit_share}")


class LinePaths(NamedTuple):
    """Flows between LPs, fund and bank, arrays of shape (N, T), million CNY.

    Attributes
    ----------
    calls : ndarray
        From LPs.
    drawn, repaid, interest : ndarray
        Between fund and bank.
    balance : ndarray
        Owed to the bank at the end of the quarter.
    """

    calls: FloatArray
    drawn: FloatArray
    repaid: FloatArray
    interest: FloatArray
    balance: FloatArray


def interest_at_most(commitment: ArrayLike, line: CreditLine) -> FloatArray:
    """Return the interest if every need is drawn for the full time, million CNY, shape (...).

    Needs ``n`` and their interest ``n rate_pa max_quarters / 4`` make up the commitment.
    """
    size = np.asarray(commitment, float)
    needs = size / (1.0 + line.rate_pa * line.max_quarters / QUARTERS_PER_YEAR)
    result: FloatArray = size - needs
    return result


@inner_kernel
def draw_now(
    need: float, headroom: float, limit_share: float, interest_room: float, interest: float
) -> float:
    """Return what can be drawn of a need.

    Parameters
    ----------
    need : float
        Million CNY.
    headroom : float
        Million CNY, limit less balance if nothing is drawn; a yuan drawn is a yuan that stays
        uncalled, so it takes ``1 - limit_share`` of the headroom.
    limit_share : float
    interest_room : float
        Million CNY that can still be promised as interest.
    interest : float
        Of a yuan until it is repaid.
    """
    amount = need
    if limit_share < 1.0:
        amount = min(amount, max(0.0, headroom) / (1.0 - limit_share))
    if interest > 0.0:
        amount = min(amount, max(0.0, interest_room) / interest)
    return amount


@inner_kernel
def repay_due(owing: FloatArray, oldest: int, quarter: int, last: int, max_quarters: int) -> float:
    """Repay the draw whose time is over, in the last quarter all; return what was repaid.

    `owing` of shape (T,) holds what is left of each quarter's draw and is changed in place.
    """
    repaid = 0.0
    for s in range(oldest, quarter):
        if quarter == last or s + max_quarters == quarter:
            repaid += owing[s]
            owing[s] = 0.0
    return repaid


@inner_kernel
def repay_early(
    owing: FloatArray, oldest: int, quarter: int, last: int, amount: float, max_quarters: int
) -> tuple[float, float]:
    """Repay from the oldest draws on; return what was repaid and the yuan-quarters saved."""
    left, saved = amount, 0.0
    for s in range(oldest, quarter):
        part = min(left, owing[s])
        owing[s] -= part
        left -= part
        saved += part * (min(s + max_quarters, last) - quarter)
    return amount - left, saved


@kernel
def delay_all(
    needs: FloatArray,
    commitment: FloatArray,
    max_quarters: int,
    rate_pp: float,
    limit_share: float,
    out: FloatArray,
) -> None:
    """Fill `out` (5, N, T), in the order of :class:`LinePaths`, from needs of shape (N, T)."""
    n_funds, n_quarters = needs.shape
    owing, last = np.zeros(n_quarters), n_quarters - 1
    for i in range(n_funds):
        interest_room, called, balance = commitment[i], 0.0, 0.0
        for q in range(n_quarters):
            interest_room -= needs[i, q]
        for q in range(n_quarters):
            need, interest = needs[i, q], rate_pp * balance
            oldest = max(0, q - max_quarters)
            repaid = repay_due(owing, oldest, q, last, max_quarters)
            balance = max(0.0, balance - repaid)
            uncalled = commitment[i] - called - repaid - interest
            headroom = limit_share * (uncalled - need) - balance
            quarters = min(max_quarters, last - q)
            drawn = 0.0
            if headroom < 0.0 and limit_share < 1.0:
                excess = min(balance, -headroom / (1.0 - limit_share))
                early, saved = repay_early(owing, oldest, q, last, excess, max_quarters)
                interest_room += rate_pp * saved
                repaid += early
                balance -= early
            elif quarters > 0:
                cost = rate_pp * quarters
                drawn = draw_now(need, headroom, limit_share, interest_room, cost)
                interest_room -= cost * drawn
            owing[q] = drawn
            balance += drawn
            call = need - drawn + repaid + interest
            called += call
            out[0, i, q], out[1, i, q], out[2, i, q] = call, drawn, repaid
            out[3, i, q], out[4, i, q] = interest, balance


def with_credit_line(calls: ArrayLike, commitment: ArrayLike, line: CreditLine) -> LinePaths:
    """Return the calls of funds that use a line to meet their needs first.

    Parameters
    ----------
    calls : array-like of shape (N, T) or (T,)
        Million CNY a quarter without the line, at least 0, in all at most the commitment.
    commitment : array-like of shape (N,) or ()
        Million CNY.
    line : CreditLine

    Returns
    -------
    LinePaths
        Without quarters or limit the calls are the given ones, bit for bit.

    Raises
    ------
    ValueError
        If calls are below 0, not finite, or exceed the commitment.
    """
    needs = np.ascontiguousarray(np.atleast_2d(np.asarray(calls, float)))
    size = np.ascontiguousarray(np.broadcast_to(np.asarray(commitment, float), len(needs)))
    if not (np.isfinite(needs) & (needs >= 0.0)).all():
        raise ValueError("calls must be finite and at least 0")
    if not (needs.sum(axis=1) <= size * (1.0 + 1e-9)).all():
        raise ValueError("calls exceed the commitment")
    out = np.empty((len(LinePaths._fields), *needs.shape))
    rate_pp = line.rate_pa / QUARTERS_PER_YEAR
    delay_all(needs, size, line.max_quarters, rate_pp, line.limit_share, out)
    return LinePaths(*out)
