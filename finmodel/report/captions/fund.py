"""Sentences on one fund: what its owners may expect, when, who keeps what, and its record."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from finmodel.report.captions.gap import Number
from finmodel.report.charts.fund import fan_rows, is_lp
from finmodel.report.wording import Wording

TVPI = {"fund": "net_tvpi", "sub_fund": "net_tvpi", "treasury": "treasury_tvpi"}
IRR = {"fund": "pooled_net_irr_pa", "treasury": "treasury_pooled_irr_pa"}
IRR_EACH = {"fund": "net_irr_pa", "treasury": "treasury_irr_pa"}
N_FUTURES = 50
SURE = 0.1
"""Part of the figures that lie outside nine in ten by chance."""


def answer(summary: pd.DataFrame, whose: str, wording: Wording) -> str:
    """Return what one may expect of a fund in a sentence.

    Parameters
    ----------
    summary : DataFrame
        Table `fund`, or `fund_of_funds` for the treasury.
    whose : {'fund', 'sub_fund', 'treasury'}
    wording : Wording
    """
    rows = _by(summary)
    multiple, (chance, _) = rows[TVPI[whose]], loss(summary)
    return wording.text(
        "my_fund",
        "answer",
        who=wording.text("my_fund", whose),
        middle=wording.number(multiple["q50"], 0.01),
        span=wording.span(multiple["q25"], multiple["q75"]),
        loss=round(N_FUTURES * chance),
    )


def loss(summary: pd.DataFrame) -> tuple[float, float]:
    """Return the chance of a loss and its standard error; `summary` as for :func:`answer`."""
    row = _by(summary)["p_loss"]
    return float(row["value"]), float(row["se"])


def four_numbers(
    summary: pd.DataFrame, whose: str, paths: int, wording: Wording
) -> tuple[Number, Number, Number, Number]:
    """Return multiple, chance of a loss, years until the money is back, and rate of return.

    Parameters
    ----------
    summary, whose, wording
        As for :func:`answer`.
    paths : int
        Simulated futures behind them.
    """
    rows, kind = _by(summary), "treasury" if whose == "treasury" else "fund"
    multiple, back, (chance, error) = rows[TVPI[whose]], rows["years_to_dpi_1"], loss(summary)
    rate, each = rows[IRR[kind]], rows[IRR_EACH[kind]]

    def text(key: str, **values: object) -> str:
        return wording.text("my_fund", key, **values)

    note = text("back_none")
    if back["defined_share"] > 0.0:
        share = wording.share(back["defined_share"], 0.01)
        note = text("back_note", share=share, span=wording.span(back["q05"], back["q95"]))
    middle = wording.share(each["q50"], 0.001)
    return (
        Number(
            text("multiple"),
            wording.number(multiple["q50"], 0.01),
            text("nine_in_ten", span=wording.span(multiple["q05"], multiple["q95"])),
        ),
        Number(
            text("loss"),
            wording.share(chance, error),
            text("loss_note", error=_points(error, wording), n=f"{paths:,}"),
        ),
        Number(text("back"), wording.number(back["q50"], 0.1), note),
        Number(
            text("irr"),
            wording.share(rate["value"], 0.001),
            text("irr_note", middle=middle, span=wording.share_span(each["q05"], each["q95"])),
        ),
    )


def j_curve(years: pd.DataFrame, wording: Wording) -> str:
    """Return how deep and how long the money is away; see `charts.fund.j_curve_fan`."""
    rows = fan_rows(years)
    if len(rows) < 2:
        return wording.text("my_fund_curve", "none")
    lowest, last = rows.iloc[int(rows["q50"].to_numpy().argmin())], rows.iloc[-1]
    ahead = rows[(rows["q50"] > 0.0) & (rows["year"] > lowest["year"])]
    return wording.text(
        "my_fund_curve",
        "caption_back" if len(ahead) and last["q50"] > 0.0 else "caption_never",
        low_year=int(lowest["year"]),
        low=wording.share(lowest["q50"] / 100.0, 0.01),
        even=int(ahead["year"].iloc[0]) if len(ahead) else "–",
        end=wording.share(last["q50"] / 100.0, 0.01),
        half=wording.share_span(last["q25"] / 100.0, last["q75"] / 100.0),
    )


def dots(dpi: pd.Series[float], wording: Wording, year: int | None, error: float = math.nan) -> str:
    """Return how many of fifty futures are below what was paid in.

    Parameters
    ----------
    dpi : Series
        Multiples of the futures; NaN where nothing is paid in.
    wording : Wording
    year : int or None
        At whose end; None for the end of the fund.
    error : float
        Standard error of the chance to be below, NaN if it is not known.
    """
    known = dpi.dropna()
    if known.empty:
        return wording.text("my_fund_dots", "none")
    n = int((known < 1.0).sum())
    values = {"n": n, "middle": wording.number(float(known.median()), 0.01)}
    if year is None:
        low, high = known.quantile([0.2, 0.8])
        values |= {"low": wording.number(low, 0.01), "high": wording.number(high, 0.01)}
        said = wording.text("my_fund_dots", "end", **values)
    else:
        said = wording.text("my_fund_dots", "at_year", year=year, **values)
    if math.isfinite(error):
        said += wording.text("my_fund_dots", "sure", error=_points(error, wording))
    return said


def gains(table: pd.DataFrame, wording: Wording) -> str:
    """Return who keeps the gains of deals, and how far the mean is from the middle future.

    Parameters
    ----------
    table : DataFrame
        Table `gains` or `fund_of_funds_gains`.
    wording : Wording
    """
    rows = _by(table)
    whole = rows["deals"]
    own = table["measure"].map(lambda name: is_lp(str(name)))
    lps = float(table.loc[own, "value"].sum())
    rest = float(table.loc[~own & (table["measure"] != "deals"), "value"].sum())
    error = whole["se"]
    values = {
        "deals": wording.money(whole["value"], error),
        "lps": wording.money(lps, error),
        "manager": wording.money(rest, error),
        "middle": wording.money(whole["q50"], error),
    }
    if whole["value"] > 0.0 and lps > 0.0:
        share = wording.share(lps / whole["value"], 0.01)
        said = wording.text("my_fund_gains", "caption", share=share, **values)
    else:
        said = wording.text("my_fund_gains", "loss", **values)
    if math.isnan(error) or abs(whole["value"]) < wording.reach * error:
        said += wording.text("my_fund_gains", "untold")
    return said


def actuals(rows: pd.DataFrame, wording: Wording) -> str:
    """Return which figures of a record the plan's futures do not explain.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`finmodel.report.views_fund.actual_rows`.
    wording : Wording
    """
    if rows.empty:
        return wording.text("my_fund_actual", "none")
    out = rows[rows["is_out"]]
    if out.empty:
        return wording.text("my_fund_actual", "caption_in", all=len(rows))
    comma = wording.text("my_fund_actual", "comma")
    return wording.text(
        "my_fund_actual",
        "caption_out",
        n=len(out),
        all=len(rows),
        names=comma.join(str(name) for name in out["short"]),
        expected=wording.number(SURE * len(rows), 0.1),
    )


def _points(error: float, wording: Wording) -> str:
    return wording.number(100.0 * error, min(1.0, 100.0 * error) if error > 0.0 else math.nan)


def _by(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        str(row["measure"]): {str(key): item for key, item in row.items()}
        for row in table.to_dict("records")
    }
