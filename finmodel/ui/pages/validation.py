"""The model against the evidence, misses first; whether its intervals held what came after."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from finmodel.evaluate.validation import PARTS
from finmodel.report.backtest import (
    backtest_sentences,
    coverage_head,
    coverage_rows,
    title_of,
)
from finmodel.report.captions.trust import evidence_caption
from finmodel.report.target_chart import ratio_chart
from finmodel.report.validation import cautions, verdict_sentences, words_of
from finmodel.report.views_trust import evidence_view
from finmodel.ui import say
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, of_result, show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View, kept, told

COMMAND = "finmodel validate scenarios/yrd_baseline.toml"
BACKTEST = "finmodel validate --backtest"


def page(view: View) -> None:
    """Draw the page."""
    say.header(view.wording.text("app", "validation"))
    stored = choose(
        stored_results("validations", home(), "targets"), view, COMMAND, key="validation"
    )
    if stored is not None:
        _evidence(stored, of_result(view, stored))
        foot(stored, view)
    _backtest(view)


def _evidence(stored: Stored, view: View) -> None:
    words, language = view.wording, view.language
    tables = {name: stored.table(name) for name in ("targets", "tally", "left_out")}
    first, *others = verdict_sentences(tables["tally"], language)
    say.markdown(f"### {first}")
    for sentence in others:
        say.markdown(sentence)
    say.markdown(words.text("validation_page", "so_what"))
    part = _part(view)
    say.subheader(words.text("validation", part))
    own = tables["targets"][tables["targets"]["part"] == part]
    caption = evidence_caption(own, words)
    alt_text = words.text("validation_page", "alt", caption=caption)
    heading = words.text(
        "validation_page", "chart_title", part=words.text("validation_page", f"p_{part}")
    )
    chart = ratio_chart(own, language, alt_text, "container", heading)
    table = evidence_view(own, words)
    if chart is None:
        say.info(caption if own.empty else words.text("validation_page", "no_ratio"))
    else:
        show_chart(chart, caption, table, view, key=f"evidence_{part}")
    if len(own):
        say.table(table)
    said = words_of(language)
    say.caption(f"{said['rule']} {said['misses_first']}")
    for sentence in cautions(tables, dict(stored.manifest), language):
        say.caption(sentence)


def _part(view: View) -> str:
    """Return which figures are shown: tests first; kept in the address."""
    kept("part", PARTS, PARTS[0])
    chosen = st.segmented_control(
        view.wording.text("validation_page", "part"),
        PARTS,
        format_func=lambda name: view.wording.text("validation_page", f"p_{name}"),
        required=True,
        key="part",
    )
    told("part", chosen or PARTS[0], PARTS[0])
    return chosen or PARTS[0]


def _backtest(view: View) -> None:
    """Say in words how often intervals held what happened; the newest back-test is shown."""
    words = view.wording
    say.subheader(words.text("validation_page", "back"))
    found = stored_results("validations", home(), "coverage")
    if not found:
        say.info(words.text("validation_page", "back_empty"))
        st.code(BACKTEST, language="bash")
        return
    stored = found[0]
    tables: Mapping[str, pd.DataFrame] = {
        name: stored.table(name) for name in ("coverage", "spread")
    }
    manifest = dict(stored.manifest)
    say.caption(title_of(manifest, view.language))
    first, *others = backtest_sentences(tables, manifest, view.language)
    say.markdown(f"**{first}**")
    for sentence in others:
        say.markdown(sentence)
    say.caption(words.text("validation_page", "back_caption"))
    rows = coverage_rows(tables["coverage"], view.language)
    with st.expander(words.text("validation_page", "coverage")):
        say.table(pd.DataFrame(rows, columns=coverage_head(view.language)))
    say.markdown(words.text("validation_page", "crunchbase"), has_addresses=True)
    foot(stored, view)
