"""Sectors of a deal list as sectors of a scenario, by the table `deals/sector_words`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from finmodel.datasets.tables import read_table
from finmodel.datasets.user_csv import spelling

OTHER = "other"


@cache
def _words() -> dict[str, str]:
    table = read_table("deals/sector_words")
    return dict(zip(table["word"].map(spelling), table["sector"], strict=True))


def map_sectors(sectors: pd.Series[str], known: Sequence[str]) -> pd.Series[str]:
    """Return the scenario's sector of each word, `other` if there is none.

    A sector's own code is itself, whatever the table says.
    """
    codes = {spelling(name): name for name in known}
    found = {}
    for word in sectors.unique():
        key = spelling(str(word))
        name = codes.get(key) or _words().get(key, OTHER)
        found[word] = name if name in known else OTHER
    return sectors.map(found)


def sector_effects(sectors: pd.Series[str], least: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return indicator columns of sectors with at least `least` firms, and their names.

    The commonest sector is the reference and has no column; rarer ones count as `other`.
    """
    counts = sectors.value_counts()
    kept = [name for name in counts.index if counts[name] >= least]
    reference = kept[0] if kept else OTHER
    names = tuple(str(name) for name in kept if name not in (reference, OTHER))
    columns = {name: (sectors == name).astype(np.float64) for name in names}
    if OTHER in kept and reference != OTHER:
        columns[OTHER] = (~sectors.isin([*names, reference])).astype(np.float64)
        names = (*names, OTHER)
    return pd.DataFrame(columns, index=sectors.index), names
