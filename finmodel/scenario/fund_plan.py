"""From a TOML file to a valid plan of one fund, or to one error that lists every problem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from finmodel.errors import Problem, ScenarioError
from finmodel.scenario.consistency import check_sources
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.scenario.fund_terms import check_fund_of_funds, check_terms
from finmodel.scenario.load import load_scenario, read_with_parent
from finmodel.scenario.market_consistency import check_sum, unknown_names
from finmodel.scenario.reading import apply_overrides, key_parts, to_problems
from finmodel.scenario.schema import Scenario

Root = TypeVar("Root", bound=BaseModel)


def load_fund_plan(path: str | Path, overrides: Sequence[str] = ()) -> FundPlan:
    """Read a plan, apply overrides, validate and return it.

    Parameters
    ----------
    path : str or Path
        TOML file; its top-level `extends` may name one other plan, relative to itself.
    overrides : sequence of str
        ``dotted.key=value`` with a TOML value, applied last.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    file = Path(path)
    plan, problems = read_model(file, overrides, FundPlan, f"fund plan {file}")
    problems += _check(plan, file)
    if problems:
        raise ScenarioError(f"fund plan {file}", problems)
    return plan


def read_model(
    file: Path, overrides: Sequence[str], root: type[Root], title: str
) -> tuple[Root, list[Problem]]:
    """Read a file and its parent, apply overrides and validate field by field.

    Returns
    -------
    model : BaseModel
    problems : list of Problem
        With the overrides; for the caller to raise with its own.

    Raises
    ------
    ScenarioError
        With every problem found, if there is no valid model.
    """
    tree = read_with_parent(file)
    problems = apply_overrides(tree, overrides, root)
    changed = tuple(".".join(key_parts(text.partition("=")[0].strip())) for text in overrides)
    try:
        model = root.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors():
            problems += to_problems(file, detail, changed, root)
        raise ScenarioError(title, problems) from None
    return model, problems


def market_of(plan: FundPlan, file: str | Path) -> Scenario:
    """Return the scenario whose market gives a plan its outcomes.

    Its reported years are long enough for a firm that the fund joins in any year of its
    investment period to be seen for the whole life of the fund.
    """
    fund = plan.fund
    years = math.ceil(fund.term_years.centre + fund.extension_years.centre) + ENTRY_YEARS
    changes = [f"run.years={years}"]
    return load_scenario(Path(file).parent / plan.outcomes.scenario, changes)


ENTRY_YEARS = 4
"""Reported years whose rounds a fund may join in a simulated market."""


def plan_stages(plan: FundPlan, file: str | Path) -> tuple[str, ...]:
    """Return the stages of a plan's outcomes, in order."""
    if plan.outcomes.source == "law":
        return tuple(plan.outcomes.stages)
    return market_of(plan, file).stage_names


def _check(plan: FundPlan, file: Path) -> list[Problem]:
    problems = check_terms(plan, str(file)) + check_fund_of_funds(plan, str(file))
    try:
        stages = plan_stages(plan, file)
    except ScenarioError as error:
        return problems + list(error.problems)
    problems += _check_portfolio(plan, str(file), stages)
    if plan.outcomes.source == "law":
        problems += _check_law(plan, str(file))
    else:
        problems += _check_market(plan, str(file), market_of(plan, file))
    return problems + check_sources(plan, str(file))


def _check_portfolio(plan: FundPlan, file: str, stages: Sequence[str]) -> list[Problem]:
    portfolio, place, problems = plan.portfolio, f"{file}: portfolio", []
    for name in ("stage_mix", "ticket_mcny", "ownership_target"):
        problems += unknown_names(f"{place}.{name}", getattr(portfolio, name), stages)
    problems += check_sum(f"{place}.stage_mix", portfolio.stage_mix.values())
    for name in portfolio.stage_mix:
        n = (name in portfolio.ticket_mcny) + (name in portfolio.ownership_target)
        if n != 1:
            given = "neither" if n == 0 else "both"
            allowed = f"a ticket_mcny or an ownership_target for {name}"
            problems.append(Problem(f"{place}.ticket_mcny", given, allowed))
    return problems


def _check_market(plan: FundPlan, file: str, market: Scenario) -> list[Problem]:
    """Return unknown regions, and terms of preferred shares that are not those of the market."""
    place, outcomes = f"{file}: outcomes", plan.outcomes
    problems = unknown_names(f"{place}.regions", outcomes.regions, market.geography.regions)
    for name in ("preference_multiple", "participating"):
        own, theirs = getattr(outcomes, name).centre, getattr(market.terms, name).centre
        if own != theirs:
            allowed = f"{theirs:g}, as in {outcomes.scenario}: its exits were priced with it"
            problems.append(Problem(f"{place}.{name}", f"{own:g}", allowed))
    return problems


def _check_law(plan: FundPlan, file: str) -> list[Problem]:
    problems, stages = [], plan.outcomes.stages
    if not stages:
        return [Problem(f"{file}: outcomes.stages", "none", "at least one stage for a law")]
    for name, law in stages.items():
        place = f"{file}: outcomes.stages.{name}"
        total = law.advance_share.centre + law.sale_share.centre
        if total > 1.0 + 1e-9:
            allowed = "advance_share and sale_share of at most 1 together"
            problems.append(Problem(f"{place}.sale_share", f"{total:g}", allowed))
        sold = law.dilution_share.centre + law.pool_share.centre
        if sold >= 0.95:
            allowed = "dilution_share and pool_share below 0.95 together"
            problems.append(Problem(f"{place}.pool_share", f"{sold:g}", allowed))
    last = list(stages)[-1]
    if stages[last].advance_share.centre > 0.0:
        given = f"{stages[last].advance_share.centre:g}"
        place = f"{file}: outcomes.stages.{last}.advance_share"
        problems.append(Problem(place, given, "0 at the last stage"))
    return problems
