"""Whether the events of each firm can follow one another: one entry, later rounds, one end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from finmodel.datasets.position_event import Event
from finmodel.datasets.user_csv import spelling
from finmodel.errors import Problem, nearest_name

ROUNDING = 1e-9


def check_histories(
    file: Path, events: Sequence[Event], stages: tuple[str, ...], broken: Collection[str]
) -> list[Problem]:
    """Return what is wrong between rows that are each fine.

    Parameters
    ----------
    file : Path
    events : sequence of Event
        By date.
    stages : tuple of str
        Of the plan, in order.
    broken : collection of str
        Spellings of firms with a row that could not be read: their histories are not judged.
    """
    once, problems = _once(file, events)
    by_firm: dict[str, list[Event]] = defaultdict(list)
    for event in once:
        if event.firm:
            by_firm[event.firm].append(event)
    entered = [name for name, own in by_firm.items() if own[0].kind == "investment"]
    spellings: dict[str, str] = {}
    for name, own in by_firm.items():
        first = spellings.setdefault(spelling(name), name)
        if first != name:
            place = f"{file} row {own[0].row}, column firm"
            problems.append(Problem(place, repr(name), "one spelling of each firm", first))
        elif spelling(name) not in broken:
            problems += _history(file, own, stages, [item for item in entered if item != name])
    return problems


def _once(file: Path, events: Sequence[Event]) -> tuple[list[Event], list[Problem]]:
    """Return events without repeated ones, and a problem for each of these."""
    seen: dict[tuple[object, ...], int] = {}
    once, problems = [], []
    for event in events:
        key = (spelling(event.firm), event.day, event.kind)
        if key in seen:
            place = f"{file} row {event.row}, column firm + date + kind"
            given = f"{event.firm or 'the fund'}, {event.day}, {event.kind} as in row {seen[key]}"
            problems.append(Problem(place, given, "one row each: add up the amounts of a day"))
        else:
            seen[key] = event.row
            once.append(event)
    return once, problems


def _history(
    file: Path, own: Sequence[Event], stages: tuple[str, ...], others: Sequence[str]
) -> list[Problem]:
    """Return what is wrong with the events of one firm, in order."""
    problems = []
    first = own[0]

    def blame(event: Event, column: str, given: str, allowed: str, near: str = "") -> None:
        problems.append(Problem(f"{file} row {event.row}, column {column}", given, allowed, near))

    if first.kind != "investment":
        given = f"{first.kind} of {first.firm!r}, which has no investment before {first.day}"
        allowed = "an investment as the first event of a firm"
        blame(first, "kind", given, allowed, nearest_name(first.firm, others))
        return problems
    stage, share, ended = 0, math.inf, 0
    for event in own:
        if event.kind == "investment" and event is not first:
            blame(event, "kind", "investment again", "follow_on for later cheques of a firm")
        if ended and (event.kind != "proceeds" or event.share > 0.0):
            given = f"{event.kind} after the end of the firm in row {ended}"
            blame(event, "kind", given, "nothing, or late proceeds with a share of 0")
            continue
        if event.stage and stages.index(event.stage) < stage:
            allowed = f"{stages[stage]} or a later stage: rounds do not go back"
            blame(event, "stage", repr(event.stage), allowed)
        if event.stage:
            stage = max(stage, stages.index(event.stage))
        if event.kind == "proceeds" and event.share > share * (1.0 + ROUNDING):
            blame(event, "share", f"{event.share:g}", f"at most the share before it, {share:g}")
        share = share if math.isnan(event.share) else event.share
        if share == 0.0 and not ended:
            ended = event.row
    return problems
