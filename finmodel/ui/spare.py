"""A process kept ready for the next run, so that a preview need not wait for a program to load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SPARE_VARIABLE = "FINMODEL_SPARE"
"""``0`` keeps no process ready: runs start later, and a server without runs needs less memory."""
MODULE = "finmodel.cli.ready"


class Spare:
    """At most one process that has loaded everything and waits for its command.

    It is not safe to call from two threads at once; the queue that has it holds its lock.

    Parameters
    ----------
    home : Path
        Working folder of the command.
    environment : mapping of str
        Of the process.
    baseline : Path
        Scenario whose market it builds.
    """

    def __init__(self, home: Path, environment: Mapping[str, str], baseline: Path) -> None:
        self._home, self._environment, self._baseline = home, dict(environment), baseline
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start a process if none waits."""
        if os.environ.get(SPARE_VARIABLE) == "0":
            return
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(self._baseline)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._home,
            env=self._environment,
        )

    def take(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes] | None:
        """Give the process that waits its command and return it; None if there is none.

        Parameters
        ----------
        arguments : sequence of str
            After `finmodel`.
        folder : Path
            Where `out.json` and `said.txt` go.
        environment : mapping of str
            Added to that of the process.
        """
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return None
        order = {
            "arguments": list(arguments),
            "out": str(folder / "out.json"),
            "said": str(folder / "said.txt"),
            "environment": dict(environment),
        }
        try:
            with process.stdin as line:
                line.write(json.dumps(order).encode() + b"\n")
        except OSError:
            process.wait()
            return None  # it ended while it waited
        return process if process.poll() is None else None

    def close(self) -> None:
        """End the process that waits."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        process.kill()
        process.wait()
