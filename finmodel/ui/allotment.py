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


def by_gap(regions: Sequence[str], gap_region: pd.DataFrame | None) -> dict[str, float] | None:
    """Return shares by the gap in money of a run; None if it has not all regions."""
    if gap_region is None:
        return None
    gaps = gap_region.set_index("region")["gap_mcny"]
    if not set(regions) <= set(gaps.index) or gaps.loc[list(regions)].isna().any():
        return None
    return scaled({region: float(gaps[region]) for region in regions})
