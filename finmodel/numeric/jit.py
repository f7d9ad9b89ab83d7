"""The one decorator of all kernels, and where compiled kernels are kept.

Compiled code is cached under a folder named by the hash of every source file a kernel
can call. Numba itself only watches the file of the outermost function, so a change in
a helper could otherwise run an old kernel: a wrong number that looks right.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
T = TypeVar("T")

_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent


def kernel_sources(module: str) -> list[Path]:
    """Return every file that a kernel of a module can call into, and the arrays kernels read.

    The market knows nothing of the fund room, so its kernels stay compiled when that changes.
    """
    rooms = ["market", "numeric"] if module.startswith("finmodel.market") else list(_ROOMS)
    files = [file for room in rooms for file in sorted((_PACKAGE / room).glob("*.py"))]
    return [*files, _PACKAGE / "world" / "arrays.py"]


_ROOMS = ("fund", "market", "numeric")


@cache
def source_digest(module: str) -> str:
    """Return the SHA-256 over the sources that a kernel of a module can call into."""
    hasher = sha256(numba.__version__.encode())
    for file in kernel_sources(module):
        hasher.update(file.relative_to(_PACKAGE).as_posix().encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def _cache_folder(module: str) -> str:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    room = "finmodel.market" if module.startswith("finmodel.market") else ""
    return str(Path(base) / "finmodel" / source_digest(room)[:16])


_IS_OURS = not os.environ.get("NUMBA_CACHE_DIR")


def _keep_apart(function: Callable[P, T]) -> Callable[P, T]:
    """Choose where the compiled form of a function is kept; numba asks when it is decorated."""
    if _IS_OURS:
        numba.config.CACHE_DIR = _cache_folder(function.__module__)  # type: ignore[attr-defined]
    return function


_compile = numba.njit(nogil=True, cache=True, error_model="numpy")


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function` without the interpreter lock; plain Python if numba is disabled."""
    return cast(Callable[P, T], _compile(_keep_apart(function)))


# `_nrt` is left out of numba's type stubs; numba's own sorting kernels are compiled with it.
_LEAN: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": False}
_compile_lean = numba.njit(**_LEAN)
_compile_inner = numba.njit(**_LEAN, forceinline=True)


def lean_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a step that allocates nothing and returns no array: it counts no references.

    Handing a tuple of many arrays to a step counts a reference to each, with atomic
    operations that cost more than the step. The arrays live in the path that calls the
    steps, so there is nothing to count. Such a step must not call a kernel that returns an
    array: nobody would free it.
    """
    return cast(Callable[P, T], _compile_lean(_keep_apart(function)))


def inner_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a small step like :func:`lean_kernel`, into its callers."""
    return cast(Callable[P, T], _compile_inner(_keep_apart(function)))
