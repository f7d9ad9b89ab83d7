"""Lay new numbers into the text of a scenario file, and leave all else as it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.items import InlineTable


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


def _inline(number: Mapping[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, item in number.items():
        table[key] = _inline(item) if isinstance(item, Mapping) else item
    return table
