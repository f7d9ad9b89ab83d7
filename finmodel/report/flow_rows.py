"""Rows of charts of money between provinces."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from finmodel.report.wording import Wording

CROSSING = "resource_sharing"
"""Component of the integration index: the share of money that crosses a border."""
SANKEY_FLOWS = 25


def flow_rows(flows: pd.DataFrame, fund_type: str, wording: Wording) -> pd.DataFrame:
    """Return money a year of a type of investor between provinces, in the unit.

    Parameters
    ----------
    flows : DataFrame
        Table `flows` of a run.
    fund_type : str
        A type, or `all`.
    wording : Wording

    Returns
    -------
    DataFrame
        `fund_region`, `firm_region`, their names `from_name` and `to_name`, `value`,
        `value_se`, `share` of what the investors of the province pay (NaN if nothing),
        `crosses` (from one province to another).
    """
    own = flows[flows["fund_type"] == fund_type]
    paid = own.groupby("fund_region", observed=True)["mcny"].transform("sum")
    per = wording.mcny_per_unit
    return pd.DataFrame(
        {
            "fund_region": own["fund_region"].astype(str),
            "firm_region": own["firm_region"].astype(str),
            "from_name": [wording.name(code) for code in own["fund_region"]],
            "to_name": [wording.name(code) for code in own["firm_region"]],
            "value": own["mcny"] / per,
            "value_se": own["mcny_se"] / per,
            "share": (own["mcny"] / paid).where(paid > 0.0),
            "crosses": own["fund_region"] != own["firm_region"],
        }
    ).reset_index(drop=True)


def largest_flows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the flows of a Sankey, largest first."""
    return rows[rows["value"] > 0.0].nlargest(SANKEY_FLOWS, "value", keep="first")


class Crossing(NamedTuple):
    """The share of money that crosses a border, in the first and last year reported.

    Attributes
    ----------
    first_year, last_year : int
    first, first_se, last, last_se : float
        Shares.
    change, change_se : float
        Of the index, last year less the first, where the first is 100.
    """

    first_year: int
    first: float
    first_se: float
    last_year: int
    last: float
    last_se: float
    change: float
    change_se: float


def crossing(index: pd.DataFrame) -> Crossing | None:
    """Return how the share that crosses borders moves; None if the table does not tell.

    Parameters
    ----------
    index : DataFrame
        Table `integration_index` of a run: all investors, and the simulated series alone.
    """
    own = index[(index["series"] == "simulated") & (index["component"] == CROSSING)]
    own = own[own["indicator"].notna()].sort_values("year")
    if own.empty:
        return None
    a, b = own.iloc[0], own.iloc[-1]
    return Crossing(
        int(a["year"]),
        float(a["indicator"]),
        float(a["indicator_se"]),
        int(b["year"]),
        float(b["indicator"]),
        float(b["indicator_se"]),
        float(b["index_value"] - a["index_value"]),
        float(b["index_value_se"]) if pd.notna(b["index_value_se"]) else math.nan,
    )
