"""Shares as money: rounded numbers that add up, edits of either, the tables of the lab."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.report.wording import MCNY_PER, Wording
from finmodel.ui import money_grid
from finmodel.ui.allotment_words import matrix_table, total_table, unplaced
from finmodel.ui.money_grid import DECIMALS, adding_up, split, taken
from finmodel.ui.packed import pack, unpack
from finmodel.ui.policy import Policy
from tests.app.opening import open_page

PLACE = "programmes.joint_fund"
UNITS = sorted(DECIMALS)
NAMES = {"SH": "Shanghai", "JS": "Jiangsu", "A": "A round", "B": "B round"}
sums = st.floats(0.0, 1e5).map(lambda value: 0.0 if value < 1e-9 else value)
tables = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(sums, min_size=n, max_size=n), min_size=1, max_size=8)
)


@settings(max_examples=100)
@given(tables, st.integers(0, 3))
def test_a_rounded_table_adds_up_and_is_nowhere_off_by_a_digit(values, decimals):
    exact, scale = np.array(values), 10.0**decimals
    shown = adding_up(exact, decimals)
    assert np.allclose(shown * scale, np.round(shown * scale), atol=1e-6)
    for axis in (0, 1):
        off = np.abs(shown.sum(axis=axis) - exact.sum(axis=axis))
        assert (off * scale < 1.0 + 1e-5).all()
    assert (np.abs(shown - exact) * scale < 1.0 + 1e-5).all()
    assert abs(shown.sum() - exact.sum()) * scale <= 0.5 + 1e-5
    assert (shown[exact == 0.0] == 0.0).all()
    assert (shown >= 0.0).all()


def test_thirds_add_up_where_each_rounded_alone_would_not():
    thirds = np.full((1, 3), 20.0 / 3.0)
    assert round(3 * round(20.0 / 3.0, 3), 3) == 20.001
    assert sorted(adding_up(thirds, 3)[0]) == [6.666, 6.667, 6.667]
    assert adding_up(thirds, 3).sum().round(9) == 20.0


weights = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6).filter(lambda w: sum(w) > 1e-3)


@settings(max_examples=60)
@given(st.floats(0.0, 1e6), weights, weights, st.sampled_from(UNITS))
def test_the_money_of_the_matrix_is_budget_times_share_times_weight(mcny, shares, parts, unit):
    budget, decimals = mcny / MCNY_PER[unit], DECIMALS[unit]
    found = split(budget, shares, parts, decimals)
    exact = budget * np.outer(shares, np.array(parts) / sum(parts))
    assert np.abs(found.cells - exact).max() < 1.00001 * 10.0**-decimals
    assert np.allclose(found.cells.sum(axis=1), found.places, atol=1e-9)
    assert np.allclose(found.cells.sum(axis=0), found.stages, atol=1e-9)
    assert found.total == pytest.approx(budget * sum(shares), abs=0.51 * 10.0**-decimals)
    assert math.fsum(found.places) == pytest.approx(found.total, abs=1e-6)
    assert math.fsum(found.stages) == pytest.approx(found.total, abs=1e-6)


@pytest.mark.parametrize(
    ("budget", "shares", "parts"),
    [(1.0, [1.0], [0.0]), (1.0, [-0.1, 1.1], [1.0]), (math.nan, [1.0], [1.0]), (1.0, [1.0], [])],
)
def test_there_is_no_matrix_of_what_cannot_be(budget, shares, parts):
    assert split(budget, shares, parts, 3) is None


@settings(max_examples=100)
@given(
    st.sampled_from(UNITS),
    st.floats(1.0, 1e8),
    st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.floats(0.0, 1.0)), max_size=12),
)
def test_after_any_edits_money_is_share_times_budget_in_every_unit(unit, mcny, typed):
    """The page as a visitor has it: each edit is taken, and a mixed row forgets what was typed."""
    budget, quantum = mcny / MCNY_PER[unit], 10.0 ** -DECIMALS[unit]
    shares, grid = dict.fromkeys(("SH", "JS", "ZJ", "AH"), 0.25), {}
    for is_money, row, value in typed:
        name = list(shares)[row]
        cell = round(value * budget, DECIMALS[unit]) if is_money else round(100.0 * value, 2)
        grid.setdefault(row, {})["money" if is_money else "share"] = cell
        before = dict(shares)
        found = taken(grid, shares, budget)
        shares |= found.shares
        assert set(found.shares) <= {name}, "an edit of a row changes another"
        assert {k: v for k, v in shares.items() if k != name} == {
            k: v for k, v in before.items() if k != name
        }
        if found.is_mixed:
            grid = {}
        as_typed = budget * shares[name] if is_money else 100.0 * shares[name]
        error = money_grid.NO_CHANGE * (budget if is_money else 100.0)
        assert abs(as_typed - cell) <= max(1.01 * error, 1e-9 * quantum)
        assert not taken(grid, shares, budget).shares, "what was taken is taken again"


def test_a_cell_that_was_emptied_is_nothing_and_no_budget_takes_no_money():
    shares = {"SH": 0.5, "JS": 0.5}
    assert taken({0: {"share": None}}, shares, 1.0).shares == {"SH": 0.0}
    assert taken({"1": {"money": None}}, shares, 1.0).shares == {"JS": 0.0}
    assert taken({0: {"money": 3.0}}, shares, 0.0).shares == {}
    assert taken({0: {"share": float("nan")}}, shares, 1.0).shares == {"SH": 0.0}


@pytest.mark.parametrize(
    ("shares", "rows"),
    [
        ({"SH": 0.6, "JS": 0.4}, ["Total", "Budget"]),
        ({"SH": 0.6, "JS": 0.3}, ["Total", "Budget", "Missing"]),
        ({"SH": 0.6, "JS": 0.5}, ["Total", "Budget", "Over"]),
    ],
)
def test_totals_stand_beside_the_budget(shares, rows):
    words = Wording("en", "yi", NAMES)
    table = total_table(shares, 200.0, 2, ("share", "money_pa"), words)
    assert list(table[" "]) == rows
    assert table.iloc[1, 2] == "200.00"
    if len(rows) == 3:
        assert list(table.iloc[2])[1:] == ["10.00", "20.00"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_why_the_totals_by_stage_and_of_the_matrix_differ_is_said(language):
    words = Wording(language, "bn", NAMES)
    lacking = unplaced({"SH": 0.6, "JS": 0.068}, 20.0, 3, words)
    assert all(text in lacking for text in ("20.000", "13.360", "6.640"))
    over = unplaced({"SH": 0.6, "JS": 0.5}, 20.0, 3, words)
    assert all(text in over for text in ("20.000", "22.000", "2.000"))
    assert unplaced({"SH": 0.6, "JS": 0.4}, 20.0, 3, words) == ""
    assert unplaced({"SH": 0.6}, 0.0, 3, words) == ""


def test_money_without_a_province_is_explained_where_the_tables_differ(home):
    page = manager(plan=pack(Policy("policy_pro_rata", {f"{PLACE}.region_share.SH": 0.0})))
    matrix = next(item.value for item in page.dataframe if "A round" in item.value)
    total = next(item.value for item in page.table if "Weight, %" in item.value).iloc[0, -1]
    assert matrix.iloc[-1, 1] == 13.36
    assert total == "20.000"
    (note,) = [item.value for item in page.caption if "20.000" in item.value]
    assert "13.360" in note
    assert not any("no province yet" in item.value for item in manager().caption)


def test_a_budget_that_cannot_be_shows_no_money_and_no_row_of_digits(home):
    page = manager(plan=pack(Policy("policy_pro_rata", {f"{PLACE}.budget_mcny_pa": 1e30})))
    assert not page.exception
    assert any("No money is shown" in item.value for item in page.caption)
    assert "money" not in editor(page, "region_share")
    said = [str(item.value) for kind in (page.caption, page.error, page.info) for item in kind]
    said += [str(item.value.to_dict()) for item in [*page.table, *page.dataframe]]
    said += [button.label for button in page.button]
    assert not any(re.search(r"[\d,.]{20,}", text) for text in said)
    wide = total_table({"SH": 1e28}, 2e4, 3, ("share", "money_pa"), Wording())
    assert set(wide.iloc[0, 1:]) == {"more than 1,000,000,000,000"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_matrix_has_names_and_totals(language):
    found = split(20.0, [0.5, 0.5], [0.25, 0.75], 3)
    table = matrix_table(found, ["SH", "JS"], ["A", "B"], Wording(language, "bn", NAMES))
    assert list(table.iloc[-1, 1:]) == [20.0, 5.0, 15.0]
    assert list(table.iloc[:, 1]) == [10.0, 10.0, 20.0]
    assert table.iloc[-1, 0] == table.columns[1] == {"en": "Total", "zh": "合计"}[language]


def manager(**query):
    return open_page("guidance", mode="manager", **query)


def editor(page, table):
    return next(item for item in page.data_editor if item.key.endswith(f"{PLACE}.{table}")).value


@pytest.mark.parametrize(("unit", "shanghai"), [("bn", 6.64), ("yi", 66.4), ("mcny", 6640.0)])
def test_the_page_has_money_beside_shares_in_the_unit_chosen(home, unit, shanghai):
    page = manager(unit=unit)
    table = editor(page, "region_share")
    assert list(table.loc[0, ["name", "share", "money"]]) == ["Shanghai", 33.2, shanghai]
    budget = next(i for i in page.number_input if i.key.endswith(f"{PLACE}.budget_mcny_pa"))
    budget.set_value(budget.value / 2).run()
    assert editor(page, "region_share").loc[0, "money"] == pytest.approx(shanghai / 2)
    matrix = next(item.value for item in page.dataframe if "A round" in item.value)
    assert matrix.iloc[-1, 1] == pytest.approx(budget.value)
    assert list(matrix["Total"])[:4] == pytest.approx(list(editor(page, "region_share")["money"]))
    stages = list(editor(page, "mandate")["money"])
    assert list(matrix.iloc[-1, 2:]) == pytest.approx(stages)


@pytest.mark.parametrize(
    ("table", "row", "cells", "change"),
    [
        ("region_share", 0, {"money": 4.64}, ("region_share.SH", 0.232)),
        ("region_share", 3, {"share": 16.5}, ("region_share.AH", 0.165)),
        ("mandate", 0, {"money": 2.8}, ("mandate.lab", 0.14)),
        ("mandate", 0, {"share": 14.0, "money": 0.8}, ("mandate.lab", 0.14)),
    ],
)
def test_what_is_typed_goes_into_the_programme_and_its_link(
    home, monkeypatch, table, row, cells, change
):
    typed = {f"{PLACE}.{table}": {row: cells}}

    def edits(widget):
        found = next((key for key in typed if widget.endswith(key)), None)
        is_first = "_0_0_" in widget
        return typed[found] if found and is_first else {}

    monkeypatch.setattr("finmodel.ui.allotment_editor.edits", edits)
    page = manager()
    assert not page.exception
    plan = page.query_params["plan"]
    kept = unpack(plan[0] if isinstance(plan, list) else plan).changes
    assert kept == pytest.approx({f"{PLACE}.{change[0]}": change[1]})
    shown = editor(page, table)
    assert shown.loc[row, "share"] == pytest.approx(100 * change[1])
    assert shown.loc[row, "money"] == pytest.approx(20 * change[1])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_weights_that_do_not_add_up_say_what_a_run_makes_of_them(home, language):
    page = manager(lang=language, plan=pack(Policy("policy_pro_rata", {f"{PLACE}.mandate.A": 0.3})))
    said = {"en": "12% is missing: 2.40 bn CNY a year", "zh": "缺少12%：每年24.0亿元"}
    assert any(said[language] in item.value for item in page.warning), [
        item.value for item in page.warning
    ]
    assert not page.button(key="run_preview").disabled
    page.button(key=f"scale_{PLACE}.mandate").click().run()
    assert not page.warning


@pytest.mark.parametrize("preset", ["policy_lab_grants", "policy_loan_guarantees"])
def test_vehicles_that_split_no_money_by_stage_show_none(home, preset):
    page = manager(plan=pack(Policy(preset)))
    assert not page.exception
    tables = [item.value for item in page.data_editor]
    assert "money" in tables[0]
    assert not any("money" in table for table in tables[1:])
    assert any("does not split the money" in item.value for item in page.caption)
    assert not any("Money by province and stage" in item.value for item in page.markdown)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region_share.SH": -0.2}, "Shanghai −20% is not possible. Allowed: 0% to 100%"),
        ({"region_share.SH": 1.5}, "Shanghai 150% is not possible"),
        (
            {f"mandate.{k}": 0.0 for k in ("lab", "angel", "A", "B", "C", "pre_ipo")},
            "Every weight at 0",
        ),
    ],
)
def test_a_share_that_cannot_be_is_told_by_its_name(home, changes, said):
    own = {f"{PLACE}.{name}": value for name, value in changes.items()}
    page = manager(plan=pack(Policy("policy_pro_rata", own)))
    assert not page.exception
    assert any(said in item.value for item in page.error), [item.value for item in page.error]
