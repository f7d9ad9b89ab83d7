"""Identities that depend on names alone, so that nothing moves when something is added."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from finmodel.errors import Problem, ScenarioError
from finmodel.world.arrays import KeyArray


def name_key(name: str) -> int:
    """Return the 32-bit identity of a named entity, the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "little")


def pair_keys(regions: tuple[str, ...], names: tuple[str, ...]) -> KeyArray:
    """Return the identity of each region and name, shape (R, N).

    Adding a region or a name changes no other pair's key, and so nobody else's luck.

    Raises
    ------
    ScenarioError
        If two pairs share a key; rename one.
    """
    keys = np.zeros((len(regions), len(names)), np.uint64)
    owner: dict[int, str] = {}
    for r, region in enumerate(regions):
        for s, other in enumerate(names):
            name = f"{region}/{other}"
            key = name_key(name)
            if key in owner:
                raise ScenarioError(
                    "identities",
                    [Problem(name, f"the same key as {owner[key]}", "another name")],
                )
            owner[key] = name
            keys[r, s] = key
    return keys
