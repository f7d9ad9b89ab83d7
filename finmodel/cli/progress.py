"""What a long command shows while it works, how it is stopped, and how it can go on."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from finmodel.errors import Interrupted, StoreError
from finmodel.variables import Language, labels

STOPPING = (signal.SIGINT, signal.SIGTERM)
PROGRESS_VARIABLE = "FINMODEL_PROGRESS"
"""Environment variable: a file to write how far a command is to, for whoever started it."""
WRITE_SECONDS = 0.2


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets; a second one stops at once."""
    cancel = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handle) for number in STOPPING} if is_main else {}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Bar:
    """A progress bar on standard error, silent when that is not a terminal.

    It is told what becomes of unfinished work, too, and says so in a line.

    Parameters
    ----------
    total : int
        Units to do.
    what : str
        What a unit is, in the plural.
    language : {'en', 'zh'}
    """

    def __init__(self, total: int, what: str = "paths", language: Language = "en") -> None:
        self._words = {key: texts[language] for key, texts in labels()["progress"].items()}
        self._name = self._words.get(what, what)
        self._counted = self._words.get(f"of_{what}", what)
        columns = (
            TextColumn(self._name),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
        )
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        is_silent = not sys.stderr.isatty()
        self._progress = Progress(*columns, console=self._console, disable=is_silent)
        self._task = self._progress.add_task(what, total=total)
        self._total = total
        self._file = Path(name) if (name := os.environ.get(PROGRESS_VARIABLE)) else None
        self._written = -math.inf
        self.n_kept = 0

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        self._progress.stop()
        if isinstance(error, Interrupted | KeyboardInterrupt | StoreError) and self.n_kept:
            error.add_note(self.advice)

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` units are done."""
        self._progress.update(self._task, completed=done, total=total)
        self._write(done, total)

    def _write(self, done: int, total: int) -> None:
        """Put how far it is into the file that the environment names, whole or not at all."""
        now = time.monotonic()
        if self._file is None or (now - self._written < WRITE_SECONDS and done < total):
            return
        self._written = now
        draft = self._file.with_suffix(".draft")
        with suppress(OSError):
            draft.write_text(json.dumps({"done": done, "total": total}), encoding="utf-8")
            draft.replace(self._file)

    def resumed(self, done: int) -> None:
        """Say that `done` units were kept, and count from there."""
        self._progress.reset(self._task, completed=done)
        self._console.print(self._count("resumed", done))

    def kept(self, done: int) -> None:
        """Remember that `done` units are on disk."""
        self.n_kept = done

    def not_kept(self, reason: str) -> None:
        """Say why units cannot be kept on the way."""
        text = self._words["not_kept"].format(what=self._name.capitalize(), reason=reason)
        self._console.print(text, markup=False)

    @property
    def advice(self) -> str:
        """What an interrupted command leaves, and how to go on."""
        return self._count("kept", self.n_kept) if self.n_kept else self._words["nothing"]

    def _count(self, key: str, done: int) -> str:
        return self._words[key].format(done=done, total=self._total, what=self._counted)
