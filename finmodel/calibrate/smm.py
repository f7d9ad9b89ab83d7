"""Simulated method of moments on frozen draws: the fit, its errors, and its J-test.

With moments ``m(x)`` of the model, targets ``t``, evidence errors ``S`` and simulation errors
``V``, the fit minimises ``(m - t)' W (m - t)`` with ``W = diag(S)^-1``. At the minimum, with
Jacobian ``G`` and ``Omega = S + V``,

    A   = (G'WG)^-1 G'W                  how estimates move with targets
    cov = A Omega A'
    J   = e' pinv(M Omega M') e,  e = m - t,  M = I - G A

and J is chi-squared with as many degrees of freedom as moments exceed the rank of ``G``, if the
model can meet all targets at once. `S` may hold covariances of targets; the weights do not, so
that a covariance near to singular moves errors and J but no estimate. A direction along which no
moment moves is left out of ``A``; a parameter in it has no error, however small the others' are.

References
----------
McFadden (1989), Econometrica 57; Andrews, Gentzkow & Shapiro (2017), QJE 132 (the matrix A).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finmodel.calibrate.moment_search import (
    STEP,
    Book,
    Simulated,
    Simulator,
    is_minimum,
    search,
    settle,
)
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

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
    evidence : ndarray of shape (n_moments, n_moments)
        Covariance of the targets in units of evidence errors.
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
    evidence: FloatArray
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
    slopes: FloatArray | None = None,
    is_moving: bool = True,
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
        standard errors alone. It changes errors and J, not the point: weights stay those of the
        single errors, since the inverse of a covariance near to singular is mostly noise.
    slopes : ndarray of shape (n_moments, n_parameters), optional
        Derivatives of the moments, in evidence errors, from longer runs near the minimum: full
        steps along them find it, and errors go by them. By default the search takes differences
        on these draws, and full steps only where it ends away from a minimum.
    is_moving : bool, optional
        False keeps the start and finds its errors and J.

    Raises
    ------
    CalibrationError
        If there are fewer moments than parameters, a target or an error is not a number, or the
        model gives a moment that is not a number.
    """
    _check(moments, names)
    target = np.array([moment.target for moment in moments])
    scale = np.array([moment.standard_error for moment in moments])
    book = Book(simulate, target, scale, tuple(moment.name for moment in moments), low, high, step)
    point, has_ended = np.clip(start, low, high), True
    if slopes is not None:
        point = settle(book, point, slopes) if is_moving else point
        jacobian = slopes
    else:
        if is_moving:
            point, has_ended = search(book, point)
        jacobian = book.jacobian(point, is_central=True)
        if is_moving and not is_minimum(jacobian, point, book):
            settled = settle(book, point, jacobian)
            # In a direction that is hardly pinned differences of these draws may promise anything.
            if np.sum(book.misses(settled) ** 2) < np.sum(book.misses(point) ** 2):
                point, jacobian = settled, book.jacobian(settled, is_central=True)
    is_converged = has_ended and is_minimum(jacobian, point, book)
    known = np.diag(scale**2) if evidence is None else evidence
    return _summary(book, moments, names, point, jacobian, known, is_converged)


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


def _summary(
    book: Book,
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
        evidence=evidence / np.outer(book.scale, book.scale),
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
