"""From a TOML file to a valid plan of an allocation, or to one error that lists every problem.

A cell is a region, a slot, and a sector if the plan names sectors. A slot, or a slot and a sector,
is a programme; the money of its cells is its budget and their shares of it its `region_share`,
which is exact: a programme's money is split that way. One of a sector has a mandate over that
sector alone, so that what the cell gets goes nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from finmodel.errors import Problem, ScenarioError
from finmodel.scenario.allocation_objective import check_objective
from finmodel.scenario.allocation_questions import (
    check_questions,
    clauses,
    out_of_range,
)
from finmodel.scenario.allocation_schema import AllocationPlan, Limit
from finmodel.scenario.allocation_sectors import SECTORS, check_sectors, in_plan
from finmodel.scenario.consistency import check_consistency, check_sources
from finmodel.scenario.fund_plan import read_model
from finmodel.scenario.load import lay_clauses, merge, read_with_parent
from finmodel.scenario.market_consistency import unknown_names
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.reading import read_toml, to_problems
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import declared, with_values

UNSPENT = "unspent"
"""The cell of money that is kept."""
CLOSED_BY = {"gap_n": "gap_closed_n", "gap_mcny": "gap_closed_mcny"}
"""Measures of which less is better, and the one that says so."""
FALL_IS_NO_LOSS = (*CLOSED_BY, "failures_n", "closures_n", "public_outlay_mcny")
"""Measures that may not be limited: their fall is no loss."""
BUDGET = "budget_mcny_pa"
NOTHING = 1e-9
"""Share of the budget below which a cell gets none: what rounding leaves is no programme."""


class Cell(NamedTuple):
    """One cell of a split.

    Attributes
    ----------
    programme : str
        That gets its money: the slot, with the sector if there is one.
    slot, sector, region : str
        `sector` is empty if the plan names none.
    """

    programme: str
    slot: str
    sector: str
    region: str


@dataclass(frozen=True)
class ReadAllocation:
    """A plan with what it is made of.

    Attributes
    ----------
    plan : AllocationPlan
    base : Scenario
        Without programmes, in the size of the plan.
    programmes : dict of Programme
        Of every slot, or slot and sector, as if each had the whole budget.
    """

    plan: AllocationPlan
    base: Scenario
    programmes: dict[str, Programme]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Each cell: slots outermost, then sectors, then regions; without the unspent."""
        return tuple(
            Cell(name, slot, sector, region)
            for name, slot, sector in programme_names(self.plan)
            for region in self.plan.regions
        )

    @cached_property
    def whole(self) -> Scenario:
        """The scenario with every programme of the plan, as if each had all the money."""
        return self.base.model_copy(update={"programmes": self.programmes})

    @property
    def has_unspent(self) -> bool:
        """Whether money may be kept."""
        return self.plan.least_spent.centre < 1.0

    @property
    def cell_names(self) -> tuple[str, ...]:
        """Names of cells, that of the unspent last."""
        has_slots = len(self.plan.slots) > 1
        named = [
            ":".join([*([cell.slot] if has_slots else []), *filter(None, cell[2:])])
            for cell in self.cells
        ]
        return (*named, UNSPENT) if self.has_unspent else tuple(named)

    def is_whole(self, vary: str) -> bool:
        """Whether a question varies a whole number."""
        return clauses(self.programmes, has_axis=bool(self.plan.sectors))[vary].is_whole

    def at_equal(self, changes: Mapping[str, float]) -> Scenario:
        """Return the scenario in which every cell has as much, under changed clauses."""
        n = len(self.cells)
        return self.scenario_of([1.0 / n] * n, changes=changes)

    def members(self, limit: Limit) -> list[bool]:
        """Return which cells a limit means, that of the unspent never."""
        found = [
            (not limit.regions or cell.region in limit.regions)
            and (not limit.sectors or cell.sector in limit.sectors)
            and (not limit.slots or cell.slot in limit.slots)
            for cell in self.cells
        ]
        return [*found, False] if self.has_unspent else found

    def scenario_of(
        self,
        split: Sequence[float] | NDArray[np.float64],
        *,
        base: Scenario | None = None,
        changes: Mapping[str, float] | None = None,
    ) -> Scenario:
        """Return the scenario in which cells get their shares of the budget.

        Parameters
        ----------
        split : sequence of float
            By cell; may sum to more or less than one.
        base : Scenario, optional
            Another future than the plan's.
        changes : mapping of float, optional
            Numbers of every programme, or its budget, as `budget_mcny_pa`: of all together.

        Returns
        -------
        Scenario
            A slot, or a sector of one, without money has no programme.
        """
        changes = changes or {}
        total = changes.get(BUDGET, self.plan.budget_mcny_pa.centre)
        clauses = {name: value for name, value in changes.items() if name != BUDGET}
        programmes = {}
        for name, programme in self.programmes.items():
            money = {
                cell.region: share * total
                for cell, share in zip(self.cells, split, strict=False)
                if cell.programme == name and share > NOTHING
            }
            given = sum(money.values())
            if given <= 0.0:
                continue
            shares = {region: _plain(part / given, "share") for region, part in money.items()}
            budget = _plain(given, "mcny/year")
            updated = programme.model_copy(update={BUDGET: budget, "region_share": shares})
            programmes[name] = with_values(updated, clauses) if clauses else updated
        return (base or self.base).model_copy(update={"programmes": programmes})


def programme_name(slot: str, sector: str) -> str:
    """Return the programme of a slot, or of a slot and a sector if there is one."""
    return f"{slot}_{sector}" if sector else slot


def programme_names(plan: AllocationPlan) -> list[tuple[str, str, str]]:
    """Return each programme of a plan with its slot and its sector, empty without sectors."""
    return [
        (programme_name(slot, sector), slot, sector)
        for slot in plan.slots
        for sector in plan.sectors or ("",)
    ]


def load_allocation(
    path: str | Path, overrides: Sequence[str] = (), *, measures: Collection[str]
) -> ReadAllocation:
    """Read the plan of an allocation with its scenario and programmes.

    Parameters
    ----------
    path : str or Path
        TOML file; its top-level `extends` may name one other, relative to itself.
    overrides : sequence of str
        ``dotted.key=value`` with a TOML value, applied last.
    measures : collection of str
        What an objective, a risk or a goal may be.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    file = Path(path)
    title = f"allocation {file}"
    plan, problems = read_model(file, overrides, AllocationPlan, title)
    problems += check_sources(plan, str(file))
    base, programmes, more = _programmes(plan, file)
    problems += in_plan(more, plan, programme_names(plan), str(file))
    problems += _check_measures(plan, str(file), measures)
    if base is None:
        raise ScenarioError(title, problems)
    found = ReadAllocation(plan, base, programmes)
    problems += _check_losses(plan, str(file))
    problems += _check_names(found, str(file))
    problems += _check_run(plan, str(file))
    problems += _check_futures(found, str(file))
    problems += check_questions(
        plan.questions, programmes, found.at_equal, str(file), has_axis=bool(plan.sectors)
    )
    if problems:
        raise ScenarioError(title, problems)
    return found


def in_future(base: Scenario, changes: Mapping[str, float]) -> Scenario:
    """Return a scenario with some numbers fixed; what is fixed is linked to no other."""
    free = base.model_copy(update={"correlations": (), "together": ()})
    return with_values(free, changes)


def _plain(value: float, unit: str) -> Quantity:
    return Quantity(value=value, unit=unit, source="user", grade="assumed", note="Of the split.")


def _programmes(
    plan: AllocationPlan, file: Path
) -> tuple[Scenario | None, dict[str, Programme], list[Problem]]:
    """Return the scenario without programmes, and each programme with all the money."""
    scenario_file = file.parent / plan.scenario
    try:
        tree = read_with_parent(scenario_file)
        if tree.get("programmes"):
            # Slots would take their place without a word, and the baseline would lack them.
            given = "a scenario with programmes: " + ", ".join(tree["programmes"])
            allowed = "one without: slots are the only programmes"
            return None, {}, [Problem(f"{file}: scenario", given, allowed)]
        problems = check_sectors(plan, tree.get("sectors", {}), str(file))
        if problems:
            return None, {}, problems
        tree = {**tree, "programmes": _whole(plan, tree)}
        tree["run"] = {**tree.get("run", {}), "scale": plan.run.scale}
        parent = str(read_toml(scenario_file).get("extends", ""))
        folders = [scenario_file.parent, (scenario_file.parent / parent).parent]
        tree = lay_clauses(tree, file, folders)
        scenario = Scenario.model_validate(tree)
    except ScenarioError as error:
        return None, {}, list(error.problems)
    except ValidationError as error:
        found = [p for detail in error.errors() for p in to_problems(file, detail, (), Scenario)]
        return None, {}, found
    problems = check_consistency(scenario, str(file))
    return scenario.model_copy(update={"programmes": {}}), scenario.programmes, problems


def _whole(plan: AllocationPlan, tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of programmes, each with all the money in the first region."""
    whole: dict[str, Any] = {}
    for name, slot, sector in programme_names(plan):
        own = plan.slots[slot]
        labels = {"label_en": own.label_en, "label_zh": own.label_zh}
        mandate = {}
        if sector:
            labels = {
                key: f"{text}: {tree['sectors'][sector][key]}" for key, text in labels.items()
            }
            mandate = {SECTORS: {sector: 1.0}}
        whole[name] = {
            **labels,
            **merge(plan.template, own.programme),
            **mandate,
            BUDGET: plan.budget_mcny_pa.centre,
            "region_share": {plan.regions[0]: 1.0},
        }
    return whole


def _check_measures(plan: AllocationPlan, file: str, measures: Collection[str]) -> list[Problem]:
    problems = unknown_names(f"{file}: objective", plan.objective, measures)
    for section in ("risks", "questions"):
        for name, item in getattr(plan, section).items():
            problems += unknown_names(f"{file}: {section}.{name}.measure", [item.measure], measures)
    if plan.frontier is not None:
        problems += unknown_names(f"{file}: frontier.measure", [plan.frontier.measure], measures)
    weights = {name: item.centre for name, item in plan.objective.items()}
    return problems + check_objective(weights, f"{file}: objective")


def _check_losses(plan: AllocationPlan, file: str) -> list[Problem]:
    """Refuse limits that would bound the wrong end, or nothing: a loss is a fall of a measure."""
    problems = []
    asked = [(f"risks.{name}", item.measure) for name, item in plan.risks.items()]
    if plan.frontier is not None:
        asked.append(("frontier", plan.frontier.measure))
    asked += [
        (f"questions.{name}", item.measure)
        for name, item in plan.questions.items()
        if item.measure in CLOSED_BY
    ]
    for place, measure in asked:
        if measure in FALL_IS_NO_LOSS:
            better = CLOSED_BY.get(measure, "a measure of which more is better")
            problems.append(Problem(f"{file}: {place}.measure", f"'{measure}'", better))
    for name, item in plan.risks.items():
        if item.kind == "chance" and not 0.0 <= item.most.centre <= 1.0:
            place = f"{file}: risks.{name}.most"
            problems.append(Problem(place, f"{item.most.centre:g}", "a chance, 0 to 1"))
    return problems


def _check_names(found: ReadAllocation, file: str) -> list[Problem]:
    plan = found.plan
    problems = unknown_names(f"{file}: regions", plan.regions, found.base.geography.regions)
    if len(set(plan.regions)) < len(plan.regions):
        problems.append(Problem(f"{file}: regions", ", ".join(plan.regions), "each region once"))
    for name, limit in plan.limits.items():
        problems += _check_limit(found, f"{file}: limits.{name}", limit)
    if plan.current:
        keys = {*found.cell_names, *plan.regions, *plan.sectors}
        problems += unknown_names(f"{file}: current", plan.current, keys)
        total = sum(item.centre for item in plan.current.values())
        if abs(total - 1.0) > 1e-3:
            problems.append(Problem(f"{file}: current", f"shares that add to {total:g}", "1"))
    if len(found.cells) < 2:
        problems.append(Problem(f"{file}: regions", "one cell", "two cells or more to split over"))
    return problems


def _check_limit(found: ReadAllocation, place: str, limit: Limit) -> list[Problem]:
    problems = unknown_names(f"{place}.regions", limit.regions, found.plan.regions)
    problems += unknown_names(f"{place}.slots", limit.slots, found.plan.slots)
    if limit.sectors and not found.plan.sectors:
        given, allowed = ", ".join(limit.sectors), "none: the plan names no `sectors`"
        problems.append(Problem(f"{place}.sectors", given, allowed))
    else:
        problems += unknown_names(f"{place}.sectors", limit.sectors, found.plan.sectors)
    if limit.low.centre > limit.high.centre:
        given = f"{limit.low.centre:g} to {limit.high.centre:g}"
        problems.append(Problem(place, given, "low at most high"))
    return problems


def _check_run(plan: AllocationPlan, file: str) -> list[Problem]:
    problems = []
    for name in ("paths", "fresh_paths"):
        given = getattr(plan.run, name)
        if given % plan.run.first_paths:
            allowed = f"a multiple of first_paths, {plan.run.first_paths}"
            problems.append(Problem(f"{file}: run.{name}", str(given), allowed))
    n_search = plan.run.paths // plan.run.first_paths
    n_fresh = plan.run.fresh_paths // plan.run.first_paths
    first, fresh = plan.run.seed, plan.run.fresh_seed
    if first < fresh + n_fresh and fresh < first + n_search:
        allowed = f"seeds that no search uses: not {first} to {first + n_search - 1}"
        problems.append(Problem(f"{file}: run.fresh_seed", str(fresh), allowed))
    return problems


def _check_futures(found: ReadAllocation, file: str) -> list[Problem]:
    numbers = {name: spec for name, _, spec in declared(found.base)}
    problems = []
    for name, future in found.plan.futures.named.items():
        place, values = f"{file}: futures.named.{name}.changes", future.changes
        problems += unknown_names(place, values, numbers)
        problems += out_of_range(place, values, numbers)
        known = {key: value for key, value in values.items() if key in numbers}
        problems += check_consistency(in_future(found.base, known), place)
    return problems
