"""`finmodel batch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.options import language_of
from finmodel.cli.output import StoredTables, emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import InputError, Interrupted, Problem
from finmodel.report.batch import batch_sentence, summary_view, words_of
from finmodel.scenario.batch_plan import load_batch
from finmodel.study.batch import BatchSize, run_batch, size_of
from finmodel.study.engines import DaskEngine, Engine, ThreadEngine

SHOWN = ("units", "summary")


def batch_and_show(
    file: Path,
    *,
    changes: Sequence[str],
    out: Path,
    engine: str,
    scheduler: str,
    workers: int | None,
    threads: int | None,
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
    console.print(size_line(size), soft_wrap=True)
    with (
        engine_of(engine, scheduler=scheduler, workers=workers, threads=threads) as place,
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
    verb = "Found again" if stored.is_reused else "Stored"
    console.print(f"{verb}: {stored.folder}", soft_wrap=True)


def size_line(size: BatchSize) -> str:
    """Return how many units a batch has, and why."""
    return (
        f"{size.n_units:,} units: scenarios {size.n_scenarios}, seeds {size.n_seeds}, "
        f"cells of the grid up to {size.n_cells:,}, points of the design {size.n_points:,}."
    )


@contextmanager
def engine_of(
    name: str, *, scheduler: str, workers: int | None, threads: int | None
) -> Iterator[Engine]:
    """Yield the engine that options ask for, and let go of it.

    Raises
    ------
    InputError
        If options do not go together, with every one that does not.
    """
    problems = []
    if name == "threads":
        for option, given in (("--scheduler", scheduler), ("--workers", workers)):
            if given:
                problems.append(Problem(option, str(given), "only with --engine dask"))
    else:
        if threads is not None:
            allowed = "only with --engine threads: a worker has one"
            problems.append(Problem("--threads", str(threads), allowed))
        if scheduler and workers is not None:
            allowed = "only without --scheduler, which has its own"
            problems.append(Problem("--workers", str(workers), allowed))
    if problems:
        raise InputError("options", problems)
    engine: Engine = ThreadEngine(threads) if name == "threads" else DaskEngine(scheduler, workers)
    try:
        yield engine
    finally:
        engine.close()
