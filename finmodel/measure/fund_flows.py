"""Dated money of single funds in a run: what each class of LPs paid and got, and gross of them.

Money is by age, quarters since a fund was raised, at the quarter's end. A fund that is not over
at the end of the run is taken at its marks there, as is usual for what is unrealised: gross, its
holdings at the price of each firm's last round; net, what LPs would get if it were settled at
these marks, so carry still to come is off it and carry to be paid back is in it. Such a value
stands as the last inflow, at its own date.

The LPs of an ordinary fund all get the same of a yuan. In a vehicle of a programme the state gives
up gains, is bought out, or covers losses: `state` and `private` LPs are told apart, and `all` is
both, after what goes to the manager. What the state pays to cover losses is a negative receipt.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.errors import InputError, Problem
from finmodel.market import diary
from finmodel.market.result import FundMoney, PathDetail, RunResult
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import FloatArray, IntArray, Table

ALL, STATE, PRIVATE = "all", "state", "private"
LPS = (ALL, STATE, PRIVATE)

ROUNDING = 1e-9
"""A deal's value this near to its cost, as a part of it, is its cost."""


class Flows(NamedTuple):
    """Money of some funds of a path.

    Attributes
    ----------
    rows : ndarray of shape (F,)
        Places of the funds in the path.
    paid, got : ndarray of shape (F, A), million CNY
        By age.
    value : ndarray of shape (F,), million CNY
        What is left at the end of the run.
    last : ndarray of shape (F,)
        The age at which it stands.
    commitment : ndarray of shape (F,), million CNY
    """

    rows: IntArray
    paid: FloatArray
    got: FloatArray
    value: FloatArray
    last: IntArray
    commitment: FloatArray

    @property
    def dated(self) -> FloatArray:
        """What was got with the value as the last of it, shape (F, A)."""
        got = self.got.copy()
        got[np.arange(len(got)), self.last] += self.value
        return got


def money_of(run: RunResult) -> tuple[tuple[PathDetail, FundMoney], ...]:
    """Return the paths whose funds were kept by quarter.

    Raises
    ------
    InputError
        If there is none.
    """
    found = tuple((item, item.money) for item in run.details if item.money is not None)
    if not found:
        allowed = "a run with `detailed` of at least 1 and the money of funds"
        raise InputError("details", [Problem("run", "no path in detail", allowed)])
    return found


def years_of_age(money: FundMoney) -> FloatArray:
    """Return the ages in years, shape (A,)."""
    ages: FloatArray = np.arange(money.quarters.shape[1]) / QUARTERS_PER_YEAR
    return ages


def gross_flows(world: World, item: PathDetail, money: FundMoney) -> Flows:
    """Return what funds put into firms and got from them, with holdings at their marks."""
    funds = item.funds
    last = _last(world, money, funds)
    steps = _steps(money, last)
    invested, proceeds = steps[..., diary.INVESTED], steps[..., diary.PROCEEDS]
    return Flows(np.arange(len(funds)), invested, proceeds, item.nav, last, funds["commitment"])


def lp_flows(
    world: World,
    item: PathDetail,
    money: FundMoney,
    lps: str,
    *,
    is_before_clauses: bool = False,
) -> Flows:
    """Return what LPs of some classes paid and got.

    Parameters
    ----------
    world : World
    item : PathDetail
    money : FundMoney
        Of the same path.
    lps : str
        One of `LPS`; `state` and `private` are those of vehicles that have such LPs.
    is_before_clauses : bool
        Of `all`: with the gains that the state gives to the manager of a vehicle still in what
        is got.
    """
    funds, settled = item.funds, money.settled
    last, commitment = _last(world, money, funds), funds["commitment"]
    steps = _steps(money, last)
    called, to_lps = steps[..., diary.CALLED], steps[..., diary.TO_LPS]
    if len(world.programmes) == 0:
        rows = np.arange(len(funds) if lps == ALL else 0)
        worth = settled[rows, diary.ALL_LPS]
        return Flows(rows, called[rows], to_lps[rows], worth, last[rows], commitment[rows])
    given, fee = steps[..., diary.TO_PRIVATE], steps[..., diary.TO_MANAGER]
    if lps == ALL:
        everyone = np.arange(len(funds))
        got = to_lps if is_before_clauses else to_lps - fee
        return Flows(everyone, called, got, settled[:, diary.ALL_LPS], last, commitment)
    share = state_share(world, item)
    part = share if lps == STATE else np.where(share > 0.0, 1.0 - share, 0.0)
    rows = np.flatnonzero(part > 0.0)
    got = part[:, None] * to_lps + (given if lps == PRIVATE else -given - fee)
    worth = settled[:, diary.STATE if lps == STATE else diary.PRIVATE]
    paid = part[:, None] * called
    return Flows(rows, paid[rows], got[rows], worth[rows], last[rows], (part * commitment)[rows])


def state_share(world: World, item: PathDetail) -> FloatArray:
    """Return the part of its programme in each fund, 0 in ordinary funds, shape (F,)."""
    n_ordinary = len(world.fund_types) - len(world.programmes)
    place = item.funds["kind"].astype(np.int64) - n_ordinary
    first = item.lp_share.shape[1] - len(world.programmes)
    column = first + np.maximum(0, place)
    share: FloatArray = np.where(place >= 0, item.lp_share[np.arange(len(place)), column], 0.0)
    return share


def deals_of(money: FundMoney) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the deals of a path, one a fund and firm: fund, cost and value, each (D,).

    The value is all that its lots brought, and what those still held are worth at their marks.
    """
    lots = money.lots
    firm = (lots["key"].astype(np.uint64) << np.uint64(32)) | lots["serial"]
    _, code = np.unique(firm, return_inverse=True)
    n_firms = int(code.max(initial=-1)) + 1
    pairs, deal = np.unique(lots["fund"] * np.int64(n_firms) + code, return_inverse=True)
    cost = np.bincount(deal, lots["cost"], len(pairs))
    value = np.bincount(deal, lots["value"], len(pairs))
    # A deal at its cost is no loss by the last bit of a mark.
    value = np.where(np.abs(value - cost) <= ROUNDING * cost, cost, value)
    fund = np.asarray(pairs // max(1, n_firms), np.int64)
    return fund, np.asarray(cost, np.float64), np.asarray(value, np.float64)


def _steps(money: FundMoney, last: IntArray) -> FloatArray:
    """Return what flows in each quarter of age, from sums so far; the NAV's column is its change.

    Ages after the end of the run have not come, so nothing flows.
    """
    age = np.minimum(np.arange(money.quarters.shape[1]), last[:, None])
    so_far = np.take_along_axis(money.quarters, age[..., None], axis=1)
    steps: FloatArray = np.diff(so_far, axis=1, prepend=0.0)
    return steps


def _last(world: World, money: FundMoney, funds: Table) -> IntArray:
    end = world.arrays.calendar.n_quarters - 1
    last: IntArray = np.minimum(money.quarters.shape[1] - 1, end - funds["vintage"])
    return last
