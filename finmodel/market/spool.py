"""What paths leave, kept on disk once it is large: memory does not grow with paths.

Each field is one stream of equal blocks, a block a path, in memory up to `IN_MEMORY` bytes and
in a nameless temporary file beyond. Readers take paths a chunk at a time.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

IN_MEMORY = 32_000_000
CHUNK = 32_000_000
"""Bytes kept in memory of a field, and read at once."""

Array = NDArray[Any]


class Spool:
    """Arrays of one shape, appended path by path and read in chunks.

    Parameters
    ----------
    shape : tuple of int
        Of one path; the first entry is -1 for rows whose number varies.
    dtype : dtype
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self._blocks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._ends: list[int] = [0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, array: Array) -> None:
        """Add the array of the next path."""
        data = np.ascontiguousarray(array, self.dtype).tobytes()
        # Blocks are joined when read: a growing buffer is copied again and again.
        self._blocks.append(data)
        self._ends.append(self._ends[-1] + len(data))
        if self._file is not None or self._ends[-1] > IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        """Move blocks in memory to the end of the file."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._file.close)
        self._file.seek(0, os.SEEK_END)
        self._file.writelines(self._blocks)
        self._blocks.clear()

    def read(self, first: int, last: int) -> Array:
        """Return paths `first` to `last` (exclusive), stacked; rows joined if they vary."""
        start, end = self._ends[first], self._ends[last]
        if self._file is None:
            data = b"".join(self._blocks[first:last])
        else:
            self._file.seek(start)
            data = self._file.read(end - start)
        flat = np.frombuffer(data, self.dtype)
        if self.shape[0] == -1:
            return flat
        return flat.reshape((last - first, *self.shape))

    def row_counts(self) -> NDArray[np.int64]:
        """Return how many rows each path has, where rows vary."""
        ends = np.array(self._ends, np.int64)
        return (ends[1:] - ends[:-1]) // self.dtype.itemsize

    def chunks(self) -> Iterator[Array]:
        """Yield all paths in order, a chunk at a time."""
        n, each = len(self), max(1, self._ends[-1] // max(1, len(self)))
        step = max(1, CHUNK // each)
        for first in range(0, n, step):
            yield self.read(first, min(n, first + step))

    def collect(self, reduce: Callable[[Array], Array]) -> Array:
        """Return ``reduce`` of every chunk, joined over paths."""
        parts = [np.array(reduce(chunk)) for chunk in self.chunks()]
        return np.concatenate(parts)

    def whole(self) -> Array:
        """Return everything at once: for small runs."""
        return self.read(0, len(self))
