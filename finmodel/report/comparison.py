"""A comparison for the terminal: what changes, what would have happened anyway, what it costs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.measure.effects import SIGNS
from finmodel.report.terminal import Names, span, with_error
from finmodel.units import MCNY_PER_BN
from finmodel.variables import labels

SHOWN = (
    "gap_mcny",
    "gap_n",
    "funded_viable_n",
    "deals_mcny",
    "deals_n",
    "graduated_n",
    "ipo_n",
    "closures_n",
    "survivors_n",
)


Row = dict[str, Any]


def _rows(frame: pd.DataFrame, index: str) -> dict[str, Row]:
    """Return the rows of a table by the value of one column."""
    return {
        str(row[index]): {str(key): item for key, item in row.items()}
        for row in frame.to_dict("records")
    }


def policy_headline(
    policy: str, outcomes: pd.DataFrame, effects: pd.DataFrame, names: Names
) -> str:
    """Return what a policy does in one or two sentences.

    Parameters
    ----------
    policy : str
    outcomes, effects : DataFrame
        From :mod:`finmodel.measure.policy`, effects without cells.
    names : mapping of str
    """
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] == "all")]
    row = _rows(mine, "outcome")["gap_mcny"]
    change, error = float(row["change"]), float(row["change_se"])
    title = names.get(policy, policy)
    if change == 0.0:
        text = f"{title}: the gap does not change"
    elif not abs(change) >= 2.0 * error:  # NaN too: one path has no error
        text = (
            f"{title}: no change of the gap can be told from simulation error "
            f"({with_error(change, error, scale=1 / MCNY_PER_BN)} bn CNY a year)"
        )
    else:
        word = "falls" if change < 0 else "rises"
        size = with_error(abs(change), error, scale=1 / MCNY_PER_BN)
        share = f", {abs(change) / row['base']:.1%}" if row["base"] else ""
        text = f"{title}: the gap {word} by {size} bn CNY a year{share}"
    parts = effects[(effects["policy"] == policy) & (effects["group"] == "all")]
    count = {name: row["effect_n"] for name, row in _rows(parts, "component").items()}
    if count["gross"] <= 0.0:
        return text + "."
    anyway = count["deadweight"] + count["substitution"]
    return (
        f"{text}. Of {count['gross']:,.3g} financings a year that its vehicles join, "
        f"{anyway / count['gross']:.0%} would have closed within a year of it anyway."
    )


def chain_view(policy: str, effects: pd.DataFrame, names: Names) -> Table:
    """Return the chain from gross to net, in count and money a year."""
    title = f"{names.get(policy, policy)}: from gross to net, a year"
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("what", overflow="fold")
    for heading in ("financings", "bn CNY", "viable\nhard tech", "bn CNY"):
        view.add_column(heading, justify="right", no_wrap=True)
    mine = effects[effects["policy"] == policy]
    tables = [_rows(mine[mine["group"] == group], "component") for group in _GROUPS]
    words = labels()["effect"]
    for name in tables[0]:
        sign = -1.0 if SIGNS.get(name, 1) < 0 or name == "displacement_outside" else 1.0
        cells = []
        for table in tables:
            row = table[name]
            # Adding zero takes the sign off a zero.
            cells.append(with_error(sign * row["effect_n"] + 0.0, row["effect_n_se"]))
            money, error = sign * row["effect_mcny"] + 0.0, row["effect_mcny_se"]
            cells.append(with_error(money, error, scale=1 / MCNY_PER_BN))
        if name in ("net", "change"):
            view.add_section()
        view.add_row(words[name]["en"], *cells)
    return view


_GROUPS = ("all", "viable_hard_tech")


def outcome_view(policy: str, outcomes: pd.DataFrame, names: Names) -> Table:
    """Return outcomes of hard-tech firms with and without a policy."""
    title = f"{names.get(policy, policy)}: hard technology, a year"
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("what", overflow="fold")
    for heading in ("without", "change", "9 in 10\nfutures"):
        view.add_column(heading, justify="right", no_wrap=True)
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] == "all")]
    rows = _rows(mine, "outcome")
    words = labels()["outcome"]
    for name in SHOWN:
        row = rows[name]
        is_money = name.endswith("_mcny")
        scale = 1 / MCNY_PER_BN if is_money else 1.0
        text = words[name]["en"] + (", bn CNY" if is_money else "")
        view.add_row(
            text,
            f"{row['base'] * scale:,.4g}",
            with_error(row["change"], row["change_se"], scale=scale),
            span(row["chance_q05"], row["chance_q95"], scale=scale),
        )
    return view


OF_LEVERS = ("relief", "lever_cost", "public_cost", "net_present_value", "cost_per", "net_cost")
"""Beginnings of the measures of public money that levers have too; the first three, only they."""


def public_view(policy: str, public: pd.DataFrame, names: Names) -> Table | None:
    """Return what a policy costs the state and brings it; None if it costs nothing.

    Without a programme only what levers cost is shown.
    """
    rows = _rows(public[public["policy"] == policy], "measure")
    if rows["budget_mcny"]["value"] <= 0.0:
        if rows["lever_cost_mcny"]["value"] == 0.0:
            return None
        rows = {name: row for name, row in rows.items() if name.startswith(OF_LEVERS)}
    elif rows["lever_cost_mcny"]["value"] == 0.0:
        rows = {name: row for name, row in rows.items() if not name.startswith(OF_LEVERS[:3])}
    title = f"{names.get(policy, policy)}: public money, all reported years"
    if rows.get("at_risk_mcny", {"value": 0.0})["value"] == 0.0:
        rows.pop("at_risk_mcny", None)
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("what", overflow="fold")
    view.add_column("value", justify="right", no_wrap=True)
    view.add_column("9 in 10\nfutures", justify="right", no_wrap=True)
    words = labels()["public"]
    for name, row in rows.items():
        is_money = name.endswith("_mcny") and "_per_" not in name
        scale = 1 / MCNY_PER_BN if is_money else 1.0
        unit = ", bn CNY" if is_money else ", mcny" if name.endswith("_mcny") else ""
        text = with_error(row["value"], row["se"], scale=scale)
        if math.isnan(row["value"]):
            is_known = not math.isnan(rows["net_present_value_mcny"]["value"])
            text = "none" if is_known else "not known"
        elif "_per_" in name and abs(row["value"]) < 2.0 * row["se"]:
            text = "cannot be told"  # from zero, or from a division by nearly nothing
        spread = "" if math.isnan(row["q05"]) else span(row["q05"], row["q95"], scale=scale)
        view.add_row(words[name]["en"] + unit, text, spread)
    return view
