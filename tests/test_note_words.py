"""Notes, questions and reasons: each that is shipped has a Chinese text with the same figures."""

import json
import re
import tomllib
from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest

from finmodel.report.note_words import SECTIONS, note_words
from finmodel.report.sensitivity_choices import objective_sentence
from finmodel.report.sensitivity_page import sensitivity_page
from finmodel.report.validation import cautions, table_rows
from finmodel.report.views_trust import evidence_view, inputs_view, matching
from finmodel.report.workbook import _inputs
from finmodel.variables import labels
from tests.conftest import ROOT
from tests.evidence_cases import targets
from tests.stored_cases import EN, ZH, run

KEYS = ("note", "question", "reason")
EVIDENCE = ("note", "population", "error_basis")
CATALOGUE = {
    f"{section}.{key}": text
    for section, texts in labels().items()
    if section.startswith(SECTIONS)
    for key, text in texts.items()
}
INPUTS = run().tables["assumptions"]
OWN = "From a talk with a banker."

NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(?: (bn|billion|m|million)\b|(亿|万))?")
SCALE = {"bn": 1000, "billion": 1000, "m": 1, "million": 1, "亿": 100, "万": Decimal("0.01")}
PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
NAME = re.compile(r"[A-Za-z]\w*(?:[./]\w+)+|[A-Za-z]+(?:_\w+)+|\b[A-Z]+\d+\b")
SAME_UNIT = re.compile(r"(\d[\d.]*) (to|of) (?=\d[\d.]* bn)")
BARE = {
    "(45.001, 21.501, 22.501)": "(45.001 bn, 21.501 bn, 22.501 bn)",
    "September": "9",
    "March": "3",
    " Q4": " 4",
}
"""What the English has without its unit, or as a word, where the Chinese has a figure."""


def written(node):
    """Yield every note, question and reason of a tree."""
    for key, item in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(item, dict | list):
            yield from written(item)
        elif key in KEYS and isinstance(item, str) and item:
            yield item


def of_scenarios():
    texts = set()
    for path in (ROOT / "scenarios").rglob("*.toml"):
        texts |= set(written(tomllib.loads(path.read_text(encoding="utf-8"))))
    return texts


def of_evidence():
    table = pd.read_csv(ROOT / "data" / "evidence" / "targets.csv", dtype=str).fillna("")
    return {text for column in EVIDENCE for text in table[column]} - {""}


def lacking(texts):
    known = {text["en"] for text in CATALOGUE.values()}
    return sorted(set(texts) - known)


def figures(text):
    """Return how often each figure stands in a text, money in million CNY."""
    return Counter(
        Decimal(number.replace(",", "")) * SCALE.get(english or chinese, 1)
        for number, english, chinese in NUMBER.findall(text)
    )


def unlike(en, zh):
    """Return the figures, shares in per cent and names that one text has and the other lacks."""
    for word, figure in BARE.items():
        en = en.replace(word, figure)
    en = SAME_UNIT.sub(r"\1 bn \2 ", en)
    here, there = figures(en), figures(zh)
    names = [name for name in NAME.findall(en) if name not in zh]
    shares = Counter(PERCENT.findall(en)) - Counter(PERCENT.findall(zh))
    return [*(here - there), *(there - here), *shares, *names]


def test_whatever_shipped_scenarios_say_is_said_in_chinese():
    assert len(of_scenarios()) > 400
    assert lacking(of_scenarios()) == []


def test_whatever_is_told_of_the_evidence_is_said_in_chinese():
    assert lacking(of_evidence()) == []


def test_whatever_published_results_say_is_said_in_chinese():
    texts = set()
    for name, columns in (("assumptions", KEYS), ("targets", EVIDENCE)):
        for path in (ROOT / "published").rglob(f"{name}.parquet"):
            table = pd.read_parquet(path)
            texts |= {text for column in set(columns) & set(table) for text in table[column]}
    for path in (ROOT / "published").rglob("manifest.json"):
        texts |= set(written(json.loads(path.read_text(encoding="utf-8"))))
    assert lacking(texts - {""}) == []


def test_no_text_is_kept_that_nothing_says():
    code = (ROOT / "finmodel" / "study" / "validate.py").read_text(encoding="utf-8")
    said = of_scenarios() | of_evidence()
    for name, text in CATALOGUE.items():
        of_code = name.startswith(f"{SECTIONS}left_out.") and f'"{text["en"]}"' in code
        assert text["en"] in said or of_code, name
    assert len({text["en"] for text in CATALOGUE.values()}) == len(CATALOGUE)


def test_the_chinese_has_the_figures_and_names_of_the_english():
    wrong = {name: unlike(text["en"], text["zh"]) for name, text in CATALOGUE.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    for name, text in CATALOGUE.items():
        assert re.search(r"[\u4e00-\u9fff]", text["zh"]), name
        assert text["en"].endswith((".", "?")) == text["zh"].endswith(("。", "？")), name


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("Fell by 36 % in 2022.", "2022年下降63%。"),
        ("Fell by 36 % in 2022.", "2022年下降36。"),
        ("Three funds, 100 bn (2024).", "三只基金，100亿元（2024年）。"),
        ("CNY 30 m a firm.", "单户30万元。"),
        ("CNY 5 to 40 bn.", "5亿至400亿元。"),
        ("Rises (S060).", "上升。"),
        ("See docs/fit.md.", "见文档。"),
        ("Rises.", "上升5%。"),
    ],
)
def test_a_figure_or_name_that_is_not_the_same_is_found(en, zh):
    assert unlike(en, zh)


def test_converted_money_is_the_same_money():
    assert unlike("CNY 5 to 40 bn, 1.96 bn of 4.9 bn.", "50亿至400亿元，49亿元中的19.6亿元。") == []
    assert unlike("CNY 30 m, CNY 500 million.", "3000万元，5亿元。") == []


def test_a_text_of_somebody_s_own_stays_and_is_said_to_be_english():
    assert note_words(OWN, "en") == OWN
    assert note_words(OWN, "zh") == f"（英文原文）{OWN}"
    assert note_words("{x} {0}", "zh") == "（英文原文）{x} {0}"
    for text in ("", "12 %", "本地银行的说法，见 report.pdf"):
        assert note_words(text, "zh") == text
    assert note_words("Usual term.", "en") == "Usual term."
    assert note_words("Usual term.", "zh") == "惯例存续期。"


def test_numbers_have_their_notes_in_the_language_and_are_found_by_them():
    inputs = INPUTS.assign(note=[OWN, *INPUTS["note"][1:]])
    assert inputs_view(inputs, EN).iloc[:, -1].tolist() == inputs["note"].tolist()
    shown = inputs_view(inputs, ZH).iloc[:, -1]
    assert shown[0] == f"（英文原文）{OWN}"
    assert not shown[1:].str.contains("英文").any()
    found = [matching(INPUTS, said, "all", ZH) for said in ("惯例存续期", "usual term WITH")]
    assert len(found[0]) >= 5
    assert set(found[0]["name"]) == set(found[1]["name"])
    assert matching(INPUTS, "惯例存续期", "all", EN).empty
    assert _inputs(inputs, ZH)["note"].tolist() == shown.tolist()
    assert _inputs(inputs, EN)["note"].tolist() == inputs["note"].tolist()


def test_evidence_has_its_words_in_the_language():
    told = {"note": "Read off a chart.", "population": "US seeds 2009", "error_basis": "none"}
    table = targets().assign(**told)
    chinese = {"note": "由图表读取。", "population": "2009年美国种子轮", "basis": "无"}
    assert set(chinese.values()) <= {str(cell) for cell in evidence_view(table, ZH).iloc[0]}
    assert set(told.values()) <= {str(cell) for cell in evidence_view(table, EN).iloc[0]}
    assert table_rows(table, "zh")[0].items() >= chinese.items()
    reasons = {"what": ["guidance"], "reason": ["no paths of policies were asked for"]}
    said = cautions({"left_out": pd.DataFrame(reasons)}, {"scale": 1.0}, "zh")
    assert "未要求运行政策情景的路径" in said[0]


def test_a_plan_s_note_and_question_are_said_in_the_language():
    (path,) = (ROOT / "published" / "sensitivities").glob("*/manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert "CNY 50 million" in objective_sentence(manifest, "en")
    assert "5000万元" in objective_sentence(manifest, "zh")
    assert "英文" not in objective_sentence(manifest, "zh")
    tables = {item.stem: pd.read_parquet(item) for item in path.parent.glob("*.parquet")}
    assert "哪些未知数决定长三角的资金缺口" in sensitivity_page(manifest, tables, "zh")
