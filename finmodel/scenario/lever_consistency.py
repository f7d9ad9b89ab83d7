"""Checks across the fields of the levers of a scenario."""

from __future__ import annotations

import math

from finmodel import datasets
from finmodel.errors import DataError, Problem, nearest_name
from finmodel.scenario.lever_schema import Levers
from finmodel.scenario.lever_strength import is_at_work, reliefs_of, strengths_of
from finmodel.scenario.market_consistency import (
    MOST_MEETINGS,
    check_regions_of,
    unknown_names,
)
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario


def check_levers(scenario: Scenario, file: str) -> list[Problem]:
    """Return every cross-field problem of the levers.

    Parameters
    ----------
    scenario : Scenario
        Valid against the schema.
    file : str
        Named in each place.
    """
    levers, place = scenario.levers, f"{file}: levers"
    problems: list[Problem] = []
    problems += _check_costs(scenario, f"{place}.cost_mcny_pa")
    for name, table in _region_tables(levers).items():
        problems += check_regions_of(table, f"{place}.{name}")
    problems += _check_stages(scenario, f"{place}.intermediaries")
    problems += _check_knowledge(scenario, f"{place}.barriers.knowledge")
    problems += _check_meetings(scenario, f"{place}.actors")
    return problems


def _check_costs(scenario: Scenario, place: str) -> list[Problem]:
    """Return costs of no lever, and costs of levers that do nothing."""
    strengths, reliefs = strengths_of(scenario), reliefs_of(scenario)
    costs = scenario.levers.cost_mcny_pa
    problems = unknown_names(place, costs, strengths)
    for name in costs:
        if name in strengths and not (is_at_work(strengths[name]) or reliefs.get(name, False)):
            given = f"{costs[name].centre:g}"
            problems.append(Problem(f"{place}.{name}", given, "no cost: this lever does nothing"))
    return problems


def _region_tables(levers: Levers) -> dict[str, dict[str, Quantity]]:
    tables = {
        "corridor.members": levers.corridor.members,
        "incentives.tax_relief": levers.incentives.tax_relief,
        "intermediaries.source_presence": levers.intermediaries.source_presence,
        "intermediaries.end_presence": levers.intermediaries.end_presence,
    }
    for name in type(levers.actors).model_fields:
        tables[f"actors.{name}.presence"] = getattr(levers.actors, name).presence
    return tables


def _check_stages(scenario: Scenario, place: str) -> list[Problem]:
    section = scenario.levers.intermediaries
    return [
        *unknown_names(f"{place}.source_stages", section.source_stages, scenario.stage_names),
        *unknown_names(f"{place}.end_stages", section.end_stages, scenario.stage_names),
    ]


def _check_knowledge(scenario: Scenario, place: str) -> list[Problem]:
    key = scenario.levers.barriers.knowledge
    name, _, year = key.partition(":")
    if not (name and year.isascii() and year.isdecimal() and len(year) == 4):
        known = [str(item) for item in datasets.province_indicator_table()["indicator"]]
        allowed = "'indicator:year' of the province table"
        return [Problem(place, repr(key), allowed, nearest_name(name, known))]
    try:
        values = datasets.province_indicator(name, int(year)).to_dict()
    except DataError as error:
        return [Problem(place, p.given, p.allowed, p.nearest) for p in error.problems]
    table = datasets.provinces()
    code_of = {iso: code for code, iso in table["iso"].items()}
    missing = [
        region
        for region in scenario.geography.regions
        if region in code_of and not values.get(code_of[region], math.nan) >= 0
    ]
    if not missing:
        return []
    given = f"no value for {', '.join(missing)}"
    return [Problem(place, given, "an indicator known for each region")]


def _check_meetings(scenario: Scenario, place: str) -> list[Problem]:
    """Refuse actors that bring more meetings than a seeker can have in a quarter."""
    actors, usual = scenario.levers.actors, scenario.intermediaries

    def share(table: dict[str, Quantity], region: str) -> float:
        return table[region].centre if region in table else 0.0

    most = 0.0
    for region in scenario.geography.regions:
        added = actors.finance.meeting_gain.centre * share(actors.finance.presence, region)
        added += actors.intermediary.meeting_gain.centre * share(
            actors.intermediary.presence, region
        )
        if added > 0.0:
            factor = 1.0 + usual.meeting_gain.centre * share(usual.presence, region) + added
            most = max(most, scenario.market.meetings_pp.centre * factor)
    if most <= MOST_MEETINGS:
        return []
    given = f"{most:g} meetings a quarter where these actors are most present"
    return [Problem(place, given, f"gains that give at most {MOST_MEETINGS:g} with those of today")]
