"""A visitor's record of a fund held against a stored plan: read as the command line reads it."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath

import pandas as pd
from pydantic import ValidationError

from finmodel.errors import InputError, Problem
from finmodel.report.problem_words import problem_words
from finmodel.report.wording import Wording
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.study.fund_positions import read_record, run_from_here
from finmodel.ui.results import Stored
from finmodel.variables import Language

MOST_BYTES = 1_000_000
MOST_TAKEN_MB = 20
"""What the widget takes, so that what is too large for us is refused in the page's language."""
SUFFIX = ".csv"
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".et")
_OLD_WORKBOOK = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK"
MOST_LETTERS = 40
"""Of a day, which has ten, or of a kind of file as it is told."""
FUTURES = 400
"""Simulated for the preview: a few seconds."""
NAME = "positions.csv"


@dataclass(frozen=True)
class Refused:
    """Why a record was not taken.

    Attributes
    ----------
    problems : tuple of Problem
        With every row and column; places name the file as uploaded.
    """

    problems: tuple[Problem, ...]


def readable_plan(stored: Stored) -> FundPlan | None:
    """Return the plan that a stored result was made from; None if this version cannot read it."""
    try:
        return FundPlan.model_validate(stored.manifest.get("plan"))
    except ValidationError:
        return None


def refused_file(name: str, size: int, head: bytes, words: Wording) -> str:
    """Return why a file is not read at all: its size or its kind; nothing if it is.

    Parameters
    ----------
    name : str
        As the visitor calls it.
    size : int
        In bytes.
    head : bytes
        Its first bytes.
    words : Wording
    """
    kind = PurePath(name).suffix.lower()
    is_renamed = kind == SUFFIX and head.startswith((_ZIP, _OLD_WORKBOOK))
    if kind in WORKBOOKS or is_renamed:
        return words.text("my_fund_upload", "workbook")
    if kind != SUFFIX:
        key = "other_kind" if kind else "no_kind"
        return words.text("my_fund_upload", key, kind=kind[:MOST_LETTERS])
    if size > MOST_BYTES:
        megabytes = math.ceil(size / 1e4) / 100
        return words.text("my_fund_upload", "size", mb=f"{megabytes:,.4g}")
    return ""


def stand(
    plan: FundPlan, content: bytes, *, name: str, as_of: str, first_closing: str, seed: int
) -> dict[str, pd.DataFrame] | Refused:
    """Return the tables of a fund with a record, or everything that is wrong with the record.

    Parameters
    ----------
    plan : FundPlan
        With outcomes of a law.
    content : bytes
        Of the file, at most `MOST_BYTES`. It lies in a temporary folder while it is read.
    name : str
        Of the file as the visitor calls it, for messages alone.
    as_of, first_closing : str
        As `--as-of` and `--first-closing`.
    seed : int
    """
    with tempfile.TemporaryDirectory(prefix="finmodel-") as folder:
        file = Path(folder) / NAME
        file.write_bytes(content[:MOST_BYTES])
        try:
            record = read_record(plan, "", file, as_of=as_of, first_closing=first_closing)
            return run_from_here(plan, "", record, paths=FUTURES, seed=seed).tables
        except InputError as error:
            return Refused(tuple(_renamed(item, file, name) for item in error.problems))


def _renamed(problem: Problem, file: Path, name: str) -> Problem:
    place = problem.place.replace(str(file), name)
    return Problem(place, problem.given, problem.allowed, problem.nearest)


def problems_table(
    refused: Refused, heads: tuple[str, str, str, str], language: Language
) -> pd.DataFrame:
    """Return what is wrong, a row a problem, with headings for place, given, allowed, nearest."""
    told = [problem_words(problem, language) for problem in refused.problems]
    rows = [(item.place, item.given, item.allowed, item.nearest) for item in told]
    return pd.DataFrame(rows, columns=list(heads))
