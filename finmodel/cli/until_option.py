"""How studies with `--until`, and those of draws, are asked for and end."""

from __future__ import annotations

import typer
from rich.console import Console

from finmodel.cli.errors import INTERRUPTED, NOT_CONVERGED
from finmodel.cli.output import stored_line
from finmodel.report.convergence import stopped_sentence
from finmodel.store import Manifest
from finmodel.study.goals import Goal
from finmodel.study.stopping import FIRST_LOOK, PATHS_OF_SCENARIO, Stopped, check_most
from finmodel.study.stored import StoredRun
from finmodel.variables import Language, labels


def most_paths(paths: int | None, of_scenario: int, goal: Goal | None) -> int:
    """Return how many paths to play, or with a goal the most.

    Raises
    ------
    ScenarioError
        If a goal is given and so few that it is never looked at.
    """
    if goal is None:
        return of_scenario if paths is None else paths
    most = PATHS_OF_SCENARIO * of_scenario if paths is None else paths
    check_most("--paths", most, FIRST_LOOK)
    return most


def with_goal(manifest: Manifest, stored: StoredRun | None) -> Manifest:
    """Return a manifest with how the goal of this command ended, None without one.

    The result may have been stored by a command with another goal, or with none.
    """
    stopped = stored.stopped if stored else None
    return {**manifest, "until": stopped.as_json() if stopped else None}


def show_stopped(
    console: Console, stopped: Stopped | None, unit: str, option: str, language: Language
) -> None:
    """Print how a study with a goal ended; leave with an exit code if it was not reached.

    Raises
    ------
    typer.Exit
    """
    if stopped is None:
        return
    text = stopped_sentence(stopped, unit, option, language)
    console.print(text, soft_wrap=True, markup=False)
    if not stopped.is_reached:
        raise typer.Exit(NOT_CONVERGED)


def end_draws(
    console: Console,
    stored: StoredRun | None,
    manifest: Manifest,
    advice: str,
    *,
    wanted: int,
    language: Language,
) -> None:
    """Print how a study of draws ended and where it lies, and leave with its exit code.

    Raises
    ------
    typer.Exit
        If it was interrupted, or a goal was not reached.
    """
    words = {key: item[language] for key, item in labels()["ending"].items()}
    if stored is None:
        shown = words["interrupted"].format(n=manifest["draws"], wanted=wanted)
        console.print(f"{shown} {advice}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    timing = words["timing"].format(seconds=manifest["seconds"])
    console.print(f"{timing} {stored_line(stored, language)}", soft_wrap=True)
    show_stopped(console, stored.stopped, "draws", "--draws", language)
