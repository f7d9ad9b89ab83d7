"""Newton's method on many small smooth problems at once, with numerical derivatives.

The problems share a function and differ in data (here: the threshold of a tail), so that one
vectorised call moves all of them. Central differences serve for the gradient and the
Hessian; a Hessian that is not positive definite is made so by the absolute values of its
eigenvalues, and a step that does not improve is halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from finmodel.world.arrays import FloatArray

Objective = Callable[[FloatArray], FloatArray]
"""From parameters of shape (M, K, P) to values of shape (M, K): M points of each problem."""

STEP = 1e-3
"""Of the differences. Parameters are logarithms or of order one, sums are below 1e5."""
MOST_STEPS = 60
MOST_MOVE = 1.0
"""Of a parameter in one step: keeps logarithms out of the region of overflow."""
TOLERANCE = 1e-7
"""Newton decrement, in units of the objective, at which a problem is solved."""


@dataclass(frozen=True)
class Minima:
    """Where the problems ended.

    Attributes
    ----------
    point : ndarray of shape (K, P)
    value : ndarray of shape (K,)
    hessian : ndarray of shape (K, P, P)
    is_solved : ndarray of bool, shape (K,)
        Small decrement, and a positive definite Hessian.
    """

    point: FloatArray
    value: FloatArray
    hessian: FloatArray
    is_solved: np.ndarray


def derivatives(function: Objective, at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value (K,), gradient (K, P) and Hessian (K, P, P) by central differences."""
    n, p = at.shape
    unit = STEP * np.eye(p)
    pairs = [(i, j) for i in range(p) for j in range(i)]
    moves = [np.zeros(p), *unit, *-unit]
    for i, j in pairs:
        moves += [unit[i] + unit[j], unit[i] - unit[j], unit[j] - unit[i], -unit[i] - unit[j]]
    values = function(at[None] + np.array(moves)[:, None, :])
    middle, up, down = values[0], values[1 : p + 1], values[p + 1 : 2 * p + 1]
    gradient = ((up - down) / (2 * STEP)).T
    hessian = np.empty((n, p, p))
    for i in range(p):
        hessian[:, i, i] = (up[i] - 2 * middle + down[i]) / STEP**2
    for number, (i, j) in enumerate(pairs):
        a, b, c, d = values[2 * p + 1 + 4 * number : 2 * p + 5 + 4 * number]
        hessian[:, i, j] = hessian[:, j, i] = (a - b - c + d) / (4 * STEP**2)
    return middle, gradient, hessian


def minimise(function: Objective, start: FloatArray) -> Minima:
    """Minimise K problems of P parameters from `start` of shape (K, P)."""
    at = np.array(start, dtype=np.float64)
    for _ in range(MOST_STEPS):
        value, gradient, hessian = derivatives(function, at)
        root, axes = np.linalg.eigh(hessian)
        bent = np.maximum(np.abs(root), 1e-6 * np.abs(root).max(axis=1, keepdims=True) + 1e-12)
        along = np.einsum("kpq,kp->kq", axes, gradient)
        decrement = (along**2 / bent).sum(axis=1)
        is_done = (decrement < TOLERANCE) & (root[:, 0] > 0)
        if is_done.all():
            break
        move = -np.einsum("kpq,kq->kp", axes, along / bent)
        move *= np.minimum(1.0, MOST_MOVE / np.maximum(np.abs(move).max(axis=1), 1e-300))[:, None]
        at = at + _shortened(function, at, value, np.where(is_done[:, None], 0.0, move))
    value, gradient, hessian = derivatives(function, at)
    root = np.linalg.eigvalsh(hessian)
    safe = np.where((root[:, 0] > 0)[:, None, None], hessian, np.eye(at.shape[1]))
    decrement = np.einsum("kp,kp->k", gradient, np.linalg.solve(safe, gradient[..., None])[..., 0])
    is_solved = (root[:, 0] > 1e-9 * root[:, -1]) & (decrement < 1e-4) & np.isfinite(value)
    return Minima(at, value, hessian, is_solved)


def _shortened(
    function: Objective, at: FloatArray, value: FloatArray, move: FloatArray
) -> FloatArray:
    """Return the first of the halvings of each move that is no worse, else no move."""
    scales = 0.5 ** np.arange(12)
    tried = function(at[None] + scales[:, None, None] * move[None])
    is_better = tried <= value[None] + 1e-12 * np.abs(value[None])
    first = np.where(is_better.any(axis=0), scales[is_better.argmax(axis=0)], 0.0)
    return np.asarray(first[:, None] * move)
