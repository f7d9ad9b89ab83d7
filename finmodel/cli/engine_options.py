"""Options of the commands that compute units: where, and on how many workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, NamedTuple

import typer

from finmodel.errors import InputError, Problem
from finmodel.study.engines import DaskEngine, Engine, ThreadEngine


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


class EngineAsked(NamedTuple):
    """What the options ask for.

    Attributes
    ----------
    name : EngineName
    scheduler : str
        Empty for none.
    workers, threads : int or None
    """

    name: EngineName
    scheduler: str
    workers: int | None
    threads: int | None


@contextmanager
def engine_of(asked: EngineAsked) -> Iterator[Engine]:
    """Yield the engine that options ask for, and let go of it.

    Raises
    ------
    InputError
        If options do not go together, with every one that does not.
    """
    problems = []
    if asked.name is EngineName.THREADS:
        for option, given in (("--scheduler", asked.scheduler), ("--workers", asked.workers)):
            if given:
                problems.append(Problem(option, str(given), "only with --engine dask"))
    else:
        if asked.threads is not None:
            allowed = "only with --engine threads: a worker has one"
            problems.append(Problem("--threads", str(asked.threads), allowed))
        if asked.scheduler and asked.workers is not None:
            allowed = "only without --scheduler, which has its own"
            problems.append(Problem("--workers", str(asked.workers), allowed))
    if problems:
        raise InputError("options", problems)
    engine: Engine
    if asked.name is EngineName.THREADS:
        engine = ThreadEngine(asked.threads)
    else:
        engine = DaskEngine(asked.scheduler, asked.workers)
    try:
        yield engine
    finally:
        engine.close()
