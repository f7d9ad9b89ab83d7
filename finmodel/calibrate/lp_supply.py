"""How commitments to new funds answer past returns and the cycle.

Of each class of LPs, over years ``t``,

    ln commitments_t = c + return_response (R_t - R*) + cycle_loading m_t + e_t

with ``R`` the return investors remember when they commit and ``m`` the market factor: the law of
:mod:`finmodel.market.capital` in logs (its bound on the answer to returns, and its norms, go into
``c`` and the error). Whichever of the two regressors a table does not have stays out, and its key
is left out of the block; then the other slope takes up what they share.

Series of years are short. Errors are those of least squares below ``MIN_HAC`` years; from there
on the larger of them and Newey and West's with ``floor(4 (T / 100)^(2/9))`` lags. Intervals are
Student's t with ``T - k`` degrees of freedom: `Estimate.standard_error` is half that interval over
the normal 1.96, so that a normal with it is as wide, and for seven years that is wide. Classes
share their years, so errors go together across them (seemingly unrelated regressions with the
same regressors are least squares each, Zellner).

A return that answers to past money, and a factor measured by what it moves, are not exogenous: with
``market_per_unit`` a proxy is put on the scale of ``m``, but its own noise still pulls the slope
towards 0.

References
----------
Newey & West (1987), A simple, positive semi-definite covariance matrix, Econometrica 55. Zellner
(1962), An efficient method of estimating seemingly unrelated regressions, Journal of the American
Statistical Association 57. Gompers & Lerner (1998), What drives venture capital fundraising?,
Brookings Papers on Economic Activity: Microeconomics. Stambaugh (1999), Predictive regressions,
Journal of Financial Economics 54 (bias in short series).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95, Block, Estimate
from finmodel.calibrate.reasons import NotEstimable
from finmodel.errors import DataError, Problem
from finmodel.world.arrays import FloatArray

REGRESSORS = {"past_return": "return_response", "market": "cycle_loading"}
"""Columns of a table, and the keys of a class they tell."""
UNITS = {"return_response": "ln per 1/year", "cycle_loading": "ln per ln"}
MIN_FREE = 2
"""Fewest years over after the parameters."""
MIN_HAC = 20


@dataclass(frozen=True)
class SupplyFit:
    """Least squares of log commitments of each class.

    Attributes
    ----------
    classes : tuple of str
    regressors : tuple of str
        Those of ``REGRESSORS`` in the table.
    value : ndarray of shape (C, S)
        Slopes.
    covariance : ndarray of shape (C * S, C * S)
        Plain or HAC, class by class.
    n_years, degrees : int
    widening : float
        The t quantile over the normal one.
    kind : str
        ``least squares`` or ``Newey-West``.
    table : DataFrame
        `lp_class`, `year`, `log_commitments`, `fitted`.
    """

    classes: tuple[str, ...]
    regressors: tuple[str, ...]
    value: FloatArray
    covariance: FloatArray
    n_years: int
    degrees: int
    widening: float
    kind: str
    table: pd.DataFrame


def supply_block(
    table: pd.DataFrame,
    *,
    classes: Sequence[str] = ("private", "corporate", "state"),
    market_per_unit: float = 1.0,
    is_trend_removed: bool = False,
    rests_on: str = "",
) -> Block | NotEstimable:
    """Estimate the supply response of LPs from a yearly table.

    Parameters
    ----------
    table : DataFrame
        `year`, `commitments_mcny` (above 0), at least one of `past_return` (per annum, as known
        when the year's money was committed) and `market` (a log); `lp_class` if commitments are by
        class.
    classes : sequence of str
        If the table has no `lp_class`: the classes its total stands for. Each gets the slope of the
        total, which is the mean of theirs by money; the table cannot tell them apart.
    market_per_unit : float
        How much the market factor moves when the column `market` moves by one: 1 if it is the
        factor, 1/2 for the log of invested money if that moves twice as much.
    is_trend_removed : bool
        Whether a line in the year is taken out.
    rests_on : str
        Name of the table, for the notes of the estimates.

    Returns
    -------
    Block or NotEstimable
        The reason if years are too few or a regressor does not move.

    Raises
    ------
    DataError
        If `table` is not in order, with every problem.
    """
    fit = fit_supply(table, market_per_unit=market_per_unit, is_trend_removed=is_trend_removed)
    if isinstance(fit, NotEstimable):
        return fit
    return _block(fit, fit.classes if fit.classes != ("",) else tuple(classes), rests_on)


def fit_supply(
    table: pd.DataFrame, *, market_per_unit: float = 1.0, is_trend_removed: bool = False
) -> SupplyFit | NotEstimable:
    """Fit log commitments; parameters as in :func:`supply_block`."""
    wide, regressors, design = _arranged(table, market_per_unit)
    if not regressors:
        return _not("The table has neither past returns nor a market factor.")
    n_years, n_slopes = len(design), len(regressors)
    columns = [*design.T, np.ones(n_years)]
    if is_trend_removed:
        columns.append(np.arange(n_years) - (n_years - 1) / 2)
    x = np.column_stack(columns)
    degrees = n_years - x.shape[1]
    if degrees < MIN_FREE:
        return _not(
            f"{n_years} complete years for {x.shape[1]} parameters: at least "
            f"{x.shape[1] + MIN_FREE} are needed."
        )
    if np.linalg.matrix_rank(x / np.maximum(np.abs(x).max(axis=0), 1e-300), tol=1e-8) < x.shape[1]:
        return _not("A regressor does not move, or moves exactly with another.")
    y = np.log(wide.to_numpy(np.float64))
    bread = np.linalg.inv(x.T @ x)
    slopes = bread @ x.T @ y
    residual = y - x @ slopes
    kind, covariance = _covariance(x, residual, bread, degrees)
    kept = [c * x.shape[1] + s for c in range(y.shape[1]) for s in range(n_slopes)]
    from scipy.special import stdtrit

    fitted = pd.DataFrame(
        {
            "lp_class": np.repeat(wide.columns.to_numpy(), n_years),
            "year": np.tile(wide.index.to_numpy(), y.shape[1]),
            "log_commitments": y.T.reshape(-1),
            "fitted": (x @ slopes).T.reshape(-1),
        }
    )
    return SupplyFit(
        tuple(map(str, wide.columns)),
        regressors,
        slopes[:n_slopes].T,
        covariance[np.ix_(kept, kept)],
        n_years,
        degrees,
        float(stdtrit(degrees, 0.975)) / Z_95,
        kind,
        fitted,
    )


def _covariance(
    x: FloatArray, residual: FloatArray, bread: FloatArray, degrees: int
) -> tuple[str, FloatArray]:
    """Return the covariance of all coefficients, class by class, and its kind."""
    plain = np.asarray(np.kron(residual.T @ residual / degrees, bread), dtype=np.float64)
    n_years, n_classes = residual.shape
    if n_years < MIN_HAC:
        return "least squares", plain
    score = (residual[:, :, None] * x[:, None, :]).reshape(n_years, -1)
    lags = int(4 * (n_years / 100) ** (2 / 9))
    meat = score.T @ score
    for lag in range(1, lags + 1):
        cross = score[lag:].T @ score[:-lag]
        meat += (1 - lag / (lags + 1)) * (cross + cross.T)
    sides = np.kron(np.eye(n_classes), bread)
    hac = sides @ meat @ sides * n_years / degrees
    # The larger error of each coefficient, with the correlations of the HAC covariance.
    sd, plain_sd = np.sqrt(np.diagonal(hac)), np.sqrt(np.diagonal(plain))
    scale = np.fmax(sd, plain_sd) / np.where(sd > 0, sd, 1.0)
    return "Newey-West", np.asarray(hac * np.outer(scale, scale))


def _arranged(
    table: pd.DataFrame, market_per_unit: float
) -> tuple[pd.DataFrame, tuple[str, ...], FloatArray]:
    """Return commitments by year and class, the regressors there are, and their values."""
    problems = [
        Problem("supply table: columns", ", ".join(map(str, table.columns)), f"also {name}")
        for name in ("year", "commitments_mcny")
        if name not in table.columns
    ]
    if problems:
        raise DataError("supply table", problems)
    frame = table.reset_index(drop=True)
    if "lp_class" not in frame:
        frame = frame.assign(lp_class="")
    regressors = tuple(name for name in REGRESSORS if name in frame and frame[name].notna().any())
    money = pd.to_numeric(frame["commitments_mcny"], errors="coerce")
    is_bad = (frame["commitments_mcny"].notna() & money.isna()) | (money <= 0) | np.isinf(money)
    problems += [
        Problem(
            f"supply table[{i}]: commitments_mcny",
            repr(frame["commitments_mcny"].iloc[i]),
            "a number above 0, or empty",
        )
        for i in np.flatnonzero(is_bad)
    ]
    twice = frame.duplicated(["year", "lp_class"])
    problems += [
        Problem(f"supply table[{i}]: year", repr(frame["year"].iloc[i]), "each year once a class")
        for i in np.flatnonzero(twice)
    ]
    for name in regressors:
        uneven = frame.groupby("year")[name].agg(lambda own: own.max() > own.min())
        problems += [
            Problem(f"supply table: {name}", f"several values in {year}", "one value a year")
            for year in uneven.index[uneven]
        ]
    if problems:
        raise DataError("supply table", problems)
    keyed = frame.assign(money=money)
    wide = keyed.pivot_table(values="money", index="year", columns="lp_class")
    by_year = frame.groupby("year")[list(regressors)].first().astype(float)
    complete = wide.notna().all(axis=1) & by_year.notna().all(axis=1)
    design = by_year[complete].to_numpy(np.float64)
    scale = np.array([market_per_unit if name == "market" else 1.0 for name in regressors])
    return wide[complete].sort_index(), regressors, design * scale


def _block(fit: SupplyFit, classes: tuple[str, ...], rests_on: str) -> Block:
    """Turn the fit into numbers of a scenario."""
    n_slopes = len(fit.regressors)
    is_total = fit.classes == ("",)
    rows = [(c, 0 if is_total else i, s) for i, c in enumerate(classes) for s in range(n_slopes)]
    place = [i * n_slopes + s for _, i, s in rows]
    covariance = fit.covariance[np.ix_(place, place)] * fit.widening**2
    left_out = [REGRESSORS[name] for name in REGRESSORS if name not in fit.regressors]
    note = f"{fit.n_years} years; the error is widened to the t interval of {fit.degrees} degrees."
    if is_total:
        note += " Slope of all commitments together, given to every class."
    if left_out:
        note += f" Without {left_out[0]}, which the table does not tell: takes up what they share."
    estimates = tuple(
        Estimate(
            f"lps.{name}.{REGRESSORS[fit.regressors[s]]}",
            float(fit.value[i, s]),
            float(np.sqrt(covariance[n, n])),
            UNITS[REGRESSORS[fit.regressors[s]]],
            fit.n_years,
            f"regression of log commitments, {fit.kind} errors",
            note,
            rests_on,
            is_slope=True,
        )
        for n, (name, i, s) in enumerate(rows)
    )
    return Block("lp_supply", estimates, covariance, fit.table)


def _not(reason: str) -> NotEstimable:
    keys = tuple(f"lps.*.{key}" for key in REGRESSORS.values())
    return NotEstimable("lp_supply", reason, keys)
