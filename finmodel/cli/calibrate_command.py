"""`finmodel calibrate`."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Literal

from rich.console import Console

from finmodel.cli.options import language_of
from finmodel.cli.output import emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.validate_command import DEFAULT
from finmodel.errors import DataError, Problem
from finmodel.report.calibration import (
    calibration_page,
    calibration_sentences,
    estimates_view,
    hold_out_view,
    made_sentence,
    words_of,
)
from finmodel.study.calibrate import CalibrationPlan, calibrate_deals, units_of_calibration
from finmodel.study.calibration_files import refuse_existing, tables_of, write_calibration

EARLIEST, LATEST = 1980, 2035


def calibrate_and_show(
    deals: Path,
    *,
    out: Path,
    base: Path | None,
    cohorts: str,
    held_out: str,
    as_of: str,
    observed_from: str,
    seed: int,
    imputations: int,
    commitments: Path | None,
    is_forced: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Estimate a scenario's numbers from deals; see `finmodel calibrate --help`."""
    language = language_of(lang)
    problems: list[Problem] = []
    plan = CalibrationPlan(
        deals=deals,
        base=base or DEFAULT,
        cohorts=years_of("--cohorts", cohorts, problems),
        held_out=held_out_of(held_out, problems),
        as_of=day_of("--as-of", as_of, problems),
        observed_from=day_of("--observed-from", observed_from, problems),
        seed=seed,
        n_imputations=imputations,
        commitments=commitments,
    )
    if problems:
        raise DataError("options", problems)
    refuse_existing(out, is_forced=is_forced)
    with stop_on_interrupt() as cancel, Bar(units_of_calibration(), "steps") as tick:
        done = calibrate_deals(plan, progress=tick, cancel=cancel)
    pages = {f"report_{code}.html": calibration_page(done, deals.name, code) for code in _CODES}
    folder = write_calibration(done, plan, out, pages, is_forced=is_forced)
    if as_json:
        tables = tables_of(done)
        names = ("estimates", "hold_out", "fit", "refused")
        found = {name: records(tables[name]) for name in names if name in tables}
        header = {"cohorts": list(done.cohorts), "held_out": list(done.held_out)}
        emit_json({**header, "scenario": str(out), "folder": str(folder), **found})
        return
    console = Console(highlight=False)
    words = words_of(language)
    console.print(f"[bold]{words['title']}[/bold]")
    console.print(made_sentence(done, deals.name, language), soft_wrap=True, markup=False)
    for sentence in calibration_sentences(done, language):
        console.print(sentence, soft_wrap=True, markup=False, style="bold")
    console.print(estimates_view(done, language))
    view = hold_out_view(done, language)
    if view is not None:
        console.print(view)
    console.print(words["caution"], soft_wrap=True)
    console.print(f"[bold]{words['refused']}[/bold]")
    for key, why in done.calibration.refused.items():
        console.print(f"  {key}: {why}", soft_wrap=True, markup=False)
    page = folder / f"report_{language}.html"
    console.print(f"{words['written']}: {out}\n{page}", soft_wrap=True)


_CODES: tuple[Literal["en", "zh"], ...] = ("en", "zh")


def years_of(option: str, text: str, problems: list[Problem]) -> tuple[int, ...]:
    """Return years from text as ``2007-2009,2011``; empty text gives none."""
    years: list[int] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        found = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not EARLIEST <= first <= last <= LATEST:
            allowed = "years as 2007-2009,2011"
            problems.append(Problem(option, repr(part), allowed))
            continue
        years += range(first, last + 1)
    return tuple(sorted(set(years)))


def held_out_of(text: str, problems: list[Problem]) -> tuple[int, ...] | None:
    """Return the years held out: None for every second one, empty for none."""
    if text == "alternate":
        return None
    return () if text == "none" else years_of("--hold-out", text, problems)


def day_of(option: str, text: str, problems: list[Problem]) -> date | None:
    """Return a day from ``YYYY-MM-DD``; None for an empty text."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(option, repr(text), "a day as 2013-10-01"))
        return None
