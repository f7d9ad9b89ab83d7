"""The command `allocate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.batch_group import EngineName, EngineOption, SchedulerOption, WorkersOption
from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, SetOption, ThreadsOption


@guarded
def allocate(
    goal: Annotated[Path, typer.Argument(help="Goal of an allocation (TOML).", metavar="GOAL")],
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of allocations.", metavar="DIR")
    ] = Path("allocations"),
    page: Annotated[
        Path | None, typer.Option(help="Write the result as a page (HTML).", metavar="FILE")
    ] = None,
    engine: EngineOption = EngineName.THREADS,
    scheduler: SchedulerOption = "",
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    lang: Annotated[str, typer.Option(help="Language of what is printed: en or zh.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Split a programme's budget over regions, stages and vehicles, and test the split on new luck.

    Winners are compared with equal, GDP, gap-weighted and current splits on paths that the search
    has not seen; differences within noise are said to be so. Every simulation is kept: the same
    command goes on after any stop.
    """
    from finmodel.cli.allocate_command import allocate_and_show

    allocate_and_show(
        goal,
        changes=changes or [],
        out=out,
        page=page,
        engine=engine.value,
        scheduler=scheduler,
        workers=workers,
        threads=threads,
        lang=lang,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )
