"""The efficient frontier: how much objective each unit of risk buys.

Splits that the fitted response holds for best under a row of limits on the risk are played on
fresh paths; a point is *efficient* if none other is at once worth more and less risky. By
estimates alone a lucky point can push a neighbour out, so it is also said whether a point is
behind another by more than noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from finmodel.allocate.book import Means
from finmodel.allocate.goal import Evaluate, Goal, RiskLimit, risk
from finmodel.allocate.search import Found, Task, fit_response
from finmodel.allocate.splits import SplitSet

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Frontier:
    """Points from least risk to most.

    Attributes
    ----------
    splits : ndarray of shape (N, D)
    value, value_se, risk, risk_se : ndarray of shape (N,)
        On fresh paths; the worst scenario's risk.
    is_efficient : ndarray of bool, shape (N,)
        No other point is worth more at no more risk.
    is_clearly_behind : ndarray of bool, shape (N,)
        Some point of no more risk is worth more by twice the paired standard error.
    """

    splits: FloatArray
    value: FloatArray
    value_se: FloatArray
    risk: FloatArray
    risk_se: FloatArray
    is_efficient: NDArray[np.bool_]
    is_clearly_behind: NDArray[np.bool_]


def frontier(
    evaluate: Evaluate,
    goal: Goal,
    allowed: SplitSet,
    found: Found,
    measure_of_risk: RiskLimit,
    *,
    paths: range,
    points: int,
    seed: int,
) -> Frontier:
    """Trace the frontier of the expected objective against a risk.

    Parameters
    ----------
    evaluate, goal, allowed
        As in :func:`finmodel.allocate.search.search`; limits of the goal stay in force.
    found : Found
        Of a search; its response is used.
    measure_of_risk : RiskLimit
        `most` is ignored.
    paths : range
        Fresh ones.
    points : int
    seed : int

    Returns
    -------
    Frontier
        Equal splits are shown once.
    """
    with threadpool_limits(1, "blas"):  # sums in one order, whatever the machine
        splits = _proposed(goal, allowed, found, measure_of_risk, points, seed)
    unique = np.unique(np.round(splits, 9), axis=0)
    outcomes = np.asarray(evaluate(unique, paths))
    by_path = goal.pooled(outcomes)
    each, error = risk(measure_of_risk, outcomes)
    worst = each.argmax(axis=1)
    rows = np.arange(len(unique))
    order = np.argsort(each[rows, worst], kind="stable")
    by_path = by_path[order]
    value = by_path.mean(axis=1)
    ahead = by_path[None, :, :] - by_path[:, None, :]  # of j over i
    se = ahead.std(axis=2, ddof=1) / np.sqrt(len(paths))
    is_before = np.tri(len(unique), k=-1, dtype=bool)  # j has no more risk than i
    return Frontier(
        splits=unique[order],
        value=value,
        value_se=by_path.std(axis=1, ddof=1) / np.sqrt(len(paths)),
        risk=each[rows, worst][order],
        risk_se=error[rows, worst][order],
        is_efficient=~(is_before & (value[None, :] >= value[:, None])).any(axis=1),
        is_clearly_behind=(is_before & (ahead.mean(axis=2) > 2.0 * se)).any(axis=1),
    )


def _proposed(
    goal: Goal, allowed: SplitSet, found: Found, about: RiskLimit, points: int, seed: int
) -> list[FloatArray]:
    """Return the winners and the splits held for best under limits from lowest to highest."""
    rng = np.random.default_rng(seed)
    means = _with_risk(found, about)
    response = fit_response(means)
    known = np.array([s.mean(means.splits) for s in [row[-1] for row in response.risks]]).max(
        axis=0
    )
    splits = [item.split for item in found.winners.values()]
    for most in np.linspace(known.min(), known.max(), points):
        limits = (*goal.limits, replace(about, most=float(most)))
        task = Task(replace(goal, limits=limits), allowed, "expected", response, means)
        splits.append(task.propose(0.0, 1, rng))
    return splits


def _with_risk(found: Found, measure_of_risk: RiskLimit) -> Means:
    """Return the means of a search with one more risk, behind those of its limits."""
    goal = replace(found.book.goal, limits=(*found.book.goal.limits, measure_of_risk))
    return replace(found.book, goal=goal).means()
