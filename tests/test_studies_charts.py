"""Charts and captions of studies: every state, both languages, numbers by hand."""

import math

import pandas as pd
import pytest

from finmodel.report import views_batch
from finmodel.report import views_studies as views
from finmodel.report.captions import studies as captions
from finmodel.report.charts import studies as charts
from finmodel.report.wording import Wording, reach

TOTAL = "Commitments to all new funds"
BOTH = pytest.mark.parametrize(
    "words", [Wording("en", "bn"), Wording("zh", "yi")], ids=["en", "zh"]
)


def batch(values, *, has_effects=True, scale=0.5, paths=200):
    units = pd.DataFrame(
        {
            "unit": range(len(values)),
            "scenario": "policy",
            "seed": 1,
            "paths": paths,
            "scale": scale,
            "point": pd.NA,
            "programmes.a.budget_mcny_pa": 5000.0,
            "capital.total_mcny_pa": [1000.0 * (k // 2 + 1) for k in range(len(values))],
            "digest": "",
            "status": "ok",
            "error": "",
        }
    )
    rows = pd.DataFrame({"unit": range(len(values)), "measure": "gap_mcny", "value": values})
    rows["se"] = 100.0
    tables = {"units": units, "results": rows}
    return tables | ({"effects": rows} if has_effects else {})


def test_sums_are_of_the_whole_market_and_units_are_told_apart():
    rows = views_batch.batch_rows(batch([-1000.0, 50.0]), "policy", "gap_mcny", Wording("en", "bn"))
    assert list(rows["value"]) == pytest.approx([-2.0, 0.1])
    assert rows["high"][0] == pytest.approx(-2.0 + reach(200) * 0.2)
    assert list(rows["is_told"]) == [True, False]
    assert list(rows["name"]) == [
        f"public money on offer: 5 bn CNY a year · {TOTAL}: 1 bn CNY a year #{unit}"
        for unit in (0, 1)
    ]


def test_the_rule_of_what_is_told_is_that_of_all_pages():
    """Two standard errors tell nothing, and few paths need more of them."""
    for value, paths, is_told in ((-210.0, 200, False), (-270.0, 200, True), (-270.0, 8, False)):
        tables = batch([value], paths=paths)
        rows = views_batch.batch_rows(tables, "policy", "gap_mcny", Wording("en", "bn"))
        assert bool(rows["is_told"][0]) == is_told
    alone = views_batch.batch_rows(
        batch([-900.0], paths=1), "policy", "gap_mcny", Wording("en", "bn")
    )
    assert not alone["is_told"][0]
    assert alone["low"][0] == alone["high"][0]  # one path has no error


def test_plans_are_named_in_chinese_too():
    rows = views_batch.batch_rows(batch([1.0, 2.0, 3.0]), "policy", "gap_mcny", Wording("zh", "yi"))
    assert rows["name"][2] == "财政出资：50亿元/年 · 新募基金认缴总额：20亿元/年"


def test_captions_of_a_batch_say_what_chance_would_do():
    words = Wording("en", "bn")

    def said(values, **changes):
        return captions.batch(
            views_batch.batch_rows(batch(values, **changes), "policy", "gap_mcny", words),
            words,
            "bn CNY",
        )

    assert "1 of 2 plans differ from the baseline" in said([-1000.0, 50.0])
    assert "by chance alone about 0.02 would. The largest change that is told is −2.0 (" in said(
        [-1000.0, 50.0]
    )
    assert said([10.0, 50.0]).startswith("None of 2 plans differs")
    assert "goes from 0.0200 to 0.100 bn CNY." in said([10.0, 50.0], has_effects=False)
    assert said([math.nan]) == "No plan of this scenario has this measure."


def test_the_summary_is_of_the_whole_market_or_has_no_sum():
    summary = pd.DataFrame(
        [{"scenario": "policy", "compared": 1, "measure": "gap_mcny", "n_units": 2, "mean": 500.0}]
    ).assign(se=50.0, sd_between=5.0)
    tables = batch([1.0, 2.0]) | {"summary": summary}
    row = views_batch.summary_rows(tables, "gap_mcny", {"policy": "P"}, Wording("en", "bn")).iloc[0]
    assert list(row)[3:] == [1.0, 0.1, 0.01]
    tables["units"] = tables["units"].assign(scale=[0.5, 1.0])
    row = views_batch.summary_rows(tables, "gap_mcny", {}, Wording("en", "bn")).iloc[0]
    assert math.isnan(row.iloc[3])


@BOTH
@pytest.mark.parametrize("values", [[], [1.0], [-9e9, 4.0, math.nan]])
def test_every_batch_can_be_drawn(words, values):
    rows = views_batch.batch_rows(batch(values), "policy", "gap_mcny", words)
    caption = captions.batch(rows, words, "u")
    spec = charts.intervals(rows, words, "t", "u", caption).to_dict()
    assert caption in spec["description"]
    assert len(views_batch.batch_view(rows, "u", words)) == len(rows)


def swings(*pairs):
    names = ["policy", "outcome", "unit", "name", "low", "high", "centre", "at_low", "at_high"]
    rows = [
        ("", "gap_mcny", "mcny", f"a.b{k}", 1.0, 2.0, 5e3, 5e3 - s, 5e3 + s, 2 * s, 100.0, told)
        for k, (s, told) in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=[*names, "swing", "swing_se", "is_told"])


@BOTH
@pytest.mark.parametrize(
    ("pairs", "word"),
    [
        ([], "No number"),
        ([(0.0, False)], "No number"),
        ([(20.0, False)], "No number moved alone is told"),
        ([(20.0, False), (-900.0, True)], "Moving “a.b1” from 1 to 2"),
    ],
)
def test_every_tornado_is_said_and_drawn(words, pairs, word):
    rows = views.tornado_rows({"tornado": swings(*pairs)}, "", "gap_mcny", words)
    caption = captions.tornado(rows, words, "u")
    assert words.language == "zh" or caption.startswith(word)
    if len(rows):
        assert caption in charts.tornado(rows, words, "t", "u", caption).to_dict()["description"]
        assert len(views.tornado_view(rows, "u", words, "t")) == len(rows)


def shares(*items):
    rows = [
        {"policy": "", "outcome": "x", "factor": f"f{k}", "is_told": told, "luck_share": 0.4}
        | {"total": s, "total_low": s - 0.2, "total_high": s + 0.2}
        | {"first": s / 2, "first_low": s / 2 - 0.2, "first_high": s / 2 + 0.2}
        for k, (s, told) in enumerate(items)
    ]
    names = ["policy", "outcome", "total", "factor"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=names)


@BOTH
@pytest.mark.parametrize(
    ("items", "word"),
    [
        ([], "No number"),
        ([(0.1, True), (math.nan, False)], "No factor's share is told from luck"),
        ([(0.3, True), (0.7, True)], "“f1” accounts for 70% of the variance with others (50% to"),
    ],
)
def test_every_set_of_shares_is_said_and_drawn(words, items, word):
    rows = views.index_rows(shares(*items), "", "x", words)
    caption = captions.indices(rows, words)
    assert words.language == "zh" or caption.startswith(word)
    if len(rows):
        spec = charts.intervals(rows, words, "t", "u", caption).to_dict()
        assert caption in spec["description"]


@BOTH
@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        (["within noise", "within noise"], "No rule of thumb differs"),
        (["better", "within noise"], "It beats r0 on luck"),
        (["worse", "better"], "It beats r1 on luck that the search has not seen. On luck"),
        ([], "No rule of thumb differs"),
    ],
)
def test_a_verdict_on_a_split_never_says_more_than_was_found(words, verdicts, word):
    rows = pd.DataFrame(
        {"name": [f"r{k}" for k in range(len(verdicts))], "verdict": verdicts}, dtype=object
    )
    said = captions.verdict(rows, words)
    assert words.language == "zh" or said.startswith(word)
    shown = pd.DataFrame({"key": ["w"], "split": ["W"], "cell": ["SH"], "percent": [60.0]})
    assert said in captions.splits(shown, "w", rows, words)
    assert charts.splits(shown, words, said).to_dict()


@BOTH
def test_a_frontier_counts_what_is_clearly_behind(words):
    rows = pd.DataFrame({"is_behind": [True, False], "kind": ["a", "b"]})
    for name in ("risk", "risk_low", "risk_high", "value", "low", "high"):
        rows[name] = 1.0
    caption = captions.frontier(rows, words)
    assert "1" in caption
    assert caption in charts.frontier(rows, words, "r", "w", caption).to_dict()["description"]
    assert captions.frontier(rows.head(0).iloc[:, :0], words)
