"""Parts of the page on studies, one a sort; each draws what pure functions return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from finmodel.report import views_batch
from finmodel.report import views_studies as views
from finmodel.report.allocation_words import Teller, allocation_sentences, cautions
from finmodel.report.captions import studies as captions
from finmodel.report.charts import studies as charts
from finmodel.report.note_words import note_words
from finmodel.report.sensitivity import conclusion_sentences, intro, outcome_name, policy_name
from finmodel.report.sensitivity_choices import goal_sentences, information_sentences
from finmodel.report.wording import Wording, minus
from finmodel.ui import say
from finmodel.ui.parts import named, show_chart
from finmodel.ui.results import Stored
from finmodel.ui.state import View, kept, told
from finmodel.variables import labels

SHOWN = 5
"""Sentences shown at once."""


def tables_of(stored: Stored) -> dict[str, pd.DataFrame]:
    """Return every table of a result."""
    names = sorted(path.stem for path in stored.folder.glob("*.parquet"))
    return {name: stored.table(name) for name in names}


def batch_part(stored: Stored, view: View) -> None:
    """Draw a batch: one measure of one scenario's units with intervals, and the summary."""
    words, tables = named(view, stored), tables_of(stored)
    _question(stored, view)
    baseline = str(stored.manifest.get("baseline") or "")
    titles = _titles(stored, words)
    names = [name for name in tables["units"]["scenario"].unique() if name != baseline]
    names = [str(name) for name in names] or [baseline]
    shown = set(tables["results"]["measure"].astype(str))
    measures = [name for name in views_batch.BATCH_MEASURES if name in shown]
    if not measures:
        say.info(words.text("studies", "nothing"))
        return
    scenario = _select("scenario", names, titles, words, "batch_scenario")
    heads = {name: labels()["headline"][name][words.language] for name in measures}
    measure = _select("measure", measures, heads, words, "batch_measure")
    say.caption(views_batch.axes_text(tables["units"], scenario, words))
    rows = views_batch.batch_rows(tables, scenario, measure, words)
    is_change = bool(len(rows)) and bool(rows["is_change"].iloc[0])
    _, unit = views_batch.batch_unit(measure, words, is_change=is_change)
    caption = captions.batch(rows, words, unit)
    head = {"measure": heads[measure], "unit": unit, "baseline": titles.get(baseline, baseline)}
    title = words.text("studies_batch", "changes" if is_change else "values", **head)
    chart = charts.intervals(rows, words, title, unit, caption)
    data = views_batch.batch_view(rows, title, words)
    show_chart(chart, caption, data, view, key=f"batch_{measure}")
    say.caption(words.text("studies_batch", "note"))
    say.subheader(words.text("studies", "summary"))
    say.table(views_batch.summary_rows(tables, measure, titles, words))


def sensitivity_part(stored: Stored, view: View) -> None:
    """Draw a sensitivity study: its sentences, then a tornado and shares of one conclusion."""
    words, tables, about = named(view, stored), tables_of(stored), stored.manifest
    lang = view.language
    _question(stored, view)
    say.caption(intro(about, lang))
    said = conclusion_sentences(about, tables, lang, words) if len(tables["answer"]) else []
    said += goal_sentences(about, tables, lang, words)
    said += information_sentences(about, tables, lang, words)
    _said("answers", said, words)
    if "numbers" in tables:
        with st.expander(words.text("number_word", "numbers")):
            say.table(views.numbers_view(tables["numbers"], words))
    source = tables.get("tornado", tables["answer"])
    pairs = source[["policy", "outcome"]].drop_duplicates().astype(str)
    names = {}
    for policy, outcome in pairs.itertuples(index=False):
        what = outcome_name(outcome, lang, words)
        own = f"{policy_name(about, policy, lang)}: " if policy else ""
        names[f"{policy}|{outcome}"] = own + what
    if not names:
        say.info(words.text("studies", "nothing"))
        return
    chosen = _select("conclusion", list(names), names, words, "sens_conclusion")
    policy, _, outcome = chosen.partition("|")
    if "tornado" in tables:
        rows = views.tornado_rows(tables, policy, outcome, words)
        if rows.empty:
            say.info(captions.tornado(rows, words, ""))
        else:
            _, unit = views.outcome_scale(str(rows["unit"].iloc[0]), words, outcome)
            caption = captions.tornado(rows, words, unit)
            title = words.text("studies_sensitivity", "tornado")
            chart = charts.tornado(rows, words, title, unit, caption)
            data = views.tornado_view(rows, unit, words, names[chosen])
            show_chart(chart, caption, data, view, key="tornado")
    if "indices" in tables:
        rows = views.index_rows(tables["indices"], policy, outcome, words)
        caption = captions.indices(rows, words)
        if rows.empty:
            say.info(caption)
            return
        title = words.text("studies_sensitivity", "index_title")
        unit = words.text("studies_sensitivity", "share")
        chart = charts.intervals(rows, words, title, unit, caption)
        show_chart(chart, caption, views_batch.batch_view(rows, unit, words), view, key="indices")


def allocation_part(stored: Stored, view: View) -> None:
    """Draw an allocation: splits, the winner's lead with its noise, the frontier."""
    words, tables, about = named(view, stored), tables_of(stored), dict(stored.manifest)
    teller = Teller(tables, about, view.language, words)
    _question(stored, view)
    _said("answers", allocation_sentences(tables, about, view.language, words), words)
    winner = teller.winners[0]
    rows, leads = views.split_rows(teller), views.lead_rows(teller, winner)
    caption = captions.splits(rows, winner, leads, words)
    heads = {key: words.text("studies_allocation", key) for key in ("split", "cell")}
    heads["percent"] = words.text("studies_allocation", "share")
    data = rows[list(heads)].rename(columns=heads)
    show_chart(charts.splits(rows, words, caption), caption, data, view, key="splits")
    caption = captions.leads(leads, words)
    objective = teller.objective_text()
    name = teller.name(winner)
    title = words.text("studies_allocation", "lead", winner=name, objective=objective)
    unit = teller.unit(teller.own)
    chart = charts.intervals(leads, words, title, unit, caption)
    data = views_batch.batch_view(leads, f"{title}, {unit}", words)
    show_chart(chart, caption, data, view, key="leads")
    rows = views.frontier_rows(teller, words)
    caption = captions.frontier(rows, words)
    if rows.empty:
        say.info(caption)
    else:
        chart = charts.frontier(rows, words, views.risk_title(teller), objective, caption)
        show_chart(chart, caption, views.frontier_view(rows, teller, words), view, key="frontier")
    _said("cautions", cautions(tables, about, view.language, words), words)


def _select(
    label: str, options: Sequence[str], names: Mapping[str, str], words: Wording, key: str
) -> str:
    kept(key, options, options[0])
    chosen: str = st.selectbox(
        words.text("studies", label),
        options,
        format_func=lambda name: names.get(name, name),
        key=key,
    )
    told(key, chosen, options[0])
    return chosen


def _titles(stored: Stored, words: Wording) -> dict[str, str]:
    found: Any = stored.manifest.get("scenarios")
    if not isinstance(found, Mapping):
        return {}
    return {str(k): str(item["meta"][f"title_{words.language}"]) for k, item in found.items()}


def _question(stored: Stored, view: View) -> None:
    """Say what was asked and how small the study is."""
    words, plan = view.wording, stored.manifest.get("plan")
    if not isinstance(plan, Mapping):
        return
    question = str(plan.get("meta", {}).get("question", ""))
    if question:
        say.markdown(f"### {note_words(question, view.language)}")
    run = plan.get("run", {})
    paths, scale = run.get("paths"), run.get("scale")
    if scale is None:
        units = stored.table("units") if stored.has("units") else None
        scale = float(units["scale"].iloc[0]) if units is not None and len(units) else None
    if paths is not None and scale is not None:
        say.caption(words.text("studies", "small", paths=paths, scale=f"{scale:g}"))
        say.caption(words.text("studies", "own_gap"))


def _said(heading: str, sentences: Sequence[str], words: Wording) -> None:
    sentences = [minus(sentence) for sentence in sentences]
    if sentences:
        say.subheader(words.text("studies", heading))
        say.markdown("\n".join(f"- {sentence}" for sentence in sentences[:SHOWN]))
        if len(sentences) > SHOWN:
            with st.expander(words.text("studies", "more", n=len(sentences) - SHOWN)):
                say.markdown("\n".join(f"- {sentence}" for sentence in sentences[SHOWN:]))
