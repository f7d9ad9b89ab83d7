"""A stored result that cannot be shown: which, what is wrong with it, what to do; no place of it.

Errors of the store name folders of the server and are English. A visitor needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal

from finmodel import store
from finmodel.errors import Problem, StoreError
from finmodel.report.mark import plain_name
from finmodel.report.wording import Wording
from finmodel.variables import labels

Why = Literal["gone", "lacks", "broken"]
ENDING = ".parquet"
MOST_PARTS = 4
MOST_LETTERS = 20
"""Of a version."""


class UnshownError(StoreError):
    """A stored result, or a table of it, cannot be read.

    Parameters
    ----------
    key : str
        Name of the result.
    why : {'gone', 'lacks', 'broken'}
        It was removed; it was stored without the table; its files are not what was stored.
    parts : sequence of str
        Tables, or its manifest, that lack or are broken.
    version : str
        What it says that it was made by.
    """

    def __init__(self, key: str, why: Why, parts: Sequence[str] = (), version: str = "") -> None:
        self.key, self.why, self.parts, self.version = key, why, tuple(parts), version
        super().__init__("result", [Problem(key, f"{why}: {', '.join(parts)}", "a whole result")])


def fault_of(folder: Path, name: str) -> UnshownError:
    """Return what is wrong with a result one of whose tables could not be read.

    Parameters
    ----------
    folder : Path
    name : str
        The table.
    """
    key = folder.name
    if not folder.is_dir():
        return UnshownError(key, "gone")
    try:
        manifest = store.read_manifest(folder)
        files, version = dict(manifest["files"]), str(manifest.get("version") or "–")
    except (OSError, ValueError, KeyError, TypeError):
        return UnshownError(key, "broken", [store.MANIFEST], "–")
    broken = _broken(folder, files)
    if not broken and f"{name}{ENDING}" not in files:
        return UnshownError(key, "lacks", [name], version)
    return UnshownError(key, "broken", broken or [name], version)


def _broken(folder: Path, files: Mapping[str, object]) -> list[str]:
    """Return the tables whose files are not those that were stored."""
    found = []
    for file, stated in files.items():
        is_same = False
        with suppress(OSError):
            is_same = sha256((folder / file).read_bytes()).hexdigest() == stated
        if not is_same:
            found.append(str(file).removesuffix(ENDING))
    return found


def unshown_text(error: UnshownError, words: Wording) -> str:
    """Return what a visitor is told."""
    between = words.text("unshown", "between")
    parts = [part_name(name, words) for name in error.parts[:MOST_PARTS]]
    more = ["…"] if len(error.parts) > MOST_PARTS else []
    return words.text(
        "unshown",
        error.why,
        digest=plain_name(error.key),
        parts=between.join([*parts, *more]),
        version=error.version[:MOST_LETTERS],
    )


def part_name(name: str, words: Wording) -> str:
    """Return what a table of a result is called."""
    if name == store.MANIFEST:
        return words.text("unshown", "manifest")
    if name in labels()["part_of_result"]:
        return words.text("part_of_result", name)
    return words.text("unshown", "table", name=plain_name(name))
