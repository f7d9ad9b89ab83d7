"""A user's yearly table of commitments to funds: read whole, or refused with every problem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records.report import write_new
from finmodel.datasets.user_csv import NOTE_MARK, CsvRow, read_rows, spelling
from finmodel.errors import DataError, Problem, nearest_name

REQUIRED = ("year", "commitments_mcny")
COLUMNS = (*REQUIRED, "lp_class", "past_return_pa", "market")
HEADERS = {
    "year": ("年份", "年"),
    "commitments_mcny": ("认缴额_百万元", "认缴额（百万元）", "认缴额"),
    "lp_class": ("出资人类别", "出资人"),
    "past_return_pa": ("过往年回报", "过往回报"),
    "market": ("市场因子",),
}
"""Chinese headers accepted for each column."""
RANGES = {
    "year": (1980.0, 2035.0, "a year from 1980 to 2035"),
    "commitments_mcny": (1e-9, 1e9, "million CNY above 0, constant prices, or empty"),
    "past_return_pa": (-1.0, 5.0, "a rate per annum as 0.12, or empty"),
    "market": (-50.0, 50.0, "the log of a market index, or empty"),
}
_TO_MODEL = {"past_return_pa": "past_return"}


def read_commitments(path: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """Read the yearly table that the supply of LPs is estimated from.

    Parameters
    ----------
    path : Path
        CSV with the columns of :func:`write_commitments_template`, under English or Chinese
        headers.
    classes : tuple of str
        Names of LP classes that a scenario has.

    Returns
    -------
    DataFrame
        `year`, `commitments_mcny` (NaN if empty), `past_return` (per annum), `market` (a log), each
        NaN if empty; `lp_class` if any row has one.

    Raises
    ------
    DataError
        With every problem, each with its row.
    """
    names = {
        spelling(word): column for column in COLUMNS for word in (column, *HEADERS.get(column, ()))
    }
    rows, problems = read_rows(Path(path), names, REQUIRED)
    cells = [_cells(row, path, classes, problems) for row in rows]
    if not problems and not rows:
        problems.append(Problem(str(path), "no rows", "one row a year, and class if told"))
    has_class = [bool(row.cells.get("lp_class")) for row in rows]
    if any(has_class) and not all(has_class):
        empty = [str(row.number) for row, told in zip(rows, has_class, strict=True) if not told]
        given = f"empty in rows {', '.join(empty[:10])}"
        problems.append(Problem(f"{path}: lp_class", given, "a class in every row, or in none"))
    if problems:
        raise DataError("commitments", problems)
    table = pd.DataFrame(cells, columns=list(COLUMNS)).rename(columns=_TO_MODEL)
    if not any(has_class):
        table = table.drop(columns="lp_class")
    return table.astype({"year": np.int64})


def _cells(
    row: CsvRow, path: Path, classes: tuple[str, ...], problems: list[Problem]
) -> dict[str, object]:
    """Return a row's values; note what is wrong."""
    found: dict[str, object] = {}
    for column in COLUMNS:
        text = row.cells.get(column, "")
        place = f"{path} row {row.number}: {column}"
        if column == "lp_class":
            if text and text not in classes:
                near = nearest_name(text, classes)
                problems.append(Problem(place, repr(text), ", ".join(classes), near))
            found[column] = text
            continue
        low, high, allowed = RANGES[column]
        value = _number(text)
        is_empty = not text and column != "year"
        if not is_empty and not (low <= value <= high and (column != "year" or value % 1 == 0)):
            problems.append(Problem(place, repr(text), allowed))
        found[column] = value
    return found


def _number(text: str) -> float:
    """Return a number, commas between thousands and % allowed for; NaN if it is none."""
    plain = text.replace(",", "").replace("，", "")
    scale = 1.0
    if plain.endswith(("%", "％")):
        plain, scale = plain[:-1], 0.01
    try:
        return float(plain) * scale
    except ValueError:
        return float("nan")


def write_commitments_template(path: str | Path) -> Path:
    """Write an empty table of commitments, with notes that say what it holds.

    Raises
    ------
    DataError
        If the file exists or cannot be written.
    """
    file = Path(path)
    notes = [
        "Commitments of LPs to new funds: one row a year, or a year and class of LPs.",
        "出资人对新基金的认缴额：每年一行，或每年每类出资人一行；以#开头的行是说明。",
        " | ".join(f"{name} {HEADERS[name][0]}" for name in COLUMNS),
        "commitments_mcny: million CNY at the scenario's constant prices.",
        "lp_class: private corporate state, in every row or in none (then all get one slope).",
        "past_return_pa: yearly net return of funds that investors knew when they committed.",
        "market: log of the market factor (an index of prices), the same for all classes.",
        "At least one of past_return_pa and market; the same in every row of a year.",
        "An example without its mark:",
        "2021,182000,private,0.14,0.21",
    ]
    lines = [f"{NOTE_MARK} {note}" for note in notes] + [",".join(COLUMNS)]
    write_new(file, "\r\n".join(lines) + "\r\n")
    return file
