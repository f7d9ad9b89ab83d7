"""Forward-backward along each firm's rounds: what all its records say of each round's stage.

Works on logs of weights, one a round and stage (first rounds) or one a round, stage before and
stage (later ones), and does not know where they come from.

References
----------
Baum, L. E. et al. (1970), A maximization technique occurring in the statistical analysis of
probabilistic functions of Markov chains, Ann. Math. Statist. 41.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.calibrate.round_table import UNKNOWN, RoundTable
from finmodel.numeric.logit import logistic
from finmodel.world.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Kernels:
    """Logs of weights.

    Attributes
    ----------
    start : ndarray of shape (n, K)
        Used of firms' first rounds.
    move : ndarray of shape (n, K, K)
        Stage before (axis 1), own stage (axis 2); used of later rounds. -inf where it falls.
    """

    start: FloatArray
    move: FloatArray


def posterior(table: RoundTable, kernels: Kernels) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the chance of each stage of each round given all records of its firm.

    Returns
    -------
    single : ndarray of shape (n, K)
    pair : ndarray of shape (n, K, K)
        With the stage of the round before; 0 for first rounds.
    log_likelihood : ndarray of shape (firms,)
    """
    start, move, offset = _weights(table, kernels)
    forward, scale = _forward(table, start, move)
    n, n_stages = forward.shape
    pair = np.zeros((n, n_stages, n_stages))
    backward = np.ones((n, n_stages))
    for rows in reversed(rounds_by_order(table)):
        later = rows[table.order[rows] > 0]
        if len(later):
            ahead = move[later] * backward[later][:, None, :] / scale[later][:, None, None]
            backward[later - 1] = ahead.sum(axis=2)
            pair[later] = forward[later - 1][:, :, None] * ahead
    single = forward * backward
    single /= single.sum(axis=1, keepdims=True)
    by_round = np.log(scale) + offset
    likelihood = np.bincount(table.firm, weights=by_round, minlength=table.n_firms)
    return single, pair, np.asarray(likelihood, dtype=np.float64)


def draw_stages(table: RoundTable, kernels: Kernels, rng: np.random.Generator) -> IntArray:
    """Return one draw of every round's stage, whole firms together, given all records."""
    start, move, _ = _weights(table, kernels)
    forward, _ = _forward(table, start, move)
    u = rng.random(len(table.firm))
    stage = np.full(len(table.firm), UNKNOWN, dtype=np.int64)
    for rows in reversed(rounds_by_order(table)):
        is_last = np.append(table.firm[1:] != table.firm[:-1], True)[rows]
        weight = forward[rows].copy()
        inner = rows[~is_last]
        weight[~is_last] *= move[inner + 1, :, stage[inner + 1]]
        total = weight.cumsum(axis=1)
        stage[rows] = (u[rows, None] * total[:, -1:] >= total).sum(axis=1)
    return stage


def rounds_by_order(table: RoundTable) -> list[IntArray]:
    """Return the rows of all first rounds, of all second rounds, and so on."""
    sort = np.argsort(table.order, kind="stable")
    ends = np.cumsum(np.bincount(table.order))
    return [np.asarray(rows) for rows in np.split(sort, ends[:-1])]


def logistic_shares(above: FloatArray) -> FloatArray:
    """Return chances of stages (n, K) from log odds (n, K - 1) of being above each."""
    above = logistic(above)
    n = len(above)
    reach = np.column_stack([np.ones(n), np.cumprod(above, axis=1)])
    stay = np.column_stack([1.0 - above, np.ones(n)])
    return np.asarray(reach * stay)


def rise_shares(log_odds: FloatArray, further: FloatArray) -> FloatArray:
    """Return chances of the next stage (n, K, K): `log_odds` (n, K - 1) of a rise, by stage.

    `further` of shape (K - 1,) is the chance of one more stage at once, from stage k.
    """
    n, n_stages = len(log_odds), log_odds.shape[1] + 1
    up = logistic(log_odds)
    move = np.zeros((n, n_stages, n_stages))
    for j in range(n_stages - 1):
        move[:, j, j] = 1.0 - up[:, j]
        rest = up[:, j]
        for k in range(j + 1, n_stages):
            more = further[j] if k < n_stages - 1 else 0.0
            move[:, j, k] = rest * (1.0 - more)
            rest = rest * more
    move[:, n_stages - 1, n_stages - 1] = 1.0
    return move


def _weights(table: RoundTable, kernels: Kernels) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return weights of possible stages, each round's largest 1, and the logs taken out."""
    n, n_stages = kernels.start.shape
    rows = np.flatnonzero(table.stage != UNKNOWN)
    allowed = np.zeros((n, n_stages))
    allowed[rows] = -np.inf
    allowed[rows, table.stage[rows]] = 0.0
    start, move = kernels.start + allowed, kernels.move + allowed[:, None, :]
    is_first = table.order == 0
    offset = np.where(is_first, start.max(axis=1), move.max(axis=(1, 2)))
    start = np.exp(np.minimum(start - offset[:, None], 0.0))
    move = np.exp(np.minimum(move - offset[:, None, None], 0.0))
    return start, move, offset


def _forward(
    table: RoundTable, start: FloatArray, move: FloatArray
) -> tuple[FloatArray, FloatArray]:
    forward, scale = np.empty_like(start), np.empty(len(start))
    for number, rows in enumerate(rounds_by_order(table)):
        raw = start[rows]
        if number > 0:
            raw = np.einsum("nj,njk->nk", forward[rows - 1], move[rows])
        scale[rows] = np.maximum(raw.sum(axis=1), 1e-300)
        forward[rows] = raw / scale[rows][:, None]
    return forward, scale
