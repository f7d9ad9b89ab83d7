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
Westfall & Young (1993), Resampling-Based Multiple Testing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.noise import Outcomes, jackknife_error
from finmodel.sensitivity.smoothing import Smoother, make_smoother

MOST_DRAWS = 100
Z90 = 1.6448536269514722
ROUNDING = 1e-9


@dataclass(frozen=True)
class PartialInformation:
    """What it is worth to know one number before choosing.

    Attributes
    ----------
    value, error : float
        In the unit of benefits, without the bias of choosing by a fitted curve, not below zero
        nor above the plain worth of knowing everything; and its standard error, of the curve,
        the draws and the paths.
    bias : float
        What was taken off.
    by_chance : float
        Mean of the same figure for the number shuffled over draws, whose information is worth
        nothing.
    by_chance_q95 : float
        95 % point, over shuffles, of the largest such figure of all numbers.
    is_told : bool
        Whether the value is above the 95 % point by chance, and by its own error above zero.
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
    x: FloatArray,
    benefit: FloatArray,
    *,
    seed: int,
    shuffles: int = 50,
    without: Sequence[FloatArray] = (),
) -> list[PartialInformation]:
    """Return the expected value of perfect information on each of D numbers.

    What chance gives is the same for all: the largest over the numbers when the benefits are
    shuffled over draws, so that looking at many numbers does not make one worth knowing
    (Westfall & Young 1993).

    Parameters
    ----------
    x : ndarray of shape (n, D)
        Drawn values of the numbers, all together.
    benefit : ndarray of shape (n, Q)
        Of Q options in each draw, with or without luck.
    seed : int
    shuffles : int
    without : sequence of ndarray, each of shape (n, Q)
        Benefits without each block of paths: all draws play the same paths, and so what these
        do to the mean of an option shows in no spread over draws.

    Raises
    ------
    ValueError
        With fewer than 20 draws or two options.
    """
    n, n_options = benefit.shape
    if n < 20 or n_options < 2:
        raise ValueError(f"{n} draws of {n_options} options; at least 20 of 2 are needed")
    rng = np.random.default_rng(seed)
    smoothers = [make_smoother(column) for column in x.T]
    found = [_information(smoother, benefit, rng) for smoother in smoothers]
    errors = [
        float(np.hypot(_error(s, benefit, item[2]), _path_error(s, without)))
        for s, item in zip(smoothers, found, strict=True)
    ]
    # No number is worth more than all of them: of few draws a curve may promise it.
    most = max(float(_worth(benefit)), 0.0)
    chance = np.zeros((shuffles, len(smoothers)))
    for row in chance:
        shuffled = benefit[rng.permutation(n)]
        row[:] = [_information(smoother, shuffled, rng)[0] for smoother in smoothers]
    bound = float(np.quantile(chance.max(axis=1), 0.95))
    return [
        PartialInformation(
            value=min(value, most),
            error=error,
            bias=bias,
            by_chance=float(chance[:, j].mean()),
            by_chance_q95=bound,
            is_told=min(value, most) > max(bound, Z90 * error),
            freedom=freedom,
        )
        for j, ((value, bias, _, freedom), error) in enumerate(zip(found, errors, strict=True))
    ]


def _error(smoother: Smoother, benefit: FloatArray, curve_error: float) -> float:
    """Return the standard error from the curve and from the number of draws."""
    fitted = smoother.fit(benefit).fitted
    gain = fitted.max(axis=1) - fitted[:, int(fitted.mean(axis=0).argmax())]
    gain = np.where(gain > ROUNDING * np.abs(benefit).max(), gain, 0.0)
    return float(np.hypot(curve_error, gain.std(ddof=1) / np.sqrt(len(gain))))


def _path_error(smoother: Smoother, without: Sequence[FloatArray]) -> float:
    """Return the standard error that comes of the paths, by the jackknife."""
    worth = np.array([float(_worth(smoother.fit(part).fitted)) for part in without])
    # What is left where one option is best throughout is rounding, of one sign or the other.
    least = ROUNDING * max((float(np.abs(part).max()) for part in without), default=0.0)
    return float(jackknife_error(np.where(np.abs(worth) > least, worth, 0.0)))


def _information(
    smoother: Smoother, benefit: FloatArray, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return value, bias, error of the curve and its degrees of freedom."""
    curve = smoother.fit(benefit)
    # Of a choice that nothing changes rounding alone would be left.
    least = ROUNDING * float(np.abs(benefit).max())
    plain, drawn = (
        np.where(worth > least, worth, 0.0)
        for worth in (_worth(curve.fitted), _worth(curve.draws(MOST_DRAWS, rng)))
    )
    bias = float(drawn.mean() - plain)
    return max(float(plain) - bias, 0.0), bias, float(drawn.std(ddof=1)), float(curve.kept.sum())


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
