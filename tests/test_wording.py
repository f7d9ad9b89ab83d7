"""Digits, units of money, names: in both languages."""

import math

import pandas as pd
import pytest

from finmodel.report.exports import csv_bytes, safe_text
from finmodel.report.wording import Wording


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (98752.3, 2852.1, "99,000"),
        (0.27263, 0.0072, "0.273"),
        (0.27263, math.nan, "0.273"),
        (1234.5, 0.0, "1,234"),
        (-0.04, 2.0, "0"),
        (-3.4, 0.5, "−3.4"),
        (0.0, math.nan, "0.00"),
        (math.nan, 1.0, "–"),
        (math.inf, 1.0, "–"),
    ],
)
def test_digits_end_where_the_error_begins(value, error, shown):
    assert Wording().number(value, error) == shown


def test_money_in_each_unit_is_the_same_money():
    assert Wording("en", "bn").money(98752.3, 2852.1) == "99 bn CNY"
    assert Wording("zh", "yi").money(98752.3, 2852.1) == "990亿元"
    assert Wording("en", "mcny").money(98752.3, 2852.1) == "99,000 million CNY"


def test_ranges_and_shares():
    assert Wording().share_span(0.1234, 0.4321) == "12 to 43%"
    assert Wording("zh").share_span(0.1234, 0.4321) == "12 至 43%"
    assert Wording().share(0.27263, 0.0072) == "27.3%"
    assert Wording().share_span(math.nan, 0.1) == "–"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert safe_text(text) == f"'{text}"
    out = csv_bytes(pd.DataFrame({text: [text], "n": [-1.5]})).decode("utf-8-sig")
    assert f"'{text[0]}" in out
    assert "-1.5" in out


def test_digits_that_are_noise_are_not_shown():
    words = Wording("en", "mcny")
    assert words.with_error(136_637.4, 4_286.0) == "137,000 ± 4,000"
    assert words.with_error(-2_809.0, 1_477.0) == "−3,000 ± 1,000"
    assert words.with_error(362.4, 14.2) == "360 ± 10"
    assert words.with_error(99.0, 150.0) == "100 ± 200"
    assert words.number(98_752.0) == "98,752"
