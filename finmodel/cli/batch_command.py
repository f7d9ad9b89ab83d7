"""`finmodel batch`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.engine_options import EngineAsked, engine_of
from finmodel.cli.options import language_of
from finmodel.cli.output import StoredTables, emit_json, records, stored_line
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import Interrupted
from finmodel.report.batch import batch_sentence, summary_view, words_of
from finmodel.scenario.batch_plan import load_batch
from finmodel.study.batch import BatchSize, run_batch, size_of
from finmodel.variables import Language

SHOWN = ("units", "summary")


def batch_and_show(
    file: Path,
    *,
    changes: Sequence[str],
    out: Path,
    engine: EngineAsked,
    lang: str,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Run a batch and print what came of it; see `finmodel batch --help`."""
    language = language_of(lang)
    found = load_batch(file, changes)
    store.make_root(out)
    size = size_of(found)
    console = Console(stderr=as_json, highlight=False)
    console.print(size_line(size, language), soft_wrap=True)
    with (
        engine_of(engine) as place,
        stop_on_interrupt() as cancel,
        Bar(size.n_units, "units") as tick,
    ):
        try:
            stored = run_batch(
                found,
                root=out,
                engine=place,
                progress=tick,
                cancel=cancel,
                command=command,
                watch=tick,
            )
        except Interrupted as error:
            raise Interrupted(f"{error}. No table is stored yet.") from None
    tables = StoredTables(stored.folder)
    if as_json:
        about = {"folder": str(stored.folder), "is_reused": stored.is_reused}
        emit_json({**about, **{name: records(tables[name]) for name in SHOWN}})
        return
    words = words_of(language)
    console.print(f"[bold]{batch_sentence(tables['units'], language)}[/bold]", soft_wrap=True)
    for view in summary_view(tables["summary"], language):
        console.print(view)
    console.print(words["note"], soft_wrap=True)
    console.print(stored_line(stored, language), soft_wrap=True)


def size_line(size: BatchSize, language: Language = "en") -> str:
    """Return how many units a batch has, and why."""
    return words_of(language)["size"].format(
        units=f"{size.n_units:,}",
        scenarios=size.n_scenarios,
        seeds=size.n_seeds,
        cells=f"{size.n_cells:,}",
        points=f"{size.n_points:,}",
    )
