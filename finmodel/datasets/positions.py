"""A fund's positions and flows from a user's CSV: one row an event, all checked.

Columns are firm, stage, date, kind, amount_mcny, share, post_money_mcny and, if wanted, note;
docs/funds.md says what each kind of event needs. Every problem of a file is reported at once, with
row, column, the value given and what is allowed; no row is left out without a word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finmodel.datasets.position_cells import (
    MAX_MCNY,
    Cells,
    header_names,
    kind_names,
    stage_names,
)
from finmodel.datasets.position_event import BOUGHT, COLUMNS, FLOWS, KINDS, Event
from finmodel.datasets.position_history import check_histories
from finmodel.datasets.root import file_checksum
from finmodel.datasets.user_csv import NOTE_MARK, CsvRow, read_rows, spelling
from finmodel.errors import DataError, Problem
from finmodel.variables import labels

MAX_FIRMS = 500
"""As many as a plan may have deals."""

MAX_LISTED = 200
"""Problems listed of one file; one more counts the rest."""

LEAST = 1e-9
"""Smallest amount or share that is more than nothing."""

UNIT_SLIP = 2.0
"""A first cheque over the post-money differs from the share by less, unless a unit is wrong."""


@dataclass(frozen=True)
class Positions:
    """What a fund has done, by its own record.

    Attributes
    ----------
    file : Path
    checksum : str
        SHA-256 of the file.
    events : tuple of Event
        By date, then as in the file.
    """

    file: Path
    checksum: str
    events: tuple[Event, ...]

    def flows(self, kind: str) -> tuple[Event, ...]:
        """Return the events of one kind."""
        return tuple(event for event in self.events if event.kind == kind)


def read_positions(
    path: str | Path, *, stages: Sequence[str], first_closing: date, as_of: date
) -> Positions:
    """Read the positions of a fund.

    Parameters
    ----------
    path : str or Path
        CSV, UTF-8 with or without byte order mark, or GBK; headers, kinds and rounds in English
        or Chinese.
    stages : sequence of str
        Of the plan, in order.
    first_closing, as_of : date
        No event may be before the one or after the other.

    Returns
    -------
    Positions
        With no event if there is a header alone.

    Raises
    ------
    DataError
        With every problem found.
    """
    file, names = Path(path), tuple(stages)
    rows, problems = read_rows(file, header_names(), COLUMNS)
    events, broken = [], set()
    for row in rows:
        cells = Cells(f"{file} row {row.number}", row.cells)
        event = _event(row, cells, names)
        if event is not None:
            _check_day(event, cells, first_closing, as_of)
        problems += cells.problems
        if event is not None and not cells.problems:
            events.append(event)
        else:
            broken.add(spelling(row.cells["firm"]))
    events.sort(key=lambda event: (event.day, event.row))
    problems += check_histories(file, events, names, broken)
    n_firms = len({event.firm for event in events} - {""})
    if n_firms > MAX_FIRMS:
        problems.append(Problem(str(file), f"{n_firms} firms", f"at most {MAX_FIRMS}"))
    if problems:
        rest = problems[MAX_LISTED:]
        listed = problems[:MAX_LISTED]
        if rest:
            listed.append(Problem(str(file), f"{len(rest)} more problems", "none"))
        raise DataError(f"positions {file}", listed)
    return Positions(file, file_checksum(file), tuple(events))


def _event(row: CsvRow, cells: Cells, stages: tuple[str, ...]) -> Event | None:
    """Return the event of a row; None if not even its kind and date can be read."""
    kind = cells.name("kind", kind_names(), KINDS)
    day = cells.day("date")
    cells.text("note")
    if not kind:
        _check_whatever_kind(cells, stages)
        return None
    firm, stage = "", ""
    if kind in FLOWS:
        cells.nothing("firm", f"a {kind}, which is the fund's")
        cells.nothing("stage", f"a {kind}, which is the fund's")
    else:
        firm = cells.text("firm")
        if not cells.has("firm"):
            cells.blame("firm", f"the name of the firm of a {kind}")
        if kind in BOUGHT or cells.has("stage"):
            stage = cells.name("stage", stage_names(stages), stages)
    amount = _amount(cells, kind)
    share = _share(cells, kind, is_round=bool(stage))
    post = _post_money(cells, kind, is_round=bool(stage))
    if kind == "mark" and not cells.has("amount_mcny") and not cells.has("post_money_mcny"):
        cells.blame("post_money_mcny", "a post-money, or the value of the holding as amount_mcny")
    if day is None:
        return None
    event = Event(row.number, day, kind, firm, stage, amount, share, post)
    _check_price(event, cells)
    return event


def _check_whatever_kind(cells: Cells, stages: tuple[str, ...]) -> None:
    """Note cells that no kind of event could have."""
    cells.text("firm")
    if cells.has("stage"):
        cells.name("stage", stage_names(stages), stages)
    for column in ("amount_mcny", "share", "post_money_mcny"):
        if cells.has(column):
            high = 1.0 if column == "share" else MAX_MCNY
            cells.number(column, 0.0, high, f"a number from 0 to {high:,.0f}")


def _amount(cells: Cells, kind: str) -> float:
    if kind == "write_off":
        if cells.has("amount_mcny"):
            cells.number("amount_mcny", 0.0, 0.0, "0 or nothing for a write_off")
        return math.nan
    if kind == "mark" and not cells.has("amount_mcny"):
        return math.nan
    allowed = f"million CNY, above 0 and at most {MAX_MCNY:,.0f}"
    return cells.number("amount_mcny", LEAST, MAX_MCNY, allowed)


def _share(cells: Cells, kind: str, *, is_round: bool) -> float:
    if kind in FLOWS:
        cells.nothing("share", f"a {kind}, which is the fund's")
        return math.nan
    if kind == "write_off":
        if cells.has("share"):
            cells.number("share", 0.0, 0.0, "0 or nothing for a write_off")
        return 0.0
    if kind == "proceeds":
        return cells.number("share", 0.0, 1.0 - LEAST, "what is still held, from 0 to below 1")
    if kind == "mark" and not is_round and not cells.has("share"):
        return math.nan
    return cells.number("share", LEAST, 1.0, "the share held after it, above 0 and at most 1")


def _post_money(cells: Cells, kind: str, *, is_round: bool) -> float:
    if kind not in (*BOUGHT, "mark"):
        cells.nothing("post_money_mcny", f"a {kind}")
        return math.nan
    if kind == "mark" and not is_round and not cells.has("post_money_mcny"):
        return math.nan
    allowed = f"million CNY, above 0 and at most {MAX_MCNY:,.0f}"
    return cells.number("post_money_mcny", LEAST, MAX_MCNY, allowed)


def _check_price(event: Event, cells: Cells) -> None:
    """Note a cheque larger than the firm, or a share that its price does not buy."""
    if event.kind not in BOUGHT or math.isnan(event.amount_mcny + event.post_money_mcny):
        return
    if event.amount_mcny > event.post_money_mcny:
        allowed = f"at least the amount put in, {event.amount_mcny:g}"
        cells.blame("post_money_mcny", allowed)
        return
    bought = event.amount_mcny / event.post_money_mcny
    is_slip = event.share > UNIT_SLIP * bought or event.share * UNIT_SLIP < bought
    if event.kind == "investment" and is_slip:
        allowed = f"about amount over post-money, {bought:.4g}: see to the units of all three"
        cells.blame("share", allowed)


def _check_day(event: Event, cells: Cells, first_closing: date, as_of: date) -> None:
    if event.day < first_closing:
        cells.blame("date", f"from first closing, {first_closing}, on")
    elif event.day > as_of:
        cells.blame("date", f"up to the as-of date, {as_of}")


def write_template(path: str | Path, stages: Sequence[str]) -> Path:
    """Write a CSV with notes, two example rows among the notes, and the header.

    Parameters
    ----------
    path : str or Path
    stages : sequence of str
        Of the plan.

    Raises
    ------
    DataError
        If the file exists or cannot be written.
    """
    file, words = Path(path), labels()
    kinds = [f"{name} {words['position_kind'][name]['zh']}" for name in KINDS]
    rounds = [f"{k} {words['round'][k]['zh']}" if k in words["round"] else k for k in stages]
    last = stages[min(1, len(stages) - 1)]
    heads = [words["position_column"][name]["zh"] for name in COLUMNS]
    notes = [
        "Positions of a fund: one row an event below the header; lines like this are notes.",
        "基金持仓：表头下每行一笔；以#开头的行是说明。 " + " | ".join(heads),
        "kind: " + " | ".join(kinds),
        "stage: " + " | ".join(rounds),
        "share: held after the event (0.08 or 8%); amounts in million CNY; dates YYYY-MM-DD",
        "Two examples without their mark:",
        f"Example Robotics,{stages[0]},2025-05-20,investment,12,0.08,150,",
        f"Example Robotics,{last},2026-09-10,follow_on,6,0.075,400,",
    ]
    lines = [f"{NOTE_MARK} {note}" for note in notes] + [",".join([*COLUMNS, "note"])]
    try:
        with file.open("x", encoding="utf-8-sig", newline="") as out:
            out.write("\r\n".join(lines) + "\r\n")
    except FileExistsError:
        raise DataError("template", [Problem(str(file), "a file", "a name that is free")]) from None
    except OSError as error:
        given = error.strerror or str(error)
        raise DataError("template", [Problem(str(file), given, "a place to write")]) from None
    return file
