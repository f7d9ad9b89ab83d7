"""Lives of firms as a simulated market saw them, for funds that draw their deals from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import InputError, Problem
from finmodel.fund.life import ALIVE, BOUGHT_BACK, FAILED, LISTED, MAX_ROUNDS, SOLD, Bank
from finmodel.market.columns import CLOSED, FIRST_EXIT, GAVE_UP
from finmodel.market.columns import FAILED as FIRM_FAILED
from finmodel.market.result import PathDetail
from finmodel.world import World
from finmodel.world.arrays import ROUTES, IntArray

NEVER = 1 << 20
"""Quarters until the end of a firm that is alive when its market stops."""

ROUTE_OF = {"ipo": LISTED, "mna": SOLD, "transfer": LISTED, "buyback": BOUGHT_BACK}
"""What each exit of the market is to a fund: in a transfer all shares are sold at one price."""


def empty_bank(n_stages: int) -> Bank:
    """Return a bank without lives."""
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    first, start = np.zeros(n_stages + 1, np.int64), np.zeros(1, np.int64)
    return Bank(first, start, none, none, nothing, nothing, nothing, none, none, nothing)


def market_bank(
    world: World,
    details: Sequence[PathDetail],
    *,
    entry_years: int,
    regions: Sequence[str] = (),
    is_hard_tech_only: bool,
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

    Raises
    ------
    InputError
        If no firm is left.
    """
    lives: list[list[_Life]] = [[] for _ in world.stages]
    chosen = [world.regions.index(name) for name in regions] or list(range(len(world.regions)))
    first = world.arrays.calendar.first_reported
    for detail in details:
        events = detail.events
        firm = (events["key"].astype(np.uint64) << np.uint64(32)) | events["serial"]
        order = np.argsort(firm, kind="stable")
        events, firm = events[order], firm[order]
        cuts = np.flatnonzero(firm[1:] != firm[:-1]) + 1
        for history in np.split(events, cuts):
            if not np.isin(history["region"][0], chosen):
                continue
            if is_hard_tech_only and not world.is_hard_tech[history["sector"][0]]:
                continue
            for stage, life in _lives(history, first, first + 4 * entry_years):
                lives[stage].append(life)
    if not any(lives):
        given = f"{len(details)} paths of {world.scenario.meta.name}"
        raise InputError("market", [Problem("bank", given, "at least one round to join")])
    return _pack(lives)


_Life = tuple[NDArray[Any], int, int, float, int]


def _lives(history: NDArray[Any], first: int, last: int) -> list[tuple[int, _Life]]:
    """Return the lives in one firm's history by stage: rounds, those before, and the end."""
    rounds = history[history["kind"] == CLOSED]
    if len(rounds) == 0:
        return []
    end = history[-1]
    kind = int(end["kind"])
    quarter, value, route = NEVER, 0.0, ALIVE
    if FIRST_EXIT <= kind < FIRST_EXIT + len(ROUTES):
        route = ROUTE_OF[ROUTES[kind - FIRST_EXIT]]
    elif kind in (FIRM_FAILED, GAVE_UP):
        route = FAILED
    if route != ALIVE:
        quarter, value = int(end["quarter"]), float(end["amount"])
    found = []
    stages, places = np.unique(rounds["stage"], return_index=True)
    for stage, place in zip(stages, places, strict=True):
        joined = int(rounds["quarter"][place])
        if first <= joined < last and place < MAX_ROUNDS:
            found.append((int(stage), (rounds[:MAX_ROUNDS], int(place), quarter, value, route)))
    return found


def _pack(lives: list[list[_Life]]) -> Bank:
    flat = [life for stage in lives for life in stage]
    sizes = np.array([len(life[0]) for life in flat], np.int64)
    rounds = np.concatenate([life[0] for life in flat])
    before = np.array([life[1] for life in flat], np.int64)
    start: IntArray = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    joined = rounds["quarter"][start[:-1] + before].astype(np.int64)
    end = np.array([life[2] for life in flat], np.int64)
    return Bank(
        first=np.cumsum([0, *(len(stage) for stage in lives)]).astype(np.int64),
        start=start,
        before=before,
        quarter=rounds["quarter"].astype(np.int64) - np.repeat(joined, sizes),
        amount=rounds["amount"].astype(np.float64),
        post_money=rounds["post_money"].astype(np.float64),
        pool=np.zeros(len(rounds)),
        exit_quarter=np.where(end == NEVER, NEVER, end - joined),
        route=np.array([life[4] for life in flat], np.int64),
        exit_value=np.array([life[3] for life in flat]),
    )
