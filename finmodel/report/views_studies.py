"""Rows of studies as charts and readers want them: batches, sensitivity, allocations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from finmodel.measure.headlines import units as measure_units
from finmodel.report.allocation_words import Teller
from finmodel.report.charts.studies import BARS_SHOWN, Z95
from finmodel.report.sensitivity import factor_name
from finmodel.report.wording import Wording, reach
from finmodel.units import MCNY_PER_BN
from finmodel.variables import labels

Manifest = Mapping[str, Any]
Tables = Mapping[str, pd.DataFrame]
NOT_NUMBERS = ("unit", "scenario", "seed", "paths", "scale", "point", "digest", "status", "error")
BATCH_MEASURES = (
    "gap_mcny",
    "gap_rate_mcny",
    "funded_viable_n",
    "private_invested_mcny",
    "public_npv_mcny",
)


def batch_unit(measure: str, wording: Wording, *, is_change: bool) -> tuple[float, str]:
    """Return by what a measure is multiplied to be shown, and the name of its unit."""
    kind = measure_units()[measure]
    if kind == "mcny":
        return 1.0 / wording.mcny_per_unit, wording.money_unit
    if kind == "share":
        return 100.0, wording.text("studies_batch", "points" if is_change else "percent")
    return 1.0, wording.text("studies_batch", "needs" if kind == "n" else "times")


def batch_rows(tables: Tables, scenario: str, measure: str, wording: Wording) -> pd.DataFrame:
    """Return the units of a scenario: its change against the baseline, else its value.

    Sums and counts are brought to the size of the whole market; errors with them.

    Returns
    -------
    DataFrame
        `name` (of the numbers that the plan sets), `value`, `low`, `high` (99 % of simulation
        error), `is_told` (the interval leaves zero out), `unit` and `is_change`. Without rows of
        NaN.
    """
    effects = tables.get("effects")
    units = tables["units"].set_index("unit", drop=False)
    own = units.index[units["scenario"] == scenario]
    is_change = effects is not None and bool(effects["unit"].isin(own).any())
    source = effects if effects is not None and is_change else tables["results"]
    rows = source[(source["measure"] == measure) & source["unit"].isin(own)]
    rows = rows[rows["value"].notna()]
    scale, _ = batch_unit(measure, wording, is_change=is_change)
    sizes = units.loc[rows["unit"], "scale"].to_numpy(float)
    factor = scale / sizes if measure_units()[measure] in ("mcny", "n") else scale + 0.0 * sizes
    value, error = rows["value"].to_numpy(float) * factor, rows["se"].to_numpy(float) * factor
    half = np.array([reach(int(n)) for n in units.loc[rows["unit"], "paths"]]) * error
    half = np.where(np.isfinite(half), half, 0.0)
    frame = pd.DataFrame(
        {
            "name": _unique(
                [unit_name(units.loc[[unit]].iloc[0], wording) for unit in rows["unit"]],
                list(rows["unit"]),
            ),
            "value": value,
            "low": value - half,
            "high": value + half,
            "unit": rows["unit"].to_numpy(),
        }
    )
    frame["se"] = error
    frame["is_told"] = (half > 0.0) & ((frame["low"] > 0.0) | (frame["high"] < 0.0))
    frame["is_change"] = is_change
    return frame


def _unique(names: list[str], units: list[int]) -> list[str]:
    """Return names, with the number of the unit where one is not alone: rows must not merge."""
    return [
        f"{name} #{unit}" if names.count(name) > 1 else name
        for name, unit in zip(names, units, strict=True)
    ]


def unit_name(unit: pd.Series[Any], wording: Wording) -> str:
    """Return what the plan sets in a unit: last part of each dotted name, and its value.

    Of a total it is what it is a total of.
    """
    parts = []
    for name, value in unit.items():
        if name in NOT_NUMBERS or pd.isna(value):
            continue
        before, _, short = str(name).rpartition(".")
        if short.startswith("total_"):
            short = before.rpartition(".")[2] + short.removeprefix("total")
        for ending in ("_mcny_pa", "_mcny"):
            if short.endswith(ending):
                amount = wording.money(float(value))
                parts.append(f"{plan_number(short, ending, wording)} {amount}")
                break
        else:
            called = plan_number(short, "", wording)
            parts.append(f"{called} {value:g}" if isinstance(value, float) else f"{called} {value}")
    return " · ".join(parts) or wording.text("studies_batch", "as_is")


def plan_number(short: str, ending: str, wording: Wording) -> str:
    """Return what the last part of a dotted name is called: a clause's words, else as it stands."""
    clauses = labels()["clause"]
    plain = short.removesuffix(ending)
    if wording.language == "en":
        return plain
    found = labels()["plan_number"].get(plain) or clauses.get(f"{short}") or clauses.get(plain)
    return found[wording.language] if found else plain


def batch_view(rows: pd.DataFrame, unit: str, wording: Wording) -> pd.DataFrame:
    """Return rows of :func:`batch_rows` with headings."""
    heads = {
        key: wording.text("studies_batch", key) + ("" if key == "name" else f", {unit}")
        for key in ("name", "value", "low", "high")
    }
    return rows[list(heads)].round(4).rename(columns=heads)


def summary_rows(
    tables: Tables, measure: str, titles: Mapping[str, str], wording: Wording
) -> pd.DataFrame:
    """Return the summary of a batch for a measure, at the size of the whole market.

    Sums of a scenario whose units are of several sizes have none, and are NaN.
    """
    summary, sizes = tables["summary"], tables["units"].groupby("scenario")["scale"]
    rows = summary[summary["measure"] == measure]
    size = rows["scenario"].map(sizes.first().where(sizes.min() == sizes.max())).astype(float)
    is_sum = measure_units()[measure] in ("mcny", "n")
    changes = rows["compared"].astype(bool)
    plain, unit = batch_unit(measure, wording, is_change=False)
    scale = plain / size if is_sum else plain

    def head(key: str) -> str:
        return wording.text("studies_batch", key, unit=unit)

    kinds = [head("kind_change" if is_change else "kind_value") for is_change in changes]
    return pd.DataFrame(
        {
            wording.text("studies", "scenario"): [titles.get(s, s) for s in rows["scenario"]],
            head("kind"): kinds,
            head("units"): rows["n_units"].to_numpy(),
            head("mean"): _digits(rows["mean"] * scale, rows["se"] * scale),
            head("error"): _digits(rows["se"] * scale, rows["se"] * scale),
            head("between"): _digits(rows["sd_between"] * scale, rows["se"] * scale),
        }
    )


def _digits(values: pd.Series[float], errors: pd.Series[float]) -> list[float]:
    """Return numbers to the second digit of their errors; as they are where there is none."""
    shown = []
    for value, error in zip(values, errors, strict=True):
        known = math.isfinite(value) and math.isfinite(error) and error > 0.0
        shown.append(round(value, 1 - math.floor(math.log10(error))) if known else float(value))
    return shown


def outcome_scale(unit: str, wording: Wording) -> tuple[float, str]:
    """Return by what an outcome of a sensitivity study is multiplied, and its unit."""
    if unit == "mcny":
        return 1.0 / wording.mcny_per_unit, wording.money_unit
    if unit == "share":
        return 100.0, wording.text("studies_batch", "percent")
    return 1.0, wording.text("studies_batch", "needs" if unit == "n" else "times")


def tornado_rows(
    tornado: pd.DataFrame, policy: str, outcome: str, wording: Wording
) -> pd.DataFrame:
    """Return swings of a conclusion in its unit, largest first; those of nothing are left out."""
    rows = tornado[(tornado["policy"] == policy) & (tornado["outcome"] == outcome)]
    rows = rows[rows["swing"].abs() > 0.0]
    rows = rows.sort_values("swing", key=abs, ascending=False, kind="stable").head(BARS_SHOWN)
    if rows.empty:
        return rows
    scale, _ = outcome_scale(str(rows["unit"].iloc[0]), wording)
    shown = rows.reset_index(drop=True).copy()
    for column in ("centre", "at_low", "at_high", "swing", "swing_se"):
        shown[column] = shown[column] * scale
    shown["is_told"] = shown["is_told"].astype(bool)
    return shown


def tornado_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return rows of :func:`tornado_rows` with headings."""
    heads = {
        "name": "factor",
        "low": "low",
        "high": "high",
        "at_low": "at_low",
        "at_high": "at_high",
        "swing": "change",
        "error": "error",
    }
    shown = rows.assign(error=Z95 * rows["swing_se"])[list(heads)]
    names = {key: wording.text("studies_sensitivity", head) for key, head in heads.items()}
    return shown.round(4).rename(columns=names)


def index_rows(indices: pd.DataFrame, policy: str, outcome: str, wording: Wording) -> pd.DataFrame:
    """Return total and first-order shares of variance of a conclusion in per cent.

    Returns
    -------
    DataFrame
        `name`, `factor`, `kind` (`total` or `first`), `value`, `low`, `high`, `is_told`,
        `luck_share`; totals largest first, each with its first-order share under it.
    """
    own = indices[(indices["policy"] == policy) & (indices["outcome"] == outcome)]
    own = own.sort_values("total", ascending=False, kind="stable")
    rows = []
    for row in own.to_dict("records"):
        for kind in ("total", "first"):
            name = factor_name(str(row["factor"]), wording.language)
            low, high = 100.0 * row[f"{kind}_low"], 100.0 * row[f"{kind}_high"]
            rows.append(
                {
                    "name": f"{name} · {wording.text('studies_sensitivity', kind)}",
                    "factor": name,
                    "kind": kind,
                    "value": 100.0 * row[kind],
                    "low": low,
                    "high": high,
                    "is_told": bool(row["is_told"]) and low > 0.0,
                    "luck_share": row["luck_share"],
                }
            )
    frame = pd.DataFrame(rows)
    return frame[frame["value"].notna()].reset_index(drop=True) if len(frame) else frame


def split_rows(teller: Teller) -> pd.DataFrame:
    """Return shares of the budget of winners and presets: `split`, `cell`, `percent`, `key`."""
    table = teller.tables["splits"]
    order = [*teller.winners, *teller.rules]
    parts = [table[table["split"] == name] for name in order]
    rows = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(
        {
            "split": [teller.name(str(name)) for name in rows["split"]],
            "cell": [teller.cell(str(name)) for name in rows["cell"]],
            "percent": (100.0 * rows["share"]).round(1),
            "key": rows["split"].astype(str),
        }
    )


def lead_rows(teller: Teller, winner: str) -> pd.DataFrame:
    """Return a winner's lead over each preset with its joint interval; money in bn CNY.

    Returns
    -------
    DataFrame
        `name`, `value`, `low`, `high`, `is_told`, `verdict` as stored.
    """
    table = teller.tables["contrasts"]
    rows = table[table["split"] == winner]
    scale = 1.0 / MCNY_PER_BN if teller.own.endswith("_mcny") else 1.0
    return pd.DataFrame(
        {
            "name": [teller.name(str(name)) for name in rows["against"]],
            "value": rows["difference"].to_numpy() * scale,
            "low": rows["low"].to_numpy() * scale,
            "high": rows["high"].to_numpy() * scale,
            "is_told": (rows["verdict"].astype(str) != "within noise").to_numpy(bool),
            "verdict": rows["verdict"].astype(str).to_numpy(),
        }
    )


def frontier_rows(teller: Teller, wording: Wording) -> pd.DataFrame:
    """Return splits of the frontier with 95 % intervals, money in bn CNY; empty if not asked."""
    table, asked = teller.tables["frontier"], teller.plan.get("frontier")
    if not asked or table.empty:
        return pd.DataFrame()
    worth = 1.0 / MCNY_PER_BN if teller.own.endswith("_mcny") else 1.0
    is_money = asked["kind"] == "cvar" and str(asked["measure"]).endswith("_mcny")
    scale = 1.0 / MCNY_PER_BN if is_money else 1.0
    value, risk = table["value"] * worth, table["risk"] * scale
    half, wide = Z95 * table["value_se"] * worth, Z95 * table["risk_se"] * scale
    kinds = [
        "efficient" if good else "behind" if bad else "within"
        for good, bad in zip(table["is_efficient"], table["is_clearly_behind"], strict=True)
    ]
    return pd.DataFrame(
        {
            "value": value,
            "low": value - half,
            "high": value + half,
            "risk": risk,
            "risk_low": risk - wide,
            "risk_high": risk + wide,
            "kind": [wording.text("studies_chart", kind) for kind in kinds],
            "is_behind": [kind == "behind" for kind in kinds],
        }
    )


def risk_title(teller: Teller) -> str:
    """Return what the risk of a frontier is, with its unit."""
    asked = teller.plan["frontier"]
    measure = str(asked["measure"])
    threshold = asked.get("threshold", math.nan)
    return teller.words[asked["kind"]].format(
        tail=f"{1.0 - asked['level']:.0%}",
        threshold=teller.plain(threshold, measure) if threshold is not None else "–",
        measure=f"{teller.measure(measure)} ({teller.unit(measure)})",
    )
