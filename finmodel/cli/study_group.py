"""Commands over many scenarios: `batch`, `sensitivity`, `allocate`, and `query` over results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.asked import asked_command
from finmodel.cli.engine_options import (
    EngineAsked,
    EngineName,
    EngineOption,
    SchedulerOption,
    WorkersOption,
)
from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, SetOption, ThreadsOption

LangOption = Annotated[str, typer.Option(help="Language of what is printed: en or zh.")]
PageOption = Annotated[
    Path | None, typer.Option(help="Write the answer as a page, too (HTML).", metavar="FILE")
]


@guarded
def batch(
    plan: Annotated[Path, typer.Argument(help="Plan of a batch (TOML).", metavar="PLAN")],
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of batches.", metavar="DIR")] = Path(
        "batches"
    ),
    engine: EngineOption = EngineName.THREADS,
    scheduler: SchedulerOption = "",
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    lang: LangOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Run scenarios over grids and designs, and store one tidy set of tables.

    Every unit is kept as soon as it is done: the same command goes on after any stop, and no unit
    that is done is computed again. Units that fail are flagged and stop no other.
    """
    from finmodel.cli.batch_command import batch_and_show

    batch_and_show(
        plan,
        changes=changes or [],
        out=out,
        engine=EngineAsked(engine, scheduler, workers, threads),
        lang=lang,
        as_json=as_json,
        command=asked_command(),
    )


@guarded
def sensitivity(
    plan: Annotated[Path, typer.Argument(help="Plan of a study (TOML).", metavar="PLAN")],
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of studies.", metavar="DIR")] = Path(
        "sensitivities"
    ),
    page: PageOption = None,
    engine: EngineOption = EngineName.THREADS,
    scheduler: SchedulerOption = "",
    workers: WorkersOption = None,
    lang: LangOption = "en",
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
        engine=EngineAsked(engine, scheduler, workers, threads),
        lang=lang,
        as_json=as_json,
        command=asked_command(),
    )


@guarded
def allocate(
    goal: Annotated[Path, typer.Argument(help="Goal of an allocation (TOML).", metavar="GOAL")],
    changes: SetOption = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of allocations.", metavar="DIR")
    ] = Path("allocations"),
    page: PageOption = None,
    engine: EngineOption = EngineName.THREADS,
    scheduler: SchedulerOption = "",
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    lang: LangOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Split a programme's budget over regions, stages, sectors and vehicles; test it on new luck.

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
        engine=EngineAsked(engine, scheduler, workers, threads),
        lang=lang,
        as_json=as_json,
        command=asked_command(),
    )


@guarded
def query(
    sql: Annotated[
        str, typer.Argument(help="A SELECT; without it, the tables there are.", metavar="[SQL]")
    ] = "",
    root: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of results; by default all in this folder.", metavar="DIR"),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the answer to a new file.", metavar="FILE")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a question in SQL about all stored results: each table name is a view over all of them.

    Columns `kind`, `run` and `name` say which result a row is of; `manifests` lists the results.
    """
    from finmodel.cli.query_command import query_and_show

    query_and_show(sql, roots=root, csv=csv, as_json=as_json)
