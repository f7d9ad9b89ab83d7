"""Results of policies as readers see them: chain, provinces, years; named rows, units, errors."""

from __future__ import annotations

import math
from collections.abc import Collection

import pandas as pd

from finmodel.measure.effects import SIGNS
from finmodel.report.wording import Wording, is_told, reach
from finmodel.variables import labels

MONEY = "_mcny"
LESS_IS_BETTER = ("gap_n", "gap_mcny", "closures_n", "failures_n")
AT_END = ("survivors_n",)
"""Outcomes of the end; all others are of a year."""
OUTCOMES = ("funded_viable_n", "gap_mcny", "gap_n", "deals_mcny", "deals_n", "survivors_n")
RISKS = (
    "budget_mcny",
    "public_raised_mcny",
    "outlay_mcny",
    "returned_mcny",
    "nav_mcny",
    "at_risk_mcny",
    "net_present_value_mcny",
    "loss_mcny",
    "p_loss",
    "p_below_social_rate",
    "tvpi",
    "tvpi_if_sold",
    "dpi",
    "change_per_public_yuan",
)


def chain_rows(
    effects: pd.DataFrame, policy: str, group: str, measure: str, wording: Wording
) -> pd.DataFrame:
    """Return the parts of the net effect with their signs, in order, then the net effect.

    Parameters
    ----------
    effects : DataFrame
        Table `effects` of a comparison.
    policy, group : str
    measure : {'n', 'mcny'}
    wording : Wording

    Returns
    -------
    DataFrame
        `component`, `name`, `value`, `se`, `q05`, `q95` (with the sign, money in the unit), and
        `start`, `end` of the part in a waterfall. Parts that are nothing are left out.
    """
    mine = effects[(effects["policy"] == policy) & (effects["group"] == group)]
    of = {str(row["component"]): row for row in mine.to_dict("records")}
    per = wording.mcny_per_unit if measure == "mcny" else 1.0
    rows, level = [], 0.0
    for component in (*SIGNS, "net"):
        if component not in of:
            continue
        row, sign = of[component], SIGNS.get(component, 1)
        column = f"effect_{measure}"
        value = sign * float(row[column]) / per
        ends = [sign * float(row[f"{column}_{q}"]) / per for q in ("q05", "q95")]
        is_end = component in ("gross", "net")
        if not is_end and value == 0.0:
            continue
        start = 0.0 if is_end else level
        level = start + value
        rows.append(
            {
                "component": component,
                "name": wording.text("effect", component),
                "value": value,
                "se": float(row[f"{column}_se"]) / per,
                "q05": min(ends),
                "q95": max(ends),
                "start": start,
                "end": level,
            }
        )
    columns = ["component", "name", "value", "se", "q05", "q95", "start", "end"]
    return pd.DataFrame(rows, columns=columns)


def chain_view(rows: pd.DataFrame, wording: Wording, measure: str) -> pd.DataFrame:
    """Return the chain with headings in the language, and the unit of its measure."""
    heads = {"value": "value", "se": "error", "q05": "q05", "q95": "q95"}
    unit = wording.text("lab", "firms_unit")
    if measure == "mcny":
        unit = wording.text("lab", "money_axis", unit=wording.money_unit)
    return _with_heads(rows, wording, unit, name="part", **heads)


def outcome_name(outcome: str, wording: Wording) -> str:
    """Return what an outcome is called, with the unit if it is money."""
    name = labels()["outcome"][outcome][wording.language]
    if not outcome.endswith(MONEY):
        return name
    return wording.text("extreme", "unit", name=name, unit=wording.money_unit)


def change_name(outcome: str, wording: Wording, *, is_difference: bool = False) -> str:
    """Return what a change of an outcome is called, with its unit and that it is a year's.

    Parameters
    ----------
    outcome : str
    wording : Wording
    is_difference : bool
        Whether it is that of two policies, not that of a policy and none.
    """
    section, key = ("compare", "difference") if is_difference else ("lab", "change")
    when = "at_end" if outcome in AT_END else "a_year"
    return wording.text(section, f"{key}_{when}", outcome=outcome_name(outcome, wording))


def change_unit(outcome: str, wording: Wording) -> str:
    """Return the unit of a change of an outcome; empty for a number of firms at the end."""
    if outcome.endswith(MONEY):
        return wording.text("lab", "money_axis", unit=wording.money_unit)
    return "" if outcome in AT_END else wording.text("lab", "firms_unit")


def region_rows(
    outcomes: pd.DataFrame,
    policy: str,
    outcome: str,
    wording: Wording,
    n_paths: int,
    targets: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return the change of an outcome by province, money in the unit.

    Parameters
    ----------
    outcomes : DataFrame
        Table `outcomes` of a comparison.
    policy, outcome : str
    wording : Wording
    n_paths : int
    targets : collection of str, optional
        Provinces that the programme gives money to; others are said to be outside.

    Returns
    -------
    DataFrame
        `region`, `name`, `change`, `se`, `low`, `high` (99 % of the mean), `q05`, `q95`, `is_told`.
    """
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["outcome"] == outcome)]
    mine = mine[mine["region"] != "all"]
    per = wording.mcny_per_unit if outcome.endswith(MONEY) else 1.0
    rows = []
    for row in mine.to_dict("records"):
        change, error = float(row["change"]) / per, float(row["change_se"]) / per
        name = wording.name(row["region"])
        if targets is not None and row["region"] not in targets:
            name = wording.text("lab", "outside", name=name)
        half = reach(n_paths) * error if math.isfinite(error) and n_paths > 1 else 0.0
        rows.append(
            {
                "region": row["region"],
                "name": name,
                "change": change,
                "se": error,
                "low": change - half,
                "high": change + half,
                "q05": float(row["chance_q05"]) / per,
                "q95": float(row["chance_q95"]) / per,
                "is_told": is_told(change, error, n_paths),
            }
        )
    columns = ["region", "name", "change", "se", "low", "high", "q05", "q95", "is_told"]
    return pd.DataFrame(rows, columns=columns)


def difference_view(rows: pd.DataFrame, outcome: str, wording: Wording) -> pd.DataFrame:
    """Return changes with headings in the language, whether they are told in words.

    Parameters
    ----------
    rows : DataFrame
        From :func:`region_rows`.
    outcome : str
        Of the rows: headings name it with its unit.
    wording : Wording
    """
    shown = rows.assign(
        told=[wording.text("lab", "yes" if flag else "no") for flag in rows["is_told"]]
    )
    heads = {"name": "region", "change": "change", "se": "error", "told": "told"}
    if {"q05", "q95"} <= set(rows.columns):
        heads |= {"q05": "q05", "q95": "q95"}
    view = _with_heads(shown, wording, change_unit(outcome, wording), **heads)
    named = dict(zip(view.columns, heads, strict=True))
    is_change = {head for head, column in named.items() if column == "change"}
    return view.rename(columns=dict.fromkeys(is_change, change_name(outcome, wording)))


def year_rows(years: pd.DataFrame, policy: str, wording: Wording) -> pd.DataFrame:
    """Return public money of all programmes by year and flow, in the unit: long rows.

    Returns
    -------
    DataFrame
        `year`, `flow` (called, returned, nav), `name`, `value`, `se`; what is called is negative.
    """
    mine = years[(years["policy"] == policy) & (years["level"] == "all")]
    mine = mine[mine["programme"] == "all"]
    rows = []
    for row in mine.to_dict("records"):
        for flow, sign in (("called", -1.0), ("returned", 1.0), ("nav", 1.0)):
            value = float(row[f"public_{flow}_mcny"]) / wording.mcny_per_unit
            error = float(row[f"public_{flow}_mcny_se"]) / wording.mcny_per_unit
            rows.append(
                {
                    "year": int(row["year"]),
                    "flow": flow,
                    "name": wording.text("lab", flow),
                    "value": sign * value,
                    "se": error,
                }
            )
    return pd.DataFrame(rows, columns=["year", "flow", "name", "value", "se"])


def year_view(rows: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return public money by year with headings in the language."""
    heads = {"value": "value", "se": "error"}
    return _with_heads(rows, wording, wording.money_unit, year="year", name="flow", **heads)


def chance(value: float, error: float, n_paths: int, wording: Wording) -> str:
    """Return a chance with its error; of one that never or always came, of how many futures.

    Parameters
    ----------
    value, error : float
        The share of futures, and its standard error.
    n_paths : int
        0 if that is not known.
    wording : Wording
    """
    if value in (0.0, 1.0) and n_paths:
        return wording.text("lab", "rare" if value == 0.0 else "always", n=n_paths)
    shown = wording.share(value, error)
    if not error > 0.0:
        return shown
    return f"{shown} ± {wording.number(100 * error, 100 * error)}%"


def risk_view(
    public: pd.DataFrame, policy: str, wording: Wording, n_paths: int = 0
) -> pd.DataFrame:
    """Return measures of public money as texts with their errors and ranges over futures.

    Parameters
    ----------
    public : DataFrame
        Table `public` of a comparison.
    policy : str
    wording : Wording
    n_paths : int
        Futures; by default those of the wording.
    """
    mine = public[public["policy"] == policy]
    rows = []
    for row in mine[mine["measure"].isin(RISKS)].to_dict("records"):
        name = str(row["measure"])
        value, error = float(row["value"]), float(row["se"])
        low, high = float(row["q05"]), float(row["q95"])
        if math.isnan(value) or (name == "at_risk_mcny" and value == 0.0):
            continue
        if name.endswith(MONEY):
            shown, span = wording.money(value, error, has_error=True), wording.money_span(low, high)
        elif name.startswith("p_"):
            shown, span = chance(value, error, n_paths or wording.paths, wording), "–"
        else:
            shown, span = wording.with_error(value, error), wording.span(low, high)
        rows.append((wording.text("public", name), shown, span))
    heads = [wording.text("lab", "risk"), wording.text("lab", "value")]
    return pd.DataFrame(rows, columns=[*heads, wording.text("overview", "range", span="").strip()])


def _with_heads(rows: pd.DataFrame, wording: Wording, unit: str = "", **heads: str) -> pd.DataFrame:
    """Return columns with headings in the language; those of numbers with the unit, if any."""
    plain = ("name", "year", "told")

    def head(column: str, text: str) -> str:
        name = wording.text("lab", text)
        if not unit or column in plain:
            return name
        return wording.text("extreme", "unit", name=name, unit=unit)

    return pd.DataFrame({head(column, text): rows[column] for column, text in heads.items()})
