"""Shares as money: tables whose rounded numbers add up, and what an edit of either means; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from finmodel.report.wording import MoneyUnit

FloatArray = NDArray[np.float64]
DECIMALS: dict[MoneyUnit, int] = {"bn": 3, "yi": 2, "mcny": 0}
"""Money is shown to a million CNY in each unit."""
PERCENT_DECIMALS = 2
SHARE_DIGITS = 10
"""Of a share that comes from money: of a budget of a million million CNY it is off by 0.1 CNY."""
AS_GOOD_AS = 1e-6
"""Parts of the last digit shown within which a number is a whole one."""
NO_CHANGE = 1e-9
SPLIT_BY_STAGE = ("fund_of_funds", "direct", "co_investment")
"""Vehicles that look for stages in proportion to weights. A grant or a guarantee is open to every
stage with a weight, and the model does not split its money by stage."""


@dataclass(frozen=True)
class Split:
    """A budget by province and stage, in the unit shown, rounded so that it adds up.

    Attributes
    ----------
    cells : ndarray of shape (R, K)
    places : ndarray of shape (R,)
        Sums over stages.
    stages : ndarray of shape (K,)
        Sums over provinces.
    total : float
    """

    cells: FloatArray
    places: FloatArray
    stages: FloatArray
    total: float


def split(
    budget: float, shares: Sequence[float], weights: Sequence[float], decimals: int
) -> Split | None:
    """Return budget times share times weight over the sum of weights, as the model takes weights.

    Parameters
    ----------
    budget : float
        In the unit shown.
    shares : sequence of float
        Of provinces.
    weights : sequence of float
        Of stages.
    decimals : int

    Returns
    -------
    Split or None
        None if there is no sum of weights to divide by, or a number is negative or not finite.
    """
    given = np.array([budget, *shares, *weights])
    if not np.isfinite(given).all() or (given < 0.0).any() or not math.fsum(weights) > 0.0:
        return None
    exact = budget * np.outer(shares, np.asarray(weights) / math.fsum(weights))
    cells = adding_up(exact, decimals)
    places, stages = cells.sum(axis=1).round(decimals), cells.sum(axis=0).round(decimals)
    return Split(cells, places, stages, round(float(cells.sum()), decimals))


def adding_up(values: FloatArray, decimals: int) -> FloatArray:
    """Return a table rounded so that what is shown adds up in every row and column.

    Each number, each sum of a row or a column, and the sum of all is the exact one rounded up or
    down; the sum of all to the nearest, the numbers as near as that allows. Such a rounding always
    exists (Bacharach 1966; Causey, Cox and Ernst 1985): it is an integral flow.

    Parameters
    ----------
    values : ndarray of shape (R, K)
        Finite.
    decimals : int
    """
    scale = 10.0**decimals
    return _whole(tuple(map(tuple, np.asarray(values) * scale))) / scale


@lru_cache(maxsize=512)
def _whole(values: tuple[tuple[float, ...], ...]) -> FloatArray:
    """Return a table rounded to whole numbers that add up."""
    exact = _snapped(np.array(values))
    low, high = np.floor(exact), np.ceil(exact)
    if exact.size == 0 or (low == high).all():
        return exact
    rows, columns = exact.shape
    over_rows = np.kron(np.eye(rows), np.ones(columns))
    over_columns = np.kron(np.ones(rows), np.eye(columns))
    sums = np.vstack([over_rows, over_columns])
    wanted = _snapped(sums @ exact.ravel())
    found = linprog(
        1.0 - 2.0 * (exact - low).ravel(),
        A_ub=np.vstack([sums, -sums]),
        b_ub=np.concatenate([np.ceil(wanted), -np.floor(wanted)]),
        A_eq=np.ones((1, exact.size)),
        b_eq=[np.round(exact.sum())],
        bounds=np.column_stack([low.ravel(), high.ravel()]),
        method="highs-ds",
    )
    plain: FloatArray = np.round(exact)
    return np.round(found.x).reshape(exact.shape) if found.status == 0 else plain


def _snapped(values: FloatArray) -> FloatArray:
    """Return numbers, those as good as whole made whole."""
    near = np.round(values)
    return np.where(np.abs(values - near) <= AS_GOOD_AS, near, values)


@dataclass(frozen=True)
class Taken:
    """What edits of a table mean.

    Attributes
    ----------
    shares : dict of float
        Of the names whose share an edit changes.
    is_mixed : bool
        Whether a row was edited as a share and as money: one of them is no longer true, and the
        table must forget its edits.
    """

    shares: dict[str, float]
    is_mixed: bool


def taken(
    edits: Mapping[int, Mapping[str, object]], shares: Mapping[str, float], budget: float
) -> Taken:
    """Return the shares that edited cells stand for.

    Parameters
    ----------
    edits : mapping of mapping
        By row: cells of columns `share` (per cent) and `money`, as the visitor has left them, all
        edits since the table was drawn first.
    shares : mapping of float
        As they are, in the order of rows.
    budget : float
        In the unit of the column; 0 takes no money.
    """
    names, found, is_mixed = list(shares), {}, False
    for row, cells in edits.items():
        name = names[int(row)]
        asked = [
            new
            for column in ("money", "share")
            if column in cells and (new := _share(cells[column], column, budget)) is not None
        ]
        is_mixed |= len(asked) > 1
        fresh = [new for new in asked if abs(new - shares[name]) > NO_CHANGE]
        if fresh:
            found[name] = fresh[0]
    return Taken(found, is_mixed)


def _share(cell: object, column: str, budget: float) -> float | None:
    """Return the share that a cell stands for; one that was emptied is 0."""
    value = float(str(cell)) if cell is not None else 0.0
    if math.isnan(value):
        value = 0.0
    if column == "share":
        return round(value / 100.0, SHARE_DIGITS)
    return round(value / budget, SHARE_DIGITS) if budget > 0.0 else None
