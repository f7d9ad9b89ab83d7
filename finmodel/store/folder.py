"""Results on disk: one folder a run, written whole or not at all.

A run's folder is named by the digest of everything that can change its numbers: the
scenario, the data files, the number of paths, the seed and the sources of the model. The
folder is written beside its final name and renamed, so a reader never sees half a run and
two writers of the same run do no harm.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from finmodel.errors import Problem, StoreError, nearest_name

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
DRAFT_SECONDS = 86400.0
"""After how long what a writer left half written is taken for left behind."""
_DRAFT = re.compile(r"\.[0-9a-f]{16}-\w{8}(-old)?")

Manifest = dict[str, Any]
"""What a run says of itself."""


def run_digest(
    *,
    scenario_digest: str,
    data_checksums: Mapping[str, str],
    paths: int,
    seed: int,
    source_digest: str,
) -> str:
    """Return the digest that names a run."""
    text = json.dumps(
        [MANIFEST_VERSION, scenario_digest, dict(data_checksums), paths, seed, source_digest],
        sort_keys=True,
    )
    return sha256(text.encode()).hexdigest()


def save_run(
    root: Path,
    digest: str,
    tables: Mapping[str, pd.DataFrame],
    manifest: Manifest,
    *,
    replaces: bool = False,
) -> Path:
    """Write a run and return its folder.

    Parameters
    ----------
    root : Path
        Folder of runs; made if missing.
    digest : str
        Names the folder by its first 16 characters.
    tables : mapping of DataFrame
        Written as parquet.
    manifest : dict
        Stored with the checksum of each table added.
    replaces : bool
        Whether a whole run of the digest that is there already gives way; it does so once the
        new one is written.

    Raises
    ------
    StoreError
        If the folder cannot be written; nothing is left behind, and what was there stays.
    """
    folder = root / digest[:16]
    draft: Path | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{digest[:16]}-", dir=root))
        files = {}
        for name, table in tables.items():
            path = draft / f"{name}.parquet"
            table.to_parquet(path, compression="zstd", index=False)
            files[path.name] = sha256(path.read_bytes()).hexdigest()
        text = json.dumps({**manifest, "digest": digest, "files": files}, indent=1, allow_nan=False)
        (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
        draft.chmod(0o755)
        _put_in_place(draft, folder, replaces=replaces)
    except OSError as error:
        problem = Problem(str(root), error.strerror or str(error), "a writable folder with room")
        raise StoreError("results folder", [problem]) from error
    finally:
        if draft is not None and draft.exists():
            shutil.rmtree(draft, ignore_errors=True)
    return folder


def make_root(root: Path) -> None:
    """Make the folder of runs, try to write there, and remove what killed writers left.

    Raises
    ------
    StoreError
        If nothing can be written: better known before a long run than after.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".try-", dir=root):
            pass
        _remove_old_drafts(root)
    except OSError as error:
        problem = Problem(str(root), error.strerror or str(error), "a writable folder with room")
        raise StoreError("results folder", [problem]) from error


def _remove_old_drafts(root: Path) -> None:
    """Remove drafts that no writer can still be at: writing one takes minutes at most."""
    latest = time.time() - DRAFT_SECONDS
    for path in root.iterdir():
        if _DRAFT.fullmatch(path.name):
            with suppress(OSError):
                if path.stat().st_mtime < latest:
                    shutil.rmtree(path, ignore_errors=True)


def _put_in_place(draft: Path, folder: Path, *, replaces: bool) -> None:
    """Rename `draft` to `folder`; a whole run already there stays if told, a broken one goes."""
    if folder.exists():
        if is_whole(folder) and not replaces:
            return
        old = draft.with_name(f"{draft.name}-old")
        with suppress(FileNotFoundError):  # another writer may have been first
            os.rename(folder, old)  # noqa: PTH104
            shutil.rmtree(old, ignore_errors=True)
    try:
        os.rename(draft, folder)  # noqa: PTH104  (Path.rename hides the target's state)
    except OSError:
        if not is_whole(folder):
            raise


def is_whole(folder: Path) -> bool:
    """Return whether a folder holds a run whose files match its manifest."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, str] = manifest["files"]
        return all(
            sha256((folder / name).read_bytes()).hexdigest() == stated
            for name, stated in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def find_run(root: Path, digest: str) -> Path | None:
    """Return the folder of a finished run, or None."""
    folder = root / digest[:16]
    return folder if is_whole(folder) else None


def open_run(root: Path, reference: str) -> Path:
    """Return the folder a reference names: a path, a digest or its beginning, or ``latest``.

    Raises
    ------
    StoreError
        If nothing fits, more than one fits, or the run is broken.
    """
    folder = Path(reference)
    try:
        is_path = (folder / MANIFEST).is_file()
    except OSError:
        is_path = False
    if not is_path:
        folder = _by_name(root, reference)
    if not is_whole(folder):
        problem = Problem(str(folder), "a run whose files do not match its manifest", "a whole run")
        raise StoreError("results folder", [problem])
    return folder


def _by_name(root: Path, reference: str) -> Path:
    # Hidden folders are drafts and work under way.
    runs = sorted(path.parent for path in root.glob(f"[!.]*/{MANIFEST}"))
    names = [path.name for path in runs]
    if reference == "latest" and runs:
        return max(runs, key=lambda path: ((path / MANIFEST).stat().st_mtime, path.name))
    fits = [path for path in runs if reference and path.name.startswith(reference[:16])]
    if len(fits) == 1:
        return fits[0]
    given = f"{reference!r}, which fits {len(fits)} runs"
    allowed = f"latest, a path, or one of {', '.join(names) or '(no runs yet)'}"
    raise StoreError(
        f"runs in {root}", [Problem("run", given, allowed, nearest_name(reference, names))]
    )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a run."""
    manifest: Manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def read_result(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a run.

    Raises
    ------
    StoreError
        If the run has no such table.
    """
    path = folder / f"{name}.parquet"
    names = sorted(item.stem for item in folder.glob("*.parquet"))
    if name not in names:
        problem = Problem(
            str(folder), repr(name), f"one of {', '.join(names)}", nearest_name(name, names)
        )
        raise StoreError("results table", [problem])
    return pd.read_parquet(path)
