"""From a TOML file to a valid plan of a sensitivity study, or to every problem in one error."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.fund_plan import read_model
from finmodel.scenario.load import load_scenario
from finmodel.scenario.priors import Priors, load_priors
from finmodel.scenario.schema import Scenario
from finmodel.scenario.sensitivity_schema import NONE, SensitivityPlan

NET = "net_"
Sign = Literal[">=", "<=", ">", "<"]
_GOAL = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<)\s*([-+0-9.eE_]+)\s*")


@dataclass(frozen=True)
class GoalTest:
    """A goal in parts: an outcome, a sign and a threshold."""

    outcome: str
    sign: str
    threshold: float


@dataclass(frozen=True)
class SensitivityInputs:
    """A plan and what it names.

    Attributes
    ----------
    plan : SensitivityPlan
    scenarios : dict of Scenario
        The baseline under the empty name, then policies; at the plan's scale.
    priors : Priors or None
    """

    plan: SensitivityPlan
    scenarios: dict[str, Scenario]
    priors: Priors | None


def load_sensitivity_plan(
    path: str | Path, overrides: Sequence[str] = (), *, outcomes: Collection[str]
) -> SensitivityInputs:
    """Read a plan, its scenario, policies and priors.

    Parameters
    ----------
    path : str or Path
        TOML file.
    overrides : sequence of str
        ``dotted.key=value`` of the plan, applied last.
    outcomes : collection of str
        Known outcomes, without ``net_``.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    file = Path(path)
    title = f"sensitivity plan {file}"
    plan, problems = read_model(file, overrides, SensitivityPlan, title)
    problems += _check_outcomes(plan, str(file), outcomes)
    problems += _check_goals(plan, str(file), outcomes)
    problems += _check_information(plan, str(file), outcomes)
    problems += _check_methods(plan, str(file))
    scenarios: dict[str, Scenario] = {}
    changes = [f"run.scale={plan.run.scale}", *plan.changes]
    for name, reference in {"": plan.scenario, **plan.policies}.items():
        try:
            scenarios[name] = load_scenario(file.parent / reference, changes)
        except ScenarioError as error:
            problems += error.problems
    priors = None
    try:
        priors = _priors(plan, file)
    except ScenarioError as error:
        problems += error.problems
    if problems:
        raise ScenarioError(title, problems)
    return SensitivityInputs(plan, scenarios, priors)


def _priors(plan: SensitivityPlan, file: Path) -> Priors | None:
    if not plan.priors:
        return None
    beside = file.parent / plan.priors
    return load_priors(beside if beside.is_file() else plan.priors)


def goal_test(text: str) -> GoalTest | None:
    """Return the parts of a goal; None if it is none."""
    found = _GOAL.fullmatch(text)
    if found is None:
        return None
    try:
        threshold = float(found[3])
    except ValueError:
        return None
    return GoalTest(found[1], found[2], threshold) if math.isfinite(threshold) else None


def _check_outcome(
    place: str, name: str, known: Collection[str], has_policy: bool
) -> list[Problem]:
    bare = name.removeprefix(NET)
    if bare not in known:
        near = nearest_name(bare, known)
        shown = f"{NET if name.startswith(NET) else ''}{near}" if near else ""
        allowed = f"one of {', '.join(known)}, or {NET} before it for policy less baseline"
        return [Problem(place, repr(name), allowed, shown)]
    if name.startswith(NET) and not has_policy:
        return [Problem(place, repr(name), f"an outcome without {NET}: the plan has no policies")]
    return []


def _check_outcomes(plan: SensitivityPlan, file: str, known: Collection[str]) -> list[Problem]:
    place, problems = f"{file}: outcomes", []
    for name in plan.outcomes:
        problems += _check_outcome(place, name, known, bool(plan.policies))
    twice = sorted({name for name in plan.outcomes if plan.outcomes.count(name) > 1})
    if twice:
        problems.append(Problem(place, f"{', '.join(twice)} twice", "each once"))
    if NONE in plan.policies:
        problems.append(Problem(f"{file}: policies.{NONE}", repr(NONE), "another name"))
    return problems


def _check_goals(plan: SensitivityPlan, file: str, known: Collection[str]) -> list[Problem]:
    problems = []
    for name, goal in plan.goals.items():
        place = f"{file}: goals.{name}"
        test = goal_test(goal.goal)
        if test is None:
            allowed = "an outcome, one of >= <= > <, and a number: net_funded_viable_n >= 5"
            problems.append(Problem(f"{place}.goal", repr(goal.goal), allowed))
            continue
        problems += _check_outcome(f"{place}.goal", test.outcome, known, bool(plan.policies))
        is_net = test.outcome.startswith(NET)
        if is_net and goal.policy not in plan.policies:
            allowed = f"one of {', '.join(plan.policies) or '(no policies)'}"
            near = nearest_name(goal.policy, plan.policies)
            problems.append(Problem(f"{place}.policy", repr(goal.policy), allowed, near))
        if not is_net and goal.policy:
            allowed = f"none, or {NET} before the outcome"
            problems.append(Problem(f"{place}.policy", repr(goal.policy), allowed))
    return problems


def _check_information(plan: SensitivityPlan, file: str, known: Collection[str]) -> list[Problem]:
    asked, place = plan.information, f"{file}: information"
    if asked is None:
        return []
    options, problems = [NONE, *plan.policies], []
    for name in asked.options:
        if name not in options:
            near = nearest_name(name, options)
            problems.append(
                Problem(f"{place}.options", repr(name), f"one of {', '.join(options)}", near)
            )
    if len(set(asked.options)) < len(asked.options):
        problems.append(Problem(f"{place}.options", ", ".join(asked.options), "each once"))
    for name in asked.objective:
        if name not in known:
            near = nearest_name(name, known)
            allowed = f"one of {', '.join(known)}"
            problems.append(Problem(f"{place}.objective", repr(name), allowed, near))
    return problems


def _check_methods(plan: SensitivityPlan, file: str) -> list[Problem]:
    problems = []
    if all(part is None for part in (plan.screening, plan.indices, plan.tornado, plan.draws)):
        allowed = "at least one of [screening], [indices], [tornado], [draws]"
        problems.append(Problem(file, "no method", allowed))
    if plan.draws is None and (plan.goals or plan.information):
        problems.append(Problem(f"{file}: draws", "nothing", "[draws], for goals and information"))
    for name, number in (
        ("indices.rows", plan.indices.rows if plan.indices else 16),
        ("draws.number", plan.draws.number if plan.draws else 64),
    ):
        if number & (number - 1):
            near = 2 ** round(math.log2(number))
            problems.append(Problem(f"{file}: {name}", str(number), f"a power of two, as {near}"))
    if plan.indices is not None and plan.indices.top and plan.screening is None:
        given = f"{plan.indices.top} without [screening]"
        problems.append(Problem(f"{file}: indices.top", given, "0, or [screening] to choose them"))
    return problems
