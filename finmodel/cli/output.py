"""Printing shared by the commands."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from finmodel import store
from finmodel.errors import Problem, StoreError
from finmodel.study.single import check_paths_and_seed
from finmodel.study.stored import StoredRun
from finmodel.variables import Language, labels


class StoredTables(Mapping[str, pd.DataFrame]):
    """Tables of a stored result, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = store.read_result(self._folder, name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self._folder.glob("*.parquet")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def prepare(
    paths: int | None, seed: int | None, out: Path, *, defaults: tuple[int, int]
) -> tuple[int, int]:
    """Return the paths and the seed of a command, once they and its folder are found good.

    Raises
    ------
    ScenarioError, StoreError
    """
    n_paths = defaults[0] if paths is None else paths
    run_seed = defaults[1] if seed is None else seed
    check_paths_and_seed(n_paths, run_seed)
    store.make_root(out)
    return n_paths, run_seed


def emit_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame for JSON; NaN and infinity are null, dates are text."""

    def clean(value: object) -> object:
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        if isinstance(value, dict):
            return {str(key): clean(item) for key, item in value.items()}
        if value is None or value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return value if isinstance(value, int | str) else str(value)

    return [
        {str(key): clean(value) for key, value in row.items()} for row in frame.to_dict("records")
    ]


def stored_line(stored: StoredRun, language: Language = "en") -> str:
    """Return where a result lies, and whether it was computed or found."""
    words = labels()["ending"]["found" if stored.is_reused else "stored"]
    return words[language].format(folder=stored.folder)


def write_whole(path: Path, text: str, option: str) -> None:
    """Write a text file, which an option names, so that it is there whole or as it was.

    Raises
    ------
    StoreError
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise StoreError(
            str(path), [Problem(option, reason, "a file that can be written")]
        ) from None


def check_folder(path: Path | None, option: str) -> None:
    """Refuse a file whose folder is not there, before long work and not after it.

    Raises
    ------
    StoreError
    """
    if path is not None and not path.resolve().parent.is_dir():
        problem = Problem(option, f"no folder {path.parent}", "a folder that exists")
        raise StoreError(str(path), [problem])
