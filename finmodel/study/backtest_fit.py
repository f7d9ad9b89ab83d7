"""What is known by the last day of a back-test's fit: hazards, and how cohorts differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from finmodel.calibrate.hazards import (
    BANDS,
    HazardFit,
    band_name,
    fit_hazard,
    hazard_rows,
    pool_hazards,
)
from finmodel.calibrate.imputation import impute_stages
from finmodel.calibrate.round_table import RoundTable, round_table
from finmodel.calibrate.spells import (
    CENSORED,
    GRADUATED,
    SOLD,
    Spells,
    make_spells,
    person_periods,
)
from finmodel.datasets.deal_records import STAGES, DealBook
from finmodel.errors import CalibrationError, Problem, ScenarioError
from finmodel.evaluate.backtest import Spread, known_by, spread_of
from finmodel.world.arrays import FloatArray, IntArray

OTHER = "other"


@dataclass(frozen=True)
class BacktestPlan:
    """What is fitted and what is forecast.

    Attributes
    ----------
    cutoff : Timestamp
        Last day of the fit.
    first_cohort : int
        Year of a firm's first round from which on firms are looked at.
    observed_from : Timestamp
        Day on which the records began to notice firms.
    new_cohorts, old_cohorts : tuple of int
        Years of a stage's first round: after the cutoff, and before it for their later life.
    months : tuple of int
        Horizons, from the round or from the cutoff.
    sectors : int
        Largest sectors that have a term of their own.
    least : int
        Firms that a forecast needs.
    imputations : int
        Books with the stages of unlabelled rounds drawn, of the fit and of what happened.
    draws : int
        For each of these books.
    seed : int
    """

    cutoff: pd.Timestamp
    first_cohort: int
    observed_from: pd.Timestamp
    new_cohorts: tuple[int, ...]
    old_cohorts: tuple[int, ...]
    months: tuple[int, ...] = (12, 24, 36)
    sectors: int = 6
    least: int = 20
    imputations: int = 5
    draws: int = 1000
    seed: int = 20091231


def plan_of(cutoff: date) -> BacktestPlan:
    """Return the plan of a last day of the fit, the end of a year.

    The five cohorts up to it are fitted, the first two seen from the third year on only: firms of
    the first years of a file are there because they survived. Two cohorts after it are forecast,
    and what becomes of the last three before it.

    Raises
    ------
    ScenarioError
        If the day is not the end of a year: cohorts are calendar years.
    """
    if (cutoff.month, cutoff.day) != (12, 31):
        problem = Problem("--cutoff", cutoff.isoformat(), "the last day of a year")
        raise ScenarioError("back-test", [problem])
    year = cutoff.year
    return BacktestPlan(
        cutoff=pd.Timestamp(cutoff),
        first_cohort=year - 4,
        observed_from=pd.Timestamp(year=year - 2, month=1, day=1),
        new_cohorts=(year + 1, year + 2),
        old_cohorts=(year - 2, year - 1, year),
    )


class Fitted(NamedTuple):
    """What is known at the cutoff: hazards of either cause, spread of cohorts, large sectors."""

    graduate: HazardFit
    leave: HazardFit | None
    spread: Spread
    sectors: tuple[str, ...]
    cohorts: pd.DataFrame


def fit_known(book: DealBook, plan: BacktestPlan) -> Fitted:
    """Return the fit to what was known at the cutoff; whatever the book has later is not read.

    Raises
    ------
    CalibrationError
        If there is too little to fit.
    """
    known = known_by(book, plan.cutoff)
    table, completed = completed_books(known, plan, seed=plan.seed)
    own = table.firms["sector"]
    sectors = tuple(own[own != ""].value_counts().index[: plan.sectors])
    classes = own.where(own.isin(sectors), OTHER)
    terms: dict[int, tuple[str, ...]] = {}
    fits: dict[int, list[HazardFit]] = {GRADUATED: [], SOLD: []}
    counts = []
    for spells in completed:
        for cause, found in fits.items():
            try:
                rows = hazard_rows(spells, cause, {"sector": classes}, terms=terms.get(cause))
            except CalibrationError:
                if cause == GRADUATED:
                    raise
                continue
            terms.setdefault(cause, rows.names)
            found.append(fit_hazard(rows, "graduated" if cause == GRADUATED else "sold", STAGES))
        counts.append(_by_cohort(spells, fits[GRADUATED][-1], classes))
    mean = pd.concat(counts).groupby(["stage", "cohort"]).mean().reset_index()
    leave = pool_hazards(fits[SOLD]) if len(fits[SOLD]) == len(completed) else None
    return Fitted(pool_hazards(fits[GRADUATED]), leave, spread_of(mean), sectors, mean)


def completed_books(
    book: DealBook, plan: BacktestPlan, *, seed: int, is_truncated: bool = True
) -> tuple[RoundTable, list[Spells]]:
    """Return rounds of a book and its spells, once for each draw of unlabelled stages."""
    table = round_table(book, STAGES, cohorts=(plan.first_cohort, book.as_of.year))
    imputed = impute_stages(table, seed=seed, n_imputations=plan.imputations)
    since = plan.observed_from if is_truncated else None
    found = [
        _one_way_out(make_spells(table, stage, book.exits, observed_from=since))
        for stage in imputed.stages
    ]
    return table, found


def _one_way_out(spells: Spells) -> Spells:
    """Return the spells with every end but graduation as one cause."""
    is_other = (spells.event != CENSORED) & (spells.event != GRADUATED)
    parts = {**vars(spells), "event": np.where(is_other, SOLD, spells.event)}
    return Spells(**parts)


def log_hazard(
    fit: HazardFit, params: FloatArray, stage: str, sector: str, quarters: int
) -> FloatArray:
    """Return the log hazard of each quarter since the round, shape (D, Q); params (D, p).

    A band that had too few events has the hazard of the nearest band of the stage that has one.
    """
    place = {name: column for column, name in enumerate(fit.names)}
    names = [f"{stage}:{band_name(BANDS, band)}" for band in range(len(BANDS))]
    known = [band for band, name in enumerate(names) if name in place]
    if not known:
        return np.full((len(params), quarters), -np.inf)
    band = np.searchsorted(BANDS, np.arange(quarters), side="right") - 1
    nearest = [min(known, key=lambda k, b=b: abs(k - b)) for b in band]  # type: ignore[misc]
    result = params[:, [place[names[k]] for k in nearest]]
    term = f"sector={sector}"
    if term in place:
        result = result + params[:, place[term], None]
    return np.asarray(result, np.float64)


def _by_cohort(spells: Spells, fit: HazardFit, classes: pd.Series[Any]) -> pd.DataFrame:
    """Return observed and expected graduations by stage and year of the stage's first round."""
    periods = person_periods(spells)
    own = (periods["event"] == GRADUATED).to_numpy(np.float64)
    other = (periods["event"] == SOLD).to_numpy(np.float64)
    expected = np.zeros(len(periods))
    sector = classes.to_numpy(dtype=object)[periods["firm"].to_numpy()]
    quarter, stage = periods["quarter"].to_numpy(), periods["stage"].to_numpy()
    most = int(quarter.max(initial=0)) + 1
    for code in np.unique(stage):
        for name in np.unique(sector[stage == code]):
            chosen = (stage == code) & (sector == name)
            eta = log_hazard(fit, fit.params[None], spells.stages[code], str(name), most)[0]
            expected[chosen] = -np.expm1(-np.exp(eta[quarter[chosen]]))
    frame = pd.DataFrame(
        {
            "stage": np.array(spells.stages)[stage],
            "cohort": start_year(spells)[periods["spell"].to_numpy()],
            "observed": own,
            "expected": expected * (1.0 - 0.5 * other),
        }
    )
    return frame.groupby(["stage", "cohort"]).sum().reset_index()


def start_year(spells: Spells) -> IntArray:
    """Return the calendar year of the start of each spell."""
    years = spells.start.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    return np.asarray(years + 1970)
