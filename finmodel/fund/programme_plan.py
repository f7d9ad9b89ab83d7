"""A plan of commitments worked out: what to commit, the deterministic ladder and the paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finmodel.fund.commitments import CommitmentPlan, commitments_to_hold, exact_commitments
from finmodel.fund.ladder import Ladder, vintage_ladder
from finmodel.fund.outcome import PlanOutcome
from finmodel.fund.pacing import Pacing, pacing_set
from finmodel.fund.pacing_fit import Fit, fit_pacing
from finmodel.fund.programme import FundYears, fund_years, simulated_ladder
from finmodel.scenario.pacing_schema import FITTED, PacingPlan
from finmodel.world.arrays import FloatArray


@dataclass(frozen=True)
class ProgrammeOutcome:
    """A programme of commitments; years are counted from its first, arrays are million CNY.

    Attributes
    ----------
    plan : PacingPlan
    pacing : Pacing
        What the plan was made with.
    fit : Fit
        Parameters fitted to the fund's simulated pacing, used or not.
    funds : FundYears
        Simulated funds, of a commitment of 1.
    target : ndarray of shape (years,)
    run_off : Ladder
        Of earlier commitments alone, (years,).
    planned, exact : CommitmentPlan
        Non-negative, and the one that meets the target in every year.
    vintages : ndarray of shape (V,)
        Commitments from the earliest year on, planned ones last.
    ladder : Ladder
        By the parameters, (years,).
    paths : Ladder
        On simulated funds, (P, years).
    """

    plan: PacingPlan
    pacing: Pacing
    fit: Fit
    funds: FundYears
    target: FloatArray
    run_off: Ladder
    planned: CommitmentPlan
    exact: CommitmentPlan
    vintages: FloatArray
    ladder: Ladder
    paths: Ladder

    @property
    def n_before(self) -> int:
        """Years from the earliest commitment to the first planned one."""
        return len(self.vintages) - len(self.target)


def target_of(plan: PacingPlan) -> FloatArray:
    """Return what is to be held at the ends of years: built up in a line, then growing."""
    programme = plan.programme
    year = np.arange(int(programme.years.centre), dtype=np.float64)
    built = np.minimum(1.0, (year + 1.0) / programme.ramp_years.centre)
    growth = (1.0 + programme.target_growth_pa.centre) ** year
    result: FloatArray = programme.target_mcny.centre * built * growth
    return result


def earlier_of(plan: PacingPlan) -> FloatArray:
    """Return commitments by year from the earliest to the one before the first planned."""
    programme = plan.programme
    by_year = {int(name): item.centre for name, item in programme.earlier.items()}
    first = min(by_year, default=programme.first_year)
    return np.array([by_year.get(year, 0.0) for year in range(first, programme.first_year)])


def n_vintages(plan: PacingPlan) -> int:
    """Return how many vintages a path of the plan has."""
    return len(earlier_of(plan)) + int(plan.programme.years.centre)


def work_out(plan: PacingPlan, outcome: PlanOutcome) -> ProgrammeOutcome:
    """Plan commitments and play them on simulated funds.

    Parameters
    ----------
    plan : PacingPlan
    outcome : PlanOutcome
        Of P * V * F funds.

    Raises
    ------
    CalibrationError
        If the simulated pacing allows no fit.
    """
    programme = plan.programme
    funds = fund_years(outcome, programme.lp)
    fit = fit_pacing(funds.called.mean(axis=0), funds.got.mean(axis=0))
    name = programme.parameters
    pacing = fit.pacing if name == FITTED else pacing_set(name)
    target, before = target_of(plan), earlier_of(plan)
    planned, exact, run_off = plan_commitments(plan, pacing)
    vintages = np.concatenate([before, planned.commitments])
    n = len(vintages)
    ladder = vintage_ladder(pacing, vintages, years=n)
    paths = simulated_ladder(
        funds, vintages, funds_a_year=int(programme.funds_a_year.centre), years=n
    )
    return ProgrammeOutcome(
        plan=plan,
        pacing=pacing,
        fit=fit,
        funds=funds,
        target=target,
        run_off=run_off,
        planned=planned,
        exact=exact,
        vintages=vintages,
        ladder=_from_year(ladder, len(before)),
        paths=_from_year(paths, len(before)),
    )


def plan_commitments(
    plan: PacingPlan, pacing: Pacing
) -> tuple[CommitmentPlan, CommitmentPlan, Ladder]:
    """Return the non-negative and the exact commitments, and what earlier ones still do.

    Where a fund holds nothing at the end of its first year no plan is exact: NaN.
    """
    programme, target, before = plan.programme, target_of(plan), earlier_of(plan)
    n = len(before) + len(target)
    run_off = _from_year(vintage_ladder(pacing, before, years=n), len(before))
    held = run_off.nav if programme.measure == "nav" else run_off.exposure
    planned = commitments_to_hold(
        pacing,
        target,
        run_off=held,
        measure=programme.measure,
        smoothing=programme.smoothing.centre,
    )
    try:
        exact = exact_commitments(pacing, target, run_off=held, measure=programme.measure)
    except ValueError:
        nothing = np.full(len(target), np.nan)
        exact = CommitmentPlan(nothing, nothing)
    return planned, exact, run_off


def _from_year(ladder: Ladder, year: int) -> Ladder:
    return Ladder(*(held[..., year:] for held in ladder))
