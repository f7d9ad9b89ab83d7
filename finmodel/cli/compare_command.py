"""`finmodel compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from finmodel.cli.errors import INTERRUPTED
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import Problem, ScenarioError
from finmodel.report import chain_view, outcome_view, policy_headline, public_view
from finmodel.scenario import Scenario, load_scenario
from finmodel.study.compare import comparison_tables
from finmodel.study.comparisons import compare_scenarios


def compare_and_show(
    base: Path,
    policies: Sequence[Path],
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Compare policies with a baseline and print effects; see `finmodel compare --help`."""
    scenario = load_scenario(base, [text for text in changes if not text.startswith(OF_POLICIES)])
    arms = _load(policies, changes)
    defaults = (scenario.run.paths, scenario.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    titles = {name: arm.meta.title_en for name, arm in arms.items()}
    with stop_on_interrupt() as cancel, Bar(n_paths) as tick:
        found, stored = compare_scenarios(
            scenario,
            arms,
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
        tables = comparison_tables(found)
    n_done = found.n_paths if found else n_paths
    if as_json:
        _emit(scenario, titles, tables, n_done, run_seed, folder)
    else:
        _print(console, scenario, titles, tables, n_done, run_seed)
    if not folder:
        shown = f"Interrupted: {n_done} of {n_paths} paths are shown."
        console.print(f"{shown} {tick.advice}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    done = f"Simulated in {found.seconds:.1f} s. Stored" if found else "Found again"
    console.print(f"{done}: {folder}", soft_wrap=True)


OF_POLICIES = ("programmes.", "levers.")
"""Changes of what only policies have."""


def _load(policies: Sequence[Path], changes: Sequence[str]) -> dict[str, Scenario]:
    arms: dict[str, Scenario] = {}
    for file in policies:
        arm = load_scenario(file, changes)
        if arm.meta.name in arms:
            problem = Problem(str(file), arm.meta.name, "a name that no other policy has")
            raise ScenarioError("comparison", [problem])
        arms[arm.meta.name] = arm
    return arms


def _emit(
    scenario: Scenario,
    titles: Mapping[str, str],
    tables: Mapping[str, pd.DataFrame],
    paths: int,
    seed: int,
    folder: Path | None,
) -> None:
    emit_json(
        {
            "base": scenario.meta.name,
            "policies": titles,
            "paths": paths,
            "seed": seed,
            "folder": str(folder) if folder else None,
            **{key: records(tables[key]) for key in ("outcomes", "effects", "public")},
        }
    )


def _print(
    console: Console,
    scenario: Scenario,
    titles: Mapping[str, str],
    tables: Mapping[str, pd.DataFrame],
    paths: int,
    seed: int,
) -> None:
    console.print(f"[bold]Against: {scenario.meta.title_en}[/bold] ({scenario.meta.title_zh})")
    number = "1 path" if paths == 1 else f"{paths} paths"
    console.print(f"{number}, seed {seed}, the same luck in every arm.\n")
    for policy in titles:
        text = policy_headline(policy, tables["outcomes"], tables["effects"], titles)
        console.print(f"[bold]{text}[/bold]", soft_wrap=True)
    console.print()
    for policy in titles:
        console.print(outcome_view(policy, tables["outcomes"], titles))
        console.print(chain_view(policy, tables["effects"], titles))
        view = public_view(policy, tables["public"], titles)
        if view is not None:
            console.print(view)
    console.print(
        "± is the Monte Carlo standard error of a paired difference; '9 in 10 futures' is chance. "
        "What is not known about the inputs, as how much private money is new, is in neither. "
        "Grants and loans are financings of the chain, not rounds. "
        "Displacement and multiplier both hold reshuffling among funds: read their difference. "
        "Official ratios are gross: they say nothing of what would have happened anyway.",
        soft_wrap=True,
    )
