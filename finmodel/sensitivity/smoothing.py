r"""A smooth curve of several outcomes over one number: a penalised cubic B-spline.

``min |y - B c|^2 + k |D c|^2`` with second differences `D`; `k` by generalised cross-validation,
the same for all outcomes, with degrees of freedom counted 1.4 times against overfitting.

References
----------
Eilers & Marx (1996), Flexible smoothing with B-splines and penalties, Statistical Science 11.
Kim & Gu (2004), Smoothing spline Gaussian regression, JRSS B 66 (the factor 1.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import eigh
from scipy.special import ndtri
from scipy.stats import rankdata

from finmodel.sensitivity.axes import FloatArray

SEGMENTS = 10
TOO_WIGGLY = 1.4
_GRID = np.logspace(-4.0, 7.0, 45)


@dataclass(frozen=True)
class Smoother:
    """A basis at n points, turned so that the penalty is diagonal.

    Attributes
    ----------
    basis : ndarray of shape (n, M)
        With orthonormal columns.
    penalty : ndarray of shape (M,)
    """

    basis: FloatArray
    penalty: FloatArray

    def fit(self, y: FloatArray) -> Curve:
        """Return the curve of outcomes of shape (n, Q)."""
        n = len(y)
        turned = self.basis.T @ y
        rest = (y**2).sum(axis=0) - (turned**2).sum(axis=0)
        scale = np.maximum(y.var(axis=0), np.finfo(float).tiny)
        kept = 1.0 / (1.0 + _GRID[:, None] * self.penalty)
        missed = (((1.0 - kept) ** 2) @ turned**2 + np.maximum(rest, 0.0)) / scale
        left = np.maximum(n - TOO_WIGGLY * kept.sum(axis=1), 1.0)
        best = int(np.argmin(missed.sum(axis=1) / left**2))
        coefficients = kept[best][:, None] * turned
        error = y - self.basis @ coefficients
        freedom = max(n - kept[best].sum(), 1.0)
        return Curve(self.basis, coefficients, kept[best], error.T @ error / freedom)


@dataclass(frozen=True)
class Curve:
    """A fitted curve of Q outcomes.

    Attributes
    ----------
    basis : ndarray of shape (n, M)
    coefficients : ndarray of shape (M, Q)
    kept : ndarray of shape (M,)
        Shrinkage; its sum is the degrees of freedom.
    residual : ndarray of shape (Q, Q)
        Covariance of residuals.
    """

    basis: FloatArray
    coefficients: FloatArray
    kept: FloatArray
    residual: FloatArray

    @property
    def fitted(self) -> FloatArray:
        """Expected outcomes at the points, shape (n, Q)."""
        values: FloatArray = self.basis @ self.coefficients
        return values

    def draws(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return draws of the curve as far as it is not known, shape (n, points, Q).

        Coefficients have covariance ``kept x residual`` (Wahba's Bayesian intervals).
        """
        levels, vectors = np.linalg.eigh(self.residual)
        root = vectors * np.sqrt(np.maximum(levels, 0.0))
        normal = rng.standard_normal((n, *self.coefficients.shape))
        wobble = np.sqrt(self.kept)[:, None] * normal @ root.T
        values: FloatArray = self.basis @ (self.coefficients + wobble)
        return values


def make_smoother(x: FloatArray) -> Smoother:
    """Return the basis over the normal scores of n values; ties share a point."""
    scores = ndtri(rankdata(x) / (len(x) + 1.0))
    low, high = scores.min(), scores.max()
    if low == high:
        return Smoother(np.full((len(x), 1), len(x) ** -0.5), np.zeros(1))
    step = (high - low) / SEGMENTS
    knots = low + step * np.arange(-3, SEGMENTS + 4)
    inside = np.clip(scores, knots[3], np.nextafter(knots[-4], low))
    design = BSpline.design_matrix(inside, knots, 3).toarray()
    bends = np.diff(np.eye(design.shape[1]), 2, axis=0)
    cross = design.T @ design
    # Columns of few points leave the cross-product singular; a trace of ridge mends it.
    cross += np.eye(len(cross)) * 1e-8 * np.trace(cross) / len(cross)
    penalty, turn = eigh(bends.T @ bends, cross)
    return Smoother(design @ turn, np.maximum(penalty, 0.0))
