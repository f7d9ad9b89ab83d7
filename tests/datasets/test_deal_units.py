"""Units in the header of a column of money: they hold for every cell that names none."""

import pytest

from finmodel.datasets import read_table
from finmodel.datasets.deal_records.amounts import amount_of, header_unit
from tests.datasets.deal_files import entries, read

# What the cell says below 金额（万元）: ends in yuan, or the fault.
BELOW_TEN_THOUSANDS = {
    "500": (5e6, 5e6),
    "20000-30000": (2e8, 3e8),
    "约50000": (4.5e8, 5.5e8),
    "50000+": (5e8, 7.5e8),
    "5e4": (5e8, 5e8),
    "￥500": (5e6, 5e6),
    "5万": (5e4, 5e4),
    "1.2亿": (1.2e8, 1.2e8),
    "8000万-1亿": (8e7, 1e8),
    "50000元": "unit_conflict",
    "50000人民币": "unit_conflict",
    "500美元": "currency_conflict",
    "$500": "currency_conflict",
}


@pytest.mark.parametrize("text", BELOW_TEN_THOUSANDS)
def test_a_cell_without_a_unit_has_that_of_the_header(text):
    found, expected = amount_of(text, "CNY", "万元"), BELOW_TEN_THOUSANDS[text]
    if isinstance(expected, str):
        assert found.fault == expected
        return
    assert (found.fault, found.currency) == ("", "CNY")
    assert (found.low, found.high) == pytest.approx(expected)
    assert amount_of(text, "", "万元") == found


@pytest.mark.parametrize(
    ("text", "factor", "currency"),
    [
        ("", 1.0, ""),
        ("万元", 1e4, "CNY"),
        ("万美元", 1e4, "USD"),
        ("million", 1e6, ""),
        ("USD m", 1e6, "USD"),
        ("US$ million", 1e6, "USD"),
        ("in million CNY", 1e6, "CNY"),
        ("EUR", 1.0, "EUR"),
    ],
)
def test_units_in_brackets(text, factor, currency):
    assert header_unit(text) == (factor, currency)


@pytest.mark.parametrize("text", ["est.", "USD or CNY", "usd cny", "含债权"])
def test_brackets_that_hold_no_unit(text):
    assert header_unit(text) is None
    assert amount_of("5000000", "CNY", text).fault == "unit_unreadable"


def test_units_of_amounts_and_of_exit_values_are_their_own(tmp_path):
    head = "企业,日期,轮次,金额（万元）,币种,退出价值（亿元）"
    lines = [
        "甲,2022-03-01,A轮,20000-30000,CNY,",
        "甲,2022-09-01,并购,,CNY,5",
        "乙,2022-03-01,A轮,500,CNY,",
        "乙,2022-09-01,并购,30000,CNY,",
        "丙,2022-03-01,B轮,50000元,CNY,",
    ]
    book = read(tmp_path, *lines, head=head)
    rounds = book.rounds.set_index("firm")
    assert rounds.loc["甲", ["low_mcny", "high_mcny"]].tolist() == pytest.approx([200.0, 300.0])
    assert rounds.loc["乙", "amount_mcny"] == pytest.approx(5.0)
    assert book.exits.set_index("firm")["value_mcny"].to_dict() == pytest.approx(
        {"甲": 500.0, "乙": 300.0}
    )
    assert entries(book) == [(6, "amount", "altered", "amount_unit_conflict", "50000元")]


def test_a_cell_is_reported_as_it_stands_in_the_file(tmp_path):
    head = "firm,date,round,amount (est.),currency"
    book = read(tmp_path, "a,2022-03-01,A,5000000,CNY", head=head)
    expected = [(2, "amount", "altered", "amount_unit_unreadable", "5000000")]
    assert entries(book) == expected


WORDS_OF_TWO = {"more than": (1e8, 1.5e8), "at least": (1e8, 1.5e8), "up to": (5e7, 1e8)}


@pytest.mark.parametrize("words", WORDS_OF_TWO)
def test_words_of_two_parts_are_read(words):
    for text in (f"{words} 100m", f"{words} $100 million"):
        found = amount_of(text, "USD")
        assert (found.low, found.high) == pytest.approx(WORDS_OF_TWO[words])


def test_no_word_of_the_table_is_out_of_reach():
    table = read_table("deals/amount_words")
    for word in table.loc[table["role"] == "before", "word"]:
        assert amount_of(f"{word.replace('_', ' ')} 5m", "USD").fault == "", word
    for word in table.loc[table["role"] == "unit", "word"]:
        assert amount_of(f"5 {word.replace('_', ' ')}", "USD").fault == "", word


@pytest.mark.parametrize("text", ["$5m-$8m", "$5m to $8m", "500万美元-800万美元"])
def test_intervals_that_name_money_at_both_ends(text):
    found = amount_of(text, "")
    assert (found.low, found.high, found.currency) == (5e6, 8e6, "USD")


def test_intervals_of_two_currencies_are_not_read():
    assert amount_of("500万美元-800万元", "").fault == "currency_conflict"
