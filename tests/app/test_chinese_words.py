"""Chinese texts have one word for one thing; tables and lists have Chinese marks."""

import re

import pandas as pd
import pytest

from finmodel.report.number_names import number_name
from finmodel.report.views_policy import outcome_name, year_view
from finmodel.report.wording import Wording
from finmodel.report.workbook import readme_rows
from finmodel.ui.guidance_editor import early_note
from finmodel.ui.policy_results import of_job
from finmodel.variables import labels
from tests.stored_cases import comparison

EN, ZH = Wording("en"), Wording("zh", "yi")
ONE_WORD = {
    "民间资[本金]|社会资金": "社会资本",
    "十之八九": "九成",
    "蒙特卡": "模拟误差",
    "无谓损失": "本会发生的融资",
    "项目财政": "引导计划",
    "挤出": "转移",
}


@pytest.mark.parametrize("other", ONE_WORD)
def test_one_thing_has_one_word(other):
    texts = [(s, k, text["zh"]) for s, keys in labels().items() for k, text in keys.items()]
    assert [item for item in texts if re.search(other, item[2])] == []


def test_marks_between_chinese_words_are_chinese():
    assert outcome_name("gap_mcny", ZH) == "缺口（亿元）"
    assert outcome_name("gap_mcny", EN) == "Gap, bn CNY"
    rows = {name: [] for name in ("year", "name", "value", "se")}
    frame = pd.DataFrame(rows)
    assert not any("," in head for head in year_view(frame, ZH))
    assert "," not in number_name("clusters.strength.SH/integrated_circuits", ZH)


def test_a_workbook_says_which_of_its_words_are_as_written():
    for words, said in ((EN, "notes and other words of a scenario of your own"), (ZH, "您自己的")):
        assert any(said in text for _, text in readme_rows(comparison(), words))


def test_what_counts_as_early_is_named():
    assert early_note(["angel", "A"], Wording("en", names={"A": "A round"})) == (
        "Early here: angel, A round."
    )
    assert early_note(["angel", "A"], Wording("zh", names={"A": "A轮"})).endswith("angel、A轮。")


@pytest.mark.parametrize(("language", "title"), [("en", "More capital"), ("zh", "更多资本")])
def test_a_partial_result_names_its_policy_in_the_language(tmp_path, language, title):
    found = {"policies": {"aid": "More capital"}, "policies_zh": {"aid": "更多资本"}, "paths": 3}
    assert of_job(found, [], tmp_path, language)[0].titles == {"aid": title}
    del found["policies_zh"]
    assert of_job(found, [], tmp_path, language)[0].titles == {"aid": "More capital"}


def test_outcomes_have_names_of_their_own():
    for section in ("outcome", "public", "headline", "effect"):
        for language in ("en", "zh"):
            names = [text[language] for text in labels()[section].values()]
            assert len(names) == len(set(names)), section


def test_what_is_a_change_per_public_yuan_is_called_one():
    for section in ("convergence", "public", "effect_draws"):
        for key in ("change_per_public_yuan", "private_change_per_public_yuan"):
            text = labels()[section][key]
            assert "change in " in text["en"].lower()
            assert "变化" in text["zh"]
