"""Policies beside each other on a page: changes, differences, futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from finmodel.report.captions import compare as captions
from finmodel.report.charts import policy as charts
from finmodel.report.views_compare import (
    base_rows,
    changes_by_path,
    compare_view,
    future_rows,
    pair_rows,
)
from finmodel.report.views_policy import LESS_IS_BETTER, OUTCOMES, change_name, outcome_name
from finmodel.report.wording import Wording
from finmodel.ui import say, unknown
from finmodel.ui.parts import show_chart
from finmodel.ui.policy_results import pick
from finmodel.ui.state import View, told

AGAINST, MOST = "comparison", 4


@dataclass(frozen=True)
class Tables:
    """What is compared.

    Attributes
    ----------
    outcomes : DataFrame
    layers_path : DataFrame or None
        Public money by future, if it is stored.
    paths : DataFrame or None
        Changes of outcomes by future, if they are stored.
    titles : mapping of str
        Of the policies to show, by name, in their order.
    n_paths : int
    """

    outcomes: pd.DataFrame
    layers_path: pd.DataFrame | None
    paths: pd.DataFrame | None
    titles: Mapping[str, str]
    n_paths: int


def pick_policies(names: Sequence[str], titles: Mapping[str, str], words: Wording) -> list[str]:
    """Draw the choice of policies, which the address keeps, and return it in their order."""
    default = list(names[:MOST])
    key = "policies"
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(key, ",".join(default)).split(",")
        lost = [name for name in st.session_state[key] if name and name not in names]
    else:
        lost = []
    kept = [name for name in st.session_state[key] if name in names]
    st.session_state[key] = kept[:MOST] or default
    unknown.asked(key)
    if lost:
        unknown.refuse(key, ", ".join(lost), ",".join(st.session_state[key]))
    chosen = st.multiselect(
        words.text("compare", "policies"),
        list(names),
        format_func=lambda name: titles[name],
        max_selections=MOST,
        key=key,
    )
    told(key, ",".join(chosen), ",".join(default))
    return [name for name in names if name in chosen]


def show_comparison(tables: Tables, words: Wording, view: View, *, key: str) -> None:
    """Draw changes against no policy, differences between policies, and futures."""
    names = {"compare": "outcome", "saved": "outcome_saved"}
    outcome = pick(names[key], OUTCOMES, words, "outcome", section="outcome")
    called, less = outcome_name(outcome, words), outcome in LESS_IS_BETTER
    base = base_rows(tables.outcomes, tables.titles, outcome, words, tables.n_paths)
    paths = tables.paths
    by_path = None if paths is None else changes_by_path(paths, tables.titles, outcome, words)
    pairs = pair_rows(base, words, tables.n_paths, by_path)
    caption = captions.against_base(base, outcome, words, pairs)
    title = words.text("compare", "against_base", change=change_name(outcome, words))
    chart = charts.changes(base, called, title, words, caption, less_is_better=less)
    show_chart(chart, caption, compare_view(base, words, outcome), view, key=f"{key}_base")
    say.caption(words.text("lab", "bar_note"))
    caption = captions.between(pairs, outcome, words, is_bound=by_path is None)
    named = change_name(outcome, words, is_difference=True)
    title = words.text("compare", "between", difference=named)
    chart = charts.changes(pairs, called, title, words, caption, less_is_better=less)
    data = compare_view(pairs, words, outcome, is_bound=by_path is None)
    show_chart(chart, caption, data, view, key=f"{key}_pairs")
    say.caption(words.text("compare", "bound_note" if by_path is None else "pair_note"))
    if tables.layers_path is None:
        say.caption(words.text("compare", "futures_none"))
        return
    rows = future_rows(tables.layers_path, tables.titles, words)
    caption = captions.futures(rows, words)
    if rows.empty:
        say.caption(caption)
        return
    title = words.text("compare", "futures")
    chart = charts.changes(rows, words.text("public", "tvpi"), title, words, caption)
    show_chart(chart, caption, compare_view(rows, words), view, key=f"{key}_futures")
