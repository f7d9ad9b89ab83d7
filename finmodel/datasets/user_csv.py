"""A user's CSV as rows of cells: encoding, separator, notes, header and size, all checked."""

from __future__ import annotations

import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from finmodel.errors import Problem, nearest_name

MAX_BYTES = 4_000_000
"""A file beyond this is no list of positions."""

MAX_ROWS = 20_000
NOTE_MARK = "#"
"""Lines above the header that start with it are notes."""

_SEPARATORS = (",", ";", "\t")
# A byte above ASCII between two Latin letters: one accented letter, not half a Chinese one.
_WESTERN = re.compile(rb"[A-Za-z][\xc0-\xff][a-z]")


@dataclass(frozen=True)
class Limits:
    """What a file may hold; the default is that of a list of positions.

    Attributes
    ----------
    n_bytes : int
        Size, unpacked.
    n_rows : int
        Rows below the header.
    """

    n_bytes: int = MAX_BYTES
    n_rows: int = MAX_ROWS


@dataclass(frozen=True)
class CsvLines:
    """The lines of a file that are neither empty nor notes above the header.

    Attributes
    ----------
    head : int
        Number of the header's line, as a spreadsheet counts.
    header : list of str
    body : list of (int, list of str)
        Number and cells of each row below; cells stripped.
    """

    head: int
    header: list[str]
    body: list[tuple[int, list[str]]]


@dataclass(frozen=True)
class CsvRow:
    """One row of cells below the header.

    Attributes
    ----------
    number : int
        As a spreadsheet counts, 1 for the first line of the file.
    cells : dict of str to str
        By column; stripped, ``""`` if empty.
    """

    number: int
    cells: dict[str, str]


def spelling(text: str) -> str:
    """Return a name as it is compared: full-width forms, case, blanks and hyphens set aside."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    return "_".join(plain.replace("-", " ").replace("_", " ").split())


def read_rows(
    path: Path, names: Mapping[str, str], required: tuple[str, ...], limits: Limits | None = None
) -> tuple[list[CsvRow], list[Problem]]:
    """Return the rows of a user's CSV below its header, and what is wrong with its form.

    Parameters
    ----------
    path : Path
        UTF-8 with or without byte order mark, or GBK; separated by commas, semicolons or tabs.
        Lines above the header that start with ``#`` are notes; empty lines are no rows.
    names : mapping of str to str
        Column by the :func:`spelling` of each header that is accepted for it.
    required : tuple of str
        Columns that the header must have.
    limits : Limits, optional
        By default those of a list of positions.
    """
    lines, problems = read_lines(path, required, limits or Limits())
    if lines is None:
        return [], problems
    columns, problems = _header(f"{path} row {lines.head}", lines.header, names, required)
    problems += too_many(path, lines, limits or Limits())
    if problems:
        return [], problems
    rows = []
    for number, cells in lines.body:
        place = f"{path} row {number}"
        if cells[0].startswith(NOTE_MARK):
            given = f"a line that starts with {cells[0][:20]!r}"
            problems.append(Problem(place, given, "notes above the header"))
            continue
        problems += [
            Problem(f"{place}, cell {j + 1}", repr(cell), "nothing: no column has a name there")
            for j, cell in enumerate(cells)
            if cell and j not in columns
        ]
        padded = [*cells, *[""] * len(lines.header)]
        rows.append(CsvRow(number, {name: padded[j] for j, name in columns.items()}))
    return rows, problems


def read_lines(
    path: Path, required: tuple[str, ...], limits: Limits
) -> tuple[CsvLines | None, list[Problem]]:
    """Return the lines of a CSV, gzipped or not, or what is wrong with the file."""
    text, problem = _text_of(path, limits)
    if problem is not None:
        return None, [problem]
    reader = csv.reader(io.StringIO(text, ""), _Dialect(text))
    try:
        lines = list(enumerate(reader, start=1))
    except csv.Error as error:
        place = f"{path} line {reader.line_num}"
        return None, [Problem(place, str(error), "cells whose quotation marks are closed")]
    table = [(n, [cell.strip() for cell in row]) for n, row in lines]
    table = [(n, row) for n, row in table if any(row)]
    while table and table[0][1][0].startswith(NOTE_MARK):
        table.pop(0)
    if not table:
        allowed = f"a header: {', '.join(required)}"
        return None, [Problem(str(path), "a file without header", allowed)]
    (head, header), *body = table
    return CsvLines(head, header, body), []


def too_many(path: Path, lines: CsvLines, limits: Limits) -> list[Problem]:
    """Return a problem if a file has more rows than it may."""
    if len(lines.body) <= limits.n_rows:
        return []
    return [Problem(str(path), f"{len(lines.body)} rows", f"at most {limits.n_rows}")]


class _Dialect(csv.Dialect):
    """Commas, semicolons or tabs: what the first line that is no note has most of."""

    quotechar = '"'
    doublequote = True
    skipinitialspace = True
    lineterminator = "\n"
    quoting = csv.QUOTE_MINIMAL
    strict = True

    def __init__(self, text: str) -> None:
        first = next(_lines_without_notes(text), "")
        self.delimiter = max(_SEPARATORS, key=first.count)
        super().__init__()


def _lines_without_notes(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and not line.lstrip(' "').startswith(NOTE_MARK):
            yield line


def _text_of(path: Path, limits: Limits) -> tuple[str, Problem | None]:
    """Return the text of a file, or what is wrong with it."""
    raw, problem = _bytes_of(path, limits)
    place = str(path)
    if problem is not None:
        return "", problem
    if raw.startswith(b"PK"):
        return "", Problem(place, "a workbook", "CSV: save the sheet as 'CSV UTF-8'")
    if b"\x00" in raw:
        return "", Problem(place, "UTF-16 or binary content", "UTF-8 or GBK text")
    for encoding in ("utf-8-sig", "gbk"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            found = f"byte {raw[error.start]:#04x} at position {error.start}"
            continue
        western = _WESTERN.search(raw) if encoding == "gbk" else None
        if western is None:
            return text, None
        found = f"Western letters (Latin-1) at position {western.start()}"
    return "", Problem(place, found, "UTF-8 or GBK text")


def _bytes_of(path: Path, limits: Limits) -> tuple[bytes, Problem | None]:
    place = str(path)
    try:
        size = path.stat().st_size
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                raw = packed.read(limits.n_bytes + 1)
            size = len(raw)
        elif size <= limits.n_bytes:
            raw = path.read_bytes()
    except FileNotFoundError:
        siblings = [item.name for item in path.parent.glob("*")] if path.parent.is_dir() else []
        return b"", Problem(place, "no such file", "a CSV file", nearest_name(path.name, siblings))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return b"", Problem(place, str(error), "a whole gzip file")
    except OSError as error:
        return b"", Problem(place, error.strerror or str(error), "a readable file")
    if size > limits.n_bytes:
        given = f"{size:,} bytes" if path.suffix != ".gz" else "more when unpacked"
        return b"", Problem(place, given, f"at most {limits.n_bytes:,} bytes")
    return raw, None


def _header(
    place: str, header: list[str], names: Mapping[str, str], required: tuple[str, ...]
) -> tuple[dict[int, str], list[Problem]]:
    """Return columns by position, and what is wrong with the header."""
    columns: dict[int, str] = {}
    problems = []
    allowed = f"columns {', '.join(dict.fromkeys(names.values()))}"
    for j, text in enumerate(header):
        name = names.get(spelling(text))
        if not text:
            continue
        if name is None:
            near = names.get(nearest_name(spelling(text), names), "")
            problems.append(Problem(place, f"unknown column {text!r}", allowed, near))
        elif name in columns.values():
            problems.append(Problem(place, f"column {name} again as {text!r}", "each column once"))
        else:
            columns[j] = name
    missing = [name for name in required if name not in columns.values()]
    problems += [Problem(place, f"no column {name!r}", allowed) for name in missing]
    return columns, problems
