"""Money by province and by stage in tables: share and money, either edited; totals; presets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from finmodel.errors import Problem
from finmodel.report.wording import Wording
from finmodel.ui import allotment, money_grid, say
from finmodel.ui.allotment_words import (
    allows,
    matrix_table,
    money_words,
    out_of_range,
    percent_words,
    reason,
    total_table,
    unplaced,
)
from finmodel.ui.draft import change, draft, shares_of, take, version
from finmodel.ui.home import home
from finmodel.ui.policy import editable, problems_at, scenario_of, shipped_value
from finmodel.ui.results import stored_results


@dataclass(frozen=True)
class Table:
    """A table of shares on the page.

    Attributes
    ----------
    key : str
        Dotted name of the table in the scenario.
    names : tuple of str
        Codes of its rows.
    heads : (str, str)
        Keys of the words for share and money.
    budget : float
        In the unit shown; 0 if the table does not split money.
    """

    key: str
    names: tuple[str, ...]
    heads: tuple[str, str]
    budget: float


def money_tables(place: str, budget: float, words: Wording, problems: Sequence[Problem]) -> None:
    """Draw the money of a programme by province, by stage, and by both.

    Parameters
    ----------
    place : str
        Dotted name of the programme.
    budget : float
        Million CNY a year.
    words : Wording
        With the names of provinces and stages.
    problems : sequence of Problem
        Of the draft as it was.
    """
    scenario = scenario_of(draft().preset)
    vehicle = scenario.programmes[place.partition(".")[2]].vehicle
    has_stages = vehicle in money_grid.SPLIT_BY_STAGE
    is_sound = allows(editable(draft().preset)[f"{place}.budget_mcny_pa"][1], budget)
    money = budget / words.mcny_per_unit if is_sound else 0.0
    if not is_sound:
        say.caption(words.text("money_note", "no_budget"))
    regions, stages = tuple(scenario.geography.regions), tuple(scenario.stages)
    by_place = Table(f"{place}.region_share", regions, ("share", "money_pa"), money)
    by_stage = Table(
        f"{place}.mandate", stages, ("weight", "meant_pa"), money if has_stages else 0.0
    )
    shares, weights = (list(_now(table).values()) for table in (by_place, by_stage))
    decimals = money_grid.DECIMALS[words.unit]
    is_split = has_stages and is_sound and max(*shares, *weights) <= 1.0
    split = money_grid.split(money, shares, weights, decimals) if is_split else None
    left, right = st.columns(2)
    with left:
        say.markdown(f"**{words.text('lab', 'by_region')}**")
        edit_shares(by_place, words, problems, None if split is None else split.places)
        _lacking(by_place, words)
        _presets(by_place, _place_rules(by_place), words)
    with right:
        say.markdown(f"**{words.text('lab', 'by_stage')}**")
        is_whole = not any(allotment.missing(_now(t)) for t in (by_place, by_stage))
        edit_shares(by_stage, words, problems, split.stages if split and is_whole else None)
        if has_stages:
            _lacking(by_stage, words)
        note = unplaced(_now(by_place), money, decimals, words) if split is not None else ""
        if note:
            say.caption(note)
        say.caption(words.text("lab", "stage_note" if has_stages else "stage_open"))
        _presets(by_stage, _stage_rules(by_stage), words, can_scale=has_stages)
    if split is not None:
        say.markdown(f"**{words.text('lab', 'matrix', unit=words.money_unit)}**")
        table = matrix_table(split, regions, stages, words)
        first = str(table.columns[0])
        form = f"%.{decimals}f"
        config = {str(c): st.column_config.NumberColumn(format=form) for c in table.columns[1:]}
        config[first] = st.column_config.TextColumn(pinned=True)
        say.table(table, column_config=config, key=f"matrix_{place}")
        say.caption(words.text("lab", "matrix_note"))


def edit_shares(
    table: Table,
    words: Wording,
    problems: Sequence[Problem],
    money: money_grid.FloatArray | None = None,
) -> None:
    """Draw a table of shares, with their money if it splits some; an edit goes into the draft.

    The grid keeps what was typed over what it is given, so that the keyboard stays where it is; a
    row typed as a share and as money would show one that is no longer true, so the grid is then
    replaced.

    Parameters
    ----------
    table : Table
    words : Wording
    problems : sequence of Problem
        Of the draft as it was; those of a row are told with its name.
    money : ndarray of shape (N,), optional
        Rounded, in the unit shown; without it, it is rounded here.
    """
    shares = _now(table)
    turn = st.session_state.get(f"{table.key}_turn", 0)
    widget = f"lab_{version()}_{turn}_{words.unit}_{table.budget:.12g}_{table.key}"
    frame, config = _frame(table, shares, money, words)
    st.data_editor(
        frame,
        key=widget,
        hide_index=True,
        disabled=["name", "shipped"],
        column_config=config,
        alt=words.text("lab", "editor_alt"),
    )
    found = money_grid.taken(edits(widget), shares, table.budget)
    if found.is_mixed:
        st.session_state[f"{table.key}_turn"] = turn + 1
    if found.shares or found.is_mixed:
        change({f"{table.key}.{name}": share for name, share in found.shares.items()})
    _wrong(table, shares, words, problems)
    if table.budget > 0.0:
        decimals = money_grid.DECIMALS[words.unit]
        say.wrapped(total_table(shares, table.budget, decimals, table.heads, words))


def _wrong(
    table: Table, shares: Mapping[str, float], words: Wording, problems: Sequence[Problem]
) -> None:
    """Tell what cannot be: of a row by its name, of the table in words; sums are told elsewhere."""
    for name in table.names:
        if problems_at(problems, f"{table.key}.{name}"):
            spec = editable(draft().preset)[f"{table.key}.{name}"][1]
            say.error(out_of_range(name, shares[name], spec, words))
    for problem in problems:
        is_own = problem.place.rpartition(" ")[2] == table.key
        if is_own and "sum" not in problem.given:
            say.error(reason(problem, None, words))


def edits(widget: str) -> Mapping[int, Mapping[str, object]]:
    """Return the cells that were typed into a grid since it was drawn first, by row."""
    state = st.session_state.get(widget)
    found: Mapping[int, Mapping[str, object]] = state["edited_rows"] if state else {}
    return found


def _now(table: Table) -> dict[str, float]:
    return shares_of(draft(), table.key, table.names)


def _frame(
    table: Table,
    shares: Mapping[str, float],
    money: money_grid.FloatArray | None,
    words: Wording,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows of a table, rounded so that they add up, and how its columns look."""
    own = np.array([list(shares.values())])
    preset, percent = draft().preset, money_grid.PERCENT_DECIMALS
    columns: dict[str, object] = {
        "name": [words.name(name) for name in table.names],
        "share": money_grid.adding_up(100.0 * own, percent)[0],
    }
    config: dict[str, Any] = {
        "name": st.column_config.TextColumn(" "),
        "share": _column(words.text("lab", table.heads[0]), percent),
        "shipped": st.column_config.NumberColumn(words.text("lab", "shipped"), format="%.4g"),
    }
    if table.budget > 0.0:
        decimals = money_grid.DECIMALS[words.unit]
        if money is None:
            money = money_grid.adding_up(table.budget * own, decimals)[0]
        columns["money"] = money
        head = words.text("lab", table.heads[1], unit=words.money_unit)
        config["money"] = _column(head, decimals)
    columns["shipped"] = [100 * shipped_value(preset, f"{table.key}.{n}") for n in table.names]
    return pd.DataFrame(columns), config


def _column(head: str, decimals: int) -> Any:
    """Return how a column of numbers looks: what is typed is of the digits that are shown."""
    step = float(f"1e-{decimals}")
    return st.column_config.NumberColumn(head, format=f"%.{decimals}f", step=step)


def _lacking(table: Table, words: Wording) -> None:
    """Say what is missing or over: money without a place stops a run, weights are scaled by it."""
    lack = allotment.missing(_now(table))
    if not lack or table.budget <= 0.0:
        return
    money = money_words(abs(lack) * table.budget, words)
    missing = percent_words(abs(lack), words)
    if table.heads[0] == "share":
        key = "lacking" if lack > 0 else "too_much"
        say.error(words.text("lab", key, missing=missing, money=money))
    else:
        key = "weights_lack" if lack > 0 else "weights_over"
        say.warning(words.text("lab", key, missing=missing, money=money))


def _place_rules(table: Table) -> dict[str, Mapping[str, float] | None]:
    """Return shares of provinces by rule; None where a rule has no numbers."""
    scenario = scenario_of(draft().preset)
    firms = {name: item.centre for name, item in scenario.births.region_index.items()}
    return {
        "equal": allotment.equal(table.names),
        "gdp": allotment.by_gdp(table.names, scenario.run.start_year),
        "firms": allotment.by_weight(table.names, firms),
        "gap": allotment.by_column(table.names, _published("gap_region"), "gap_mcny"),
    }


def _stage_rules(table: Table) -> dict[str, Mapping[str, float] | None]:
    """Return weights of stages by rule; None where a rule has no numbers."""
    return {
        "equal": allotment.equal(table.names),
        "need": allotment.by_column(table.names, _published("gap_stage"), "viable_ask_mcny"),
        "gap": allotment.by_column(table.names, _published("gap_stage"), "gap_mcny"),
    }


def _published(name: str) -> pd.DataFrame | None:
    """Return a table of the newest published run; None if there is none."""
    runs = stored_results("runs", home(), name)
    return runs[0].table(name) if runs and runs[0].origin == "published" else None


def _presets(
    table: Table,
    rules: Mapping[str, Mapping[str, float] | None],
    words: Wording,
    *,
    can_scale: bool = True,
) -> None:
    """Draw buttons that split the money by a rule, and one that scales what there is."""
    preset, now = draft().preset, _now(table)
    shipped = {name: shipped_value(preset, f"{table.key}.{name}") for name in table.names}
    offered: dict[str, Mapping[str, float] | None] = {"as_is": shipped, **rules}
    if can_scale and allotment.missing(now) and math.fsum(max(0.0, n) for n in now.values()) > 0:
        offered["scale"] = allotment.scaled(now)
    with st.container(horizontal=True):
        for rule, shares in offered.items():
            if shares is not None:
                st.button(
                    words.text("lab", rule),
                    key=f"{rule}_{table.key}",
                    on_click=take,
                    args=[table.key, shares],
                    type="primary" if rule == "scale" else "secondary",
                )
