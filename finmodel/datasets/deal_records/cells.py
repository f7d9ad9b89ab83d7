"""The cells of a deal file as a table of texts, with rows that have no shape set aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.user_csv import (
    NOTE_MARK,
    CsvLines,
    Limits,
    read_lines,
    spelling,
    too_many,
)
from finmodel.errors import Problem, nearest_name

LIMITS = Limits(n_bytes=400_000_000, n_rows=2_000_000)
"""Larger files are no list of deals that one machine should read at once."""

UNITS = {"unit": "amount", "exit_unit": "exit_value"}
"""Columns of what the header of a column of money has in brackets, and that column."""

_FEW = 20
_UNIT = re.compile(r"([^()]+)\(([^()]+)\)")


def read_cells(
    path: Path,
    names: Mapping[str, str],
    required: tuple[str, ...],
    ledger: Ledger,
    *,
    takes_first: bool = False,
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Return a file's cells by column, or what makes it unusable.

    Parameters
    ----------
    path : Path
        CSV as :func:`finmodel.datasets.user_csv.read_lines` takes it.
    names : mapping of str to str
        Column by the spelling of each header accepted; all of them are columns of the result,
        filled with ``""`` if the file lacks them. Other headers are listed as ignored.
    required : tuple of str
        Columns the file must have.
    ledger : Ledger
        Told the rows read and those set aside.
    takes_first : bool
        Of several headers for one column take the one that `names` has first, and ignore the
        others; otherwise they are refused.

    Returns
    -------
    cells : DataFrame or None
        `file`, `row` and one text column a name; and the columns of `UNITS`.
    problems : list of Problem
    """
    lines, problems = read_lines(path, required, LIMITS)
    if lines is None:
        return None, problems
    place = f"{path} row {lines.head}"
    header = _preferred(lines.header, names) if takes_first else lines.header
    columns, ignored, problems = _columns(place, header, names, required)
    ignored += [text for text in lines.header if text and text not in header]
    problems += too_many(path, lines, LIMITS) + _second_tables(path, lines, names)
    if not lines.body:
        problems.append(Problem(str(path), "no rows", "at least one row below the header"))
    if problems:
        return None, problems
    ledger.read(path.name, len(lines.body), ignored)
    return _table(path.name, lines, columns, names, ledger), []


def _preferred(header: list[str], names: Mapping[str, str]) -> list[str]:
    """Return the header with ``""`` for headers that a better one of their column is beside."""
    order = list(names)
    best: dict[str, str] = {}
    for key in sorted({spelling(text) for text in header} & set(names), key=order.index):
        best.setdefault(names[key], key)
    return [
        "" if best.get(names.get(key := spelling(text), ""), key) != key else text
        for text in header
    ]


def _columns(
    place: str, header: list[str], names: Mapping[str, str], required: tuple[str, ...]
) -> tuple[dict[int, str], list[str], list[Problem]]:
    """Return columns by position, headers ignored, and what is wrong with the header."""
    columns: dict[int, str] = {}
    ignored, problems = [], []
    for j, text in enumerate(header):
        name = names.get(spelling(_split_unit(text)[0])) or names.get(spelling(text))
        if name is None:
            ignored += [text] if text else []
        elif name in columns.values():
            problems.append(Problem(place, f"column {name} again as {text!r}", "each column once"))
        else:
            columns[j] = name
    for name in required:
        if name not in columns.values():
            own = [key for key, value in names.items() if value == name]
            near = next((text for text in ignored if nearest_name(spelling(text), own)), "")
            given = f"no column {name!r}"
            problems.append(Problem(place, given, f"one of {', '.join(own)}", near))
    return columns, ignored, problems


def _split_unit(text: str) -> tuple[str, str]:
    """Return a header and the unit in brackets behind it, as in ``amount (million CNY)``."""
    match = _UNIT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return (match[1].strip(), match[2].strip()) if match else (text, "")


def _second_tables(path: Path, lines: CsvLines, names: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each later row that is a header, but another one."""
    found = []
    for number, cells in lines.body:
        if cells[0] and _is_header(cells, names) and cells != lines.header:
            given = f"another header: {', '.join(cells)[:60]}"
            found.append(Problem(f"{path} row {number}", given, "one table in a file"))
    return found[:_FEW]


def _is_header(cells: list[str], names: Mapping[str, str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and all(spelling(cell) in names for cell in filled[:3])


def _table(
    file: str,
    lines: CsvLines,
    columns: Mapping[int, str],
    names: Mapping[str, str],
    ledger: Ledger,
) -> pd.DataFrame:
    width = len(lines.header)
    good, strange = [], []
    for number, cells in lines.body:
        is_short = len(cells) < width or not any(cells[1:])
        if cells[0].startswith(NOTE_MARK) and is_short:
            strange.append((number, "note_below", cells[0]))
        elif any(cells[width:]):
            strange.append((number, "too_many_cells", ", ".join(cells)))
        elif cells == lines.header:
            strange.append((number, "repeated_header", ", ".join(cells)))
        else:
            good.append((number, [*cells, *[""] * (width - len(cells))]))
    table = pd.DataFrame({"row": [number for number, _ in good]}, dtype="int64")
    for j, name in columns.items():
        table[name] = pd.array([cells[j] for _, cells in good], dtype="str")
    for name in dict.fromkeys(names.values()):
        if name not in table:
            table[name] = pd.array([""] * len(good), dtype="str")
    table.insert(0, "file", file)
    places = {name: j for j, name in columns.items()}
    for unit, name in UNITS.items():
        table[unit] = _split_unit(lines.header[places[name]])[1] if name in places else ""
    for reason in ("note_below", "too_many_cells", "repeated_header"):
        rows = [(number, given) for number, why, given in strange if why == reason]
        odd = pd.DataFrame(rows, columns=["row", "line"]).assign(file=file)
        ledger.set_aside(odd, pd.Series(True, odd.index), reason=reason, column="line")
    return table
