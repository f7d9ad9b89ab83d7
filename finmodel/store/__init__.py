"""Run folders: written atomically, found again by digest, checked when opened."""

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

__all__ = [
    "MANIFEST",
    "Manifest",
    "find_run",
    "is_whole",
    "make_root",
    "open_run",
    "read_manifest",
    "read_result",
    "run_digest",
    "save_run",
]
