"""`finmodel allocate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.status import Status

from finmodel import store
from finmodel.cli.engine_options import EngineAsked, engine_of
from finmodel.cli.options import language_of
from finmodel.cli.output import (
    StoredTables,
    check_folder,
    emit_json,
    page_line,
    records,
    stored_line,
    write_whole,
)
from finmodel.cli.progress import stop_on_interrupt
from finmodel.errors import Interrupted
from finmodel.report.allocation import allocation_page, allocation_parts, part_view
from finmodel.report.allocation_words import allocation_sentences, cautions
from finmodel.study.allocate import read_allocation
from finmodel.study.allocate_store import find_or_allocate

SHOWN = ("splits", "worth", "contrasts", "measures", "marginal", "futures", "risks")
ALSO = ("frontier", "answers", "answer_levels")


def allocate_and_show(
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
    """Search for a split and print it; see `finmodel allocate --help`."""
    language = language_of(lang)
    found = read_allocation(file, changes)
    store.make_root(out)
    check_folder(page, "--page")
    console = Console(stderr=as_json, highlight=False)
    progress = Console(stderr=True, highlight=False)
    with (
        engine_of(engine) as place,
        stop_on_interrupt() as cancel,
        Status("design", console=progress) as status,
    ):
        try:
            stored = find_or_allocate(
                found,
                root=out,
                engine=place,
                cancel=cancel,
                tell=lambda step, n: status.update(f"{step}: {n} units"),
                command=command,
            )
        except Interrupted as error:
            more = "Units that are done are kept: the same command goes on from there."
            raise Interrupted(f"{error}. {more}") from None
    tables, manifest = StoredTables(stored.folder), store.read_manifest(stored.folder)
    if page is not None:
        write_whole(page, allocation_page(tables, manifest, language), "--page")
    if as_json:
        about = {"folder": str(stored.folder), "is_reused": stored.is_reused}
        emit_json({**about, **{name: records(tables[name]) for name in (*SHOWN, *ALSO)}})
        return
    console.print(f"[bold]{manifest[f'title_{language}']}[/bold]\n")
    for sentence in allocation_sentences(tables, manifest, language):
        console.print(f"- {sentence}", soft_wrap=True, markup=False)
    console.print()
    for part in allocation_parts(tables, manifest, language):
        console.print(part_view(part))
    for sentence in cautions(tables, manifest, language):
        console.print(sentence, soft_wrap=True, markup=False)
    if page is not None:
        console.print(page_line(page, language), soft_wrap=True)
    console.print(stored_line(stored, language), soft_wrap=True)
