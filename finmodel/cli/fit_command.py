"""`finmodel fit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel import store
from finmodel.cli.output import check_folder, emit_json, records, write_whole
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import Problem, StoreError
from finmodel.report.fit import fit_headline, flat_sentence, moments_view, parameters_view
from finmodel.study.fit import find_or_fit, guessed_evaluations, load_plan

TABLES = (
    "fit_moments",
    "fit_parameters",
    "fit_pins",
    "fit_directions",
    "fit_numbers",
    "fit_correlations",
)
NOTES = (
    "'Pinned by' is the part of the evidence variance of an estimate that each target brings. "
    "Errors hold those of the evidence and of the paths, given every other number of the scenario; "
    "they do not hold what is assumed elsewhere."
)


def fit_and_show(
    file: Path,
    *,
    changes: Sequence[str],
    out: Path,
    scenario_out: Path | None,
    is_forced: bool,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Fit a scenario to its targets and print how near it comes; see `finmodel fit --help`."""
    plan, base = load_plan(file, changes)
    store.make_root(out)
    if scenario_out is not None:
        refuse_existing(scenario_out, is_forced=is_forced)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(guessed_evaluations(plan), "markets") as tick:
        stored = find_or_fit(
            plan,
            base,
            file,
            root=out,
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
    console.print(f"[bold]{plan.meta.title_en}[/bold] ({plan.meta.title_zh})\n")
    headline = fit_headline(manifest, tables["fit_moments"])
    console.print(f"[bold]{headline}[/bold]\n", soft_wrap=True)
    console.print(moments_view(tables["fit_moments"]))
    console.print(parameters_view(tables["fit_parameters"], tables["fit_pins"]))
    console.print(flat_sentence(tables["fit_directions"]), soft_wrap=True)
    console.print(NOTES, soft_wrap=True)
    if scenario_out is not None:
        console.print(f"Scenario: {scenario_out}", soft_wrap=True)
    done = "Found again" if stored.is_reused else "Stored"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)


def refuse_existing(path: Path, *, is_forced: bool) -> None:
    """Raise StoreError if a file is there and may not be replaced, or its folder is missing."""
    if path.exists() and not is_forced:
        raise StoreError(
            str(path), [Problem("--out", "a file that exists", "--force, or a new name")]
        )
    check_folder(path, "--out")
