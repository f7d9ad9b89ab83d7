"""Firms by year, from the histories of a path: what a register and a deal database would hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.market.columns import (
    BORN,
    CLOSED,
    FAILED,
    FIRST_EXIT,
    GAVE_UP,
    GRANTED,
    INVESTMENT,
    LENT,
)
from finmodel.market.result import PathDetail
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import ROUTES, FloatArray, IntArray

ALIVE, FAILED_OR_CLOSED, FIRST_ROUTE = 0, 1, 2
STATUSES = ("operating", "closed", *ROUTES)
"""Status of a firm by code."""


@dataclass(frozen=True)
class FirmYears:
    """Hard-tech firms of one path by year, from the first year of the warm-up on.

    Attributes
    ----------
    first_year : int
        Calendar year of column 0.
    firm : ndarray of uint64, shape (F,)
        Identity, ascending; the same in every arm.
    region, sector, entry_stage, birth : ndarray of int, shape (F,)
        Codes, and the year of birth as a column.
    end : ndarray of int, shape (F,)
        Column of the year in which the firm ended; the number of columns if it did not.
    status : ndarray of int, shape (F,)
        At the end of the run, by `STATUSES`.
    rounds, support : ndarray of shape (F, Y)
        Rounds closed, and million CNY from vehicles of programmes, grants and loans among it.
    raised : ndarray of shape (F, Y)
        Million CNY of rounds, grants and guaranteed loans.
    stage : ndarray of int, shape (F, Y)
        Highest stage of a financing by the year's end, -1 before the first.
    """

    first_year: int
    firm: NDArray[np.uint64]
    region: IntArray
    sector: IntArray
    entry_stage: IntArray
    birth: IntArray
    end: IntArray
    status: IntArray
    rounds: FloatArray
    support: FloatArray
    raised: FloatArray
    stage: IntArray

    @property
    def first_support(self) -> IntArray:
        """Column of the first year with support, the number of columns for none, shape (F,)."""
        has = self.support > 0.0
        first: IntArray = np.where(has.any(axis=1), has.argmax(axis=1), has.shape[1])
        return first


def firm_years(world: World, detail: PathDetail) -> FirmYears:
    """Return the hard-tech firms of one path by year.

    Parameters
    ----------
    world : World
        Of the arm that was played.
    detail : PathDetail
        With histories.
    """
    events = detail.events[world.is_hard_tech[detail.events["sector"]]]
    kind = events["kind"]
    wide = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
    born = events[kind == BORN]
    firm, order = np.unique(wide[kind == BORN], return_index=True)
    born = born[order]
    place = np.searchsorted(firm, wide)
    column = (events["quarter"] // QUARTERS_PER_YEAR).astype(np.int64)
    n_years = world.arrays.calendar.n_quarters // QUARTERS_PER_YEAR
    shape = (len(firm), n_years)

    def add_up(mask: NDArray[np.bool_], values: FloatArray | None = None) -> FloatArray:
        code = place[mask] * n_years + column[mask]
        weights = None if values is None else values[mask]
        sums = np.bincount(code, weights, minlength=shape[0] * n_years)
        return sums.astype(np.float64).reshape(shape)

    is_vehicle = kind == INVESTMENT
    fund_kind = detail.funds["kind"][events["fund"][is_vehicle]]
    is_vehicle[is_vehicle] = fund_kind >= world.arrays.fund_rate_pp.shape[1]
    is_given = (kind == GRANTED) | (kind == LENT)
    is_financing = (kind == CLOSED) | is_given
    stage = np.full(shape, -1, np.int64)
    np.maximum.at(stage, (place[is_financing], column[is_financing]), events["stage"][is_financing])
    is_end = (kind == FAILED) | (kind == GAVE_UP) | _is_exit(kind)
    end, status = np.full(len(firm), n_years), np.full(len(firm), ALIVE)
    end[place[is_end]] = column[is_end]
    codes = np.where(_is_exit(kind), FIRST_ROUTE + kind - FIRST_EXIT, FAILED_OR_CLOSED)
    status[place[is_end]] = codes[is_end]
    return FirmYears(
        first_year=world.years[0] - world.scenario.run.warm_up_years,
        firm=firm,
        region=born["region"].astype(np.int64),
        sector=born["sector"].astype(np.int64),
        entry_stage=born["stage"].astype(np.int64),
        birth=(born["quarter"] // QUARTERS_PER_YEAR).astype(np.int64),
        end=end,
        status=status,
        rounds=add_up(kind == CLOSED),
        support=add_up(is_vehicle | is_given, events["amount"]),
        raised=add_up(is_financing, events["amount"]),
        stage=np.maximum.accumulate(stage, axis=1),
    )


def _is_exit(kind: NDArray[np.int16]) -> NDArray[np.bool_]:
    return (kind >= FIRST_EXIT) & (kind < FIRST_EXIT + len(ROUTES))
