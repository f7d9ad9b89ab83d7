"""What a study says: verdicts, boxes in units, worth, in two languages."""

import numpy as np
import pandas as pd
import pytest

from finmodel.report.sensitivity import cell, conclusion_sentences, matrix, words_of
from finmodel.report.sensitivity_choices import (
    figure,
    goal_sentences,
    goal_text,
    information_sentences,
    limit_text,
)
from finmodel.study.sensitivity_answer import answer_table

MANIFEST = {
    "titles": {"": {"en": "Base", "zh": "基准"}, "fund": {"en": "A fund", "zh": "基金"}},
    "plan": {
        "information": {
            "unit_en": "bn",
            "unit_zh": "亿",
            "objective": {"public_npv_mcny": 1.0, "funded_viable_n": 400.0},
            "note": "CNY 50 million a need is an assumption.",
        }
    },
}


def indices(**columns):
    rows = {
        "policy": "",
        "outcome": "gap_rate_mcny",
        "factor": ["a.b", "c.d", "e.f", "others", "g.h"],
        "total": [0.62, 0.2, 0.03, 0.1, 0.0],
        "total_low": [0.5, 0.1, -0.01, -0.3, np.nan],
        "total_high": [0.74, 0.3, 0.07, 0.5, np.nan],
        "plain_total": [0.6, 0.25, 0.05, 0.2, 0.0],
        "is_told": [True, True, False, False, False],
    }
    return pd.DataFrame({**rows, **columns})


def tables():
    swing = {"policy": "", "outcome": "gap_rate_mcny", "name": ["a.b", "c.d"]}
    found = {
        "indices": indices(),
        "tornado": pd.DataFrame({**swing, "swing": [-0.1, 0.2], "swing_se": [0.02, 0.1]}),
    }
    return found | {"answer": answer_table(found)}


def test_verdicts_follow_shares_and_what_is_told_from_luck():
    answer = tables()["answer"]
    assert answer["verdict"].tolist() == ["decides", "matters", "small", "unknown", "none"]
    assert answer["direction"].tolist() == [-1, 0, 0, 0, 0]


def test_a_large_share_that_is_not_told_decides_nothing():
    answer = answer_table({"indices": indices(is_told=False)})
    assert set(answer["verdict"]) == {"unknown", "small", "none"}


def test_screening_alone_gives_verdicts_relative_to_the_strongest():
    screening = pd.DataFrame(
        {
            "policy": "",
            "outcome": "gap_n",
            "factor": ["a", "b", "c", "d"],
            "mu_star": [4.0, 2.0, 1.0, 0.0],
            "mu": [4.0, -2.0, 0.1, 0.0],
            "mu_error": [0.1, 0.1, 1.0, 0.0],
            "surety": [9.0, -9.0, 0.1, 0.0],
            "strength": [4.0, 2.0, 0.5, 0.0],
            "is_told": [True, True, False, False],
        }
    )
    answer = answer_table({"screening": screening})
    assert answer["share"].tolist() == pytest.approx([1.0, 0.25, 1 / 64, 0.0])
    assert answer["verdict"].tolist() == ["decides", "matters", "unknown", "none"]
    assert answer["direction"].tolist() == [1, -1, 0, 0]


def test_sentences_name_what_decides_and_what_is_not_known():
    (text,) = conclusion_sentences(MANIFEST, tables(), "en")
    assert text == (
        "Gap rate, money; decided by a.b (62%±12% of variance, falls with it); c.d (20%±10% of "
        "variance) matter; not told from luck: all others."
    )
    (text,) = conclusion_sentences(MANIFEST, tables(), "zh")
    assert "取决于a.b（占方差62%±12%、反向）" in text


def test_the_matrix_puts_the_decisive_first_and_leaves_out_what_has_no_effect():
    heads, rows = matrix(tables()["answer"], "en")
    assert heads == ["Gap rate, money"]
    assert [row[0]["factor"] for row in rows] == ["a.b", "c.d", "e.f", "others"]
    words = words_of("en")
    texts = [cell(row[0], words) for row in rows]
    assert texts == ["decides ↓ 62%±12%", "matters 20%±10%", "small 3%±4%", "not known ≤50%"]


def test_what_moves_an_outcome_by_a_share_not_known_is_said_to():
    found = tables()
    found["answer"] = answer_table(found | {"indices": indices(is_told=False)})
    row = found["answer"].iloc[0]
    assert cell(row, words_of("en")) == "moves it ↓ ≤74%"
    (text,) = conclusion_sentences(MANIFEST, found, "en")
    assert "moved, by a share not known, by a.b (falls with it)" in text


def goal(**changes):
    row = {
        "goal": "g",
        "policy": "fund",
        "text": "net_gap_n <= -5",
        "n": 128,
        "fails": 0.25,
        "unsure": 0.1,
        "event": "fails",
        "is_searched": True,
        "is_found": True,
        "base_rate": 0.25,
        "coverage": 0.7,
        "density": 0.8,
        "density_held_out": 0.75,
        "p_chance": 0.01,
        "tree_auc": 0.85,
        "tree_auc_se": 0.04,
    }
    limit = {"goal": "g", "method": "prim", "name": ["a.b", "c.d"]}
    ends = {"low": [0.5, -np.inf], "high": [np.inf, 1234.5]}
    return {
        "goals": pd.DataFrame([{**row, **changes}]),
        "boxes": pd.DataFrame({**limit, **ends}),
        "numbers": pd.DataFrame({"name": ["a.b", "c.d"], "unit": ["share", "mcny/year"]}),
    }


def test_a_box_is_a_sentence_in_the_units_of_the_numbers():
    (text,) = goal_sentences(MANIFEST, goal(), "en")
    assert "Where a.b is at least 0.5 share and c.d is at most 1.23e+03 mcny/year" not in text
    assert "Where a.b is at least 0.5 share and c.d is at most 1,230 mcny/year, 80% fail" in text
    assert "75%" in text


def test_a_goal_is_told_by_name_in_the_unit_of_the_page():
    assert goal_text("net_private_invested_mcny >= 2345.6", "en") == (
        "Private LPs' money invested, bn CNY >= 2.3456"
    )
    assert goal_text("gap_rate_mcny <= 0.3", "en") == "Gap rate, money <= 30%"
    (text,) = goal_sentences(MANIFEST, goal(), "zh")
    assert "net_gap_n" not in text


def test_a_box_of_chance_is_none():
    (text,) = goal_sentences(MANIFEST, goal(is_found=False, density_held_out=0.22), "en")
    assert "No box holds up: of the best one 80% fail" in text
    assert "Where" not in text
    (text,) = goal_sentences(MANIFEST, goal(is_searched=False), "zh")
    assert "无法寻找区域" in text


def test_limits_on_both_sides_are_a_range():
    words = words_of("en")
    row = {"name": "x", "low": 0.012, "high": 0.5}
    assert limit_text(row, "share", words) == "x is 0.012 to 0.5 share"


@pytest.mark.parametrize(
    ("lead", "words"), [(5.0, "ahead of the second"), (1.0, "within the error")]
)
def test_a_lead_within_its_error_is_said_to_be(lead, words):
    found = {
        "choice": pd.DataFrame(
            [{"best": "none", "lead": lead, "lead_se": 1.0, "worth_low": 0.0, "worth_high": 3.0}]
        ),
        "information": pd.DataFrame(
            {"name": ["a", "b"], "value": [2.0, 1.0], "value_se": 0.5, "is_told": [True, False]}
        ),
    }
    text, objective = information_sentences(MANIFEST, found, "en")
    assert words in text
    assert "Worth knowing: a (2.00±0.980)" in text
    assert f"{lead:.2f}±1.96 bn" in text
    assert "public money + 400 × Viable needs funded" in objective
    assert "an assumption" in objective
    assert "b (" not in text


def test_figures_have_three_digits_and_no_powers_of_ten():
    assert [figure(v) for v in (0.0, 12345.0, 0.01234, -5.0)] == ["0", "12,300", "0.0123", "-5.00"]
    assert figure(float("nan")) == "-"
