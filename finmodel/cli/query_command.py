"""`finmodel query`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from finmodel.cli.output import emit_json, records
from finmodel.errors import InputError, Problem
from finmodel.store.query import broken_folders, query, result_folders, tables

KINDS = (
    "runs",
    "batches",
    "comparisons",
    "decompositions",
    "evaluations",
    "validations",
    "funds",
    "fits",
    "sensitivities",
    "allocations",
)
"""Folders of results that commands make by default."""
MOST_ROWS = 50
"""Rows of an answer on the screen; JSON and CSV have all."""


def query_and_show(
    sql: str, *, roots: Sequence[Path] | None, csv: Path | None, as_json: bool
) -> None:
    """Answer a question and print the rows; see `finmodel query --help`."""
    places = list(roots) if roots else [Path(name) for name in KINDS if Path(name).is_dir()]
    _check(places, roots, csv)
    frame = query(sql, places) if sql else tables(places)
    for folder in broken_folders(places):
        Console(stderr=True, soft_wrap=True, highlight=False).print(
            f"Left out: {folder}, whose files do not match its manifest.", markup=False
        )
    if csv is not None:
        try:
            frame.to_csv(csv, index=False, mode="x")
        except FileExistsError:
            problem = Problem("--csv", f"{csv}, which exists", "a new name")
            raise InputError("query", [problem]) from None
        except OSError as error:
            problem = Problem("--csv", f"{csv}: {error.strerror}", "a file that can be written")
            raise InputError("query", [problem]) from None
    if as_json:
        emit_json(records(frame))
        return
    console = Console(highlight=False)
    console.print(_view(frame))
    if len(frame) > MOST_ROWS:
        console.print(f"{MOST_ROWS} of {len(frame):,} rows; --csv FILE or --json have all.")


def _check(places: Sequence[Path], roots: Sequence[Path] | None, csv: Path | None) -> None:
    problems = [
        Problem("--root", str(root), "a folder of results")
        for root in roots or ()
        if not root.is_dir()
    ]
    if not problems and not any(result_folders([place]) for place in places):
        given = ", ".join(map(str, places)) or "none of the usual folders here"
        allowed = f"a folder with results, as {', '.join(KINDS[:3])}"
        problems.append(Problem("--root", given, allowed))
    if csv is not None and csv.suffix != ".csv":
        problems.append(Problem("--csv", str(csv), "the name of a .csv file"))
    if problems:
        raise InputError("query", problems)


def _view(frame: pd.DataFrame) -> Table:
    view = Table(header_style="bold")
    numeric = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns}
    for name in frame.columns:
        view.add_column(str(name), justify="right" if numeric[name] else "left", overflow="fold")
    for row in frame.head(MOST_ROWS).itertuples(index=False):
        view.add_row(*(_cell(value) for value in row))
    return view


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, float):
        return "" if value != value else f"{value:,.6g}"
    return "" if value is None else escape(str(value))
