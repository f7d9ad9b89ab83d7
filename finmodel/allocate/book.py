"""What is known of splits: outcomes by path, each asked once, and means against a common yardstick.

Every split meets the same luck, so its mean is taken as a difference, path by path, from the mean
of the first splits asked (the yardstick), which are known on every path that any other is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finmodel.allocate.goal import Evaluate, Goal, risk, risk_by_path

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """Estimates for N splits.

    Attributes
    ----------
    splits : ndarray of shape (N, D)
    paths : ndarray of int, shape (N,)
    worth, variances : ndarray of shape (N, S)
        Mean objective by scenario, and the variance of its distance to the yardstick.
    risks, risk_variances : ndarray of shape (N, S, C)
        Of each limit; the variance of its distance to the yardstick's.
    risk_se : ndarray of shape (N, S, C)
        Of the risk itself.
    """

    splits: FloatArray
    paths: NDArray[np.int64]
    worth: FloatArray
    variances: FloatArray
    risks: FloatArray
    risk_variances: FloatArray
    risk_se: FloatArray


@dataclass
class Book:
    """Splits and their outcomes.

    Attributes
    ----------
    evaluate : callable
    goal : Goal
    splits : list of ndarray of shape (D,)
        In the order asked.
    outcomes : list of ndarray of shape (S, P, M)
        P is a split's own.
    n_yardstick : int
    spent : int
        Paths played, over splits and scenarios.
    """

    evaluate: Evaluate
    goal: Goal
    splits: list[FloatArray] = field(default_factory=list)
    outcomes: list[FloatArray] = field(default_factory=list)
    n_yardstick: int = 0
    spent: int = 0
    _rows: dict[bytes, int] = field(default_factory=dict)

    def ask(self, splits: FloatArray, paths: int) -> list[int]:
        """Learn the outcomes of splits on paths 0 to `paths` - 1; return their rows.

        What is known already is not asked again. The yardstick is brought along.
        """
        asked = [self._row(split) for split in splits]
        short: dict[int, list[int]] = {}
        for row in sorted({*asked, *range(self.n_yardstick)}):
            have = self.outcomes[row].shape[1]
            if have < paths:
                short.setdefault(have, []).append(row)
        for have, rows in short.items():  # together, so that they can be played side by side
            new = np.asarray(
                self.evaluate(np.array([self.splits[row] for row in rows]), range(have, paths))
            )
            self.spent += new.shape[0] * new.shape[1] * new.shape[2]
            for row, own in zip(rows, new, strict=True):
                old = self.outcomes[row]
                self.outcomes[row] = own if have == 0 else np.concatenate([old, own], axis=1)
        return asked

    def _row(self, split: FloatArray) -> int:
        key = np.round(split, 9).tobytes()
        if key not in self._rows:
            self._rows[key] = len(self.splits)
            self.splits.append(split)
            self.outcomes.append(np.empty((0, 0, 0)))
        return self._rows[key]

    def means(self) -> Means:
        """Return estimates for every split asked."""
        objective = [self.goal.objective(item) for item in self.outcomes]
        most = max(item.shape[1] for item in objective)
        whole = [item for item in objective[: max(self.n_yardstick, 1)] if item.shape[1] == most]
        yardstick = np.mean(whole, axis=0)
        level = yardstick.mean(axis=1)
        values, variances = [], []
        for item in objective:
            n = item.shape[1]
            gap = item - yardstick[:, :n]
            values.append(level + gap.mean(axis=1))
            variances.append(gap.var(axis=1, ddof=1) / n if n > 1 else np.full(len(gap), np.nan))
        risks, spreads, errors = self._risks(most)
        return Means(
            splits=np.array(self.splits),
            paths=np.array([item.shape[1] for item in self.outcomes]),
            worth=np.array(values),
            variances=np.array(variances),
            risks=risks,
            risk_variances=spreads,
            risk_se=errors,
        )

    def _risks(self, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return risks, the variance of their distance to the yardstick's, and standard errors."""
        limits = self.goal.limits
        shape = (len(self.splits), self.goal.n_scenarios, len(limits))
        risks, spreads, errors = np.empty(shape), np.empty(shape), np.empty(shape)
        for c, limit in enumerate(limits):
            each = [risk_by_path(limit, item) for item in self.outcomes]
            first = each[: max(self.n_yardstick, 1)]
            yardstick = np.mean([item for item in first if item.shape[1] == most], axis=0)
            for row, item in enumerate(each):
                n = item.shape[1]
                gap = item - yardstick[:, :n]
                risks[row, :, c] = yardstick.mean(axis=1) + gap.mean(axis=1)
                # A chance that differs on no path may differ on the next.
                least = 1.0 / (n + 4.0) ** 2 if limit.kind == "chance" else 0.0
                spreads[row, :, c] = gap.var(axis=1, ddof=1) / n + least
                errors[row, :, c] = risk(limit, self.outcomes[row])[1]
        return risks, spreads, errors
