"""Shapley values: what each of a few causes adds, on average over the orders they come in.

For a game ``v`` on the subsets of ``n`` players the value of player ``i`` is

    part_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S)),

the mean of what ``i`` adds over all orders of the players. The parts add up to
``v(all) - v(none)``, a player that never changes anything gets 0, and players that do the
same get the same. They are the only values with these properties that add over games, so
parts of a total are the sums of the parts of its regions and stages.

References
----------
Shapley (1953), A value for n-person games, Contributions to the Theory of Games II.
Shorrocks (2013), Decomposition procedures for distributional analysis: a unified framework
based on the Shapley value, Journal of Economic Inequality 11.
"""

from __future__ import annotations

from math import comb

import numpy as np

from finmodel.world.arrays import FloatArray


def shapley_values(game: FloatArray) -> FloatArray:
    """Return the Shapley value of every player, for many games at once.

    Parameters
    ----------
    game : ndarray of shape (2**n, ...), n at least 1
        Entry ``S`` is the value of the subset with player ``i`` in it if bit ``i`` of ``S``
        is set: the first is the value of nobody, the last that of all. Any unit. A NaN in a
        game makes its parts NaN.

    Returns
    -------
    ndarray of shape (n, ...)
        In the unit of `game`; the sum over players is ``game[-1] - game[0]``.

    Raises
    ------
    ValueError
        If the first axis is not a power of two from 2 on.
    """
    subsets = np.arange(len(game))
    n = max(len(game).bit_length() - 1, 0)
    if n < 1 or len(game) != 1 << n:
        raise ValueError(f"the first axis must be a power of two from 2 on, got {len(game)}")
    sizes = np.array([int(subset).bit_count() for subset in subsets])
    parts = []
    for player in range(n):
        without = subsets[(subsets >> player) & 1 == 0]
        weight = np.array([1.0 / (n * comb(n - 1, size)) for size in sizes[without]])
        added = game[without | (1 << player)] - game[without]
        parts.append(np.tensordot(weight, added, axes=1))
    return np.stack(parts)
