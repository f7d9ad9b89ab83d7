"""A result as an Excel workbook: what it is, inputs, results, intervals, sources; no formulas."""

from __future__ import annotations

import io
import math
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import xlsxwriter

from finmodel.report.changes import preview_warning
from finmodel.report.exports import safe_text
from finmodel.report.memo import title_of
from finmodel.report.note_words import note_words
from finmodel.report.number_names import number_name
from finmodel.report.private_money import cautions
from finmodel.report.result import LETTER, Result, inputs_of
from finmodel.report.source_words import sources_named
from finmodel.report.wording import Wording
from finmodel.report.workbook_rows import result_rows

SHEETS = ("s_readme", "s_inputs", "s_results", "s_intervals", "s_sources")
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Nothing that stands in a cell is run, followed or read as something else."""
WIDEST = 70


def workbook_bytes(result: Result, wording: Wording) -> bytes:
    """Return a result as a workbook.

    Parameters
    ----------
    result : Result
        A run or a comparison.
    wording : Wording
        Language and unit of money.

    Raises
    ------
    InputError
        If it is neither.
    """
    words = result.named(wording)
    rows, inputs = result_rows(result, words), inputs_of(result)
    has_interval = rows["q05"].notna() & rows["q95"].notna()
    what = ["table", "group", "measure", "column"]
    results = rows[[*what, "value", "se"]]
    if result.kind == "comparison":
        told = [words.is_told(v, e) for v, e in zip(rows["value"], rows["se"], strict=True)]
        results = results.assign(told=[words.text("workbook", "yes" if t else "no") for t in told])
    frames = (
        _inputs(inputs, words),
        results.assign(units=rows["unit"]),
        rows.loc[has_interval, [*what, "q05", "q50", "q95", "unit"]],
        sources_named(inputs, words).assign(
            grade=lambda t: [_graded(grade) for grade in t["grade"]]
        )[["source_id", "title", "publisher", "year", "grade", "numbers", "url", "licence"]],
    )
    heads = (
        ("scenario", "called", "name", "value", "low", "high", "units", "grade", "source", "note"),
        (*results.columns, "units"),
        (*what, "q05", "q50", "q95", "units"),
        (),
    )
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, OPTIONS)
    book.set_properties({"title": result.title(words.language), "created": _created(result)})
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    _readme(book.add_worksheet(words.text("workbook", SHEETS[0])), readme_rows(result, words), book)
    for name, frame, keys in zip(SHEETS[1:], frames, heads, strict=True):
        titles = [words.text("workbook", key) for key in keys] or [
            words.text("memo", f"s_{str(column).removeprefix('source_')}") for column in frame
        ]
        _sheet(book.add_worksheet(words.text("workbook", name)), frame, titles, bold)
    book.close()
    return buffer.getvalue()


def readme_rows(result: Result, words: Wording) -> list[tuple[str, str]]:
    """Return what the first sheet says, as names and texts."""
    about = result.manifest
    command = about.get("command")
    scenario = about.get("scenario") or (about.get("scenarios") or [{}])[0]  # type: ignore[index]
    year = scenario.get("meta", {}).get("price_year", "–") if isinstance(scenario, dict) else "–"

    def text(key: str, **values: object) -> str:
        return words.text("workbook", key, **values)

    return [
        (text("what"), title_of(result, words)),
        (text("status"), words.text("app", result.origin)),
        ("", words.text("memo", "advice")),
        *(("", text) for text in _cautions(result, words)),
        (text("result"), result.key),
        (text("made"), str(about.get("created", "–"))),
        (text("size"), f"{about.get('paths', '–')}, {about.get('seed', '–')}"),
        (text("version"), f"finmodel {about.get('version', '–')}"),
        (text("repeat"), shlex.join(map(str, command)) if isinstance(command, list) else "–"),
        (text("unit"), text("unit_note", unit=words.money_unit, year=year)),
        (text("sheets"), text("sheets_note")),
        ("", text("own_words_note")),
        (words.text("memo", "error_head"), text("error_note")),
        (words.text("memo", "chance_head"), text("chance_note")),
        (text("grade"), text("grade_note")),
    ]


def _cautions(result: Result, words: Wording) -> list[str]:
    """Return what makes a result less than it looks: few futures, money that is not there."""
    preview = preview_warning(result.manifest, words)
    return [*([preview] if preview else []), *cautions(result.manifest, result.policies, words)]


def _inputs(inputs: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return inputs: grades in letters, notes in the language, the plain name before the dotted."""
    frame = inputs.assign(
        grade=[_graded(grade) for grade in inputs["grade"]],
        note=[note_words(note, words.language) for note in inputs["note"]],
    )
    called = [number_name(str(name), words) for name in inputs["name"]]
    frame.insert(list(frame).index("name"), "called", called)
    return frame


def _graded(grade: object) -> str:
    return f"{LETTER[str(grade)]} {grade}" if grade in LETTER else str(grade)


def _created(result: Result) -> datetime:
    """Return when the result was made, so that equal results give equal files."""
    try:
        return datetime.fromisoformat(str(result.manifest.get("created")))
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


def _readme(sheet: Any, rows: Sequence[tuple[str, str]], book: Any) -> None:
    name, wrap = (
        book.add_format({"bold": True, "valign": "top"}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    for place, (head, text) in enumerate(rows):
        _cell(sheet, place, 0, head, name)
        _cell(sheet, place, 1, text, wrap)


def _sheet(sheet: Any, frame: pd.DataFrame, titles: Sequence[str], bold: Any) -> None:
    """Write a table with its headings, a filter, and the first row kept in sight."""
    for column, (title, name) in enumerate(zip(titles, frame.columns, strict=True)):
        cells = frame[name].tolist()
        longest = max((len(str(cell)) for cell in cells if isinstance(cell, str)), default=10)
        sheet.set_column(column, column, min(WIDEST, max(12, longest + 2)))
        _cell(sheet, 0, column, title, bold)
        for row, cell in enumerate(cells, start=1):
            _cell(sheet, row, column, cell)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(frame)), max(0, len(titles) - 1))


def _cell(sheet: Any, row: int, column: int, value: object, form: Any = None) -> None:
    """Write a number as a number, text as text; what is not known stays empty."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            sheet.write_number(row, column, float(f"{value:.12g}"), form)
        return
    sheet.write_string(row, column, str(safe_text(str(value))), form)
