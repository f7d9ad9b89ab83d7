"""The option `--until` of the commands that have it."""

from __future__ import annotations

import typer
from rich.console import Console

from finmodel.cli.errors import NOT_CONVERGED
from finmodel.report.convergence import stopped_sentence
from finmodel.study.goals import Goal
from finmodel.study.stopping import FIRST_LOOK, PATHS_OF_SCENARIO, Stopped, check_most
from finmodel.variables import Language


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
