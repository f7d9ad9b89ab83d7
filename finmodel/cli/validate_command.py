"""`finmodel validate`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.options import language_of
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.datasets import data_root
from finmodel.errors import Problem, ScenarioError, StoreError
from finmodel.evaluate.validation import PARTS
from finmodel.report.backtest import (
    KINDS,
    backtest_page,
    backtest_sentences,
    coverage_head,
    coverage_rows,
    forecast_head,
    forecast_rows,
    title_of,
    view,
)
from finmodel.report.backtest import words_of as backtest_words
from finmodel.report.validation import (
    cautions,
    validation_page,
    validation_view,
    verdict_sentences,
    words_of,
)
from finmodel.scenario import load_scenario
from finmodel.study.backtest import run_backtest
from finmodel.study.backtest_fit import plan_of
from finmodel.study.validate import size_of, units_of, validate_scenario

DEALS = data_root() / "deals" / "us_crunchbase_2013-10"
DEALS_AS_OF = "2013-10-01"
DEFAULT = data_root().parent / "scenarios" / "yrd_baseline.toml"


def refuse_idle(options: Mapping[str, object], *, is_backtest: bool) -> None:
    """Refuse options that would change nothing, each of which is None if it was not given.

    Raises
    ------
    ScenarioError
    """
    allowed = (
        "only without --backtest, which fits deals alone" if is_backtest else "with --backtest"
    )
    problems = [
        Problem(name, str(value), allowed) for name, value in options.items() if value is not None
    ]
    if problems:
        raise ScenarioError("options of validate", problems)


def validate_and_show(
    file: Path | None,
    *,
    paths: int | None,
    policy_paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    lang: str,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Hold a scenario against the evidence and print it; see `finmodel validate --help`."""
    language = language_of(lang)
    scenario = load_scenario(file or DEFAULT, changes)
    defaults = (scenario.run.paths, scenario.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    size = size_of(n_paths, run_seed, policy_paths)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(units_of(size)) as tick:
        stored = validate_scenario(
            scenario,
            size,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
        )
    tables, manifest = StoredTables(stored.folder), store.read_manifest(stored.folder)
    page = stored.folder / f"validation_{language}.html"
    write_page(page, validation_page(tables, manifest, language))
    if as_json:
        found = {name: records(tables[name]) for name in ("tally", "targets", "left_out")}
        names = ("name", "paths", "policy_paths", "seed")
        header = {name: manifest[name] for name in names}
        emit_json({**header, "folder": str(stored.folder), "page": str(page), **found})
        return
    words = words_of(language)
    title = manifest[f"title_{language}"]
    console.print(f"[bold]{words['title']}: {title}[/bold]")
    for sentence in verdict_sentences(tables["tally"], language):
        console.print(f"[bold]{sentence}[/bold]", soft_wrap=True)
    for sentence in cautions(tables, manifest, language):
        console.print(sentence, soft_wrap=True, markup=False)
    for part in PARTS:
        view = validation_view(tables["targets"], part, language)
        if view is not None:
            console.print(view)
    console.print(f"{words['rule']} {words['misses_first']}", soft_wrap=True)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}\n{page}", soft_wrap=True)


def write_page(path: Path, text: str) -> None:
    """Write a page whole or not at all.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    try:
        handle, draft = tempfile.mkstemp(prefix=".page-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).replace(path)
        path.chmod(0o644)
    except OSError as error:
        problem = Problem(str(path), error.strerror or str(error), "a writable folder with room")
        raise StoreError("report", [problem]) from error


def backtest_and_show(
    deals: Path | None,
    *,
    cutoff: str,
    as_of: str,
    out: Path,
    lang: str,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Back-test on a file of deals and print it; see `finmodel validate --help`."""
    language = language_of(lang)
    plan = plan_of(day_of("--cutoff", cutoff))
    if not as_of and deals is None:
        as_of = DEALS_AS_OF
    last = day_of("--as-of", as_of) if as_of else None
    store.make_root(out)
    console = Console(stderr=as_json, highlight=False)
    stored = run_backtest(deals or DEALS, plan, as_of=last, root=out, command=command)
    tables, manifest = StoredTables(stored.folder), store.read_manifest(stored.folder)
    page = stored.folder / f"backtest_{language}.html"
    write_page(page, backtest_page(tables, manifest, language))
    if as_json:
        names = ("forecasts", "coverage", "cohorts", "hazards", "spread")
        found = {name: records(tables[name]) for name in names}
        emit_json({"folder": str(stored.folder), "page": str(page), **found})
        return
    console.print(f"[bold]{title_of(manifest, language)}[/bold]")
    for sentence in backtest_sentences(tables, manifest, language):
        console.print(sentence, soft_wrap=True)
    words, forecasts = backtest_words(language), tables["forecasts"]
    for kind in KINDS:
        own = forecasts[(forecasts["kind"] == kind) & (forecasts["sector"] == "all")]
        console.print(view(words[kind], forecast_head(language), forecast_rows(own, language)))
    rows = coverage_rows(tables["coverage"], language)
    console.print(view(words["coverage"], coverage_head(language), rows))
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}\n{page}", soft_wrap=True)


def day_of(option: str, text: str) -> date:
    """Return a day given as YYYY-MM-DD.

    Raises
    ------
    ScenarioError
        If it is not one.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = Problem(option, repr(text), "a day as YYYY-MM-DD")
        raise ScenarioError("back-test", [problem]) from None
