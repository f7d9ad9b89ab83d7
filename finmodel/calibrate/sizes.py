"""Round-size laws: log amounts normal by stage, exact or known to an interval, by likelihood.

    ln a = mu_stage + x b + sd_stage e,   e ~ N(0, 1)

An exact amount adds the density of its log, an interval the probability between its ends, an
undisclosed one nothing: disclosure is taken not to depend on the amount given stage and
covariates. Only a firm's first round at a stage is used, since the scenario's `ask_median_mcny` is
the round of a stage and not a bridge. Standard errors are of the sandwich form, clustered by firm,
because a firm's rounds share its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.round_table import RoundTable
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray, IntArray

MIN_ROUNDS = 30
"""Amounts a stage needs to have a law of its own."""


@dataclass(frozen=True)
class SizeLaw:
    """A fitted law of round sizes.

    Attributes
    ----------
    names : tuple of str
        Of the parameters: ``mu:STAGE`` (ln mcny), one a covariate, ``ln sd:STAGE`` or ``ln sd``.
    params : ndarray of shape (p,)
    covariance : ndarray of shape (p, p)
    n : Mapping of int
        Amounts by stage.
    residuals : DataFrame
        `stage`, `residual` (standardised; interval midpoints for intervals).
    is_converged : bool
    """

    names: tuple[str, ...]
    params: FloatArray
    covariance: FloatArray
    n: dict[str, int]
    residuals: pd.DataFrame
    is_converged: bool

    def at(self, name: str) -> tuple[float, float]:
        """Return a parameter and its standard error by name."""
        i = self.names.index(name)
        return float(self.params[i]), float(np.sqrt(self.covariance[i, i]))


@dataclass(frozen=True)
class SizeSample:
    """Amounts of first rounds at a stage: codes, covariates, ends of intervals, firms."""

    stage: IntArray
    low: FloatArray
    high: FloatArray
    x: FloatArray
    firm: IntArray


def size_sample(table: RoundTable, stage: IntArray, x: FloatArray) -> SizeSample:
    """Return disclosed amounts of each firm's first round at each stage.

    Parameters
    ----------
    table : RoundTable
    stage : ndarray of shape (n,)
    x : ndarray of shape (firms, c)
        Covariates of firms.
    """
    is_start = (table.order == 0) | (stage > np.roll(stage, 1))
    low = np.where(np.isfinite(table.log_low), table.log_low, table.log_amount)
    high = np.where(np.isfinite(table.log_high), table.log_high, table.log_amount)
    is_known = np.isfinite(low) & np.isfinite(high) & is_start
    firm = table.firm[is_known]
    return SizeSample(stage[is_known], low[is_known], high[is_known], x[firm], firm)


def fit_sizes(
    sample: SizeSample,
    stages: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    has_common_spread: bool = False,
) -> SizeLaw:
    """Return the law of maximum likelihood.

    Parameters
    ----------
    sample : SizeSample
    stages : sequence of str
        Names by code; those with fewer than MIN_ROUNDS amounts are left out.
    covariates : sequence of str
        Names of the columns of `sample.x`.
    has_common_spread : bool, optional
        One spread for all stages, as a scenario has it.

    Raises
    ------
    CalibrationError
        If no stage has enough amounts.
    """
    counts = np.bincount(sample.stage, minlength=len(stages))[: len(stages)]
    used = [code for code in range(len(stages)) if counts[code] >= MIN_ROUNDS]
    if not used:
        raise CalibrationError(
            f"round sizes: no stage has {MIN_ROUNDS} disclosed amounts "
            f"({', '.join(f'{name} {n}' for name, n in zip(stages, counts, strict=True))})"
        )
    is_used = np.isin(sample.stage, used)
    place = np.searchsorted(used, sample.stage[is_used])
    x = np.column_stack([np.eye(len(used))[place], sample.x[is_used]])
    spread = np.zeros(len(place), dtype=np.int64) if has_common_spread else place
    fit = _Likelihood(sample.low[is_used], sample.high[is_used], x, spread)
    params, is_converged = _maximum(fit)
    covariance = _sandwich(fit, params, sample.firm[is_used])
    names = [f"mu:{stages[k]}" for k in used] + list(covariates)
    names += ["ln sd"] if has_common_spread else [f"ln sd:{stages[k]}" for k in used]
    mean = x @ params[: x.shape[1]]
    sd = np.exp(params[x.shape[1] :][spread])
    middle = 0.5 * (fit.low + fit.high)
    residuals = pd.DataFrame(
        {"stage": np.array(stages)[sample.stage[is_used]], "residual": (middle - mean) / sd}
    )
    n = {stages[k]: int(counts[k]) for k in used}
    return SizeLaw(tuple(names), params, covariance, n, residuals, is_converged)


class _Likelihood:
    """Log-likelihood and scores by row; parameters are coefficients, then log spreads."""

    def __init__(self, low: FloatArray, high: FloatArray, x: FloatArray, spread: IntArray) -> None:
        self.low, self.high, self.x, self.spread = low, high, x, spread
        self.n_spreads = int(spread.max()) + 1
        self.is_exact = high - low <= 1e-12

    def scores(self, params: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the log-likelihood of each row (n,) and its scores (n, p)."""
        from scipy.special import log_ndtr

        p = self.x.shape[1]
        mean = self.x @ params[:p]
        log_sd = params[p:][self.spread]
        sd = np.exp(log_sd)
        a, b = (self.low - mean) / sd, (self.high - mean) / sd
        value = -0.5 * a**2 - log_sd - 0.5 * np.log(2.0 * np.pi)
        by_mean, by_log_sd = a / sd, a**2 - 1.0
        rows = np.flatnonzero(~self.is_exact)
        if len(rows):
            lo, hi = a[rows], b[rows]
            # The upper tail is turned over, so that small differences keep their digits.
            flip = lo > 0.0
            one, two = np.where(flip, -hi, lo), np.where(flip, -lo, hi)
            top, bottom = log_ndtr(two), log_ndtr(one)
            log_mass = top + np.log1p(-np.exp(np.minimum(bottom - top, -1e-300)))
            density_lo = np.exp(-0.5 * lo**2 - log_mass) / np.sqrt(2.0 * np.pi)
            density_hi = np.exp(-0.5 * hi**2 - log_mass) / np.sqrt(2.0 * np.pi)
            value[rows] = log_mass
            by_mean[rows] = (density_lo - density_hi) / sd[rows]
            by_log_sd[rows] = lo * density_lo - hi * density_hi
        by_spread = np.zeros((len(value), self.n_spreads))
        by_spread[np.arange(len(value)), self.spread] = by_log_sd
        return value, np.column_stack([by_mean[:, None] * self.x, by_spread])

    def start(self) -> FloatArray:
        """Return least squares on the middles of intervals."""
        middle = 0.5 * (self.low + self.high)
        beta = np.linalg.lstsq(self.x, middle, rcond=None)[0]
        residual = middle - self.x @ beta
        sd = [max(0.05, float(residual[self.spread == s].std())) for s in range(self.n_spreads)]
        return np.concatenate([beta, np.log(sd)])


def _maximum(fit: _Likelihood) -> tuple[FloatArray, bool]:
    from scipy.optimize import minimize

    def objective(params: FloatArray) -> tuple[float, FloatArray]:
        value, scores = fit.scores(params)
        return -float(value.mean()), -scores.mean(axis=0)

    found = minimize(objective, fit.start(), jac=True, method="BFGS", options={"gtol": 1e-7})
    gradient = float(np.abs(objective(found.x)[1]).max())
    return np.asarray(found.x), gradient < 1e-5


def _sandwich(fit: _Likelihood, params: FloatArray, firm: IntArray) -> FloatArray:
    """Return the covariance clustered by firm; the Hessian is a difference of scores."""
    n_params = len(params)
    hessian = np.empty((n_params, n_params))
    step = 1e-5
    for i in range(n_params):
        shift = np.zeros(n_params)
        shift[i] = step
        up, down = fit.scores(params + shift)[1].sum(0), fit.scores(params - shift)[1].sum(0)
        hessian[i] = (up - down) / (2.0 * step)
    hessian = 0.5 * (hessian + hessian.T)
    bread = np.linalg.pinv(-hessian)
    return np.asarray(bread @ clustered(fit.scores(params)[1], firm) @ bread)


def clustered(scores: FloatArray, cluster: IntArray) -> FloatArray:
    """Return the sum over clusters of outer products of summed scores, times G / (G - 1)."""
    _, place = np.unique(cluster, return_inverse=True)
    n_clusters = int(place.max()) + 1
    sums = np.zeros((n_clusters, scores.shape[1]))
    np.add.at(sums, place, scores)
    return np.asarray(sums.T @ sums * n_clusters / max(1, n_clusters - 1))


def quantile_table(residuals: pd.DataFrame, n_points: int = 99) -> pd.DataFrame:
    """Return quantiles of standardised residuals against the normal's, by stage.

    Returns
    -------
    DataFrame
        `stage`, `level`, `normal`, `observed`.
    """
    from scipy.special import ndtri

    levels = (np.arange(n_points) + 0.5) / n_points
    frames = []
    for stage, group in residuals.groupby("stage", sort=False):
        observed = np.quantile(group["residual"].to_numpy(), levels)
        frames.append(
            pd.DataFrame(
                {"stage": stage, "level": levels, "normal": ndtri(levels), "observed": observed}
            )
        )
    return pd.concat(frames, ignore_index=True)
