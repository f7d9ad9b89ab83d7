"""Run folders: written atomically, found again by digest, checked when opened; work under way."""

from finmodel.store.folder import (
    MANIFEST,
    Manifest,
    find_run,
    is_whole,
    make_root,
    open_run,
    read_manifest,
    read_result,
    run_digest,
    save_run,
)
from finmodel.store.pointers import read_pointer, save_pointer
from finmodel.store.unfinished import Unfinished, Watch, discard_unfinished
from finmodel.store.units import Status, StoredUnit, UnitStore, made_by

__all__ = [
    "MANIFEST",
    "Manifest",
    "Status",
    "StoredUnit",
    "Unfinished",
    "UnitStore",
    "Watch",
    "discard_unfinished",
    "find_run",
    "is_whole",
    "made_by",
    "make_root",
    "open_run",
    "read_manifest",
    "read_pointer",
    "read_result",
    "run_digest",
    "save_pointer",
    "save_run",
]
