"""A result on disk: found again, or made, going on from what an interrupted command kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from finmodel import store
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
