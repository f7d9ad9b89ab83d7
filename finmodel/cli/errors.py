"""Exit codes, and the one place where errors become messages."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console

from finmodel.errors import CalibrationError, FinmodelError, InputError, Interrupted

P = ParamSpec("P")
T = TypeVar("T")

BAD_INPUT, NOT_CONVERGED, OUR_BUG, INTERRUPTED = 2, 3, 1, 130


def exit_code(error: BaseException) -> int:
    """Return 2 for bad input, 3 for no convergence, 130 if interrupted, 1 for our bug."""
    if isinstance(error, InputError):
        return BAD_INPUT
    if isinstance(error, CalibrationError):
        return NOT_CONVERGED
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return INTERRUPTED
    return OUR_BUG


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Turn errors of a command into a message on standard error and an exit code."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (FinmodelError, KeyboardInterrupt) as error:
            console = Console(stderr=True, soft_wrap=True, highlight=False)
            notes: list[str] = getattr(error, "__notes__", [])
            text = "\n".join([str(error) or "interrupted at once", *notes])
            console.print(text, style="red" if sys.stderr.isatty() else None, markup=False)
            raise typer.Exit(exit_code(error)) from None

    return wrapper
