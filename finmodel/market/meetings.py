"""Step 6, who meets whom: limited consideration sets.

A meeting of a firm in region ``r``, stage ``k``, sector ``s`` is with fund ``f`` of region
``g`` and type ``t`` with a chance in proportion to

    mandate[t, k] * nearness[g, r, t] * taste[t, s] * budget of the fund this quarter

among generalists and specialists of ``s``. Funds are listed in cells of type, region and focus.
One uniform picks the cell from the cumulative weights of all cells, another the fund from the
cumulative budgets within it: a fund more or less changes whom others meet only in its own cell and
at the edges of cells. Guides say where each search begins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.market.state import LISTED_ROW, N_FUNDS, Pool, Reach
from finmodel.market.streams import MASK, uniform
from finmodel.numeric.jit import inner_kernel, kernel, lean_kernel
from finmodel.world.arrays import IntArray, Table, WorldArrays

MAX_MEETINGS = 12
"""Most meetings of a seeker in a quarter."""

SPREAD = np.uint64(0x9E3779B9)
"""The golden ratio of 2**32: multiples of it are spread evenly."""

N_GUIDES = 64
"""Slices of the cumulative weights of cells for which a search is guided."""


class Place(NamedTuple):
    """Where a seeker stands."""

    region: int
    sector: int
    stage: int


@kernel
def new_reach(world: WorldArrays, n_room: int) -> Reach:
    """Return room for the table of whom seekers can meet."""
    n_regions, n_types = world.fund_rate_pp.shape
    n_stages, n_sectors = len(world.entry_cdf), len(world.sector_key)
    n_cells = n_regions * n_types * (n_sectors + 1)
    n_doors = 2 * n_types * n_regions
    door_cell, door_source = np.zeros(n_doors, np.int64), np.zeros(n_doors, np.int64)
    door_type = np.zeros(n_doors, np.int64)
    for door in range(n_doors):
        kind, source = door // (2 * n_regions), (door // 2) % n_regions
        door_cell[door] = (source * n_types + kind) * (n_sectors + 1)
        door_source[door], door_type[door] = source, kind
    return Reach(
        np.zeros((n_regions, n_types, n_sectors + 1)),
        np.zeros(n_cells + 1, np.int64),
        np.zeros(n_room, LISTED_ROW),
        np.zeros(n_cells, np.int64),
        np.full((n_regions, n_stages, n_sectors), -1, np.int64),
        np.zeros((n_regions, n_stages, n_sectors, n_doors)),
        np.zeros((n_regions, n_stages, n_sectors, N_GUIDES), np.int16),
        door_cell,
        door_source,
        door_type,
    )


@lean_kernel
def list_funds(pool: Pool, reach: Reach, longest: int, quarter: int) -> None:
    """List the funds with money for new deals by cell: region, type and focus."""
    budget, cell_of, capacity = pool.budget, pool.cell_of, reach.capacity
    start, listed, free, funds = reach.start, reach.listed, reach.free, pool.funds
    first, last = pool.first_of[max(0, quarter - longest + 1)], pool.counts[N_FUNDS]
    start[:] = 0
    for f in range(first, last):
        if budget[f] > 0.0:
            start[cell_of[f] + 1] += 1
    for cell in range(len(free)):
        free[cell] = start[cell]
        start[cell + 1] += start[cell]
    by_cell = capacity.reshape(-1)
    by_cell[:] = 0.0
    for f in range(first, last):
        if budget[f] > 0.0:
            cell = cell_of[f]
            by_cell[cell] += budget[f]
            row = listed[free[cell]]
            row["fund"], row["commitment"] = f, funds[f]["commitment"]
            row["upto"] = by_cell[cell]
            free[cell] += 1


@lean_kernel
def guide_search(start: IntArray, listed: Table) -> None:
    """Note for each cell of n funds where the search for j / n of its budget begins."""
    for cell in range(len(start) - 1):
        first, last = start[cell], start[cell + 1]
        if last == first:
            continue
        e, step = first, listed[last - 1]["upto"] / (last - first)
        for j in range(last - first):
            mark = step * j
            while listed[e]["upto"] <= mark:
                e += 1
            listed[first + j]["guide"] = e


@lean_kernel
def build_reach(types: Table, pool: Pool, reach: Reach, quarter: int) -> None:
    """List this quarter's funds; whom a kind of seeker can meet is worked out when one comes."""
    longest = 0
    for kind in range(len(types)):
        longest = max(longest, types[kind]["investment_quarters"])
    list_funds(pool, reach, longest, quarter)
    guide_search(reach.start, reach.listed)


@lean_kernel
def open_doors(world: WorldArrays, reach: Reach, seeker: Place) -> None:
    """Work out the weights of all cells for seekers of a region, stage and sector.

    A *door* is a cell such a seeker can meet: generalists, or specialists of its sector.
    """
    types, mandate, nearness, capacity = world.types, world.mandate, world.nearness, reach.capacity
    region, sector, stage = seeker.region, seeker.sector, seeker.stage
    pull, guide = reach.pull, reach.pull_guide
    n_types, n_regions, door, total = len(mandate), len(capacity), 0, 0.0
    for kind in range(n_types):
        weight = mandate[kind, stage]
        if world.is_hard_tech[sector]:
            weight *= types[kind]["hard_tech_weight"]
        for source in range(n_regions):
            near = weight * nearness[source, region, kind]
            for focus in (0, sector + 1):
                total += near * capacity[source, kind, focus]
                pull[region, stage, sector, door] = total
                door += 1
    door, step = 0, total / N_GUIDES
    for j in range(N_GUIDES):
        mark = step * j
        while door < 2 * n_types * n_regions - 1 and pull[region, stage, sector, door] <= mark:
            door += 1
        guide[region, stage, sector, j] = door


@inner_kernel
def total_pull(world: WorldArrays, reach: Reach, seeker: Place, quarter: int) -> float:
    """Return the sum of weights of all a seeker can meet, working them out if need be."""
    region, sector, stage = seeker.region, seeker.sector, seeker.stage
    if reach.opened[region, stage, sector] != quarter:
        reach.opened[region, stage, sector] = quarter
        open_doors(world, reach, seeker)
    return float(reach.pull[region, stage, sector, reach.pull.shape[3] - 1])


@inner_kernel
def first_above(listed: Table, first: int, last: int, share: float) -> int:
    """Return the first row in ``[first, last)`` above a share of the budget of its cell."""
    mark = share * listed[last - 1]["upto"]
    j = min(last - first - 1, int(share * (last - first)))
    e = int(listed[first + j]["guide"])
    # Rounding may put the guide one step too far.
    while e > first and listed[e - 1]["upto"] > mark:
        e -= 1
    while e < last - 1 and listed[e]["upto"] <= mark:
        e += 1
    return e


@inner_kernel
def find_door(reach: Reach, seeker: Place, u: float, mark: float) -> int:
    """Return the first cell whose cumulative weight exceeds `mark`, `u` of the total."""
    region, sector, stage, pull = seeker.region, seeker.sector, seeker.stage, reach.pull
    j = min(N_GUIDES - 1, int(u * N_GUIDES))
    door, last = int(reach.pull_guide[region, stage, sector, j]), pull.shape[3] - 1
    while door > 0 and pull[region, stage, sector, door - 1] > mark:
        door -= 1
    while door < last and pull[region, stage, sector, door] <= mark:
        door += 1
    # Past the end by rounding: back to the last cell with money.
    while door > 0 and pull[region, stage, sector, door] <= pull[region, stage, sector, door - 1]:
        door -= 1
    return door


@inner_kernel
def second_uniform(word: np.uint64) -> float:
    """Return another uniform in (0, 1) from a 32-bit word.

    Over any run of neighbouring words the products with an odd constant are spread evenly, so
    it is as good as independent of where the word itself lies.
    """
    return uniform((word * SPREAD) & MASK)


@inner_kernel
def find_fund(
    reach: Reach, seeker: Place, u: float, share: float, total: float
) -> tuple[int, int, int]:
    """Return the row in `listed`, the region and the type of the fund met.

    Parameters
    ----------
    reach : Reach
        With the doors of the seeker open.
    seeker : Place
    u, share : float
        In (0, 1): place among all cells, and within the budgets of the cell.
    total : float
        From :func:`total_pull`, above 0.
    """
    door = find_door(reach, seeker, u, u * total)
    cell = reach.door_cell[door] + (seeker.sector + 1 if door & 1 else 0)
    row = first_above(reach.listed, reach.start[cell], reach.start[cell + 1], share)
    return row, int(reach.door_source[door]), int(reach.door_type[door])
