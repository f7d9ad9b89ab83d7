"""Money split by province or stage: shares, what is missing, presets; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from finmodel import datasets
from finmodel.errors import DataError

ENOUGH = 1e-6
"""How near to one shares must sum, as the reader of scenarios has it."""
DIGITS = 6


def missing(shares: Mapping[str, float]) -> float:
    """Return what shares lack of one: negative if they are too many, 0 if it is as good as none."""
    lack = 1.0 - math.fsum(shares.values())
    return 0.0 if abs(lack) <= ENOUGH else lack


def scaled(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights as shares of six digits that sum to one; as they are if they sum to nothing.

    Shares below zero count as zero.
    """
    kept = {name: max(0.0, weight) for name, weight in weights.items()}
    total = math.fsum(kept.values())
    if not 0.0 < total < math.inf:
        return dict(weights)
    shares = {name: round(weight / total, DIGITS) for name, weight in kept.items()}
    largest = max(shares, key=lambda name: shares[name])
    rest = math.fsum(share for name, share in shares.items() if name != largest)
    shares[largest] = round(1.0 - rest, DIGITS)
    return shares


def equal(regions: Sequence[str]) -> dict[str, float]:
    """Return the same share for each."""
    return scaled(dict.fromkeys(regions, 1.0))


def by_gdp(regions: Sequence[str], year: int) -> dict[str, float] | None:
    """Return shares by GDP of the year before the first reported one; None if not all have one."""
    codes = {str(iso): code for code, iso in datasets.provinces()["iso"].items()}
    try:
        values = datasets.province_indicator("gdp", year - 1).to_dict()
        return scaled({region: float(values[codes[region]]) for region in regions})
    except (DataError, KeyError):
        return None


def by_weight(names: Sequence[str], weights: Mapping[str, float]) -> dict[str, float] | None:
    """Return shares by weights; None if a name has none, or all are nothing."""
    if not set(names) <= set(weights):
        return None
    found = {name: float(weights[name]) for name in names}
    is_some = all(map(math.isfinite, found.values())) and max(found.values(), default=0.0) > 0.0
    return scaled(found) if is_some else None


def by_column(
    names: Sequence[str], table: pd.DataFrame | None, column: str
) -> dict[str, float] | None:
    """Return shares by a column of a run's table, whose first column has the names.

    Parameters
    ----------
    names : sequence of str
    table : DataFrame or None
    column : str

    Returns
    -------
    dict of float or None
        None if there is no such table or column, or it has not all names.
    """
    if table is None or column not in table:
        return None
    return by_weight(names, dict(zip(table[table.columns[0]], table[column], strict=True)))
