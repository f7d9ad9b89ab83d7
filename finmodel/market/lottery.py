"""Choosing one of many by weight, so that a change in one weight changes few choices.

The weights are the leaves of a tree whose nodes have up to four children; a choice walks
from the top to a leaf, and picks a child at every node in proportion to the weights below it.
Each height above the leaves has a uniform of its own. So a weight that grows draws
choices from everywhere, but leaves most of the others among themselves as they were; on one
line of cumulative weights all that lies behind it would move. Leaves keep their places if
others are added at the end.

The uniforms of the heights are one word times the powers of a multiplier, modulo 2**32: the
points of a linear congruential generator, which lie evenly in as many dimensions as a walk
has heights.

References
----------
Steele & Vigna (2022), Computationally easy, spectrally good multipliers for congruential
pseudorandom number generators, Software: Practice and Experience 52.
"""

from __future__ import annotations

import numpy as np

from finmodel.market.streams import MASK, uniform
from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import FloatArray, KeyArray, Table

MOST_HEIGHTS = 10
"""A tree of this height has a million leaves."""

_MULTIPLIER = 0x93D765DD
POWERS = tuple(np.uint64(pow(_MULTIPLIER, j, 2**32)) for j in range(2 * MOST_HEIGHTS))

NODE_ROW = np.dtype(
    [
        ("first", "f8"),  # cumulative weights of the children
        ("second", "f8"),
        ("third", "f8"),
        ("total", "f8"),
        ("child", "u8"),  # row of the first child, or number of the first leaf
    ]
)


@inner_kernel
def rows_at(n: int, height: int) -> int:
    """Return how many nodes a tree of `n` leaves has at a height above them."""
    return (n + (1 << (2 * height)) - 1) >> (2 * height)


@inner_kernel
def height_for(n: int) -> int:
    """Return the least height, at least 1, of a tree of `n` leaves."""
    height = 1
    while (1 << (2 * height)) < n:
        height += 1
    return height


@inner_kernel
def rows_of(n: int, height: int) -> int:
    """Return how many nodes a tree of `n` leaves and a given height has."""
    total = 0
    for above in range(1, height + 1):
        total += rows_at(n, above)
    return total


@inner_kernel
def fill_node(node: Table, a: float, b: float, c: float, d: float, child: int) -> None:
    """Write a node from the weights below its four children."""
    node["first"], node["second"], node["third"] = a, a + b, a + b + c
    node["total"] = a + b + c + d
    node["child"] = child


@inner_kernel
def fill_tree(weights: FloatArray, first: int, n: int, nodes: Table, top: int, height: int) -> None:
    """Write the nodes of a tree.

    Parameters
    ----------
    weights : array
        Those of the leaves stand in ``weights[first : first + n]``, all >= 0.
    first, n : int
        A leaf is known by its place in `weights`.
    nodes : array of NODE_ROW
        The tree takes the rows from `top`, level by level from its top.
    top, height : int
    """
    row, size = top + rows_of(n, height), n
    for above in range(1, height + 1):
        n_rows = rows_at(n, above)
        below = first if above == 1 else row
        row -= n_rows
        for i in range(n_rows):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            j, left = below + 4 * i, size - 4 * i
            if above == 1:
                a = weights[j]
                b = weights[j + 1] if left > 1 else 0.0
                c = weights[j + 2] if left > 2 else 0.0
                d = weights[j + 3] if left > 3 else 0.0
            else:
                a = nodes[j]["total"]
                b = nodes[j + 1]["total"] if left > 1 else 0.0
                c = nodes[j + 2]["total"] if left > 2 else 0.0
                d = nodes[j + 3]["total"] if left > 3 else 0.0
            fill_node(nodes[row + i], a, b, c, d, j)
        size = n_rows


@inner_kernel
def choose_each(
    nodes: Table,
    height: int,
    words: KeyArray,
    first_power: int,
    place: KeyArray,
    n: int,
) -> None:
    """Walk from the tops of `n` trees of one height to a leaf each, by weight.

    All walks go down together, level by level, so that they do not wait for one another.

    Parameters
    ----------
    nodes : array of NODE_ROW
        From :func:`fill_tree`; the total of each tree must be above 0.
    height : int
    words : array of uint64
        The luck of each walk, below 2**32.
    first_power : int
        Power of the multiplier for the lowest height: different for two walks by one word.
    place : array of uint64
        The top of each tree; replaced by the leaf chosen.
    n : int
    """
    for above in range(height - 1, -1, -1):
        power = POWERS[first_power + above]
        for i in range(n):
            node = nodes[place[i]]
            mark = uniform((words[i] * power) & MASK) * node["total"]
            child = np.uint64(mark >= node["first"]) + np.uint64(mark >= node["second"])
            place[i] = node["child"] + child + np.uint64(mark >= node["third"])
