"""What a run keeps: every path's panels on a spool, moments of the finest cells, details."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.market.collect import Moments, PathRecord
from finmodel.market.resume import Array, Part
from finmodel.market.spool import Spool
from finmodel.world import World
from finmodel.world.arrays import FloatArray, Table


class FundMoney(NamedTuple):
    """Dated money of every fund of a path.

    Attributes
    ----------
    quarters : ndarray of shape (F, A, columns of diary)
        By age in quarters, from 0 in the quarter in which the fund was raised. Zero after the
        fund's end and after the end of the run.
    settled : ndarray of shape (F, 3)
        What LPs would get at the end of the run if funds were settled at their marks; columns of
        :func:`finmodel.market.diary.settle_funds`.
    lots : ndarray of LOT_ROW
        Every purchase of shares, at its end.
    """

    quarters: FloatArray
    settled: FloatArray
    lots: Table


@dataclass(frozen=True)
class PathDetail:
    """Everything about one path that was asked for by name.

    Attributes
    ----------
    path : int
    events : ndarray of EVENT_ROW
        Histories of firms, in the order of events.
    funds : ndarray of FUND_ROW
        Every fund at the end of the run.
    nav : ndarray of shape (F,), million CNY
    lp_share : ndarray of shape (F, L)
    money : FundMoney or None
        None if it was not asked for.
    """

    path: int
    events: Table
    funds: Table
    nav: FloatArray
    lp_share: FloatArray
    money: FundMoney | None


@dataclass(frozen=True)
class RunResult:
    """All paths of one world.

    Attributes
    ----------
    world : World
    seed : int
    n_requested : int
        Paths asked for; fewer are present if the run was interrupted.
    spools : dict of Spool
        `panel` (Y, R, K, 2, N_COLUMNS), `sectors` (Y, S, N_COLUMNS), `fine` (Y, R, K, S, 4)
        in single precision, `flow` (2, Y, T, R, R), `fund_flow` (Y, R, T, N_FUND_COLUMNS),
        `survival` (S, Y, Y, N_FATES), `ownership` (Y, K, T + 2), `spent` (Y, R) by firms,
        and `exits`, rows of EXIT_ROW.
    cell_mean, cell_se : ndarray of shape (Y, R, K, S, N_COLUMNS)
    details : tuple of PathDetail
        Of the first paths, as many as were asked for.
    firm_quarters : int
    seconds : float
        Wall time of the simulation, compilation excluded.
    """

    world: World
    seed: int
    n_requested: int
    spools: dict[str, Spool]
    cell_mean: FloatArray
    cell_se: FloatArray
    details: tuple[PathDetail, ...]
    firm_quarters: int
    seconds: float

    @property
    def n_paths(self) -> int:
        """Paths present."""
        return len(self.spools["panel"])

    @property
    def is_complete(self) -> bool:
        """Whether every path asked for is present."""
        return self.n_paths == self.n_requested

    @property
    def panel(self) -> FloatArray:
        """The whole panel, shape (P, Y, R, K, 2, N_COLUMNS): for small runs."""
        return self.spools["panel"].whole()

    @property
    def sectors(self) -> FloatArray:
        """All sectors, shape (P, Y, S, N_COLUMNS)."""
        return self.spools["sectors"].whole()

    @property
    def fine(self) -> NDArray[np.float32]:
        """The finest cells, shape (P, Y, R, K, S, 4): for small runs."""
        return self.spools["fine"].whole()

    @property
    def flow(self) -> FloatArray:
        """Rounds joined and million CNY, shape (P, 2, Y, T, fund region, firm region)."""
        return self.spools["flow"].whole()

    @property
    def fund_flow(self) -> FloatArray:
        """Flows of funds, shape (P, Y, R, T, N_FUND_COLUMNS)."""
        return self.spools["fund_flow"].whole()

    @property
    def ownership(self) -> FloatArray:
        """Cap tables by class, shape (P, Y, K, T + 2)."""
        return self.spools["ownership"].whole()

    @property
    def exits(self) -> Table:
        """Ends of firms of all paths, joined: for small runs."""
        return self.spools["exits"].whole()

    def some_exits(self, most: int) -> tuple[Table, NDArray[np.int64]]:
        """Return the ends of firms of as many whole paths as give at most `most`.

        Returns
        -------
        exits : ndarray of EXIT_ROW
            Of the first paths; of at least one.
        counts : ndarray of int
            Rows of each of these paths.
        """
        spool = self.spools["exits"]
        counts = spool.row_counts()
        n = max(1, int(np.searchsorted(np.cumsum(counts), most, side="right")))
        return spool.read(0, n), counts[:n]


class Keeper:
    """Takes the records of paths in their order and returns the result.

    Attributes
    ----------
    n_requested : int
        Paths asked for.
    n : int
        Paths taken.
    """

    FIELDS = (
        "panel",
        "sectors",
        "fine",
        "flow",
        "fund_flow",
        "survival",
        "ownership",
        "spent",
        "exits",
    )

    def __init__(self, world: World, seed: int, n_requested: int) -> None:
        self._world, self._seed, self.n_requested = world, seed, n_requested
        self._spools: dict[str, Spool] = {}
        self._moments: Moments | None = None
        self._details: list[PathDetail] = []
        self._firm_quarters = 0
        self.n = 0

    def add(self, record: PathRecord, detail: PathDetail | None) -> None:
        """Keep the next path."""
        if self._moments is None:
            self._moments = Moments(record.cells.shape)
        self._moments.add(record.cells)
        for name in self.FIELDS:
            self._append(name, [getattr(record, name)])
        if detail is not None:
            self._details.append(detail)
        self._firm_quarters += record.firm_quarters
        self.n += 1

    def since(self, first: int) -> dict[str, Array]:
        """Return what paths from `first` on left, and the sums over all."""
        assert self._moments is not None
        arrays = {name: spool.read(first, self.n) for name, spool in self._spools.items()}
        arrays["exit_counts"] = self._spools["exits"].row_counts()[first:]
        arrays["mean"], arrays["squares"] = self._moments.mean, self._moments.squares
        arrays["firm_quarters"] = np.array(self._firm_quarters)
        for detail in self._details[first:]:
            for name in _DETAIL_ARRAYS:
                arrays[f"{detail.path}/{name}"] = getattr(detail, name)
            if detail.money is not None:
                for name, array in detail.money._asdict().items():
                    arrays[f"{detail.path}/money/{name}"] = array
        return arrays

    def restore(self, part: Part) -> None:
        """Take the paths of a part as if one by one."""
        arrays = part.arrays
        ends = np.cumsum(arrays["exit_counts"])
        for name in self.FIELDS:
            blocks = arrays[name]
            self._append(name, np.split(blocks, ends[:-1]) if name == "exits" else blocks)
        self._moments = Moments(arrays["mean"].shape)
        self._moments.restore(part.last, arrays["mean"], arrays["squares"])
        self._firm_quarters = int(arrays["firm_quarters"])
        for path in range(part.first, part.last):
            if f"{path}/{_DETAIL_ARRAYS[0]}" in arrays:
                kept = {name: arrays[f"{path}/{name}"] for name in _DETAIL_ARRAYS}
                money = None
                if f"{path}/money/{FundMoney._fields[0]}" in arrays:
                    money = FundMoney(*(arrays[f"{path}/money/{x}"] for x in FundMoney._fields))
                self._details.append(PathDetail(path=path, **kept, money=money))
        self.n = part.last

    def result(self, seconds: float) -> RunResult:
        """Return what was kept; at least one path must have been."""
        assert self._moments is not None
        return RunResult(
            world=self._world,
            seed=self._seed,
            n_requested=self.n_requested,
            spools=self._spools,
            cell_mean=self._moments.mean,
            cell_se=self._moments.standard_error,
            details=tuple(self._details),
            firm_quarters=self._firm_quarters,
            seconds=seconds,
        )

    def _append(self, name: str, blocks: Iterable[Array]) -> None:
        """Put the arrays of the next paths on a spool."""
        for block in blocks:
            if name not in self._spools:
                shape = (-1,) if name == "exits" else block.shape
                self._spools[name] = Spool(shape, block.dtype)
            self._spools[name].append(block)


_DETAIL_ARRAYS = tuple(
    field.name for field in fields(PathDetail) if field.name not in ("path", "money")
)
