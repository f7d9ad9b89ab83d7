"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from finmodel.errors import Problem, ScenarioError

ScenarioArg = Annotated[Path, typer.Argument(help="Scenario file (TOML).", metavar="SCENARIO")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a number: dotted.key=value. May be repeated."),
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder of runs.", metavar="DIR")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
PathsOption = Annotated[int | None, typer.Option(help="Paths; by default the scenario's.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed; by default the scenario's.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, help="Worker threads.")]
DrawsOption = Annotated[
    int | None,
    typer.Option(help="Draw numbers that are beliefs, so often; a quarter of the paths each."),
]
PriorsOption = Annotated[
    str, typer.Option(help="Lay a belief on every other number: graded, or a file.")
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        help="Stop when an error is small: 'se(gap_rate) < 0.01'. --paths (by default ten times "
        "the scenario's) or --draws is then the most.",
        metavar="GOAL",
    ),
]
LangOption = Annotated[str, typer.Option("--lang", help="Language of what is printed: en or zh.")]
LANGUAGES: tuple[Literal["en", "zh"], ...] = ("en", "zh")


def language_of(text: str) -> Literal["en", "zh"]:
    """Return a language by its code.

    Raises
    ------
    ScenarioError
        If it is not known.
    """
    for lang in LANGUAGES:
        if text == lang:
            return lang
    raise ScenarioError("report options", [Problem("--lang", repr(text), "en or zh")])
