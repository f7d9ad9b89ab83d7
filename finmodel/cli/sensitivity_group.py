"""The command of sensitivity studies: `sensitivity`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.batch_group import EngineName, EngineOption, SchedulerOption, WorkersOption
from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, SetOption, ThreadsOption


@guarded
def sensitivity(
    plan: Annotated[Path, typer.Argument(help="Plan of a study (TOML).", metavar="PLAN")],
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of studies.", metavar="DIR")] = Path(
        "sensitivities"
    ),
    page: Annotated[
        Path | None, typer.Option(help="Write the page, too (HTML).", metavar="FILE")
    ] = None,
    engine: EngineOption = EngineName.THREADS,
    scheduler: SchedulerOption = "",
    workers: WorkersOption = None,
    lang: Annotated[str, typer.Option(help="Language of what is printed: en or zh.")] = "en",
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find which unknown matters for which conclusion, when goals fail, and what to know first.

    The plan names a scenario, policies, the numbers that are not known, and methods: elementary
    effects, shares of variance, one number at a time, boxes in which a goal fails, the value of
    information. All points play the same paths, and what of a figure is luck is told. Finished
    markets are kept, so that an interrupted study goes on.
    """
    from finmodel.cli.sensitivity_command import study_and_show

    study_and_show(
        plan,
        changes=changes or [],
        out=out,
        page=page,
        engine=engine.value,
        scheduler=scheduler,
        workers=workers,
        lang=lang,
        threads=threads,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
    )
