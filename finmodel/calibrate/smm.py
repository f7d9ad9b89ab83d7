"""Simulated method of moments on frozen draws: the fit, its errors, and its J-test.

With moments ``m(x)`` of the model, targets ``t``, evidence errors ``S`` and simulation errors
``V``, the fit minimises ``(m - t)' W (m - t)`` with ``W = diag(1 / S)``. At the minimum, with
Jacobian ``G`` and ``Omega = S + V``,

    A   = (G'WG)^-1 G'W                  how estimates move with targets
    cov = A Omega A'
    J   = e' pinv(M Omega M') e,  e = m - t,  M = I - G A

and J is chi-squared with as many degrees of freedom as moments exceed the rank of ``G``, if the
model can meet all targets at once. A direction along which no moment moves is left out of ``A``;
a parameter in it has no error, however small the others' are.

References
----------
McFadden (1989), Econometrica 57; Andrews, Gentzkow & Shapiro (2017), QJE 132 (the matrix A).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

STEP = 0.05
"""Half width of finite differences on the working scale: wide, since counts move in steps."""

MAX_JACOBIANS = 12
TOLERANCE = 2e-3
"""The search ends when no step gains this part of the criterion."""

PROMISE = 0.1
"""It ended at a minimum if a full step, by the derivatives, would gain no more than this part."""

LEAST_SLOPE = 1e-2
"""A direction along which a unit of the working scale moves all moments by less, in evidence
errors, is not pinned: its standard error would be above 100."""

LEAST_LOADING = 0.01
"""A parameter with a larger part in a direction that is not pinned is not pinned itself."""


@dataclass(frozen=True)
class Moment:
    """One figure the model is held to.

    Attributes
    ----------
    name : str
    target : float
        In the unit of the evidence.
    standard_error : float
        Of the evidence, same unit; positive.
    """

    name: str
    target: float
    standard_error: float


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


@dataclass(frozen=True)
class MomentFit:
    """Where the model comes nearest to its targets.

    Attributes
    ----------
    names : tuple of str
        Parameters.
    moments : tuple of Moment
    point, standard_error : ndarray of shape (n_parameters,)
        On the working scale.
    covariance : ndarray of shape (n_parameters, n_parameters)
    simulated : Simulated
        At the point.
    jacobian : ndarray of shape (n_moments, n_parameters)
        Of moments, in units of evidence errors, by the working scale.
    influence : ndarray of shape (n_parameters, n_moments)
        How estimates move when a target rises by one evidence error.
    j, p_value : float
        NaN with as many moments as parameters.
    degrees : int
    at_bound : tuple of str
        Parameters that stopped at the end of their range: they have no error.
    unpinned : tuple of str
        Parameters that can move, alone or with others, without any moment moving: they have no
        error either.
    evaluations : int
    is_converged : bool
        False if the derivatives still promise a gain, or the search ran out of Jacobians.
    """

    names: tuple[str, ...]
    moments: tuple[Moment, ...]
    point: FloatArray
    covariance: FloatArray
    simulated: Simulated
    jacobian: FloatArray
    influence: FloatArray
    j: float
    p_value: float
    degrees: int
    at_bound: tuple[str, ...]
    unpinned: tuple[str, ...]
    evaluations: int
    is_converged: bool

    @property
    def without_error(self) -> tuple[str, ...]:
        """Parameters whose standard error is not known; their rows of the covariance are 0."""
        return (*self.at_bound, *self.unpinned)

    @property
    def standard_error(self) -> FloatArray:
        """Root of the diagonal of the covariance; 0 where it is not known."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def misses(self) -> FloatArray:
        """Moments less targets in units of the evidence error, shape (n_moments,)."""
        target = np.array([moment.target for moment in self.moments])
        scale = np.array([moment.standard_error for moment in self.moments])
        misses: FloatArray = (self.simulated.figures - target) / scale
        return misses


def fit_moments(
    simulate: Simulator,
    moments: tuple[Moment, ...],
    *,
    names: tuple[str, ...],
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    step: float = STEP,
    evidence: FloatArray | None = None,
) -> MomentFit:
    """Return the point at which simulated moments come nearest to their targets.

    Parameters
    ----------
    simulate : callable
        Must use the same draws at every call.
    moments : tuple of Moment
    names : tuple of str
        Parameters.
    start, low, high : ndarray of shape (n_parameters,)
        On the working scale.
    step : float, optional
        Half width of the finite differences.
    evidence : ndarray of shape (n_moments, n_moments), optional
        Covariance of the targets, where they are not independent; by default their squared
        standard errors alone.

    Raises
    ------
    CalibrationError
        If there are fewer moments than parameters, a target or an error is not a number, or the
        model gives a moment that is not a number.
    """
    _check(moments, names)
    target = np.array([moment.target for moment in moments])
    scale = np.array([moment.standard_error for moment in moments])
    book = _Book(simulate, target, scale, tuple(moment.name for moment in moments), low, high, step)
    point, has_ended = _search(book, np.clip(start, low, high))
    jacobian = book.jacobian(point, is_central=True)
    is_converged = has_ended and _is_minimum(jacobian, point, book)
    known = np.diag(scale**2) if evidence is None else evidence
    return _summary(book, moments, names, point, jacobian, known, is_converged)


@dataclass
class _Book:
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


def _check(moments: tuple[Moment, ...], names: tuple[str, ...]) -> None:
    """Raise CalibrationError if the problem has no answer."""
    if len(moments) < len(names):
        raise CalibrationError(
            f"{len(moments)} moments cannot pin {len(names)} parameters: "
            "drop parameters or add targets"
        )
    wrong = [
        moment.name
        for moment in moments
        if not (np.isfinite(moment.target) and 0.0 < moment.standard_error < np.inf)
    ]
    if wrong:
        raise CalibrationError(f"no finite target with a positive error: {', '.join(wrong)}")


def _search(book: _Book, point: FloatArray) -> tuple[FloatArray, bool]:
    """Return the minimum of the criterion by damped Gauss-Newton steps inside the bounds."""
    damping = 1e-2
    cost = float(np.sum(book.misses(point) ** 2))
    for _ in range(MAX_JACOBIANS):
        jacobian = book.jacobian(point, is_central=False)
        gain = 0.0
        for _ in range(6):
            trial = _step(jacobian, book.misses(point), point, damping, book)
            trial_cost = float(np.sum(book.misses(trial) ** 2))
            if trial_cost < cost:
                gain, damping = cost - trial_cost, damping / 4.0
                point, cost = trial, trial_cost
                break
            damping *= 8.0
        if gain <= TOLERANCE * max(cost, 1.0):
            return point, True
    return point, False


def _is_minimum(jacobian: FloatArray, point: FloatArray, book: _Book) -> bool:
    """Return whether a hardly damped step would gain next to nothing, were moments linear."""
    misses = book.misses(point)
    cost = float(np.sum(misses**2))
    step = _step(jacobian, misses, point, 1e-6, book) - point
    gain = cost - float(np.sum((misses + jacobian @ step) ** 2))
    return gain <= PROMISE * max(cost, 1.0)


def _step(
    jacobian: FloatArray, misses: FloatArray, point: FloatArray, damping: float, book: _Book
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


def _summary(
    book: _Book,
    moments: tuple[Moment, ...],
    names: tuple[str, ...],
    point: FloatArray,
    jacobian: FloatArray,
    evidence: FloatArray,
    is_converged: bool,
) -> MomentFit:
    from scipy.stats import chi2

    found = book.at(point)
    at_end = (point <= book.low + 1e-9) | (point >= book.high - 1e-9)
    free = ~at_end
    influence = np.zeros((len(point), len(moments)))
    influence[free], rank, is_open = _inverse(jacobian[:, free])
    residual = np.eye(len(moments)) - jacobian @ influence
    unpinned = np.flatnonzero(free)[is_open]
    influence[unpinned] = 0.0
    omega = (evidence + found.covariance) / np.outer(book.scale, book.scale)
    covariance = influence @ omega @ influence.T
    degrees = len(moments) - rank
    j = p_value = float("nan")
    if degrees > 0:
        misses = book.misses(point)
        j = float(misses @ np.linalg.pinv(residual @ omega @ residual.T, rcond=1e-9) @ misses)
        p_value = float(chi2.sf(j, degrees))
    return MomentFit(
        names=names,
        moments=moments,
        point=point,
        covariance=covariance,
        simulated=found,
        jacobian=jacobian,
        influence=influence,
        j=j,
        p_value=p_value,
        degrees=degrees,
        at_bound=tuple(name for name, end in zip(names, at_end, strict=True) if end),
        unpinned=tuple(names[place] for place in unpinned),
        evaluations=len(book.seen),
        is_converged=is_converged,
    )


def _inverse(jacobian: FloatArray) -> tuple[FloatArray, int, NDArray[np.bool_]]:
    """Return the inverse over the directions that are pinned, how many, and who is in the others.

    Returns
    -------
    inverse : ndarray of shape (n_parameters, n_moments)
    rank : int
    is_open : ndarray of bool, shape (n_parameters,)
    """
    left, slopes, right = np.linalg.svd(jacobian, full_matrices=False)
    held = slopes > LEAST_SLOPE
    inverse: FloatArray = (right[held].T / slopes[held]) @ left[:, held].T
    is_open = (np.abs(right[~held]) > LEAST_LOADING).any(axis=0)
    return inverse, int(held.sum()), is_open
