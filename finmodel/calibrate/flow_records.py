"""Tables of flows between regions, and the distances they are over."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.calibrate.reasons import NotEstimable
from finmodel.datasets.deal_records import DealBook
from finmodel.datasets.distances import distance_km, province_code
from finmodel.errors import DataError, Problem
from finmodel.world.arrays import FloatArray

KEYS = ("friction.distance_elasticity",)
COLUMNS = ("origin", "destination", "n")


def flows_of(book: DealBook) -> pd.DataFrame:
    """Return rounds joined by investors' region and firms' region, provinces by letter code.

    Returns
    -------
    DataFrame
        `origin`, `destination`, `n`; investments without a region on either side are left out.
    """
    joined = book.investments.merge(book.firms[["firm", "region"]], on="firm")
    known = (joined["investor_region"].fillna("") != "") & (joined["region"].fillna("") != "")
    # Lists name provinces in words, 上海 or Shanghai; distances know them by code.
    sides = joined.loc[known, ["investor_region", "region"]].astype(object).map(province_code)
    counted = sides.groupby(["investor_region", "region"]).size().reset_index()
    counted.columns = pd.Index(COLUMNS)
    return counted


def connected(flows: pd.DataFrame) -> tuple[str, ...]:
    """Return, sorted, the regions that both send and receive: effects of others are infinite."""
    regions = set(flows["origin"]) & set(flows["destination"])
    while True:
        kept = flows[flows["origin"].isin(regions) & flows["destination"].isin(regions)]
        smaller = set(kept["origin"]) & set(kept["destination"])
        if smaller == regions:
            return tuple(sorted(regions))
        regions = smaller


def distances_of(regions: tuple[str, ...], km: pd.DataFrame | None) -> FloatArray | NotEstimable:
    """Return kilometres of each pair, or why there are none."""
    if km is None:
        try:
            found = distance_km(regions)
        except DataError as error:
            names = ", ".join(problem.given for problem in error.problems[:5])
            return not_told(f"No distances are known for {names}; give `km`.")
    else:
        missing = [r for r in regions if r not in km.index or r not in km.columns]
        if missing:
            return not_told(f"No distances are given for {', '.join(missing)}.")
        found = km.loc[list(regions), list(regions)].to_numpy(np.float64)
    away = found[~np.eye(len(regions), dtype=bool)]
    if not (np.isfinite(away) & (away > 0)).all():
        return not_told("Some regions are at no distance, or an unknown one, from each other.")
    return found


def checked_flows(flows: pd.DataFrame) -> pd.DataFrame:
    """Return the table, or refuse it with every problem."""
    missing = [name for name in COLUMNS if name not in flows.columns]
    if missing:
        given = ", ".join(map(str, flows.columns))
        raise DataError("flows", [Problem("columns", given, f"also {', '.join(missing)}")])
    amount = pd.to_numeric(flows["n"], errors="coerce").to_numpy(np.float64)
    problems = [
        Problem(f"flows[{i}]: n", repr(flows["n"].iloc[i]), "a number of at least 0")
        for i in np.flatnonzero(~(np.isfinite(amount) & (amount >= 0)))
    ]
    for side in ("origin", "destination"):
        empty = flows[side].isna() | (flows[side].astype(str).str.strip() == "")
        problems += [
            Problem(f"flows[{i}]: {side}", "empty", "a region") for i in np.flatnonzero(empty)
        ]
    if problems:
        raise DataError("flows", problems)
    return flows.assign(n=amount)[list(COLUMNS)]


def not_told(reason: str) -> NotEstimable:
    """Return that the slope of distance is not told, and why."""
    return NotEstimable("gravity", reason, KEYS)
