"""What each lever and actor of a scenario does besides relief of spending."""

from __future__ import annotations

from collections.abc import Mapping

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario

RELIEF_ALONE = ("government",)
"""Actors that do nothing but relieve: what they cost follows from what firms spend."""


def strengths_of(scenario: Scenario) -> dict[str, tuple[float, ...]]:
    """Return what each lever and actor does besides relief, all zero if it does nothing."""
    levers, brokers = scenario.levers, scenario.intermediaries
    corridor, middle, actors = levers.corridor, levers.intermediaries, levers.actors
    barriers = levers.barriers
    return {
        "barriers": (
            barriers.border_relief.centre,
            barriers.noise_relief.centre,
            barriers.spillover.centre,
        ),
        "clusters": (levers.clusters.complementarity.centre,),
        "corridor": (
            *_in_regions(corridor.members, corridor.friction_relief),
            *_in_regions(corridor.members, corridor.joint_lab_births),
        ),
        "incentives": (levers.incentives.exit_depth.centre,),
        "intermediaries": (
            *_in_regions(middle.source_presence, middle.source_gain),
            *_in_regions(middle.end_presence, middle.end_gain),
            *_in_regions(brokers.presence, brokers.meeting_gain),
            *_in_regions(brokers.presence, brokers.precision_gain),
        ),
        "government": _in_regions(actors.government.presence, actors.government.tax_relief),
        "university": _in_regions(actors.university.presence, actors.university.birth_gain),
        "industry": _in_regions(actors.industry.presence, actors.industry.end_gain),
        "research": _in_regions(actors.research.presence, actors.research.source_gain),
        "finance": _in_regions(actors.finance.presence, actors.finance.meeting_gain),
        "intermediary": (
            *_in_regions(actors.intermediary.presence, actors.intermediary.meeting_gain),
            *_in_regions(actors.intermediary.presence, actors.intermediary.precision_gain),
        ),
        "market": _in_regions(actors.market.presence, actors.market.exit_depth),
    }


def _in_regions(presence: Mapping[str, Quantity], gain: Quantity) -> tuple[float, ...]:
    return tuple(presence[region].centre * gain.centre for region in sorted(presence))
