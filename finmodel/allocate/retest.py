"""Winners on fresh luck: what they are worth, how much of that was luck, and against what.

A winner is the best of many on the paths of the search, so its mean there is too high. On paths
that no search has seen its mean is unbiased; the fall from the one to the other is its *optimism*.
Comparisons with other splits are paired, path by path, and hold together: with the largest of K
correlated t statistics beyond its critical value in one of twenty worlds without a difference
(Dunnett 1955; correlations as estimated, quantile by simulation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finmodel.allocate.goal import Evaluate, Goal, risk

FloatArray = NDArray[np.float64]
Verdict = Literal["better", "worse", "within noise"]

_DRAWS = 20_000  # of the largest t statistic


@dataclass(frozen=True)
class Contrast:
    """Differences of one split from others, with simultaneous intervals.

    Attributes
    ----------
    difference, se, low, high : ndarray of shape (K,)
        Positive where the split is worth more.
    verdicts : tuple of str
    critical : float
        Standard errors to either side of an interval.
    """

    difference: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    verdicts: tuple[Verdict, ...]
    critical: float


@dataclass(frozen=True)
class Fresh:
    """Splits on paths that no search has seen.

    Attributes
    ----------
    names : tuple of str
    splits : ndarray of shape (N, D)
    by_path : ndarray of shape (N, P)
        The objective, expected over scenarios.
    by_scenario, by_scenario_se : ndarray of shape (N, S)
    risks, risk_se : ndarray of shape (N, S, C)
    measures, measure_se : ndarray of shape (N, M)
        Each measure, expected over scenarios.
    """

    names: tuple[str, ...]
    splits: FloatArray
    by_path: FloatArray
    by_scenario: FloatArray
    by_scenario_se: FloatArray
    risks: FloatArray
    risk_se: FloatArray
    measures: FloatArray
    measure_se: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean objective, shape (N,)."""
        return np.asarray(self.by_path.mean(axis=1))

    @property
    def se(self) -> FloatArray:
        """Monte Carlo standard error of the mean, shape (N,)."""
        return np.asarray(self.by_path.std(axis=1, ddof=1) / np.sqrt(self.by_path.shape[1]))


def play_fresh(
    evaluate: Evaluate, goal: Goal, names: Sequence[str], splits: FloatArray, paths: range
) -> Fresh:
    """Play splits on fresh paths.

    Parameters
    ----------
    evaluate : callable
    goal : Goal
    names : sequence of str
        N of them.
    splits : ndarray of shape (N, D)
    paths : range
        None that the search has used; at least two.

    Returns
    -------
    Fresh
    """
    outcomes = np.asarray(evaluate(splits, paths))
    objective = goal.objective(outcomes)
    n = len(paths)
    found = [risk(limit, outcomes) for limit in goal.limits]
    shape = (len(splits), goal.n_scenarios, 0)
    expected = np.einsum("nspm,s->npm", outcomes, goal.scenario_weights)
    return Fresh(
        names=tuple(names),
        splits=splits,
        by_path=goal.pooled(outcomes),
        by_scenario=objective.mean(axis=2),
        by_scenario_se=objective.std(axis=2, ddof=1) / np.sqrt(n),
        risks=np.stack([item[0] for item in found], axis=2) if found else np.zeros(shape),
        risk_se=np.stack([item[1] for item in found], axis=2) if found else np.zeros(shape),
        measures=expected.mean(axis=1),
        measure_se=expected.std(axis=1, ddof=1) / np.sqrt(n),
    )


def contrast(
    winner: FloatArray, others: FloatArray, *, seed: int, confidence: float = 0.95
) -> Contrast:
    """Compare one split with others on the same paths.

    Parameters
    ----------
    winner : ndarray of shape (P,)
    others : ndarray of shape (K, P)
    seed : int
        Of the simulated quantile.
    confidence : float
        That all K intervals hold.

    Returns
    -------
    Contrast
        A split that differs on no path is `within noise`.
    """
    gaps = winner[None, :] - others
    n = gaps.shape[1]
    mean, sd = gaps.mean(axis=1), gaps.std(axis=1, ddof=1)
    scale = np.maximum(np.abs(gaps).max(axis=1), np.abs(winner).max() * 1e-12)
    is_moving = sd > 1e-12 * np.where(scale > 0.0, scale, 1.0)
    critical = _largest_t(gaps[is_moving], seed, confidence)
    se = np.where(is_moving, sd / np.sqrt(n), 0.0)
    low, high = mean - critical * se, mean + critical * se
    verdicts = [_verdict(*item) for item in zip(low, high, is_moving, strict=True)]
    return Contrast(mean, se, low, high, tuple(verdicts), critical)


def _verdict(low: float, high: float, is_moving: bool) -> Verdict:
    if is_moving and low > 0.0:
        return "better"
    return "worse" if is_moving and high < 0.0 else "within noise"


def _largest_t(gaps: FloatArray, seed: int, confidence: float) -> float:
    """Return the quantile of the largest of the absolute t statistics of gaps (K, P)."""
    k, n = gaps.shape
    if k == 0:
        return 0.0
    rng = np.random.default_rng(seed)
    correlation = np.corrcoef(gaps).reshape(k, k)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = rng.standard_normal((_DRAWS, k)) @ root.T
    wide = np.sqrt(rng.chisquare(n - 1, _DRAWS) / (n - 1))
    return float(np.quantile(np.abs(normal).max(axis=1) / wide, confidence))


@dataclass(frozen=True)
class Optimism:
    """In-sample value less fresh value of a split.

    Attributes
    ----------
    in_sample, in_sample_se, fresh, fresh_se, optimism, se : float
        The paths are independent, so variances add.
    """

    in_sample: float
    in_sample_se: float
    fresh: float
    fresh_se: float
    optimism: float
    se: float


def optimism(in_sample: FloatArray, fresh: FloatArray) -> Optimism:
    """Return the optimism of objectives by path of one split, shapes (P,) and (Q,)."""
    (a, sa), (b, sb) = (
        (float(item.mean()), float(item.std(ddof=1) / np.sqrt(len(item))))
        for item in (in_sample, fresh)
    )
    return Optimism(a, sa, b, sb, a - b, float(np.hypot(sa, sb)))
