"""`finmodel evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from finmodel.cli.errors import INTERRUPTED
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.report.evaluation import evaluation_sentences, evaluation_view, words
from finmodel.scenario import Scenario, load_scenario
from finmodel.study.evaluate import (
    evaluate_scenario,
    evaluation_tables,
    export_panel,
    panel_files,
)
from finmodel.study.single import check_paths_and_seed
from finmodel.variables import Language

SHOWN_TABLES = ("evaluation", "event_study", "truth", "twfe_parts")


def evaluate_and_show(
    file: Path,
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    as_json: bool,
    language: Language,
    command: Sequence[str],
) -> None:
    """Evaluate estimators on a scenario and print what they are worth."""
    scenario = load_scenario(file, changes)
    defaults = (scenario.run.paths, scenario.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(n_paths) as tick:
        found, stored = evaluate_scenario(
            scenario,
            paths=n_paths,
            seed=run_seed,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
            watch=tick,
        )
    folder = stored.folder if stored else None
    if folder:
        tables: Mapping[str, pd.DataFrame] = StoredTables(folder)
    else:
        assert found is not None
        tables = evaluation_tables(found)
    n_done = found.n_paths if found else n_paths
    if as_json:
        emit_json(
            {
                "name": scenario.meta.name,
                "paths": n_done,
                "seed": run_seed,
                "folder": str(folder) if folder else None,
                **{name: records(tables[name]) for name in SHOWN_TABLES},
            }
        )
    else:
        _print(console, scenario, tables["evaluation"], n_done, run_seed, language)
    if not folder:
        shown = f"Interrupted: {n_done} of {n_paths} paths are shown."
        console.print(f"{shown} {tick.advice}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    done = f"Evaluated in {found.seconds:.1f} s. Stored" if found else "Found again"
    console.print(f"{done}: {folder}", soft_wrap=True)


def export_and_say(file: Path, *, seed: int | None, changes: Sequence[str], panel: Path) -> None:
    """Write the panels of the first history, and say where."""
    panel_files(panel)
    scenario = load_scenario(file, changes)
    run_seed = scenario.run.seed if seed is None else seed
    check_paths_and_seed(1, run_seed)
    files = export_panel(scenario, path=0, seed=run_seed, file=panel)
    console = Console(highlight=False)
    for name, written in files.items():
        console.print(f"{name}: {written}", soft_wrap=True)


def _print(
    console: Console,
    scenario: Scenario,
    table: pd.DataFrame,
    paths: int,
    seed: int,
    language: Language,
) -> None:
    titles = {"en": scenario.meta.title_en, "zh": scenario.meta.title_zh}
    console.print(f"[bold]{titles[language]}[/bold]")
    runs = {
        "en": f"{paths} histories, each with its twin without programmes; seed {seed}.",
        "zh": f"{paths}个历史，各有无计划的孪生历史；随机种子{seed}。",
    }
    console.print(f"{runs[language]}\n")
    for sentence in evaluation_sentences(table, language):
        console.print(f"- {sentence}", soft_wrap=True, markup=False)
    console.print()
    for which in ("log", "level", "firms"):
        console.print(evaluation_view(table, which, language))
    console.print(words(language)["notes"], soft_wrap=True)
