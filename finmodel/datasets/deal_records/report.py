"""What became of every row: kept, set aside or altered, and why.

Rows read = rows kept + rows set aside, by file; :meth:`Ledger.close` counts both sides apart and
fails if they differ.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from finmodel.errors import DataError, InvariantError, Problem
from finmodel.variables import labels

SET_ASIDE, ALTERED = "set_aside", "altered"
ENTRY_COLUMNS = ("file", "row", "column", "outcome", "reason", "given")
FILE_COLUMNS = ("file", "read", "kept", "set_aside", "altered", "ignored_columns")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 80
_SHOWN = {"label": "round", "given_status": "status", "given_founded": "founded"}


@dataclass(frozen=True)
class ReadReport:
    """What became of the rows of the files read.

    Attributes
    ----------
    files : DataFrame
        One row a file: `file`, rows `read`, `kept`, `set_aside`, `altered` (kept, but with a cell
        that was not taken as given), and `ignored_columns` joined by ``; ``.
    entries : DataFrame
        One row for each row set aside and each cell altered: `file`, `row` (as a spreadsheet
        counts, the header being 1), `column`, `outcome` (``set_aside`` or ``altered``), `reason`
        (a code), `given` (the cell, at most 80 characters).
    """

    files: pd.DataFrame
    entries: pd.DataFrame

    @property
    def n_read(self) -> int:
        """Rows read."""
        return int(self.files["read"].sum())

    @property
    def n_kept(self) -> int:
        """Rows kept."""
        return int(self.files["kept"].sum())

    @property
    def n_set_aside(self) -> int:
        """Rows set aside."""
        return int(self.files["set_aside"].sum())

    def counts(self, language: Literal["en", "zh"] = "en") -> pd.DataFrame:
        """Return the reasons: `outcome`, `reason`, `meaning`, `rows`, and a first example.

        Rows set aside come first, then the more frequent reasons.
        """
        words = labels()["deal_reason"]
        grouped = self.entries.groupby(["outcome", "reason"], sort=True)
        table = grouped.agg(
            rows=("row", "size"),
            file=("file", "first"),
            row=("row", "first"),
            column=("column", "first"),
            given=("given", "first"),
        ).reset_index()
        table.insert(2, "meaning", [words[reason][language] for reason in table["reason"]])
        order = np.lexsort((table["reason"], -table["rows"], table["outcome"] != SET_ASIDE))
        return table.iloc[order].reset_index(drop=True)

    def to_csv(self, path: str | Path) -> Path:
        """Save the entries as CSV that a spreadsheet shows and never computes.

        Cells that begin as a formula would (``=``, ``+``, ``-``, ``@``, a tab) get a leading
        apostrophe.

        Raises
        ------
        DataError
            If the file exists or cannot be written.
        """
        file, text = Path(path), io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(ENTRY_COLUMNS)
        for entry in self.entries.itertuples(index=False):
            writer.writerow([harmless(str(cell)) for cell in entry])
        write_new(file, text.getvalue())
        return file


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_RISKY) else cell


def write_new(file: Path, text: str) -> None:
    """Write a text to a file that must not exist, UTF-8 with a byte order mark.

    Raises
    ------
    DataError
    """
    try:
        with file.open("x", encoding="utf-8-sig", newline="") as out:
            out.write(text)
    except FileExistsError:
        raise DataError("file", [Problem(str(file), "a file", "a name that is free")]) from None
    except OSError as error:
        given = error.strerror or str(error)
        raise DataError("file", [Problem(str(file), given, "a place to write")]) from None


@dataclass
class Ledger:
    """Collects what becomes of rows while they are read; tables carry `file` and `row`."""

    _read: dict[str, int] = field(default_factory=dict)
    _ignored: dict[str, str] = field(default_factory=dict)
    _entries: list[pd.DataFrame] = field(default_factory=list)

    def read(self, file: str, n_rows: int, ignored: Sequence[str] = ()) -> None:
        """Note a file, its rows below the header, and the columns that nothing is taken from."""
        self._read[file] = n_rows
        self._ignored[file] = "; ".join(ignored)

    def set_aside(
        self, table: pd.DataFrame, is_bad: pd.Series[bool], *, reason: str, column: str
    ) -> pd.DataFrame:
        """Note the rows that are set aside and return the others."""
        self._note(table[is_bad], SET_ASIDE, reason, column)
        return table[~is_bad]

    def altered(
        self, table: pd.DataFrame, is_changed: pd.Series[bool], *, reason: str, column: str
    ) -> None:
        """Note rows that are kept with a cell not taken as given."""
        self._note(table[is_changed], ALTERED, reason, column)

    def _note(self, rows: pd.DataFrame, outcome: str, reason: str, column: str) -> None:
        if rows.empty:
            return
        given = rows[column].astype("str").str.slice(0, _LONGEST) if column in rows else ""
        entry = rows[["file", "row"]].assign(
            column=_SHOWN.get(column, column), outcome=outcome, reason=reason, given=given
        )
        self._entries.append(entry[list(ENTRY_COLUMNS)])

    def entries(self) -> pd.DataFrame:
        """Return the entries so far, by file and row."""
        if not self._entries:
            return pd.DataFrame({name: pd.Series(dtype="str") for name in ENTRY_COLUMNS}).astype(
                {"row": np.int64}
            )
        joined = pd.concat(self._entries, ignore_index=True)
        joined["given"] = joined["given"].fillna("")
        return joined.sort_values(["file", "row"], kind="stable", ignore_index=True)

    def close(self, kept: Sequence[pd.DataFrame]) -> ReadReport:
        """Return the report.

        Parameters
        ----------
        kept : sequence of DataFrame
            Every table that rows ended in, each with `file` and `row`.

        Raises
        ------
        InvariantError
            If a row is in no table and was not set aside, or is in both.
        """
        entries = self.entries()
        places = [frame[["file", "row"]] for frame in kept]
        held = pd.concat(places, ignore_index=True).drop_duplicates()
        aside = entries.loc[entries["outcome"] == SET_ASIDE, ["file", "row"]]
        if aside.duplicated().any() or len(pd.concat([held, aside]).drop_duplicates()) != len(
            held
        ) + len(aside):
            raise InvariantError("a row of a deal file was counted twice")
        n_held, n_aside = held["file"].value_counts(), aside["file"].value_counts()
        changed = entries[entries["outcome"] == ALTERED].drop_duplicates(["file", "row"])
        n_changed = changed["file"].value_counts()
        rows = []
        for file, n_read in self._read.items():
            n_kept, n_out = int(n_held.get(file, 0)), int(n_aside.get(file, 0))
            if n_read != n_kept + n_out:
                given = f"{n_read} rows read, {n_kept} kept, {n_out} set aside"
                raise InvariantError(f"rows of {file} are unaccounted for: {given}")
            rows.append(
                (file, n_read, n_kept, n_out, int(n_changed.get(file, 0)), self._ignored[file])
            )
        return ReadReport(pd.DataFrame(rows, columns=list(FILE_COLUMNS)), entries)
