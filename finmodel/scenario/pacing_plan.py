"""From a TOML file to a valid plan of commitments, or to one error that lists every problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.consistency import check_sources
from finmodel.scenario.fund_plan import load_fund_plan, read_model
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.scenario.market_consistency import unknown_names
from finmodel.scenario.pacing_schema import FITTED, PacingPlan

EARLIEST_YEARS = 30
"""How long before its first year a programme may have committed."""


def load_pacing_plan(
    path: str | Path, overrides: Sequence[str] = (), *, parameter_sets: Collection[str]
) -> tuple[PacingPlan, FundPlan]:
    """Read a plan of commitments and the fund it commits to.

    Parameters
    ----------
    path : str or Path
        TOML file; its top-level `extends` may name one other, relative to itself.
    overrides : sequence of str
        ``dotted.key=value`` with a TOML value, applied last.
    parameter_sets : collection of str
        Names of published sets.

    Returns
    -------
    plan : PacingPlan
    fund : FundPlan
        Alone, also if its file has a fund of funds.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    file = Path(path)
    title = f"pacing plan {file}"
    plan, problems = read_model(file, overrides, PacingPlan, title)
    programme, place = plan.programme, f"{file}: programme"
    problems += check_sources(plan, str(file))
    known = [FITTED, *parameter_sets]
    problems += unknown_names(f"{place}.parameters", [programme.parameters], known)
    problems += _check_earlier(plan, f"{place}.earlier")
    try:
        fund = load_fund_plan(fund_file(plan, file))
    except ScenarioError as error:
        raise ScenarioError(title, [*problems, *error.problems]) from None
    problems += unknown_names(f"{place}.lp", [programme.lp], fund.lps)
    if problems:
        raise ScenarioError(title, problems)
    return plan, fund.model_copy(update={"fund_of_funds": None})


def fund_file(plan: PacingPlan, file: str | Path) -> Path:
    """Return the file of the fund that a plan commits to."""
    return Path(file).parent / plan.programme.fund_plan


def _check_earlier(plan: PacingPlan, place: str) -> list[Problem]:
    last = plan.programme.first_year - 1
    years = [str(year) for year in range(last - EARLIEST_YEARS + 1, last + 1)]
    allowed = f"a year from {years[0]} to {years[-1]}, before first_year"
    return [
        Problem(f"{place}.{name}", repr(name), allowed, nearest_name(name, years))
        for name in plan.programme.earlier
        if name not in years
    ]
