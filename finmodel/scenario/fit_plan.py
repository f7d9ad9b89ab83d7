"""From a TOML file to a valid plan of a fit, or to one error that lists every problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.consistency import source_problems
from finmodel.scenario.correlations import check_pairs
from finmodel.scenario.fit_schema import FitPlan
from finmodel.scenario.fund_plan import read_model
from finmodel.scenario.load import load_scenario
from finmodel.scenario.market_consistency import unknown_names
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import quantities


def load_fit_plan(
    path: str | Path, overrides: Sequence[str] = (), *, targets: Collection[str]
) -> tuple[FitPlan, Scenario]:
    """Read the plan of a fit and the scenario it moves.

    Parameters
    ----------
    path : str or Path
        TOML file.
    overrides : sequence of str
        ``dotted.key=value`` of the plan, applied last.
    targets : collection of str
        Known names of targets.

    Returns
    -------
    plan : FitPlan
    base : Scenario

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    file = Path(path)
    title = f"fit plan {file}"
    plan, problems = read_model(file, overrides, FitPlan, title)
    problems += unknown_names(f"{file}: targets", plan.targets, list(targets))
    twice = sorted({name for name in plan.targets if plan.targets.count(name) > 1})
    if twice:
        problems.append(Problem(f"{file}: targets", f"{', '.join(twice)} twice", "each once"))
    if len(plan.targets) < len(plan.parameters):
        given = f"{len(plan.targets)} targets for {len(plan.parameters)} parameters"
        problems.append(Problem(f"{file}: targets", given, "at least as many targets"))
    problems += _check_correlations(plan, str(file))
    try:
        base = load_scenario(base_file(plan, file))
    except ScenarioError as error:
        raise ScenarioError(title, [*problems, *error.problems]) from None
    problems += _check_keys(plan, base, str(file))
    if problems:
        raise ScenarioError(title, problems)
    return plan, base


def base_file(plan: FitPlan, file: str | Path) -> Path:
    """Return the file of the scenario that a plan moves."""
    return Path(file).parent / plan.base


def _check_correlations(plan: FitPlan, file: str) -> list[Problem]:
    """Return what is wrong with the correlations of the errors of targets."""

    def check_end(place: str, name: str) -> list[Problem]:
        if name in plan.targets:
            return []
        near = nearest_name(name, plan.targets)
        return [Problem(place, repr(name), "a target of this plan", near)]

    pairs = plan.correlations
    stated = [(f"correlations.{i}", pair.source, pair.grade) for i, pair in enumerate(pairs)]
    return check_pairs(pairs, file, check_end) + source_problems(stated, file)


def _check_keys(plan: FitPlan, base: Scenario, file: str) -> list[Problem]:
    """Return the keys that are no positive number of the scenario, or move twice."""
    centres = {name: quantity.centre for name, quantity in quantities(base)}
    problems: list[Problem] = []
    owner: dict[str, str] = {}
    for name, parameter in plan.parameters.items():
        place = f"{file}: parameters.{name}.keys"
        for key in parameter.keys:
            if key not in centres:
                near = nearest_name(key, centres)
                problems.append(Problem(place, repr(key), f"a number of {plan.base}", near))
            elif centres[key] <= 0.0:
                given = f"{key}, which is {centres[key]:g}"
                problems.append(Problem(place, given, "a positive number: it moves by a factor"))
            if key in owner:
                problems.append(Problem(place, f"{key} again", f"only in {owner[key]}"))
            owner[key] = name
    return problems
