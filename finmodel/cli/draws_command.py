"""`finmodel run --draws`: how wide an answer is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from finmodel import store
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.until_option import end_draws, with_goal
from finmodel.datasets import provinces
from finmodel.errors import Problem, ScenarioError
from finmodel.report.convergence import convergence_sentence
from finmodel.report.draws import LEAST_PATHS, draws_headline, rate_view, total_view
from finmodel.scenario import load_scenario
from finmodel.scenario.priors import load_priors
from finmodel.study.draw_convergence import draws_catalogue
from finmodel.study.draws import about_draws
from finmodel.study.goals import checked_goal
from finmodel.study.stopping import FIRST_DRAWS, check_most
from finmodel.study.stored_draws import draw_and_store, laid_on, tables_of_draws
from finmodel.study.why import default_paths
from finmodel.variables import Language, labels
from finmodel.world import build_world

SHOWN_TABLES = (
    "uncertainty_gap_total",
    "uncertainty_gap_region",
    "uncertainty_gap_stage",
    "uncertainty_activity_total",
)
VERDICTS = ("convergence_verdicts",)


def check_options(draws: int | None, priors: str, details: int) -> None:
    """Refuse options of `finmodel run` that do not go together.

    Raises
    ------
    ScenarioError
    """
    problems = []
    if draws is None and priors:
        problems.append(Problem("--priors", repr(priors), "only with --draws N"))
    if draws is not None and details:
        allowed = "0 with --draws: histories are kept of one run alone"
        problems.append(Problem("--details", str(details), allowed))
    if problems:
        raise ScenarioError("run options", problems)


def draw_and_show(
    file: Path,
    *,
    draws: int,
    priors: str,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
    until: str | None = None,
    language: Language = "en",
) -> None:
    """Draw what is not known about a scenario and print its layers; see `finmodel run --help`."""
    scenario = load_scenario(file, changes)
    found_priors = load_priors(priors) if priors else None
    goal = None
    if until is not None:
        goal = checked_goal(until, draws_catalogue(build_world(scenario)))
        check_most("--draws", draws, FIRST_DRAWS)
    defaults = (default_paths(scenario.run.paths), scenario.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(draws, "draws", language) as tick:
        found, stored = draw_and_store(
            scenario,
            draws=draws,
            paths=n_paths,
            seed=run_seed,
            root=out,
            priors=found_priors,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
            watch=tick,
            goal=goal,
        )
    if stored is not None:
        manifest = store.read_manifest(stored.folder)
        tables: Mapping[str, pd.DataFrame] = StoredTables(stored.folder)
    else:
        assert found is not None
        tables = tables_of_draws(found, laid_on(scenario, found_priors), scenario)
        about = {"paths": n_paths, "seed": run_seed, "scenario": scenario.model_dump(mode="json")}
        titles = {key: getattr(scenario.meta, key) for key in ("name", "title_en", "title_zh")}
        manifest = {**titles, **about, **about_draws(found)}
    show_draws(
        console,
        with_goal(manifest, stored),
        tables,
        stored.folder if stored else None,
        as_json=as_json,
        language=language,
    )
    end_draws(console, stored, manifest, tick.advice, wanted=draws, language=language)


def show_draws(
    console: Console,
    manifest: store.Manifest,
    tables: Mapping[str, pd.DataFrame],
    folder: Path | None,
    *,
    as_json: bool,
    language: Language = "en",
) -> None:
    """Print the layers of draws, or all they hold as JSON."""
    if as_json:
        about = ("name", "draws", "paths", "seed", "n_beliefs", "n_redrawn_draws")
        emit_json(
            {
                **{key: manifest[key] for key in about},
                "digest": manifest.get("digest"),
                "folder": str(folder) if folder else None,
                "is_complete": folder is not None,
                "seconds": manifest.get("seconds"),
                **{name: records(tables[name]) for name in (*SHOWN_TABLES, *VERDICTS)},
                "until": manifest.get("until"),
            }
        )
        return
    names = dict(zip(provinces()["iso"], provinces()[f"name_{language}"], strict=True))
    names |= {k: item[f"label_{language}"] for k, item in manifest["scenario"]["stages"].items()}
    words = {key: item[language] for key, item in labels()["uncertainty"].items()}
    titles = {key: manifest[key] for key in ("title_en", "title_zh")}
    console.print(labels()["terminal_run"]["title"][language].format(**titles))
    console.print(_intro(manifest, tables["beliefs"], words), soft_wrap=True)
    console.print()
    headline = draws_headline(tables["uncertainty_gap_total"], language)
    console.print(f"[bold]{headline}[/bold]", soft_wrap=True)
    console.print()
    console.print(total_view(tables, language))
    for dimension in ("region", "stage"):
        console.print(rate_view(tables[f"uncertainty_gap_{dimension}"], dimension, names, language))
    console.print(words["note"], soft_wrap=True)
    if manifest["paths"] < LEAST_PATHS:
        few = words["few_paths"].format(paths=manifest["paths"], least=LEAST_PATHS)
        console.print(few, soft_wrap=True)
    doubt = convergence_sentence(tables[VERDICTS[0]], language)
    if doubt:
        console.print(doubt, soft_wrap=True)


def _intro(manifest: store.Manifest, beliefs: pd.DataFrame, words: Mapping[str, str]) -> str:
    count = beliefs["origin"].value_counts()
    stated, laid = int(count.get("stated", 0)), int(count.get("prior", 0))
    parts = [
        words["intro"].format(
            draws=_number(manifest["draws"], words),
            numbers=stated + laid,
            stated=stated,
            laid=laid,
            rest=int(count.get("", 0)),
            paths=manifest["paths"],
            seed=manifest["seed"],
        )
    ]
    if manifest["n_redrawn_draws"]:
        parts.append(words["redrawn"].format(draws=_number(manifest["n_redrawn_draws"], words)))
    return " ".join(parts)


def _number(draws: int, words: Mapping[str, str]) -> str:
    return words["draws_1"] if draws == 1 else words["draws_n"].format(n=draws)
