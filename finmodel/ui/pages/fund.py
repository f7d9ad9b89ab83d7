"""One fund: plan, J-curve, fifty futures, who keeps what, and its record against the plan."""

from __future__ import annotations

import math

import streamlit as st

from finmodel.report import views_fund as views
from finmodel.report.captions import fund as captions
from finmodel.report.charts import fund as charts
from finmodel.report.wording import Wording
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.ui import say
from finmodel.ui.fund_record import record_part, told_apart
from finmodel.ui.fund_upload import readable_plan
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, named, of_result, show_chart
from finmodel.ui.results import Stored, stored_results
from finmodel.ui.state import View, kept, told

COMMAND = "finmodel fund scenarios/funds/fund_hard_tech.toml"
TABLES = {"fund": "", "sub_fund": "", "treasury": "fund_of_funds_"}


def page(view: View) -> None:
    """Draw the page."""
    found = told_apart(stored_results("funds", home(), "fund"), view.wording)
    stored = choose(found, view, COMMAND, key="plan")
    if stored is None:
        return
    view = of_result(view, stored)
    words = view.wording
    whose = _whose(stored, words)
    summary = stored.table("fund_of_funds" if whose == "treasury" else "fund")
    say.header(stored.title(view.language))
    say.markdown(f"### {captions.answer(summary, whose, words)}")
    paths = int(str(stored.manifest.get("paths", 0)))
    numbers = captions.four_numbers(summary, whose, paths, words)
    for column, number in zip(st.columns(4), numbers, strict=True):
        column.metric(number.label, number.value, border=True)
        column.caption(number.range)
    say.caption(words.text("my_fund", "chance_note"))
    if whose == "treasury":
        say.caption(words.text("my_fund", "nest_note"))
    plan = readable_plan(stored)
    _plan(stored, plan, words)
    _curve(stored, whose, view)
    _dots(stored, whose, view, captions.loss(summary)[1])
    _gains(stored, plan, whose, view)
    record_part(stored, plan, found, view)
    foot(stored, view)


def _whose(stored: Stored, words: Wording) -> str:
    """Return for whom numbers are shown; a choice if there is a fund of funds."""
    if not stored.has("fund_of_funds"):
        return "fund"
    options = ("treasury", "sub_fund")
    kept("whose", options, options[0])
    chosen = st.segmented_control(
        words.text("my_fund", "whose"),
        options,
        format_func=lambda name: words.text("my_fund", name),
        required=True,
        key="whose",
    )
    whose = str(chosen or options[0])
    told("whose", whose, options[0])
    return whose


def _plan(stored: Stored, plan: FundPlan | None, words: Wording) -> None:
    say.subheader(words.text("my_fund_plan", "heading"))
    if plan is None:
        say.info(words.text("my_fund_upload", "broken_plan"))
    else:
        said = views.plan_sentences(plan, words)
        say.markdown("\n".join(f"- {sentence}" for sentence in said))
    with st.expander(words.text("my_fund_plan", "all")):
        say.table(views.numbers_view(stored.table("assumptions"), words))


def _curve(stored: Stored, whose: str, view: View) -> None:
    words = view.wording
    years = stored.table(f"{TABLES[whose]}years")
    say.subheader(words.text("my_fund_curve", "heading"))
    caption = captions.j_curve(years, words)
    data = views.fan_view(years, words)
    show_chart(charts.j_curve_fan(years, words, caption), caption, data, view, key="j_curve")


def _dots(stored: Stored, whose: str, view: View, error: float) -> None:
    words, name = view.wording, f"{TABLES[whose]}futures"
    say.subheader(words.text("my_fund_dots", "heading"))
    if not stored.has(name):
        summary = stored.table("fund_of_funds" if whose == "treasury" else "fund")
        chance = captions.loss(summary)[0]
        say.info(words.text("my_fund_dots", "few", loss=words.share(chance, error)))
        return
    futures = stored.table(name)
    last = int(futures["year"].max())
    end = futures[futures["year"] == last]["dpi"]
    caption = captions.dots(end, words, None, error)
    title = words.text("my_fund_dots", "title_end")
    chart = charts.quantile_dots(end, words, title, caption)
    show_chart(chart, caption, views.dots_view(end, words), view, key="tvpi_dots")
    if last < 3:
        return
    default = max(1, last - 4)
    years = [str(year) for year in range(1, last)]
    kept("dpi_year", years, str(default))
    chosen = st.select_slider(words.text("my_fund_dots", "year"), years, key="dpi_year")
    told("dpi_year", chosen, str(default))
    then = futures[futures["year"] == int(chosen)]["dpi"]
    caption = captions.dots(then, words, int(chosen), math.nan)
    title = words.text("my_fund_dots", "title_year", year=chosen)
    chart = charts.quantile_dots(then, words, title, caption)
    show_chart(chart, caption, views.dots_view(then, words, chosen), view, key="dpi_dots")


def _gains(stored: Stored, plan: FundPlan | None, whose: str, view: View) -> None:
    words, name = named(view, stored), f"{TABLES[whose]}gains"
    say.subheader(words.text("my_fund_gains", "heading"))
    if not stored.has(name):
        say.info(words.text("my_fund_gains", "missing"))
        return
    gains = views.ordered_gains(stored.table(name))
    names = views.gain_names(gains, views.lp_names(plan, words) if plan else {}, words)
    caption = captions.gains(gains, words)
    chart = charts.gains_waterfall(gains, names, words, caption)
    show_chart(chart, caption, views.gains_view(gains, names, words), view, key="who_keeps_what")
