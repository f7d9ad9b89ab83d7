"""Sentences on what a policy changes, for whom, and what public money risks."""

from __future__ import annotations

import math

import pandas as pd

from finmodel.report.captions.extremes import furthest
from finmodel.report.views_policy import LESS_IS_BETTER, MONEY, chance, outcome_name
from finmodel.report.wording import Wording, is_told

ANYWAY = ("deadweight", "substitution")


def verdict(
    outcomes: pd.DataFrame, policy: str, outcome: str, name: str, wording: Wording, n_paths: int
) -> str:
    """Return whether an outcome changes, by how much, or that it is not told from zero.

    Parameters
    ----------
    outcomes : DataFrame
        Table `outcomes` of a comparison.
    policy, outcome : str
    name : str
        What the policy is called.
    wording : Wording
    n_paths : int
    """
    mine = outcomes[(outcomes["policy"] == policy) & (outcomes["outcome"] == outcome)]
    mine = mine[mine["region"] == "all"]
    called = _plain_name(outcome, wording)
    if mine.empty:
        return wording.text("lab", "regions_none")
    row = mine.iloc[0]
    change, error = float(row["change"]), float(row["change_se"])
    if change == 0.0 and not error > 0.0:
        return wording.text("lab", "verdict_none", name=name, outcome=called)
    size = _amount(change, error, outcome, wording)
    if not math.isfinite(error):
        return wording.text("lab", "verdict_unknown", name=name, outcome=called, change=size)
    if not is_told(change, error, n_paths):
        return wording.text("lab", "verdict_untold", name=name, outcome=called, change=size)
    base = float(row["base"])
    share = wording.share(abs(change) / base, error / base) if base > 0.0 else "–"
    key = "verdict_rise" if change > 0 else "verdict_fall"
    size = _amount(abs(change), error, outcome, wording)
    return wording.text("lab", key, name=name, outcome=called, change=size, share=share)


def chain(rows: pd.DataFrame, measure: str, wording: Wording, n_paths: int) -> str:
    """Return what of the gross effect is left.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_policy.chain_rows`.
    measure : {'n', 'mcny'}
    wording : Wording
    n_paths : int
    """
    of = {str(r["component"]): (float(r["value"]), float(r["se"])) for r in rows.to_dict("records")}
    if not of.get("gross", (0.0, 0.0))[0] > 0.0:
        return wording.text("lab", "chain_none")
    gross, net = of["gross"], of["net"]
    anyway = -sum(of[part][0] for part in ANYWAY if part in of)
    unit = "" if measure == "n" else f"{_gap(wording)}{wording.money_unit}"
    told = "told_yes" if is_told(*net, n_paths) else "told_no"
    return wording.text(
        "lab",
        "chain",
        gross=wording.number(*gross) + unit,
        anyway=f"{100 * anyway / gross[0]:.0f}%",
        net=wording.with_error(*net) + unit,
        told=wording.text("lab", told),
    )


def regions(rows: pd.DataFrame, outcome: str, wording: Wording) -> str:
    """Return where an outcome rises and falls most, and how many changes are told.

    A province is named only if its change is told from zero, with those it is not told from.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.views_policy.region_rows`.
    outcome : str
    wording : Wording
    """
    known = rows[rows["change"].notna()]
    if known.empty:
        return wording.text("lab", "regions_none")
    name = outcome_name(outcome, wording)
    if len(known) == 1:
        row = known.iloc[0]
        told = wording.text("lab", "told_yes" if row["is_told"] else "told_no")
        size = wording.with_error(row["change"], row["se"])
        return wording.text(
            "lab", "regions_one", outcome=name, best=row["name"], most=size, told=told
        )
    is_less = outcome in LESS_IS_BETTER
    better, worse = (-1, 1) if is_less else (1, -1)
    return wording.text(
        "lab",
        "regions_fall" if is_less else "regions",
        outcome=name,
        better=_most(known, better, wording),
        worse=_most(known, worse, wording),
        n_told=int(known["is_told"].sum()),
        n=len(known),
    )


def _most(rows: pd.DataFrame, sign: int, wording: Wording) -> str:
    """Return where an outcome rises or falls most, or that no such change is told."""
    key, most = "rise" if sign > 0 else "fall", furthest(rows, sign, wording)
    return wording.text("extreme", key, most=most) if most else wording.text("extreme", f"no_{key}")


def money(public: pd.DataFrame, policy: str, n_paths: int, wording: Wording) -> str:
    """Return what public money is called, returned, held, and how likely a loss is.

    Parameters
    ----------
    public : DataFrame
        Table `public` of a comparison.
    policy : str
    n_paths : int
        Futures: a chance of none of them is told as such.
    wording : Wording
    """
    mine = public[public["policy"] == policy].to_dict("records")
    of = {str(row["measure"]): (float(row["value"]), float(row["se"])) for row in mine}
    if not of.get("outlay_mcny", (0.0, 0.0))[0] > 0.0:
        return wording.text("lab", "money_none")

    def sum_of(name: str) -> str:
        return wording.money(*of[name])

    value, error = of.get("p_loss", (math.nan, math.nan))
    called, returned = sum_of("outlay_mcny"), sum_of("returned_mcny")
    if math.isnan(value):
        return wording.text("lab", "money_unknown", called=called, returned=returned)
    said = wording.text(
        "lab",
        "money",
        called=called,
        returned=returned,
        nav=sum_of("nav_mcny"),
        p_loss=chance(value, error, n_paths, wording),
    )
    ends = [of.get(name, (math.nan, math.nan)) for name in ("dpi", "tvpi_if_sold")]
    if any(math.isnan(end) for end, _ in ends):
        return said
    dpi, sold = (wording.with_error(*end) for end in ends)
    beside = wording.text("lab", "money_beside", dpi=dpi, sold=sold)
    return f"{said} {beside}" if wording.language == "en" else f"{said}{beside}"


def _plain_name(outcome: str, wording: Wording) -> str:
    name = wording.text("outcome", outcome)
    return name[0].lower() + name[1:] if wording.language == "en" and name[1:2].islower() else name


def _amount(value: float, error: float, outcome: str, wording: Wording) -> str:
    if outcome.endswith(MONEY):
        return wording.money(value, error, has_error=True)
    return wording.with_error(value, error)


def _gap(wording: Wording) -> str:
    return " " if wording.language == "en" else ""
