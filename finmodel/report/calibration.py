"""A calibration in words, for the terminal, and as a page for itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup
from rich.table import Table

from finmodel.calibrate.hazards import BANDS
from finmodel.calibrate.match_errors import MISSED_Z
from finmodel.calibrate.sizes import quantile_table
from finmodel.calibrate.survival import Curve
from finmodel.calibrate.write import written
from finmodel.datasets.deal_records import DealBook
from finmodel.report.calibration_charts import curve_chart, hazard_chart, quantile_chart
from finmodel.report.pages import render
from finmodel.scenario.walk import quantities
from finmodel.study.calibrate import DealCalibration
from finmodel.variables import Language, labels

QUIET_DAYS = 92
"""Days without a deal at the end of the records that are said; a quarter."""


def words_of(lang: Language) -> dict[str, str]:
    """Return the words of a calibration in a language."""
    return {key: texts[lang] for key, texts in labels()["calibration"].items()}


def stage_names(done: DealCalibration, lang: Language) -> dict[str, str]:
    """Return the names of stages in a language."""
    stages = done.base.stages.items()
    return {name: stage.label_en if lang == "en" else stage.label_zh for name, stage in stages}


def calibration_sentences(done: DealCalibration, lang: Language) -> list[str]:
    """Return what came of the hold-out, and where the model cannot follow."""
    words, names, table = words_of(lang), stage_names(done, lang), done.hold_out
    sentences = quiet_end(done.book, words)
    if table.empty:
        sentences.append(words["no_hold_out"])
    else:
        years = _years(done.held_out)
        n, total = int(table["is_inside"].sum()), len(table)
        sentences.append(words["inside"].format(years=years, n=n, total=total))
        missed = table[~table["is_inside"]]
        if len(missed):
            sentences.append(words["outside"].format(points=_points(missed, names)))
        n_own = int(table["is_fitted_inside"].sum())
        sentences.append(words["cohorts_differ"].format(n=n_own, total=total))
    if not table.empty and table["predicted_low_95"].notna().any():
        n, total = int(table["is_predicted"].sum()), len(table)
        sentences.append(words["predicted_at"].format(n=n, total=total))
        left = table[~table["is_predicted"]]
        if len(left):
            sentences.append(words["outside"].format(points=_points(left, names)))
    sentences.append(spread_sentence(done, words))
    fit = done.match.fit
    far = fit[fit["z"].abs() > MISSED_Z]
    if len(far):
        sentences.append(words["misfit"].format(points=_points(far, names)))
    return sentences


def spread_sentence(done: DealCalibration, words: Mapping[str, str]) -> str:
    """Return by how much the fitted cohorts differ beyond the chance of their firms."""
    found = done.spread
    if not found.spread.degrees:
        return words["spread_unknown"]
    key = "spread_told" if found.is_told else "spread_not_told"
    return words[key].format(tau=found.spread.tau, p=found.chance, cohorts=_years(done.cohorts))


def quiet_end(book: DealBook, words: Mapping[str, str]) -> list[str]:
    """Return a warning if records are said to go on long after their last deal, else nothing."""
    last = pd.concat([book.rounds["date"], book.exits["date"]]).max()
    days = (book.as_of - last).days
    return [words["quiet"].format(last=f"{last:%Y-%m-%d}", days=days)] if days > QUIET_DAYS else []


def _points(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    parts = []
    for stage, own in rows.groupby("stage", sort=False):
        months = ", ".join(f"{month:.0f}" for month in own["months"])
        parts.append(f"{names.get(str(stage), str(stage))} {months}")
    return "; ".join(parts)


def made_sentence(done: DealCalibration, name: str, lang: Language) -> str:
    """Return which records a calibration rests on."""
    prepared = done.records.prepared
    return words_of(lang)["made"].format(
        firms=f"{prepared.table.n_firms:,}",
        rounds=f"{len(prepared.table.firm):,}",
        file=name,
        cohorts=_years(done.cohorts),
        as_of=f"{done.book.as_of:%Y-%m-%d}",
        unlabelled=f"{prepared.imputed.n_unlabelled:,}",
        draws=len(prepared.imputed.stages),
    )


def _years(years: Sequence[int]) -> str:
    return ", ".join(str(year) for year in years)


def figure(value: float) -> str:
    """Return a number to three digits, a dash if there is none."""
    return f"{value:.3g}" if math.isfinite(value) else "-"


def estimate_rows(done: DealCalibration) -> list[dict[str, str]]:
    """Return the estimates that are written, as texts."""
    base = {name: quantity.centre for name, quantity in quantities(done.base)}
    rows = []
    for item in written(done.calibration, done.base):
        low, high = item.interval_95
        rows.append(
            {
                "parameter": item.key,
                "value": figure(item.value),
                "standard_error": figure(item.standard_error),
                "interval": f"{figure(low)} - {figure(high)}",
                "base_value": figure(base[item.key]),
                "unit": item.unit,
                "n": f"{item.n:,}",
                "method": item.method,
            }
        )
    return rows


def estimates_view(done: DealCalibration, lang: Language) -> Table:
    """Return the estimates that are written, for the terminal."""
    words = words_of(lang)
    names = ("parameter", "value", "standard_error", "base_value", "unit", "n")
    view = Table(title=words["estimates"], title_justify="left", header_style="bold")
    for name in names:
        justify: Any = "left" if name in ("parameter", "unit") else "right"
        is_name = name == "parameter"
        view.add_column(words[name], justify=justify, no_wrap=not is_name, overflow="fold")
    for row in estimate_rows(done):
        view.add_row(*(row[name] for name in names))
    return view


def hold_out_rows(done: DealCalibration, lang: Language) -> list[dict[str, Any]]:
    """Return the hold-out as texts."""
    words, names = words_of(lang), stage_names(done, lang)
    rows = []
    for row in done.hold_out.to_dict("records"):
        rows.append(
            {
                "stage": names.get(str(row["stage"]), str(row["stage"])),
                "months": f"{row['months']:.0f}",
                "fitted": f"{row['fitted']:.1%}",
                "held": f"{row['held_out']:.1%}",
                "band": f"{row['low_95']:.1%} - {row['high_95']:.1%}",
                "predicted_band": f"{row['predicted_low_95']:.1%} - {row['predicted_high_95']:.1%}",
                "simulated": f"{row['simulated']:.1%}",
                "verdict": words["yes"] if row["is_inside"] else words["no"],
                "outside": not row["is_inside"],
            }
        )
    return rows


def hold_out_view(done: DealCalibration, lang: Language) -> Table | None:
    """Return the hold-out for the terminal, None if there was none."""
    if done.hold_out.empty:
        return None
    words = words_of(lang)
    names = ("stage", "months", "fitted", "held", "band", "simulated", "predicted_band", "verdict")
    view = Table(title=words["hold_out"], title_justify="left", header_style="bold")
    for name in names:
        justify: Any = "left" if name in ("stage", "verdict") else "right"
        view.add_column(words[name], justify=justify, no_wrap=name.endswith("band"))
    for row in hold_out_rows(done, lang):
        view.add_row(*(row[name] for name in names), style="red" if row["outside"] else None)
    return view


def curve_frame(done: DealCalibration) -> pd.DataFrame:
    """Return all curves in one table: `stage`, `months`, `share`, `low_95`, `high_95`, `kind`."""
    table, frames = done.hold_out, []
    for stage, curve in done.records.curves.items():
        frames.append(_curve_part(stage, curve, "fitted"))
    if not table.empty:
        held = table.rename(columns={"held_out": "share"}).assign(kind="held")
        market = table[["stage", "months"]].assign(share=table["simulated"], kind="simulated")
        frames += [held[["stage", "months", "share", "low_95", "high_95", "kind"]], market]
    else:
        fit = done.match.fit
        frames.append(fit[["stage", "months"]].assign(share=fit["simulated"], kind="simulated"))
    return pd.concat(frames, ignore_index=True)


def _curve_part(stage: str, curve: Curve, kind: str) -> pd.DataFrame:
    frame = curve.frame().dropna(subset=["share"])
    return frame.assign(stage=stage, kind=kind)[
        ["stage", "months", "share", "low_95", "high_95", "kind"]
    ]


def calibration_page(done: DealCalibration, name: str, lang: Language) -> str:
    """Return the page of a calibration as HTML that asks for nothing else.

    Parameters
    ----------
    done : DealCalibration
    name : str
        Of the deals.
    lang : {'en', 'zh'}
    """
    words = words_of(lang)
    return render(
        "calibration.html",
        lang=lang,
        words=words,
        title=name,
        made=made_sentence(done, name, lang),
        sentences=calibration_sentences(done, lang),
        parts=_parts(done, lang),
        is_crunchbase="acquisitions.csv.gz" in done.calibration.checksums,
    )


def _parts(done: DealCalibration, lang: Language) -> list[dict[str, Any]]:
    words, names = words_of(lang), stage_names(done, lang)
    chart = curve_chart(curve_frame(done), words, names)
    held = ("stage", "months", "fitted", "held", "band", "simulated", "predicted_band", "verdict")
    own = ("parameter", "value", "standard_error", "interval", "base_value", "unit", "n", "method")
    extra = done.calibration.table()
    extra = extra[extra["key"].str.startswith("extra.")]
    others = [
        {
            "parameter": row["key"].removeprefix("extra."),
            "value": figure(row["value"]),
            "standard_error": figure(row["standard_error"]),
            "unit": row["unit"],
            "n": f"{row['n']:,}",
        }
        for row in extra.to_dict("records")
    ]
    refused = [{"parameter": key, "reason": why} for key, why in done.calibration.refused.items()]
    counts = done.book.report.counts(lang)
    read = [
        {"reason": str(row["meaning"]), "rows": f"{row['rows']:,}"}
        for row in counts.to_dict("records")
    ]
    parts = [
        _part(words, "curves", [], (), chart=chart, note=words["curves_note"]),
        _part(words, "hold_out", hold_out_rows(done, lang), held),
        _part(words, "estimates", estimate_rows(done), own),
        _part(words, "refused", refused, ("parameter", "reason")),
    ]
    events = labels()["calibration_event"]
    for cause, fit in done.records.hazards.items():
        frame = fit.calibration.assign(quarter=[BANDS[int(b)] for b in fit.calibration["band"]])
        part = _part(words, "hazards", [], (), chart=hazard_chart(frame, words))
        parts.append({**part, "heading": f"{words['hazards']}: {events[cause][lang]}"})
    if "stages" in done.records.sizes:
        points = quantile_table(done.records.sizes["stages"].residuals)
        picture = quantile_chart(points, words)
        parts.append(_part(words, "sizes", [], (), chart=picture, note=words["sizes_note"]))
    parts.append(
        _part(words, "extra", others, ("parameter", "value", "standard_error", "unit", "n"))
    )
    parts.append(_part(words, "reading", read, ("reason", "rows")))
    return parts


def _part(
    words: Mapping[str, str],
    heading: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    chart: str = "",
    note: str = "",
) -> dict[str, Any]:
    """Return a part of the page; charts are drawn by us from escaped data and go in as they are."""
    texts = {"stage", "parameter", "unit", "method", "reason", "verdict"}
    return {
        "heading": words[heading],
        "note": note,
        "chart": Markup(chart),
        "head": [words[name] for name in columns],
        "numeric": {words[name] for name in columns if name not in texts},
        "rows": [
            {"cells": [row[name] for name in columns], "outside": bool(row.get("outside"))}
            for row in rows
        ],
    }
