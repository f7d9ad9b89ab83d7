"""Checks of the law of exit values: clusters, resampling, fit, and other readings of the data.

* Clustered errors: exits of a year share its market, so their scores are summed by year before
  they are squared (White's sandwich), at the threshold of largest weight.
* Resampled Hill index: exits drawn with replacement, the rule for the threshold applied to each
  draw, so that the choice of threshold is in the spread.
* Distance: Kolmogorov-Smirnov, of the prices told to what the law and the model of telling say
  told prices should look like.
* Other readings: prices told at random; medians that move with size; prices not told all below
  the median told.

References
----------
White (1982), Maximum likelihood estimation of misspecified models, Econometrica 50. Cameron &
Miller (2015), A practitioner's guide to cluster-robust inference, Journal of Human Resources 50.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from finmodel.calibrate.multiples import Multiples
from finmodel.calibrate.newton import STEP, derivatives
from finmodel.calibrate.spliced_law import Law, SplicedLikelihood
from finmodel.calibrate.threshold_average import LawFit, fit_body, fit_law, with_share
from finmodel.errors import CalibrationError
from finmodel.measure.tails import hill_index
from finmodel.world.arrays import FloatArray, IntArray

N_RESAMPLES = 200
N_EDGES = 1001
"""Of the grid on which the distribution of told multiples is summed."""
RESAMPLE_SEED = 20131001
"""Fixed, so that the same records give the same numbers."""


def told_only(data: Multiples) -> Multiples:
    """Return the exits with a price, as if prices were told at random."""
    return replace(data, hidden_route=np.empty(0, np.int64), hidden_size=np.empty(0))


def clustered_covariance(
    likelihood: SplicedLikelihood, at: FloatArray, year: IntArray
) -> FloatArray:
    """Return the sandwich covariance of the parameters of one threshold.

    Parameters
    ----------
    likelihood : SplicedLikelihood
        Of one threshold, with `bins` no fewer than the exits not told.
    at : ndarray of shape (P,)
    year : ndarray of int, shape (N,)
        Cluster of each exit, in the order of ``likelihood.terms``.

    Returns
    -------
    ndarray of shape (P, P)
        With the factor ``G / (G - 1)`` for ``G`` clusters; NaN for a single one.
    """
    p = len(at)
    unit = STEP * np.eye(p)
    moved = at + np.concatenate([unit, -unit])
    terms = np.concatenate(likelihood.terms(moved[:, None, :]), axis=-1)[:, 0]
    score = (terms[:p] - terms[p:]) / (2 * STEP)
    _, cluster = np.unique(year, return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    if n_clusters < 2:
        return np.full((p, p), np.nan)
    summed = np.array([np.bincount(cluster, weights=row, minlength=n_clusters) for row in score])
    bread = np.linalg.inv(derivatives(likelihood, at[None])[2][0])
    factor = n_clusters / (n_clusters - 1)
    return np.asarray(factor * bread @ (summed @ summed.T) @ bread)


def clustered_sd(fit: LawFit, data: Multiples, width: FloatArray, year: IntArray) -> FloatArray:
    """Return clustered standard errors of `fit`'s parameters, in its order."""
    routes = data.n_routes
    n_hidden = max(1, len(data.hidden_size))
    threshold = fit.best_threshold[None]
    likelihood = SplicedLikelihood(data, threshold, width[None], bins=n_hidden)
    covariance = clustered_covariance(likelihood, fit.at_best, year)
    _, full = with_share(fit.at_best[None], covariance[None], threshold[:, 0], routes)
    return np.asarray(np.sqrt(np.diagonal(full[0])))


def clustered_body_sd(fit: LawFit, data: Multiples, year: IntArray) -> FloatArray:
    """Return clustered standard errors of the parameters of the lognormal alone."""
    nowhere = np.full((1, data.n_routes), np.inf)
    likelihood = SplicedLikelihood(data, nowhere, nowhere, bins=max(1, len(data.hidden_size)))
    place = data.n_routes + 1
    terms = _Without(likelihood, place)
    covariance = clustered_covariance(terms, fit.body, year)  # type: ignore[arg-type]
    return np.sqrt(np.diagonal(covariance))


class _Without:
    """A likelihood without its tail index, for a law without a tail."""

    def __init__(self, likelihood: SplicedLikelihood, place: int) -> None:
        self.likelihood, self.place = likelihood, place

    def __call__(self, theta: FloatArray) -> FloatArray:
        return self.likelihood(np.insert(theta, self.place, 0.0, axis=-1))

    def terms(self, theta: FloatArray) -> list[FloatArray]:
        return self.likelihood.terms(np.insert(theta, self.place, 0.0, axis=-1))


def hill_bootstrap(values: FloatArray) -> tuple[float, float]:
    """Return the standard deviation of Hill's index over resamples, and the share that had one."""
    rng = np.random.default_rng(RESAMPLE_SEED)
    found = np.array([hill_index(rng.choice(values, len(values)))[0] for _ in range(N_RESAMPLES)])
    kept = np.isfinite(found)
    sd = float(np.std(found[kept], ddof=1)) if kept.sum() > 1 else float("nan")
    return sd, float(kept.mean())


def told_distance(fit: LawFit, data: Multiples, width: FloatArray) -> float:
    """Return the largest gap between told multiples' distribution and what the fit says of it.

    Under the model of telling an exit of log size ``b`` is seen at ``x`` with density
    ``f(x) p(x + b)``, over the sizes of all exits; without that model with ``f(x)``.
    """
    from scipy.special import ndtr

    law = Law(
        fit.at_best[None, None], SplicedLikelihood(data, fit.best_threshold[None], width[None])
    )
    reach = 8 * np.exp(fit.at_best[data.n_routes])
    edges = np.linspace(
        fit.at_best[: data.n_routes].min() - reach, max(float(data.x.max()), 0.0) + reach, N_EDGES
    )
    middle, seen = 0.5 * (edges[1:] + edges[:-1]), np.zeros(N_EDGES - 1)
    route = np.concatenate([data.route, data.floored_route, data.hidden_route])
    size = np.concatenate([data.size, data.floored_size, data.hidden_size])
    for r in range(data.n_routes):
        own = np.full(N_EDGES, r)
        mass = np.diff(law.cdf(edges, own, np.zeros(N_EDGES))[0, 0])
        sizes = size[route == r]
        if data.has_hidden:
            mass = mass * ndtr(law.telling(middle[:, None] + sizes)).sum(axis=1)
        else:
            mass = mass * len(sizes)
        seen += mass
    fitted = np.r_[0.0, seen.cumsum()] / seen.sum()
    told = np.sort(data.x)
    n_told = len(told) + len(data.floored_route)
    below = len(data.floored_route) + np.arange(len(told))
    expected = np.interp(told, edges, fitted)
    gaps = [np.abs(below / n_told - expected), np.abs((below + 1) / n_told - expected)]
    return float(np.max(gaps))


def sensitivity(data: Multiples, log_cap: float) -> pd.DataFrame:
    """Return the law under other readings of the same exits.

    Returns
    -------
    DataFrame
        One row a reading: `reading`, `median` (multiple of the first route), `log_sd`, `share`,
        `index`, `telling_slope`, `size_slope`, `log_gain`; NaN where a reading has no such
        number, or no maximum.
    """
    rows = [_law_row("as estimated", data, log_cap)]
    if not data.has_hidden:
        return pd.DataFrame(rows)
    rows.append(_law_row("prices told at random", told_only(data), log_cap))
    rows.append(_law_row("prices not told are below the told median", _all_low(data), log_cap))
    rows.append(_slope_row(data))
    return pd.DataFrame(rows)


def _law_row(reading: str, data: Multiples, log_cap: float) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(
        ("median", "log_sd", "share", "index", "telling_slope", "size_slope", "log_gain"), np.nan
    )
    try:
        fit = fit_law(data, log_cap=log_cap)
    except CalibrationError:
        return {"reading": reading, **row}
    row["median"], row["log_sd"] = np.exp(fit.value[0]), np.exp(fit.of("ln_sd")[0])
    row["share"] = 1 / (1 + np.exp(-fit.of("logit_share")[0]))
    row["index"], row["log_gain"] = np.exp(fit.of("ln_index")[0]), fit.log_gain
    if data.has_hidden:
        row["telling_slope"] = fit.of("telling_slope")[0]
    return {"reading": reading, **row}


def _slope_row(data: Multiples) -> dict[str, object]:
    """Return the lognormal whose median moves with size; telling is then told by shape alone."""
    reading = "median moves with size (no tail)"
    row: dict[str, object] = dict.fromkeys(("share", "index", "log_gain"), np.nan)
    names = ("median", "log_sd", "telling_slope", "size_slope")
    try:
        body, _, _ = fit_body(data, has_size_slope=True)
    except CalibrationError:
        return {"reading": reading, **dict.fromkeys(names, np.nan), **row}
    routes = data.n_routes
    found = (np.exp(body[0]), np.exp(body[routes]), body[-2], body[-1])
    return {"reading": reading, **dict(zip(names, found, strict=True)), **row}


def _all_low(data: Multiples) -> Multiples:
    """Return the exits with those not told at an unknown value below their route's told median."""
    medians = np.array([np.median(data.x[data.route == r]) for r in range(data.n_routes)])
    n = len(data.hidden_route)
    return replace(
        told_only(data),
        low=np.concatenate([data.low, np.full(n, -np.inf)]),
        high=np.concatenate([data.high, medians[data.hidden_route]]),
        interval_route=np.concatenate([data.interval_route, data.hidden_route]),
        interval_size=np.concatenate([data.interval_size, data.hidden_size]),
    )
