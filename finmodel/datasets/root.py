"""Where the data folder is, and the checksums of its files."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_root() -> Path:
    """Return the data folder: beside the package in a checkout, inside it when installed."""
    beside = _PACKAGE.parent / "data"
    return beside if (beside / "catalogue.csv").is_file() else _PACKAGE / "_bundle" / "data"


def published_root() -> Path:
    """Return the folder of results shipped with the project, which may be absent."""
    beside = _PACKAGE.parent / "published"
    return beside if beside.is_dir() else _PACKAGE / "_bundle" / "published"


def scenarios_root() -> Path:
    """Return the folder of scenarios shipped with the project."""
    beside = _PACKAGE.parent / "scenarios"
    return beside if beside.is_dir() else _PACKAGE / "_bundle" / "scenarios"


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    return sha256(path.read_bytes()).hexdigest()
