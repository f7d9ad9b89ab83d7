"""The look-alike logit: unfunded needs that look like funded ones.

The form is that of Wilson, Wright and Kacer: fit, on what an outsider can observe, the
probability that a firm is funded, and count the unfunded firms that look like funded ones.
It knows no true quality: resemblance stands in for viability.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finmodel.market.columns import ASKED, CLOSED, EVENT_KINDS, FAILED, GAVE_UP, INVESTMENT
from finmodel.market.result import RunResult
from finmodel.measure.details import history_table
from finmodel.measure.groups import Group
from finmodel.measure.monte_carlo import mean_se
from finmodel.world.arrays import FloatArray, IntArray

MOST_STEPS = 100
"""Steps of the fit at most; more, and it counts as failed."""

RANK_TOLERANCE = 1e-10
"""A column this near to the span of others, for its length, depends on them."""

OBSERVED = ("stage", "sector", "region")
"""Observed classes; the log of the amount asked, the firm's size, is the other covariate."""


@dataclass(frozen=True)
class LogitFit:
    """A fitted logit.

    Attributes
    ----------
    coefficients : ndarray of shape (K,)
    covariance : ndarray of shape (K, K)
        Inverse information; NaN for columns left out.
    probability : ndarray of shape (N,)
        Fitted, of each row.
    is_converged : bool
    """

    coefficients: FloatArray
    covariance: FloatArray
    probability: FloatArray
    is_converged: bool


def fit_logit(design: FloatArray, outcome: NDArray[np.bool_]) -> LogitFit:
    """Fit a logit by maximum likelihood: a binomial GLM of statsmodels.

    Parameters
    ----------
    design : ndarray of shape (N, K)
        With a column of ones for the constant. Of columns that depend on each other some are
        left out: their coefficients are 0, and the probabilities are those of the maximum.
    outcome : ndarray of bool, shape (N,)

    Returns
    -------
    LogitFit
        If a class has one outcome only, its coefficient runs off and its probabilities are
        near 0 or 1, where the likelihood stops rising.
    """
    # Loaded here: it takes most of a second, and only runs with paths in detail need it.
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import ModelWarning

    kept = independent_columns(design)
    with warnings.catch_warnings():
        # Separation is expected, and `is_converged` tells the rest.
        warnings.simplefilter("ignore", ModelWarning)
        model = GLM(outcome.astype(np.float64), design[:, kept], family=Binomial())
        fit = model.fit(maxiter=MOST_STEPS)
    n_columns = design.shape[1]
    coefficients, covariance = np.zeros(n_columns), np.full((n_columns, n_columns), np.nan)
    coefficients[kept] = fit.params
    covariance[np.ix_(kept, kept)] = fit.cov_params()
    return LogitFit(
        coefficients=coefficients,
        covariance=covariance,
        probability=np.asarray(fit.fittedvalues),
        is_converged=bool(fit.converged),
    )


def independent_columns(design: FloatArray) -> IntArray:
    """Return columns that span the same space and depend on none of the others, in order."""
    from scipy.linalg import qr

    triangle, pivots = qr(design, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    rank = int((size > RANK_TOLERANCE * size[0]).sum())
    return np.sort(pivots[:rank]).astype(np.int64)


def need_year_table(run: RunResult) -> pd.DataFrame:
    """Return the needs of the detailed paths, once a reported year as the books count them.

    Returns
    -------
    DataFrame
        One row a need and year in which it stood: `path`, `firm`, `region`, `sector`, `stage`,
        `year`, `amount_mcny` asked, `is_funded` (a round closed in the year, in full or in
        part). Needs withdrawn in a year have no row in it.

    Raises
    ------
    InputError
        For a run that kept no path in detail.
    """
    events = history_table(run)
    events = events[(events["event"] != EVENT_KINDS[INVESTMENT]).to_numpy()].reset_index(drop=True)
    path, firm, year = (events[name].to_numpy() for name in ("path", "firm", "year"))
    kind = events["event"].cat.codes.to_numpy()
    first, last = run.world.years[0], run.world.years[-1]
    # A need ends with the firm's next event; at the end of the run there may be none.
    need = np.flatnonzero(kind == ASKED)
    after = np.minimum(need + 1, len(events) - 1)
    has_end = (after > need) & (path[after] == path[need]) & (firm[after] == firm[need])
    end_year = np.where(has_end, year[after], last + 1)
    funded = has_end & (kind[after] == CLOSED)
    is_booked = funded | (has_end & np.isin(kind[after], (FAILED, GAVE_UP)))
    start = np.maximum(year[need], first)
    n_rows = np.maximum(0, end_year - start + is_booked)
    row = np.repeat(np.arange(len(need)), n_rows)
    place = np.arange(len(row)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    names = ["path", "firm", "region", "sector", "stage", "amount_mcny"]
    table = events.loc[need[row], names].reset_index(drop=True)
    table["year"] = start[row] + place
    table["is_funded"] = funded[row] & (table["year"].to_numpy() == end_year[row])
    return table


def look_alikes(needs: pd.DataFrame) -> tuple[NDArray[np.bool_], LogitFit | None]:
    """Return which needs are unfunded and look like funded ones.

    Parameters
    ----------
    needs : DataFrame
        `stage`, `sector`, `region`, `amount_mcny` (above 0) and `is_funded`, one row a need.

    Returns
    -------
    is_alike : ndarray of bool
        Unfunded, with a fitted probability at or above the mean of the funded.
    fit : LogitFit or None
        None, and nobody alike, if all or none are funded.
    """
    funded = needs["is_funded"].to_numpy(bool)
    if funded.all() or not funded.any():
        return np.zeros(len(needs), bool), None
    size = np.log(np.asarray(needs["amount_mcny"], np.float64))
    columns = [np.ones(len(needs)), size]
    for name in OBSERVED:
        codes, levels = pd.factorize(needs[name], sort=True)
        columns += [(codes == code).astype(np.float64) for code in range(1, len(levels))]
    fit = fit_logit(np.column_stack(columns), funded)
    threshold = fit.probability[funded].mean()
    return ~funded & (fit.probability >= threshold), fit


def look_alike_gap(run: RunResult, group: Group) -> tuple[FloatArray, FloatArray] | None:
    """Return the look-alike gap by region: look-alikes a year times their mean ask.

    Parameters
    ----------
    run : RunResult
        With paths in detail.
    group : {'hard_tech', 'general', 'all'}
        Sectors whose needs are fitted and counted.

    Returns
    -------
    gap, standard_error : ndarray of shape (R + 1,), or None if the fit failed
        Million CNY a year by region, then their sum. The standard error is over the detailed
        paths with the fit held fixed, NaN with one path. All needs funded gives 0; None if
        there were no needs, none was funded, or the fit did not converge.

    Raises
    ------
    InputError
        For a run that kept no path in detail.
    """
    world, needs = run.world, need_year_table(run)
    if group != "all":
        hard = np.array(world.sectors)[world.is_hard_tech]
        needs = needs[needs["sector"].isin(hard).to_numpy() == (group == "hard_tech")]
    is_alike, fit = look_alikes(needs)
    if needs.empty or not needs["is_funded"].any() or (fit is not None and not fit.is_converged):
        return None
    chosen = needs[is_alike]
    paths = [item.path for item in run.details]
    totals = np.zeros((len(paths), len(world.regions) + 1))
    for d, path in enumerate(paths):
        of_path = chosen[chosen["path"] == path]
        money = of_path["amount_mcny"].groupby(of_path["region"].astype(str)).sum()
        totals[d, :-1] = money.reindex(list(world.regions)).fillna(0.0)
    totals[:, -1] = totals[:, :-1].sum(axis=1)
    return mean_se(totals / len(world.years))
