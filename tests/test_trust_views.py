"""What a result rests on and how the model fared: tables, sentences, the chart, both languages."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.report.captions.trust import evidence_caption, inputs_lead
from finmodel.report.number_names import number_name
from finmodel.report.source_words import sources_named
from finmodel.report.target_chart import chart_rows, ratio_chart, ratio_svg
from finmodel.report.validation import figure_text
from finmodel.report.views_trust import (
    evidence_view,
    in_words,
    inputs_view,
    matching,
    plain,
    range_text,
    source_lines,
    sources_view,
)
from finmodel.report.wording import minus
from tests.evidence_cases import target, targets
from tests.stored_cases import EN, NAN, ZH, run

INPUTS = run().tables["assumptions"]


@pytest.mark.parametrize("words", [EN, ZH])
def test_inputs_are_shown_with_range_grade_and_dotted_name(words):
    table = inputs_view(INPUTS, words)
    assert len(table) == len(INPUTS)
    first = list(table.iloc[0])
    assert first[0] == number_name("births.total_pa", words)
    assert first[0] in ("Firms born in all", "新设企业总数")
    assert table.iloc[:, 6].tolist() == list(INPUTS["name"])
    assert first[1] == "1,816"
    low, high = INPUTS.iloc[0][["low", "high"]]
    assert first[2] == range_text(low, high, words)
    assert range_text(1654.6, 1993.2, words) == words.text(
        "assumptions_page", "range", low="1,655", high="1,993"
    )
    assert first[4] == "B"
    assert range_text(NAN, NAN, words) == "–"
    assert "373" in inputs_lead(INPUTS, words)
    assert inputs_lead(INPUTS.iloc[:0], words)


def test_search_is_for_every_word_in_name_note_source_and_its_title():
    assert set(matching(INPUTS, "births.REGION", "all")["name"]) == {
        f"births.region_index.{code}" for code in ("SH", "JS", "ZJ", "AH")
    }
    assert "stages.A.milestone_rate_pa" in set(matching(INPUTS, "A轮 里程碑", "all", ZH)["name"])
    assert "stages.A.milestone_rate_pa" in set(matching(INPUTS, "milestones year", "all")["name"])
    by_title = matching(INPUTS, "science-innovation investment index", "all")
    assert by_title["source"].str.contains("S086").all()
    assert len(by_title) > 3
    assert matching(INPUTS, "no such thing at all", "all").empty
    none = matching(INPUTS, "anything", "A")
    assert none.empty
    assert "name" in none
    assert len(matching(INPUTS, "  ", "xx")) == len(INPUTS)


def test_grades_split_the_numbers():
    parts = [len(matching(INPUTS, "", letter)) for letter in ("A", "B", "C")]
    assert sum(parts) == len(INPUTS)
    assert parts[2] == (INPUTS["grade"] == "assumed").sum()


@settings(max_examples=15)
@given(text=st.text(max_size=20), letter=st.sampled_from(["all", "A", "B", "C"]))
def test_any_search_gives_some_of_the_numbers(text, letter):
    found = matching(INPUTS, text, letter)
    assert set(found["name"]) <= set(INPUTS["name"])


@given(value=st.floats(-1e9, 1e9, allow_subnormal=False))
def test_a_shown_number_reads_back(value):
    assert float(plain(value)) == pytest.approx(value, rel=1e-5, abs=1e-300)


def test_sources_of_a_number_are_told_in_full():
    own = INPUTS[INPUTS["name"] == "births.region_index.AH"]
    lines = source_lines(own, EN)
    assert [line[:4] for line in lines] == ["S086", "S088"]
    assert "B paper or data house" in lines[0]
    assert source_lines(own.assign(source="assumption"), EN) == []
    assert "not in the list" in source_lines(own.assign(source="NOWHERE"), EN)[0]
    assert list(sources_view(own, ZH).iloc[:, 0]) == ["S086", "S088"]


@pytest.mark.parametrize("words", [EN, ZH])
def test_evidence_keeps_its_order_and_says_what_was_fitted(words):
    table = evidence_view(targets(), words)
    assert [str(name)[-3:] for name in table.iloc[:2, 0]] == ["far", "ney"]
    yes, no = (words.text("validation_page", key) for key in ("yes", "no"))
    assert list(table[words.text("validation_page", "used")]) == [no] * 5 + [yes, no]
    money = table.iloc[1, 2]
    assert words.money_unit in money
    assert ("5.00" if words is EN else "50.0") in money
    assert table.iloc[4, 2] == "–"
    signs = [words.text("validation_page", key) for key in ("negative", "positive")]
    assert list(table.iloc[2, 1:3]) == signs
    assert evidence_view(targets().iloc[:0], words).empty


def test_the_caption_counts_misses_and_names_the_farthest():
    test = targets()[targets()["part"] == "test"]
    assert evidence_caption(test, EN).startswith("2 of 5 figures are outside, 1 inside")
    assert '"Figure far", 7.0 errors' in evidence_caption(test, EN)
    assert "指标far" in evidence_caption(test, ZH)
    fitted = targets()[targets()["part"] == "fit"]
    assert evidence_caption(fitted, EN).startswith("1 of 1 figures are inside and none")
    assert evidence_caption(fitted.iloc[:0], ZH) == "没有此类指标。"


def test_a_missed_sign_has_no_distance_to_tell():
    row = target("way", "outside", unit="sign", distance=NAN, value=1.0, evidence=-1.0)
    assert "–" in evidence_caption(pd.DataFrame([row], columns=targets().columns), EN)


def test_misses_differ_from_hits_by_shape_too():
    chart = ratio_chart(targets(), "en", "words")
    spec = chart.to_dict()
    assert spec["description"] == "words"
    shapes = [layer["encoding"].get("shape") for layer in spec["layer"]]
    assert [shape["scale"]["range"] for shape in shapes if shape] == [["circle", "diamond"]]
    assert list(chart_rows(targets(), "en")["is_inside"]) == [False, False, True, True, False]


def test_without_a_ratio_there_is_no_chart():
    only = targets()[targets()["target"] == "direction"]
    assert ratio_chart(only, "zh") is None
    assert ratio_svg(only, "zh") == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_of_a_page_s_chart_are_whole_and_fit_their_rows(language):
    long = "Further private money per public yuan that was put at risk"
    made = targets().assign(label_en=long, label_zh="每元财政资金新增社会资本的一个很长很长的名称")
    spec = ratio_chart(made, language, "", "container", "Heading").to_dict()
    axis = spec["layer"][0]["encoding"]["y"]["axis"]
    names = {row["label"] for rows in spec["datasets"].values() for row in rows if "label" in row}
    lines = [line for name in names for line in name.split("\n")]
    assert len(lines) > 1
    wide = max(sum(1 if letter.isascii() else 2 for letter in line) for line in lines)
    assert 5.6 * wide <= axis["labelLimit"]
    assert spec["height"]["step"] >= 14 * len(lines)
    assert spec["title"] == ["Heading"]


def test_numbers_in_words_have_separators_and_a_minus_sign():
    assert (in_words(-0.425), in_words(17727.0)) == ("−0.425", "17,727")
    assert figure_text(17727.0, "n") == "17,727"
    assert figure_text(-0.106, "share") == "−10.6%"
    assert minus("-0.9±1.6, -4.9 to 3.2; 2017-2021; --set a=-1") == (
        "−0.9±1.6, −4.9 to 3.2; 2017-2021; --set a=-1"
    )


@pytest.mark.parametrize(("words", "said"), [(EN, "set by the user"), (ZH, "由用户设定")])
def test_a_number_of_the_user_has_a_source_with_a_name(words, said):
    own = INPUTS.head(2).assign(source=["user", "NOWHERE"])
    titles = dict(zip(*(sources_named(own, words)[c] for c in ("source_id", "title")), strict=True))
    assert titles["user"] == said
    assert titles["NOWHERE"] == words.text("assumptions_page", "unknown_source")
    assert said in sources_view(own, words).iloc[:, 1].tolist()
    assert f"user: {said}" in source_lines(own, words)
