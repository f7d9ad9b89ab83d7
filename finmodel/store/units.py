"""Finished units of studies on disk: a file each, named by the digest of all it depends on.

A unit lies in the hidden folder ``.units`` of a results folder and belongs to no study: whoever
asks for the same unit again finds it. A file is written under another name and renamed, and ends
with a checksum, so that one which a killed process or a full disk tore is passed over and done
again. Two processes at the same unit write the same bytes. Nothing in a file is ever unpickled.
Removing the folder loses no study that is stored, only the way to go on with one that is not.
"""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numba
import numpy as np
from numpy.typing import NDArray

FORMAT = 1
FOLDER = ".units"
_CHECKSUM = 32

Array = NDArray[Any]
Status = Literal["ok", "failed"]


@dataclass(frozen=True)
class StoredUnit:
    """What became of a unit.

    Attributes
    ----------
    status : {'ok', 'failed'}
    error : str
        Why it failed; empty if it did not.
    arrays : mapping of ndarray
        By name; empty if it failed.
    is_final : bool
        Whether it would fail again; else it is not kept.
    """

    status: Status
    error: str
    arrays: Mapping[str, Array]
    is_final: bool = True


def made_by() -> list[str]:
    """Return with what numbers are made: of another build of the compiler bits might differ."""
    return [sys.version, platform.machine(), np.__version__, numba.__version__]


class UnitStore:
    """Finished units below a results folder.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self._made_by = json.dumps([FORMAT, *made_by()])

    def find(self, digest: str) -> StoredUnit | None:
        """Return a finished unit, or None if there is no sound one."""
        try:
            raw = self._path(digest).read_bytes()
            body, checksum = raw[:-_CHECKSUM], raw[-_CHECKSUM:]
            if sha256(body).digest() != checksum:
                return None
            file = io.BytesIO(body)
            head: dict[str, Any] = json.loads(file.readline())
            if head["key"] != self._key(digest):
                return None
            arrays = {
                name: np.lib.format.read_array(file, allow_pickle=False) for name in head["arrays"]
            }
            return StoredUnit(head["status"], head["error"], arrays)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, digest: str, unit: StoredUnit) -> None:
        """Write a finished unit, whole or not at all.

        Raises
        ------
        OSError
            If it cannot be written; nothing is left behind.
        """
        file = io.BytesIO()
        head = {"key": self._key(digest), "status": unit.status, "error": unit.error}
        file.write(json.dumps({**head, "arrays": list(unit.arrays)}).encode() + b"\n")
        for array in unit.arrays.values():
            np.lib.format.write_array(file, array, allow_pickle=False)
        body = file.getvalue()
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            draft.write_bytes(body + sha256(body).digest())
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise

    def forget(self, digest: str) -> None:
        """Remove a unit, if it is there."""
        with suppress(OSError):
            self._path(digest).unlink()

    def _key(self, digest: str) -> str:
        return sha256(f"{self._made_by}/{digest}".encode()).hexdigest()

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest
