"""The five frictions of the market, each with a switch that takes it away.

A switch changes arrays of a built world and nothing else. Firms, their quality and luck, the
number of funds and their identities stay as they were, and so do stages, values and hurdles:
a need is viable in one arm if it is viable in all. A world with nothing switched off is the
world itself.

*scarcity*
    Every fund is `ABUNDANCE` times as large. Sizes are scaled, not numbers: more funds would
    also change who is met. A ticket, a limit of concentration and a fee are shares of the
    commitment and are divided by the same factor, so that in million CNY they stay what they
    were: the money is there, what a fund may put into one firm is as before.
*distance*
    A fund meets firms of all regions alike: every nearness is one. It sees them alike, and
    firms do not mind from where it comes. The factors of pairs of regions go too.
*information*
    Every look shows the true quality, so funds refuse what is not viable and nothing else.
*mandates*
    Every type looks at every stage evenly and is not drawn to hard technology; no fund has a
    single sector, and no programme a mandate over sectors; a fund may put all it has into one
    firm (tickets and concentration are clauses of its statutes, like its stages). Reserves and
    follow-on multiples stay.
*search*
    Every seeker meets the most funds the kernel allows, `MAX_MEETINGS` a quarter, and none is
    discouraged. That is not everybody: what a dozen meetings miss is left in the other parts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from finmodel.market.meetings import MAX_MEETINGS
from finmodel.world import World
from finmodel.world.arrays import WorldArrays

FRICTIONS = ("scarcity", "distance", "information", "mandates", "search")
"""In the order of the bits of an arm."""

ABUNDANCE = 4096.0
"""Factor on the size of every fund without scarcity. So large that no budget binds, which a
test checks by doubling it; a power of two, so that tickets keep their bits."""


def without(world: World, off: Collection[str], *, abundance: float = ABUNDANCE) -> World:
    """Return a world without some of its frictions.

    Parameters
    ----------
    world : World
    off : collection of str
        Some of `FRICTIONS`, in any order. If empty, the world itself is returned.
    abundance : float
        Factor on fund sizes without scarcity, above 0.

    Returns
    -------
    World
        Its `scenario` is still that of `world`; only the arrays differ, read-only.

    Raises
    ------
    ValueError
        If a friction is unknown.
    """
    unknown = sorted(set(off) - set(FRICTIONS))
    if unknown:
        raise ValueError(f"unknown friction {unknown[0]!r}; one of {', '.join(FRICTIONS)}")
    arrays = world.arrays
    if "scarcity" in off:
        arrays = _abundant(arrays, abundance)
    if "distance" in off:
        arrays = _borderless(arrays)
    if "information" in off:
        arrays = _clear(arrays)
    if "mandates" in off:  # after scarcity: a whole commitment stays a whole commitment
        arrays = _free(arrays)
    if "search" in off:
        arrays = _met(arrays)
    if arrays is world.arrays:
        return world
    for array in arrays[1:]:  # after the calendar
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return replace(world, arrays=arrays)


def _abundant(arrays: WorldArrays, factor: float) -> WorldArrays:
    types = arrays.types.copy()
    types["size"] *= factor
    for name in ("ticket_share", "concentration_share", "fee_pa", "fee_after_pa", "fee_life"):
        types[name] /= factor
    return arrays._replace(types=types)


def _borderless(arrays: WorldArrays) -> WorldArrays:
    nearness, sight, rules = arrays.nearness.copy(), arrays.sight.copy(), arrays.rules.copy()
    types = arrays.types.copy()
    nearness[:] = 1.0
    sight[:, :, 1] = sight[:, :, 0]
    types["away_noise_multiple"] = 1.0
    rules["distance_dislike"] = 0.0
    return arrays._replace(types=types, nearness=nearness, sight=sight, rules=rules)


def _clear(arrays: WorldArrays) -> WorldArrays:
    sight = arrays.sight.copy()
    sight[..., 0], sight[..., 1] = 0.0, 1.0
    return arrays._replace(sight=sight)


def _free(arrays: WorldArrays) -> WorldArrays:
    types, mandate = arrays.types.copy(), arrays.mandate.copy()
    mandate[:] = 1.0 / mandate.shape[1]
    types["hard_tech_weight"] = 1.0
    types["specialist_share"] = 0.0
    types["ticket_share"], types["concentration_share"] = 1.0, 1.0
    pull = np.ones_like(arrays.sector_pull)
    return arrays._replace(types=types, mandate=mandate, sector_pull=pull)


def _met(arrays: WorldArrays) -> WorldArrays:
    rules, factor = arrays.rules.copy(), arrays.meeting_factor.copy()
    rules["meetings_pp"], rules["discouragement"] = MAX_MEETINGS, 0.0
    factor[:] = 1.0
    return arrays._replace(rules=rules, meeting_factor=factor)
