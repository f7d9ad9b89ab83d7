"""Small notes beside the results: which result a search ended at.

A note is a hidden file of the results folder, named by the digest of what was searched. It is
written whole or not at all. One that is lost or torn costs the search again and nothing else.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def save_pointer(root: Path, digest: str, content: Mapping[str, Any]) -> None:
    """Write a note; one that cannot be written is not, for the result itself is stored."""
    draft: str | None = None
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{digest[:16]}-", dir=root)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"digest": digest, **content}, file, allow_nan=False)
        Path(draft).replace(_path(root, digest))
    except OSError:
        if draft is not None:
            with suppress(OSError):
                Path(draft).unlink()


def read_pointer(root: Path, digest: str) -> dict[str, Any] | None:
    """Return a note, or None if there is no sound one."""
    try:
        found = json.loads(_path(root, digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("digest") == digest else None


def _path(root: Path, digest: str) -> Path:
    return root / f".until-{digest[:16]}.json"
