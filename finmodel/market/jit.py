"""The one decorator of all kernels, and where compiled kernels are kept.

Compiled code is cached under a folder named by the hash of every source file a kernel
can call. Numba itself only watches the file of the outermost function, so a change in
a helper could otherwise run an old kernel: a wrong number that looks right.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGE = Path(__file__).resolve().parent.parent


def source_digest() -> str:
    """Return the SHA-256 over the sources of the kernels and the arrays they read."""
    hasher = sha256(numba.__version__.encode())
    for file in [*sorted((_PACKAGE / "market").glob("*.py")), _PACKAGE / "world" / "arrays.py"]:
        hasher.update(file.name.encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def _cache_folder() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(base) / "finmodel" / source_digest()[:16])


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = _cache_folder()  # type: ignore[attr-defined]

_compile = numba.njit(nogil=True, cache=True, error_model="numpy")


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function` without the interpreter lock; plain Python if numba is disabled."""
    return cast(Callable[P, T], _compile(function))
