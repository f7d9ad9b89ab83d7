r"""The value of information for a choice between options.

What is chosen now is best on average; with a number known, what is best given it:

    EVPPI(x) = E_x[max_d E[b_d | x]] - max_d E[b_d],     EVPI = E[max_d b_d] - max_d E[b_d],

with `b` the benefit of option `d`. Expectations given a number are smooth curves over it, which
also average luck out. Luck makes EVPI too large if the best of noisy benefits is taken, and too
small if half of the paths choose and the other half judge: both are given.

References
----------
Raiffa & Schlaifer (1961), Applied Statistical Decision Theory.
Strong, Oakley & Brennan (2014), Estimating multiparameter partial expected value of perfect
information from a probabilistic sensitivity analysis sample, Medical Decision Making 34.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.noise import Outcomes
from finmodel.sensitivity.smoothing import Smoother, make_smoother

MOST_DRAWS = 200


@dataclass(frozen=True)
class PartialInformation:
    """What it is worth to know one number before choosing.

    Attributes
    ----------
    value, error : float
        In the unit of benefits, without the bias of choosing by a fitted curve, not below zero;
        and its standard error.
    bias : float
        What was taken off.
    by_chance, by_chance_q95 : float
        Mean and 95 % point of the same figure for the number shuffled over draws, whose
        information is worth nothing.
    is_told : bool
        Whether the value is above the 95 % point by chance.
    freedom : float
        Degrees of freedom of the curve.
    """

    value: float
    error: float
    bias: float
    by_chance: float
    by_chance_q95: float
    is_told: bool
    freedom: float


def partial_information(
    x: FloatArray, benefit: FloatArray, *, seed: int, shuffles: int = 50
) -> PartialInformation:
    """Return the expected value of perfect information on one number.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Drawn values of the number, together with all others.
    benefit : ndarray of shape (n, Q)
        Of Q options in each draw, with or without luck.
    seed : int
    shuffles : int

    Raises
    ------
    ValueError
        With fewer than 20 draws or two options.
    """
    n, n_options = benefit.shape
    if n < 20 or n_options < 2:
        raise ValueError(f"{n} draws of {n_options} options; at least 20 of 2 are needed")
    rng = np.random.default_rng(seed)
    smoother = make_smoother(x)
    value, bias, curve_error, freedom = _information(smoother, benefit, rng)
    fitted = smoother.fit(benefit).fitted
    gain = fitted.max(axis=1) - fitted[:, int(fitted.mean(axis=0).argmax())]
    error = np.hypot(curve_error, gain.std(ddof=1) / np.sqrt(n))
    chance = np.array(
        [_information(smoother, benefit[rng.permutation(n)], rng)[0] for _ in range(shuffles)]
    )
    bound = float(np.quantile(chance, 0.95))
    return PartialInformation(
        value, float(error), bias, float(chance.mean()), bound, value > bound, freedom
    )


def _information(
    smoother: Smoother, benefit: FloatArray, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return value, bias, error of the curve and its degrees of freedom."""
    curve = smoother.fit(benefit)
    plain = float(_worth(curve.fitted))
    drawn = _worth(curve.draws(MOST_DRAWS, rng))
    bias = float(drawn.mean()) - plain
    return max(plain - bias, 0.0), bias, float(drawn.std(ddof=1)), float(curve.kept.sum())


def _worth(expected: FloatArray) -> FloatArray:
    """Return the gain of choosing in each draw; shape (..., n, Q) to (...)."""
    gain: FloatArray = expected.max(axis=-1).mean(axis=-1) - expected.mean(axis=-2).max(axis=-1)
    return gain


@dataclass(frozen=True)
class Choice:
    """A choice between Q options under all that is not known.

    Attributes
    ----------
    mean, error : ndarray of shape (Q,)
        Expected benefit and its standard error, of draws and of paths.
    best : int
        Option best on average.
    is_best : ndarray of shape (Q,)
        Share of draws in which an option has the largest benefit as played, luck and all.
    lead, lead_error : float
        Of the best over the second, draw by draw and path by path.
    worth_low, worth_high : float
        EVPI: between the half-split and the plain figure, not below zero.
    """

    mean: FloatArray
    error: FloatArray
    best: int
    is_best: FloatArray
    lead: float
    lead_error: float
    worth_low: float
    worth_high: float


def choice(benefits: list[Outcomes]) -> Choice:
    """Return what is known of a choice from the benefits of its options, each of shape (n,)."""
    value = np.stack([found.value for found in benefits], axis=1)
    mean = value.mean(axis=0)
    error = np.array([_mean_error(found) for found in benefits])
    best, second = np.argsort(-mean, kind="stable")[:2]
    first_at = value.argmax(axis=1)
    ahead = benefits[best].minus(benefits[second])
    low = np.mean([_half_split(benefits, value, mean, part) for part in (0, 1)])
    return Choice(
        mean=mean,
        error=error,
        best=int(best),
        is_best=np.bincount(first_at, minlength=len(benefits)) / len(value),
        lead=float(mean[best] - mean[second]),
        lead_error=_mean_error(ahead),
        worth_low=max(float(low), 0.0),
        worth_high=float(value.max(axis=1).mean() - mean.max()),
    )


def _mean_error(found: Outcomes) -> float:
    """Return the standard error of a mean over draws, of draws and of paths that all share."""
    n = len(found.value)
    of_draws = found.value.var(ddof=1) / n
    of_paths = Outcomes(np.zeros(()), found.influence.mean(axis=0)).squared_error()
    return float(np.sqrt(of_draws + of_paths))


def _half_split(benefits: list[Outcomes], value: FloatArray, mean: FloatArray, part: int) -> float:
    """Return the gain of choosing by one half of the paths, judged by the other."""
    paths = np.arange(max(found.n_paths for found in benefits))
    if len(paths) < 2:
        return float(value.max(axis=1).mean() - mean.max())
    halves = [
        value + np.stack([_half(found, paths % 2 == side) for found in benefits], axis=1)
        for side in (part, 1 - part)
    ]
    chosen = halves[0].argmax(axis=1)
    judged = np.take_along_axis(halves[1], chosen[:, None], axis=1).mean()
    return float(judged - halves[1].mean(axis=0).max())


def _half(found: Outcomes, chosen: NDArray[np.bool_]) -> FloatArray:
    """Return what the chosen paths add to each value; nothing to what is exact."""
    if found.n_paths == 0:
        return np.zeros_like(found.value)
    half: FloatArray = found.influence[:, chosen].mean(axis=1)
    return half
