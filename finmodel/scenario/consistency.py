"""Checks that need more than one field of a scenario, all reported together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from finmodel import datasets
from finmodel.errors import DataError, Problem, nearest_name
from finmodel.scenario.correlations import check_correlations, check_together
from finmodel.scenario.lever_consistency import check_levers
from finmodel.scenario.market_consistency import check_market, check_sum
from finmodel.scenario.programme_consistency import check_programmes
from finmodel.scenario.quantity import ASSUMED_SOURCE, USER_SOURCE, Quantity
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import quantities

EXPLICIT = "explicit"


def check_consistency(scenario: Scenario, file: str) -> list[Problem]:
    """Return every cross-field problem of a scenario that is valid field by field.

    Parameters
    ----------
    scenario : Scenario
        Valid against the schema.
    file : str
        Named in each place.
    """
    problems: list[Problem] = []
    problems += _check_names(scenario, file)
    problems += _check_regions(scenario, file)
    problems += _check_orders(scenario, file)
    shares = {
        "stages.*.entry_share": [stage.entry_share for stage in scenario.stages.values()],
        "sectors.*.birth_share": [sector.birth_share for sector in scenario.sectors.values()],
        "funds.*.capital_share": [fund.capital_share for fund in scenario.funds.values()],
        "births.region_index": scenario.births.region_index.values(),
        "capital.region_index": scenario.capital.region_index.values(),
    }
    for place, values in shares.items():
        problems += check_sum(f"{file}: {place}", values)
    for section in ("births", "capital"):
        index = getattr(scenario, section).region_index
        problems += _check_index(scenario, index, f"{file}: {section}.region_index")
    problems += check_market(scenario, file)
    problems += check_levers(scenario, file)
    problems += check_programmes(scenario, file)
    problems += check_sources(scenario, file)
    numbers = dict(quantities(scenario))
    problems += check_correlations(scenario.correlations, numbers, file)
    problems += check_together(scenario.together, scenario.correlations, numbers, file)
    return problems


def split_indicator(key: str) -> tuple[str, int] | None:
    """Split ``name:year`` into its parts, or return None if it is not of that form."""
    name, colon, year = key.partition(":")
    is_year = year.isascii() and year.isdecimal() and len(year) == 4
    return (name, int(year)) if colon and name and is_year else None


def _check_names(scenario: Scenario, file: str) -> list[Problem]:
    return [
        Problem(f"{file}: {section}", repr(name), "a name of letters, digits and underscores")
        for section in ("stages", "sectors", "funds", "lps")
        for name in getattr(scenario, section)
        if not re.fullmatch(r"[A-Za-z0-9_]+", name)
    ]


def _check_regions(scenario: Scenario, file: str) -> list[Problem]:
    table = datasets.provinces()
    known = list(table.loc[table["is_modelled"].astype(bool), "iso"])
    place = f"{file}: geography.regions"
    regions = scenario.geography.regions
    problems = [
        Problem(place, repr(code), f"one of {', '.join(known)}", nearest_name(code.upper(), known))
        for code in regions
        if code not in known
    ]
    repeated = sorted({code for code in regions if regions.count(code) > 1})
    if repeated:
        problems.append(Problem(place, f"{', '.join(repeated)} twice", "each region once"))
    return problems


def _check_orders(scenario: Scenario, file: str) -> list[Problem]:
    orders = [stage.order for stage in scenario.stages.values()]
    repeated = sorted({order for order in orders if orders.count(order) > 1})
    return [
        Problem(f"{file}: stages.*.order", f"{order} twice", "each stage its own order")
        for order in repeated
    ]


def _check_index(scenario: Scenario, index: Mapping[str, Quantity], place: str) -> list[Problem]:
    regions = set(scenario.geography.regions)
    if regions & set(index):
        return _check_explicit(regions, index, place)
    problems: list[Problem] = []
    for key in index:
        parts = split_indicator(key)
        if parts is None:
            table = datasets.province_indicator_table().set_index("indicator")
            near = nearest_name(key, [str(name) for name in table.index])
            example = f"{near}:{int(table['last_year'][near])}" if near else ""
            allowed = "region codes, or 'indicator:year' of the province table"
            problems.append(Problem(place, repr(key), allowed, example))
            continue
        try:
            values = datasets.province_indicator(*parts)
        except DataError as error:
            problems += [
                Problem(f"{place}.{key!r}", p.given, p.allowed, p.nearest) for p in error.problems
            ]
            continue
        problems += _check_coverage(scenario, values.to_dict(), f"{place}.{key!r}")
    return problems


def _check_explicit(regions: set[str], index: Mapping[str, Quantity], place: str) -> list[Problem]:
    problems = [
        Problem(place, f"no share for {code}", "a share for each region")
        for code in sorted(regions - set(index))
    ]
    problems += [
        Problem(place, repr(key), "a region of geography.regions", nearest_name(key, regions))
        for key in sorted(set(index) - regions)
    ]
    return problems


def _check_coverage(
    scenario: Scenario, values: Mapping[object, float], place: str
) -> list[Problem]:
    table = datasets.provinces()
    code_of = {iso: code for code, iso in table["iso"].items()}
    missing = [
        region
        for region in scenario.geography.regions
        if region in code_of and not values.get(code_of[region], math.nan) >= 0
    ]
    if not missing:
        return []
    return [
        Problem(place, f"no value for {', '.join(missing)}", "an indicator known for each region")
    ]


def check_sources(scenario: BaseModel, file: str) -> list[Problem]:
    """Return the numbers whose source is not known, or whose grade does not fit it."""
    stated = [(key, item.source, item.grade) for key, item in quantities(scenario)]
    if isinstance(scenario, Scenario):
        pairs = enumerate(scenario.correlations)
        stated += [(f"correlations.{i}", pair.source, pair.grade) for i, pair in pairs]
    return source_problems(stated, file)


def source_problems(stated: Iterable[tuple[str, str, str]], file: str) -> list[Problem]:
    """Return what is wrong with sources and grades, each given with its key."""
    known = {*datasets.sources()["source_id"], ASSUMED_SOURCE, USER_SOURCE}
    problems: list[Problem] = []
    for key, sources, grade in stated:
        parts = {source.strip() for source in sources.split(";")}
        problems += [
            Problem(
                f"{file}: {key}.source",
                repr(source),
                "an id of data/sources.csv, 'assumption' or 'user'",
                nearest_name(source, known),
            )
            for source in dict.fromkeys(item.strip() for item in sources.split(";"))
            if source not in known
        ]
        if parts & {ASSUMED_SOURCE, USER_SOURCE} and grade != "assumed":
            problems.append(
                Problem(f"{file}: {key}.grade", repr(grade), "'assumed' for an assumption")
            )
    return problems
