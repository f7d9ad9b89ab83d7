"""Tables of shares that must sum to one: what a draw of some does to the others."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_TABLES = (
    (r"(births|capital)\.region_index\.(.+)", True),
    (r"stages\.[^.]+\.(entry_share)", True),
    (r"sectors\.[^.]+\.(birth_share)", True),
    (r"funds\.[^.]+\.(capital_share)", True),
    (r"(funds\.[^.]+\.lp_mix)\..+", True),
    (r"(programmes\.[^.]+\.region_share)\..+", True),
    # The world takes mandates as weights.
    (r"((?:funds|programmes)\.[^.]+\.mandate)\..+", False),
    (r"(programmes\.[^.]+\.sector_mandate)\..+", False),
)


@lru_cache(maxsize=100_000)
def share_table(name: str) -> str:
    """Return the table a share is a part of and must sum to one with, or an empty string."""
    for pattern, must_sum in _TABLES:
        found = re.fullmatch(pattern, name)
        if found and must_sum:
            return found[1]
    return ""


def in_share_table(name: str) -> bool:
    """Return whether a number is one part of a whole: of shares or of weights."""
    return any(re.fullmatch(pattern, name) for pattern, _ in _TABLES)


def close_tables(values: Mapping[str, float], drawn: Iterable[str]) -> dict[str, float]:
    """Return the numbers of every table of which some was drawn, divided by their sum.

    Parameters
    ----------
    values : mapping of float
        Every number of a scenario by its dotted name.
    drawn : iterable of str

    Returns
    -------
    dict of float
        Whole tables, certain numbers among them; a table that sums to zero is left out.
    """
    touched = {share_table(name) for name in drawn} - {""}
    members: dict[str, list[str]] = {}
    for name in values:
        table = share_table(name)
        if table in touched:
            members.setdefault(table, []).append(name)
    closed: dict[str, float] = {}
    for names in members.values():
        total = math.fsum(values[name] for name in names)
        if total > 0.0:
            closed |= {name: values[name] / total for name in names}
    return closed
