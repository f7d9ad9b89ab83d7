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
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
T = TypeVar("T")

_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent


_FUND_KERNELS = ("discounting.py", "roots.py", "solver.py")


def kernel_sources() -> list[Path]:
    """Return every file that holds a kernel or the arrays kernels read."""
    rooms = [*sorted((_PACKAGE / "market").glob("*.py")), *sorted(_HERE.glob("*.py"))]
    fund = [_PACKAGE / "fund" / name for name in _FUND_KERNELS]
    return [*rooms, *fund, _PACKAGE / "world" / "arrays.py"]


def source_digest() -> str:
    """Return the SHA-256 over the sources of the kernels and the arrays they read."""
    hasher = sha256(numba.__version__.encode())
    for file in kernel_sources():
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
    return cast(Callable[P, T], _compile_lean(function))


def inner_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a small step like :func:`lean_kernel`, into its callers."""
    return cast(Callable[P, T], _compile_inner(function))
