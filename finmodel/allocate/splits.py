"""The splits of a budget that are allowed: shares that add to one, within limits.

``S = {w in R^D : sum w = 1, low <= w <= high, low_g <= sum_{d in g} w_d <= high_g}``

Money that may stay unspent is a cell of its own, to which nothing is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog, minimize

from finmodel.errors import InputError, Problem

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TOLERANCE = 1e-9
"""How far a share may be beyond a limit, by rounding."""
_BINDS = 1e-6
"""Share within which a split is at a limit."""
_PARTS = 1000  # of the budget, in which splits are rounded
_DUST = 0.005
_SPREAD_BY = 25  # draws of hit and run for each that is kept: far points are chosen among them


@dataclass(frozen=True)
class Group:
    """Cells with a floor and a cap together, as a region of at least a fifth.

    Attributes
    ----------
    name : str
    members : ndarray of bool, shape (D,)
    low, high : float
        Shares of the budget.
    """

    name: str
    members: BoolArray
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class SplitSet:
    """The allowed splits.

    Attributes
    ----------
    cells : tuple of str
        Names, D of them.
    low, high : ndarray of shape (D,)
        Floors and caps, shares of the budget.
    groups : tuple of Group

    Raises
    ------
    InputError
        If a limit is no share, or no split keeps to all of them.
    """

    cells: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    groups: tuple[Group, ...] = field(default=())

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise InputError("limits of a split", problems)

    @classmethod
    def free(cls, cells: Sequence[str], groups: Sequence[Group] = ()) -> SplitSet:
        """Return the splits without floors and caps of single cells."""
        n = len(cells)
        return cls(tuple(cells), np.zeros(n), np.ones(n), tuple(groups))

    @property
    def n_cells(self) -> int:
        """D."""
        return len(self.cells)

    @cached_property
    def above(self) -> tuple[FloatArray, FloatArray]:
        """Matrix A of shape (m, D) and limits b with ``A w <= b``, groups and single cells."""
        eye = np.eye(self.n_cells)
        rows = [eye, -eye]
        limits = [self.high, -self.low]
        for group in self.groups:
            member = group.members.astype(np.float64)[None, :]
            rows += [member, -member]
            limits += [np.array([group.high]), np.array([-group.low])]
        return np.concatenate(rows), np.concatenate(limits)

    @cached_property
    def centre(self) -> FloatArray:
        """A split as far within the limits as the mean of extreme ones is; shape (D,)."""
        eye = np.eye(self.n_cells)
        ends = [self._extreme(sign * row) for row in eye for sign in (1.0, -1.0)]
        return np.asarray(np.mean(ends, axis=0))

    @cached_property
    def _free_directions(self) -> FloatArray:
        """Directions that no equality forbids, shape (D, k)."""
        fixed = [np.ones(self.n_cells)]
        fixed += [row for row, a, b in zip(np.eye(self.n_cells), self.low, self.high, strict=True)
                  if b - a <= TOLERANCE]  # fmt: skip
        fixed += [g.members.astype(float) for g in self.groups if g.high - g.low <= TOLERANCE]
        return np.asarray(null_space(np.array(fixed)))

    def at_floor(self, split: FloatArray) -> BoolArray:
        """Return which cells of a split, shape (D,), a floor of theirs, or of a group, binds."""
        bound = split <= self.low + _BINDS
        for group in self.groups:
            if group.low > 0.0 and split[group.members].sum() <= group.low + _BINDS:
                bound = bound | group.members
        return np.asarray(bound)

    def at_cap(self, split: FloatArray) -> BoolArray:
        """Return which cells of a split, shape (D,), a cap of theirs, or of a group, binds."""
        bound = split >= self.high - _BINDS
        for group in self.groups:
            if group.high < 1.0 and split[group.members].sum() >= group.high - _BINDS:
                bound = bound | group.members
        return np.asarray(bound)

    def contains(self, splits: FloatArray) -> BoolArray:
        """Return which splits, shape (..., D), keep to every limit."""
        matrix, limits = self.above
        is_within = (splits @ matrix.T <= limits + TOLERANCE).all(axis=-1)
        return np.asarray(is_within & (np.abs(splits.sum(axis=-1) - 1.0) <= TOLERANCE))

    def nearest(self, split: FloatArray) -> FloatArray:
        """Return the allowed split nearest to a point, by sequential quadratic programming."""
        matrix, limits = self.above
        groups, room = matrix[2 * self.n_cells :], limits[2 * self.n_cells :]
        ones = np.ones(self.n_cells)
        rules: list[dict[str, object]] = [
            {"type": "eq", "fun": lambda x: x.sum() - 1.0, "jac": lambda _: ones}
        ]
        if len(groups):
            rules.append(
                {"type": "ineq", "fun": lambda x: room - groups @ x, "jac": lambda _: -groups}
            )
        found = minimize(
            lambda x: (0.5 * np.square(x - split).sum(), x - split),
            self.centre,
            jac=True,
            method="SLSQP",
            bounds=list(zip(self.low, self.high, strict=True)),
            constraints=rules,
            options={"maxiter": 200, "ftol": 1e-14},
        )
        return self.inside(found.x if np.isfinite(found.x).all() else self.centre)

    def inside(self, split: FloatArray) -> FloatArray:
        """Return a split that is nearly allowed, moved to the centre until it is."""
        x = np.clip(split, self.low, self.high)
        x = self._onto_box(x) if abs(x.sum() - 1.0) > TOLERANCE / 10.0 else x
        matrix, limits = self.above
        over = matrix @ x - limits
        room = limits - matrix @ self.centre
        broken = over > TOLERANCE / 10.0
        if broken.any():
            far, room = over[broken], np.maximum(room[broken], 0.0)
            x = x + float((far / (far + room)).max()) * (self.centre - x)
        x = np.where(x < TOLERANCE / 100.0, 0.0, x)  # what rounding leaves is no money
        return np.clip(x, self.low, self.high)

    def rounded(self, split: FloatArray) -> FloatArray:
        """Return a split in thousandths of the budget by largest remainders, if that is allowed.

        Money is given in round sums, and the last bits of an optimiser do not matter then. What is
        less than half a hundredth above its floor goes to the largest cell, if that is allowed:
        nobody runs a programme for so little.
        """
        units = split * _PARTS
        whole = np.floor(units + 1e-6)
        left = round(_PARTS - whole.sum())
        order = np.argsort(-(units - whole), kind="stable")
        whole[order[: max(left, 0)]] += 1.0
        x = whole / _PARTS
        dust = (split > self.low) & (split < self.low + _DUST)
        swept = np.where(dust, self.low, x)
        swept[swept.argmax()] += 1.0 - swept.sum()
        for found in (swept, x):
            if bool(self.contains(found)):
                return found
        return split

    def reach(self, split: FloatArray, direction: FloatArray) -> float:
        """Return how far one may go from a split in a direction of sum zero."""
        matrix, limits = self.above
        rise, room = matrix @ direction, np.maximum(limits - matrix @ split, 0.0)
        rising = rise > 1e-14
        return float((room[rising] / rise[rising]).min()) if rising.any() else 0.0

    def spread(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return `n` allowed splits far from each other.

        Extreme splits in random directions and draws of hit and run (Smith 1984) are candidates;
        each next one is the candidate farthest from those taken.

        Returns
        -------
        ndarray of shape (n, D)
        """
        ends = [self._extreme(rng.standard_normal(self.n_cells)) for _ in range(n)]
        half = [0.5 * (end + self.centre) for end in ends]
        pool = np.array([*ends, *half, *self.draws(_SPREAD_BY * n, rng)])
        taken = self.centre[None, :]
        for _ in range(n // 2):
            # Of square roots: the first money in an empty cell changes most.
            gaps = np.sqrt(pool)[:, None, :] - np.sqrt(taken)[None, :, :]
            far = pool[np.square(gaps).sum(axis=2).min(axis=1).argmax()]
            taken = np.concatenate([taken, far[None, :]])
        return np.concatenate([taken, pool[-(n - len(taken)) :]])[:n]

    def draws(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return `n` allowed splits by hit and run from the centre, shape (n, D)."""
        found, x = np.empty((n, self.n_cells)), self.centre
        basis = self._free_directions
        for row in range(n):
            for _ in range(3):
                direction = basis @ rng.standard_normal(basis.shape[1])
                back, ahead = self.reach(x, -direction), self.reach(x, direction)
                x = x + rng.uniform(-back, ahead) * direction
            x = self.inside(np.maximum(x, 0.0))
            found[row] = x
        return found

    def _extreme(self, value: FloatArray) -> FloatArray:
        """Return the allowed split of most value by a linear one."""
        found = self._solve(-value)
        if found is None:
            raise InputError("limits of a split", [self._impossible()])
        return found

    def _solve(self, cost: FloatArray) -> FloatArray | None:
        matrix, limits = self.above
        ones = np.ones((1, self.n_cells))
        bounds = list(zip(self.low, self.high, strict=True))
        answer = linprog(cost, A_ub=matrix, b_ub=limits, A_eq=ones, b_eq=[1.0], bounds=bounds)
        return np.clip(answer.x, self.low, self.high) if answer.status == 0 else None

    def _onto_box(self, point: FloatArray) -> FloatArray:
        """Return the nearest point between floors and caps with a sum of one, by bisection."""
        low, high = (point - self.high).min(), (point - self.low).max()
        for _ in range(200):
            middle = 0.5 * (low + high)
            if np.clip(point - middle, self.low, self.high).sum() > 1.0:
                low = middle
            else:
                high = middle
        return np.asarray(np.clip(point - 0.5 * (low + high), self.low, self.high))

    def _impossible(self) -> Problem:
        given = f"floors of {self.low.sum():g} and caps of {self.high.sum():g} in all"
        for item in self.groups:
            held = self.low[item.members].sum(), self.high[item.members].sum()
            given += f"; {item.name} {item.low:g} to {item.high:g}"
            given += f" (its cells {held[0]:g} to {held[1]:g})"
        return Problem("cells and groups", given, "limits that at least one split keeps to")

    def _problems(self) -> list[Problem]:
        problems = []
        pairs = [("cell", *item) for item in zip(self.cells, self.low, self.high, strict=True)]
        pairs += [("group", item.name, item.low, item.high) for item in self.groups]
        for kind, name, low, high in pairs:
            if not 0.0 <= low <= high <= 1.0:
                given = f"{low:g} to {high:g}"
                problems.append(Problem(f"{kind} {name}", given, "0 <= floor <= cap <= 1"))
        problems += [
            Problem(f"group {item.name}", "no cell", "at least one cell")
            for item in self.groups
            if not item.members.any()
        ]
        if not problems and self._solve(np.zeros(self.n_cells)) is None:
            problems.append(self._impossible())
        return problems
