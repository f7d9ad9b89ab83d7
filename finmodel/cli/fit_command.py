"""`finmodel fit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.options import language_of
from finmodel.cli.output import check_folder, emit_json, records, write_whole
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import Problem, StoreError
from finmodel.report.fit import (
    fit_headline,
    flat_sentence,
    moments_view,
    parameters_view,
    together_sentence,
    words_of,
)
from finmodel.study.fit import find_or_fit, guessed_evaluations, load_plan

TABLES = (
    "fit_moments",
    "fit_parameters",
    "fit_pins",
    "fit_directions",
    "fit_numbers",
    "fit_correlations",
)


def fit_and_show(
    file: Path,
    *,
    changes: Sequence[str],
    out: Path,
    scenario_out: Path | None,
    is_forced: bool,
    is_staying: bool,
    threads: int | None,
    lang: str,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Fit a scenario to its targets and print how near it comes; see `finmodel fit --help`."""
    language = language_of(lang)
    plan, base = load_plan(file, changes)
    store.make_root(out)
    if scenario_out is not None:
        refuse_existing(scenario_out, is_forced=is_forced)
    guess = guessed_evaluations(plan, is_moving=not is_staying)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(guess, "markets") as tick:
        stored = find_or_fit(
            plan,
            base,
            file,
            root=out,
            is_moving=not is_staying,
            threads=threads,
            progress=tick,
            cancel=cancel,
            watch=tick,
            command=command,
        )
    manifest = store.read_manifest(stored.folder)
    tables = {name: store.read_result(stored.folder, name) for name in TABLES}
    if scenario_out is not None:
        write_whole(scenario_out, manifest["scenario_text"], "--out")
    if as_json:
        header = {key: manifest[key] for key in ("name", "j", "p_value", "degrees", "is_converged")}
        found = {name: records(table) for name, table in tables.items()}
        emit_json({**header, "folder": str(stored.folder), **found})
        return
    words = words_of(language)
    first, second = plan.meta.title_en, plan.meta.title_zh
    if language == "zh":
        first, second = second, first
    console.print(f"[bold]{first}[/bold] ({second})\n")
    headline = fit_headline(manifest, tables["fit_moments"], language)
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(moments_view(tables["fit_moments"], language))
    console.print(parameters_view(tables["fit_parameters"], tables["fit_pins"], language))
    console.print(flat_sentence(tables["fit_directions"], language), soft_wrap=True)
    console.print(together_sentence(plan.correlations, language), soft_wrap=True)
    console.print(words["notes"], soft_wrap=True)
    if scenario_out is not None:
        console.print(words["scenario"].format(file=scenario_out), soft_wrap=True)
    done = words["found_again" if stored.is_reused else "stored"]
    console.print(done.format(folder=stored.folder), soft_wrap=True)


def refuse_existing(path: Path, *, is_forced: bool) -> None:
    """Raise StoreError if a file is there and may not be replaced, or its folder is missing."""
    if path.exists() and not is_forced:
        raise StoreError(
            str(path), [Problem("--out", "a file that exists", "--force, or a new name")]
        )
    check_folder(path, "--out")
