"""Run folders: written atomically, found again by digest, checked when opened."""

from finmodel.store.folder import (
    Manifest,
    find_run,
    is_whole,
    open_run,
    read_manifest,
    read_result,
    run_digest,
    save_run,
)

__all__ = [
    "Manifest",
    "find_run",
    "is_whole",
    "open_run",
    "read_manifest",
    "read_result",
    "run_digest",
    "save_run",
]
