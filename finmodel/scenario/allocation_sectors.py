"""Sectors as an axis of an allocation: what its plan may say of them, and where it is said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from finmodel.errors import Problem
from finmodel.scenario.allocation_schema import AllocationPlan
from finmodel.scenario.market_consistency import unknown_names

SECTORS = "sector_mandate"
"""The clause of a programme that a sector of the plan sets."""


def check_sectors(plan: AllocationPlan, known: Collection[str], file: str) -> list[Problem]:
    """Return what is wrong with the sectors of a plan.

    Parameters
    ----------
    plan : AllocationPlan
    known : collection of str
        Sectors of the scenario.
    file : str

    Returns
    -------
    list of Problem
        Unknown or repeated sectors, one of the name of a region, and programmes with a mandate
        over sectors of their own, which the axis would replace without a word.
    """
    place = f"{file}: sectors"
    problems = unknown_names(place, plan.sectors, known)
    if len(set(plan.sectors)) < len(plan.sectors):
        problems.append(Problem(place, ", ".join(plan.sectors), "each sector once"))
    shared = sorted({*plan.sectors} & {*plan.regions})
    if shared:
        problems.append(Problem(place, ", ".join(shared), "no name of a region"))
    if not plan.sectors:
        return problems
    tables = {"template": plan.template}
    tables |= {f"slots.{name}.programme": slot.programme for name, slot in plan.slots.items()}
    allowed = "nothing beside `sectors`, which gives each programme one sector"
    return problems + [
        Problem(f"{file}: {name}.{SECTORS}", "a mandate of its own", allowed)
        for name, table in tables.items()
        if table.get(SECTORS)
    ]


def in_plan(
    problems: Sequence[Problem],
    plan: AllocationPlan,
    programmes: Sequence[tuple[str, str, str]],
    file: str,
) -> list[Problem]:
    """Return problems of programmes as those of the tables of the plan that they come from.

    Parameters
    ----------
    problems : sequence of Problem
    plan : AllocationPlan
    programmes : sequence of (str, str, str)
        Each programme with its slot and sector.
    file : str

    Returns
    -------
    list of Problem
        Each once, as a template is of several programmes.
    """
    found = []
    for problem in problems:
        place = problem.place
        for name, slot, sector in programmes:
            head = f"{file}: programmes.{name}"
            if place == head:
                place = f"{file}: slots.{slot}"
            elif place.startswith(f"{head}."):
                clause = place.removeprefix(f"{head}.")
                place = f"{file}: {_place_of(plan, slot, sector, clause)}"
        found.append(replace(problem, place=place))
    return list(dict.fromkeys(found))


def _place_of(plan: AllocationPlan, slot: str, sector: str, clause: str) -> str:
    key = clause.partition(".")[0]
    if sector and key == SECTORS:
        return "sectors"
    own = key in plan.slots[slot].programme
    return f"slots.{slot}.programme.{clause}" if own else f"template.{clause}"
