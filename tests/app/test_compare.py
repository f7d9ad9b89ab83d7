"""Policies beside each other: differences, bounds of their errors, futures; the page."""

import math

import numpy as np
import pandas as pd
import pytest

from finmodel.report.captions import compare as captions
from finmodel.report.captions import policy as policy_captions
from finmodel.report.charts import policy as charts
from finmodel.report.charts.theme import title_lines
from finmodel.report.views_compare import (
    base_rows,
    changes_by_path,
    compare_view,
    future_rows,
    pair_rows,
)
from finmodel.report.views_policy import chain_rows, region_rows
from finmodel.report.wording import Wording, is_told, reach
from finmodel.ui.home import HOME_VARIABLE
from tests.app.opening import open_page

TITLES = {"a": "Plan A", "b": "Plan B"}


def outcomes(a=(5.0, 1.0), b=(4.0, 1.0), outcome="gap_n"):
    rows = [
        (policy, region, outcome, 100.0, change, error, change - 9, change + 9)
        for policy, (change, error) in (("a", a), ("b", b))
        for region in ("all", "SH")
    ]
    heads = ["policy", "region", "outcome", "base", "change", "change_se"]
    return pd.DataFrame(rows, columns=[*heads, "chance_q05", "chance_q95"])


def layers(a, b):
    rows = [
        (policy, "all", "treasury", path, value)
        for policy, values in (("a", a), ("b", b))
        for path, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["policy", "programme", "party", "path", "tvpi"])


def test_the_bound_of_a_difference_is_never_below_its_error():
    rng = np.random.default_rng(1)
    for rho in (-1.0, -0.5, 0.0, 0.9, 1.0):
        x = rng.normal(size=400)
        y = rho * x + math.sqrt(1 - rho**2) * rng.normal(size=400)
        own = [np.std(v, ddof=1) / 20 for v in (x, y)]
        base = base_rows(
            outcomes((x.mean(), own[0]), (y.mean(), own[1])), TITLES, "gap_n", Wording(), 400
        )
        pair = pair_rows(base, Wording(), 400).iloc[0]
        assert pair["change"] == pytest.approx((x - y).mean())
        assert pair["se"] >= np.std(x - y, ddof=1) / 20 - 1e-12


def test_a_difference_has_the_error_of_its_own_paths():
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    y = x + 0.1 * rng.normal(size=400) - 0.05
    own = [(v.mean() * 1e3, np.std(v, ddof=1) / 20 * 1e3) for v in (x, y)]
    table = pd.DataFrame({"policy": ["a"] * 400 + ["b"] * 400, "path": [*range(400)] * 2})
    table["gap_mcny"] = 1e3 * np.concatenate([x, y])
    words = Wording("en", "bn")
    base = base_rows(outcomes(*own, outcome="gap_mcny"), TITLES, "gap_mcny", words, 400)
    by_path = changes_by_path(table, TITLES, "gap_mcny", words)
    pair = pair_rows(base, words, 400, by_path).iloc[0]
    assert pair["change"] == pytest.approx((x - y).mean())
    assert pair["se"] == pytest.approx(np.std(x - y, ddof=1) / 20)
    assert pair["is_told"]
    assert not pair_rows(base, words, 400).iloc[0]["is_told"]


def test_futures_are_counted_in_pairs():
    rows = future_rows(layers([1.0, 2.0, 3.0, math.nan], [0.5, 2.0, 4.0, 1.0]), TITLES, Wording())
    row = rows.iloc[0]
    assert (row["n_more"], row["n_equal"], row["n"]) == (1, 1, 3)
    assert row["change"] == pytest.approx(-0.5 / 3)
    assert "in 1 of 3 futures" in captions.futures(rows, Wording())
    assert future_rows(layers([math.nan], [1.0]), TITLES, Wording()).empty


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("a", [(5.0, 1.0), (-8.0, 0.1), (0.5, 1.0), (math.nan, math.nan), (0, 0)])
@pytest.mark.parametrize("n", [1, 2, 60])
def test_every_state_is_drawn_and_told(language, a, n):
    words = Wording(language)
    base = base_rows(outcomes(a), TITLES, "gap_n", words, n)
    pairs = pair_rows(base, words, n)
    rows = region_rows(outcomes(a), "a", "gap_n", words, n, targets=set())
    told = [
        captions.against_base(base, "gap_n", words),
        captions.between(pairs, "gap_n", words),
        policy_captions.regions(rows, "gap_n", words),
        policy_captions.verdict(outcomes(a), "a", "gap_n", "A", words, n),
    ]
    assert all(text and "{" not in text and "nan" not in text for text in told)
    for frame in (base, pairs, rows):
        assert charts.changes(frame, "x", "t", words, told[0]).to_dict()["description"]
    assert len(compare_view(pairs, words, is_bound=True)) == 1


def test_what_is_told_needs_99_in_100_by_the_paths_there_are():
    assert reach(8) == pytest.approx(3.4995, abs=1e-3)
    assert not is_told(2.1, 1.0, 60)
    assert is_told(2.7, 1.0, 60)
    assert not is_told(2.7, 1.0, 8)
    assert not is_told(9.0, math.nan, 1)
    assert not is_told(0.0, 0.0, 60)


def test_the_chain_adds_up_and_without_support_is_said_so():
    parts = {"gross": 10.0, "deadweight": 7.0, "multiplier": 2.0, "net": 5.0}
    rows = [
        {"policy": "a", "group": "all", "component": name, "effect_n": value}
        | {f"effect_n_{end}": value for end in ("se", "q05", "q95")}
        for name, value in parts.items()
    ]
    frame = pd.DataFrame(rows)
    chain = chain_rows(frame, "a", "all", "n", Wording())
    assert list(chain["end"]) == [10.0, 3.0, 5.0, 5.0]
    assert "70%" in policy_captions.chain(chain, "n", Wording(), 60)
    assert charts.waterfall(chain, "n", Wording(), "c", 60).to_dict()
    none = chain_rows(frame, "b", "all", "n", Wording())
    assert "no financing" in policy_captions.chain(none, "n", Wording(), 60)


def app(**query):
    return open_page("compare", **query)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("mode", ["reader", "manager"])
def test_the_page_compares_the_published_policies(lang, mode, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    page = app(lang=lang, mode=mode, policies="policy_pro_rata,../x,policy_gap_weighted")
    assert not page.exception
    assert not page.error
    text = " ".join(caption.value for caption in page.caption)
    assert ("of 60 futures" if lang == "en" else "在60个未来中") in text


def test_charts_have_room_on_a_phone():
    """Titles and names of pairs break into lines, and bars do not start far from where they lie."""
    assert title_lines("Who gains, who loses: viable needs funded, a year on average") == [
        "Who gains, who loses: viable needs funded, a",
        "year on average",
    ]
    assert [len(line) for line in title_lines("谁" * 30)] == [23, 7]
    assert title_lines("谁" * 23 + "。") == ["谁" * 23 + "。"]
    base = base_rows(outcomes(), TITLES, "gap_n", Wording(), 20)
    pairs = pair_rows(base, Wording(), 20)
    spec = charts.changes(pairs, "x", "t" * 60, Wording(), "c").to_dict()
    assert "split" in spec["layer"][1]["encoding"]["y"]["axis"]["labelExpr"]
    assert " − " in pairs["name"].iloc[0]
    rows = pd.DataFrame(
        {
            "component": ["gross", "deadweight", "net"],
            "name": ["a", "b", "c"],
            "value": [100.0, -90.0, 10.0],
            "se": [1.0, 1.0, 1.0],
            "start": [0.0, 10.0, 0.0],
            "end": [100.0, 100.0, 10.0],
        }
    )
    spec = charts.waterfall(rows, "n", Wording(), "c", 200).to_dict()
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == 0.0
