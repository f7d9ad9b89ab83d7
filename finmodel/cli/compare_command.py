"""`finmodel compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

import finmodel
from finmodel import datasets, store
from finmodel.cli.errors import INTERRUPTED
from finmodel.cli.output import emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.errors import Problem, ScenarioError
from finmodel.report import chain_view, outcome_view, policy_headline, public_view
from finmodel.scenario import Scenario, digest, load_scenario
from finmodel.study.compare import compare, comparison_tables
from finmodel.study.single import check_paths_and_seed, model_digest
from finmodel.world import build_world


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
    n_paths = scenario.run.paths if paths is None else paths
    run_seed = scenario.run.seed if seed is None else seed
    check_paths_and_seed(n_paths, run_seed)
    store.make_root(out)
    console = Console(stderr=as_json, highlight=False)
    titles = {name: arm.meta.title_en for name, arm in arms.items()}
    name = store.run_digest(
        scenario_digest=_digest([scenario, *arms.values()]),
        data_checksums=datasets.checksums(),
        paths=n_paths,
        seed=run_seed,
        source_digest=f"{model_digest()}/compare",
    )
    folder, is_whole, seconds = store.find_run(out, name), True, 0.0
    if folder is not None:
        tables: Mapping[str, pd.DataFrame] = _Tables(folder)
        n_done = n_paths
    else:
        with stop_on_interrupt() as cancel, Bar(n_paths) as tick:
            found = compare(
                build_world(scenario),
                {name: build_world(arm) for name, arm in arms.items()},
                paths=n_paths,
                seed=run_seed,
                threads=threads,
                progress=tick,
                cancel=cancel,
            )
        tables, n_done, seconds = comparison_tables(found), found.n_paths, found.seconds
        is_whole = found.n_paths == n_paths
        if is_whole:
            manifest: store.Manifest = {
                "name": scenario.meta.name,
                "title_en": scenario.meta.title_en,
                "title_zh": scenario.meta.title_zh,
                "policies": titles,
                "scenarios": [arm.model_dump(mode="json") for arm in (scenario, *arms.values())],
                "paths": n_paths,
                "seed": run_seed,
                "seconds": round(seconds, 3),
                "version": finmodel.__version__,
                "source_digest": model_digest(),
                "command": list(command),
            }
            folder = store.save_run(out, name, tables, manifest)
    if as_json:
        _emit(scenario, titles, tables, n_done, run_seed, folder)
    else:
        _print(console, scenario, titles, tables, n_done, run_seed)
    if not is_whole:
        console.print(f"Interrupted: {n_done} of {n_paths} paths are shown, nothing is stored.")
        raise typer.Exit(INTERRUPTED)
    done = f"Simulated in {seconds:.1f} s. Stored" if seconds else "Found again"
    console.print(f"{done}: {folder}", soft_wrap=True)


OF_POLICIES = "programmes."
"""Changes of what only policies have."""


class _Tables(dict[str, pd.DataFrame]):
    """Tables of a stored comparison, read when asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> pd.DataFrame:
        self[name] = store.read_result(self._folder, name)
        return self[name]


def _load(policies: Sequence[Path], changes: Sequence[str]) -> dict[str, Scenario]:
    arms: dict[str, Scenario] = {}
    for file in policies:
        arm = load_scenario(file, changes)
        if arm.meta.name in arms:
            problem = Problem(str(file), arm.meta.name, "a name that no other policy has")
            raise ScenarioError("comparison", [problem])
        arms[arm.meta.name] = arm
    return arms


def _digest(arms: Sequence[Scenario]) -> str:
    return sha256("/".join([f"{arm.meta.name}:{digest(arm)}" for arm in arms]).encode()).hexdigest()


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
        "Displacement and multiplier both hold reshuffling among funds: read their difference. "
        "Official ratios are gross: they say nothing of what would have happened anyway.",
        soft_wrap=True,
    )
