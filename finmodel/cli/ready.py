"""A process that is ready for one command: all is loaded, and nothing known of the command yet.

``python -m finmodel.cli.ready BASELINE`` loads the program, builds the market of a scenario, loads
its kernels, and plays its first paths ahead. Then it waits for one line of JSON on its standard
input, becomes that command, and ends with it, as a process started for the command would: what it
prints, its exit code and its signals are the same, and no second command ever meets what the first
one left. A line of nothing, or a wait of :data:`MOST_IDLE_SECONDS`, ends it too.

If any file of code, data or scenarios has changed since it began to load, it starts afresh for
the command: a result must not be named after code that did not make it.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import TypedDict

from finmodel.datasets.root import data_root, scenarios_root

MOST_IDLE_SECONDS = 1200.0
PATHS_AHEAD = 6
"""As many as a preview plays; see :mod:`finmodel.study.ahead`."""
_PACKAGE = Path(__file__).resolve().parents[1]


class Order(TypedDict):
    """What the line of JSON holds.

    `arguments` come after `finmodel`; `out` and `said` are the files that standard output and
    standard error go to; `environment` is added to that of the process.
    """

    arguments: list[str]
    out: str
    said: str
    environment: dict[str, str]


def main() -> None:
    """Load, wait, become the command."""
    before = signature()
    _load(Path(sys.argv[1]))
    line = _line()
    if line:
        become(json.loads(line), is_stale=signature() != before)


def become(order: Order, *, is_stale: bool) -> None:
    """Run a command in place of this process; exits as it does.

    Parameters
    ----------
    order : Order
    is_stale : bool
        Whether what is loaded is no longer what is on disk.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    _put(os.open(os.devnull, os.O_RDONLY), 0)
    _put(os.open(order["out"], flags, 0o666), 1)
    _put(os.open(order["said"], flags, 0o666), 2)
    os.environ.update(order["environment"])
    if is_stale:
        command = [sys.executable, "-m", "finmodel", *order["arguments"]]
        os.execv(sys.executable, command)
    sys.argv = ["finmodel", *order["arguments"]]
    from finmodel.cli.main import entry

    entry()


def signature() -> tuple[tuple[str, int, int], ...]:
    """Return path, time and size of every file that what is loaded came from."""
    roots = ((_PACKAGE, "*.py"), (data_root(), "*"), (scenarios_root(), "*.toml"))
    found = []
    for root, pattern in roots:
        for path in root.rglob(pattern):
            about = path.stat()
            found.append((str(path), about.st_mtime_ns, about.st_size))
    return tuple(sorted(found))


def _load(baseline: Path) -> None:
    """Load what a comparison with a baseline needs."""
    import pyarrow.parquet  # noqa: F401

    import finmodel.cli.main  # noqa: F401
    from finmodel.datasets import checksums
    from finmodel.market.run import warm_kernel
    from finmodel.scenario import load_scenario
    from finmodel.study.ahead import AHEAD
    from finmodel.study.single import model_digest
    from finmodel.world import build_world

    model_digest()
    checksums()
    scenario = load_scenario(baseline)
    world = build_world(scenario)
    warm_kernel(world)
    AHEAD.play(world, scenario.run.seed, PATHS_AHEAD, is_asked=_is_asked)


def _is_asked(seconds: float = 0.0) -> bool:
    """Return whether a line has come, or the other side is gone."""
    ready, _, _ = select.select([0], [], [], seconds)
    return bool(ready)


def _line() -> bytes:
    """Return the line that comes, or nothing if none does in time or the other side is gone."""
    parts = []
    is_ready = _is_asked(MOST_IDLE_SECONDS)
    while is_ready and (part := os.read(0, 65536)):
        parts.append(part)
        if part.endswith(b"\n"):
            return b"".join(parts)
    return b""


def _put(opened: int, number: int) -> None:
    os.dup2(opened, number)
    if opened != number:
        os.close(opened)


if __name__ == "__main__":
    main()
