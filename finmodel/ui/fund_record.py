"""The part of the fund's page on its record: the stored one, an example, or the visitor's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from finmodel.report import views_fund as views
from finmodel.report.captions import fund as captions
from finmodel.report.charts import fund as charts
from finmodel.report.wording import Wording
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.ui import say
from finmodel.ui.fund_upload import FUTURES, MOST_BYTES, Refused, problems_table, stand
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
            file = st.file_uploader(text("file"), type=["csv"], max_upload_size=1)
            day = st.text_input(text("as_of"), key="record_as_of", max_chars=10)
            first = st.text_input(text("first_closing"), key="record_first", max_chars=10)
            is_asked = st.form_submit_button(text("go"))
        if not is_asked or file is None:
            return
        if file.size > MOST_BYTES:
            say.error(text("size", mb=f"{file.size / 1e6:.1f}"))
            return
        result = stand(
            plan,
            file.getvalue(),
            name=file.name,
            as_of=day.strip(),
            first_closing=first.strip(),
            seed=int(str(stored.manifest.get("seed", 0))),
        )
        if isinstance(result, Refused):
            say.error(text("refused", n=len(result.problems)))
            heads = (text("where"), text("given"), text("allowed"), text("nearest"))
            say.table(problems_table(result, heads, view.language))
            return
        say.success(text("preview", n=FUTURES, as_of=day.strip()))
        _show(result, replace(view, result=None), "own_actuals")
