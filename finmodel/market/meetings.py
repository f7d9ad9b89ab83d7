"""Step 6, who meets whom: limited consideration sets.

A meeting of a firm in region ``r``, stage ``k``, sector ``s`` is with fund ``f`` of region
``g`` and type ``t`` with a chance in proportion to

    mandate[t, k] * nearness[g, r, t] * taste[t, s] * budget of the fund this quarter

among generalists and specialists of ``s``. The draw walks from the type to the region, to
generalists or specialists, to the fund, rescaling one uniform on the way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from finmodel.market.state import N_FUNDS, Pool, Reach
from finmodel.numeric.jit import inner_kernel, kernel, lean_kernel
from finmodel.world.arrays import FloatArray, IntArray, WorldArrays

MAX_MEETINGS = 12
"""Most meetings of a seeker in a quarter."""


class Place(NamedTuple):
    """Where a seeker stands."""

    region: int
    sector: int
    stage: int


@kernel
def new_reach(world: WorldArrays, n_room: int) -> Reach:
    """Return room for the table of whom seekers can meet."""
    n_regions, n_types = world.fund_rate_pp.shape
    n_sectors = len(world.sector_key)
    return Reach(
        np.zeros((n_regions, n_types, n_sectors + 1)),
        np.zeros(n_regions * n_types * (n_sectors + 1) + 1, np.int64),
        np.zeros(n_room, np.int64),
        np.zeros(n_room),
        np.zeros(n_room, np.int64),
        np.zeros(n_regions * n_types * (n_sectors + 1), np.int64),
        np.zeros((n_regions, n_sectors, n_types, n_regions)),
    )


@lean_kernel
def list_funds(pool: Pool, reach: Reach, longest: int, quarter: int) -> None:
    """List the funds with money for new deals by cell: region, type and focus."""
    budget, cell_of, capacity = pool.budget, pool.cell_of, reach.capacity
    start, listed, upto, free = reach.start, reach.fund, reach.upto, reach.free
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
            listed[free[cell]] = f
            upto[free[cell]] = by_cell[cell]
            free[cell] += 1


@lean_kernel
def guide_search(start: IntArray, upto: FloatArray, guide: IntArray) -> None:
    """Note for each cell of n funds where the search for j / n of its budget begins."""
    for cell in range(len(start) - 1):
        first, last = start[cell], start[cell + 1]
        if last == first:
            continue
        e, step = first, upto[last - 1] / (last - first)
        for j in range(last - first):
            mark = step * j
            while upto[e] <= mark:
                e += 1
            guide[first + j] = e


@lean_kernel
def build_reach(world: WorldArrays, pool: Pool, reach: Reach, quarter: int) -> None:
    """Make the table of whom seekers can meet this quarter."""
    types, nearness, is_hard_tech = world.types, world.nearness, world.is_hard_tech
    longest = 0
    for kind in range(len(types)):
        longest = max(longest, types[kind]["investment_quarters"])
    list_funds(pool, reach, longest, quarter)
    guide_search(reach.start, reach.upto, reach.guide)
    capacity, pull = reach.capacity, reach.pull
    n_regions, n_sectors, n_types, _ = pull.shape
    for sector in range(n_sectors):
        for kind in range(n_types):
            taste = types[kind]["hard_tech_weight"] if is_hard_tech[sector] else 1.0
            for region in range(n_regions):
                total = 0.0
                for source in range(n_regions):
                    money = capacity[source, kind, 0] + capacity[source, kind, sector + 1]
                    total += taste * nearness[source, region, kind] * money
                    pull[region, sector, kind, source] = total


@inner_kernel
def total_pull(pull: FloatArray, mandate: FloatArray, seeker: Place) -> float:
    """Return the sum over fund types of mandate times pull for one kind of seeker."""
    total, last = 0.0, pull.shape[3] - 1
    for kind in range(len(mandate)):
        total += mandate[kind, seeker.stage] * pull[seeker.region, seeker.sector, kind, last]
    return total


@inner_kernel
def first_above(upto: FloatArray, guide: IntArray, first: int, last: int, mark: float) -> int:
    """Return the first entry in ``[first, last)`` whose cumulative value exceeds `mark`."""
    n = last - first
    j = min(n - 1, int(mark / upto[last - 1] * n))
    e = int(guide[first + j])
    # Rounding may put the guide one step too far.
    while e > first and upto[e - 1] > mark:
        e -= 1
    while e < last - 1 and upto[e] <= mark:
        e += 1
    return e


@inner_kernel
def find_type(
    pull: FloatArray, mandate: FloatArray, seeker: Place, mark: float
) -> tuple[int, float]:
    """Return the fund type at `mark` of a seeker's reach and the mark left in its pull."""
    region, sector, last, kind = seeker.region, seeker.sector, pull.shape[3] - 1, -1
    for t in range(len(mandate)):
        width = mandate[t, seeker.stage] * pull[region, sector, t, last]
        if width > 0.0:
            kind = t
            if mark < width:
                break
            mark -= width
    if kind < 0:
        return -1, 0.0
    return kind, min(mark / mandate[kind, seeker.stage], pull[region, sector, kind, last])


@inner_kernel
def find_fund(
    reach: Reach, mandate: FloatArray, seeker: Place, mark: float
) -> tuple[int, int, int]:
    """Return fund, region and type at `mark` in ``[0, total_pull)`` of a seeker's reach.

    The fund is -1 if there is none.
    """
    pull, capacity, start, sector = reach.pull, reach.capacity, reach.start, seeker.sector
    kind, mark = find_type(pull, mandate, seeker, mark)
    if kind < 0:
        return -1, 0, 0
    row = pull[seeker.region, sector, kind]
    source, below = 0, 0.0
    while source < len(row) - 1 and row[source] <= mark:
        below = row[source]
        source += 1
    while source > 0 and row[source] <= below:
        # Past the end by rounding: back to the last region with money.
        source -= 1
        below = row[source - 1] if source > 0 else 0.0
    general, special = capacity[source, kind, 0], capacity[source, kind, sector + 1]
    share = (mark - below) / (row[source] - below)
    money, focus = share * (general + special), 0
    if money >= general and special > 0.0:
        focus, money = sector + 1, money - general
    cell = (source * capacity.shape[1] + kind) * capacity.shape[2] + focus
    place = first_above(reach.upto, reach.guide, start[cell], start[cell + 1], money)
    return int(reach.fund[place]), source, kind
