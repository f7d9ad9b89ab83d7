"""The model against the evidence: sentences, a table for the terminal, a page for itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup
from rich.table import Table

from finmodel.evaluate.validation import OUTSIDE, PARTS, SIGN
from finmodel.report.note_words import note_words
from finmodel.report.pages import render
from finmodel.report.target_chart import ratio_svg
from finmodel.report.wording import minus
from finmodel.store import Manifest
from finmodel.units import MCNY_PER_BN
from finmodel.variables import Language, labels

Words = Mapping[str, str]


def words_of(lang: Language) -> dict[str, str]:
    """Return the words of a validation in a language."""
    return {key: texts[lang] for key, texts in labels()["validation"].items()}


def figure_text(value: float, unit: str) -> str:
    """Return a figure in its unit, a dash if there is none."""
    return "–" if not math.isfinite(value) else minus(_figure(value, unit))


def _figure(value: float, unit: str) -> str:
    if unit in ("share", "per year"):
        return f"{value:.1%}"
    if unit == SIGN:
        return {-1.0: "−", 0.0: "0"}.get(value, "+")
    if unit == "mcny":
        return f"{value / MCNY_PER_BN:,.1f} bn" if abs(value) >= MCNY_PER_BN else f"{value:,.0f} m"
    if unit == "deals":
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def interval_text(value: float, low: float, high: float, unit: str) -> str:
    """Return a figure with its interval in brackets, if it has one."""
    text = figure_text(value, unit)
    if unit == SIGN or not (math.isfinite(low) and math.isfinite(high)):
        return text
    return f"{text} ({figure_text(low, unit)} - {figure_text(high, unit)})"


def verdict_sentences(tally: pd.DataFrame, lang: Language) -> list[str]:
    """Return what the tests, other markets and the fit say, a sentence each."""
    words = words_of(lang)
    rows = tally[tally["group"] == "all"].set_index("part")
    sentences = []
    for part in ("test", "elsewhere", "fit"):
        counts = {str(key): value for key, value in rows.loc[part].items()}
        sentences.append(words[f"verdict_{part}"].format(**counts))
    return sentences


def validation_view(table: pd.DataFrame, part: str, lang: Language) -> Table | None:
    """Return the targets of a part for the terminal, misses first; None if there are none."""
    words, own = words_of(lang), table[table["part"] == part]
    if own.empty:
        return None
    view = Table(title=words[part], title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["what"], ratio=1)
    for name in ("evidence", "model", "distance"):
        view.add_column(words[name], justify="right", overflow="fold")
    view.add_column(words["verdict"])
    for row in table_rows(own, lang):
        style = "red" if row["kind"] == OUTSIDE else None
        cells = ("what", "evidence", "model", "distance", "verdict")
        view.add_row(*(row[name] for name in cells), style=style)
    return view


def table_rows(table: pd.DataFrame, lang: Language) -> list[dict[str, str]]:
    """Return targets as texts, by column."""
    words, rows = words_of(lang), []
    for row in table.to_dict("records"):
        unit, verdict = str(row["unit"]), str(row["verdict"])
        evidence = (row["evidence"], row["evidence_low"], row["evidence_high"])
        error = row["se"]
        model = interval_text(row["value"], row["q05"], row["q95"], unit)
        if unit != SIGN and math.isfinite(error) and math.isfinite(row["value"]):
            model += f" ±{figure_text(error, unit)}"
        rows.append(
            {
                "kind": verdict.replace(" ", "-"),
                "what": str(row[f"label_{lang}"]),
                "evidence": interval_text(*evidence, unit),
                "model": model,
                "distance": f"{row['distance']:.1f}" if math.isfinite(row["distance"]) else "-",
                "verdict": words[verdict],
                "population": note_words(row["population"], lang),
                "source": str(row["source_ids"]).replace(";", ", "),
                "grade": str(row["grade"]),
                "basis": note_words(row["error_basis"], lang),
                "note": note_words(row["note"], lang),
            }
        )
    return rows


def cautions(tables: Mapping[str, pd.DataFrame], manifest: Manifest, lang: Language) -> list[str]:
    """Return what a reader must know of how the comparison was made."""
    words, said = words_of(lang), []
    if manifest["scale"] < 1.0:
        said.append(words["scale"].format(scale=f"{manifest['scale']:g}"))
    for row in tables["left_out"].to_dict("records"):
        said.append(
            words["left_out"].format(
                what=words[str(row["what"])], reason=note_words(row["reason"], lang)
            )
        )
    return [*said, words["layers"]]


def validation_page(tables: Mapping[str, pd.DataFrame], manifest: Manifest, lang: Language) -> str:
    """Return the page of a validation as HTML that asks for nothing else.

    Parameters
    ----------
    tables : mapping of DataFrame
        Stored tables: `targets`, `tally`, `left_out`.
    manifest : dict
        Of the same result.
    lang : {'en', 'zh'}
    """
    words, table = words_of(lang), tables["targets"]
    parts: list[dict[str, Any]] = []
    for part in PARTS:
        own = table[table["part"] == part]
        if len(own):
            # The chart is drawn by us from escaped data, so it goes in as it is.
            chart = Markup(ratio_svg(own, lang))
            parts.append({"heading": words[part], "rows": table_rows(own, lang), "chart": chart})
    names = ("paths", "seed", "policy_paths", "version")
    return render(
        "validation.html",
        lang=lang,
        words=words,
        title=manifest[f"title_{lang}"],
        made=words["made"].format(**{name: manifest[name] for name in names}),
        verdict=verdict_sentences(tables["tally"], lang),
        cautions=cautions(tables, manifest, lang),
        parts=parts,
    )
