"""Arms of a sensitivity study: a baseline and policies at points of one cube of unknowns.

A level of a number is the same in all arms that have it, so that a policy and its baseline know
or do not know the same. Numbers that are correlated, or drawn as one, come along with any of
them that is named: held at its median, one would contradict the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario import Scenario, quantities
from finmodel.scenario.correlations import Correlation, correlated_names, correlation_matrix
from finmodel.scenario.priors import lay_priors
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.sensitivity_plan import SensitivityInputs
from finmodel.scenario.walk import with_values
from finmodel.sensitivity.axes import Axes, FloatArray, make_axes
from finmodel.study.parameter_draws import Beliefs, cholesky


@dataclass(frozen=True)
class Arms:
    """Arms with the numbers that vary.

    Attributes
    ----------
    beliefs : dict of Beliefs
        By arm; the baseline under the empty name, first.
    axes : Axes
        One a number that varies by itself; those drawn with another have none.
    numbers : dict of Quantity
        Every number that varies, with its belief.
    followers : dict of str
        Number whose level another takes, by name of that other.
    origin : dict of str
        `stated` or `prior`.
    """

    beliefs: dict[str, Beliefs]
    axes: Axes
    numbers: dict[str, Quantity]
    followers: dict[str, str]
    origin: dict[str, str]

    def at(self, point: FloatArray) -> tuple[dict[str, Scenario], dict[str, float]]:
        """Return the scenario of each arm at a point of the cube, and the numbers there."""
        levels = self.axes.levels(point)
        scenarios: dict[str, Scenario] = {}
        numbers: dict[str, float] = {}
        for arm, beliefs in self.beliefs.items():
            own = {name: levels[self.followers.get(name, name)] for name in beliefs.names}
            scenarios[arm], values = beliefs.at(own)
            numbers = values | numbers  # those of the baseline first
        return scenarios, numbers

    def label(self, group: int, axes: Axes | None = None) -> str:
        """Return the name of a factor: its first number and how many come with it."""
        names = (axes or self.axes).members(group)
        others = len(names) - 1 + sum(leader in names for leader in self.followers.values())
        return f"{names[0]} +{others}" if others else names[0]


def make_arms(inputs: SensitivityInputs, place: str) -> Arms:
    """Return the arms of a plan, with beliefs in the numbers that it names alone.

    Parameters
    ----------
    inputs : SensitivityInputs
    place : str
        The plan's file, named in errors.

    Raises
    ------
    ScenarioError
        If a pattern matches no belief, arms disagree on correlations, or too little varies.
    """
    laid = {
        arm: lay_priors(scenario, inputs.priors).scenario if inputs.priors else scenario
        for arm, scenario in inputs.scenarios.items()
    }
    stated: dict[str, Quantity] = {}
    known: dict[str, Quantity] = {}
    for arm, scenario in laid.items():
        known = dict(quantities(scenario)) | known
        stated = dict(quantities(inputs.scenarios[arm])) | stated
    problems = _check_patterns(inputs.plan.numbers, known, place)
    pairs, groups, clashes = _links(laid, place)
    if problems or clashes:
        raise ScenarioError(f"sensitivity plan {place}", [*problems, *clashes])
    asked = {
        name
        for name, quantity in known.items()
        if quantity.is_uncertain
        and any(fnmatchcase(name, pattern) for pattern in inputs.plan.numbers)
    }
    names = _with_links(asked, pairs, groups)
    numbers = {name: quantity for name, quantity in known.items() if name in names}
    kept_pairs = tuple(pair for pair in pairs if pair.a in names)
    followers = {name: group[0] for group in groups if group[0] in names for name in group[1:]}
    axes = _axes([name for name in numbers if name not in followers], kept_pairs)
    if axes.n_groups < 2:
        allowed = "at least two numbers or groups of linked numbers that vary"
        given = f"{axes.n_groups} factor: {', '.join(numbers)}"
        problem = Problem(f"{place}: numbers", given, allowed)
        raise ScenarioError(f"sensitivity plan {place}", [problem])
    return Arms(
        beliefs={arm: Beliefs(_reduced(scenario, numbers)) for arm, scenario in laid.items()},
        axes=axes,
        numbers=numbers,
        followers=followers,
        origin={n: "stated" if stated[n].is_uncertain else "prior" for n in numbers},
    )


def _check_patterns(
    patterns: tuple[str, ...], known: Mapping[str, Quantity], place: str
) -> list[Problem]:
    problems = []
    for pattern in patterns:
        matched = [name for name in known if fnmatchcase(name, pattern)]
        if any(known[name].is_uncertain for name in matched):
            continue
        if matched:
            given = f"{pattern}: {matched[0]} is {known[matched[0]].centre:g}, which is certain"
            allowed = 'a belief (a distribution), or priors = "graded" to lay one on most numbers'
            problems.append(Problem(f"{place}: numbers", given, allowed))
        else:
            allowed = "a pattern of dotted names of numbers, as births.*"
            near = nearest_name(pattern, known)
            problems.append(Problem(f"{place}: numbers", repr(pattern), allowed, near))
    return problems


def _links(
    arms: Mapping[str, Scenario], place: str
) -> tuple[tuple[Correlation, ...], tuple[tuple[str, ...], ...], list[Problem]]:
    """Return the links of the baseline; a policy that has others is a problem."""
    base = arms[""]
    problems = []
    for arm, scenario in arms.items():
        own = [(pair.a, pair.b, float(pair.rho)) for pair in scenario.correlations]
        same = [(pair.a, pair.b, float(pair.rho)) for pair in base.correlations]
        if own != same or scenario.together != base.together:
            given = "correlations or groups that are not the baseline's"
            allowed = "the same in all arms: they must not know the same numbers differently"
            problems.append(Problem(f"{place}: policies.{arm}", given, allowed))
    return base.correlations, base.together, problems


def _with_links(
    asked: set[str],
    pairs: tuple[Correlation, ...],
    groups: tuple[tuple[str, ...], ...],
) -> set[str]:
    linked = [frozenset((pair.a, pair.b)) for pair in pairs] + [frozenset(g) for g in groups]
    names, before = set(asked), -1
    while len(names) > before:
        before = len(names)
        for link in linked:
            if link & names:
                names |= link
    return names


def _axes(names: list[str], pairs: tuple[Correlation, ...]) -> Axes:
    factor = np.eye(len(names))
    linked = [names.index(name) for name in correlated_names(pairs)]
    factor[np.ix_(linked, linked)] = cholesky(correlation_matrix(pairs))
    return make_axes(names, [(pair.a, pair.b) for pair in pairs], factor)


def _reduced(scenario: Scenario, numbers: Mapping[str, Quantity]) -> Scenario:
    """Return the scenario with every other belief at its median."""
    rest = {
        name: quantity.centre
        for name, quantity in quantities(scenario)
        if quantity.is_uncertain and name not in numbers
    }
    links = {
        "correlations": tuple(pair for pair in scenario.correlations if pair.a in numbers),
        "together": tuple(group for group in scenario.together if group[0] in numbers),
    }
    return with_values(scenario, rest).model_copy(update=links)
