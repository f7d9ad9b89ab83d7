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

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.designs import Trajectories
from finmodel.sensitivity.noise import Outcomes


@dataclass(frozen=True)
class Screening:
    """Elementary effects of G factors, in the outcome's unit per whole range.

    Attributes
    ----------
    mu_star, mu_star_low, mu_star_high : ndarray of shape (G,)
        Mean absolute effect, 95 % interval by bootstrap over trajectories.
    mu, mu_error : ndarray of shape (G,)
        Mean effect and its standard error over trajectories; NaN of a factor of several numbers.
    sigma : ndarray of shape (G,)
        Spread of effects without luck; of absolute effects for a factor of several numbers.
    floor : ndarray of shape (G,)
        `mu_star` that luck alone would give.
    strength : ndarray of shape (G,)
        Root mean square of effects without luck.
    is_told : ndarray of bool, shape (G,)
        Whether effects are larger than luck: mean square above its luck by two standard errors.
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
    error = excess.std(axis=0, ddof=1) / np.sqrt(n)
    return Screening(
        mu_star=size.mean(axis=0),
        mu_star_low=low,
        mu_star_high=high,
        mu=np.where(is_single, effect.mean(axis=0), np.nan),
        mu_error=np.where(is_single, effect.std(axis=0, ddof=1) / np.sqrt(n), np.nan),
        sigma=np.sqrt(np.maximum(spread - luck.mean(axis=0), 0.0)),
        floor=np.sqrt(2.0 / np.pi) * np.sqrt(luck).mean(axis=0),
        strength=np.sqrt(np.maximum(excess.mean(axis=0), 0.0)),
        is_told=(excess.mean(axis=0) > 2.0 * error) & (size.mean(axis=0) > 0.0),
        n_trajectories=n,
    )
