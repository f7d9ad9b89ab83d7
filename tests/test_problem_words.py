"""What readers of records say is wrong, in Chinese: every text of theirs is in the catalogue."""

import ast
import re

import pytest

from finmodel.errors import Problem
from finmodel.report.problem_words import PARTS, is_known, problem_words
from finmodel.variables import labels
from tests.conftest import ROOT

READERS = (
    "datasets/position_cells.py",
    "datasets/positions.py",
    "datasets/position_history.py",
    "datasets/user_csv.py",
    "fund/clock.py",
    "fund/past_money.py",
)
NOT_OF_RECORDS = {"a file", "a name that is free", "a place to write", "template"}
"""Of writing an empty form."""
FREE = re.compile(r"[?\s'()]*|[?]+ row [?]+|[?]+: [?]+")
"""Values alone: what a cell holds, what the system says, a file."""


def text_of(node):
    """Return the text of a node with ``?`` for what varies, None if it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "?" for part in node.values]
        return "".join(map(str, parts))
    if isinstance(node, ast.IfExp):
        return text_of(node.body)
    return None


def said_by(tree):
    """Yield part and text of every problem that a module can note."""
    named = {}
    calls = {
        "Problem": ("place", "given", "allowed"),
        "blame": (None, "allowed"),
        "number": (None, None, None, "allowed"),
        "_day": (None, "place"),
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
        if isinstance(node, ast.FunctionDef) and node.name == "blame":
            names = [arg.arg for arg in node.args.args if arg.arg != "self"]
            calls["blame"] = tuple(name if name in PARTS else None for name in names)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        for part, arg in zip(calls.get(name, ()), node.args, strict=False):
            nodes = named.get(arg.id, []) if isinstance(arg, ast.Name) else [arg]
            for found in map(text_of, nodes):
                if part and found:
                    yield part, found


@pytest.mark.parametrize("file", READERS)
def test_every_text_of_the_readers_is_in_the_catalogue(file):
    tree = ast.parse((ROOT / "finmodel" / file).read_text(encoding="utf-8"))
    found = set(said_by(tree))
    assert found
    unknown = [
        (part, text)
        for part, text in sorted(found)
        if not FREE.fullmatch(text) and text not in NOT_OF_RECORDS and not is_known(part, text)
    ]
    assert not unknown


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            ("a.csv row 3, column date", "'31.12.2024'", "a date YYYY-MM-DD"),
            ("a.csv 第3行，date列", "'31.12.2024'", "日期，格式YYYY-MM-DD"),
        ),
        (
            (
                "a.csv row 4, column amount_mcny",
                "'=1+1'",
                "million CNY, above 0 and at most 10,000; a formula is not read, save its value",
            ),
            (
                "a.csv 第4行，amount_mcny列",
                "'=1+1'",
                "百万元，大于0且不超过10,000；不读取公式，请保存为数值",
            ),
        ),
        (
            ("--as-of", "'x'", "a date YYYY-MM-DD"),
            ("截至日（--as-of）", "'x'", "日期，格式YYYY-MM-DD"),
        ),
        (
            ("a.csv", "2,000,000 bytes", "at most 1 bytes"),
            ("a.csv", "2,000,000字节", "不超过1字节"),
        ),
        (("a.csv", "who knows", "something new"), ("a.csv", "who knows", "something new")),
    ],
)
def test_problems_are_said_in_chinese_and_what_is_not_known_stays(problem, said):
    told = problem_words(Problem(*problem, "near"), "zh")
    assert (told.place, told.given, told.allowed, told.nearest) == (*said, "near")
    assert problem_words(Problem(*problem), "en") == Problem(*problem)


def test_what_a_cell_holds_cannot_break_a_sentence():
    told = problem_words(Problem("{x}.csv row {0}, column {share}", "{}", "one of {a}, b"), "zh")
    assert told.place == "{x}.csv 第{0}行，{share}列"
    assert told.allowed == "以下之一：{a}, b"


def test_sentences_of_problems_have_no_english_words_in_chinese():
    for part in ("place", "given", "allowed"):
        for key, texts in labels()[f"problem_{part}"].items():
            assert re.search("[\u4e00-\u9fff]", texts["zh"]), key
