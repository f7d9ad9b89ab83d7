"""Tables of what a result rests on and how it fared, as readers see them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from finmodel.evaluate.validation import CONTEXT, FITTED, SIGN
from finmodel.report.note_words import note_words
from finmodel.report.number_names import number_name, unit_name
from finmodel.report.result import LETTER, source_ids, sources_used
from finmodel.report.source_words import OWN, sources_named
from finmodel.report.validation import interval_text
from finmodel.report.wording import Wording, minus


def matching(
    inputs: pd.DataFrame, search: str, letter: str, words: Wording | None = None
) -> pd.DataFrame:
    """Return the inputs that hold every word of a search, of a grade.

    Parameters
    ----------
    inputs : DataFrame
        Table `assumptions` of a run.
    search : str
        Words looked for in plain and dotted name, unit, source, note as written and as shown, and
        titles of sources; case does not count.
    letter : str
        ``A``, ``B`` or ``C``; any other text for all.
    words : Wording, optional
        Whose plain names and notes are looked in; English without.
    """
    found = inputs
    if letter in set(LETTER.values()):
        found = found[found["grade"].map(LETTER) == letter]
    if not search.strip():
        return found
    own = words or Wording()
    titles = sources_used(found).set_index("source_id")["title"].to_dict()
    texts = [
        " ".join(
            [
                row["name"],
                number_name(str(row["name"]), own),
                row["unit"],
                row["source"],
                row["note"],
                note_words(row["note"], own.language),
            ]
            + [str(titles.get(part.strip(), "")) for part in str(row["source"]).split(";")]
        ).casefold()
        for row in found.to_dict("records")
    ]
    asked = search.casefold().split()
    has_all = [all(word in text for word in asked) for text in texts]
    return found[pd.Series(has_all, index=found.index, dtype=bool)]


def inputs_view(inputs: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return inputs with headings in the language; values as text, with the unit they are in."""
    return pd.DataFrame(
        {
            words.text("number_word", "name"): [number_name(str(n), words) for n in inputs["name"]],
            words.text("workbook", "value"): [in_words(value) for value in inputs["value"]],
            words.text("assumptions_page", "range_head"): [
                range_text(low, high, words)
                for low, high in zip(inputs["low"], inputs["high"], strict=True)
            ],
            words.text("workbook", "units"): [unit_name(str(u), words) for u in inputs["unit"]],
            words.text("workbook", "grade"): [LETTER.get(str(g), str(g)) for g in inputs["grade"]],
            words.text("workbook", "source"): inputs["source"].tolist(),
            words.text("number_word", "dotted"): inputs["name"].tolist(),
            words.text("workbook", "note"): [
                note_words(note, words.language) for note in inputs["note"]
            ],
        }
    )


def plain(value: float) -> str:
    """Return a number as it stands in a scenario, to at most six significant digits."""
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.12g}"


def in_words(value: float) -> str:
    """Return the same number as texts have it: with separators and a sign for less than zero."""
    shown = f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.12g}"
    return minus(shown)


def range_text(low: float, high: float, words: Wording) -> str:
    """Return a range of belief to three digits; a dash if the number is taken as certain."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return words.text("assumptions_page", "range", low=words.number(low), high=words.number(high))


def sources_view(inputs: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return the sources that inputs name, with headings in the language."""
    found = sources_named(inputs, words)
    keys = {
        "source_id": "s_id",
        "title": "s_title",
        "publisher": "s_publisher",
        "year": "s_year",
        "letter": "s_grade",
        "numbers": "s_numbers",
        "url": "s_url",
        "licence": "s_licence",
    }
    return found[list(keys)].rename(columns={k: words.text("memo", v) for k, v in keys.items()})


def source_lines(inputs: pd.DataFrame, words: Wording) -> list[str]:
    """Return each source of an input in a line: code, title, publisher, year, grade."""
    listed = sources_used(inputs).set_index("source_id")
    lines = []
    for name in source_ids(inputs):
        row = listed.loc[name]
        if not row["title"]:
            why = "own_source" if name == OWN else "unknown_source"
            lines.append(f"{name}: {words.text('assumptions_page', why)}")
            continue
        parts = [str(row[key]) for key in ("title", "publisher", "year") if row[key]]
        grade = words.text("assumptions_page", str(row["letter"]))
        lines.append(f"{name}: {'; '.join(parts)} ({grade})")
    return lines


def evidence_view(targets: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return figures beside the model's, in the order given, money in the unit.

    Parameters
    ----------
    targets : DataFrame
        Table `targets` of a validation.
    words : Wording
    """

    def head(key: str) -> str:
        return words.text("validation", key)

    stated = ("evidence", "evidence_low", "evidence_high")
    rows = []
    for row in targets.to_dict("records"):
        rows.append(
            {
                head("what"): row[f"label_{words.language}"],
                head("evidence"): _figure(row, stated, words),
                head("model"): _figure(row, ("value", "q05", "q95"), words),
                head("verdict"): words.text("validation", str(row["verdict"])),
                head("distance"): (
                    f"{row['distance']:.1f}" if math.isfinite(row["distance"]) else "–"
                ),
                words.text("validation_page", "used"): words.text(
                    "validation_page", {FITTED: "yes", CONTEXT: "partly"}.get(row["part"], "no")
                ),
                head("source"): str(row["source_ids"]).replace(";", ", "),
                head("grade"): LETTER.get(str(row["grade"]), str(row["grade"])),
                head("population"): note_words(row["population"], words.language),
                head("basis"): note_words(row["error_basis"], words.language),
                head("note"): note_words(row["note"], words.language),
            }
        )
    return pd.DataFrame(rows)


def _figure(row: Mapping[object, object], names: tuple[str, str, str], words: Wording) -> str:
    """Return a figure with its interval, in its unit."""
    value, low, high = (float(str(row[name])) for name in names)
    unit = str(row["unit"])
    if not math.isfinite(value):
        return "–"
    if unit == SIGN:
        sign = "zero" if value == 0.0 else "positive" if value > 0.0 else "negative"
        return words.text("validation_page", sign)
    if unit != "mcny":
        return interval_text(value, low, high, unit)
    span = f" ({words.money_span(low, high)})" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{words.money(value)}{span}"
