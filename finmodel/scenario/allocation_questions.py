"""What a question of an allocation may vary, and between which levels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from finmodel.errors import Problem
from finmodel.scenario.allocation_schema import Question
from finmodel.scenario.allocation_sectors import SECTORS
from finmodel.scenario.consistency import check_consistency
from finmodel.scenario.market_consistency import unknown_names
from finmodel.scenario.programme_consistency import IGNORED
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Spec
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import declared

_BY_SPLIT = "region_share."


def clauses(programmes: Mapping[str, Programme], *, has_axis: bool) -> dict[str, Spec]:
    """Return the numbers that every programme has and no split sets, with what each allows.

    Parameters
    ----------
    programmes : mapping of Programme
    has_axis : bool
        Whether sectors are an axis, so that the mandate over them is of the split, too.
    """
    tables = [{name: spec for name, _, spec in declared(item)} for item in programmes.values()]
    set_by_split = (_BY_SPLIT, f"{SECTORS}.") if has_axis else (_BY_SPLIT,)
    return {
        name: spec
        for name, spec in tables[0].items()
        if not name.startswith(set_by_split) and all(name in table for table in tables)
    }


def check_questions(
    questions: Mapping[str, Question],
    programmes: Mapping[str, Programme],
    at: Callable[[Mapping[str, float]], Scenario],
    file: str,
    *,
    has_axis: bool,
) -> list[Problem]:
    """Return what is wrong with questions, so that none is found out after a search.

    Parameters
    ----------
    questions : mapping of Question
    programmes : mapping of Programme
    at : callable
        Changes of clauses to the scenario in which every programme has money.
    file : str
    has_axis : bool
        As in :func:`clauses`.

    Returns
    -------
    list of Problem
        Unknown names, levels out of range, and levels at an end that break a rule between
        clauses, each said once for all programmes. Rules are linear in a clause: what holds at
        both ends holds between them.
    """
    numbers = clauses(programmes, has_axis=has_axis)
    fixed = set().union(*(_fixed(item) for item in programmes.values()))
    offered = [name for name in numbers if name not in fixed]
    is_valid = not check_consistency(at({}), file)
    problems = []
    for name, item in questions.items():
        place = f"{file}: questions.{name}"
        if item.vary not in numbers:
            problems += unknown_names(f"{place}.vary", [item.vary], offered)
        for end in ("low", "high"):
            level = getattr(item, end)
            outside = out_of_range(f"{place}.{end}", {item.vary: level}, numbers)
            problems += outside
            if item.vary in numbers and is_valid and not outside:
                broken = check_consistency(at({item.vary: level}), file)
                problems += _once(f"{place}.{end}", f"{item.vary} {level:g}", broken)
        if item.low >= item.high:
            given = f"{item.low:g} to {item.high:g}"
            problems.append(Problem(f"{place}.low", given, "less than high"))
    return problems


def out_of_range(
    place: str, values: Mapping[str, float], numbers: Mapping[str, Spec]
) -> list[Problem]:
    """Return the values that their numbers do not allow, fractions of whole ones too."""
    return [
        Problem(f"{place}.{name}", f"{value:g}", spec.allowed)
        for name, value in values.items()
        for spec in [numbers.get(name)]
        if spec is not None and not _is_allowed(value, spec)
    ]


def _is_allowed(value: float, spec: Spec) -> bool:
    is_within = spec.low <= value <= spec.high and not (spec.is_low_open and value == spec.low)
    return is_within and math.isfinite(value) and not (spec.is_whole and value % 1.0)


def _fixed(programme: Programme) -> frozenset[str]:
    """Return the clauses that a kind of vehicle holds at one value."""
    own = IGNORED.get(programme.vehicle, frozenset())
    return own if programme.vehicle == "fund_of_funds" else own | {"state_share"}


def _once(place: str, given: str, problems: list[Problem]) -> Iterator[Problem]:
    """Yield one problem for each rule, whichever programmes break it."""
    for allowed in dict.fromkeys(problem.allowed for problem in problems):
        yield Problem(place, given, allowed)
