"""How much of a thing reaches a goal with a given probability, and how sure that is.

The chance ``P(outcome(x) >= goal)`` is estimated at levels of ``x`` on the same paths, made
monotone by isotonic regression (Barlow et al. 1972), and crossed with the probability asked for.
The interval of the answer is where Wilson's (1927) limits of the chance cross it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

FloatArray = NDArray[np.float64]
COARSE, FINE = 5, 4
"""Levels equally spaced, and halvings about the crossing."""
_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class BackSolution:
    """The level that reaches a goal.

    Attributes
    ----------
    levels : ndarray of shape (L,)
        Tried, ascending.
    chance, low, high : ndarray of shape (L,)
        Of reaching the goal, with Wilson's 95 % limits, before smoothing.
    answer : float
        Smallest level that reaches it, or the largest if more does harm; NaN if none tried does.
    answer_low, answer_high : float
        Interval of the answer, NaN where an end lies outside the levels tried.
    status : str
        ``found``; ``none``: no level does, even at the upper limit of its chance; ``unclear``: the
        estimate reaches it nowhere, but noise could hide it; ``always``: every level does.
    is_rising : bool
        Whether more helps.
    is_monotone : bool
        False if the chance turns by more than noise between two levels tried: the answer is then
        that of a curve which the data refuse.
    """

    levels: FloatArray
    chance: FloatArray
    low: FloatArray
    high: FloatArray
    answer: float
    answer_low: float
    answer_high: float
    status: str
    is_rising: bool
    is_monotone: bool


def back_solve(
    outcome: Callable[[float], FloatArray],
    *,
    between: tuple[float, float],
    goal: float,
    probability: float,
    coarse: int = COARSE,
    fine: int = FINE,
    is_whole: bool = False,
) -> BackSolution:
    """Find the level at which a goal is reached with a probability.

    Parameters
    ----------
    outcome : callable
        Level to outcomes by path, shape (P,), the same luck at every level.
    between : (float, float)
        Levels looked at.
    goal : float
        Least outcome that counts.
    probability : float
        In (0, 1).
    coarse, fine : int
        Equally spaced levels first, then halvings about the crossing.
    is_whole : bool
        Only whole levels are played, until the crossing lies between neighbours, and the answer
        and its interval are whole levels. `between` is whole then.

    Returns
    -------
    BackSolution
    """
    levels = np.linspace(*between, coarse)
    if is_whole:
        levels = np.unique(np.rint(levels))
    reached = {float(x): outcome(float(x)) >= goal for x in levels}
    for _ in range(most_levels(between, coarse, fine, is_whole=is_whole) - coarse):
        xs, chance, _ = _curve(reached)
        is_rising = chance[-1] >= chance[0]
        smooth = _smooth(chance, is_rising)
        inside = np.flatnonzero(np.diff(np.signbit(smooth - probability)))
        if not len(inside):
            break
        middle = 0.5 * (xs[inside[0]] + xs[inside[0] + 1])
        if is_whole:
            middle = np.floor(middle)
            if middle == xs[inside[0]]:
                break  # neighbours
        reached[float(middle)] = outcome(float(middle)) >= goal
    xs, chance, hits = _curve(reached)
    is_rising = bool(chance[-1] >= chance[0])
    low, high = wilson(chance, hits.shape[1])
    answer = _cross(xs, _smooth(chance, is_rising), probability, is_rising)
    soonest = _cross(xs, _smooth(high, is_rising), probability, is_rising)
    surest = _cross(xs, _smooth(low, is_rising), probability, is_rising)
    if np.isnan(answer):
        # Where the chance turns, a level may reach the goal that the monotone curve denies.
        is_seen = (chance >= probability).any()
        status = "none" if np.isnan(soonest) and not is_seen else "unclear"
    else:
        status = "always" if answer == (xs[0] if is_rising else xs[-1]) else "found"
    if soonest == (xs[0] if is_rising else xs[-1]):
        soonest = float("nan")  # nearer levels were not tried
    first, last = (soonest, surest) if is_rising else (surest, soonest)
    if is_whole:
        # The first whole level at which the curve, straight between those tried, is high enough.
        up = np.ceil if is_rising else np.floor
        answer, first, last = (float(up(round(x, 9))) for x in (answer, first, last))
    return BackSolution(
        xs, chance, low, high, answer, first, last, status, is_rising, _is_monotone(hits, is_rising)
    )


def most_levels(
    between: tuple[float, float], coarse: int = COARSE, fine: int = FINE, *, is_whole: bool = False
) -> int:
    """Return how many levels :func:`back_solve` tries at most."""
    if not is_whole:
        return coarse + fine
    # Whole levels are halved down to neighbours; smoothing may move the crossing on the way.
    span = max((between[1] - between[0]) / max(coarse - 1, 1), 1.0)
    return coarse + fine + int(np.ceil(np.log2(span)))


def wilson(chance: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's 95 % limits of a chance estimated on `n` paths."""
    shrink = 1.0 + _Z**2 / n
    middle = (chance + _Z**2 / (2.0 * n)) / shrink
    half = _Z * np.sqrt(chance * (1.0 - chance) / n + _Z**2 / (4.0 * n**2)) / shrink
    return middle - half, middle + half


def _curve(reached: dict[float, NDArray[np.bool_]]) -> tuple[FloatArray, FloatArray, FloatArray]:
    xs = np.array(sorted(reached))
    hits = np.array([reached[x] for x in xs], np.float64)
    return xs, hits.mean(axis=1), hits


def _smooth(values: FloatArray, is_rising: bool) -> FloatArray:
    return np.asarray(isotonic_regression(values, increasing=is_rising).x)


def _cross(xs: FloatArray, curve: FloatArray, level: float, is_rising: bool) -> float:
    """Return where a monotone curve first reaches a level, coming from its low end; else NaN."""
    if not is_rising:
        return -_cross(-xs[::-1], curve[::-1], level, is_rising=True)
    over = np.flatnonzero(curve >= level)
    if not len(over):
        return float("nan")
    at = over[0]
    if at == 0:
        return float(xs[0])
    part = (level - curve[at - 1]) / (curve[at] - curve[at - 1])
    return float(xs[at - 1] + part * (xs[at] - xs[at - 1]))


def _is_monotone(hits: FloatArray, is_rising: bool) -> bool:
    """Return whether no step goes the wrong way by more than noise, over all steps together."""
    steps = np.diff(hits, axis=0) * (1.0 if is_rising else -1.0)
    n = steps.shape[1]
    se = steps.std(axis=1, ddof=1) / np.sqrt(n)
    # Three standard errors are a chance of 0.02 over a dozen steps.
    return bool((steps.mean(axis=1) >= -3.0 * se - 1e-12).all())
