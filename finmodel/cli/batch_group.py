"""Commands over many scenarios: `batch`, and `query` over all that is stored."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, SetOption, ThreadsOption


class EngineName(StrEnum):
    """Where units are computed."""

    THREADS = "threads"
    DASK = "dask"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="Where units are computed: threads or dask.")
]
SchedulerOption = Annotated[
    str, typer.Option(help="Address of a dask scheduler; by default workers on this machine.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes of --engine dask on this machine.")
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
    lang: Annotated[str, typer.Option(help="Language of what is printed: en or zh.")] = "en",
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
        engine=engine.value,
        scheduler=scheduler,
        workers=workers,
        threads=threads,
        lang=lang,
        as_json=as_json,
        command=["finmodel", *sys.argv[1:]],
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
