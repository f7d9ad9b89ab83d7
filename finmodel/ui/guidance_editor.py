"""The programme of a policy in widgets: budget, money by province and stage, clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from finmodel.errors import Problem
from finmodel.report.wording import Wording
from finmodel.scenario import Scenario
from finmodel.scenario.programme_consistency import IGNORED
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Quantity, Spec
from finmodel.ui import allotment, say
from finmodel.ui.allotment_words import reason, region_money, region_total, spec_words
from finmodel.ui.home import home
from finmodel.ui.policy import (
    Policy,
    editable,
    problems_at,
    scenario_of,
    shipped_value,
    without_idle,
)
from finmodel.ui.results import stored_results

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
DRAFT, VERSION = "lab_draft", "lab_version"


def draft() -> Policy:
    """Return the policy as edited so far."""
    found = st.session_state.get(DRAFT)
    return found if isinstance(found, Policy) else Policy("policy_pro_rata")


def set_draft(policy: Policy) -> None:
    """Replace the policy, and every widget that shows it."""
    st.session_state[DRAFT] = without_idle(policy)
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1


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
    left, right = st.columns(2)
    with left:
        say.markdown(f"**{words.text('lab', 'by_region')}**")
        _shares(f"{place}.region_share", scenario.geography.regions, budget, words, problems)
    with right:
        say.markdown(f"**{words.text('lab', 'by_stage')}**")
        _shares(f"{place}.mandate", tuple(scenario.stages), None, words, problems)
        say.caption(words.text("lab", "stage_note"))
    _sectors(f"{place}.sector_mandate", tuple(scenario.sectors), words, problems)
    say.markdown(f"**{words.text('lab', 'clauses')}**")
    columns = st.columns(2)
    for number, clause in enumerate(clauses_of(programme)):
        with columns[number % 2]:
            key = f"{place}.{clause}"
            is_money = editable(draft().preset)[key][1].unit == "mcny"
            one = words.mcny_per_unit if is_money else 1.0
            _number(key, words.text("clause", clause), words, problems, per=one)


def _sectors(table: str, names: Sequence[str], words: Wording, problems: Sequence[Problem]) -> None:
    """Draw the mandate over sectors, and say in words which of them are open."""
    left, right = st.columns(2)
    with left:
        say.markdown(f"**{words.text('lab', 'by_sector')}**")
        _shares(table, names, None, words, problems)
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


def _number(
    key: str, label: str, words: Wording, problems: Sequence[Problem], per: float = 1.0
) -> float:
    """Draw a number with its unit, range, source and grade; return it in the scenario's unit."""
    policy = draft()
    quantity, spec = editable(policy.preset)[key]
    widget = f"lab_{st.session_state.get(VERSION, 0)}_{words.unit}_{key}"
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
        _change({key: round(float(entered) * per, 9)})
    if quantity is not None:
        say.caption(_evidence(quantity, spec, words, per))
    for problem in problems_at(problems, key):
        say.error(reason(problem, spec, words, per))
    return float(entered) * per if entered is not None else now


def _note(quantity: Quantity | None, words: Wording) -> str | None:
    """Return the note of a number; notes are written in English, and said to be where it is not."""
    if quantity is None or not quantity.note:
        return None
    note = say.harmless(quantity.note)
    return note if words.language == "en" else words.text("lab", "note_en", note=note)


def _evidence(quantity: Quantity, spec: Spec, words: Wording, per: float) -> str:
    unit = (
        words.money_unit
        if per != 1.0 or spec.unit == "mcny"
        else words.text("clause_unit", spec.unit)
        if (spec.unit != "mcny/year")
        else words.money_unit
    )
    source = quantity.source
    if source in ("assumption", "user"):
        source = words.text("grade", source)
    text = words.text(
        "lab",
        "clause_note",
        unit=unit,
        range=spec_words(spec, words, per),
        source=source,
        grade=words.text("grade", quantity.grade),
    )
    return f"{text} · {words.text('lab', 'belief')}" if quantity.is_uncertain else text


def _shares(
    table: str,
    names: Sequence[str],
    budget: float | None,
    words: Wording,
    problems: Sequence[Problem],
) -> None:
    """Draw a table of shares with live totals, presets and what is missing."""
    policy = draft()
    shares = shares_of(policy, table, names)
    widget = f"lab_{st.session_state.get(VERSION, 0)}_{table}"
    if widget not in st.session_state:
        st.session_state[f"{widget}_from"] = shares
    anchor: Mapping[str, float] = st.session_state[f"{widget}_from"]
    head = words.text("lab", "share" if budget is not None else "weight")
    frame = pd.DataFrame(
        {
            "name": [words.name(name) for name in names],
            "share": [round(100 * anchor[name], 4) for name in names],
            "shipped": [100 * shipped_value(policy.preset, f"{table}.{name}") for name in names],
        }
    )
    edited = st.data_editor(
        frame,
        key=widget,
        hide_index=True,
        disabled=["name", "shipped"],
        column_config={
            "name": st.column_config.TextColumn(" "),
            "share": st.column_config.NumberColumn(head, format="%.4g"),
            "shipped": st.column_config.NumberColumn(words.text("lab", "shipped"), format="%.4g"),
        },
    )
    entered = {
        name: round(float(value) / 100.0, 8) if pd.notna(value) else 0.0
        for name, value in zip(names, edited["share"], strict=True)
    }
    changed = {f"{table}.{n}": v for n, v in entered.items() if abs(v - shares[n]) > 1e-9}
    if changed:
        _change(changed)
    for problem in problems_at(problems, table):
        if "sum" not in problem.given:
            say.error(reason(problem, None, words))
    if budget is None:
        return
    say.caption(f"{region_total(entered, budget, words)} {region_money(entered, budget, words)}")
    lack = allotment.missing(entered)
    if lack:
        money = words.money(abs(lack) * budget)
        key = "lacking" if lack > 0 else "too_much"
        say.error(words.text("lab", key, missing=words.number(100 * abs(lack)), money=money))
    _presets(table, names, entered, words)


def shares_of(policy: Policy, table: str, names: Sequence[str]) -> dict[str, float]:
    """Return the shares of a table of a policy; 0 for a name that has none."""
    return {
        name: policy.changes.get(f"{table}.{name}", shipped_value(policy.preset, f"{table}.{name}"))
        for name in names
    }


def _presets(
    table: str, names: Sequence[str], entered: Mapping[str, float], words: Wording
) -> None:
    """Draw buttons that split the money by a rule."""
    preset = draft().preset
    runs = stored_results("runs", home(), "gap_region")
    gaps = runs[0].table("gap_region") if runs and runs[0].origin == "published" else None
    rules = {
        "as_is": {name: shipped_value(preset, f"{table}.{name}") for name in names},
        "equal": allotment.equal(names),
        "gdp": allotment.by_gdp(names, scenario_of(preset).run.start_year),
        "gap": allotment.by_gap(names, gaps),
    }
    if allotment.missing(entered):
        rules["scale"] = allotment.scaled(entered)
    with st.container(horizontal=True):
        for rule, shares in rules.items():
            if shares is not None:
                st.button(
                    words.text("lab", rule),
                    key=f"{rule}_{table}",
                    on_click=_take,
                    args=[table, shares],
                    type="primary" if rule == "scale" else "secondary",
                )


def _take(table: str, shares: Mapping[str, float]) -> None:
    policy = draft()
    changes = {f"{table}.{name}": share for name, share in shares.items()}
    set_draft(Policy(policy.preset, {**policy.changes, **changes}))


def _change(changes: Mapping[str, float]) -> None:
    """Put changes that widgets hold already into the draft, and draw the page from it."""
    policy = draft()
    st.session_state[DRAFT] = without_idle(Policy(policy.preset, {**policy.changes, **changes}))
    st.rerun()


def _label(scenario: Scenario, name: str, words: Wording) -> str:
    programme = scenario.programmes[name]
    return programme.label_zh if words.language == "zh" else programme.label_en
