"""A result on disk: found again, or made, going on from what an interrupted command kept."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import numba
import numpy as np
import pandas as pd

import finmodel
from finmodel import datasets, store
from finmodel.market.resume import Checkpoint

T = TypeVar("T")


@dataclass(frozen=True)
class StoredRun:
    """A result on disk.

    Attributes
    ----------
    folder : Path
    is_reused : bool
        Whether it was found rather than computed.
    """

    folder: Path
    is_reused: bool


@dataclass(frozen=True)
class Place:
    """Where a result is stored, and who is told how its making goes.

    Attributes
    ----------
    root : Path
        Folder of results.
    digest : str
        Of everything that can change the result.
    watch : Watch, optional
    """

    root: Path
    digest: str
    watch: store.Watch | None = None


def find_or_make(
    place: Place,
    make: Callable[[Checkpoint], T],
    is_complete: Callable[[T], bool],
    tables: Callable[[T], Mapping[str, pd.DataFrame]],
    manifest: Callable[[T], store.Manifest],
) -> tuple[T | None, StoredRun | None]:
    """Find a result, or make it from what is kept of it and store it.

    Parameters
    ----------
    place : Place
    make : callable
        Makes the result, keeping what is done at the checkpoint it is given.
    is_complete, tables, manifest : callable
        Whether a result is whole, and what is stored of it if it is.

    Returns
    -------
    result : T or None
        None if it was found on disk.
    stored : StoredRun or None
        None if the result is not complete: a part is never stored as the whole.

    Raises
    ------
    StoreError
        If the result cannot be written; what was kept on the way stays.
    """
    found = store.find_run(place.root, place.digest)
    if found is not None:
        store.discard_unfinished(place.root, place.digest)
        return None, StoredRun(found, is_reused=True)
    with store.Unfinished(place.root, place.digest, watch=place.watch) as unfinished:
        result = make(unfinished)
        if not is_complete(result):
            return result, None
        folder = store.save_run(place.root, place.digest, tables(result), manifest(result))
        unfinished.clear()
    return result, StoredRun(folder, is_reused=False)


def find_or_store(
    root: Path,
    digest: str,
    make: Callable[[], Mapping[str, pd.DataFrame]],
    manifest: Callable[[], store.Manifest],
) -> StoredRun:
    """Find a result, or make it and store it: of short work nothing is kept on the way.

    Parameters
    ----------
    root : Path
        Folder of results.
    digest : str
        Of everything that can change the result.
    make : callable
        Returns the tables.
    manifest : callable

    Raises
    ------
    StoreError
        If the result cannot be written.
    """
    found = store.find_run(root, digest)
    if found is not None:
        return StoredRun(found, is_reused=True)
    return StoredRun(store.save_run(root, digest, make(), manifest()), is_reused=False)


class Titled(Protocol):
    """What a scenario or a plan is called."""

    @property
    def name(self) -> str:
        """Key, in ASCII."""

    @property
    def title_en(self) -> str:
        """In English."""

    @property
    def title_zh(self) -> str:
        """In Chinese."""


def provenance(
    meta: Titled, *, paths: int, seed: int, source_digest: str, command: Sequence[str]
) -> store.Manifest:
    """Return what the manifest of every result holds: what was asked, and with which software."""
    return {
        "name": meta.name,
        "title_en": meta.title_en,
        "title_zh": meta.title_zh,
        "paths": paths,
        "seed": seed,
        "data": datasets.checksums(),
        "version": finmodel.__version__,
        "source_digest": source_digest,
        "software": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        },
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
    }
