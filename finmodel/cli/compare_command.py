"""`finmodel compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from finmodel.cli.compare_draws_command import draw_effects_and_show
from finmodel.cli.draws_command import check_options
from finmodel.cli.errors import INTERRUPTED
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.cli.until_option import most_paths, show_stopped, with_goal
from finmodel.errors import Problem, ScenarioError
from finmodel.measure.effect_series import effect_catalogue
from finmodel.report import chain_view, outcome_view, policy_headline, public_view
from finmodel.report.convergence import convergence_sentence
from finmodel.report.private_money import private_money, private_warning
from finmodel.report.terminal import words_of
from finmodel.report.wording import Wording, names_of
from finmodel.scenario import Scenario, load_scenario
from finmodel.study.compare import Comparison, comparison_tables
from finmodel.study.comparisons import compare_scenarios
from finmodel.study.goals import Goal, checked_goal
from finmodel.study.stored import StoredRun
from finmodel.variables import Language
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
    draws: int | None = None,
    priors: str = "",
    until: str | None = None,
    language: Language = "en",
) -> None:
    """Compare policies with a baseline and print effects; see `finmodel compare --help`."""
    scenario = load_scenario(base, [text for text in changes if not text.startswith(OF_POLICIES)])
    arms = _load(policies, changes)
    check_options(draws, priors, 0)
    if draws is not None:
        draw_effects_and_show(
            scenario,
            arms,
            draws=draws,
            priors=priors,
            paths=paths,
            seed=seed,
            out=out,
            threads=threads,
            as_json=as_json,
            command=command,
            until=until,
            language=language,
        )
        return
    goal = _goal(until, scenario, arms) if until is not None else None
    most = most_paths(paths, scenario.run.paths, goal)
    n_paths, run_seed = prepare(most, seed, out, defaults=(most, scenario.run.seed))
    console = Console(stderr=as_json, highlight=False)
    titles = _titles(arms, language)
    with stop_on_interrupt() as cancel, Bar(n_paths, language=language) as tick:
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
            goal=goal,
        )
    folder = stored.folder if stored else None
    if folder:
        tables: Mapping[str, pd.DataFrame] = StoredTables(folder)
    else:
        assert found is not None
        tables = comparison_tables(found)
    n_all = stored.stopped.n if stored and stored.stopped else n_paths
    n_done = found.n_paths if found else n_all
    if as_json:
        called = {"policies": titles, "policies_zh": _titles(arms, "zh")}
        about = {"base": scenario.meta.name, **called, "paths": n_done, "seed": run_seed}
        answer = {key: records(tables[key]) for key in EMITTED}
        emit_json({**with_goal(about, stored), "folder": str(folder) if folder else None, **answer})
    else:
        _print(console, scenario, arms, tables, n_done, run_seed, language)
    words = words_of("terminal_run", language)
    text = words["interrupted"].format(n=n_done, wanted=n_paths, advice=tick.advice)
    _end(console, found, stored, text, language)


def _titles(arms: Mapping[str, Scenario], language: Language) -> dict[str, str]:
    return {name: str(getattr(arm.meta, f"title_{language}")) for name, arm in arms.items()}


def _end(
    console: Console,
    found: Comparison | None,
    stored: StoredRun | None,
    interrupted: str,
    language: Language,
) -> None:
    """Say where the result lies, or what an interrupted comparison leaves."""
    if stored is None:
        console.print(interrupted, soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    words = words_of("ending", language)
    where = words["stored" if found else "found"].format(folder=stored.folder)
    timing = f"{words['timing'].format(seconds=found.seconds)} " if found else ""
    console.print(f"{timing}{where}", soft_wrap=True)
    show_stopped(console, stored.stopped, "paths", "--paths", language)


def _goal(text: str, base: Scenario, policies: Mapping[str, Scenario]) -> Goal:
    catalogue = effect_catalogue(
        policies=policies, regions=build_world(base).regions, stages=base.stage_names
    )
    return checked_goal(text, catalogue)


EMITTED = ("outcomes", "effects", "public", "convergence_verdicts")
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


def _print(
    console: Console,
    scenario: Scenario,
    arms: Mapping[str, Scenario],
    tables: Mapping[str, pd.DataFrame],
    paths: int,
    seed: int,
    language: Language = "en",
) -> None:
    words, meta = words_of("terminal_compare", language), scenario.meta
    titles = {name: getattr(arm.meta, f"title_{language}") for name, arm in arms.items()}
    named = Wording(language, names=names_of({}, language))
    console.print(words["against"].format(title_en=meta.title_en, title_zh=meta.title_zh))
    number = words["paths_1" if paths == 1 else "paths_n"].format(n=paths)
    console.print(words["luck"].format(paths=number, seed=seed) + "\n")
    for policy in titles:
        text = policy_headline(
            policy, tables["outcomes"], tables["effects"], titles, language, paths=paths
        )
        console.print(f"[bold]{text}[/bold]", soft_wrap=True)
        warning = private_warning(private_money(arms[policy]), named)
        if warning:
            console.print(warning, soft_wrap=True)
    console.print()
    for policy in titles:
        console.print(outcome_view(policy, tables["outcomes"], titles, language))
        console.print(chain_view(policy, tables["effects"], titles, language))
        view = public_view(policy, tables["public"], titles, language, paths=paths)
        if view is not None:
            console.print(view)
    console.print(words["note"], soft_wrap=True)
    doubt = convergence_sentence(tables["convergence_verdicts"], language, is_effect=True)
    if doubt:
        console.print(doubt, soft_wrap=True)
