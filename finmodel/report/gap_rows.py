"""Rows of charts of the gap: by stage, sector or year, of all provinces or of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from finmodel.report.wording import Wording

Side = Literal["mcny", "n"]
ALL = "all"
FATES = ("viable_ask", "gap", "persistent", "late")
"""What a viable need can come to. Persistent is part of the gap; late is not: its money came."""


def hard_sectors(manifest: Mapping[str, object], sectors: Sequence[str]) -> list[str]:
    """Return the sectors that count as hard technology.

    Parameters
    ----------
    manifest : mapping
        Of a run; one that does not describe its sectors leaves all of them.
    sectors : sequence of str
    """
    scenario = manifest.get("scenario")
    about = scenario.get("sectors") if isinstance(scenario, Mapping) else None
    if not isinstance(about, Mapping):
        return list(sectors)
    return [name for name in sectors if about.get(name, {}).get("is_hard_tech", True)]


def per_unit(side: Side, wording: Wording) -> float:
    """Return how many of a table's units make one of those shown."""
    return wording.mcny_per_unit if side == "mcny" else 1.0


def amount(value: float, error: float, side: Side, wording: Wording) -> str:
    """Return money with its unit, or a number of needs, to the digits of its error.

    Parameters
    ----------
    value, error : float
        In the units shown; NaN gives a dash.
    side : {'mcny', 'n'}
    wording : Wording
    """
    if side == "mcny":
        per = wording.mcny_per_unit
        return wording.money(value * per, error * per)
    return wording.text("gap_page", "needs_of", n=wording.number(value, error))


def amount_span(low: float, high: float, side: Side, wording: Wording) -> str:
    """Return a range of money with its unit, or of needs."""
    if side == "mcny":
        per = wording.mcny_per_unit
        return wording.money_span(low * per, high * per)
    return wording.text("gap_page", "needs_of", n=wording.span(low, high))


def gap_rows(table: pd.DataFrame, dimension: str, side: Side, wording: Wording) -> pd.DataFrame:
    """Return need and gap a year by a dimension, with errors and ranges.

    Parameters
    ----------
    table : DataFrame
        A `gap_*` table of a run.
    dimension : str
        A column of it.
    side : {'mcny', 'n'}
        Money or needs.
    wording : Wording

    Returns
    -------
    DataFrame
        One row a group with a viable need and a known gap: `code`, `name`, and in the units
        shown `need`, `need_se`, `gap`, `gap_se`, `low`, `high` (5 and 95 % of futures); `rate`,
        `rate_se`.
    """
    per = per_unit(side, wording)
    is_known = table[[f"gap_{side}", f"gap_rate_{side}"]].notna().all(axis=1)
    rows = table[is_known & (table[f"viable_ask_{side}"] > 0.0)]
    return pd.DataFrame(
        {
            "code": rows[dimension].astype(str).to_numpy(),
            "name": [wording.name(code) for code in rows[dimension]],
            "need": rows[f"viable_ask_{side}"].to_numpy() / per,
            "need_se": rows[f"viable_ask_{side}_se"].to_numpy() / per,
            "gap": rows[f"gap_{side}"].to_numpy() / per,
            "gap_se": rows[f"gap_{side}_se"].to_numpy() / per,
            "low": rows[f"gap_{side}_q05"].to_numpy() / per,
            "high": rows[f"gap_{side}_q95"].to_numpy() / per,
            "rate": rows[f"gap_rate_{side}"].to_numpy(),
            "rate_se": rows[f"gap_rate_{side}_se"].to_numpy(),
        }
    )


def cell_rows(
    cells: pd.DataFrame,
    region: str,
    dimension: Literal["sector", "year"],
    side: Side,
    sectors: Sequence[str],
    wording: Wording,
) -> pd.DataFrame:
    """Return the same for one province from the finest cells, without errors and ranges.

    Means add up over cells; errors and quantiles do not, as all cells share the luck of a
    future. They are NaN, not guessed.

    Parameters
    ----------
    cells : DataFrame
        Table `gap_cells` of a run, of all sectors.
    region : str
    dimension : {'sector', 'year'}
        A year is that year's; a sector is the mean over years.
    side : {'mcny', 'n'}
    sectors : sequence of str
        Those that count.
    wording : Wording
    """
    own = cells[(cells["region"] == region) & cells["sector"].isin(list(sectors))]
    years = 1 if dimension == "year" else max(1, own["year"].nunique())
    columns = [f"viable_ask_{side}", f"gap_{side}"]
    sums = own.groupby(dimension, sort=False, observed=True)[columns].sum() / years
    table = sums.reset_index()
    table[f"gap_rate_{side}"] = table[f"gap_{side}"] / table[f"viable_ask_{side}"]
    for name in ("viable_ask_{}_se", "gap_{}_se", "gap_{}_q05", "gap_{}_q95", "gap_rate_{}_se"):
        table[name.format(side)] = float("nan")
    return gap_rows(table, dimension, side, wording)


def fate_rows(table: pd.DataFrame, region: str, side: Side, wording: Wording) -> pd.DataFrame:
    """Return viable needs, the gap, the part whose firm closed, and what came late.

    Parameters
    ----------
    table : DataFrame
        `gap_region`, or `gap_total` for all provinces.
    region : str
        A code, or `all`.
    side : {'mcny', 'n'}
    wording : Wording

    Returns
    -------
    DataFrame
        `fate`, `name`, `value`, `value_se` in the units shown; empty without viable needs.
    """
    own = table if region == ALL else table[table["region"] == region]
    own = own[own[f"viable_ask_{side}"] > 0.0]
    per = per_unit(side, wording)
    rows = [
        (
            fate,
            wording.text("gap_page", fate),
            float(own.iloc[0][f"{fate}_{side}"]) / per,
            float(own.iloc[0][f"{fate}_{side}_se"]) / per,
        )
        for fate in FATES
        if len(own)
    ]
    return pd.DataFrame(rows, columns=["fate", "name", "value", "value_se"])


def funnel_rows(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return needs by stage: asked, viable, and viable and funded, each within the one before.

    Parameters
    ----------
    table : DataFrame
        `gap_stage`, or rows of one province of `gap_region_stage`.
    wording : Wording

    Returns
    -------
    DataFrame
        Three rows a stage, widest first: `stage`, `name`, `step`, `step_name`, `needs`,
        `left` and `right` (ends of a bar around 0).
    """
    rows = []
    for row in table.to_dict("records"):
        viable = row["viable_ask_n"]
        for step, needs in (
            ("asked", row["ask_n"]),
            ("viable", viable),
            ("funded", viable - row["gap_n"]),
        ):
            step_name = wording.text("gap_page", f"funnel_{step}")
            stage = str(row["stage"])
            rows.append((stage, wording.name(stage), step, step_name, needs, -needs / 2, needs / 2))
    names = ["stage", "name", "step", "step_name", "needs", "left", "right"]
    return pd.DataFrame(rows, columns=names)


def why_rows(parts: pd.DataFrame, side: Side, wording: Wording) -> pd.DataFrame:
    """Return the parts of the gap with intervals.

    Parameters
    ----------
    parts : DataFrame
        Rows of one group of a `why_*` table.
    side : {'mcny', 'n'}
    wording : Wording

    Returns
    -------
    DataFrame
        `part`, `name`, `value`, `value_se`, `low`, `high` (99 times in 100) in the units
        shown; `share`, `share_se` of the gap; the whole gap last. Unknown errors are NaN.
    """
    per = per_unit(side, wording)
    value = parts[f"gap_{side}"].to_numpy() / per
    error = parts[f"gap_{side}_se"].to_numpy() / per
    width = wording.half_width(error)
    return pd.DataFrame(
        {
            "part": parts["part"].astype(str).to_numpy(),
            "name": [wording.text("friction", str(part)) for part in parts["part"]],
            "value": value,
            "value_se": error,
            "low": value - width,
            "high": value + width,
            "share": parts[f"gap_share_{side}"].to_numpy(),
            "share_se": parts[f"gap_share_{side}_se"].to_numpy(),
        }
    )


def why_stage_rows(parts: pd.DataFrame, side: Side, wording: Wording) -> pd.DataFrame:
    """Return the parts of each stage's gap as shares of it.

    Parameters
    ----------
    parts : DataFrame
        `why_stage`, or rows of one province of `why_region_stage`.
    side : {'mcny', 'n'}
    wording : Wording

    Returns
    -------
    DataFrame
        A row a stage and part with a known share, the whole left out: `stage`, `name`, `part`,
        `part_name`, `share`, `share_se`, `is_told` (from zero), `words`
        (in brackets if not told).
    """
    share = parts[f"gap_share_{side}"]
    rows = parts[share.notna() & (parts["part"] != "gap")]
    share, error = rows[f"gap_share_{side}"], rows[f"gap_share_{side}_se"]
    is_told = np.array([wording.is_told(a, b) for a, b in zip(share, error, strict=True)], bool)
    said = [wording.share(a, b) for a, b in zip(share, error, strict=True)]
    return pd.DataFrame(
        {
            "stage": rows["stage"].astype(str).to_numpy(),
            "name": [wording.name(stage) for stage in rows["stage"]],
            "part": rows["part"].astype(str).to_numpy(),
            "part_name": [wording.text("friction", str(part)) for part in rows["part"]],
            "share": share.to_numpy(),
            "share_se": error.to_numpy(),
            "is_told": is_told,
            "words": [
                text if told else f"({text})" for text, told in zip(said, is_told, strict=True)
            ],
        }
    )


def formula_rows(static: pd.DataFrame, region: str, wording: Wording) -> pd.DataFrame:
    """Return what each official formula gives beside the simulated gap, in money.

    Parameters
    ----------
    static : DataFrame
        Table `static_gap` of a run.
    region : str
        A code, or `all`.
    wording : Wording

    Returns
    -------
    DataFrame
        The simulation first, then a row a formula: `formula`, `name`, `value`, `value_se`,
        `low`, `high` in the unit (NaN if it gives no amount), `ratio` to the simulated gap,
        `indicator`, `indicator_se`, `note` (why there is no amount), `counts` in words.
    """
    own = static[static["region"] == region]
    if own.empty:
        return pd.DataFrame(columns=[*_FORMULA_COLUMNS])
    per, first = wording.mcny_per_unit, own.iloc[0]
    gap, error, nan = first["gap_mcny"] / per, first["gap_mcny_se"] / per, float("nan")
    width = wording.half_width(error)
    ends = (gap - width, gap + width)
    rows = [("simulated", gap, error, *ends, 1.0, nan, nan, "")]
    for row in own.to_dict("records"):
        reason = str(row["reason"] or "")
        rows.append(
            (
                str(row["formula"]),
                row["static_gap_mcny"] / per,
                row["static_gap_mcny_se"] / per,
                row["static_gap_mcny_low"] / per,
                row["static_gap_mcny_high"] / per,
                row["static_ratio"],
                row["indicator"],
                row["indicator_se"],
                wording.text("reason", reason) if reason else "",
            )
        )
    names = ["formula", "value", "value_se", "low", "high", "ratio", "indicator", "indicator_se"]
    frame = pd.DataFrame(rows, columns=[*names, "note"])
    simulated = wording.text("gap_page", "simulated")
    frame["name"] = [
        simulated if code == "simulated" else wording.text("formula", code)
        for code in frame["formula"]
    ]
    frame["counts"] = [wording.text("gap_counts", code) for code in frame["formula"]]
    return frame[list(_FORMULA_COLUMNS)]


_FORMULA_COLUMNS = (
    *("formula", "name", "value", "value_se", "low", "high", "ratio"),
    *("indicator", "indicator_se", "note", "counts"),
)
