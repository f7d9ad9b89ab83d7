"""`finmodel allocate`."""

from __future__ import annotations

import math
import time
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
    records,
    stored_line,
    write_whole,
)
from finmodel.cli.progress import stop_on_interrupt
from finmodel.errors import Interrupted
from finmodel.report.allocation import allocation_page, allocation_parts
from finmodel.report.allocation_view import part_views
from finmodel.report.allocation_words import allocation_sentences, cautions
from finmodel.study.allocate import most_units, read_allocation
from finmodel.study.allocate_store import find_or_allocate

SHOWN = ("splits", "worth", "contrasts", "measures", "marginal", "futures", "risks")
PRESETS_MOST = 4
ALSO = ("frontier", "answers", "answer_levels")


class Told:
    """Shows the step, units done and the time left at most.

    The pace is that of units done since the start: those kept from before run past, so the time
    left is too short at first after a stop. Parts that are asked twice make it too long.
    """

    def __init__(self, status: Status, most: int) -> None:
        self._status, self._most, self._start = status, most, time.monotonic()

    def __call__(self, step: str, done: int) -> None:
        """Show that `done` units are done."""
        text = f"{step}: {done} of at most {self._most} units"
        if done:
            left = (time.monotonic() - self._start) / done * max(self._most - done, 0)
            text += f", {time_text(left)} left at most at this pace"
        self._status.update(text)


def time_text(seconds: float) -> str:
    """Return a time as one would say it, rounded up."""
    minutes = math.ceil(seconds / 60.0)
    return f"{minutes} min" if minutes < 120 else f"{math.ceil(minutes / 60)} h"


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
                tell=Told(status, most_units(found, PRESETS_MOST)),
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
        for view in part_views(part, console.width, language):
            console.print(view)
    for sentence in cautions(tables, manifest, language):
        console.print(sentence, soft_wrap=True, markup=False)
    if page is not None:
        console.print(f"Page: {page}", soft_wrap=True)
    console.print(stored_line(stored, language), soft_wrap=True)
