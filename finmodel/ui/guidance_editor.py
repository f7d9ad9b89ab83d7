"""The programme of a policy in widgets: budget, money by province and stage, clauses."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from finmodel.errors import Problem
from finmodel.report.note_words import note_words
from finmodel.report.source_words import UNNAMED, named_sources
from finmodel.report.wording import Wording
from finmodel.scenario import Scenario
from finmodel.scenario.programme_consistency import IGNORED
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Quantity, Spec
from finmodel.ui import say
from finmodel.ui.allotment_editor import Table, edit_shares, money_tables
from finmodel.ui.allotment_words import allows, first_cheque, reason, spec_words
from finmodel.ui.draft import change, draft, shares_of, version
from finmodel.ui.policy import editable, problems_at, scenario_of, shipped_value

CLAUSES = (
    "state_share",
    "reinvestment_multiple",
    "away_eligible_share",
    "hard_tech_min_share",
    "early_min_share",
    "loss_tolerance_project",
    "loss_tolerance_fund",
    "loss_tolerance_programme",
    "loss_cover",
    "profit_give_up",
    "manager_give_up",
    "buyback_rate_pa",
    "ticket_share",
    "concentration_share",
    "new_private_share",
    "fund_size_mcny",
    "term_years",
    "start_quarter",
    "quarters",
)
TABLES = ("region_share", "mandate", "sector_mandate")
OF_VEHICLE = {
    "grant": ("grant_share",),
    "co_investment": ("co_share",),
    "guarantee": ("guarantee_share",),
}
NOT_OF_VEHICLE = {
    "grant": ("fund_size_mcny", "term_years", "ticket_share", "concentration_share"),
    "guarantee": ("fund_size_mcny", "term_years", "ticket_share", "concentration_share"),
}
"""Numbers of funds that a kind of vehicle has no use for."""


def edit(words: Wording, problems: Sequence[Problem]) -> None:
    """Draw the editor of each programme; what is changed goes into the draft.

    Parameters
    ----------
    words : Wording
        With the names of provinces, stages and programmes.
    problems : sequence of Problem
        Of the draft as it was, shown at their fields.
    """
    scenario = scenario_of(draft().preset)
    names = list(scenario.programmes)
    tabs = (
        st.tabs([_label(scenario, name, words) for name in names])
        if len(names) > 1
        else [st.container()]
    )
    for name, tab in zip(names, tabs, strict=True):
        with tab:
            _programme(scenario, name, words, problems)


def _programme(scenario: Scenario, name: str, words: Wording, problems: Sequence[Problem]) -> None:
    programme, place = scenario.programmes[name], f"programmes.{name}"
    per = words.mcny_per_unit
    heading = words.text("lab", "budget", unit=words.money_unit)
    budget = _number(f"{place}.budget_mcny_pa", heading, words, problems, per=per)
    money_tables(place, budget, words, problems)
    _sectors(f"{place}.sector_mandate", tuple(scenario.sectors), words, problems)
    say.markdown(f"**{words.text('lab', 'clauses')}**")
    columns, now = st.columns(2), {}
    for number, clause in enumerate(clauses_of(programme)):
        with columns[number % 2]:
            key = f"{place}.{clause}"
            is_money = editable(draft().preset)[key][1].unit == "mcny"
            one = words.mcny_per_unit if is_money else 1.0
            now[clause] = _number(key, words.text("clause", clause), words, problems, per=one)
            if clause == "early_min_share":
                say.caption(early_note(programme.early_stages, words))
    parts = ("fund_size_mcny", "ticket_share")
    known = editable(draft().preset)
    if all(part in now and allows(known[f"{place}.{part}"][1], now[part]) for part in parts):
        asks = {name: stage.ask_median_mcny.centre for name, stage in scenario.stages.items()}
        say.info(first_cheque(now["fund_size_mcny"], now["ticket_share"], asks, words))


def _sectors(table: str, names: Sequence[str], words: Wording, problems: Sequence[Problem]) -> None:
    """Draw the mandate over sectors, and say in words which of them are open."""
    left, right = st.columns(2)
    with left:
        say.markdown(f"**{words.text('lab', 'by_sector')}**")
        edit_shares(Table(table, tuple(names), ("weight", ""), 0.0), words, problems)
    with right:
        pull = shares_of(draft(), table, names)
        open_to = [words.name(name) for name in names if pull[name] > 0.0]
        comma = "、" if words.language == "zh" else ", "
        is_open = words.text("lab", "sectors_open", names=comma.join(open_to))
        say.markdown(is_open if open_to else words.text("lab", "sectors_all"))
        say.caption(words.text("lab", "sector_note"))


def clauses_of(programme: Programme) -> list[str]:
    """Return the clauses that a programme's kind of vehicle knows, in the order shown."""
    off = IGNORED.get(programme.vehicle, frozenset()) | set(
        NOT_OF_VEHICLE.get(programme.vehicle, ())
    )
    if programme.vehicle != "fund_of_funds":
        off |= {"state_share", "new_private_share"}
    own = OF_VEHICLE.get(programme.vehicle, ())
    return [*own, *(clause for clause in CLAUSES if clause not in off)]


def is_drawn(problem: Problem, scenario: Scenario) -> bool:
    """Return whether a problem is of a field or a table that the editor has.

    A link may change a clause that the vehicle of its programme does not know.

    Parameters
    ----------
    problem : Problem
    scenario : Scenario
    """
    tables = ("budget_mcny_pa", *TABLES)
    drawn = [
        f"programmes.{name}.{field}"
        for name, programme in scenario.programmes.items()
        for field in (*tables, *clauses_of(programme))
    ]
    return any(problems_at([problem], field) for field in drawn)


def _number(
    key: str, label: str, words: Wording, problems: Sequence[Problem], per: float = 1.0
) -> float:
    """Draw a number with its unit, range, source and grade; return it in the scenario's unit."""
    policy = draft()
    quantity, spec = editable(policy.preset)[key]
    widget = f"lab_{version()}_{words.unit}_{key}"
    now = policy.changes.get(key, shipped_value(policy.preset, key))
    if widget not in st.session_state:
        st.session_state[widget] = round(now / per, 9)
    entered = st.number_input(
        label,
        value=None,  # so that an emptied field is empty and not 0
        key=widget,
        format="%.6g",
        step=None,
        help=_note(quantity, words),
    )
    if entered is None:
        say.error(words.text("lab", "emptied", now=f"{now / per:,.6g}"))
    if entered is not None and abs(entered * per - now) > 1e-9 * max(1.0, abs(now)):
        change({key: round(float(entered) * per, 9)})
    if quantity is not None:
        shipped = shipped_value(policy.preset, key)
        is_own = abs(now - shipped) > 1e-9 * max(1.0, abs(shipped))
        for said in _evidence(quantity, spec, words, per, is_own=is_own):
            say.caption(said)
        for source in named_sources(quantity.source, words):
            opens = (words.text("lab", "open_source"), source.url) if source.url else None
            named = "shipped_source" if is_own else "its_source"
            say.caption(words.text("lab", named, source=source.text), link=opens)
    for problem in problems_at(problems, key):
        say.error(reason(problem, spec, words, per, now))
    return float(entered) * per if entered is not None else now


def _note(quantity: Quantity | None, words: Wording) -> str | None:
    """Return the note of a number in the language, without marks that Markdown would read."""
    if quantity is None or not quantity.note:
        return None
    return say.harmless(note_words(quantity.note, words.language))


def _evidence(
    quantity: Quantity, spec: Spec, words: Wording, per: float, *, is_own: bool
) -> list[str]:
    """Return unit, range and grade; of a changed number the grade and source are the shipped's."""
    is_money = per != 1.0 or spec.unit in ("mcny", "mcny/year")
    unit = words.money_unit if is_money else words.text("clause_unit", spec.unit)
    grade = words.text("grade", quantity.grade)
    of_field = {"unit": unit, "range": spec_words(spec, words, per)}
    if is_own:
        value = f"{quantity.centre / per:,.10g}"
        first = [words.text("lab", "clause_own", **of_field)]
        text = words.text("lab", "clause_shipped", value=value, grade=grade)
    else:
        first, text = [], words.text("lab", "clause_note", grade=grade, **of_field)
    if quantity.source in UNNAMED:
        name = words.text("grade", quantity.source)
        text = f"{text} · {words.text('lab', 'clause_source', source=name)}"
    if quantity.is_uncertain:
        text = f"{text} · {words.text('lab', 'belief')}"
    return [*first, text]


def early_note(stages: Sequence[str], words: Wording) -> str:
    """Return which stages a programme counts as early."""
    comma = words.text("lab", "comma")
    return words.text("lab", "early_note", stages=comma.join(map(words.name, stages)))


def _label(scenario: Scenario, name: str, words: Wording) -> str:
    programme = scenario.programmes[name]
    return programme.label_zh if words.language == "zh" else programme.label_en
