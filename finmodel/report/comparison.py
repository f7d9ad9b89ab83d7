"""A comparison for the terminal: what changes, what would have happened anyway, what it costs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.measure.effects import SIGNS
from finmodel.report.terminal import Names, span, with_error, words_of
from finmodel.report.views_policy import chance
from finmodel.report.wording import Wording, is_told
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

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
    policy: str,
    outcomes: pd.DataFrame,
    effects: pd.DataFrame,
    names: Names,
    language: Language = "en",
    *,
    paths: int,
) -> str:
    """Return what a policy does in one or two sentences.

    Parameters
    ----------
    policy : str
    outcomes, effects : DataFrame
        From :mod:`finmodel.measure.policy`, effects without cells.
    names : mapping of str
    language : {'en', 'zh'}
    paths : int
        Behind the errors: few leave them uncertain, and more of them are asked for.
    """
    words = words_of("terminal_compare", language)
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] == "all")]
    row = _rows(mine, "outcome")["gap_mcny"]
    change, error = float(row["change"]), float(row["change_se"])
    title = names.get(policy, policy)
    if change == 0.0:
        text = words["unchanged"].format(title=title)
    elif not is_told(change, error, paths):
        size = with_error(change, error, scale=1 / MCNY_PER_BN)
        text = words["untold"].format(title=title, size=size)
    else:
        size = with_error(abs(change), error, scale=1 / MCNY_PER_BN)
        share = words["share"].format(share=f"{abs(change) / row['base']:.1%}")
        text = words["falls" if change < 0 else "rises"].format(
            title=title, size=size, share=share if row["base"] else ""
        )
    parts = effects[(effects["policy"] == policy) & (effects["group"] == "all")]
    count = {name: row["effect_n"] for name, row in _rows(parts, "component").items()}
    if count["gross"] <= 0.0:
        return words["end"].format(text=text)
    anyway = count["deadweight"] + count["substitution"]
    return words["anyway"].format(
        text=text, n=f"{count['gross']:,.3g}", share=f"{anyway / count['gross']:.0%}"
    )


def chain_view(
    policy: str, effects: pd.DataFrame, names: Names, language: Language = "en"
) -> Table:
    """Return the chain from gross to net, in count and money a year."""
    heads = words_of("terminal_compare", language)
    title = heads["chain"].format(title=names.get(policy, policy))
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(heads["what"], overflow="fold")
    for key in ("financings", "bn", "viable", "bn"):
        view.add_column(heads[key], justify="right", no_wrap=True)
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
        view.add_row(words[name][language], *cells)
    return view


_GROUPS = ("all", "viable_hard_tech")


def outcome_view(
    policy: str, outcomes: pd.DataFrame, names: Names, language: Language = "en"
) -> Table:
    """Return outcomes of hard-tech firms with and without a policy."""
    heads = words_of("terminal_compare", language)
    title = heads["outcomes"].format(title=names.get(policy, policy))
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(heads["what"], overflow="fold")
    for key in ("without", "change", "futures"):
        view.add_column(heads[key], justify="right", no_wrap=True)
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["region"] == "all")]
    rows = _rows(mine, "outcome")
    words = labels()["outcome"]
    for name in SHOWN:
        row = rows[name]
        is_money = name.endswith("_mcny")
        scale = 1 / MCNY_PER_BN if is_money else 1.0
        text = words[name][language]
        text = heads["in_bn"].format(name=text) if is_money else text
        view.add_row(
            text,
            f"{row['base'] * scale:,.4g}",
            with_error(row["change"], row["change_se"], scale=scale),
            span(row["chance_q05"], row["chance_q95"], scale=scale, language=language),
        )
    return view


OF_LEVERS = ("relief", "lever_cost", "public_cost", "net_present_value", "cost_per", "net_cost")
"""Beginnings of the measures of public money that levers have too; the first three, only they."""


def public_view(
    policy: str, public: pd.DataFrame, names: Names, language: Language = "en", *, paths: int
) -> Table | None:
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
    heads = words_of("terminal_compare", language)
    title = heads["public"].format(title=names.get(policy, policy))
    if rows.get("at_risk_mcny", {"value": 0.0})["value"] == 0.0:
        rows.pop("at_risk_mcny", None)
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(heads["what"], overflow="fold")
    for key in ("value", "futures"):
        view.add_column(heads[key], justify="right", no_wrap=True)
    words = labels()["public"]
    for name, row in rows.items():
        is_money = name.endswith("_mcny") and "_per_" not in name
        scale = 1 / MCNY_PER_BN if is_money else 1.0
        unit = "in_bn" if is_money else "in_mcny"
        text = with_error(row["value"], row["se"], scale=scale)
        if math.isnan(row["value"]):
            is_known = not math.isnan(rows["net_present_value_mcny"]["value"])
            text = heads["none" if is_known else "not_known"]
        elif "_per_" in name and row["se"] > 0.0 and not is_told(row["value"], row["se"], paths):
            text = heads["cannot_be_told"]  # from zero, or from a division by nearly nothing
        elif name.startswith("p_") and row["value"] in (0.0, 1.0):
            text = chance(row["value"], row["se"], paths, Wording(language))
        spread = ""
        if not math.isnan(row["q05"]):
            spread = span(row["q05"], row["q95"], scale=scale, language=language)
        label = words[name][language]
        label = heads[unit].format(name=label) if name.endswith("_mcny") else label
        view.add_row(label, text, spread)
    return view
