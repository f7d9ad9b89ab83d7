"""Checks across the fields of guidance programmes."""

from __future__ import annotations

from finmodel.errors import Problem, nearest_name
from finmodel.scenario.market_consistency import check_sum, unknown_names
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.schema import Scenario

PRIVATE_LP = "private"
"""The class of LPs from which programmes raise their private money."""


def check_programmes(scenario: Scenario, file: str) -> list[Problem]:
    """Return every cross-field problem of the programmes of a scenario."""
    problems: list[Problem] = []
    if scenario.programmes and PRIVATE_LP not in scenario.lps:
        known = list(scenario.lps)
        near = nearest_name(PRIVATE_LP, known)
        allowed = f"a class of LPs named {PRIVATE_LP!r} for programmes to raise money from"
        problems.append(Problem(f"{file}: lps", ", ".join(known), allowed, near))
    for name, programme in scenario.programmes.items():
        place = f"{file}: programmes.{name}"
        if not name.isidentifier():
            allowed = "a name of letters, digits and underscores"
            problems.append(Problem(place, repr(name), allowed))
        if name in scenario.funds:
            problems.append(Problem(place, repr(name), "a name that is not a fund type's"))
        problems += unknown_names(f"{place}.like", [programme.like], scenario.funds)
        problems += unknown_names(f"{place}.mandate", programme.mandate, scenario.stages)
        problems += unknown_names(f"{place}.early_stages", programme.early_stages, scenario.stages)
        problems += _check_sectors(scenario, f"{place}.sector_mandate", programme)
        problems += _check_classes(scenario, f"{place}.loss_tolerance_class", programme)
        regions = scenario.geography.regions
        problems += unknown_names(f"{place}.region_share", programme.region_share, regions)
        problems += check_sum(f"{place}.region_share", programme.region_share.values())
        if all(weight.centre == 0 for weight in programme.mandate.values()):
            problems.append(Problem(f"{place}.mandate", "all weights 0", "a stage above 0"))
        if programme.ticket_share.centre > programme.concentration_share.centre:
            given = f"{programme.ticket_share.centre:g}"
            most = f"{programme.concentration_share.centre:g}"
            problems.append(
                Problem(f"{place}.ticket_share", given, f"at most concentration_share, {most}")
            )
        given_up = programme.profit_give_up.centre + programme.manager_give_up.centre
        if given_up > 1.0:
            allowed = "profit_give_up and manager_give_up of at most 1 together"
            problems.append(Problem(f"{place}.profit_give_up", f"{given_up:g}", allowed))
        problems += _check_ignored(place, programme)
        if programme.vehicle != "fund_of_funds" and programme.state_share.centre != 1.0:
            given, allowed = f"{programme.state_share.centre:g}", "1 but for a fund of funds"
            problems.append(Problem(f"{place}.state_share", given, allowed))
        like = scenario.funds.get(programme.like)
        if like is not None and programme.term_years.centre < like.investment_years.centre:
            least = f"{like.investment_years.centre:g}"
            problems.append(
                Problem(
                    f"{place}.term_years",
                    f"{programme.term_years.centre:g}",
                    f"at least the investment period of {programme.like}, {least}",
                )
            )
    return problems


OFF = {
    "reinvestment_multiple": 0.0,
    "hard_tech_min_share": 0.0,
    "early_min_share": 0.0,
    "loss_tolerance_project": 1.0,
    "loss_tolerance_fund": 1.0,
    "loss_tolerance_programme": 1.0,
    "loss_cover": 0.0,
    "profit_give_up": 0.0,
    "manager_give_up": 0.0,
    "buyback_rate_pa": 10.0,
    "away_eligible_share": 0.0,
    "strings": 0.0,
}
"""Clauses and the value at which each does nothing."""

_NO_PRIVATE = frozenset({"loss_cover", "profit_give_up", "buyback_rate_pa"})
_OF_FUNDS = _NO_PRIVATE | {
    "reinvestment_multiple",
    "hard_tech_min_share",
    "early_min_share",
    "loss_tolerance_fund",
    "manager_give_up",
    "away_eligible_share",
    "strings",
}
IGNORED = {
    "direct": _NO_PRIVATE,
    "co_investment": _NO_PRIVATE | {"strings"},
    "guarantee": _OF_FUNDS,
    "grant": _OF_FUNDS | {"loss_tolerance_project", "loss_tolerance_programme"},
}
"""Clauses that a kind of vehicle knows nothing of."""


def _check_ignored(place: str, programme: Programme) -> list[Problem]:
    """Return the clauses that would do nothing, though they say something."""
    problems = []
    for name in sorted(IGNORED.get(programme.vehicle, ())):
        given = getattr(programme, name).centre
        if given != OFF[name]:
            allowed = f"{OFF[name]:g}: a {programme.vehicle} knows no such clause"
            problems.append(Problem(f"{place}.{name}", f"{given:g}", allowed))
    if programme.vehicle == "grant" and programme.loss_tolerance_class:
        given = ", ".join(programme.loss_tolerance_class)
        allowed = "none: a grant is not paid back"
        problems.append(Problem(f"{place}.loss_tolerance_class", given, allowed))
    return problems


def sectors_of(scenario: Scenario, programme: Programme) -> list[str]:
    """Return the sectors in which a programme may invest: all, if it has no mandate over them."""
    if not programme.sector_mandate:
        return list(scenario.sectors)
    pull = {name: weight.centre for name, weight in programme.sector_mandate.items()}
    return [name for name in scenario.sectors if pull.get(name, 0.0) > 0.0]


def _check_sectors(scenario: Scenario, place: str, programme: Programme) -> list[Problem]:
    """Return what is wrong with a mandate over sectors: names, no sector, none that may be paid."""
    problems = unknown_names(place, programme.sector_mandate, scenario.sectors)
    if problems or not programme.sector_mandate:
        return problems
    open_to = sectors_of(scenario, programme)
    if not open_to:
        return [Problem(place, "all weights 0", "a sector above 0, or no mandate over sectors")]
    if any(scenario.sectors[name].is_hard_tech for name in open_to):
        return []
    why = ""
    if programme.hard_tech_min_share.centre > 0.0:
        why = f"hard_tech_min_share is {programme.hard_tech_min_share.centre:g}"
    elif programme.vehicle in ("grant", "guarantee"):
        why = f"a {programme.vehicle} is for hard technology alone"
    if not why:
        return []
    return [Problem(place, f"general sectors alone: {', '.join(open_to)}", f"hard tech: {why}")]


def stages_of_class(key: str) -> list[str]:
    """Return the stages that a class of projects stands for, as `lab` or `B+C`."""
    return key.split("+")


def _check_classes(scenario: Scenario, place: str, programme: Programme) -> list[Problem]:
    """Return what is wrong with classes of tolerance: unknown stages, or a stage in two."""
    named = [k for key in programme.loss_tolerance_class for k in stages_of_class(key)]
    problems = unknown_names(place, named, scenario.stages)
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        given = f"{', '.join(twice)} twice, in {', '.join(programme.loss_tolerance_class)}"
        problems.append(Problem(place, given, "each stage in one class"))
    return problems
