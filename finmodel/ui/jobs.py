"""Commands that pages start: one process each, a few at once, watched through files.

A job is a command of `finmodel` run apart from the page, so that a page that is closed, or drawn
anew, neither stops nor repeats it, and stopping it kills nothing else. It says how far it is in
`progress.json`; what it prints as JSON is its result. The store finds equal work again, so two
visitors who ask the same get one answer.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from finmodel.errors import InputError, Problem
from finmodel.ui.spare import Spare

PROGRESS_VARIABLE = "FINMODEL_PROGRESS"
"""Where a command writes how far it is."""
GRACE_SECONDS = 10.0
"""What a stopped job has to gather what it did, before it is killed. It plays no more then, and
nobody waits for it: the page is free at once, and the next run may start."""
MOST_WAITING = 20
ASKED = "asked.json"
_KEY = re.compile(r"[0-9a-f]{16}")
CODE = Path(__file__).resolve().parents[2]
"""Where this package lies: commands must be of the same code as the pages."""
REFUSED = 2
"""Exit code of a command that refuses its input, and says in words why."""
State = Literal["waiting", "running", "done", "stopped", "failed"]
_AHEAD: tuple[State, ...] = ("waiting", "running")


@dataclass
class Job:
    """A command of the queue.

    Attributes
    ----------
    key : str
    arguments : sequence of str
        After `finmodel`.
    folder : Path
        Of what it prints and how far it is.
    state : {'waiting', 'running', 'done', 'stopped', 'failed'}
    is_quick : bool
        Whether it takes seconds: it need not wait for a long one.
    started : float
        Time on the clock of :func:`time.monotonic`.
    asked_to_stop : float
        The same; 0 if it was not.
    """

    key: str
    arguments: Sequence[str]
    folder: Path
    state: State = "waiting"
    is_quick: bool = False
    started: float = 0.0
    asked_to_stop: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def is_refused(self) -> bool:
        """Whether it failed because of its input."""
        code = self.process.returncode if self.process else None
        return self.state == "failed" and code == REFUSED

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "stopped", "failed")

    @property
    def progress(self) -> tuple[int, int]:
        """How much is done, of how much; zeros before it is known."""
        try:
            found = json.loads((self.folder / "progress.json").read_text(encoding="utf-8"))
            return int(found["done"]), int(found["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0

    @property
    def seconds_left(self) -> float | None:
        """What remains at the pace so far; None before there is one."""
        done, total = self.progress
        if self.state != "running" or not 0 < done <= total:
            return None
        return (time.monotonic() - self.started) / done * (total - done)

    @property
    def result(self) -> dict[str, Any] | None:
        """What it printed as JSON; of a stopped one, what it had by then."""
        try:
            found = json.loads((self.folder / "out.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def said(self) -> str:
        """What it wrote to its error stream: the reason of a failure."""
        try:
            return (self.folder / "said.txt").read_text(encoding="utf-8").strip()
        except OSError:
            return ""


class JobQueue:
    """Jobs of all visitors, started in their order.

    Parameters
    ----------
    root : Path
        Folder of the jobs' files; made if missing.
    home : Path
        Working folder of the commands: where results are stored.
    at_once : int
        Long jobs that run together, and quick ones beside them; more would only slow each other.
    baseline : Path, optional
        Scenario whose market a process is kept ready for, once :meth:`be_ready` asks for one.
    """

    def __init__(
        self, root: Path, home: Path, at_once: int = 1, baseline: Path | None = None
    ) -> None:
        # Commands have another working folder: a relative one would be another there.
        self._root, self._home, self._at_once = root.resolve(), home.resolve(), at_once
        self._spare = Spare(self._home, _environment(), baseline) if baseline else None
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        files: Mapping[str, str] | None = None,
        *,
        is_quick: bool = False,
    ) -> Job:
        """Queue a command.

        Parameters
        ----------
        arguments : sequence of str
            After `finmodel`; it must print JSON. ``{job}`` becomes the job's folder.
        files : mapping of str
            Texts to write into the job's folder first, by plain file name.
        is_quick : bool
            Whether it takes seconds.

        Raises
        ------
        InputError
            If too many are waiting.
        """
        with self._lock:
            waiting = sum(job.state == "waiting" for job in self._jobs.values())
            if waiting >= MOST_WAITING:
                problem = Problem(
                    "run", f"{waiting} runs are waiting", f"fewer than {MOST_WAITING}"
                )
                raise InputError("queue of runs", [problem])
            key = secrets.token_hex(8)
            folder = self._root / key
            folder.mkdir(parents=True)
            for name, text in (files or {}).items():
                assert Path(name).name == name
                (folder / name).write_text(text, encoding="utf-8")
            own = [part.replace("{job}", str(folder)) for part in arguments]
            (folder / ASKED).write_text(json.dumps(own), encoding="utf-8")
            job = Job(key, own, folder, is_quick=is_quick)
            self._jobs[key] = job
        self.look()
        return job

    def find(self, key: str) -> Job | None:
        """Return a job, once its state is brought up to date; of an earlier server, as it ended."""
        self.look()
        return self._jobs.get(key) or self._recalled(key)

    def _recalled(self, key: str) -> Job | None:
        """Return a job that an earlier server ran, from its files."""
        if not _KEY.fullmatch(key):
            return None
        folder = self._root / key
        try:
            arguments = json.loads((folder / ASKED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        job = Job(key, [str(part) for part in arguments], folder, started=1.0)
        job.state = "stopped" if job.result is None else "done"
        return job

    def before(self, job: Job) -> int:
        """Return how many jobs of its sort wait or run before one that waits."""
        with self._lock:
            keys = [
                key
                for key, other in self._jobs.items()
                if other.is_quick == job.is_quick and other.state in _AHEAD
                if not (other.state == "running" and other.asked_to_stop)
            ]
        return keys.index(job.key) if job.key in keys else 0

    def stop(self, key: str) -> None:
        """Ask a job to end; it keeps what it has done, and is killed if it does not end."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.is_over:
                return
            job.asked_to_stop = time.monotonic()
            if job.process is None:
                job.state = "stopped"
                return
            job.process.send_signal(signal.SIGTERM)
        threading.Timer(GRACE_SECONDS, self._kill, [job]).start()

    def look(self) -> None:
        """Bring states up to date and start what may start."""
        with self._lock:
            for job in self._jobs.values():
                if job.state == "running" and job.process and job.process.poll() is not None:
                    job.state = _end_of(job, job.process.returncode)
            for is_quick in (True, False):
                lane = [job for job in self._jobs.values() if job.is_quick == is_quick]
                running = sum(job.state == "running" and not job.asked_to_stop for job in lane)
                free = max(0, self._at_once - running)
                for job in [job for job in lane if job.state == "waiting"][:free]:
                    self._begin(job)

    def be_ready(self) -> None:
        """Keep a process ready for the next job, if none is at work that it would slow."""
        with self._lock:
            if self._spare is not None and all(job.is_over for job in self._jobs.values()):
                self._spare.keep()

    def close(self) -> None:
        """End the process that is kept ready."""
        with self._lock:
            if self._spare is not None:
                self._spare.close()

    def _begin(self, job: Job) -> None:
        own = {PROGRESS_VARIABLE: str(job.folder / "progress.json")}
        if self._spare is not None:
            job.process = self._spare.take(job.arguments, job.folder, own)
        if job.process is None:
            job.process = self._started(job, own)
        job.state, job.started = "running", time.monotonic()

    def _started(self, job: Job, own: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (
            (job.folder / "out.json").open("wb") as out,
            (job.folder / "said.txt").open("wb") as said,
        ):
            return subprocess.Popen(
                [sys.executable, "-m", "finmodel", *job.arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                cwd=self._home,
                env={**_environment(), **own},
            )

    def _kill(self, job: Job) -> None:
        with suppress(OSError):
            if job.process is not None and job.process.poll() is None:
                job.process.kill()
        self.look()


def _environment() -> dict[str, str]:
    """Return the environment of commands: theirs is the code of the pages."""
    paths = [str(CODE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _end_of(job: Job, code: int) -> State:
    if job.asked_to_stop:
        return "stopped"
    return "done" if code == 0 else "failed"
