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
from finmodel.cli.output import StoredTables, emit_json, prepare, records, stored_line
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.until_option import most_paths, show_stopped, with_goal
from finmodel.datasets import provinces
from finmodel.report import activity_view, fund_view, gap_view, headline, tail_sentence
from finmodel.report.convergence import convergence_sentence
from finmodel.report.terminal import words_of
from finmodel.scenario import Scenario, load_scenario, quantities
from finmodel.study.single import goal_of, grade_counts, run_scenario, run_tables
from finmodel.variables import Language, label

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
    until: str | None = None,
    language: Language = "en",
) -> None:
    """Run a scenario file and print its gap; see `finmodel run --help`."""
    scenario = load_scenario(file, changes)
    goal = goal_of(until, scenario) if until is not None else None
    most = most_paths(paths, scenario.run.paths, goal)
    n_paths, run_seed = prepare(most, seed, out, defaults=(most, scenario.run.seed))
    console = Console(stderr=as_json, highlight=False)
    words = words_of("terminal_run", language)
    about = words["size_until" if goal else "size"]
    size = about.format(n=n_paths, goal=escape(str(goal)), seed=run_seed)
    _print_assumptions(console, scenario, size, words)
    with stop_on_interrupt() as cancel, Bar(n_paths, language=language) as tick:
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
        text = words["interrupted"].format(n=run.n_paths, wanted=n_paths, advice=tick.advice)
        console.print(text, soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    speed = manifest["firm_quarters"] / max(manifest["seconds"], 1e-9) / 1e6
    timing = words["timing"].format(seconds=manifest["seconds"], speed=speed)
    console.print(f"{timing} {stored_line(stored, language)}", soft_wrap=True)
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


def _names(manifest: store.Manifest, language: Language = "en") -> dict[str, str]:
    """Return display names of regions, stages and sectors."""
    names = dict(zip(provinces()["iso"], provinces()[f"name_{language}"], strict=True))
    for section in ("stages", "sectors", "funds", "programmes"):
        items = manifest["scenario"].get(section, {}).items()
        names |= {k: item[f"label_{language}"] for k, item in items}
    return names


def _print_assumptions(
    console: Console, scenario: Scenario, size: str, words: Mapping[str, str]
) -> None:
    grades = grade_counts(scenario)
    counts = [words["grade"].format(n=n, grade=words[grade]) for grade, n in grades.items()]
    run, meta = scenario.run, scenario.meta
    console.print(words["title"].format(title_en=meta.title_en, title_zh=meta.title_zh))
    period = {"first": run.start_year, "last": run.start_year + run.years - 1}
    period |= {"warm_up": run.warm_up_years, "price_year": meta.price_year}
    console.print(words["period"].format(size=size, **period))
    listed = words["comma"].join(counts)
    console.print(words["rests"].format(n=sum(grades.values()), grades=listed))
    n_beliefs = sum(quantity.is_uncertain for _, quantity in quantities(scenario))
    if n_beliefs:
        console.print(words["beliefs"].format(n=n_beliefs))
    money = f"{scenario.capital.total_mcny_pa.centre / 1000:,.0f}"
    firms = f"{scenario.births.total_pa.centre:,.0f}"
    console.print(words["supply"].format(money=money, firms=firms))
    test = scenario.viability
    rates = {"market": test.market_rate_pa, "social": test.social_rate_pa, "margin": test.margin}
    console.print(words["viable"].format(**{k: f"{x.centre:.0%}" for k, x in rates.items()}))


def _print_tables(
    console: Console,
    manifest: store.Manifest,
    tables: Mapping[str, pd.DataFrame],
    language: Language = "en",
) -> None:
    words, names = words_of("terminal_run", language), _names(manifest, language)
    names |= {key: label(key, language) for key in ("region", "stage", "sector")}
    console.print()
    console.print(f"[bold]{headline(tables['gap_total'], language)}[/bold]")
    console.print()
    for key, what in (("region", "province"), ("stage", "stage")):
        title = words["by"].format(what=words[what], n=manifest["paths"])
        console.print(gap_view(tables[f"gap_{key}"], [key], title, names, language))
    console.print(activity_view(tables["activity_total"], tables["graduation"], names, language))
    console.print(fund_view(tables["funds_type"], names, language))
    console.print(tail_sentence(tables["exits"], language), soft_wrap=True)
    if "convergence_verdicts" in tables:  # runs stored by an earlier version have none
        doubt = convergence_sentence(tables["convergence_verdicts"], language)
        if doubt:
            console.print(doubt, soft_wrap=True)
    console.print(words["note"], soft_wrap=True)


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
