"""A back-test in words, for the terminal, and as a page for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc
from markupsafe import Markup
from rich.table import Table

from finmodel.report.pages import render
from finmodel.report.target_chart import BAD, GOOD, GREY, ROW_HEIGHT, WIDTH
from finmodel.report.wording import minus
from finmodel.store import Manifest
from finmodel.variables import Language, labels

KINDS = ("new", "later life")
Tables = Mapping[str, pd.DataFrame]


def words_of(lang: Language) -> dict[str, str]:
    """Return the words of a back-test in a language."""
    return {key: texts[lang] for key, texts in labels()["backtest"].items()}


def title_of(manifest: Manifest, lang: Language) -> str:
    """Return the heading of a back-test."""
    return words_of(lang)["title"].format(cutoff=manifest["plan"]["cutoff"][:10])


def backtest_sentences(tables: Tables, manifest: Manifest, lang: Language) -> list[str]:
    """Return what came of a back-test: coverage first."""
    words = words_of(lang)
    rows = tables["coverage"][tables["coverage"]["by"] == "all"].set_index("cells")
    whole = rows.loc["cohort"]
    spread = tables["spread"].iloc[0]
    sector = rows.loc["sector"] if "sector" in rows.index else whole
    head = words["headline"].format(
        n=whole["forecasts"],
        inside=whole["inside"],
        without=whole["inside_without"],
        sector_n=sector["forecasts"],
        sector_inside=sector["inside"],
        sector_without=sector["inside_without"],
    )
    known = {name: manifest[name] for name in ("firms", "rounds", "as_of")}
    return [
        head,
        minus(words["bias"].format(points=100.0 * whole["mean_error"])),
        words["dependent"],
        words["known"].format(**known, tau=spread["tau"], cohorts=int(spread["cohorts"])),
    ]


def coverage_rows(table: pd.DataFrame, lang: Language) -> list[list[str]]:
    """Return the rows of the table of coverage as texts."""
    words = words_of(lang)
    rows = []
    for row in table.to_dict("records"):
        group = words[row["by"]] if row["by"] == "all" else f"{words[row['by']]} {row['value']}"
        rows.append(
            [
                f"{words[row['cells']]}: {group}",
                str(row["forecasts"]),
                f"{row['inside']:.0%}",
                f"{row['inside_without']:.0%}",
                minus(f"{100.0 * row['mean_error']:+.1f}"),
            ]
        )
    return rows


def coverage_head(lang: Language) -> list[str]:
    """Return the headings of the table of coverage."""
    words = words_of(lang)
    return [words[name] for name in ("by", "forecasts", "inside", "without", "error")]


def forecast_rows(table: pd.DataFrame, lang: Language) -> list[list[str]]:
    """Return forecasts as texts."""
    words, rows = words_of(lang), []
    for row in table.to_dict("records"):
        share = row["is_inside"]
        partly = words["partly"].format(share=share)
        rows.append(
            [
                f"{row['stage']} {row['cohort']}, {row['horizon']}",
                f"{row['firms']:.0f}",
                f"{row['observed']:.1%}",
                f"{row['forecast']:.1%} ({row['low']:.1%} - {row['high']:.1%})",
                words["yes"] if share == 1.0 else words["no"] if share == 0.0 else partly,
            ]
        )
    return rows


def forecast_head(lang: Language) -> list[str]:
    """Return the headings of the table of forecasts."""
    words = words_of(lang)
    return [words[name] for name in ("cell", "firms", "observed", "forecast", "inside")]


def view(title: str, head: list[str], rows: list[list[str]]) -> Table:
    """Return a table for the terminal."""
    table = Table(title=title, title_justify="left", header_style="bold", padding=(0, 1))
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def forecast_chart(table: pd.DataFrame, lang: Language) -> str:
    """Return forecasts with their intervals and what happened as SVG."""
    words = words_of(lang)
    frame = table.assign(
        label=[f"{row.stage} {row.cohort}, {row.horizon}" for row in table.itertuples(index=False)],
        colour=table["is_inside"] >= 0.5,
    )[["label", "observed", "forecast", "low", "high", "colour"]]
    row = alt.Y("label:N", sort=None, title=None)
    title, base = words["axis"], alt.Chart(frame)
    scale = alt.Scale(domain=[True, False], range=[GOOD, BAD])
    layers = [
        base.mark_rule(strokeWidth=9, color=GREY).encode(
            y=row, x=alt.X("low:Q", title=title, axis=alt.Axis(format="%")), x2="high:Q"
        ),
        base.mark_tick(thickness=2, color="#5b6675").encode(y=row, x=alt.X("forecast:Q")),
        base.mark_point(filled=True, size=45, opacity=1).encode(
            y=row, x=alt.X("observed:Q"), color=alt.Color("colour:N", scale=scale, legend=None)
        ),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH, height=ROW_HEIGHT * len(frame))
    return str(vlc.vegalite_to_svg(chart.to_dict()))


def backtest_page(tables: Tables, manifest: Manifest, lang: Language) -> str:
    """Return the page of a back-test as HTML that asks for nothing else."""
    words, parts = words_of(lang), []
    forecasts = tables["forecasts"]
    for kind in KINDS:
        own = forecasts[(forecasts["kind"] == kind) & (forecasts["sector"] == "all")]
        if len(own):
            part: dict[str, Any] = {"heading": words[kind], "head": forecast_head(lang)}
            part |= {"rows": forecast_rows(own, lang), "chart": Markup(forecast_chart(own, lang))}
            parts.append(part)
    covered = coverage_rows(tables["coverage"], lang)
    last: dict[str, Any] = {"heading": words["coverage"], "head": coverage_head(lang)}
    parts.append({**last, "rows": covered, "chart": ""})
    return render(
        "backtest.html",
        lang=lang,
        title=title_of(manifest, lang),
        sentences=backtest_sentences(tables, manifest, lang),
        parts=parts,
    )
