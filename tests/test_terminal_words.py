"""`run` and `compare` in Chinese: the same numbers, no English left, English as it was."""

import re

import pandas as pd
import pytest

from finmodel.cli.progress import Bar
from finmodel.measure.tails import tail_table
from finmodel.report import headline, policy_headline, tail_sentence
from finmodel.variables import labels
from tests.conftest import ROOT, YRD
from tests.test_command_line import SETS, call
from tests.test_resume import left, stop_at

__all__ = ["stop_at"]

POLICIES = [ROOT / "scenarios" / f"policy_{name}.toml" for name in ("direct", "loan_guarantees")]
SECTIONS = ("progress", "terminal_run", "terminal_gap", "terminal_compare")
COMMANDS = {
    "run": ["run", YRD, *SETS, "--paths", 3],
    "compare": ["compare", YRD, *POLICIES, *SETS, "--paths", 3],
    "until": ["run", YRD, *SETS, "--paths", 64, "--until", "se(gap_rate) < 0.5"],
}
# What Chinese readers write so, too: names of options, terms, a title, and the goal as given.
KEPT = (
    r"Yangtze River Delta, baseline|`finmodel check`|--\w+|DPI|TVPI|IRR|LP|IPO|Hill|[A-C]轮"
    r"|se\([^)]*\)|gap_rate\w*|Logit"
)


IN_WORDS = ("9", "10", "1", "2", "24")  # as in "9 in 10 futures"


def numbers(text):
    """Numbers of an output in no order, without times and those that Chinese has words for."""
    timing = ("Simulated in", "模拟用时", "Found again", "沿用已有结果")
    lines = [line for line in text.splitlines() if not line.startswith(timing)]
    found = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", re.sub(r"/\S+", "", "\n".join(lines)))
    return sorted(number for number in found if number not in IN_WORDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_chinese_says_the_same_numbers_and_no_english(name, tmp_path):
    texts = {}
    for lang in ("en", "zh"):
        result = call(*COMMANDS[name], "--out", tmp_path, "--lang", lang)
        assert result.exit_code == 0, result.output
        texts[lang] = result.output
    plain = re.sub(KEPT, "", re.sub(r"/\S+", "", texts["zh"]))
    assert re.findall(r"[A-Za-z]{2,}", plain) == []
    assert not re.search(r"[\u4e00-\u9fff]", texts["en"].split("\n", 1)[1])
    assert numbers(texts["zh"]) == numbers(texts["en"])


def test_what_is_kept_of_an_interrupted_run_is_said_in_chinese(tmp_path, stop_at, monkeypatch):
    monkeypatch.setattr("finmodel.store.unfinished.EVERY_SECONDS", 0.0)
    monkeypatch.setattr("finmodel.store.unfinished.COST_FACTOR", 0.0)
    command = ["run", YRD, *SETS, "--paths", 12, "--out", tmp_path, "--lang", "zh"]
    stop_at(5)
    first = call(*command)
    assert first.exit_code == 130, first.output
    assert re.search(
        r"已中断：显示12条路径中的\d+条。已保留\d+/12条路径：再次运行同一命令即可继续。",
        first.output,
    )
    assert left(tmp_path)
    stop_at()
    assert re.search(r"已保留\d+/12条路径，从该处继续。", call(*command).output)


def test_a_bar_speaks_either_language_and_names_other_units_as_given(capsys):
    for language, advice, said in (
        ("en", "4 of 9 draws are kept: the same command goes on from there.", "Draws are not kept"),
        ("zh", "已保留4/9次抽样：再次运行同一命令即可继续。", "途中不保存抽样（full）"),
    ):
        bar = Bar(9, "draws", language)
        bar.not_kept("full")
        assert said in capsys.readouterr().err
        bar.kept(4)
        assert bar.advice == advice
    assert Bar(3, "markets").advice == "Nothing is stored."
    bar = Bar(3, "markets")
    bar.kept(1)
    assert bar.advice.startswith("1 of 3 markets are kept")


def test_a_market_without_needs_and_one_path_are_said_in_both():
    nothing = pd.DataFrame({"gap_rate_mcny": [float("nan")]})
    assert headline(nothing).startswith("No need of hard technology")
    assert headline(nothing, "zh").startswith("本情景中没有可行的硬科技需求")
    rows = tail_table([n % 5 for n in range(60)], [2.0] * 60, 5)
    both = pd.concat(rows.assign(measure="multiple", route=r) for r in ("all", "with_write_offs"))
    assert "2.00倍" in tail_sentence(both, "zh")
    assert "nan" not in tail_sentence(both, "zh")


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        (0.0, "the gap does not change.", "缺口没有变化。"),
        (10.0, "no change of the gap can be told", "无法与模拟误差区分"),
        (-900.0, "falls by 0.90±0.05 bn CNY a year, 45.0%.", "每年缩小0.90±0.05十亿元（45.0%）。"),
        (900.0, "rises by 0.90±0.05 bn CNY a year, 45.0%.", "每年扩大0.90±0.05十亿元（45.0%）。"),
    ],
)
def test_a_policy_is_told_in_both(change, en, zh):
    outcome = {"policy": "p", "region": "all", "outcome": "gap_mcny", "base": 2000.0}
    outcomes = pd.DataFrame([outcome | {"change": change, "change_se": 50.0}])
    parts = [{"policy": "p", "group": "all", "component": "gross", "effect_n": 0.0}]
    parts += [parts[0] | {"component": name} for name in ("deadweight", "substitution")]
    effects = pd.DataFrame(parts)
    assert en in policy_headline("p", outcomes, effects, {}, paths=100)
    assert zh in policy_headline("p", outcomes, effects, {}, "zh", paths=100)


def test_texts_have_the_same_holes():
    for section in SECTIONS:
        for key, texts in labels()[section].items():
            holes = [sorted(re.findall(r"{(\w+)", texts[lang])) for lang in ("en", "zh")]
            assert holes[0] == holes[1], (section, key)
