"""What a split is judged by: an expected measure or a weighted set, and limits on risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray, range], FloatArray]
"""Splits of shape (N, D) and path numbers to outcomes of shape (N, S, P, M).

S scenarios of what is not known, one if all is; M measures. A path number stands for the same luck
at every split and in every scenario.
"""

Criterion = Literal["expected", "maximin", "regret"]
CRITERIA: tuple[Criterion, ...] = ("expected", "maximin", "regret")


@dataclass(frozen=True)
class RiskLimit:
    """A limit on losses in one measure, a loss being its negative.

    ``chance``: P(loss > threshold) <= most. ``cvar``: the mean loss of the worst ``1 - level`` of
    paths <= most, by the estimator of Rockafellar & Uryasev (2000).

    Attributes
    ----------
    name : str
    measure : int
        Column of M.
    kind : {'chance', 'cvar'}
    most : float
    threshold : float
        Of a chance, in the unit of the measure.
    level : float
        Of a CVaR, in (0, 1).
    """

    name: str
    measure: int
    kind: Literal["chance", "cvar"]
    most: float
    threshold: float = 0.0
    level: float = 0.9


@dataclass(frozen=True)
class Goal:
    """What is wanted.

    Attributes
    ----------
    weights : ndarray of shape (M,)
        Worth of one unit of each measure; the objective is their sum.
    limits : tuple of RiskLimit
    scenario_weights : ndarray of shape (S,)
        Of the expected value over scenarios, sum one.
    caution : float
        Standard errors by which an estimated risk must stay below its limit in the search.
    """

    weights: FloatArray
    limits: tuple[RiskLimit, ...] = ()
    scenario_weights: FloatArray = field(default_factory=lambda: np.ones(1))
    caution: float = 0.0

    @property
    def n_scenarios(self) -> int:
        """S."""
        return len(self.scenario_weights)

    def objective(self, outcomes: FloatArray) -> FloatArray:
        """Return the objective by path, (..., S, P), of outcomes (..., S, P, M)."""
        return np.asarray(outcomes @ self.weights)

    def pooled(self, outcomes: FloatArray) -> FloatArray:
        """Return the objective by path, (..., P), its mean over scenarios taken on each path."""
        return np.asarray(
            np.einsum("...sp,s->...p", self.objective(outcomes), self.scenario_weights)
        )


def risk_by_path(limit: RiskLimit, outcomes: FloatArray) -> FloatArray:
    """Return what each path adds to the estimate that a limit bounds: its mean is the estimate.

    Parameters
    ----------
    limit : RiskLimit
    outcomes : ndarray of shape (..., P, M)

    Returns
    -------
    ndarray of shape (..., P)
        One for a loss beyond the threshold, else none; of a CVaR, value at risk plus the excess
        over it in units of the tail's probability.
    """
    loss = -outcomes[..., limit.measure]
    if limit.kind == "chance":
        return np.asarray(loss > limit.threshold, np.float64)
    # An order statistic: between two of them the sum below is not at its least.
    at_risk = np.quantile(loss, limit.level, axis=-1, keepdims=True, method="inverted_cdf")
    return np.asarray(at_risk + np.maximum(loss - at_risk, 0.0) / (1.0 - limit.level))


def risk(limit: RiskLimit, outcomes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the estimate that a limit bounds, and its standard error.

    Parameters
    ----------
    limit : RiskLimit
    outcomes : ndarray of shape (..., P, M)

    Returns
    -------
    value, se : ndarray of shape (...)
        The error of a chance is that of Agresti & Coull (1998), so that it is not 0 where no path
        of few shows a loss.
    """
    each = risk_by_path(limit, outcomes)
    n = each.shape[-1]
    value = np.asarray(each.mean(axis=-1))
    if limit.kind == "chance":
        padded = (value * n + 2.0) / (n + 4.0)
        return value, np.sqrt(padded * (1.0 - padded) / (n + 4.0))
    spread = each.std(axis=-1, ddof=1) if n > 1 else np.full(value.shape, np.inf)
    return value, np.asarray(spread / np.sqrt(n))


def criterion_values(
    values: FloatArray, criterion: Criterion, scenario_weights: FloatArray, best: FloatArray
) -> FloatArray:
    """Return what is made as large as possible.

    Parameters
    ----------
    values : ndarray of shape (N, S)
        Means by split and scenario.
    criterion : {'expected', 'maximin', 'regret'}
        The mean over scenarios, the worst (Wald 1950), or the negative of the largest regret
        (Savage 1951).
    scenario_weights : ndarray of shape (S,)
    best : ndarray of shape (S,)
        The most that any split gets in each scenario.

    Returns
    -------
    ndarray of shape (N,)
    """
    if criterion == "expected":
        return np.asarray(values @ scenario_weights)
    if criterion == "maximin":
        return np.asarray(values.min(axis=1))
    return np.asarray(-(best - values).max(axis=1))
