"""Step 6, who meets whom: limited consideration sets.

A meeting of a firm in region ``r``, stage ``k``, sector ``s`` is with fund ``f`` of region
``g`` and type ``t`` with a chance in proportion to

    mandate[t, k] * nearness[g, r, t] * taste[t, s] * budget of the fund this quarter

among generalists and specialists of ``s``. A vehicle of a programme has no taste for a sector
outside the programme's mandate, and is not met. Funds are listed in cells of type, region and
focus, the oldest first. A meeting walks a tree of cells, then a tree of the funds of the cell
(see :mod:`finmodel.market.lottery`): a fund more or less, or one with more money, leaves most
meetings with others as they were.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.market.lottery import (
    MOST_HEIGHTS,
    NODE_ROW,
    choose_each,
    fill_tree,
    height_for,
    rows_of,
)
from finmodel.market.programmes import is_co_investor
from finmodel.market.state import EARLY, HARD_TECH, LISTED_ROW, LOCAL, N_FUNDS, Pool, Reach
from finmodel.numeric.jit import inner_kernel, kernel, lean_kernel
from finmodel.world.arrays import KeyArray, WorldArrays

MAX_MEETINGS = 12
"""Most meetings of a seeker in a quarter."""

DOOR_POWER, CELL_POWER = 0, 6
"""First powers of the multiplier for the walks among doors, up to 4,096, and within a cell."""


class Place(NamedTuple):
    """Where a seeker stands."""

    region: int
    sector: int
    stage: int


@inner_kernel
def doors_of_region(n_types: int) -> int:
    """Return how many leaves the doors of a region take: a whole branch of their tree.

    So a type or a region more, at the end, leaves the others' places as they were.
    """
    return 1 << (2 * height_for(2 * n_types))


@inner_kernel
def door_to(source: int, kind: int, n_regions: int, n_ordinary: int) -> int:
    """Return the door to the generalists of a region and type; specialists are the next.

    Vehicles of programmes stand behind all others.
    """
    block = doors_of_region(n_ordinary)
    if kind < n_ordinary:
        return source * block + 2 * kind
    return n_regions * block + 2 * ((kind - n_ordinary) * n_regions + source)


@kernel
def new_reach(world: WorldArrays, n_room: int) -> Reach:
    """Return room for the table of whom seekers can meet."""
    n_regions, n_ordinary = world.fund_rate_pp.shape
    n_types, n_stages, n_sectors = len(world.types), len(world.entry_cdf), len(world.sector_key)
    n_cells = n_regions * n_types * (n_sectors + 1)
    n_doors = doors_of_region(n_ordinary) * n_regions + 2 * (n_types - n_ordinary) * n_regions
    door_cell, door_source = np.zeros(n_doors, np.int64), np.zeros(n_doors, np.int64)
    door_type = np.zeros(n_doors, np.int64)
    for source in range(n_regions):
        for kind in range(n_types):
            first = door_to(source, kind, n_regions, n_ordinary)
            for door in (first, first + 1):
                door_cell[door] = (source * n_types + kind) * (n_sectors + 1)
                door_source[door], door_type[door] = source, kind
    door_height = height_for(n_doors)
    n_places = n_regions * n_stages * n_sectors
    return Reach(
        np.array([1, door_height, rows_of(n_doors, door_height)]),
        np.zeros((n_regions, n_types, n_sectors + 1)),
        np.zeros((n_regions, n_types, n_sectors + 1, 3)),
        np.zeros(n_cells + 1, np.int64),
        np.zeros(n_cells, np.int64),
        np.zeros(n_cells, np.int64),
        np.zeros(n_room, LISTED_ROW),
        np.zeros(n_room),
        np.zeros(n_room + MOST_HEIGHTS * n_cells, NODE_ROW),
        np.full((n_regions, n_stages, n_sectors), -1, np.int64),
        np.zeros(n_places * rows_of(n_doors, door_height), NODE_ROW),
        np.zeros(n_doors),
        door_cell,
        door_source,
        door_type,
    )


@lean_kernel
def list_funds(world: WorldArrays, pool: Pool, reach: Reach, first: int, quarter: int) -> None:
    """List the funds from slot `first` on by cell, and add up the budgets of each cell."""
    budget, cell_of, until = pool.budget, pool.cell_of, pool.invests_until
    start, listed, free, weight = reach.start, reach.listed, reach.next_row, reach.weight
    last, n_programmes = pool.counts[N_FUNDS], len(world.programmes)
    start[:] = 0
    for f in range(first, last):
        start[cell_of[f] + 1] += 1 if until[f] > quarter else 0
    for cell in range(len(free)):
        free[cell] = start[cell]
        start[cell + 1] += start[cell]
    by_cell = reach.capacity.reshape(-1)
    by_cell[:] = 0.0
    free_by_cell = reach.free.reshape(-1)
    if n_programmes > 0:
        free_by_cell[:] = 0.0
    for f in range(first, last):
        if until[f] <= quarter:
            continue
        cell = cell_of[f]
        money = budget[f]
        if n_programmes > 0 and pool.funds[f]["kind"] >= world.fund_rate_pp.shape[1]:
            if is_co_investor(world, pool.funds[f]["kind"]):
                money = 0.0
            for duty in range(3):
                if pool.outside[f, duty] > 0.0:
                    free_by_cell[3 * cell + duty] += money
        by_cell[cell] += money
        place = free[cell]
        free[cell] += 1
        weight[place] = money
        listed[place]["fund"], listed[place]["ticket"] = f, pool.ticket[f]


@lean_kernel
def build_reach(world: WorldArrays, pool: Pool, reach: Reach, quarter: int) -> None:
    """List this quarter's funds; whom a kind of seeker can meet is worked out when one comes.

    A fund is listed through its investment period, with or without money, so that its place
    does not depend on who has spent what.
    """
    longest = 0
    for kind in range(len(world.types)):
        longest = max(longest, world.types[kind]["investment_quarters"])
    list_funds(world, pool, reach, pool.first_of[max(0, quarter - longest + 1)], quarter)
    start, most = reach.start, 1
    for cell in range(len(start) - 1):
        most = max(most, start[cell + 1] - start[cell])
    height = height_for(most)
    reach.heights[0] = height
    top = 0
    for cell in range(len(start) - 1):
        n = start[cell + 1] - start[cell]
        reach.top[cell] = top
        if n > 0:
            fill_tree(reach.weight, start[cell], n, reach.nodes, top, height)
            top += rows_of(n, height)


@inner_kernel
def open_share(world: WorldArrays, reach: Reach, source: int, kind: int, seeker: Place) -> float:
    """Return the part of the vehicles of a region, by money, that may look at a kind of seeker.

    Firms do not seek out money that its duties keep from them. Taken over generalists, or over
    specialists of the seeker's sector if there are no others.
    """
    programme = world.programmes[kind - world.fund_rate_pp.shape[1]]
    focus = seeker.sector + 1 if world.types[kind]["specialist_share"] >= 1.0 else 0
    money, share = reach.capacity[source, kind, focus], 1.0
    if money <= 0.0:
        return 1.0
    free = reach.free[source, kind, focus]
    if source != seeker.region:
        away = programme["away_eligible_share"]
        share *= away + (1.0 - away) * free[LOCAL] / money
    if not world.is_hard_tech[seeker.sector]:
        share *= free[HARD_TECH] / money
    if not (programme["early_mask"] >> seeker.stage) & 1:
        share *= free[EARLY] / money
    return float(share)


@inner_kernel
def open_doors(world: WorldArrays, reach: Reach, seeker: Place, top: int) -> None:
    """Work out the weights of all cells for seekers of a region, stage and sector.

    A *door* is a cell such a seeker can meet: generalists, or specialists of its sector. The weight
    of a sector in a programme's mandate is of its generalists: a specialist is for its own alone.
    """
    n_regions, n_ordinary = world.fund_rate_pp.shape
    types, mandate, nearness, capacity = world.types, world.mandate, world.nearness, reach.capacity
    region, sector, stage, weights = seeker.region, seeker.sector, seeker.stage, reach.door_weight
    for kind in range(len(mandate)):
        weight, pull = mandate[kind, stage], 1.0
        if world.is_hard_tech[sector]:
            weight *= types[kind]["hard_tech_weight"]
        if kind >= n_ordinary:
            pull = world.sector_pull[kind - n_ordinary, sector]
            weight = weight if pull > 0.0 else 0.0
        for source in range(len(capacity)):
            near = weight * nearness[source, region, kind]
            if kind >= n_ordinary and near > 0.0:
                near *= open_share(world, reach, source, kind, seeker)
            door = door_to(source, kind, n_regions, n_ordinary)
            weights[door] = near * pull * capacity[source, kind, 0]
            weights[door + 1] = near * capacity[source, kind, sector + 1]
    fill_tree(weights, 0, len(weights), reach.doors, top, reach.heights[1])


@inner_kernel
def doors_for(world: WorldArrays, reach: Reach, seeker: Place, quarter: int) -> int:
    """Return the top of the tree of doors of a seeker, working it out if need be."""
    region, sector, stage = seeker.region, seeker.sector, seeker.stage
    _, n_stages, n_sectors = reach.opened.shape
    top = ((region * n_stages + stage) * n_sectors + sector) * reach.heights[2]
    if reach.opened[region, stage, sector] != quarter:
        reach.opened[region, stage, sector] = quarter
        open_doors(world, reach, seeker, top)
    return int(top)


@inner_kernel
def find_funds(
    reach: Reach,
    sector: int,
    doors: int,
    words: KeyArray,
    door: KeyArray,
    row: KeyArray,
    n: int,
) -> None:
    """Find the funds met at `n` meetings of one seeker.

    Parameters
    ----------
    reach : Reach
    sector : int
        Of the seeker.
    doors : int
        From :func:`doors_for`; the weight of all doors must be above 0.
    words : array of uint64
        The luck of each meeting, below 2**32.
    door, row : array of uint64
        Filled with the door of each fund met, and its row in ``reach.listed``.
    n : int
    """
    for i in range(n):
        door[i] = doors
    choose_each(reach.doors, reach.heights[1], words, DOOR_POWER, door, n)
    for i in range(n):
        focus = sector + 1 if int(door[i]) & 1 else 0
        row[i] = reach.top[reach.door_cell[door[i]] + focus]
    choose_each(reach.nodes, reach.heights[0], words, CELL_POWER, row, n)
