"""Sentences, charts and tables of studies: the same quantity in each unit and both languages."""

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest

from finmodel.datasets.root import published_root
from finmodel.report import views_batch
from finmodel.report import views_studies as views
from finmodel.report.allocation_words import Teller, allocation_sentences, cautions, no_powers
from finmodel.report.captions import studies as captions
from finmodel.report.sensitivity import conclusion_sentences, outcome_name
from finmodel.report.sensitivity_choices import (
    benefit_unit,
    goal_sentences,
    goal_text,
    information_sentences,
)
from finmodel.report.wording import MCNY_PER, Wording, names_of
from finmodel.store import read_manifest
from tests.sensitivity import test_report as studied
from tests.test_allocation_words import MANIFEST
from tests.test_allocation_words import tables as split_tables

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
NUMBER = re.compile(r"(?<![A-Za-z\d_.])[-−]?\d[\d,]*(?:\.\d+)?")
NAMES = re.compile(r"“[^”]*”|\(100 million\)")
"""What has figures that are no quantity: plain names, the name of a unit."""


def stored(kind):
    folder = next(path for path in sorted((published_root() / kind).iterdir()) if path.is_dir())
    tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    return tables, read_manifest(folder)


@pytest.fixture(scope="module")
def sensitivity():
    return stored("sensitivities")


@pytest.fixture(scope="module")
def allocation():
    return stored("allocations")


@pytest.fixture(scope="module")
def batch():
    return stored("batches")


def wordings(language, manifest=None):
    names = names_of(manifest or {}, language)
    return [Wording(language, unit, names, 12) for unit in MCNY_PER]


def numbers(text):
    return [
        (float(found.replace(",", "").replace("−", "-")), len(found.partition(".")[2]))
        for found in NUMBER.findall(NAMES.sub("", text))
    ]


def is_same(first, second, per):
    """Whether two shown numbers may be of one quantity, each to the digits that it is shown in."""
    (a, a_digits), (b, b_digits) = first, second
    wide = 0.51 * (10.0**-a_digits + per * 10.0**-b_digits) + 0.006 * abs(a)
    return abs(a - per * b) <= wide


def check_same(per_unit, words):
    """Check sentences in each unit: numbers are equal, or money that is as much; then its unit."""
    n_money = 0
    for texts in zip(*per_unit, strict=True):
        found = [numbers(text) for text in texts]
        for other, unit in itertools.islice(zip(found, words, strict=True), 1, None):
            assert len(other) == len(found[0]), texts
            per = unit.mcny_per_unit / words[0].mcny_per_unit
            money = [not is_same(a, b, 1.0) for a, b in zip(found[0], other, strict=True)]
            for a, b, is_money in zip(found[0], other, money, strict=True):
                assert is_same(a, b, per if is_money else 1.0), (a, b, texts)
            if any(money):
                n_money += sum(money)
                for text, wording in zip(texts, words, strict=True):
                    assert wording.money_unit in text, text
    return n_money


def test_what_is_not_the_same_quantity_is_seen():
    words = wordings("en")
    good = [["1.50 bn CNY"], ["15.0 yi CNY (100 million)"], ["1,500 million CNY"]]
    assert check_same(good, words) == 2
    for bad in ("1,600 million CNY", "1,500", "1.50 bn CNY and 3"):
        with pytest.raises(AssertionError):
            check_same([*good[:2], [bad]], words)


@LANGUAGES
def test_the_published_study_says_the_same_in_each_unit(sensitivity, language):
    tables, manifest = sensitivity
    words = wordings(language)
    said = [
        conclusion_sentences(manifest, tables, language, own)
        + goal_sentences(manifest, tables, language, own)
        + information_sentences(manifest, tables, language, own)
        for own in words
    ]
    # The plan's own note says of itself what it is in.
    note = manifest["plan"]["information"]["note"]
    said = [[text.replace(note, "") for text in texts] for texts in said]
    assert check_same(said, words) > 10
    assert all("programmes." not in text for text in said[0])


@LANGUAGES
@pytest.mark.parametrize("state", [{}, {"is_found": False}, {"is_searched": False}])
def test_goals_in_every_state_say_the_same_in_each_unit(language, state):
    text = "net_private_invested_mcny >= 2345.6"
    tables = studied.goal(text=text, **state)
    words = wordings(language)
    said = [goal_sentences(studied.MANIFEST, tables, language, own) for own in words]
    assert check_same(said, words) >= 2
    assert {goal_text("gap_rate_mcny <= 0.3", language, own) for own in words} == {
        goal_text("gap_rate_mcny <= 0.3", language)
    }


@LANGUAGES
@pytest.mark.parametrize("lead", [5000.0, 10.0])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_choice_says_the_same_in_each_unit(language, lead, is_told):
    asked = {
        **studied.MANIFEST["plan"]["information"],
        "unit_en": "million CNY over eight years",
        "unit_zh": "百万元（合计）",
        "note": "",
    }
    manifest = {**studied.MANIFEST, "plan": {"information": asked}}
    row = {"best": "none", "lead": lead, "lead_se": 100.0, "worth_low": 0.0, "worth_high": 3e3}
    worth = {"name": ["a", "b"], "value": [2e3, 1.0], "value_se": 50.0, "is_told": is_told}
    tables = {"choice": pd.DataFrame([row]), "information": pd.DataFrame(worth)}
    words = wordings(language)
    said = [information_sentences(manifest, tables, language, own) for own in words]
    assert check_same(said, words) > 3
    # A benefit in the plan's own words is left as the plan has it.
    own = studied.MANIFEST["plan"]["information"]
    assert benefit_unit(studied.MANIFEST, language, words[1]) == (1.0, own[f"unit_{language}"])


@LANGUAGES
def test_the_published_allocation_says_the_same_in_each_unit(allocation, language):
    tables, manifest = allocation
    words = wordings(language, manifest)
    said = [
        allocation_sentences(tables, manifest, language, own)
        + cautions(tables, manifest, language, own)
        for own in words
    ]
    assert check_same(said, words) > 8
    assert any(("Shanghai" if language == "en" else "上海") in text for text in said[0])


STATES = (
    {},
    {"difference": 900.0, "se": 100.0, "value": 1234.5},
    {"difference": 10.0, "se": 100.0, "moved": True},
    {"risk": "broken", "value": 1e7},
    {"risk": "unclear", "shares": (0.5, 0.5)},
)


@LANGUAGES
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("status", ["found", "always", "none", "unclear"])
@pytest.mark.parametrize("vary", ["budget_mcny_pa", "new_private_share"])
def test_an_allocation_in_every_state_says_the_same_in_each_unit(language, state, status, vary):
    tables = split_tables(**state)
    answer = {"status": status, "vary": vary, "is_monotone": status == "found"}
    tables["answers"] = tables["answers"].assign(**answer)
    words = wordings(language)
    said = [allocation_sentences(tables, MANIFEST, language, own) for own in words]
    assert check_same(said, words)
    both = {
        "en": "“private money that other funds would not have had” (",
        "zh": "“新增社会资本比例”（",
    }
    is_clause = vary == "new_private_share"
    assert any(f"{both[language]}{vary}" in text for text in said[0]) == is_clause


@LANGUAGES
def test_charts_and_tables_of_an_allocation_are_in_the_unit_that_they_name(allocation, language):
    tables, manifest = allocation
    words = wordings(language, manifest)
    rows = []
    for own in words:
        teller = Teller(tables, manifest, language, own)
        assert own.money_unit in teller.unit(teller.own)
        assert own.money_unit in teller.objective_text()
        assert own.money_unit in views.risk_title(teller)
        front = views.frontier_rows(teller, own)
        assert sum(own.money_unit in head for head in views.frontier_view(front, teller, own)) == 6
        lead = views.lead_rows(teller, teller.winners[0])
        assert (
            own.money_unit in views_batch.batch_view(lead, teller.unit(teller.own), own).columns[1]
        )
        money = [lead[["value", "low", "high"]].to_numpy(), front[["value", "risk"]].to_numpy()]
        rows.append(np.concatenate([part.ravel() for part in money]) * own.mcny_per_unit)
    for other in rows[1:]:
        assert other == pytest.approx(rows[0])


@LANGUAGES
def test_charts_and_tables_of_a_study_are_in_the_unit_that_they_name(sensitivity, language):
    tables, _ = sensitivity
    words, said, rows = wordings(language), [], []
    for own in words:
        found = views.tornado_rows(tables, "", "gap_mcny", own)
        scale, unit = views.outcome_scale("mcny", own)
        assert unit == own.money_unit
        said.append([captions.tornado(found, own, unit), *found["high_text"].head(1)])
        money = found[["at_low", "at_high", "swing"]].to_numpy() / scale
        capital = found[found["dotted"] == "capital.total_mcny_pa"].iloc[0]
        assert own.money_unit in capital["unit_shown"]
        rows.append([*money.ravel(), capital["low"] * own.mcny_per_unit])
        view = views.tornado_view(found, unit, own, "Gap")
        assert sum(own.money_unit in str(head) for head in view) == 4
        assert list(view.iloc[:, -1]) == list(found["dotted"])
        listed = views.numbers_view(tables["numbers"], own)
        assert list(listed.iloc[:, -1]) == list(tables["numbers"]["name"])
        assert own.money_unit in outcome_name("gap_mcny", language, own)
    assert check_same(said, words)
    for other in rows[1:]:
        assert other == pytest.approx(rows[0])


@LANGUAGES
@pytest.mark.parametrize("measure", ["gap_mcny", "gap_rate_mcny", "funded_viable_n"])
def test_a_batch_says_the_same_in_each_unit(batch, language, measure):
    tables, manifest = batch
    words, said = wordings(language, manifest), []
    for own in words:
        rows = views_batch.batch_rows(tables, "policy_pro_rata", measure, own)
        _, unit = views_batch.batch_unit(measure, own, is_change=True)
        said.append([captions.batch(rows, own, unit), *rows["name"]])
        table = views_batch.batch_view(rows, unit, own)
        assert table.iloc[0, -1].startswith("programmes.joint_fund.budget_mcny_pa=5000; capital")
        axes = views_batch.axes_text(tables["units"], "policy_pro_rata", own)
        assert "capital.total_mcny_pa" in axes
        assert ("Joint fund of funds" if language == "en" else "联合母基金") in axes
    assert check_same(said, words) > 10
    assert views_batch.axes_text(tables["units"], "none", words[0]) == ""


def test_without_a_wording_it_is_as_it_was(allocation, sensitivity):
    """The terminal speaks of bn CNY, and of numbers by the names that its options take."""
    tables, manifest = allocation
    said = " ".join(allocation_sentences(tables, manifest, "en"))
    assert "Best in expectation: ZJ 69.4%, SH 10.6%" in said
    assert "of 20 bn CNY a year." in said
    assert "no budget in bn CNY a year looked at reaches Gap closed of 5 bn CNY a year" in said
    said = " ".join(conclusion_sentences(sensitivity[1], sensitivity[0], "en"))
    assert "decided by capital.total_mcny_pa (101%±84% of variance" in said


@pytest.mark.parametrize(
    ("text", "shown"), [("1.234e+04", "12,340"), ("2e-05", "0.00002"), ("12.5", "12.5")]
)
def test_powers_of_ten_are_written_out(text, shown):
    assert no_powers(text) == shown
    assert math.isclose(float(shown.replace(",", "")), float(text))
