"""Where the tail begins is not known: fits at many thresholds, weighed by what they explain.

The density of the law jumps where the tail begins, so the likelihood jumps as the threshold passes
an exit, and the usual errors do not hold for the threshold; to pick one and go on as if it
were known gives errors that are too small (Clauset and others' minimum distance shares that
fault). Here the likelihood is fitted at each of a grid of thresholds, from ``MIN_TAIL`` exits above
to ``MAX_TAIL_SHARE`` of those told, and thresholds are weighed by Laplace's approximation of
their marginal likelihood, with a flat prior in the logarithm of the number above,

    w_k ~ exp(ln L_k - ln det(information_k) / 2) * (step of ln k).

The answer is a mixture of normals in ``mu, ln s, logit q, ln a``: its median is the estimate, its
2.5 % and 97.5 % quantiles the interval. If the exits do not tell where the tail begins, weights
are flat and the interval is as wide as the grid: a share and an index that cannot be told
apart show as such.

Whether there is a tail at all: `log_gain` is the largest log likelihood over thresholds less that
of the lognormal, which has two parameters fewer. Below ``MIN_GAIN`` the tail is not told from a
lognormal: of 400 lognormal samples each of 300, 1,000 and 3,000 exits, 3 to 6 % gain more.

References
----------
Kass & Raftery (1995), Bayes factors, Journal of the American Statistical Association 90 (Laplace's
approximation). Scollnik (2007), On composite lognormal-Pareto models, Scandinavian Actuarial
Journal 1. Clauset, Shalizi & Newman (2009), Power-law distributions in empirical data, SIAM
Review 51.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.multiples import Multiples
from finmodel.calibrate.newton import Minima, minimise
from finmodel.calibrate.spliced_law import SplicedLikelihood
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray, IntArray

MIN_TAIL = 10
"""Exits above the highest threshold tried."""
MAX_TAIL_SHARE = 0.2
"""Of the exits told, above the lowest threshold tried."""
N_THRESHOLDS, N_THRESHOLDS_HIDDEN = 80, 24
"""How many are tried, fewer where prices are hidden: a fit then takes a hundred times as long."""
MIN_GAIN = 4.0
"""In log likelihood: a tail that gains less is not told from a lognormal."""


@dataclass(frozen=True)
class LawFit:
    """The law of exit multiples with its uncertainty.

    Attributes
    ----------
    names : tuple of str
        ``mu_0 .. mu_{R-1}``, ``ln_sd``, ``logit_share``, ``ln_index``, then telling.
    value, low, high : ndarray of shape (P,)
        Median and 95 % interval of the mixture.
    covariance : ndarray of shape (P, P)
        Of the mixture.
    log_gain : float
        Over the lognormal.
    body : ndarray of shape (P',)
        Parameters of the lognormal alone, no tail: ``mu_r, ln_sd`` and telling.
    body_covariance : ndarray of shape (P', P')
    at_best : ndarray
        Raw parameters at the threshold of largest weight, for checks.
    best_threshold : ndarray of shape (R,)
    profile : DataFrame
        One row a threshold: `k` above, `threshold` (log multiple of the first route), `weight`,
        `log_gain`, `share`, `index`, `index_se`, `log_sd`, `is_solved`.
    """

    names: tuple[str, ...]
    value: FloatArray
    low: FloatArray
    high: FloatArray
    covariance: FloatArray
    log_gain: float
    body: FloatArray
    body_covariance: FloatArray
    at_best: FloatArray
    best_threshold: FloatArray
    profile: pd.DataFrame

    def of(self, name: str) -> tuple[float, float, float]:
        """Return value, low and high of a parameter."""
        i = self.names.index(name)
        return float(self.value[i]), float(self.low[i]), float(self.high[i])


def fit_body(
    data: Multiples, *, has_size_slope: bool = False
) -> tuple[FloatArray, FloatArray, float]:
    """Fit the lognormal without a tail; return parameters, covariance, log likelihood.

    Raises
    ------
    CalibrationError
        If the likelihood has no maximum.
    """
    routes = data.n_routes
    nowhere = np.full((1, routes), np.inf)
    likelihood = SplicedLikelihood(data, nowhere, nowhere, has_size_slope)
    start = np.zeros((1, likelihood.n_parameters))
    start[0, :routes] = _route_medians(data)
    start[0, routes] = np.log(max(float(np.std(data.x)), 1e-3))

    def function(theta: FloatArray) -> FloatArray:
        # There is no tail: its index is held in place.
        return np.asarray(likelihood(theta) + 0.5 * theta[..., routes + 1] ** 2)

    found = minimise(function, start)
    if not found.is_solved[0]:
        raise CalibrationError("the lognormal body of exit multiples has no likelihood maximum")
    kept = [i for i in range(start.shape[1]) if i != routes + 1]
    covariance = np.linalg.inv(found.hessian[0])[np.ix_(kept, kept)]
    return found.point[0, kept], covariance, -float(found.value[0])


def fit_law(data: Multiples, *, log_cap: float = np.inf) -> LawFit:
    """Fit body and tail, averaging over thresholds.

    Parameters
    ----------
    data : Multiples
        With at least ``MIN_TAIL / MAX_TAIL_SHARE`` exits told exactly.
    log_cap : float
        Log of the cap in medians; all told exits must lie below it.

    Raises
    ------
    CalibrationError
        If exits are too few, or no threshold has a likelihood maximum.
    """
    k = tail_sizes(data)
    body, body_covariance, body_loglik = fit_body(data)
    routes = data.n_routes
    shift = body[:routes] - body[0]
    ordered = np.sort(data.x - shift[data.route])
    threshold = 0.5 * (ordered[-k] + ordered[-k - 1])[:, None] + shift
    width = body[:routes] + log_cap - threshold
    if not (width > 0).all():
        raise CalibrationError("the cap on exit multiples is below where their tail begins")
    likelihood = SplicedLikelihood(data, threshold, width)
    start = np.tile(np.insert(body, routes + 1, 0.0), (len(k), 1))
    above = likelihood.sums[3].sum(axis=1)
    start[:, routes + 1] = np.log(above / likelihood.sums[4].sum(axis=1))
    found = minimise(likelihood, start)
    usable = found.is_solved & np.isfinite(found.value)
    if not usable.any():
        raise CalibrationError(
            "no threshold of the tail of exit multiples has a likelihood maximum"
        )
    return _mixture(data, found, usable, k, threshold, (body, body_covariance, body_loglik))


def tail_sizes(data: Multiples) -> IntArray:
    """Return the numbers of exits above the thresholds tried, rising.

    Raises
    ------
    CalibrationError
        If there are too few exits for a tail.
    """
    most = int(MAX_TAIL_SHARE * len(data.x))
    if most < MIN_TAIL:
        raise CalibrationError(
            f"a tail needs {MIN_TAIL / MAX_TAIL_SHARE:.0f} exits with an exact value above the "
            f"floor, there are {len(data.x)}"
        )
    number = N_THRESHOLDS_HIDDEN if data.has_hidden else N_THRESHOLDS
    ordered = np.sort(data.x)
    k = np.unique(np.geomspace(MIN_TAIL, most, number).astype(np.int64))
    # Between equal exits there is no threshold.
    apart = ordered[-k] > ordered[-k - 1]
    if data.n_routes == 1 and not apart.any():
        raise CalibrationError("the largest exit multiples are all equal")
    return np.asarray(k[apart] if data.n_routes == 1 else k)


def _route_medians(data: Multiples) -> FloatArray:
    return np.array([np.median(data.x[data.route == r]) for r in range(data.n_routes)])


def _mixture(
    data: Multiples,
    found: Minima,
    usable: np.ndarray,
    k: IntArray,
    threshold: FloatArray,
    alone: tuple[FloatArray, FloatArray, float],
) -> LawFit:
    body, body_covariance, body_loglik = alone
    routes = data.n_routes
    step = np.gradient(np.log(k)) if len(k) > 1 else np.ones(1)
    with np.errstate(invalid="ignore"):
        log_det = np.linalg.slogdet(found.hessian)[1]
    score = np.where(usable, -found.value - 0.5 * log_det + np.log(step), -np.inf)
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    # Only solved thresholds have weight; the others' Hessians are never inverted.
    safe = np.where(usable[:, None, None], found.hessian, np.eye(found.point.shape[1]))
    at, covariance = with_share(found.point, np.linalg.inv(safe), threshold[:, 0], routes)
    mean = weight @ at
    total = np.einsum("k,kij->ij", weight, covariance) + np.einsum(
        "k,ki,kj->ij", weight, at - mean, at - mean
    )
    sd = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))
    value, low, high = (
        np.array([_quantile(p, weight, at[:, i], sd[:, i]) for i in range(at.shape[1])])
        for p in (0.5, 0.025, 0.975)
    )
    best = int(weight.argmax())
    profile = pd.DataFrame(
        {
            "k": k,
            "threshold": threshold[:, 0],
            "weight": weight,
            "log_gain": -found.value - body_loglik,
            "share": 1 / (1 + np.exp(-at[:, routes + 1])),
            "index": np.exp(at[:, routes + 2]),
            "index_se": np.exp(at[:, routes + 2]) * sd[:, routes + 2],
            "log_sd": np.exp(at[:, routes]),
            "is_solved": usable,
        }
    )
    names = (*(f"mu_{r}" for r in range(routes)), "ln_sd", "logit_share", "ln_index")
    names += ("telling", "telling_slope") if data.has_hidden else ()
    gain = float(profile["log_gain"][usable].max())
    return LawFit(
        *(names, value, low, high, total, gain, body, body_covariance),
        *(found.point[best], threshold[best], profile),
    )


def with_share(
    theta: FloatArray, covariance: FloatArray, threshold: FloatArray, routes: int
) -> tuple[FloatArray, FloatArray]:
    """Insert the logit of the tail share after ``ln s``, by the delta method."""
    from scipy.special import log_ndtr

    n, p = theta.shape
    sd = np.exp(theta[:, routes])
    z = (threshold - theta[:, 0]) / sd
    log_share, log_rest = log_ndtr(-z), log_ndtr(z)
    logit = log_share - log_rest
    steep = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_share - log_rest)
    jacobian = np.zeros((n, p + 1, p))
    old = [i for i in range(p + 1) if i != routes + 1]
    jacobian[:, old, range(p)] = 1.0
    jacobian[:, routes + 1, 0] = steep / sd
    jacobian[:, routes + 1, routes] = steep * z
    at = np.insert(theta, routes + 1, logit, axis=1)
    return at, np.einsum("kip,kpq,kjq->kij", jacobian, covariance, jacobian)


def _quantile(p: float, weight: FloatArray, mean: FloatArray, sd: FloatArray) -> float:
    """Return a quantile of a mixture of normals by bisection."""
    from scipy.special import ndtr

    kept = weight > 0
    weight, mean, sd = weight[kept], mean[kept], np.maximum(sd[kept], 1e-300)
    low, high = float((mean - 9 * sd).min()), float((mean + 9 * sd).max())
    for _ in range(80):
        middle = 0.5 * (low + high)
        if float(weight @ ndtr((middle - mean) / sd)) < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
