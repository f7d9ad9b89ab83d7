"""A result on disk: found again, or made, going on from what an interrupted command kept."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numba
import numpy as np
import pandas as pd

import finmodel
from finmodel import datasets, store
from finmodel.market.resume import Checkpoint
from finmodel.study.stopping import Stopped, StoppingRule

T = TypeVar("T")


Parts = tuple[
    Callable[[Checkpoint], T],
    Callable[[T], bool],
    Callable[[T], Mapping[str, pd.DataFrame]],
    Callable[[T], store.Manifest],
]
"""How a result is made, whether it is complete, its tables and its manifest."""


@dataclass(frozen=True)
class StoredRun:
    """A result on disk.

    Attributes
    ----------
    folder : Path
    is_reused : bool
        Whether it was found rather than computed.
    stopped : Stopped, optional
        How it ended, if it had a goal.
    """

    folder: Path
    is_reused: bool
    stopped: Stopped | None = None


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


@dataclass(frozen=True)
class Search(Generic[T]):
    """A result of as many units as a goal takes.

    Attributes
    ----------
    rule : StoppingRule
    digest_of : callable
        Returns the digest of the result of the first `n` units: the same as without a goal.
    count : callable
        Returns the units of a result.
    """

    rule: StoppingRule[T]
    digest_of: Callable[[int], str]
    count: Callable[[T], int]


def search_digest(most: str, rule: StoppingRule[T]) -> str:
    """Return the digest that names a search, from that of the result of the most units."""
    return sha256(f"{most}/until/{rule.goal}/{rule.counts}".encode()).hexdigest()


def find_or_search(
    place: Place,
    search: Search[T],
    make: Callable[[Checkpoint], T],
    is_complete: Callable[[T], bool],
    tables: Callable[[T], Mapping[str, pd.DataFrame]],
    manifest: Callable[[T], store.Manifest],
) -> tuple[T | None, StoredRun | None]:
    """Find where a goal was reached, or go on until it is, and store the result.

    Parameters
    ----------
    place : Place
        Its digest is that of the search: of everything that can change where it ends.
    search : Search
    make, is_complete, tables, manifest : callable
        As in :func:`find_or_make`.

    Returns
    -------
    result : T or None
        None if it was found on disk.
    stored : StoredRun or None
        Under the digest of as many units without a goal. None if the result is not complete.

    Raises
    ------
    StoreError
        If the result cannot be written; what was kept on the way stays.
    """
    known = store.read_pointer(place.root, place.digest)
    if known is not None:
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            stopped = Stopped.from_json(known)
            folder = store.find_run(place.root, search.digest_of(stopped.n))
            if folder is not None:
                store.discard_unfinished(place.root, place.digest)
                return None, StoredRun(folder, is_reused=True, stopped=stopped)
    with store.Unfinished(place.root, place.digest, watch=place.watch) as unfinished:
        result = make(unfinished)
        if not is_complete(result):
            return result, None
        rule, n = search.rule, search.count(result)
        stopped = Stopped(
            goal=str(rule.goal),
            n=n,
            most=rule.counts[-1],
            is_reached=rule.is_reached,
            looks=tuple(rule.last),
        )
        digest = search.digest_of(n)
        found = store.find_run(place.root, digest)
        folder = found or store.save_run(
            place.root, digest, tables(result), {**manifest(result), "until": stopped.as_json()}
        )
        store.save_pointer(place.root, place.digest, stopped.as_json())
        unfinished.clear()
    return result, StoredRun(folder, is_reused=found is not None, stopped=stopped)


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
