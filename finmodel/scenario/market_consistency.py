"""Checks across the fields of the money side of a scenario."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from finmodel import datasets
from finmodel.errors import Problem, nearest_name
from finmodel.scenario.market_schema import FundType
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario
from finmodel.units import QUARTERS_PER_YEAR

SHARE_TOLERANCE = 1e-6


def check_market(scenario: Scenario, file: str) -> list[Problem]:
    """Return every cross-field problem of funds, investors, friction, clusters and stress."""
    return [
        *_check_mandates(scenario, file),
        *_check_funds(scenario, file),
        *_check_pairs(scenario, file),
        *check_regions_of(scenario.intermediaries.presence, f"{file}: intermediaries.presence"),
        *_check_clusters(scenario, file),
        *_check_stress(scenario, file),
        *_check_meetings(scenario, file),
    ]


def check_sum(place: str, values: Iterable[Quantity]) -> list[Problem]:
    """Return a problem if shares do not sum to one."""
    total = math.fsum(quantity.centre for quantity in values)
    if abs(total - 1.0) <= SHARE_TOLERANCE:
        return []
    allowed = "shares that sum to 1 (within 0.000001; beliefs at median)"
    return [Problem(place, f"sum {total:.6g}", allowed)]


def _known_regions() -> list[str]:
    return [str(code) for code in datasets.provinces()["iso"]]


def unknown_names(place: str, names: Iterable[str], known: Iterable[str]) -> list[Problem]:
    """Return a problem for every name that is not among the known ones."""
    listed = list(known)
    allowed = f"one of {', '.join(listed)}"
    return [
        Problem(place, repr(name), allowed, nearest_name(name, listed))
        for name in names
        if name not in listed
    ]


def _check_mandates(scenario: Scenario, file: str) -> list[Problem]:
    problems: list[Problem] = []
    for name, fund in scenario.funds.items():
        place = f"{file}: funds.{name}.mandate"
        problems += unknown_names(place, fund.mandate, scenario.stages)
        if all(weight.centre == 0 for weight in fund.mandate.values()):
            problems.append(Problem(place, "all weights 0", "at least one stage above 0"))
    return problems


def _check_funds(scenario: Scenario, file: str) -> list[Problem]:
    problems: list[Problem] = []
    for name, fund in scenario.funds.items():
        place = f"{file}: funds.{name}"
        problems += unknown_names(f"{place}.lp_mix", fund.lp_mix, scenario.lps)
        problems += check_sum(f"{place}.lp_mix", fund.lp_mix.values())
        if fund.term_years.centre < fund.investment_years.centre:
            given, least = f"{fund.term_years.centre:g}", f"{fund.investment_years.centre:g}"
            problems.append(
                Problem(f"{place}.term_years", given, f"at least investment_years, {least}")
            )
        if fund.ticket_share.centre > fund.concentration_share.centre:
            given, most = f"{fund.ticket_share.centre:g}", f"{fund.concentration_share.centre:g}"
            problems.append(
                Problem(f"{place}.ticket_share", given, f"at most concentration_share, {most}")
            )
        fees = lifetime_fee_share(fund)
        if fees >= 1.0:
            problems.append(
                Problem(f"{place}.fee_pa", f"fees of {fees:.0%} over its life", "below 100 %")
            )
    return problems


def lifetime_fee_share(fund: FundType) -> float:
    """Return all fees of a fund over its life as a share of its commitment.

    Fees are called a year in advance, on each anniversary before the end of the term.
    """
    invests, lasts = in_quarters(fund.investment_years), in_quarters(fund.term_years)
    early = sum(1 for age in range(0, lasts, 4) if age < invests)
    late = sum(1 for age in range(0, lasts, 4) if age >= invests)
    return fund.fee_pa.centre * (early + late * fund.fee_after_share.centre)


def in_quarters(years: Quantity) -> int:
    """Return a time in whole quarters, at least one."""
    return max(1, round(years.centre * QUARTERS_PER_YEAR))


def _check_pairs(scenario: Scenario, file: str) -> list[Problem]:
    known = _known_regions()
    problems: list[Problem] = []
    for pair in scenario.friction.pairs:
        place = f"{file}: friction.pairs"
        source, arrow, target = pair.partition(">")
        if not arrow or source == target:
            allowed = "'XX>YY', from fund region to firm region"
            problems.append(Problem(place, repr(pair), allowed))
            continue
        problems += [
            Problem(
                f"{place}.{pair!r}",
                repr(code),
                "a region code",
                nearest_name(code.upper(), known),
            )
            for code in (source, target)
            if code not in known
        ]
    return problems


def check_regions_of(table: Mapping[str, Quantity], place: str) -> list[Problem]:
    """Return a problem for each key of a table that is no region code."""
    known = _known_regions()
    return [
        Problem(place, repr(code), "a region code", nearest_name(code.upper(), known))
        for code in table
        if code not in known
    ]


def _check_clusters(scenario: Scenario, file: str) -> list[Problem]:
    known, sectors = _known_regions(), list(scenario.sectors)
    place = f"{file}: clusters.strength"
    problems: list[Problem] = []
    for key in scenario.clusters.strength:
        region, slash, sector = key.partition("/")
        if not slash:
            problems.append(Problem(place, repr(key), "'REGION/sector'"))
            continue
        if region not in known:
            near = nearest_name(region.upper(), known)
            problems.append(Problem(f"{place}.{key!r}", repr(region), "a region code", near))
        problems += unknown_names(f"{place}.{key!r}", [sector], sectors)
    return problems


def _check_stress(scenario: Scenario, file: str) -> list[Problem]:
    problems: list[Problem] = []
    for name, stress in scenario.environment.stress.items():
        place = f"{file}: environment.stress.{name}.lp_multiple"
        problems += unknown_names(place, stress.lp_multiple, scenario.lps)
    return problems


MOST_MEETINGS = 12.0
"""Meetings a seeker can have in a quarter; the kernels have room for no more."""


def _check_meetings(scenario: Scenario, file: str) -> list[Problem]:
    section = scenario.intermediaries
    presence = max((share.centre for share in section.presence.values()), default=0.0)
    most = scenario.market.meetings_pp.centre * (1.0 + section.meeting_gain.centre * presence)
    if most <= MOST_MEETINGS:
        return []
    given = f"{most:g} meetings a quarter where intermediaries are most present"
    allowed = f"meetings_pp * (1 + meeting_gain * presence) at most {MOST_MEETINGS:g}"
    return [Problem(f"{file}: intermediaries.meeting_gain", given, allowed)]
