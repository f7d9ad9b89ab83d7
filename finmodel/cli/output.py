"""Printing shared by the commands."""

from __future__ import annotations

import json
import math

import pandas as pd
import typer


def emit_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame for JSON; NaN and infinity become null."""

    def clean(value: object) -> object:
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return value.item() if hasattr(value, "item") else value

    return [
        {str(key): clean(value) for key, value in row.items()} for row in frame.to_dict("records")
    ]
