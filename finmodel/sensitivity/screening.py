r"""Screening by elementary effects: which unknowns can be let be.

The effect of a factor is the change of the outcome when it alone moves, per whole range of its
belief. ``mu* = mean |effect|``, ``mu = mean effect`` (of single numbers), and sigma, the spread of
effects, says that it depends on the others or is not linear. Luck makes mu* and sigma of an inert
factor positive: the floor is what luck alone would give.

References
----------
Morris (1991), Factorial sampling plans for preliminary computational experiments, Technometrics 33.
Campolongo, Cariboni & Saltelli (2007), Environmental Modelling & Software 22.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.designs import Trajectories
from finmodel.sensitivity.noise import Outcomes, jackknife_error, shared


@dataclass(frozen=True)
class Screening:
    """Elementary effects of G factors, in the outcome's unit per whole range.

    Attributes
    ----------
    mu_star, mu_star_low, mu_star_high : ndarray of shape (G,)
        Mean absolute effect, 95 % interval by bootstrap over trajectories.
    mu, mu_error : ndarray of shape (G,)
        Mean effect and its standard error, of trajectories and of the paths that all of them
        share; NaN of a factor of several numbers.
    sigma : ndarray of shape (G,)
        Spread of effects without luck; of absolute effects for a factor of several numbers.
    floor : ndarray of shape (G,)
        `mu_star` that luck alone would give.
    strength : ndarray of shape (G,)
        Root mean square of effects without luck.
    is_told : ndarray of bool, shape (G,)
        Whether effects are larger than luck: mean square above its luck by two standard errors,
        of trajectories and of paths (jackknife).
    surety : ndarray of shape (G,)
        Normal score of the mean effect: of its Student's t over trajectories.
    n_trajectories : int
        Those with a failed unit are left out.
    """

    mu_star: FloatArray
    mu_star_low: FloatArray
    mu_star_high: FloatArray
    mu: FloatArray
    mu_error: FloatArray
    sigma: FloatArray
    floor: FloatArray
    strength: FloatArray
    is_told: NDArray[np.bool_]
    surety: FloatArray
    n_trajectories: int


def elementary_effects(
    design: Trajectories, found: Outcomes, *, seed: int, resamples: int = 1000
) -> Screening:
    """Return the effects of factors along trajectories.

    Parameters
    ----------
    design : Trajectories
        Of T trajectories.
    found : Outcomes
        Of shape (T, G + 1).
    seed : int
        Of the bootstrap.
    resamples : int

    Raises
    ------
    ValueError
        With fewer than two whole trajectories.
    """
    whole = np.isfinite(found.value).all(axis=1)
    found, moved, sign = found[whole], design.moved[whole], design.sign[whole]
    n = len(moved)
    if n < 2:
        raise ValueError(f"{n} whole trajectories; screening needs at least 2")
    change = found[:, 1:].minus(found[:, :-1])
    order = np.argsort(moved, axis=1)  # of step, by factor: each moves once

    def by_factor(values: FloatArray) -> FloatArray:
        return np.take_along_axis(values, order, axis=1)

    up = by_factor(sign.astype(np.float64))
    is_single = (up != 0.0).all(axis=0)
    effect = by_factor(change.value) / design.step * np.where(is_single, up, 1.0)
    luck = by_factor(change.squared_error()) / design.step**2
    size = np.abs(effect)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=resamples) / n
    low, high = np.quantile(weights @ size, [0.025, 0.975], axis=0)
    spread = np.where(is_single, effect.var(axis=0, ddof=1), size.var(axis=0, ddof=1))
    excess = effect**2 - luck
    # All trajectories play the same paths: what these share is no part of the spread over them.
    parts = [_excess(part, order, design.step) for part in change.without_blocks()]
    wobble = jackknife_error(np.array(parts)) if parts else 0.0
    error = np.hypot(excess.std(axis=0, ddof=1) / np.sqrt(n), wobble)
    mu, mu_error = effect.mean(axis=0), _mean_error(effect, change, order, up, design.step)
    return Screening(
        mu_star=size.mean(axis=0),
        mu_star_low=low,
        mu_star_high=high,
        mu=np.where(is_single, mu, np.nan),
        mu_error=np.where(is_single, mu_error, np.nan),
        sigma=np.sqrt(np.maximum(spread - luck.mean(axis=0), 0.0)),
        floor=np.sqrt(2.0 / np.pi) * np.sqrt(luck).mean(axis=0),
        strength=np.sqrt(np.maximum(excess.mean(axis=0), 0.0)),
        is_told=(excess.mean(axis=0) > 2.0 * error) & (size.mean(axis=0) > 0.0),
        surety=np.where(is_single, normal_score(mu, mu_error, n - 1), np.nan),
        n_trajectories=n,
    )


def normal_score(value: FloatArray, error: FloatArray, freedom: int) -> FloatArray:
    """Return the normal score as rare as ``value / error`` is by Student's law.

    With four trajectories three standard errors come by chance one time in seventeen. A value
    without error is told whatever it is, unless it is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(value == 0.0, 0.0, value / error)
    score: FloatArray = np.sign(ratio) * norm.isf(t.sf(np.abs(ratio), freedom))
    return score


def _excess(change: Outcomes, order: NDArray[np.int64], step: float) -> FloatArray:
    """Return the mean square effect of each factor without luck."""
    square = (change.value**2 - change.squared_error()) / step**2
    excess: FloatArray = np.take_along_axis(square, order, axis=1).mean(axis=0)
    return excess


def _mean_error(
    effect: FloatArray, change: Outcomes, order: NDArray[np.int64], up: FloatArray, step: float
) -> FloatArray:
    """Return the standard error of mean effects: of trajectories, and of paths that all share."""
    own = np.take_along_axis(change.influence, order[:, :, None], axis=1) * up[:, :, None] / step
    common = own.mean(axis=0)
    error: FloatArray = np.sqrt(effect.var(axis=0, ddof=1) / len(effect) + shared(common, common))
    return error
