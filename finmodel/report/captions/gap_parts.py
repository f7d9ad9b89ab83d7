"""Sentences on parts of the gap: by stage, sector and year, by fate, by friction, by formula."""

from __future__ import annotations

import math

import pandas as pd

from finmodel.report.gap_rows import FATES, Side, amount, amount_span
from finmodel.report.wording import Wording

WHOLE, LEFT = "gap", "remainder"


def by_dimension(rows: pd.DataFrame, side: Side, wording: Wording) -> str:
    """Return where most is unfunded, and whether shares of need differ by more than error.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows`; without errors the sentence says so.
    side : {'mcny', 'n'}
    wording : Wording
    """
    if rows.empty:
        return wording.text("gap_page", "no_rows")
    most = rows.iloc[int(rows["gap"].argmax())]
    told = {
        "most": most["name"],
        "gap": amount(most["gap"], most["gap_se"], side, wording),
        "need": amount(most["need"], most["need_se"], side, wording),
        "rate": wording.share(most["rate"], most["rate_se"]),
    }
    if math.isnan(most["low"]):
        return wording.text("gap_page", "by_plain", **told)
    told["span"] = amount_span(most["low"], most["high"], side, wording)
    if len(rows) == 1:
        return wording.text("gap_page", "by_one", **told)
    worst, best = rows.iloc[int(rows["rate"].argmax())], rows.iloc[int(rows["rate"].argmin())]
    difference = worst["rate"] - best["rate"]
    error = math.hypot(worst["rate_se"], best["rate_se"])
    if wording.is_told(difference, error):
        points = wording.number(100 * difference, 100 * error)
        told["told"] = wording.text("overview", "told", difference=points)
    else:
        told["told"] = wording.text("overview", "untold")
    return wording.text(
        "gap_page",
        "by",
        **told,
        open=_open(rows, wording),
        worst=worst["name"],
        best=best["name"],
        rate_worst=wording.share(worst["rate"], worst["rate_se"]),
        rate_best=wording.share(best["rate"], best["rate_se"]),
    )


def by_place(rows: pd.DataFrame, region: str, side: Side, wording: Wording) -> str:
    """Return what the gap of a province is; of all together, :func:`by_dimension`.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows` by region.
    region : str
        A code; one that is not among the rows means all.
    side : {'mcny', 'n'}
    wording : Wording
    """
    own = rows[rows["code"] == region]
    if own.empty:
        return by_dimension(rows, side, wording)
    row = own.iloc[0]
    return wording.text(
        "gap_page",
        "place",
        name=row["name"],
        gap=amount(row["gap"], row["gap_se"], side, wording),
        need=amount(row["need"], row["need_se"], side, wording),
        rate=wording.share(row["rate"], row["rate_se"]),
        span=amount_span(row["low"], row["high"], side, wording),
    )


def _open(rows: pd.DataFrame, wording: Wording) -> str:
    """Return which group the one with the largest gap is not told from, if any."""
    first, second = rows.sort_values("gap", ascending=False).iloc[:2].to_dict("records")
    error = math.hypot(first["gap_se"], second["gap_se"])
    if wording.is_told(first["gap"] - second["gap"], error):
        return ""
    return wording.text("gap_page", "open", second=second["name"])


def over_years(rows: pd.DataFrame, side: Side, wording: Wording) -> str:
    """Return the gap of the first and the last year, and whether it moved.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.gap_rows` by year.
    side : {'mcny', 'n'}
    wording : Wording

    Notes
    -----
    The two years share their futures; the error of the change is taken as if they did not,
    which is too wide where they move together.
    """
    if rows.empty:
        return wording.text("gap_page", "no_rows")
    first, last = rows.iloc[0], rows.iloc[-1]
    told = {
        "first": amount(first["gap"], first["gap_se"], side, wording),
        "last": amount(last["gap"], last["gap_se"], side, wording),
        "year_first": first["name"],
        "year_last": last["name"],
    }
    if math.isnan(last["low"]):
        return wording.text("gap_page", "years_plain", **told)
    change = last["gap"] - first["gap"]
    error = math.hypot(first["gap_se"], last["gap_se"])
    moved = wording.text("gap_page", "unmoved")
    if wording.is_told(change, error):
        moved = wording.text("gap_page", "moved", change=amount(change, error, side, wording))
    wide = last["high"] - last["low"]
    key = "years" if wide > rows["gap"].max() - rows["gap"].min() else "years_time"
    span = amount_span(last["low"], last["high"], side, wording)
    return wording.text("gap_page", key, **told, moved=moved, span=span)


def fates(rows: pd.DataFrame, quarters: float, error: float, side: Side, wording: Wording) -> str:
    """Return what viable needs come to: unfunded, closed waiting, late.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.fate_rows`.
    quarters, error : float
        Mean wait of what came late, and its standard error; NaN leaves it out.
    side : {'mcny', 'n'}
    wording : Wording
    """
    if rows.empty:
        return wording.text("gap_page", "no_rows")
    of = rows.set_index("fate")
    value, error_of = of["value"], of["value_se"]
    said = {
        fate: amount(float(value[fate]), float(error_of[fate]), side, wording) for fate in FATES
    }
    wait = ""
    if math.isfinite(quarters):
        wait = wording.text("gap_page", "wait", quarters=wording.number(quarters, error))
    return wording.text("gap_page", "fates", need=said.pop("viable_ask"), wait=wait, **said)


def funnel(rows: pd.DataFrame, wording: Wording) -> str:
    """Return how many needs are asked, viable and funded, and where most are lost.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.funnel_rows`.
    wording : Wording
    """
    needs = rows.pivot_table(index="name", columns="step", values="needs", sort=False)
    if needs.empty or not needs["viable"].sum() > 0.0:
        return wording.text("gap_page", "no_rows")
    lost = needs["viable"] - needs["funded"]
    at = int(lost.argmax())
    whole = {step: wording.number(needs[step].sum(), 1.0) for step in needs.columns}
    return wording.text(
        "gap_page",
        "funnel",
        **whole,
        worst=lost.index[at],
        lost=wording.number(lost.iloc[at], 1.0),
        of=wording.number(needs["viable"].iloc[at], 1.0),
    )


def why(rows: pd.DataFrame, paths: int, side: Side, wording: Wording) -> str:
    """Return the largest part of the gap, which parts are told from zero, which hold it down.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.why_rows`.
    paths : int
        Of the decomposition.
    side : {'mcny', 'n'}
    wording : Wording
    """
    whole = rows[rows["part"] == WHOLE]
    if whole.empty or not whole["value"].iloc[0] > 0.0:
        return wording.text("gap_page", "why_none")
    parts = rows[~rows["part"].isin([WHOLE])].sort_values("value", ascending=False)
    first, second, total = parts.iloc[0], parts.iloc[1], whole.iloc[0]
    apart = first["value"] - second["value"]
    error = math.hypot(first["value_se"], second["value_se"])
    is_told = wording.is_told(apart, error)
    return wording.text(
        "gap_page",
        "why_one" if is_told else "why_two",
        largest=first["name"],
        second=second["name"],
        value=amount(first["value"], first["value_se"], side, wording),
        share=wording.share(first["share"], first["share_se"]),
        gap=amount(total["value"], total["value_se"], side, wording),
        sure=_sure(parts, paths, wording),
    )


def _sure(parts: pd.DataFrame, paths: int, wording: Wording) -> str:
    """Return which parts are told from zero, and which of these are below it."""
    if parts["value_se"].isna().any():
        return wording.text("gap_page", "why_unknown", paths=paths)
    frictions = parts[parts["part"] != LEFT]
    is_open = frictions["value"].abs() <= wording.reach * frictions["value_se"]
    is_down = ~is_open & (frictions["value"] < 0.0)
    joint, between = (", ", " ") if wording.language == "en" else ("、", "")
    if not is_open.any():
        told = wording.text("gap_page", "why_sure", paths=paths)
    else:
        names = joint.join(frictions.loc[is_open, "name"])
        told = wording.text("gap_page", "why_unsure", paths=paths, names=names)
    if is_down.any():
        names = joint.join(frictions.loc[is_down, "name"])
        told += between + wording.text("gap_page", "why_down", names=names)
    return told


def why_by_stage(rows: pd.DataFrame, side: Side, wording: Wording) -> str:
    """Return which part is the largest at each stage, where it is told from the second.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.why_stage_rows`.
    side : {'mcny', 'n'}
    wording : Wording
    """
    if rows.empty:
        return wording.text("gap_page", "why_none")
    stages: dict[str, list[str]] = {}
    for _, own in rows.groupby("stage", sort=False):
        first, *others = own.sort_values("share", ascending=False).to_dict("records")
        is_told = all(
            first["share"] - other["share"]
            > wording.reach * math.hypot(first["share_se"], other["share_se"])
            for other in others
        )
        stages.setdefault(first["part_name"] if is_told else "", []).append(first["name"])
    comma, joint = (", ", "; ") if wording.language == "en" else ("、", "；")
    told = [
        wording.text("gap_page", "why_at", part=part, stages=comma.join(names))
        if part
        else wording.text("gap_page", "why_at_open", stages=comma.join(names))
        for part, names in stages.items()
    ]
    key = "why_stage" if side == "mcny" else "why_stage_n"
    return wording.text("gap_page", key, parts=joint.join(told))


def formulas(rows: pd.DataFrame, wording: Wording) -> str:
    """Return what each formula with an amount gives beside the simulated gap.

    Parameters
    ----------
    rows : DataFrame
        From :func:`finmodel.report.gap_rows.formula_rows`.
    wording : Wording
    """
    if rows.empty:
        return wording.text("gap_page", "no_static")
    gap, known = rows.iloc[0], rows.iloc[1:]
    told = []
    for row in known[known["value"].notna()].to_dict("records"):
        error = math.hypot(row["value_se"], gap["value_se"])
        is_told = wording.is_told(row["value"] - gap["value"], error)
        key = "formula_gives" if is_told and math.isfinite(row["ratio"]) else "formula_untold"
        if is_told and row["value"] == 0.0:
            key = "formula_zero"
        told.append(
            wording.text(
                "gap_page",
                key,
                name=row["name"],
                value=amount(row["value"], row["value_se"], "mcny", wording),
                times=f"{row['ratio']:.2g}",
            )
        )
    joint = "; " if wording.language == "en" else "；"
    return wording.text(
        "gap_page",
        "formulas",
        gap=amount(gap["value"], gap["value_se"], "mcny", wording),
        told=joint.join(told) or wording.text("gap_page", "formula_none"),
    )
