"""Read a CSV against its specification and say everything that is wrong with it."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.datasets.table_spec import ColumnSpec, TableSpec
from finmodel.errors import Problem, nearest_name

MAX_PROBLEMS = 200
_DATE = re.compile(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
_WHOLE = re.compile(r"^[+-]?\d+(\.0+)?$")

Known = Mapping[str, Collection[str]]


def check_file(
    path: Path, spec: TableSpec, known: Known | None = None
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read a table and check it.

    Parameters
    ----------
    path : Path
        A CSV file, gzipped if its name ends in ``.gz``; UTF-8.
    spec : TableSpec
    known : mapping, optional
        Valid ids for ``refers_to`` columns, by `source` and `province`.

    Returns
    -------
    frame : DataFrame or None
        Typed by the specification; empty numbers are NaN, empty texts ``""``. None if
        anything is wrong.
    problems : list of Problem
        Each with file, line and column; at most `MAX_PROBLEMS`, then one that counts the
        rest.
    """
    text, problem = _read_text(path)
    if text is None:
        return None, [problem] if problem else []
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or not any(rows[0]):
        return None, [Problem(str(path), "an empty file", f"a header: {', '.join(spec.names)}")]
    problems = _check_header(path, rows[0], spec)
    if problems:
        return None, problems
    body = rows[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(spec.names):
            problems.append(
                Problem(f"{path} row {number}", f"{len(row)} cells", f"{len(spec.names)} cells")
            )
    if not body:
        problems.append(Problem(str(path), "no rows", "at least one row below the header"))
    if problems:
        return None, _capped(problems, path)
    columns = {
        column.name: _check_column(path, column, [row[j] for row in body], known or {}, problems)
        for j, column in enumerate(spec.columns)
    }
    problems += _check_key(path, spec, body)
    return (None, _capped(problems, path)) if problems else (pd.DataFrame(columns), [])


def _read_text(path: Path) -> tuple[str | None, Problem | None]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return raw.decode("utf-8-sig"), None
    except FileNotFoundError:
        siblings = [item.name for item in path.parent.glob("*")] if path.parent.is_dir() else []
        near = nearest_name(path.name, siblings)
        return None, Problem(str(path), "no such file", "a file of the catalogue", near)
    except UnicodeDecodeError as error:
        found = f"byte {error.object[error.start]:#04x} at position {error.start}"
        return None, Problem(str(path), found, "UTF-8 text")
    except (gzip.BadGzipFile, EOFError) as error:
        return None, Problem(str(path), str(error), "a whole gzip file")
    except OSError as error:
        return None, Problem(str(path), error.strerror or str(error), "a readable file")


def _check_header(path: Path, header: list[str], spec: TableSpec) -> list[Problem]:
    place = f"{path} row 1"
    problems = [
        Problem(place, f"no column {name!r}", f"columns {', '.join(spec.names)}")
        for name in spec.names
        if name not in header
    ]
    problems += [
        Problem(
            place,
            f"unknown column {name!r}",
            f"columns {', '.join(spec.names)}",
            nearest_name(name, [item for item in spec.names if item not in header]),
        )
        for name in header
        if name not in spec.names
    ]
    if not problems and header != list(spec.names):
        problems.append(
            Problem(place, ", ".join(header), f"in this order: {', '.join(spec.names)}")
        )
    return problems


def _check_column(
    path: Path, spec: ColumnSpec, cells: list[str], known: Known, problems: list[Problem]
) -> object:
    for number, cell in enumerate(cells, start=2):
        allowed, near = _fault(spec, cell, known)
        if allowed:
            place = f"{path} row {number}, column {spec.name}"
            problems.append(Problem(place, repr(cell) if cell else "nothing", allowed, near))
    if problems:
        return cells
    if spec.kind in ("int", "flag") and spec.is_required:
        return np.array([int(float(cell)) for cell in cells], np.int64)
    if spec.kind in ("int", "float"):
        return np.array([float(cell) if cell else math.nan for cell in cells])
    return pd.array(cells, dtype="str")


def _fault(spec: ColumnSpec, cell: str, known: Known) -> tuple[str, str]:
    """Return what would be allowed and the nearest name, or two empty texts if fine."""
    if cell == "":
        return ("a value", "") if spec.is_required else ("", "")
    if spec.kind == "flag":
        return ("", "") if cell in ("0", "1") else ("0 or 1", "")
    if spec.kind == "date":
        return ("", "") if _DATE.match(cell) else ("a date YYYY-MM-DD", "")
    if spec.kind in ("int", "float"):
        allowed = _number_fault(spec, cell)
        if allowed:
            return allowed, ""
    if spec.options and cell not in spec.options:
        return f"one of {', '.join(spec.options)}", nearest_name(cell, spec.options)
    if spec.refers_to and spec.refers_to in known and cell not in known[spec.refers_to]:
        return f"a known {spec.refers_to}", nearest_name(cell, known[spec.refers_to])
    return "", ""


def _number_fault(spec: ColumnSpec, cell: str) -> str:
    try:
        number = float(cell)
    except ValueError:
        return "a number"
    if not math.isfinite(number):
        return "a finite number"
    if spec.kind == "int" and not _WHOLE.match(cell):
        return "a whole number"
    if not spec.low <= number <= spec.high:
        return f"a number in [{spec.low:g}, {spec.high:g}]"
    return ""


def _check_key(path: Path, spec: TableSpec, body: list[list[str]]) -> list[Problem]:
    if not spec.key:
        return []
    positions = [spec.names.index(name) for name in spec.key]
    first: dict[tuple[str, ...], int] = {}
    problems = []
    for number, row in enumerate(body, start=2):
        key = tuple(row[j] for j in positions)
        if key in first:
            place = f"{path} row {number}, column {' + '.join(spec.key)}"
            given = f"{' / '.join(key)} again, as in row {first[key]}"
            problems.append(Problem(place, given, "each key once"))
        first.setdefault(key, number)
    return problems


def _capped(problems: list[Problem], path: Path) -> list[Problem]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    more = Problem(str(path), f"{len(problems) - MAX_PROBLEMS} more problems", "none")
    return [*problems[:MAX_PROBLEMS], more]
