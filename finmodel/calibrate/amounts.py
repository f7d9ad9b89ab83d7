"""What a round's amount says about its stage: normal laws of log amounts, part of the stage model.

A first round at stage k has ``ln a ~ N(mu, sd)``. A later round is regressed on the one before
it, because a firm that raises much raises much again: for a round at stage k after one at the
same stage (a further round), and after one at an earlier stage (with the number of stages it
jumped), ``ln a = c + b ln a' + d (jump - 1)``; without a known amount before, ``ln a ~ N(mu, sd)``.
An undisclosed amount says nothing. Covariates of the firm shift all its log amounts alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.calibrate.round_table import RoundTable
from finmodel.world.arrays import FloatArray

MIN_WEIGHT = 8.0
"""Rounds a law of its own needs; with fewer it is the law of all rounds at the stage."""
MIN_SD = 0.05
RIDGE = 1e-6
LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class AmountLaw:
    """Densities of log amounts.

    Attributes
    ----------
    first : ndarray of shape (K, 2)
        Mean and standard deviation of a firm's first round at stage k.
    alone : ndarray of shape (2, K, 2)
        The same of later rounds whose round before is undisclosed: at the same stage, risen.
    slope : ndarray of shape (2, K, 4)
        Constant, slope on the log amount before, on the jump less one, standard deviation.
    effect : ndarray of shape (c,)
        Of the firm's covariates, taken off all amounts first.
    """

    first: FloatArray
    alone: FloatArray
    slope: FloatArray
    effect: FloatArray


def fit_amounts(
    table: RoundTable, single: FloatArray, pair: FloatArray, z: FloatArray
) -> AmountLaw:
    """Return the laws by weighted likelihood.

    Parameters
    ----------
    table : RoundTable
    single : ndarray of shape (n, K)
        Weight of each round at each stage.
    pair : ndarray of shape (n, K, K)
        Weight of each round with its stage before (axis 1) and its own (axis 2); 0 if first.
    z : ndarray of shape (n, c)
        Covariates of the firm of each round.
    """
    effect = _effect(table.log_amount, single, z)
    amount = table.log_amount - z @ effect
    before = amount_before(table, amount)
    n_stages = single.shape[1]
    is_known = np.isfinite(amount)
    is_first = table.order == 0
    first = np.empty((n_stages, 2))
    alone = np.empty((2, n_stages, 2))
    slope = np.empty((2, n_stages, 4))
    both = is_known & np.isfinite(before)
    for k in range(n_stages):
        any_law = _moments(amount, single[:, k] * is_known, (0.0, 2.0))
        first[k] = _moments(amount, single[:, k] * (is_known & is_first), any_law)
        groups = ([(k, 0.0)], [(j, k - j - 1.0) for j in range(k)])
        for c, group in enumerate(groups):
            weight = sum((pair[:, j, k] for j, _ in group), np.zeros(len(amount)))
            alone[c, k] = _moments(amount, weight * is_known, any_law)
            parts = [(pair[:, j, k] * both, jump) for j, jump in group]
            slope[c, k] = _regression(amount, before, parts, alone[c, k])
    return AmountLaw(first, alone, slope, effect)


def log_densities(
    table: RoundTable, law: AmountLaw, z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return log densities of the amounts, for first rounds (n, K) and by pair (n, K, K)."""
    amount = table.log_amount - z @ law.effect
    before = amount_before(table, amount)
    n_stages = len(law.first)
    is_known = np.isfinite(amount)
    has_before = np.isfinite(before)
    value = np.where(is_known, amount, 0.0)
    lag = np.where(has_before, before, 0.0)
    first = _density(value[:, None], law.first[:, 0], law.first[:, 1])
    pair = np.zeros((len(amount), n_stages, n_stages))
    for k in range(n_stages):
        for j in range(k + 1):
            c = int(k > j)
            constant, b, d, sd = law.slope[c, k]
            mean = constant + b * lag + d * max(0, k - j - 1)
            near = _density(value, mean, sd)
            pair[:, j, k] = np.where(has_before, near, _density(value, *law.alone[c, k]))
    first[~is_known] = 0.0
    pair[~is_known] = 0.0
    return first, pair


def amount_before(table: RoundTable, amount: FloatArray) -> FloatArray:
    """Return the amount of each firm's round before, NaN if there is none or it is unknown."""
    return np.where(table.order == 0, np.nan, np.roll(amount, 1))


def _effect(amount: FloatArray, single: FloatArray, z: FloatArray) -> FloatArray:
    """Return effects of covariates on log amounts within stages, by weighted least squares."""
    is_known = np.isfinite(amount)
    weight, y, x = single[is_known], amount[is_known], z[is_known]
    if not z.shape[1]:
        return np.zeros(0)
    total = np.maximum(weight.sum(axis=0), 1e-12)
    mean_y, mean_x = weight.T @ y / total, weight.T @ x / total[:, None]
    every = weight.sum(axis=1)
    cross = (x * every[:, None]).T @ x - (mean_x * total[:, None]).T @ mean_x
    right = x.T @ (every * y) - mean_x.T @ (total * mean_y)
    return np.asarray(np.linalg.solve(cross + RIDGE * np.eye(len(cross)), right))


def _density(value: FloatArray, mean: FloatArray | float, sd: FloatArray | float) -> FloatArray:
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd) - 0.5 * LOG_2PI)


def _moments(
    amount: FloatArray, weight: FloatArray, otherwise: FloatArray | tuple[float, float]
) -> FloatArray:
    total = weight.sum()
    if total < MIN_WEIGHT:
        return np.array(otherwise)
    value = np.where(weight > 0.0, amount, 0.0)
    mean = (weight * value).sum() / total
    variance = (weight * (value - mean) ** 2).sum() / total
    return np.array([mean, max(MIN_SD, float(np.sqrt(variance)))])


def _regression(
    amount: FloatArray,
    before: FloatArray,
    parts: list[tuple[FloatArray, float]],
    otherwise: FloatArray,
) -> FloatArray:
    """Return constant, slopes and spread; each part has its weights and its jump less one."""
    total = sum(float(weight.sum()) for weight, _ in parts)
    if total < 2.0 * MIN_WEIGHT:
        return np.array([otherwise[0], 0.0, 0.0, otherwise[1]])
    has_jump = sum(float(weight.sum()) for weight, jump in parts if jump > 0) >= MIN_WEIGHT
    rows = [(np.flatnonzero(weight > 0.0), weight, jump) for weight, jump in parts]
    x = np.vstack(
        [
            np.column_stack([np.ones(len(at)), before[at], np.full(len(at), jump * has_jump)])
            for at, _, jump in rows
        ]
    )
    y = np.concatenate([amount[at] for at, _, _ in rows])
    w = np.concatenate([weight[at] for at, weight, _ in rows])
    beta = np.linalg.solve((x * w[:, None]).T @ x + RIDGE * np.eye(3), x.T @ (w * y))
    variance = (w * (y - x @ beta) ** 2).sum() / total
    return np.array([*beta, max(MIN_SD, float(np.sqrt(variance)))])
