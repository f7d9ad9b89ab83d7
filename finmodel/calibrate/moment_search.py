"""The search of a fit by simulated moments: damped Gauss-Newton steps on frozen draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

STEP = 0.05
"""Half width of finite differences on the working scale: wide, since counts move in steps."""

MAX_JACOBIANS = 12
TOLERANCE = 2e-3
"""The search ends when no step gains this part of the criterion."""

PROMISE = 0.1
"""It ended at a minimum if a full step, by the derivatives, would gain no more than this part."""

SETTLING_STEPS = 8
SETTLED = 0.02
"""Promised gain, in squared errors of evidence, at which full steps end."""


@dataclass(frozen=True)
class Simulated:
    """Moments of the model at one point.

    Attributes
    ----------
    figures : ndarray of shape (n_moments,)
    covariance : ndarray of shape (n_moments, n_moments)
        Of their simulation error.
    """

    figures: FloatArray
    covariance: FloatArray


Simulator = Callable[[FloatArray], Simulated]
"""Moments at a point of the working scale, on the same draws every time."""


@dataclass
class Book:
    """The simulator with its scale, remembering where it has been."""

    simulate: Simulator
    target: FloatArray
    scale: FloatArray
    names: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    step: float

    def __post_init__(self) -> None:
        self.seen: dict[bytes, Simulated] = {}

    def at(self, point: FloatArray) -> Simulated:
        """Return the moments at a point; a point is simulated once."""
        key = np.ascontiguousarray(point).tobytes()
        if key not in self.seen:
            found = self.simulate(point)
            wrong = [
                n for n, v in zip(self.names, found.figures, strict=True) if not np.isfinite(v)
            ]
            if wrong:
                raise CalibrationError(
                    f"the model gives no number for {', '.join(wrong)}: run more paths or years, "
                    "or leave these targets out"
                )
            self.seen[key] = found
        return self.seen[key]

    def misses(self, point: FloatArray) -> FloatArray:
        """Return moments less targets in units of the evidence error."""
        return (self.at(point).figures - self.target) / self.scale

    def jacobian(self, point: FloatArray, *, is_central: bool) -> FloatArray:
        """Return the derivatives of the misses; differences stay inside the bounds."""
        columns = []
        for j in range(len(point)):
            up, down = point.copy(), point.copy()
            up[j] = min(point[j] + self.step, self.high[j])
            down[j] = max(point[j] - self.step, self.low[j])
            if not is_central:
                if up[j] > point[j]:
                    down[j] = point[j]
                else:
                    up[j] = point[j]
            columns.append((self.misses(up) - self.misses(down)) / (up[j] - down[j]))
        return np.column_stack(columns)


def search(book: Book, point: FloatArray) -> tuple[FloatArray, bool]:
    """Return the minimum of the criterion by damped Gauss-Newton steps inside the bounds."""
    damping = 1e-2
    cost = float(np.sum(book.misses(point) ** 2))
    for _ in range(MAX_JACOBIANS):
        jacobian = book.jacobian(point, is_central=False)
        gain = 0.0
        for _ in range(6):
            trial = step_from(jacobian, book.misses(point), point, damping, book)
            trial_cost = float(np.sum(book.misses(trial) ** 2))
            if trial_cost < cost:
                gain, damping = cost - trial_cost, damping / 4.0
                point, cost = trial, trial_cost
                break
            damping *= 8.0
        if gain <= TOLERANCE * max(cost, 1.0):
            return point, True
    return point, False


def settle(book: Book, point: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return where given derivatives promise next to nothing, by full steps along them.

    Counts jump, so the criterion has pits in which a search that only descends is caught, up to
    errors away. These steps ask no descent: they go to where ``G'W (m - t)`` is zero, whose error
    is that of the fit's formula. Of at most `SETTLING_STEPS` points the best is taken.

    Parameters
    ----------
    book : Book
    point : ndarray of shape (n_parameters,)
    slopes : ndarray of shape (n_moments, n_parameters)
        Of the misses.
    """
    best, least = point, float("inf")
    for _ in range(SETTLING_STEPS):
        promise = promised(slopes, point, book)
        if promise < least:
            best, least = point, promise
        if least <= SETTLED:
            break
        point = step_from(slopes, book.misses(point), point, 1e-6, book)
    return best


def is_minimum(jacobian: FloatArray, point: FloatArray, book: Book) -> bool:
    """Return whether a hardly damped step would gain next to nothing, were moments linear."""
    cost = float(np.sum(book.misses(point) ** 2))
    return promised(jacobian, point, book) <= PROMISE * max(cost, 1.0)


def promised(jacobian: FloatArray, point: FloatArray, book: Book) -> float:
    """Return what a hardly damped step would gain of the criterion, were moments linear."""
    misses = book.misses(point)
    step = step_from(jacobian, misses, point, 1e-6, book) - point
    return float(np.sum(misses**2) - np.sum((misses + jacobian @ step) ** 2))


def step_from(
    jacobian: FloatArray, misses: FloatArray, point: FloatArray, damping: float, book: Book
) -> FloatArray:
    """Return the next point: a damped step, with parameters that would leave held at bounds."""
    free = np.ones(len(point), dtype=bool)
    trial = point
    for _ in range(len(point)):
        active = jacobian[:, free]
        curvature = active.T @ active
        curvature += damping * np.diag(np.diag(curvature) + 1e-12)
        trial = point.copy()
        trial[free] += np.linalg.solve(curvature, -active.T @ misses)
        outside = free & ((trial < book.low) | (trial > book.high))
        if not outside.any():
            break
        # A parameter already at its end and pushed further is held; the others are solved again.
        held = outside & ((point <= book.low) | (point >= book.high))
        if not held.any() or held.sum() == free.sum():
            break
        free &= ~held
    return np.clip(trial, book.low, book.high)
