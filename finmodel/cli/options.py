"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
