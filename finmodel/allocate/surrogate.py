"""A smooth response to the split, fitted to noisy means: a Gaussian process.

``f(w) = c + sum_d g_d(u_d) + h(u)`` with ``u = sqrt(w)``: a curve for each cell and a rest in which
cells act together, both with squared-exponential covariance (Rasmussen & Williams 2006; additive
kernels, Duvenaud et al. 2011). Square roots, since returns fall fastest on the first money. Each
mean comes with its known variance; a nugget takes up what no smooth curve explains, as deals that
jump from one fund to another when a little money moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

FloatArray = NDArray[np.float64]

_WAVES = (0.15, 0.35, 0.8, 2.0)  # lengths of curves of one cell, of a range of 1
_ROUGH = (0.35, 0.8, 2.0)  # lengths of what cells do together
_CONSTANT = 25.0  # variance of the constant, values being of variance 1
_LEAST = 1e-9
_EXPECTED = np.array([0.0, -2.0, -7.0])  # of the logs of amplitudes
_FIRMNESS = np.array([0.04, 0.04, 0.02])


@dataclass(frozen=True)
class Surrogate:
    """A fitted response.

    Attributes
    ----------
    points : ndarray of shape (N, D)
        Square roots of shares.
    weights : ndarray of shape (N,)
    factor : ndarray of shape (N, N)
        Lower Cholesky factor of the covariance of the means.
    amplitudes : tuple of float
        Variance of the curves of cells, of the rest, and the nugget.
    lengths : tuple of float
    centre, scale : float
        Of the means that were fitted.
    """

    points: FloatArray
    weights: FloatArray
    factor: FloatArray
    amplitudes: tuple[float, float, float]
    lengths: tuple[float, float]
    centre: float
    scale: float

    def mean(self, splits: FloatArray) -> FloatArray:
        """Return the expected response, shape (n,), at splits of shape (n, D)."""
        return self.centre + self.scale * (self._across(splits) @ self.weights)

    def mean_and_slope(self, split: FloatArray) -> tuple[float, FloatArray]:
        """Return the expected response at one split and its slopes in the shares, shape (D,)."""
        u = np.sqrt(np.maximum(split, 1e-6))
        gap = u[None, :] - self.points
        plain, rest = _kernels(u[None, :], self.points, self.lengths)
        a, b, _ = self.amplitudes
        one = np.exp(-0.5 * np.square(gap / self.lengths[0])) / len(split)
        slope = (
            -(a * one / self.lengths[0] ** 2 + b * rest[0][:, None] / self.lengths[1] ** 2) * gap
        )
        value = _CONSTANT + a * plain[0] + b * rest[0]
        by_root = self.weights @ slope
        return (
            float(self.centre + self.scale * (value @ self.weights)),
            self.scale * by_root / (2.0 * u),
        )

    def sd(self, splits: FloatArray) -> FloatArray:
        """Return the standard error of the response, shape (n,)."""
        across = self._across(splits)
        half = solve_triangular(self.factor, across.T, lower=True)
        total = _CONSTANT + self.amplitudes[0] + self.amplitudes[1]
        left = np.maximum(total - np.square(half).sum(axis=0), 0.0)
        return np.asarray(self.scale * np.sqrt(left))

    def _across(self, splits: FloatArray) -> FloatArray:
        plain, rest = _kernels(np.sqrt(np.maximum(splits, 0.0)), self.points, self.lengths)
        a, b, _ = self.amplitudes
        return np.asarray(_CONSTANT + a * plain + b * rest)


def fit_surrogate(splits: FloatArray, values: FloatArray, variances: FloatArray) -> Surrogate:
    """Fit a response to means, its amplitudes and lengths by marginal likelihood.

    Parameters
    ----------
    splits : ndarray of shape (N, D)
    values : ndarray of shape (N,)
        Estimated means.
    variances : ndarray of shape (N,)
        Of the estimates, zero where they are exact.

    Returns
    -------
    Surrogate
    """
    points = np.sqrt(splits)
    centre = float(values.mean())
    scale = float(values.std()) or 1.0
    y, noise = (values - centre) / scale, variances / scale**2
    best: tuple[float, FloatArray, tuple[float, float]] | None = None
    for wave in _WAVES:
        for rough in _ROUGH:
            parts = _kernels(points, points, (wave, rough))

            def miss(
                logs: FloatArray, parts: tuple[FloatArray, FloatArray] = parts
            ) -> tuple[float, FloatArray]:
                return _negative_likelihood(logs, parts, y, noise)

            start = np.log([1.0, 0.1, 1e-3])
            box = [(-9.0, 6.0), (-12.0, 6.0), (-16.0, 1.0)]
            options = {"maxiter": 25}
            found = minimize(miss, start, jac=True, method="L-BFGS-B", bounds=box, options=options)
            if best is None or found.fun < best[0] - 1e-9:
                best = float(found.fun), found.x, (wave, rough)
    assert best is not None
    _, logs, lengths = best
    a, b, nugget = (float(item) for item in np.exp(logs))
    plain, rest = _kernels(points, points, lengths)
    factor = _factor(plain, rest, (a, b, nugget), noise)
    weights = np.asarray(cho_solve((factor, True), y))
    return Surrogate(points, weights, factor, (a, b, nugget), lengths, centre, scale)


def _kernels(
    left: FloatArray, right: FloatArray, lengths: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of the kernels of single cells and the kernel of all, shape (n, N)."""
    square = np.square(left[:, None, :] - right[None, :, :])
    plain = np.exp(-0.5 * square / lengths[0] ** 2).mean(axis=2)
    return plain, np.exp(-0.5 * square.sum(axis=2) / lengths[1] ** 2)


def _factor(
    plain: FloatArray, rest: FloatArray, amplitudes: tuple[float, float, float], noise: FloatArray
) -> FloatArray:
    a, b, nugget = amplitudes
    covariance = _CONSTANT + a * plain + b * rest
    covariance[np.diag_indices_from(covariance)] += noise + nugget + _LEAST * (_CONSTANT + a + b)
    return np.asarray(cholesky(covariance, lower=True, check_finite=False))


def _negative_likelihood(
    logs: FloatArray, parts: tuple[FloatArray, FloatArray], y: FloatArray, noise: FloatArray
) -> tuple[float, FloatArray]:
    """Return the negative log posterior of amplitudes, up to a constant, and its slopes.

    Rasmussen & Williams (2006), equations 5.8 and 5.9.
    """
    a, b, nugget = np.exp(logs)
    factor = _factor(*parts, (a, b, nugget), noise)
    inverse = cho_solve((factor, True), np.eye(len(y)), check_finite=False)
    alpha = inverse @ y
    left = inverse - np.outer(alpha, alpha)
    fit = 0.5 * y @ alpha + np.log(np.diag(factor)).sum()
    slopes = 0.5 * np.array(
        [a * (left * parts[0]).sum(), b * (left * parts[1]).sum(), nugget * np.trace(left)]
    )
    # Weak priors: interaction and nugget are small unless the means say otherwise.
    off = logs - _EXPECTED
    return float(fit + 0.5 * _FIRMNESS @ off**2), slopes + _FIRMNESS * off
