"""Checked access to the tables: each is read once and handed out as a copy."""

from __future__ import annotations

from functools import cache
from typing import Literal

import pandas as pd

from finmodel.datasets.checks import Known, check_file
from finmodel.datasets.root import data_root, file_checksum
from finmodel.datasets.specs import TABLES
from finmodel.datasets.table_spec import ColumnSpec, TableSpec
from finmodel.errors import DataError, Problem, nearest_name

CATALOGUE = TableSpec(
    "catalogue.csv",
    (
        ColumnSpec("file"),
        ColumnSpec("title"),
        ColumnSpec("source"),
        ColumnSpec("licence"),
        ColumnSpec("retrieved"),
        ColumnSpec("unit"),
        ColumnSpec("grade"),
        ColumnSpec("rows", "int", low=0),
        ColumnSpec("sha256"),
    ),
    ("file",),
)
# Worst last: when two sources give one figure, the earlier reliability wins.
_RELIABILITY = ("A", "A-", "B+", "B", "B-", "C+", "C", "C-", "D", "DATA", "P1", "P2", "P3", "-")


def catalogue() -> pd.DataFrame:
    """Return one row a data file: title, source, licence, retrieved, unit, grade, checksum."""
    return _catalogue().copy()


@cache
def _catalogue() -> pd.DataFrame:
    frame, problems = check_file(data_root() / CATALOGUE.file, CATALOGUE)
    if frame is None:
        raise DataError("data catalogue", problems)
    return frame


def checksums() -> dict[str, str]:
    """Return the SHA-256 of each data file as the catalogue states it."""
    return dict(zip(_catalogue()["file"], _catalogue()["sha256"], strict=True))


def read_table(name: str) -> pd.DataFrame:
    """Return a table, checked, with the grade and reliability of each row's source.

    Parameters
    ----------
    name : str
        A key of `TABLES`, such as ``provinces/vc_market``.

    Returns
    -------
    DataFrame
        Columns of the specification; tables with a `source_id` gain `grade` and
        `reliability`. Empty numbers are NaN, empty texts ``""``.

    Raises
    ------
    DataError
        With every failure: file, row, column, the value given and what is allowed.
    """
    if name not in TABLES:
        problem = Problem(name, "no such table", ", ".join(TABLES), nearest_name(name, TABLES))
        raise DataError("data table", [problem])
    return _table(name).copy()


@cache
def _table(name: str) -> pd.DataFrame:
    spec = TABLES[name]
    frame, problems = check_file(data_root() / spec.file, spec, _known(name))
    problems += _check_checksum(spec)
    if frame is None or problems:
        raise DataError(f"data table {name}", problems)
    if "source_id" in spec.names and name != "sources":
        grades = _table("sources").set_index("source_id")[["grade", "reliability"]]
        frame = frame.join(grades, on="source_id")
    return frame


def _known(name: str) -> Known:
    if name in ("sources", "provinces/provinces"):
        return {}
    return {
        "source": set(_table("sources")["source_id"]),
        "province": {str(code) for code in _table("provinces/provinces")["province"]},
    }


def _check_checksum(spec: TableSpec) -> list[Problem]:
    path = data_root() / spec.file
    stated = checksums().get(spec.file)
    if stated is None:
        return [Problem(str(path), "not in data/catalogue.csv", "every table in the catalogue")]
    if path.is_file() and file_checksum(path) != stated:
        allowed = f"sha256 {stated[:12]}... as in data/catalogue.csv"
        return [Problem(str(path), f"sha256 {file_checksum(path)[:12]}...", allowed)]
    return []


def check_all() -> list[Problem]:
    """Return every problem of every table, and files the catalogue does not know."""
    problems: list[Problem] = []
    for name, spec in TABLES.items():
        frame, found = check_file(data_root() / spec.file, spec, _known(name))
        problems += found + _check_checksum(spec)
        stated = _catalogue().set_index("file")["rows"].get(spec.file)
        if frame is not None and stated is not None and len(frame) != stated:
            place = str(data_root() / spec.file)
            problems.append(Problem(place, f"{len(frame)} rows", f"{stated} as in the catalogue"))
    listed = {*checksums(), CATALOGUE.file}
    for path in sorted(data_root().rglob("*")):
        relative = path.relative_to(data_root()).as_posix()
        if path.is_file() and relative not in listed:
            problems.append(
                Problem(str(path), "not in data/catalogue.csv", "catalogued files only")
            )
    return problems


def sources() -> pd.DataFrame:
    """Return every source: id, title, publisher, grade, reliability."""
    return read_table("sources")


def provinces() -> pd.DataFrame:
    """Return the 34 divisions, indexed by two-digit code."""
    return _table("provinces/provinces").set_index("province")


@cache
def _indicators() -> pd.DataFrame:
    """Return the panel with one row a province, year and indicator: the most reliable."""
    panel = _table("provinces/panel")
    first_word = panel["reliability"].str.split(r"[ ,(]", regex=True).str[0]
    rank = first_word.map({letter: place for place, letter in enumerate(_RELIABILITY)})
    ordered = panel.assign(rank=rank.fillna(len(_RELIABILITY))).sort_values("rank", kind="stable")
    return ordered.drop_duplicates(["province", "year", "indicator"]).drop(columns="rank")


def province_indicator(indicator: str, year: int) -> pd.Series[float]:
    """Return an indicator of one year by province code; provinces without it are absent.

    Where several sources give the figure, the most reliable one stands.

    Raises
    ------
    DataError
        If the indicator or the year is unknown.
    """
    panel = _indicators()
    rows = panel[panel["indicator"] == indicator]
    if rows.empty:
        names = sorted(panel["indicator"].unique())
        near = nearest_name(indicator, names)
        problem = Problem("provinces/panel", repr(indicator), f"one of {', '.join(names)}", near)
        raise DataError("province indicator", [problem])
    of_year = rows[rows["year"] == year]
    if of_year.empty:
        years = ", ".join(str(item) for item in sorted(rows["year"].unique()))
        problem = Problem(f"provinces/panel {indicator}", f"year {year}", f"one of {years}")
        raise DataError("province indicator", [problem])
    return of_year.set_index("province")["value"].sort_index()


def province_indicator_table() -> pd.DataFrame:
    """Return the indicators: unit, first and last year, sources and worst grade."""
    panel = _table("provinces/panel")
    grouped = panel.groupby("indicator", sort=True)
    return grouped.agg(
        unit=("unit", "first"),
        first_year=("year", "min"),
        last_year=("year", "max"),
        sources=("source_id", lambda ids: ";".join(sorted(set(ids)))),
        grades=("grade", lambda grades: ";".join(sorted(set(grades)))),
    ).reset_index()


def deals(table: Literal["companies", "rounds", "acquisitions"]) -> pd.DataFrame:
    """Return a table of the CC-BY deal file (United States, Crunchbase, October 2013)."""
    return read_table(f"deals/{table}")
