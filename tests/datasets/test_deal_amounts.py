"""Amounts in figures and in words, and what they are in constant yuan."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.datasets import read_table
from finmodel.datasets.deal_records.amounts import amount_of
from finmodel.datasets.deal_records.dates import day_of
from finmodel.datasets.deal_records.money import mcny_factor
from finmodel.datasets.deal_records.words import round_word, status_word

READ = {
    "5,000,000": (5e6, 5e6),
    "5000000.50": (5000000.5, 5000000.5),
    "1e6": (1e6, 1e6),
    "1.2亿": (1.2e8, 1.2e8),
    "3,000万": (3e7, 3e7),
    "3千万": (3e7, 3e7),
    "500萬元": (5e6, 5e6),
    "3千萬": (3e7, 3e7),
    "500w": (5e6, 5e6),
    "$3.5M": (3.5e6, 3.5e6),
    "US$ 2 billion": (2e9, 2e9),
    "数千万人民币": (2e7, 9e7),
    "一亿元": (1e8, 1e8),
    "三千万元人民币": (3e7, 3e7),
    "二十万元": (2e5, 2e5),
    "近两亿元": (1.6e8, 2e8),
    "数百万美元": (2e6, 9e6),
    "几十万元": (2e5, 9e5),
    "数亿元": (2e8, 9e8),
    "近亿元": (8e7, 1e8),
    "近5000万": (4e7, 5e7),
    "过亿": (1e8, 1.5e8),
    "上亿元人民币": (1e8, 2e8),
    "人民币5000万元": (5e7, 5e7),
    "5000万元人民币": (5e7, 5e7),
    "上亿元": (1e8, 2e8),
    "超1亿元": (1e8, 1.5e8),
    "1亿余元": (1e8, 1.5e8),
    "1000余万元": (1e7, 1.5e7),
    "1000万+": (1e7, 1.5e7),
    "亿元级": (1e8, 9e8),
    "千万级": (1e7, 9e7),
    "千万级人民币": (1e7, 9e7),
    "约2亿": (1.8e8, 2.2e8),
    "500-800万": (5e6, 8e6),
    "５００～８００万元": (5e6, 8e6),
    "8000万-1亿": (8e7, 1e8),
    "1亿至2亿元": (1e8, 2e8),
    "1亿元及以上": (1e8, 1.5e8),
}


@pytest.mark.parametrize("text", READ)
def test_words_and_figures(text):
    found = amount_of(text, "")
    found = found if not found.fault else amount_of(text, "CNY")
    assert found.fault == ""
    assert (found.low, found.high) == pytest.approx(READ[text])


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("数百万美元", "", "USD"),
        ("数百万美金", "美元", "USD"),
        ("500万", "人民币", "CNY"),
        ("500万元", "", "CNY"),
        ("￥500万", "CNY", "CNY"),
        ("HK$5m", "", "HKD"),
        ("€5m", "EUR", "EUR"),
        ("500万港币", "", "HKD"),
        ("5亿日元", "", "JPY"),
        ("500万新加坡元", "", "SGD"),
    ],
)
def test_currencies(text, currency, expected):
    found = amount_of(text, currency)
    assert (found.currency, found.fault) == (expected, "")


@pytest.mark.parametrize(
    "text", ["", "未透露", "未披露", "金额未透露", "undisclosed", "N/A", "-", "—"]
)
def test_undisclosed_amounts_are_no_fault(text):
    found = amount_of(text, "CNY")
    assert found.fault == ""
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_every_word_of_the_table_is_read_as_it_says():
    words = read_table("deals/amount_words")
    of = {role: words[words["role"] == role] for role in words["role"].unique()}
    for row in of["before"].to_dict("records"):
        found = amount_of(f"{row['word']}亿", "CNY")
        assert (found.low, found.high) == pytest.approx((row["low"] * 1e8, row["high"] * 1e8))
    for row in of["after"].to_dict("records"):
        found = amount_of(f"1亿{row['word']}", "CNY")
        assert (found.low, found.high) == pytest.approx((row["low"] * 1e8, row["high"] * 1e8))
    for row in of["unit"].to_dict("records"):
        assert amount_of(f"7{row['word']}", "CNY").low == pytest.approx(7 * row["low"])
    for role, rows in of.items():
        if role.startswith("currency:"):
            codes = {amount_of(f"7万{word}", "").currency for word in rows["word"]}
            assert codes == {role.removeprefix("currency:")}


def test_every_round_word_is_read_as_it_says():
    table = read_table("deals/round_words")
    for row in table.to_dict("records"):
        assert round_word(row["word"]) == (row["stage"], row["kind"], row["route"])
        assert (row["kind"] == "") == (row["route"] != "")


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("种子轮", "angel"),
        ("天使轮", "angel"),
        ("Pre-A轮", "angel"),
        ("pre a", "angel"),
        ("Ａ轮", "A"),
        ("A+轮", "A"),
        ("A轮融资", "A"),
        ("Series A", "A"),
        ("series-b", "B"),
        ("B 轮", "B"),
        ("c轮", "C"),
        ("series-c+", "C"),
        ("D轮", "pre_ipo"),
        ("E+轮", "pre_ipo"),
        ("Pre-IPO轮", "pre_ipo"),
        ("Pre-IPO", "pre_ipo"),
        ("E轮及以后", "pre_ipo"),
        ("Pre-Series A", "angel"),
        ("Series Seed", "angel"),
        ("天使輪", "angel"),
        ("A輪融資", "A"),
    ],
)
def test_stages_of_round_words(word, stage):
    assert round_word(word) == (stage, "equity", "")


ROUTES = {
    "IPO": "ipo",
    "上市": "ipo",
    "并购": "mna",
    "被并购": "mna",
    "M&A": "mna",
    "Acquisition": "mna",
    "股权转让": "transfer",
    "回购": "buyback",
    "清算": "write_off",
}


@pytest.mark.parametrize("word", ROUTES)
def test_routes_of_exit_words(word):
    assert round_word(word).route == ROUTES[word]


def test_status_words():
    assert [status_word(text) for text in ("运营中", "Closed", "已上市", "被收购", "", "??")] == [
        "operating",
        "closed",
        "ipo",
        "acquired",
        "",
        None,
    ]


DAYS = (
    "2021-03-01",
    "2021/3/1",
    "2021.3.1",
    "2021.03.01",
    "20210301",
    "2021年3月1日",
    "2021年03月01号",
    "２０２１-０３-０１",
    "2021-03-01 12:30",
    "2021-03-01T12:30:00+08:00",
)


@pytest.mark.parametrize("text", DAYS)
def test_forms_of_a_day(text):
    assert str(day_of(text).day) == "2021-03-01"
    assert not day_of(text).fault


def test_a_month_is_its_middle():
    for text in ("2021-03", "2021.03", "2021/3", "2021年3月"):
        assert (str(day_of(text).day), day_of(text).is_month) == ("2021-03-15", True)


def test_money_is_converted_at_the_year_s_rate_and_moved_to_the_price_year():
    """By hand: USD of 2013 at 6.14801, deflator 88.891 to 106.419."""
    currency, year = pd.Series(["USD", "CNY", "CNY"]), pd.Series([2013, 2013, 2022])
    factor = mcny_factor(currency, year, 2022)
    assert factor.to_numpy() * 1e6 == pytest.approx(
        [6.14801 * 106.419 / 88.891, 106.419 / 88.891, 1.0], rel=1e-6
    )


def test_deflators_are_what_nominal_and_real_gdp_say():
    table = read_table("prices/china_gdp_deflator").set_index("year")
    known = table.loc[:2023]
    ratio = 100 * known["gdp_nominal_bcny"] / known["gdp_real_bcny"]
    assert (known["deflator"] / ratio - 1).abs().max() < 5e-5
    assert table["deflator"][2024] / table["deflator"][2023] == pytest.approx(
        1.042 / 1.05, rel=1e-5
    )
    assert table["deflator"][2025] / table["deflator"][2024] == pytest.approx(1.04 / 1.05, rel=1e-5)


def test_rates_of_two_sources_meet():
    """The Federal Reserve's last year and the ECB's first differ by the yuan's 2-3 % a year."""
    usd = read_table("prices/exchange_rates").query("currency == 'USD'").set_index("year")
    step = usd["cny_per_unit"].pct_change()
    assert step.loc[2005:2008].between(-0.09, 0.0).all()
    assert list(usd.index) == list(range(1990, 2026))


@given(
    figure=st.floats(0.01, 9999.0).map(lambda x: round(x, 2)),
    unit=st.sampled_from(["", "万", "百万", "亿", "million", "k"]),
    before=st.sampled_from(["", "近", "超", "约", "不超过"]),
    after=st.sampled_from(["", "左右", "以上"]),
    money=st.sampled_from(["美元", "元", "人民币"]),
)
@settings(max_examples=200, deadline=None)
def test_intervals_hold_together(figure, unit, before, after, money):
    found = amount_of(f"{before}{figure}{unit}{after}{money}", "")
    assert found.fault == ""
    assert 0.0 < found.low <= found.high < 100 * max(found.low, 1e-9)
    assert found.currency == ("USD" if money == "美元" else "CNY")


@given(st.text(max_size=30), st.sampled_from(["", "CNY", "USD", "??"]))
@settings(max_examples=500, deadline=None)
def test_no_text_breaks_the_readers_of_cells(text, currency):
    found = amount_of(text, currency)
    assert math.isnan(found.low) == math.isnan(found.high)
    assert math.isnan(found.low) or 0.0 < found.low <= found.high
    day = day_of(text)
    assert (day.day is None) == (day.fault not in ("", "too_early"))
    round_word(text)
    status_word(text)


@pytest.mark.parametrize("text", ["三五千万", "一千五百万", "一亿两千万元", "一", "十五亿"])
def test_figures_in_words_beyond_one_digit_are_told_and_not_guessed(text):
    assert amount_of(text, "CNY").fault == "unreadable"
