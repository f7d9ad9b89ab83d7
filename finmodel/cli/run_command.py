"""`finmodel run` and `finmodel show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape

from finmodel import store
from finmodel.cli.compare_draws_command import show_effect_draws
from finmodel.cli.draws_command import show_draws
from finmodel.cli.errors import INTERRUPTED
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.until_option import most_paths, show_stopped, with_goal
from finmodel.datasets import provinces
from finmodel.report import activity_view, fund_view, gap_view, headline, tail_sentence
from finmodel.report.convergence import convergence_sentence
from finmodel.scenario import Scenario, load_scenario, quantities
from finmodel.study.single import goal_of, grade_counts, run_scenario, run_tables
from finmodel.variables import Language

SHOWN_TABLES = ("gap_region", "gap_stage", "gap_sector")


def run_and_show(
    file: Path,
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    details: int,
    as_json: bool,
    command: Sequence[str],
    until: str = "",
    language: Language = "en",
) -> None:
    """Run a scenario file and print its gap; see `finmodel run --help`."""
    scenario = load_scenario(file, changes)
    goal = goal_of(until, scenario) if until else None
    most = most_paths(paths, scenario.run.paths, goal)
    n_paths, run_seed = prepare(most, seed, out, defaults=(most, scenario.run.seed))
    console = Console(stderr=as_json, highlight=False)
    about = f"at most {n_paths} paths until {escape(str(goal))}" if goal else f"{n_paths} paths"
    _print_assumptions(console, scenario, f"{about}, seed {run_seed}")
    with stop_on_interrupt() as cancel, Bar(n_paths) as tick:
        run, stored = run_scenario(
            scenario,
            paths=n_paths,
            seed=run_seed,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
            detailed=min(details, n_paths),
            watch=tick,
            goal=goal,
        )
    if stored is not None:
        manifest = store.read_manifest(stored.folder)
        tables: Mapping[str, pd.DataFrame] = StoredTables(stored.folder)
    else:
        assert run is not None
        tables = run_tables(run)
        manifest = {"paths": run.n_paths, "seed": run_seed, **_axes(scenario)}
    if as_json:
        asked = with_goal(manifest, stored)
        emit_json(_summary(asked, tables, stored.folder if stored else None))
    else:
        _print_tables(console, manifest, tables, language)
    if stored is None:
        assert run is not None
        shown = f"Interrupted: {run.n_paths} of {n_paths} paths are shown."
        console.print(f"{shown} {tick.advice}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    speed = manifest["firm_quarters"] / max(manifest["seconds"], 1e-9) / 1e6
    timing = f"{manifest['seconds']:.1f} s, {speed:.1f} million firm-quarters a second"
    verb = "Found again" if stored.is_reused else "Stored"
    console.print(f"Simulated in {timing}. {verb}: {stored.folder}", soft_wrap=True)
    show_stopped(console, stored.stopped, "paths", "--paths", language)


def show_stored(reference: str, *, table: str, out: Path, as_json: bool) -> None:
    """Print a stored run, or one of its tables whole."""
    folder = store.open_run(out, reference)
    console = Console(highlight=False)
    if table:
        frame = store.read_result(folder, table)
        if as_json:
            emit_json(records(frame))
        else:
            typer.echo(frame.to_string(index=False))
        return
    manifest, tables = store.read_manifest(folder), StoredTables(folder)
    if "draws" in manifest and "policies" in manifest:
        show_effect_draws(console, manifest, tables, folder, as_json)
        return
    if "draws" in manifest:
        show_draws(console, manifest, tables, folder, as_json=as_json)
        return
    if as_json:
        emit_json(_summary(manifest, tables, folder))
        return
    console.print(f"{manifest['title_en']} ({manifest['title_zh']}), made {manifest['created']}")
    _print_tables(console, manifest, tables)
    names = sorted(path.stem for path in folder.glob("*.parquet"))
    console.print(f"Tables: {', '.join(names)}. Folder: {folder}", soft_wrap=True)


def _axes(scenario: Scenario) -> dict[str, object]:
    return {
        "name": scenario.meta.name,
        "scenario": scenario.model_dump(mode="json"),
        "stages": list(scenario.stage_names),
        "sectors": list(scenario.sectors),
    }


def _names(manifest: store.Manifest) -> dict[str, str]:
    """Return display names of regions, stages and sectors."""
    names = dict(zip(provinces()["iso"], provinces()["name_en"], strict=True))
    for section in ("stages", "sectors", "funds", "programmes"):
        items = manifest["scenario"].get(section, {}).items()
        names |= {k: item["label_en"] for k, item in items}
    return names


def _print_assumptions(console: Console, scenario: Scenario, size: str) -> None:
    grades = grade_counts(scenario)
    counts = ", ".join(f"{n} {grade}" for grade, n in grades.items())
    run = scenario.run
    console.print(f"[bold]{scenario.meta.title_en}[/bold] ({scenario.meta.title_zh})")
    console.print(
        f"Years {run.start_year} to {run.start_year + run.years - 1} after {run.warm_up_years} "
        f"years of warm-up; {size}; prices of {scenario.meta.price_year}."
    )
    console.print(
        f"It rests on {sum(grades.values())} numbers: {counts}. "
        "`finmodel check` lists each with its source."
    )
    n_beliefs = sum(quantity.is_uncertain for _, quantity in quantities(scenario))
    if n_beliefs:
        console.print(
            f"{n_beliefs} of them are beliefs, taken at their median; --draws draws them."
        )
    for text in (
        f"Commitments to funds {scenario.capital.total_mcny_pa.centre / 1000:,.0f} bn CNY a year; "
        f"{scenario.births.total_pa.centre:,.0f} new firms a year.",
        f"Viable: worth its capital at {scenario.viability.market_rate_pa.centre:.0%} a year "
        f"(social {scenario.viability.social_rate_pa.centre:.0%}); strict and loose tests "
        f"{scenario.viability.margin.centre:.0%} above and below.",
    ):
        console.print(text)


def _print_tables(
    console: Console,
    manifest: store.Manifest,
    tables: Mapping[str, pd.DataFrame],
    language: Language = "en",
) -> None:
    names = _names(manifest)
    names |= {"region": "Region", "stage": "Stage", "sector": "Sector"}
    console.print()
    console.print(f"[bold]{headline(tables['gap_total'])}[/bold]")
    console.print()
    console.print(gap_view(tables["gap_region"], ["region"], _title("province", manifest), names))
    console.print(gap_view(tables["gap_stage"], ["stage"], _title("stage", manifest), names))
    console.print(activity_view(tables["activity_total"], tables["graduation"], names))
    console.print(fund_view(tables["funds_type"], names))
    console.print(tail_sentence(tables["exits"]), soft_wrap=True)
    if "convergence_verdicts" in tables:  # runs stored by an earlier version have none
        doubt = convergence_sentence(tables["convergence_verdicts"], language)
        if doubt:
            console.print(doubt, soft_wrap=True)
    console.print(
        "± is the Monte Carlo standard error, which more paths shrink. '9 in 10 futures' is "
        "chance, which they do not. What is not known about the inputs is in neither; --draws "
        "shows it.",
        soft_wrap=True,
    )


def _title(what: str, manifest: store.Manifest) -> str:
    by = f" by {what}" if what else ", all"
    return f"Funding gap of hard technology{by}: yearly mean, {manifest['paths']} paths"


def _summary(
    manifest: store.Manifest, tables: Mapping[str, pd.DataFrame], folder: Path | None
) -> dict[str, object]:
    return {
        "name": manifest["name"],
        "digest": manifest.get("digest"),
        "folder": str(folder) if folder else None,
        "paths": manifest["paths"],
        "seed": manifest["seed"],
        "is_complete": folder is not None,
        "seconds": manifest.get("seconds"),
        "firm_quarters": manifest.get("firm_quarters"),
        **{name: records(tables[name]) for name in ("gap_total", *SHOWN_TABLES, "activity_total")},
        **{name: records(tables[name]) for name in ("convergence_verdicts",) if name in tables},
        "until": manifest.get("until"),
    }
