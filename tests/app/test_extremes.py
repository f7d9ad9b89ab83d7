"""An extreme is named only if it is told from zero, and with what it is not told from."""

import math

import pandas as pd
import pytest

from finmodel.report.captions import compare, flows, gap, memo, policy, studies
from finmodel.report.captions.extremes import furthest, is_apart
from finmodel.report.wording import Wording, is_told, reach

PATHS = 60
EN, ZH = Wording("en", paths=PATHS), Wording("zh", paths=PATHS)
NAMES = ["Anhui", "Jiangsu", "Shanghai", "Zhejiang"]


def changes(*values, n=PATHS):
    rows = [
        {
            "region": name,
            "name": name,
            "change": change,
            "se": error,
            "low": change - reach(n) * error,
            "high": change + reach(n) * error,
            "is_told": is_told(change, error, n),
        }
        for name, (change, error) in zip(NAMES, values, strict=False)
    ]
    return pd.DataFrame(rows)


UNTOLD = changes((1.0, 3.0), (0.5, 1.0), (0.2, 0.6), (-1.0, 1.0))
OPEN = changes((0.1, 0.6), (2.2, 0.6), (2.1, 0.6), (-0.05, 0.6))
SURE = changes((-3.0, 0.2), (5.0, 0.2), (2.0, 0.2), (0.1, 0.2))


@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        (UNTOLD, EN, "no rise is told from zero; no fall is told from zero. 0 of 4"),
        (UNTOLD, ZH, "没有增加可与零区分；没有减少可与零区分。4个变化中有0个"),
        (
            OPEN,
            EN,
            "rises most in Jiangsu (2.2 ± 0.6; not told from Shanghai, Anhui, 1 more); no fall",
        ),
        (OPEN, ZH, "增加最多的是Jiangsu（2.2 ± 0.6；与Shanghai、Anhui、另外1个无法区分）"),
        (SURE, EN, "rises most in Jiangsu (5.0 ± 0.2); falls most in Anhui (−3.0 ± 0.2). 3 of 4"),
        (SURE, ZH, "增加最多的是Jiangsu（5.0 ± 0.2）；减少最多的是Anhui（−3.0 ± 0.2）"),
    ],
)
def test_a_province_is_named_only_if_it_is_told(rows, words, said):
    assert said in policy.regions(rows, "funded_viable_n", words)


def test_of_what_should_fall_the_fall_is_named_first():
    said = policy.regions(SURE, "gap_n", EN)
    assert "a fall is good: falls most in Anhui (−3.0 ± 0.2); rises most in Jiangsu" in said
    assert "下降为好" in policy.regions(SURE, "gap_n", ZH)


def pairs_of(rows, told):
    names = [f"{i}" for i in range(len(rows) * (len(rows) - 1) // 2)]
    return pd.DataFrame({"name": names, "change": 1.0, "se": 1.0, "is_told": told})


@pytest.mark.parametrize(
    ("rows", "pairs", "words", "said"),
    [
        (UNTOLD[:2], None, EN, "no rise is told from zero. 0 of 2"),
        (UNTOLD[:2], None, ZH, "没有增加可与零区分。2个变化中有0个"),
        (changes((6, 1), (5.7, 1)), None, EN, "Anhui (6 ± 1; not told from Jiangsu), against no"),
        (changes((6, 1), (5.7, 1)), None, ZH, "增加最多的是Anhui（6 ± 1；与Jiangsu无法区分）"),
        # Errors of the pair itself are what tells two policies apart, where they are known.
        (changes((6, 1), (5.7, 1)), True, EN, "rises most with Anhui (6 ± 1), against no policy"),
        (changes((6, 1), (5.7, 1)), True, ZH, "与无政策相比，增加最多的是Anhui（6 ± 1）"),
        (changes((60, 1), (5, 1)), False, EN, "not told from Jiangsu"),
    ],
)
def test_a_policy_is_named_only_if_it_is_told(rows, pairs, words, said):
    found = None if pairs is None else pairs_of(rows, pairs)
    assert said in compare.against_base(rows, "funded_viable_n", words, found)


@pytest.mark.parametrize(
    ("words", "none", "one"),
    [(EN, "none of 3 differences", "b is 2 ± 1"), (ZH, "3个差异均无法", "b为2 ± 1")],
)
def test_the_widest_difference_is_named_only_if_it_is_told(words, none, one):
    rows = pd.DataFrame({"name": ["a", "b", "c"], "change": [9.0, 2.0, 1.0], "se": [9.0, 1.0, 1.0]})
    assert none in compare.between(rows.assign(is_told=False), "gap_n", words)
    assert one in compare.between(rows.assign(is_told=[False, True, False]), "gap_n", words)


def test_an_error_that_is_not_known_tells_nothing():
    known, unknown = changes((9.0, 0.1), (0.0, math.nan)).to_dict("records")
    assert not is_apart(known, unknown)
    assert furthest(changes((9.0, 0.1), n=1), 1, EN) == ""


@pytest.mark.parametrize("words", [EN, ZH])
def test_provinces_and_stages_say_what_the_extreme_is_not_told_from(words):
    def table(*rates):
        return pd.DataFrame(
            {
                "region": NAMES[: len(rates)],
                "stage": NAMES[: len(rates)],
                "gap_rate_mcny": rates,
                "gap_rate_mcny_se": 0.01,
                "gap_mcny": [1e5 * rate for rate in rates],
                "gap_mcny_se": 1e3,
            }
        )

    near = "not told from Jiangsu" if words is EN else "与Jiangsu无法区分"
    for said in (gap.by_region, memo.by_stage):
        assert near in said(table(0.20, 0.21, 0.9), words)
        assert near not in said(table(0.20, 0.5, 0.9), words)
        assert "not told" not in said(table(0.20, 0.21, 0.22), words)  # said of both ends at once


@pytest.mark.parametrize(("words", "near"), [(EN, "not told from that of 1"), (ZH, "另外1个方案")])
def test_the_largest_change_of_a_batch_is_one_that_is_told(words, near):
    def rows(*values):
        made = changes(*values).rename(columns={"change": "value"})
        return made.assign(is_change=True)

    said = studies.batch(rows((5.0, 1.0), (4.5, 1.0), (0.1, 0.2)), words, "x")
    assert "Anhui" in said
    assert near in said
    said = studies.batch(rows((9.0, 8.0), (4.5, 0.1), (0.1, 0.2)), words, "x")
    assert "Jiangsu" in said  # the first is larger, and is not told from zero
    assert near not in studies.batch(rows((5.0, 0.1), (0.5, 0.1)), words, "x")


@pytest.mark.parametrize(("words", "near"), [(EN, "not told from B"), (ZH, "与B无法区分")])
def test_who_keeps_most_at_home_is_told_from_the_next(words, near):
    def rows(error):
        return pd.DataFrame(
            {
                "from_name": ["A", "B", "A", "B"],
                "to_name": ["A", "B", "B", "A"],
                "value": [9.0, 8.9, 1.0, 1.1],
                "value_se": error,
                "share": [0.9, 0.89, 0.1, 0.11],
                "crosses": [False, False, True, True],
            }
        )

    assert near in flows.heat(rows(0.5), words)
    assert near not in flows.heat(rows(0.001), words)
