"""`finmodel compare --draws`: how wide the effect of a policy is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from finmodel import store
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.until_option import end_draws, with_goal
from finmodel.report.convergence import convergence_sentence
from finmodel.report.draws import LEAST_PATHS
from finmodel.report.effect_draws import effect_headline, effect_view
from finmodel.scenario import Scenario
from finmodel.scenario.priors import load_priors
from finmodel.study.draws import about_draws
from finmodel.study.goals import checked_goal
from finmodel.study.stopping import FIRST_DRAWS, check_most
from finmodel.study.stored_effect_draws import (
    Arms,
    draw_effects_and_store,
    effect_draws_catalogue,
    tables_of_effect_draws,
)
from finmodel.study.why import default_paths
from finmodel.variables import Language, labels
from finmodel.world import build_world

SHOWN_TABLES = ("uncertainty_effects", "uncertainty_outcomes", "uncertainty_public")


def draw_effects_and_show(
    base: Scenario,
    policies: Mapping[str, Scenario],
    *,
    draws: int,
    priors: str,
    paths: int | None,
    seed: int | None,
    out: Path,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
    until: str | None = None,
    language: Language = "en",
) -> None:
    """Draw what is not known and print the layers of effects; see `finmodel compare --help`."""
    arms = Arms(base, policies, load_priors(priors) if priors else None)
    goal = None
    if until is not None:
        goal = checked_goal(until, effect_draws_catalogue(build_world(base), list(policies)))
        check_most("--draws", draws, FIRST_DRAWS)
    defaults = (default_paths(base.run.paths), base.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    with stop_on_interrupt() as cancel, Bar(draws, "draws", language) as tick:
        found, stored = draw_effects_and_store(
            arms,
            draws=draws,
            paths=n_paths,
            seed=run_seed,
            root=out,
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
        tables = tables_of_effect_draws(found, arms)
        manifest = {
            "name": base.meta.name,
            "title_en": base.meta.title_en,
            "title_zh": base.meta.title_zh,
            "paths": n_paths,
            "seed": run_seed,
            "policies": {name: arm.meta.title_en for name, arm in policies.items()},
            "policies_zh": {name: arm.meta.title_zh for name, arm in policies.items()},
            **about_draws(found),
        }
    asked, folder = with_goal(manifest, stored), stored.folder if stored else None
    show_effect_draws(console, asked, tables, folder, as_json, language)
    end_draws(console, stored, manifest, tick.advice, wanted=draws, language=language)


def show_effect_draws(
    console: Console,
    manifest: store.Manifest,
    tables: Mapping[str, pd.DataFrame],
    folder: Path | None,
    as_json: bool,
    language: Language = "en",
) -> None:
    """Print the layers of effects, or all they hold as JSON."""
    if as_json:
        about = ("draws", "paths", "seed", "n_beliefs", "n_redrawn_draws", "policies")
        emit_json(
            {
                "base": manifest["name"],
                **{key: manifest[key] for key in about},
                "folder": str(folder) if folder else None,
                "is_complete": folder is not None,
                "until": manifest.get("until"),
                **{name: records(tables[name]) for name in (*SHOWN_TABLES, "convergence_verdicts")},
            }
        )
        return
    words = {key: item[language] for key, item in labels()["effect_draws"].items()}
    names = manifest["policies" if language == "en" else "policies_zh"]
    console.print(f"[bold]{words['against'].format(base=manifest[f'title_{language}'])}[/bold]")
    keys = ("draws", "paths", "seed", "n_beliefs", "n_redrawn_draws")
    intro = words["intro"].format(**{key: manifest[key] for key in keys})
    console.print(intro, soft_wrap=True)
    if manifest["n_redrawn_draws"]:
        console.print(words["redrawn"].format(**manifest), soft_wrap=True)
    console.print()
    for policy in names:
        text = effect_headline(policy, tables, names, language)
        console.print(f"[bold]{text}[/bold]", soft_wrap=True)
    console.print()
    for policy in names:
        console.print(effect_view(policy, tables, names, language))
    console.print(words["note"], soft_wrap=True)
    if manifest["paths"] < LEAST_PATHS:
        few = words["few_paths"].format(paths=manifest["paths"], least=LEAST_PATHS)
        console.print(few, soft_wrap=True)
    doubt = convergence_sentence(tables["convergence_verdicts"], language, is_effect=True)
    if doubt:
        console.print(doubt, soft_wrap=True)
