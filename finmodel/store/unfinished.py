"""Work under way, kept in parts beside the results until it is whole.

The parts of a result are files in the hidden folder ``.unfinished-<digest>`` of the results
folder. Each is written under another name, flushed and renamed, names what it is a part of, and
ends with a checksum: one that is torn, changed or of something else is passed over, and its
units are done again. Nothing in a part is ever unpickled.

Short work leaves no trace: the first part is written after `EVERY_SECONDS`. Later ones come as
often, but so that writing takes a `COST_FACTOR`-th of the time at most. What cannot be written is
said to the watch once and tried again with the next part; the work goes on.

A lock, which the system lets go of when its process ends in whatever way, leaves the writing to
one of several processes at the same work. The others read the parts there are and do the rest.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from finmodel.market.resume import Part, Work

if sys.platform != "win32":
    import fcntl

FORMAT = 1
EVERY_SECONDS = 5.0
COST_FACTOR = 20.0
_CHECKSUM = 32
_BLOCK = 1 << 20


class Watch(Protocol):
    """Whoever is told what becomes of unfinished work."""

    def resumed(self, done: int) -> None:
        """Learn that `done` units were found and are not done again; more than none."""

    def kept(self, done: int) -> None:
        """Learn that the first `done` units are on disk."""

    def not_kept(self, reason: str) -> None:
        """Learn, once, that parts cannot be written."""


class Unfinished:
    """Parts of one result; a :class:`finmodel.market.resume.Checkpoint`.

    Parameters
    ----------
    root : Path
        Folder of results.
    digest : str
        Of everything that can change the result.
    watch : Watch, optional
    """

    def __init__(self, root: Path, digest: str, *, watch: Watch | None = None) -> None:
        self.folder = root / f".unfinished-{digest[:16]}"
        # Units of one result come from one build of the compiler, or their bits might differ.
        made_by = [sys.version, platform.machine(), np.__version__, numba.__version__]
        self._key = sha256(json.dumps([FORMAT, digest, *made_by]).encode()).hexdigest()
        self._watch = watch
        self._is_told = False
        self._lock: int | None = None
        self._n_kept = 0
        self._next_at = time.monotonic() + EVERY_SECONDS

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def parts(self) -> Iterator[Part]:
        """Yield sound parts, each from where the one before ends, the first from unit 0."""
        if self.folder.is_dir():
            try:
                self._claim()
            except OSError as error:
                self._tell(error)
        while (part := self._read(self._n_kept)) is not None:
            self._n_kept = part.last
            yield part
        if self._n_kept and self._watch:
            self._watch.resumed(self._n_kept)
            self._watch.kept(self._n_kept)
        self._next_at = time.monotonic() + EVERY_SECONDS

    def keep(self, work: Work, seconds: float, *, is_last: bool = False) -> None:
        """Write what was taken since the last part, if it is time or `is_last`."""
        started = time.monotonic()
        if work.n == self._n_kept or not (is_last or started >= self._next_at):
            return
        try:
            self._claim()
            self._write(Part(self._n_kept, work.n, seconds, work.since(self._n_kept)))
        except OSError as error:
            self._tell(error)
        else:
            self._n_kept = work.n
            if self._watch:
                self._watch.kept(work.n)
        ended = time.monotonic()
        self._next_at = ended + max(EVERY_SECONDS, COST_FACTOR * (ended - started))

    def clear(self) -> None:
        """Remove the parts, unless another process is at them: the result is stored."""
        if not self.folder.is_dir():
            return
        with suppress(OSError):
            self._claim()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _claim(self) -> None:
        """Become the one process that writes here, or raise OSError."""
        if self._lock is not None:
            return
        if self._n_kept == 0:  # later parts are worth nothing in a new folder
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), path.stat()):
                raise BlockingIOError("removed by the process that held it")
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _write(self, part: Part) -> None:
        draft, path = self.folder / "draft", self._path(part.first)
        about = {"key": self._key, "first": part.first, "last": part.last}
        head = json.dumps({**about, "seconds": part.seconds, "arrays": list(part.arrays)})
        try:
            with draft.open("wb") as file:
                out = _Hashed(file)
                out.write(head.encode() + b"\n")
                for array in part.arrays.values():
                    np.lib.format.write_array(out, array, allow_pickle=False)
                file.write(out.checksum())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise

    def _read(self, first: int) -> Part | None:
        """Return the part from unit `first`, or None if there is no sound one."""
        try:
            with self._path(first).open("rb") as file:
                if not _is_sound(file):
                    return None
                head: dict[str, Any] = json.loads(file.readline())
                if (head["key"], head["first"]) != (self._key, first) or head["last"] <= first:
                    return None
                arrays = _arrays(file, head["arrays"])
                return Part(first, int(head["last"]), float(head["seconds"]), arrays)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:08d}.part"

    def _tell(self, error: OSError) -> None:
        if self._watch and not self._is_told:
            is_taken = isinstance(error, BlockingIOError)
            reason = error.strerror or str(error)
            self._watch.not_kept("another process is at the same work" if is_taken else reason)
        self._is_told = True


def discard_unfinished(root: Path, digest: str) -> None:
    """Remove parts of a result that is stored: their process ended between the two."""
    with Unfinished(root, digest) as unfinished:
        unfinished.clear()


class _Hashed:
    """A file that is only written to, and a checksum of all of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hasher = file, sha256()

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        return self._file.write(data)

    def checksum(self) -> bytes:
        return self._hasher.digest()


def _is_sound(file: IO[bytes]) -> bool:
    """Return whether a file ends with the checksum of what comes before; then rewind it."""
    left = file.seek(0, os.SEEK_END) - _CHECKSUM
    file.seek(0)
    hasher = sha256()
    while left > 0:
        block = file.read(min(left, _BLOCK))
        if not block:
            return False
        hasher.update(block)
        left -= len(block)
    is_sound = hasher.digest() == file.read(_CHECKSUM)
    file.seek(0)
    return is_sound


def _arrays(file: IO[bytes], names: list[str]) -> Mapping[str, NDArray[Any]]:
    return {name: np.lib.format.read_array(file, allow_pickle=False) for name in names}
