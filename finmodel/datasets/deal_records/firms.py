"""Firms of a list of deals: what their rows say of them, and where rows disagree."""

from __future__ import annotations

import pandas as pd

from finmodel.datasets.deal_records.dates import day_by
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.rows import add_status, founded_days, tidy
from finmodel.datasets.deal_records.words import by_distinct, looked_up

_SAID = ("country", "region", "sector", "status")


def firms_of(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return one row a firm.

    Of country, region, sector and status the latest row that has one is followed, rows without a
    date coming last; of founding days the earliest. Rows that say something else are reported.
    """
    for name in ("country", "region", "sector"):
        rows = rows.assign(**{name: pd.array(by_distinct(rows[name], tidy), dtype="str")})
    rows = founded_days(add_status(rows, ledger), ledger)
    rows = rows.sort_values(["firm", "date", "row"], kind="stable", na_position="last")
    firms = rows.drop_duplicates("firm")[["file", "row", "firm", "given_founded"]]
    firms = firms.assign(name=firms["firm"])
    for name in _SAID:
        has = rows[rows[name] != ""]
        last = has.groupby("firm")[name].last()
        _report(has, has[name] != has["firm"].map(last), ledger, name)
        firms[name] = looked_up(firms["firm"], last)
    spoken = rows[rows["status"] != ""].drop_duplicates("firm", keep="last").set_index("firm")
    firms["given_status"] = looked_up(firms["firm"], spoken["given_status"])
    status_row = spoken["row"].reindex(firms["firm"]).set_axis(firms.index)
    firms["status_row"] = status_row.fillna(firms["row"]).astype("int64")
    has = rows[rows["founded"].notna()]
    first = has.groupby("firm")["founded"].min()
    _report(has, has["founded"] != day_by(has["firm"], first), ledger, "founded")
    return firms.assign(founded=day_by(firms["firm"], first)).reset_index(drop=True)


def _report(rows: pd.DataFrame, is_other: pd.Series[bool], ledger: Ledger, name: str) -> None:
    column = f"given_{name}" if f"given_{name}" in rows else name
    ledger.altered(rows, is_other, reason=f"other_{name}", column=column)
