"""From a TOML file to a valid plan of a batch, or to one error that lists every problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.batch_schema import MOST_UNITS, BatchDesign, BatchPlan
from finmodel.scenario.correlations import kept_links
from finmodel.scenario.fund_plan import read_model
from finmodel.scenario.load import load_scenario
from finmodel.scenario.quantity import Quantity, Spec
from finmodel.scenario.schema import Scenario
from finmodel.scenario.share_tables import share_table
from finmodel.scenario.walk import declared, quantities, with_values


@dataclass(frozen=True)
class ReadBatch:
    """A plan with its scenarios.

    Attributes
    ----------
    plan : BatchPlan
    files : tuple of Path
    scenarios : tuple of Scenario
        With the changes of `set`, in the order of the plan; names differ.
    belief_names : tuple of str
        Beliefs that the design moves, of any scenario, in the order found.
    """

    plan: BatchPlan
    files: tuple[Path, ...]
    scenarios: tuple[Scenario, ...]
    belief_names: tuple[str, ...]


def load_batch(path: str | Path, overrides: Sequence[str] = ()) -> ReadBatch:
    """Read the plan of a batch and the scenarios it names.

    Parameters
    ----------
    path : str or Path
        TOML file.
    overrides : sequence of str
        ``dotted.key=value`` of the plan, applied last.

    Raises
    ------
    ScenarioError
        With every problem found in the plan and the scenarios.
    """
    file = Path(path)
    title = f"batch {file}"
    plan, problems = read_model(file, overrides, BatchPlan, title)
    files, scenarios = [], []
    for name in plan.scenarios:
        own = file.parent / name
        try:
            scenarios.append(load_scenario(own, plan.set))
            files.append(own)
        except ScenarioError as error:
            problems += error.problems
    if len(scenarios) == len(plan.scenarios):
        problems += _names_differ(scenarios, str(file))
        problems += _check_seeds(plan, str(file))
        problems += _check_baseline(plan, scenarios, str(file))
        problems += _check_shares(plan, str(file))
        problems += _check_grid(plan, scenarios, str(file))
        problems += _check_design(plan, scenarios, str(file))
    if problems:
        raise ScenarioError(title, problems)
    found = ReadBatch(plan, tuple(files), tuple(scenarios), belief_names(plan, scenarios))
    n_most = len(scenarios) * len(plan.run.seeds) * n_cells(plan) * n_points(found)
    if n_most > MOST_UNITS:
        given = f"{n_most:,} units"
        raise ScenarioError(title, [Problem(str(file), given, f"at most {MOST_UNITS:,}")])
    return found


def n_cells(plan: BatchPlan) -> int:
    """Return how many cells the grid has."""
    return math.prod(len(values) for values in plan.grid.values())


def n_points(found: ReadBatch) -> int:
    """Return how many points the design has; 1 without one."""
    design = found.plan.design
    if design is None:
        return 1
    if design.kind == "full_factorial":
        assert design.levels is not None
        n_axes = len(design.ranges) + len(found.belief_names)
        return int(min(float(design.levels) ** n_axes, 1e15))
    assert design.points is not None
    return design.points


def belief_names(plan: BatchPlan, scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the beliefs of any scenario that the design's patterns fit, once each.

    Of numbers that move together the first alone is an axis; the others follow it. A number that
    `grid` or a range sets is none.
    """
    if plan.design is None:
        return ()
    taken = {*plan.grid, *plan.design.ranges}
    found: dict[str, None] = {}
    for scenario in scenarios:
        left = set_by_plan(scenario, {n: q.centre for n, q in quantities(scenario) if n in taken})
        followers = {name for group in left.together for name in group[1:]}
        for name, quantity in quantities(left):
            is_wanted = any(fnmatchcase(name, pattern) for pattern in plan.design.beliefs)
            if is_wanted and quantity.is_uncertain and name not in followers:
                found[name] = None
    return tuple(found)


def set_by_plan(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return a scenario with numbers set, and without the links of these to beliefs.

    What is set is certain: it says nothing of others. The next of a group that moves together
    leads it, as when a change on the command line sets the number.
    """
    made = with_values(scenario, values)
    numbers = dict(quantities(made))
    pairs, groups = kept_links(made.correlations, made.together, numbers, is_own=False)
    return made.model_copy(update={"correlations": pairs, "together": groups})


def _names_differ(scenarios: Sequence[Scenario], file: str) -> list[Problem]:
    names = [scenario.meta.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        Problem(f"{file}: scenarios", f"two scenarios of the name {name!r}", "a name for each")
        for name in twice
    ]


def _check_baseline(plan: BatchPlan, scenarios: Sequence[Scenario], file: str) -> list[Problem]:
    names = [scenario.meta.name for scenario in scenarios]
    if not plan.baseline:
        return []
    if plan.baseline not in names:
        near = nearest_name(plan.baseline, names)
        allowed = f"one of {', '.join(names)}"
        return [Problem(f"{file}: baseline", repr(plan.baseline), allowed, near)]
    base = scenarios[names.index(plan.baseline)]
    return [problem for scenario in scenarios for problem in _unlike(plan, scenario, base, file)]


def _unlike(plan: BatchPlan, scenario: Scenario, base: Scenario, file: str) -> list[Problem]:
    """Return in what a scenario cannot be held against the baseline path by path."""
    problems, place = [], f"{file}: scenario {scenario.meta.name}"
    for field in ("scale", "years", "warm_up_years", "start_year", "paths"):
        if field == "paths" and plan.run.paths is not None:
            continue
        own, theirs = getattr(scenario.run, field), getattr(base.run, field)
        if own != theirs:
            allowed = f"as in the baseline: {theirs}"
            problems.append(Problem(f"{place}: run.{field}", str(own), allowed))
    axes = {
        "geography.regions": (scenario.geography.regions, base.geography.regions),
        "stages": (scenario.stage_names, base.stage_names),
        "sectors": (tuple(scenario.sectors), tuple(base.sectors)),
    }
    for name, (mine, other) in axes.items():
        if tuple(mine) != tuple(other):
            allowed = f"as in the baseline: {', '.join(other)}"
            problems.append(Problem(f"{place}: {name}", ", ".join(mine), allowed))
    return problems


def _check_seeds(plan: BatchPlan, file: str) -> list[Problem]:
    seeds = plan.run.seeds
    if len(set(seeds)) == len(seeds):
        return []
    return [Problem(f"{file}: run.seeds", "a seed twice", "each seed once")]


def _check_shares(plan: BatchPlan, file: str) -> list[Problem]:
    """Return numbers that are set alone of a table of shares, which then cannot sum to one."""
    varied = [*plan.grid, *(plan.design.ranges if plan.design else ())]
    tables = [share_table(key) for key in varied]
    allowed = "all of the table, or its beliefs in a design: shares must sum to 1"
    return [
        Problem(f"{file}: {key}", "one share alone", allowed)
        for key, table in zip(varied, tables, strict=True)
        if table and tables.count(table) == 1
    ]


def _check_grid(plan: BatchPlan, scenarios: Sequence[Scenario], file: str) -> list[Problem]:
    """Return what is wrong with values of the grid, each in the first scenario that has the key."""
    problems = []
    known = [dict(quantities(scenario)) for scenario in scenarios]
    specs = [{name: spec for name, _, spec in declared(scenario)} for scenario in scenarios]
    for key, values in plan.grid.items():
        place = f"{file}: grid.{key}"
        if len(set(values)) < len(values):
            problems.append(Problem(place, "a value twice", "each value once"))
        own = next((numbers for numbers in known if key in numbers), None)
        if own is None:
            problems.append(_unknown(place, key, known))
            continue
        spec = next(spec[key] for spec in specs if key in spec)
        problems += [p for value in values if (p := _refused(place, value, spec)) is not None]
    return problems


def _unknown(place: str, key: str, known: Sequence[dict[str, Quantity]]) -> Problem:
    names = {name for numbers in known for name in numbers}
    allowed = "the dotted name of a number of one of the scenarios"
    return Problem(place, repr(key), allowed, nearest_name(key, names))


def _refused(place: str, value: float, spec: Spec) -> Problem | None:
    """Return the problem of a value that a field does not allow."""
    is_low = value <= spec.low if spec.is_low_open else value < spec.low
    if is_low or value > spec.high or (spec.is_whole and value != int(value)):
        return Problem(place, f"{value:g}", spec.allowed)
    return None


def _check_design(plan: BatchPlan, scenarios: Sequence[Scenario], file: str) -> list[Problem]:
    design = plan.design
    if design is None:
        return []
    problems = _check_size(design, f"{file}: design")
    known = [dict(quantities(scenario)) for scenario in scenarios]
    specs = [{name: spec for name, _, spec in declared(scenario)} for scenario in scenarios]
    for key, belief in design.ranges.items():
        place = f"{file}: design.ranges.{key}"
        if key in plan.grid:
            problems.append(Problem(place, "also in grid", "in one of the two"))
        spec = next((own[key] for own in specs if key in own), None)
        if spec is None:
            problems.append(_unknown(place, key, known))
            continue
        if not belief.low < belief.high or (belief.scale == "log" and belief.low <= 0.0):
            given = f"low = {belief.low:g}, high = {belief.high:g}, scale = {belief.scale}"
            problems.append(Problem(place, given, "low < high, and above 0 for a log scale"))
            continue
        ends = (("low", belief.low), ("high", belief.high))
        problems += [p for end, x in ends if (p := _refused(f"{place}.{end}", x, spec)) is not None]
        if spec.is_whole:
            allowed = "a grid: the number is a whole one"
            problems.append(Problem(place, "a range", allowed))
    for pattern in design.beliefs:
        fits = [n for own in known for n in own if fnmatchcase(n, pattern)]
        if not any(own[n].is_uncertain for own in known for n in own if fnmatchcase(n, pattern)):
            given = f"{pattern!r}, which fits {len(fits)} numbers and no belief"
            allowed = "a pattern of numbers stated as beliefs, as stages.*"
            problems.append(Problem(f"{file}: design.beliefs", given, allowed))
    if not problems and not design.ranges and not belief_names(plan, scenarios):
        allowed = "ranges, or beliefs that nothing else sets, of a group its first"
        problems.append(Problem(f"{file}: design", "nothing to vary", allowed))
    return problems


def _check_size(design: BatchDesign, place: str) -> list[Problem]:
    """Return what is wrong with the number of points of a design."""
    is_full = design.kind == "full_factorial"
    wanted, other = ("levels", "points") if is_full else ("points", "levels")
    problems = []
    if getattr(design, wanted) is None:
        problems.append(Problem(f"{place}.{wanted}", "nothing", f"a number, for {design.kind}"))
    if getattr(design, other) is not None:
        allowed = f"{wanted} instead, for {design.kind}"
        problems.append(Problem(f"{place}.{other}", str(getattr(design, other)), allowed))
    n = design.points
    if design.kind == "sobol" and n is not None and n & (n - 1):
        allowed = "a power of 2: other numbers of Sobol points are not balanced"
        problems.append(Problem(f"{place}.points", str(n), allowed))
    return problems
