"""From the books of one path to the arrays a run keeps.

Every path leaves two panels with all columns, one by year, region, stage and hard-tech
flag, one by year and sector; and, for quantiles in the finest cells, four columns in
single precision. Means and variances of the finest cells are accumulated in the order of
the paths, so they do not depend on threads or chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import InvariantError
from finmodel.market.columns import (
    ASK_M,
    ASK_N,
    FUNDED,
    MARKET,
    MONEY,
    N_COLUMNS,
    N_OUTCOMES,
    N_TESTS,
    SHORTFALL,
)
from finmodel.market.state import Books
from finmodel.numeric.jit import kernel
from finmodel.world import World
from finmodel.world.arrays import FloatArray, Table

IDENTITY_TOLERANCE = 1e-9
FINE = ("viable_ask_n", "viable_ask_m", "gap_n", "gap_m")
"""Columns of `PathRecord.fine`, at the market test."""


def outcome_column(outcome: int, test: int, *, is_money: bool) -> int:
    """Return the column of an outcome under a test, in count or in money."""
    return int(is_money) * MONEY + outcome * N_TESTS + test


@dataclass(frozen=True)
class PathRecord:
    """What one path leaves.

    Attributes
    ----------
    cells : ndarray of shape (Y, R, K, S, N_COLUMNS)
    panel : ndarray of shape (Y, R, K, 2, N_COLUMNS)
        Summed over general (0) and hard-tech (1) sectors.
    sectors : ndarray of shape (Y, S, N_COLUMNS)
    fine : ndarray of float32, shape (Y, R, K, S, 4)
        The columns of `FINE`.
    flow : ndarray of shape (2, Y, T, R, R)
        Rounds joined, and million CNY, by fund type, from fund region to firm region.
    fund_flow : ndarray of shape (Y, R, T, N_FUND_COLUMNS)
    survival : ndarray of shape (S, Y, Y, N_FATES)
        By year of birth, then of the event; firms born in the warm-up are left out.
    ownership : ndarray of shape (Y, K, T + 2)
    spent : ndarray of shape (Y, R)
        By firms, million CNY.
    exits : ndarray of EXIT_ROW
        Every exit of the reported years.
    firm_quarters : int
        Firms alive summed over quarters, warm-up included.
    """

    cells: FloatArray
    panel: FloatArray
    sectors: FloatArray
    fine: NDArray[np.float32]
    flow: FloatArray
    fund_flow: FloatArray
    survival: FloatArray
    ownership: FloatArray
    spent: FloatArray
    exits: Table
    firm_quarters: int


@kernel
def worst_identity(cells: FloatArray) -> tuple[float, int, int]:
    """Return the largest relative breach of the identity of needs, its cell and its side.

    Cells are flattened over (year, region, stage, sector); side 0 is count, 1 is money.
    """
    worst, where, which = 0.0, 0, 0
    for cell in range(cells.shape[0]):
        for side in range(2):
            asked = cells[cell, ASK_M if side == 1 else ASK_N]
            found = 0.0
            for outcome in range(N_OUTCOMES):
                found += cells[cell, side * MONEY + outcome * N_TESTS]
            breach = abs(found - asked) / max(abs(asked), 1.0)
            if not breach <= worst:
                worst, where, which = breach, cell, side
    return worst, where, which


@kernel
def reduce_cells(
    cells: FloatArray,
    is_hard_tech: NDArray[np.bool_],
    panel: FloatArray,
    sectors: FloatArray,
    fine: NDArray[np.float32],
) -> None:
    """Add the cells of a path into its zeroed panels."""
    n_years, n_regions, n_stages, n_sectors, n_columns = cells.shape
    for y in range(n_years):
        for r in range(n_regions):
            for k in range(n_stages):
                for s in range(n_sectors):
                    hard = 1 if is_hard_tech[s] else 0
                    for column in range(n_columns):
                        amount = cells[y, r, k, s, column]
                        panel[y, r, k, hard, column] += amount
                        sectors[y, s, column] += amount
                    for side in range(2):
                        first = side * MONEY + MARKET
                        gap = 0.0
                        for outcome in range(SHORTFALL, N_OUTCOMES):
                            gap += cells[y, r, k, s, first + outcome * N_TESTS]
                        fine[y, r, k, s, side] = cells[y, r, k, s, first + FUNDED * N_TESTS] + gap
                        fine[y, r, k, s, 2 + side] = gap


@kernel
def add_moments(mean: FloatArray, squares: FloatArray, cells: FloatArray, count: int) -> None:
    """Update flat running means and sums of squared deviations with the `count`-th path."""
    for j in range(len(cells)):
        delta = cells[j] - mean[j]
        mean[j] += delta / count
        squares[j] += delta * (cells[j] - mean[j])


def check_identity(world: World, cells: FloatArray, path: int) -> None:
    """Check ``ask = funded + shortfall + rejected + refused + discouraged`` in every cell.

    Raises
    ------
    InvariantError
        Naming path, cell, and both sides.
    """
    flat = cells.reshape(-1, N_COLUMNS)
    worst, where, side = worst_identity(flat)
    if worst <= IDENTITY_TOLERANCE:
        return
    y, r, k, s = np.unravel_index(where, cells.shape[:-1])
    outcomes = [outcome_column(o, 0, is_money=side == 1) for o in range(N_OUTCOMES)]
    raise InvariantError(
        f"needs do not add up ({'million CNY' if side else 'count'}): path {path}, "
        f"year {world.years[y]}, region {world.regions[r]}, stage {world.stages[k]}, "
        f"sector {world.sectors[s]}: asked {flat[where, ASK_M if side else ASK_N]!r}, "
        f"by outcome {flat[where, outcomes].sum()!r}"
    )


def record_path(
    world: World, books: Books, n_exits: int, path: int, firm_quarters: int
) -> PathRecord:
    """Reduce the books of one path, dropping the warm-up.

    Raises
    ------
    InvariantError
        If needs do not add up in some cell.
    """
    cells = books.cells[:-1]
    check_identity(world, cells, path)
    n_years, n_regions, n_stages, n_sectors, n_columns = cells.shape
    panel = np.zeros((n_years, n_regions, n_stages, 2, n_columns))
    sectors = np.zeros((n_years, n_sectors, n_columns))
    fine = np.empty((*cells.shape[:-1], len(FINE)), np.float32)
    reduce_cells(cells, world.is_hard_tech, panel, sectors, fine)
    return PathRecord(
        cells=cells,
        panel=panel,
        sectors=sectors,
        fine=fine,
        flow=books.flow[:, :-1],
        fund_flow=books.fund_flow[:-1],
        survival=books.survival[:, :-1, :-1],
        ownership=books.ownership[:-1],
        spent=np.diff(books.spent[:-1], axis=0, prepend=books.spent[-1:]),
        exits=books.exits[:n_exits],
        firm_quarters=firm_quarters,
    )


class Moments:
    """Mean and sum of squared deviations of cells, taken path by path (Welford 1962)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count = 0
        self.mean = np.zeros(shape)
        self.squares = np.zeros(shape)

    def add(self, cells: FloatArray) -> None:
        """Add the cells of the next path; the order of calls fixes the bits."""
        self.count += 1
        add_moments(self.mean.reshape(-1), self.squares.reshape(-1), cells.reshape(-1), self.count)

    def restore(self, count: int, mean: FloatArray, squares: FloatArray) -> None:
        """Go on from what `mean` and `squares` were after `count` paths."""
        self.count = count
        self.mean, self.squares = mean.copy(), squares.copy()

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of the mean; NaN with fewer than two paths."""
        if self.count < 2:
            return np.full_like(self.mean, np.nan)
        result: FloatArray = np.sqrt(self.squares / (self.count - 1) / self.count)
        return result
