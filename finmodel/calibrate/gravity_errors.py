"""Standard errors of a Poisson regression: likelihood, robust, and clustered both ways.

With design ``X``, mean ``mu`` and residual ``u = y - mu``

* Poisson: ``A^-1``, ``A = X' diag(mu) X``.
* robust: ``A^-1 X' diag(u^2 / (1 - h)) X A^-1``, with the leverage ``h = mu x' A^-1 x`` (HC2). With
  an effect a region, leverages are large: without them intervals cover 85 to 90 %, with their
  square (HC3) 98 to 100 %.
* two-way: by origin plus by destination less by pair, of the same residuals, with ``G / (G - 1)``;
  the whole is not always positive, and a variance below 0 counts as 0.

References
----------
MacKinnon & White (1985), Some heteroskedasticity-consistent covariance matrix estimators with
improved finite sample properties, Journal of Econometrics 29. Cameron, Gelbach & Miller (2011),
Robust inference with multiway clustering, Journal of Business & Economic Statistics 29.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.calibrate.estimates import Z_95
from finmodel.world.arrays import FloatArray, IntArray

MIN_CLUSTERS = 12
"""Fewer regions make clustered errors too small to be of use."""
MIN_REST = 1e-3
"""Least part of a flow that its own leverage leaves over: the fit of some flows is exact."""


@dataclass(frozen=True)
class Errors:
    """One kind of standard error of the slopes.

    Attributes
    ----------
    kind : str
        ``Poisson``, ``robust`` or ``two-way``.
    covariance : ndarray of shape (S, S)
    degrees : int
        Of Student's t; 0 for the normal.
    """

    kind: str
    covariance: FloatArray
    degrees: int

    @property
    def sd(self) -> FloatArray:
        """Standard errors, shape (S,)."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))

    @property
    def widening(self) -> float:
        """The t quantile of a 95 % interval over the normal one."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees, 0.975)) / Z_95 if self.degrees > 0 else 1.0


def all_errors(
    design: FloatArray,
    y: FloatArray,
    mean: FloatArray,
    sides: tuple[IntArray, IntArray],
    n_slopes: int,
) -> tuple[Errors, ...]:
    """Return every kind of error of the first `n_slopes` parameters.

    Parameters
    ----------
    design : ndarray of shape (N, K)
        May be rank deficient beyond the slopes.
    y, mean : ndarray of shape (N,)
    sides : pair of ndarray of int, shape (N,)
        Origin and destination.
    n_slopes : int
    """
    bread = np.linalg.pinv(design.T @ (mean[:, None] * design))
    leverage = mean * np.einsum("ij,jk,ik->i", design, bread, design, optimize=True)
    score = design * ((y - mean) / np.sqrt(np.maximum(1.0 - leverage, MIN_REST)))[:, None]
    n, k = len(y), int(np.linalg.matrix_rank(design))
    plain = np.asarray(bread[:n_slopes, :n_slopes], dtype=np.float64)
    found = [Errors("Poisson", plain, 0)]
    if n > k:
        robust: FloatArray = bread @ (score.T @ score) @ bread
        found.append(Errors("robust", robust[:n_slopes, :n_slopes], n - k))
    n_clusters = min(len(np.unique(side)) for side in sides)
    if n_clusters >= MIN_CLUSTERS:
        meat = _meat(score, sides[0]) + _meat(score, sides[1]) - score.T @ score
        covariance: FloatArray = (bread @ meat @ bread)[:n_slopes, :n_slopes]
        found.append(Errors("two-way", _positive(covariance), n_clusters - 1))
    return tuple(found)


def largest(errors: tuple[Errors, ...], slope: int) -> Errors:
    """Return the kind whose interval of a slope is the widest."""
    return max(errors, key=lambda error: float(error.sd[slope]) * error.widening)


def widened(errors: tuple[Errors, ...]) -> FloatArray:
    """Return the covariance whose normal intervals are the widest of all kinds'."""
    first = largest(errors, 0)
    n_slopes = len(first.sd)
    sd = np.array([largest(errors, i).sd[i] * largest(errors, i).widening for i in range(n_slopes)])
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = first.covariance / np.outer(first.sd, first.sd)
    correlation = np.where(np.isfinite(correlation), correlation, np.eye(n_slopes))
    return np.asarray(correlation * np.outer(sd, sd))


def _meat(score: FloatArray, cluster: IntArray) -> FloatArray:
    _, place = np.unique(cluster, return_inverse=True)
    n_clusters = int(place.max()) + 1
    summed = np.zeros((n_clusters, score.shape[1]))
    np.add.at(summed, place, score)
    return np.asarray(summed.T @ summed * n_clusters / (n_clusters - 1))


def _positive(covariance: FloatArray) -> FloatArray:
    """Return the covariance with its negative eigenvalues at 0."""
    root, axes = np.linalg.eigh(covariance)
    return np.asarray((axes * np.maximum(root, 0.0)) @ axes.T)
