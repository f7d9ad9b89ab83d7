"""`finmodel sensitivity`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.engine_options import EngineAsked, engine_of
from finmodel.cli.options import language_of
from finmodel.cli.output import (
    StoredTables,
    check_folder,
    emit_json,
    records,
    stored_line,
    write_whole,
)
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.report.sensitivity import (
    Manifest,
    conclusion_sentences,
    intro,
    matrix_view,
    sections,
    tornado_view,
    words_of,
)
from finmodel.report.sensitivity_choices import (
    goal_sentences,
    information_sentences,
    information_view,
    options_view,
)
from finmodel.report.sensitivity_page import sensitivity_page
from finmodel.study.sensitivity import find_or_run_sensitivity, load_study, n_units
from finmodel.variables import Language

SHOWN_TABLES = ("answer", "outcomes", "goals", "boxes", "options", "choice", "information")


def study_and_show(
    file: Path,
    *,
    changes: Sequence[str],
    out: Path,
    page: Path | None,
    engine: EngineAsked,
    lang: str,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Work out a plan and print its answer; see `finmodel sensitivity --help`."""
    language = language_of(lang)
    inputs = load_study(file, changes)
    store.make_root(out)
    check_folder(page, "--page")
    console = Console(stderr=as_json, highlight=False)
    with (
        engine_of(engine) as place,
        stop_on_interrupt() as cancel,
        Bar(n_units(inputs, file), "markets") as tick,
    ):
        stored = find_or_run_sensitivity(
            inputs,
            file,
            root=out,
            engine=place,
            progress=tick,
            cancel=cancel,
            watch=tick,
            command=command,
        )
    manifest, tables = store.read_manifest(stored.folder), StoredTables(stored.folder)
    if page is not None:
        write_whole(page, sensitivity_page(manifest, tables, language), "--page")
    if as_json:
        found = {name: records(tables[name]) for name in SHOWN_TABLES if name in tables}
        header = {"name": manifest["name"], "digest": manifest["digest"]}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    show_study(console, manifest, tables, language)
    if page is not None:
        console.print(f"{page}", soft_wrap=True)
    console.print(stored_line(stored, language), soft_wrap=True)


def show_study(
    console: Console, manifest: Manifest, tables: StoredTables, language: Language
) -> None:
    """Print the answer of a study: the matrix, a sentence a conclusion, goals and choices."""
    words = words_of(language)
    console.print(f"[bold]{manifest[f'title_{language}']}[/bold]")
    console.print(f"{intro(manifest, language)}\n", soft_wrap=True)
    if len(tables["answer"]):
        console.print(f"[bold]{words['title']}[/bold]\n")
        for policy, part in sections(tables["answer"]):
            console.print(matrix_view(manifest, policy, part, language))
        console.print(f"{words['caution']}\n", soft_wrap=True)
        for sentence in conclusion_sentences(manifest, tables, language):
            console.print(f"- {sentence}", soft_wrap=True)
        console.print()
    if "tornado" in tables:
        rows = tables["tornado"][["policy", "outcome"]].drop_duplicates()
        for policy, outcome in rows.itertuples(index=False):
            if not len(tables["answer"]):
                console.print(tornado_view(manifest, tables, policy, outcome, language))
    for heading, sentences in (
        ("goals", goal_sentences(manifest, tables, language)),
        ("choice", information_sentences(manifest, tables, language)),
    ):
        if sentences:
            console.print(f"[bold]{words[heading]}[/bold]\n")
        for sentence in sentences:
            console.print(f"- {sentence}\n", soft_wrap=True)
    if "options" in tables:
        console.print(options_view(manifest, tables, language))
        console.print(information_view(tables, language))
    failed = tables["failures"]
    if len(failed):
        text = words["failed"].format(n=len(failed), error=failed["error"].iloc[0])
        console.print(text, soft_wrap=True, markup=False, style="red")
