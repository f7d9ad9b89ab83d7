"""The world: a scenario and the data tables as read-only arrays, with its values."""

from finmodel.world.arrays import ROUTES, TESTS, WorldArrays
from finmodel.world.build import World, build_world, region_shares
from finmodel.world.viability import StageValues, hurdles, stage_values

__all__ = [
    "ROUTES",
    "TESTS",
    "StageValues",
    "World",
    "WorldArrays",
    "build_world",
    "hurdles",
    "region_shares",
    "stage_values",
]
