"""Lives of firms as a simulated market saw them, for funds that draw their deals from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import InputError, Problem
from finmodel.fund.life import ALIVE, BOUGHT_BACK, FAILED, LISTED, MAX_ROUNDS, SOLD, Bank
from finmodel.market.columns import CLOSED, FIRST_EXIT, GAVE_UP
from finmodel.market.columns import FAILED as FIRM_FAILED
from finmodel.market.result import PathDetail
from finmodel.world import World
from finmodel.world.arrays import ROUTES, FloatArray, IntArray

NEVER = 1 << 20
"""Quarters until the end of a firm that is alive when its market stops."""

ROUTE_OF = {"ipo": LISTED, "mna": SOLD, "transfer": LISTED, "buyback": BOUGHT_BACK}
"""What each exit of the market is to a fund: in a transfer all shares are sold at one price."""


def empty_bank(n_stages: int) -> Bank:
    """Return a bank without lives."""
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    first, start = np.zeros(n_stages + 1, np.int64), np.zeros(1, np.int64)
    return Bank(1, 1, 0.0, first, start, none, none, nothing, nothing, nothing, none, none, nothing)


def market_bank(
    world: World,
    details: Sequence[PathDetail],
    *,
    entry_years: int,
    regions: Sequence[str] = (),
    is_hard_tech_only: bool,
    stages: Sequence[str],
) -> Bank:
    """Return the firms whose round of a stage closed in the first reported years of a market.

    A firm is in the bank of a stage once, with its first round of that stage as the one to join,
    every round before and after, and its end. One that is alive when the market stops has none.

    Parameters
    ----------
    world : World
    details : sequence of PathDetail
        With the histories of firms.
    entry_years : int
        Reported years in which the round to join closed.
    regions : sequence of str
        Of the firms; all if empty.
    is_hard_tech_only : bool
    stages : sequence of str
        That a fund joins: each path must have a firm of each.

    Raises
    ------
    InputError
        If a path has no firm of a stage.
    """
    first = world.arrays.calendar.first_reported
    last = first + 4 * entry_years
    chosen = np.isin(world.regions, regions) if regions else np.ones(len(world.regions), bool)
    sector = world.is_hard_tech if is_hard_tech_only else np.ones(len(world.sectors), bool)
    parts = [_lives_of(detail.events, chosen, sector, first, last) for detail in details]
    counts = np.array([np.bincount(part.stage, minlength=len(world.stages)) for part in parts])
    wanted = [world.stages.index(name) for name in stages]
    if not counts[:, wanted].all():
        path, place = np.argwhere(counts[:, wanted] == 0)[0]
        given = f"no round of {stages[place]} in path {path} of {world.scenario.meta.name}"
        allowed = "a market with rounds of each stage of the mix: more regions, or a larger scale"
        raise InputError("market", [Problem("outcomes", given, allowed)])
    sizes = np.concatenate([part.sizes for part in parts])
    return Bank(
        n_markets=len(parts),
        n_together=1,
        redemption_rate_pa=world.scenario.terms.redemption_rate_pa.centre,
        first=np.concatenate([[0], np.cumsum(counts.reshape(-1))]).astype(np.int64),
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        before=np.concatenate([part.before for part in parts]),
        quarter=np.concatenate([part.quarter for part in parts]),
        amount=np.concatenate([part.amount for part in parts]),
        post_money=np.concatenate([part.post_money for part in parts]),
        pool=np.zeros(int(sizes.sum())),
        exit_quarter=np.concatenate([part.exit_quarter for part in parts]),
        route=np.concatenate([part.route for part in parts]),
        exit_value=np.concatenate([part.exit_value for part in parts]),
    )


def n_stages(bank: Bank) -> int:
    """Return the number of stages of a bank."""
    return (len(bank.first) - 1) // bank.n_markets


def stage_lives(bank: Bank, stage: int) -> IntArray:
    """Return the lives of a stage in all markets."""
    cells = stage + n_stages(bank) * np.arange(bank.n_markets)
    parts = [np.arange(bank.first[cell], bank.first[cell + 1]) for cell in cells]
    result: IntArray = np.concatenate(parts)
    return result


class _Lives(NamedTuple):
    """Lives of one path by stage; rounds joined, one life after the other."""

    stage: IntArray
    sizes: IntArray
    before: IntArray
    quarter: IntArray
    amount: FloatArray
    post_money: FloatArray
    exit_quarter: IntArray
    route: IntArray
    exit_value: FloatArray


def _lives_of(
    events: NDArray[Any],
    chosen: NDArray[np.bool_],
    sector: NDArray[np.bool_],
    first: int,
    last: int,
) -> _Lives:
    """Return the lives in the histories of one path, by stage of the round to join."""
    firm = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
    order = np.argsort(firm, kind="stable")
    events, firm = events[order], firm[order]
    is_end = np.append(firm[1:] != firm[:-1], True)
    number = np.cumsum(is_end) - is_end  # of the firm of each event
    end = events[is_end]
    closed = events["kind"] == CLOSED
    rounds, owner = events[closed], number[closed]
    is_first = np.append(True, owner[1:] != owner[:-1])
    begin = np.flatnonzero(is_first)  # first round of each firm that has one
    group = np.cumsum(is_first) - 1
    place = np.arange(len(rounds)) - begin[group]
    held = np.minimum(np.diff(np.append(begin, len(rounds))), MAX_ROUNDS)
    is_new = is_first | np.append(True, rounds["stage"][1:] != rounds["stage"][:-1])
    is_open = (rounds["quarter"] >= first) & (rounds["quarter"] < last) & (place < MAX_ROUNDS)
    joined = np.flatnonzero(is_new & is_open & chosen[rounds["region"]] & sector[rounds["sector"]])
    joined = joined[np.argsort(rounds["stage"][joined], kind="stable")]
    sizes = held[group[joined]]
    row = np.repeat(begin[group[joined]], sizes) + _places(sizes)
    since = rounds["quarter"][joined].astype(np.int64)
    ends = end[owner[joined]]
    route = _routes(ends["kind"])
    is_alive = route == ALIVE
    return _Lives(
        stage=rounds["stage"][joined].astype(np.int64),
        sizes=sizes.astype(np.int64),
        before=place[joined].astype(np.int64),
        quarter=rounds["quarter"][row].astype(np.int64) - np.repeat(since, sizes),
        amount=rounds["amount"][row].astype(np.float64),
        post_money=rounds["post_money"][row].astype(np.float64),
        exit_quarter=np.where(is_alive, NEVER, ends["quarter"].astype(np.int64) - since),
        route=route,
        exit_value=np.where(is_alive, 0.0, ends["amount"]).astype(np.float64),
    )


def _places(sizes: IntArray) -> IntArray:
    """Return 0, 1, ... within each of consecutive groups of these sizes."""
    ends = np.cumsum(sizes)
    result: IntArray = np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)
    return result


def _routes(kind: NDArray[Any]) -> IntArray:
    """Return how lives end, by the last event of the firm."""
    route = np.full(len(kind), ALIVE, np.int64)
    for place, name in enumerate(ROUTES):
        route[kind == FIRST_EXIT + place] = ROUTE_OF[name]
    route[(kind == FIRM_FAILED) | (kind == GAVE_UP)] = FAILED
    return route
