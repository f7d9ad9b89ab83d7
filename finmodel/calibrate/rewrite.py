"""Lay new numbers into the text of a scenario file, and leave all else as it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit


def rewritten(text: str, numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a scenario's text with some of its numbers replaced.

    Parameters
    ----------
    text : str
        TOML.
    numbers : mapping of str to mapping
        By dotted name: `value` (a number or a table of a belief), `unit`, `source`, `grade`,
        `note`. Tables that the text does not have yet are made.

    Returns
    -------
    str
        Comments, order and every other number as before.
    """
    document = tomlkit.parse(text)
    for name, number in numbers.items():
        *path, last = name.split(".")
        node: Any = document
        for part in path:
            if part not in node:
                node[part] = tomlkit.table()
            node = node[part]
        node[last] = _inline(number)
    return tomlkit.dumps(document)


def _inline(number: Mapping[str, Any]) -> Any:
    """Return an inline table spaced as scenario files are."""
    return tomlkit.parse(f"number = {_text(number)}")["number"]


def _text(item: Any) -> str:
    if isinstance(item, Mapping):
        return "{ " + ", ".join(f"{key} = {_text(part)}" for key, part in item.items()) + " }"
    return str(tomlkit.item(item).as_string())
