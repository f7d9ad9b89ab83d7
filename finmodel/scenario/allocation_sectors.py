"""Sectors as an axis of an allocation: what its plan may say of them."""

from __future__ import annotations

from collections.abc import Collection

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
