"""The part of the fund's page on its record: the stored one, an example, or the visitor's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from finmodel.report import views_fund as views
from finmodel.report.captions import fund as captions
from finmodel.report.charts import fund as charts
from finmodel.report.wording import Wording
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.ui import say
from finmodel.ui.fund_upload import (
    FUTURES,
    MOST_BYTES,
    MOST_LETTERS,
    MOST_TAKEN_MB,
    Refused,
    problems_table,
    refused_file,
    stand,
)
from finmodel.ui.parts import of_result, show_chart
from finmodel.ui.results import Stored
from finmodel.ui.state import View

EXAMPLE = (
    "finmodel fund scenarios/funds/fund_hard_tech.toml "
    "--positions scenarios/funds/fund_hard_tech_positions.csv --as-of 2027-06-30"
)


def record_part(stored: Stored, plan: FundPlan | None, found: Sequence[Stored], view: View) -> None:
    """Draw plan against actuals: of the result itself, else of one that shows how it looks."""
    words = view.wording
    say.subheader(words.text("my_fund_actual", "heading"))
    if view.is_manager:
        _upload(stored, plan, view)
    shown = stored if stored.has("actuals") else _example(found)
    if shown is None:
        say.info(words.text("my_fund_actual", "absent"))
        st.code(EXAMPLE, language="bash")
        return
    if shown is not stored:
        say.info(words.text("my_fund_actual", "example", as_of=as_of(shown)))
    tables = {name: shown.table(name) for name in ("actuals", "holdings")}
    _show(tables, of_result(view, shown), "actuals")


def told_apart(found: Sequence[Stored], words: Wording) -> list[Stored]:
    """Return plans of one fund first, then funds of funds, then records, which say so by title."""
    plain = [item for item in found if not (item.has("actuals") or item.has("fund_of_funds"))]
    nests = [item for item in found if item.has("fund_of_funds")]
    records = [_with_day(item, words) for item in found if item.has("actuals")]
    return [*plain, *nests, *records]


def _with_day(stored: Stored, words: Wording) -> Stored:
    """Return a result whose title tells the day of its record."""
    language = words.language
    day = words.text("my_fund", "record_kind", as_of=as_of(stored))
    title = f"{stored.title(language)} · {day}"
    return replace(stored, manifest={**stored.manifest, f"title_{language}": title})


def as_of(stored: Stored) -> str:
    """Return the day of a stored record."""
    record = stored.manifest.get("positions")
    return str(record.get("as_of", "–")) if isinstance(record, Mapping) else "–"


def _example(found: Sequence[Stored]) -> Stored | None:
    return next((item for item in found if item.has("actuals")), None)


def _show(tables: Mapping[str, pd.DataFrame], view: View, key: str) -> None:
    words = view.wording
    rows = views.actual_rows(tables["actuals"], words)
    caption = captions.actuals(rows, words)
    chart = charts.actuals_strip(rows, words, caption)
    show_chart(chart, caption, views.actuals_view(rows, words), view, key=key)
    with st.expander(words.text("my_fund_actual", "positions")):
        say.table(views.holdings_view(tables["holdings"], words))


def _upload(stored: Stored, plan: FundPlan | None, view: View) -> None:
    words = view.wording

    def text(key: str, **values: object) -> str:
        return words.text("my_fund_upload", key, **values)

    with st.expander(text("heading")):
        if plan is None:
            say.info(text("broken_plan"))
            return
        if plan.outcomes.source != "law" or plan.fund_of_funds is not None:
            say.info(text("market" if plan.fund_of_funds is None else "nest"))
            return
        say.caption(text("what"))
        with st.form("record"):
            # Any kind and a larger size are taken, for the widget refuses in English alone.
            file = st.file_uploader(text("file"), key="record", max_upload_size=MOST_TAKEN_MB)
            say.caption(text("kind"))
            at_file = st.container()
            day = st.text_input(text("as_of"), key="record_as_of").strip()[:MOST_LETTERS]
            first = st.text_input(text("first_closing"), key="record_first").strip()[:MOST_LETTERS]
            is_asked = st.form_submit_button(text("go"))
        if not is_asked:
            return
        with at_file:
            content = _content(file, words)
        if file is None or content is None:
            return
        result = stand(
            plan,
            content,
            name=file.name,
            as_of=day,
            first_closing=first,
            seed=int(str(stored.manifest.get("seed", 0))),
        )
        if isinstance(result, Refused):
            say.error(text("refused", name=file.name, n=len(result.problems)))
            heads = (text("where"), text("given"), text("allowed"), text("nearest"))
            say.table(problems_table(result, heads, view.language))
            return
        say.success(text("preview", name=file.name, n=FUTURES, as_of=day))
        _show(result, replace(view, result=None), "own_actuals")


def _content(file: UploadedFile | None, words: Wording) -> bytes | None:
    """Return what a file holds; None if it is not read, and say here why."""
    if file is None:
        say.error(words.text("my_fund_upload", "no_file"))
        return None
    file.seek(0)
    content = file.read(MOST_BYTES)
    refused = refused_file(file.name, file.size, content, words)
    if refused:
        say.error(refused)
    return None if refused else content
