"""Tables that are taken away name what they hold, its unit and its period; errors are not 0."""

import pandas as pd
import pytest

from finmodel.report import views_gap, views_studies
from finmodel.report.flow_rows import flow_rows
from finmodel.report.gap_rows import gap_rows
from finmodel.report.views_batch import batch_unit, batch_view
from finmodel.report.views_compare import base_rows, compare_view, pair_rows
from finmodel.report.views_fund import dots_view
from finmodel.report.views_policy import chain_rows, chain_view, difference_view, region_rows
from finmodel.report.wording import Wording, to_digits
from finmodel.ui import parts
from tests.app.opening import open_page
from tests.app.test_gap_rows import table
from tests.stored_cases import EN, ZH, comparison

A_YEAR = {"en": "a year", "zh": "年"}
WORDS = [EN, ZH, Wording("en", "mcny")]
MADE = comparison().tables


def numbers(view):
    return [str(head) for head in view.select_dtypes("number").columns]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("outcome", ["gap_mcny", "gap_n", "deals_n"])
def test_who_gains_and_compare_name_outcome_unit_and_year(words, outcome):
    named = words.text("outcome", outcome)
    rows = region_rows(MADE["outcomes"], "aid", outcome, words, 60)
    base = base_rows(MADE["outcomes"], {"aid": "Aid"}, outcome, words, 60)
    pairs = pair_rows(pd.concat([base, base]), words, 60)
    views = [
        difference_view(rows, outcome, words),
        compare_view(base, words, outcome),
        compare_view(pairs, words, outcome),
    ]
    for view in views:
        assert named in view.columns[1]
        for head in numbers(view):
            assert A_YEAR[words.language] in head
            assert not outcome.endswith("_mcny") or words.money_unit in head
    assert views[1].columns[0] == words.text("lab", "policy")
    assert views[2].columns[0] == words.text("compare", "pair_head")


def test_what_is_of_the_end_is_not_called_a_year_s():
    rows = region_rows(MADE["outcomes"], "aid", "gap_n", EN, 60)
    assert not any("a year" in str(head) for head in difference_view(rows, "survivors_n", EN))


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("measure", ["n", "mcny"])
def test_both_chains_say_a_year(words, measure):
    rows = chain_rows(MADE["effects"], "aid", "all", measure, words)
    for head in numbers(chain_view(rows, words, measure)):
        assert A_YEAR[words.language] in head
        assert measure == "n" or words.money_unit in head


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("side", ["mcny", "n"])
def test_gap_and_flows_say_unit_and_year(words, side):
    rows = gap_rows(table("gap_stage"), "stage", side, words)
    unit = words.money_unit if side == "mcny" else words.text("gap_page", "needs")
    heads = numbers(views_gap.rows_view(rows, "stage", side, words))
    heads += numbers(views_gap.flows_view(flow_rows(table("flows"), "all", words), words))
    shares = [head for head in heads if "%" in head]
    assert len(shares) == 2
    for head in set(heads) - set(shares):
        assert A_YEAR[words.language] in head
        assert unit in head or words.money_unit in head


@pytest.mark.parametrize("words", WORDS)
def test_studies_name_what_their_values_are(words):
    unit = batch_unit("gap_mcny", words, is_change=True)[1]
    assert A_YEAR[words.language] in unit
    assert batch_unit("public_npv_mcny", words, is_change=True)[1] == words.money_unit
    assert views_studies.outcome_scale("mcny", words, "net_gap_mcny")[1] == unit
    rows = pd.DataFrame({"name": ["a"], "value": [1.0], "low": [0.0], "high": [2.0]})
    assert all("Gap" in head for head in numbers(batch_view(rows, "Gap", words)))
    assert "7" in dots_view(pd.Series([1.0]), words, "7").columns[1]


def test_an_error_that_is_not_0_is_never_shown_as_0():
    own = table("gap_region_stage")
    for region in ("SH", "AH"):
        rows = gap_rows(own[own["region"] == region], "stage", "mcny", EN)
        view = views_gap.rows_view(rows, "stage", "mcny", EN)
        error = next(head for head in view if "error" in head)
        assert (view[error] > 0.0).all()
    shown = to_digits(pd.Series([1.23456, 2.0, 3.14159]), pd.Series([0.000123, 0.0, 0.5]), 3)
    assert shown.tolist() == [1.23456, 2.0, 3.142]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_file_of_who_gains_has_these_heads(home, monkeypatch, lang):
    seen = {}

    def spy(data, *rest):
        seen[len(seen)] = list(data.columns)
        return data

    monkeypatch.setattr(parts, "marked", spy)
    monkeypatch.setattr(parts, "csv_bytes", lambda data: seen.setdefault("x", data) and b"")
    page = open_page("guidance", lang=lang, outcome="gap_mcny")
    assert not page.exception
    heads = [str(head) for item in page.dataframe for head in item.value.columns]
    assert {"en": "Gap, bn CNY, change a year", "zh": "缺口（亿元），每年变化"}[lang] in heads
