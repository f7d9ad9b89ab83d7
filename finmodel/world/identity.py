"""Identities that depend on names alone, so that nothing moves when something is added."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from finmodel.errors import Problem, ScenarioError
from finmodel.world.arrays import KeyArray


def name_key(name: str) -> int:
    """Return the 32-bit identity of a named entity, the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "little")


def cell_keys(regions: tuple[str, ...], sectors: tuple[str, ...]) -> KeyArray:
    """Return the identity of each region-sector pair, shape (R, S), by name.

    Adding a region or a sector changes no other pair's key, and so no other firm's luck.

    Raises
    ------
    ScenarioError
        If two pairs share a key; rename one.
    """
    keys = np.zeros((len(regions), len(sectors)), np.uint64)
    owner: dict[int, str] = {}
    for r, region in enumerate(regions):
        for s, sector in enumerate(sectors):
            name = f"{region}/{sector}"
            key = name_key(name)
            if key in owner:
                raise ScenarioError(
                    "identity of firms",
                    [Problem(name, f"the same key as {owner[key]}", "another sector name")],
                )
            owner[key] = name
            keys[r, s] = key
    return keys
