"""Firms, financings and funds of the paths kept in detail, ready for the targets that need them."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.market import columns as col
from finmodel.market import diary
from finmodel.market.result import FundMoney, PathDetail, RunResult
from finmodel.measure.fund_flows import ALL, Flows, lp_flows, money_of
from finmodel.measure.fund_metrics import fund_metric_table
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world import World
from finmodel.world.arrays import ROUTES, FloatArray, IntArray, Table

NEVER = np.iinfo(np.int32).max
"""Quarter of what did not happen."""

ALIVE = -1


class Firms(NamedTuple):
    """Firms of a path, one row each; quarters from the start of the warm-up.

    Attributes
    ----------
    born, end : ndarray of int, shape (N,)
        Quarter of birth, and of the end; `NEVER` for firms still there.
    end_kind : ndarray of int, shape (N,)
        As in `columns.EVENT_KINDS`; `ALIVE` for none.
    first_round : ndarray of int, shape (N, K)
        Quarter of the first round at each stage, `NEVER` for none.
    round_firm, round_quarter, round_stage : ndarray of int, shape (M,)
        Every round: row of its firm, quarter, stage.
    amount, post_money : ndarray of shape (M,), million CNY
    is_first : ndarray of bool, shape (M,)
        Whether the round is the firm's first of its stage; the others are bridges.
    """

    born: IntArray
    end: IntArray
    end_kind: IntArray
    first_round: IntArray
    round_firm: IntArray
    round_quarter: IntArray
    round_stage: IntArray
    amount: FloatArray
    post_money: FloatArray
    is_first: NDArray[np.bool_]


class Financings(NamedTuple):
    """Rounds of firms that ended in the reported years: what funds paid and got, each (D,).

    Stakes that a fund sold at the end of its term are left out: that is no end of the firm.
    """

    cost: FloatArray
    value: FloatArray

    @property
    def multiple(self) -> FloatArray:
        """Value over cost."""
        return self.value / self.cost


class Details:
    """What the targets need of the detailed paths, each made when first asked for.

    Parameters
    ----------
    run : RunResult

    Raises
    ------
    InputError
        If the run has no path in detail.
    """

    def __init__(self, run: RunResult) -> None:
        self.run = run
        self.world: World = run.world
        self.paths: tuple[tuple[PathDetail, FundMoney], ...] = money_of(run)
        calendar = run.world.arrays.calendar
        self.n_quarters = int(calendar.n_quarters)
        self.first_reported = self.n_quarters - QUARTERS_PER_YEAR * len(run.world.years)

    @cached_property
    def firms(self) -> list[Firms]:
        """Firms of each path."""
        return [_firms(item.events, len(self.world.stages)) for item, _ in self.paths]

    @cached_property
    def fund_metrics(self) -> pd.DataFrame:
        """Metrics of every fund for all its LPs."""
        table = fund_metric_table(self.run)
        return table[table["lps"] == ALL]

    @cached_property
    def flows(self) -> list[Flows]:
        """Flows of LPs, a row a fund."""
        return [lp_flows(self.world, item, money, ALL) for item, money in self.paths]

    @cached_property
    def financings(self) -> list[Financings]:
        """Financings of firms that ended in the reported years, of each path."""
        return [
            _financings(money, firms_end(item.events), self.first_reported)
            for item, money in self.paths
        ]

    @cached_property
    def exit_cases(self) -> list[IntArray]:
        """Way out of every stake of a fund in a firm that ended with value, of each path.

        Codes are places in `ROUTES`; a stake sold to outsiders at the end of a fund's term is a
        transfer.
        """
        return [self._exit_cases(item, money) for item, money in self.paths]

    def invested(self, path: int) -> FloatArray:
        """Return what funds have put into firms by age, so far, shape (F, A)."""
        so_far: FloatArray = self.paths[path][1].quarters[..., diary.INVESTED]
        return so_far

    def nav(self, path: int) -> FloatArray:
        """Return the NAV of funds at marks by age, shape (F, A)."""
        marks: FloatArray = self.paths[path][1].quarters[..., diary.NAV]
        return marks

    def _exit_cases(self, item: PathDetail, money: FundMoney) -> IntArray:
        ids, quarter, kind = firms_end(item.events)
        lots = money.lots
        firm = firm_ids(lots)
        place = np.minimum(np.searchsorted(ids, firm), max(len(ids) - 1, 0))
        is_known = ids[place] == firm
        route = np.where(is_known, kind[place] - col.FIRST_EXIT, -1)
        has_value = (route >= 0) & (route < len(ROUTES)) & (quarter[place] >= self.first_reported)
        types, kinds = self.world.arrays.types, item.funds["kind"][lots["fund"]]
        over = item.funds["vintage"][lots["fund"]] + types["term_quarters"][kinds]
        is_sold = (lots["end"] == diary.SOLD) & (over >= self.first_reported)
        is_out = (lots["end"] == diary.PAID_OUT) & has_value
        way = np.where(is_sold, ROUTES.index("transfer"), route)
        chosen = is_sold | is_out
        cases = np.stack([lots["fund"][chosen].astype(np.uint64), firm[chosen]], axis=1)
        _, first = np.unique(cases, axis=0, return_index=True)
        found: IntArray = way[chosen][first].astype(np.int64)
        return found


def firm_ids(rows: Table) -> NDArray[np.uint64]:
    """Return the identity of the firm of each row."""
    ids = (rows["key"].astype(np.uint64) << np.uint64(32)) | rows["serial"].astype(np.uint64)
    return np.asarray(ids, np.uint64)


Ends = tuple[NDArray[np.uint64], IntArray, IntArray]


def firms_end(events: Table) -> Ends:
    """Return the firms that ended, by identity: ids, quarter and kind of the end."""
    kind = events["kind"]
    is_end = (kind == col.FAILED) | (kind == col.GAVE_UP)
    is_end |= (kind >= col.FIRST_EXIT) & (kind < col.FIRST_EXIT + len(ROUTES))
    rows = events[is_end]
    ids, first = np.unique(firm_ids(rows), return_index=True)
    last = rows[first]
    return ids, last["quarter"].astype(np.int64), last["kind"].astype(np.int64)


def _firms(events: Table, n_stages: int) -> Firms:
    ids, row = np.unique(firm_ids(events), return_inverse=True)
    kind, quarter = events["kind"], events["quarter"].astype(np.int64)
    born = np.full(len(ids), NEVER, np.int64)
    born[row[kind == col.BORN]] = quarter[kind == col.BORN]
    end, end_kind = np.full(len(ids), NEVER, np.int64), np.full(len(ids), ALIVE, np.int64)
    ended, at, how = firms_end(events)
    place = np.searchsorted(ids, ended)
    end[place], end_kind[place] = at, how
    is_round = kind == col.CLOSED
    firm, when = row[is_round], quarter[is_round]
    stage = events["stage"][is_round].astype(np.int64)
    first_round = np.full((len(ids), n_stages), NEVER, np.int64)
    np.minimum.at(first_round, (firm, stage), when)
    return Firms(
        born,
        end,
        end_kind,
        first_round,
        firm,
        when,
        stage,
        events["amount"][is_round].astype(np.float64),
        events["post_money"][is_round].astype(np.float64),
        when == first_round[firm, stage],
    )


def _financings(money: FundMoney, ends: Ends, first_reported: int) -> Financings:
    ids, quarter, _ = ends
    lots = money.lots[money.lots["end"] == diary.PAID_OUT]
    firm = firm_ids(lots)
    place = np.minimum(np.searchsorted(ids, firm), max(len(ids) - 1, 0))
    chosen = (ids[place] == firm) & (quarter[place] >= first_reported)
    lots, firm = lots[chosen], firm[chosen]
    keys = np.stack([firm, lots["quarter"].astype(np.uint64)], axis=1)
    pairs, row = np.unique(keys, axis=0, return_inverse=True)
    row = row.reshape(-1)
    cost = np.bincount(row, lots["cost"], len(pairs)).astype(np.float64)
    value = np.bincount(row, lots["value"], len(pairs)).astype(np.float64)
    is_paid = cost > 0.0
    return Financings(cost[is_paid], value[is_paid])
