"""Stored results that pages show: the published ones, and those of the visitor's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from finmodel import store
from finmodel.datasets.root import published_root
from finmodel.errors import StoreError
from finmodel.report.grades import STUDY_TABLES
from finmodel.report.result import Result
from finmodel.ui.home import home
from finmodel.ui.unshown import fault_of

Kind = Literal[
    "runs",
    "comparisons",
    "decompositions",
    "funds",
    "batches",
    "sensitivities",
    "allocations",
    "validations",
]
"""Names of the folders that commands write to."""
Origin = Literal["published", "yours"]


@dataclass(frozen=True)
class Stored:
    """A stored result.

    Attributes
    ----------
    folder : Path
    origin : {'published', 'yours'}
        Shipped with the project, or made by the visitor.
    manifest : mapping
    """

    folder: Path
    origin: Origin
    manifest: Mapping[str, object]

    @property
    def key(self) -> str:
        """The name of the result in addresses."""
        return self.folder.name

    def title(self, language: str) -> str:
        """Return its title, or its name where it has none."""
        return str(self.manifest.get(f"title_{language}") or self.manifest.get("name", self.key))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises
        ------
        UnshownError
            If there is none of that name, or a file is not what the manifest says.
        """
        try:
            return _read(self.folder, str(self.manifest.get("digest")), name)
        except (StoreError, OSError, ValueError):
            raise fault_of(self.folder, name) from None

    def has(self, name: str) -> bool:
        """Return whether there is a table of that name."""
        return (self.folder / f"{name}.parquet").is_file()


class _Tables(Mapping[str, pd.DataFrame]):
    """Tables of a stored result, each read when first asked for."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def __getitem__(self, name: str) -> pd.DataFrame:
        if not self._stored.has(name):
            raise KeyError(name)
        return self._stored.table(name)

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self._stored.folder.glob("*.parquet")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def open_stored(folder: Path, origin: Origin) -> Stored:
    """Return the stored result of a folder.

    Raises
    ------
    UnshownError
        If there is none, or it cannot be read.
    """
    try:
        return Stored(folder, origin, store.read_manifest(folder))
    except (OSError, ValueError):
        raise fault_of(folder, "") from None


def result_of(stored: Stored) -> Result:
    """Return a stored result as memos and workbooks take it."""
    return Result(stored.manifest, _Tables(stored), stored.origin, stored.key)


def sensitivity_studies() -> list[Result]:
    """Return the sensitivity studies that can be read, published ones first."""
    found = []
    for stored in stored_results("sensitivities", home(), "tornado"):
        with suppress(StoreError):  # a broken one is told on the page of studies
            for name in STUDY_TABLES:
                stored.table(name)
            found.append(result_of(stored))
    return found


@lru_cache(maxsize=256)
def _read(folder: Path, digest: str, name: str) -> pd.DataFrame:
    """Return a table of a result found whole; it is shared, so it must not be changed."""
    _check(folder, digest)
    return store.read_result(folder, name)


@lru_cache(maxsize=256)
def _check(folder: Path, _digest: str) -> None:
    store.open_run(folder.parent, str(folder))


def is_present(key: str) -> bool:
    """Return whether a folder of any sort of results has one of this name, readable or not."""
    roots = (published_root(), home())
    return any(
        path.name == key
        for root in roots
        for kind in get_args(Kind)
        for path in root.glob(f"{kind}/*")
    )


def stored_results(kind: Kind, folder: Path, needs: str = "") -> list[Stored]:
    """Return results of a kind: published ones first, then one's own, newest first.

    Parameters
    ----------
    kind : str
    folder : Path
        The visitor's folder, in which commands make `runs`, `comparisons` and so on.
    needs : str
        Leave out results without this table: a folder may hold several sorts.
    """
    found: list[Stored] = []
    roots: tuple[tuple[Origin, Path], ...] = (
        ("published", published_root() / kind),
        ("yours", folder / kind),
    )
    for origin, root in roots:
        own = []
        for path in root.glob(f"[!.]*/{store.MANIFEST}"):
            try:
                manifest = store.read_manifest(path.parent)
            except (OSError, ValueError):
                continue  # half removed, or not ours
            if not needs or (path.parent / f"{needs}.parquet").is_file():
                own.append(Stored(path.parent, origin, manifest))
        found += sorted(own, key=lambda s: (str(s.manifest.get("created")), s.key), reverse=True)
    return found
