"""What each lever and actor of a scenario does besides relief of spending."""

from __future__ import annotations

from collections.abc import Mapping

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario

Strength = tuple[tuple[str, float], ...]
"""What a lever does, each number with its name; all zero if it does nothing."""

RELIEF_ALONE = ("government",)
"""Actors that do nothing but relieve: what they cost follows from what firms spend."""


def strengths_of(scenario: Scenario) -> dict[str, Strength]:
    """Return what each lever and actor does besides relief."""
    levers, brokers = scenario.levers, scenario.intermediaries
    corridor, middle, actors = levers.corridor, levers.intermediaries, levers.actors
    barriers = levers.barriers
    return {
        "barriers": (
            ("border_relief", barriers.border_relief.centre),
            ("noise_relief", barriers.noise_relief.centre),
            (f"spillover of {barriers.knowledge}", barriers.spillover.centre),
        ),
        "clusters": (
            ("complementarity", levers.clusters.complementarity.centre),
            *((key, item.centre) for key, item in sorted(scenario.clusters.strength.items())),
        ),
        "corridor": (
            *_in_regions("friction", corridor.members, corridor.friction_relief),
            *_in_regions("births", corridor.members, corridor.joint_lab_births),
        ),
        "incentives": (("exit_depth", levers.incentives.exit_depth.centre),),
        "intermediaries": (
            *_in_regions(f"{middle.source_stages}", middle.source_presence, middle.source_gain),
            *_in_regions(f"{middle.end_stages}", middle.end_presence, middle.end_gain),
            *_in_regions("meetings", brokers.presence, brokers.meeting_gain),
            *_in_regions("precision", brokers.presence, brokers.precision_gain),
        ),
        "government": _in_regions("", actors.government.presence, actors.government.tax_relief),
        "university": _in_regions("", actors.university.presence, actors.university.birth_gain),
        "industry": _in_regions("", actors.industry.presence, actors.industry.end_gain),
        "research": _in_regions("", actors.research.presence, actors.research.source_gain),
        "finance": _in_regions("", actors.finance.presence, actors.finance.meeting_gain),
        "intermediary": (
            *_in_regions("m", actors.intermediary.presence, actors.intermediary.meeting_gain),
            *_in_regions("p", actors.intermediary.presence, actors.intermediary.precision_gain),
        ),
        "market": _in_regions("", actors.market.presence, actors.market.exit_depth),
    }


def reliefs_of(scenario: Scenario) -> dict[str, bool]:
    """Return whether a lever relieves what firms spend."""
    corridor, incentives = scenario.levers.corridor, scenario.levers.incentives
    members = any(item.centre for item in corridor.members.values())
    regional = any(item.centre for item in incentives.tax_relief.values())
    return {
        "corridor": members and corridor.tax_relief.centre > 0.0,
        "incentives": regional or incentives.coordinated_tax_relief.centre > 0.0,
    }


def is_at_work(strength: Strength) -> bool:
    """Return whether a lever does anything."""
    return any(number for _, number in strength)


def _in_regions(what: str, presence: Mapping[str, Quantity], gain: Quantity) -> Strength:
    """Return a gain where it is present; absent is no entry."""
    products = ((f"{what} {r}", presence[r].centre * gain.centre) for r in sorted(presence))
    return tuple((name, number) for name, number in products if number != 0.0)
