r"""Shares of variance: Sobol indices of first and of total order, of factors or groups of numbers.

    S_g = Var(E[y | x_g]) / Var(y),        T_g = 1 - Var(E[y | x_not g]) / Var(y)

by Saltelli et al. (2010) and Jansen (1999), with luck taken off term by term: an inert factor
that only reshuffles luck has T = 0 here, while the plain estimate gives it all of luck's share.
Standard errors join the rows (bootstrap) and the paths (jackknife over blocks of paths).

References
----------
Saltelli, Annoni, Azzini, Campolongo, Ratto & Tarantola (2010), Computer Physics Communications 181.
Jansen (1999), Analysis of variance designs for model output, Computer Physics Communications 117.
Jacques, Lavergne & Devictor (2006), Sensitivity analysis in presence of model uncertainty and
correlated inputs, Reliability Engineering & System Safety 91 (groups).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from SALib.analyze.sobol import first_order, total_order

from finmodel.sensitivity.axes import FloatArray
from finmodel.sensitivity.noise import Outcomes, jackknife_error, luck_variance, shared

Z95 = 1.959963984540054
ROUNDING = 1e-12
"""Spread over the size of outcomes below which it is rounding."""


@dataclass(frozen=True)
class Indices:
    """Sobol indices of G factors for one outcome.

    Attributes
    ----------
    mean, variance : float
        Over the beliefs; the variance without luck.
    variance_error : float
        Standard error of `variance`, of rows and of paths.
    luck_share : float
        Part of the plain variance of outcomes that is luck.
    first, first_error, total, total_error : ndarray of shape (G,)
        Shares of `variance` and standard errors. NaN if nothing but luck varies.
    plain_first, plain_total : ndarray of shape (G,)
        Of the outcomes as they are. The total is 0 of what moves nothing at all, not even luck.
    floor : ndarray of shape (G,)
        Part of `plain_total` that is luck.
    n_rows : int
        Rows used; one with a failed unit is left out whole.
    """

    mean: float
    variance: float
    variance_error: float
    luck_share: float
    first: FloatArray
    first_error: FloatArray
    total: FloatArray
    total_error: FloatArray
    plain_first: FloatArray
    plain_total: FloatArray
    floor: FloatArray
    n_rows: int

    @property
    def is_told(self) -> NDArray[np.bool_]:
        """Whether the total share is told from luck: its 95 % interval lies above zero.

        That of the variance must, too: all of a variance that is luck is a share without error.
        """
        is_varied = self.variance - Z95 * self.variance_error > 0.0
        return np.asarray((self.total - Z95 * self.total_error > 0.0) & is_varied)


def sobol_indices(found: Outcomes, *, seed: int, resamples: int = 500) -> Indices:
    """Return indices from the rows of :func:`finmodel.sensitivity.designs.sobol_design`.

    Parameters
    ----------
    found : Outcomes
        Of shape (N, G + 2).
    seed : int
        Of the bootstrap.
    resamples : int

    Raises
    ------
    ValueError
        With fewer than four whole rows.
    """
    found = found[np.isfinite(found.value).all(axis=1)]
    n = len(found.value)
    if n < 4:
        raise ValueError(f"{n} whole rows; indices need at least 4")
    terms = _terms(found)
    first, total, variance = _shares(terms, np.ones((1, n)) / n)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=resamples) / n
    by_rows = _shares(terms, weights)
    by_paths = [_shares(_terms(part), np.ones((1, n)) / n) for part in found.without_blocks()]
    errors = []
    for place in (0, 1, 2):
        paths = np.array([np.atleast_1d(part[place][0]) for part in by_paths])
        wobble = jackknife_error(paths) if by_paths else 0.0
        rows = by_rows[place].reshape(resamples, -1)
        errors.append(np.sqrt(_variance(rows) + wobble**2))
    ends = np.concatenate([found.value[:, 0], found.value[:, -1]])
    plain = float(ends.var())
    plain_first, plain_total, floor = _plain(found, plain)
    return Indices(
        mean=float(ends.mean()),
        variance=float(variance[0]),
        variance_error=float(errors[2][0]),
        luck_share=float(np.clip(1.0 - variance[0] / plain, 0.0, 1.0)) if plain > 0.0 else 0.0,
        first=first[0],
        first_error=errors[0],
        total=total[0],
        total_error=errors[1],
        plain_first=plain_first,
        plain_total=plain_total,
        floor=floor,
        n_rows=n,
    )


@dataclass(frozen=True)
class _Terms:
    """Sums of each row: products of first order, squares of total order, and the two points.

    `scale` is the size of outcomes, against which a variance may be nothing but rounding.
    """

    first: FloatArray
    total: FloatArray
    ends: FloatArray
    luck: float
    scale: float


def _terms(found: Outcomes) -> _Terms:
    value, influence = found.value, found.influence
    both = Outcomes(
        np.concatenate([value[:, 0], value[:, -1]]),
        np.concatenate([influence[:, 0], influence[:, -1]]),
    )
    centre, common = both.value.mean(), both.influence.mean(axis=0)
    change = found[:, 1:-1].minus(found[:, :1])
    top = (value[:, -1:] - centre) * change.value
    top = top - shared(influence[:, -1:] - common, change.influence)
    square = 0.5 * (change.value**2 - change.squared_error())
    ends = np.stack([value[:, 0] - centre, value[:, -1] - centre], axis=1)
    scale = float(np.abs(both.value).max())
    return _Terms(top, square, ends, luck_variance(both), scale)


def _shares(terms: _Terms, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return first and total shares, (R, G), and variances, (R,), of weighted rows."""
    mean = weights @ terms.ends.mean(axis=1)
    spread = weights @ (terms.ends**2).mean(axis=1) - mean**2 - terms.luck
    rounding = (ROUNDING * terms.scale) ** 2
    variance = np.where(spread > rounding, spread, np.nan)[:, None]
    return (weights @ terms.first) / variance, (weights @ terms.total) / variance, spread


def _variance(values: FloatArray) -> FloatArray:
    """Return the variance over resamples in which the outcome varies; NaN if few are."""
    known = np.isfinite(values).all(axis=1)
    if known.sum() < 0.9 * len(values):
        return np.full(values.shape[1], np.nan)
    spread: FloatArray = values[known].var(axis=0, ddof=1)
    return spread


def _plain(found: Outcomes, variance: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the indices of SALib, which take outcomes as exact, and what of them is luck."""
    a, b, mixed = found.value[:, :1], found.value[:, -1:], found.value[:, 1:-1]
    n_groups = mixed.shape[1]
    still = (mixed == a).all(axis=0)
    if variance == 0.0 or still.all():
        unknown = np.full(n_groups, np.nan)
        return unknown, np.where(still, 0.0, np.nan), unknown
    centre, scale = np.concatenate([a, b]).mean(), np.sqrt(variance)
    pairs = [((x - centre) / scale).repeat(n_groups, axis=1) for x in (a, b)]
    third = (mixed - centre) / scale
    luck = found[:, 1:-1].minus(found[:, :1]).squared_error().mean(axis=0)
    return (
        np.asarray(first_order(pairs[0], third, pairs[1]), np.float64),
        np.asarray(total_order(pairs[0], third, pairs[1]), np.float64),
        0.5 * luck / variance,
    )
