"""Tables of the gap explorer and of flows as readers see them."""

from __future__ import annotations

import pandas as pd

from finmodel.report.gap_rows import Side
from finmodel.report.wording import Wording, to_digits


def rows_view(rows: pd.DataFrame, dimension: str, side: Side, wording: Wording) -> pd.DataFrame:
    """Return need and gap by a dimension with headings in the language.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows`.
    dimension : str
    side : {'mcny', 'n'}
    wording : Wording

    Returns
    -------
    DataFrame
        Without the columns of errors and ranges if the run keeps none.
    """
    unit = _unit(side, wording)
    frame = pd.DataFrame(
        {
            wording.text("view", dimension): rows["name"],
            _head("need", wording, unit): rows["need"].round(3),
            _head("gap", wording, unit): to_digits(rows["gap"], rows["gap_se"], 3),
            _head("error", wording, unit): to_digits(rows["gap_se"], rows["gap_se"], 3),
            _head("low", wording, unit): rows["low"].round(2),
            _head("high", wording, unit): rows["high"].round(2),
            _head("rate", wording): (100.0 * rows["rate"]).round(2),
        }
    )
    return frame.dropna(axis="columns", how="all")


def fates_view(rows: pd.DataFrame, side: Side, wording: Wording) -> pd.DataFrame:
    """Return what viable needs come to; see :func:`rows_view`."""
    unit = _unit(side, wording)
    return pd.DataFrame(
        {
            _head("fate", wording): rows["name"],
            _head("value", wording, unit): to_digits(rows["value"], rows["value_se"], 3),
            _head("error", wording, unit): to_digits(rows["value_se"], rows["value_se"], 3),
        }
    )


def funnel_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return needs asked, viable and funded, a row a stage."""
    wide = rows.pivot_table(index="name", columns="step_name", values="needs", sort=False)
    wide = wide.round(1).rename(columns=lambda step: _head("step", wording, step=step))
    wide = wide.reset_index().rename(columns={"name": _head("stage", wording)})
    wide.columns.name = None
    return wide


def why_view(rows: pd.DataFrame, side: Side, wording: Wording) -> pd.DataFrame:
    """Return the parts of the gap with errors and shares."""
    unit = _unit(side, wording)
    return pd.DataFrame(
        {
            _head("part", wording): rows["name"],
            _head("value", wording, unit): to_digits(rows["value"], rows["value_se"], 3),
            _head("error", wording, unit): to_digits(rows["value_se"], rows["value_se"], 3),
            _head("share", wording): (100.0 * rows["share"]).round(1),
        }
    )


def why_stage_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the parts of each stage's gap in per cent, with errors."""
    error = 100.0 * rows["share_se"]
    return pd.DataFrame(
        {
            _head("stage", wording): rows["name"],
            _head("part", wording): rows["part_name"],
            _head("share", wording): to_digits(100.0 * rows["share"], error, 1),
            _head("error_share", wording): to_digits(error, error, 1),
        }
    )


def formulas_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return what official formulas give and count."""
    unit = wording.money_unit
    return pd.DataFrame(
        {
            _head("formula", wording): rows["name"],
            _head("counts", wording): rows["counts"],
            _head("value", wording, unit): to_digits(rows["value"], rows["value_se"], 2),
            _head("error", wording, unit): to_digits(rows["value_se"], rows["value_se"], 2),
            _head("bound_low", wording, unit): rows["low"].astype(float).round(2),
            _head("bound_high", wording, unit): rows["high"].astype(float).round(2),
            _head("ratio", wording): rows["ratio"].astype(float).round(2),
            _head("indicator", wording): rows["indicator"].astype(float).round(4),
            _head("note", wording): rows["note"],
        }
    )


def flows_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return money between provinces, largest first."""
    shown = rows.sort_values("value", ascending=False)

    def head(key: str) -> str:
        return wording.text("flows_page", f"head_{key}", unit=wording.money_unit)

    return pd.DataFrame(
        {
            wording.text("term", "fund_region"): shown["from_name"],
            wording.text("term", "firm_region"): shown["to_name"],
            head("value"): to_digits(shown["value"], shown["value_se"], 3),
            head("error"): to_digits(shown["value_se"], shown["value_se"], 3),
            head("share"): (100.0 * shown["share"]).round(2),
        }
    )


def _head(key: str, wording: Wording, unit: str = "", **values: object) -> str:
    return wording.text("gap_page", f"head_{key}", unit=unit, **values)


def _unit(side: Side, wording: Wording) -> str:
    return wording.money_unit if side == "mcny" else wording.text("gap_page", "needs")
