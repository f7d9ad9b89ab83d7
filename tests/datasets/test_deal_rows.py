"""Broken rows in a file that is otherwise fine: each is reported as it should be, none is lost."""

import pytest

from tests.datasets.deal_files import GOOD, HEAD, entries, read

ASIDE, ALTERED = "set_aside", "altered"

SET_ASIDE = {
    "day that is not": (",2022-02-30,A,1e6,CNY", "date", "impossible_date", "2022-02-30"),
    "month that is not": (",2022-13-01,A,1e6,CNY", "date", "impossible_date", "2022-13-01"),
    "future": (",2031-01-01,A,1e6,CNY", "date", "future_date", "2031-01-01"),
    "day first": (",25/03/2021,A,1e6,CNY", "date", "ambiguous_date", "25/03/2021"),
    "day or month first": (",03/04/2021,A,1e6,CNY", "date", "ambiguous_date", "03/04/2021"),
    "two-digit year": (",21-3-1,A,1e6,CNY", "date", "ambiguous_date", "21-3-1"),
    "October or January": (",2021.1,A,1e6,CNY", "date", "ambiguous_date", "2021.1"),
    "serial number": (",44256,A,1e6,CNY", "date", "serial_date", "44256"),
    "year alone": (",2021,A,1e6,CNY", "date", "year_only", "2021"),
    "year alone, Chinese": (",2021年,A,1e6,CNY", "date", "year_only", "2021年"),
    "words for a date": (",last spring,A,1e6,CNY", "date", "no_date_form", "last spring"),
    "hashes for a date": (",########,A,1e6,CNY", "date", "no_date_form", "########"),
    "a century off": (",1021-03-01,A,1e6,CNY", "date", "too_early", "1021-03-01"),
    "no date": (",,A,1e6,CNY", "date", "no_date", ""),
    "formula for a date": (",=TODAY(),A,1e6,CNY", "date", "formula", "=TODAY()"),
    "negative": (",2021-03-01,A,-5000000,CNY", "amount", "negative_amount", "-5000000"),
    "negative in words": (",2021-03-01,A,-1.2亿,CNY", "amount", "negative_amount", "-1.2亿"),
    "negative of accounts": (
        ",2021-03-01,A,(5000000),CNY",
        "amount",
        "negative_amount",
        "(5000000)",
    ),
    "negative and a currency": (",2021-03-01,A,-$5m,USD", "amount", "negative_amount", "-$5m"),
}

AMOUNT_ALTERED = {
    "formula": ("=1+1", "CNY", "amount_formula"),
    "formula that runs": ("=cmd|'/C calc'!A0", "CNY", "amount_formula"),
    "at sign": ("@SUM(1;2)", "CNY", "amount_formula"),
    "zero": ("0", "CNY", "amount_zero"),
    "percentage": ("5%", "CNY", "amount_percent"),
    "full-width percentage": ("5％", "CNY", "amount_percent"),
    "European": ('"1.234.567,89"', "EUR", "amount_separator"),
    "decimal comma": ('"1234,5"', "EUR", "amount_separator"),
    "Swiss": ("1'234'567", "CHF", "amount_separator"),
    "Indian": ('"12,34,567"', "USD", "amount_separator"),
    "another currency": ("500万美元", "CNY", "amount_currency_conflict"),
    "two currencies": ("$500万人民币", "", "amount_currency_conflict"),
    "no currency": ("5000000", "", "amount_no_currency"),
    "words": ("a lot", "CNY", "amount_unreadable"),
    "two amounts": ("500万/700万", "CNY", "amount_unreadable"),
    "interval upside down": ("800-500万", "CNY", "amount_unreadable"),
    "infinite": ("1e99999", "CNY", "amount_unreadable"),
    "not a number": ("inf", "CNY", "amount_unreadable"),
    "unit slip down": ("12", "CNY", "amount_too_small"),
    "unit slip up": ("2600000000000", "USD", "amount_too_large"),
}


@pytest.mark.parametrize("name", SET_ASIDE)
def test_rows_set_aside(tmp_path, name):
    line, column, reason, given = SET_ASIDE[name]
    book = read(tmp_path, GOOD, f"Bad{line}", GOOD.replace("Good", "Other"))
    assert entries(book) == [(3, column, ASIDE, reason, given)]
    assert list(book.rounds["firm"]) == ["Good", "Other"]
    assert (book.report.n_read, book.report.n_kept, book.report.n_set_aside) == (3, 2, 1)


@pytest.mark.parametrize("name", AMOUNT_ALTERED)
def test_amounts_not_understood_are_undisclosed_and_said(tmp_path, name):
    amount, currency, reason = AMOUNT_ALTERED[name]
    book = read(tmp_path, GOOD, f"Bad,2021-04-01,B轮,{amount},{currency}")
    assert entries(book) == [(3, "amount", ALTERED, reason, amount.strip('"'))]
    bad = book.rounds.set_index("firm").loc["Bad"]
    assert bad["stage"] == "B"
    assert bad[["amount_mcny", "low_mcny", "high_mcny"]].isna().all()
    assert (book.report.n_read, book.report.n_kept, book.report.n_set_aside) == (2, 2, 0)


OTHER = {
    "unknown currency": (
        "Bad,2021-03-01,A,1e6,DOGE",
        [(3, "currency", ALTERED, "amount_unknown_currency", "DOGE")],
    ),
    "unknown round": (
        "Bad,2021-03-01,Ω轮,1e6,CNY",
        [(3, "round", ALTERED, "unknown_round", "Ω轮")],
    ),
    "no round": ("Bad,2021-03-01,,1e6,CNY", [(3, "round", ALTERED, "unlabelled_round", "")]),
    "unlabelled": (
        "Bad,2021-03-01,战略融资,1e6,CNY",
        [(3, "round", ALTERED, "unlabelled_round", "战略融资")],
    ),
    "month alone": ("Bad,2021-03,A,1e6,CNY", [(3, "date", ALTERED, "month_only", "2021-03")]),
    "merged cells": (",2021-03-01,A,1e6,CNY", [(3, "firm", ASIDE, "no_firm", "")]),
    "blank firm": (" \u3000,2021-03-01,A,1e6,CNY", [(3, "firm", ASIDE, "no_firm", "")]),
    "formula for a firm": (
        "=HYPERLINK(0),2021-03-01,A,1e6,CNY",
        [(3, "firm", ASIDE, "formula", "=HYPERLINK(0)")],
    ),
    "too many cells": (
        "Bad,2021-03-01,A,1,000,000,CNY",
        [(3, "line", ASIDE, "too_many_cells", "Bad, 2021-03-01, A, 1, 000, 000, CNY")],
    ),
    "header again": (
        HEAD,
        [(3, "line", ASIDE, "repeated_header", "firm, date, round, amount, currency")],
    ),
    "note below": ("# as told by phone", [(3, "line", ASIDE, "note_below", "# as told by phone")]),
    "repeated": (
        "Good,2021-03-04,A轮,500万,CNY",
        [(3, "amount", ASIDE, "duplicate", "500万")],
    ),
    "other spelling": (
        "ＧＯＯＤ,2022-03-04,B轮,500万,CNY",
        [(3, "firm", ALTERED, "other_spelling", "ＧＯＯＤ")],
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_rows(tmp_path, name):
    line, expected = OTHER[name]
    book = read(tmp_path, GOOD, line)
    assert entries(book) == expected
    n_aside = sum(item[2] == ASIDE for item in expected)
    assert (book.report.n_read, book.report.n_kept) == (2, 2 - n_aside)


def test_points_may_be_thousands_where_another_cell_shows_it(tmp_path):
    book = read(tmp_path, GOOD, "B,2021-03-01,A,1.234百万,EUR", "C,2021-03-01,A,1.234.567,EUR")
    assert [item[3] for item in entries(book)] == ["amount_separator", "amount_separator"]
    alone = read(tmp_path, GOOD, "B,2021-03-01,A,1.234百万,EUR")
    assert entries(alone) == []


def test_years_without_rate_or_index_leave_the_round_and_not_the_amount(tmp_path):
    lines = ("A,1985-03-01,A,1e7,USD", "B,1995-03-01,A,1e7,SGD", "C,1995-03-01,A,1e7,USD")
    book = read(tmp_path, *lines)
    assert [(item[0], item[3]) for item in entries(book)] == [
        (2, "amount_no_rate"),
        (3, "amount_no_rate"),
    ]
    assert list(book.rounds["amount_mcny"].notna()) == [False, False, True]


def test_spaces_full_width_digits_and_clock_times_are_read(tmp_path):
    book = read(
        tmp_path,
        "  Ａ  公司 ,２０２１－０３－０１, Ａ 轮 ,５，０００，０００,ＣＮＹ",
        "B,2021-03-01 00:00:00,a轮融资,5 000 000,cny",
        "C,2021-03-01T10:20:30Z,Series A,¥5M,",
    )
    assert entries(book) == []
    assert list(book.rounds["firm"]) == ["A 公司", "B", "C"]
    assert set(book.rounds["stage"]) == {"A"}
    assert book.rounds["amount_mcny"].nunique() == 1
    assert set(book.rounds["date"].dt.strftime("%Y-%m-%d")) == {"2021-03-01"}


def test_a_later_round_of_a_stage_reached_is_kept(tmp_path):
    book = read(
        tmp_path,
        "X,2020-01-01,A轮,500万,CNY",
        "X,2020-06-01,A+轮,500万,CNY",
        "X,2020-09-01,天使轮,500万,CNY",
    )
    assert entries(book) == []
    assert list(book.rounds["stage"]) == ["A", "A", "angel"]


def test_debt_and_grants_are_kept_apart(tmp_path):
    book = read(
        tmp_path,
        "X,2020-01-01,债权融资,500万,CNY",
        "X,2020-01-01,grant,500万,CNY",
        "X,2020-01-01,定向增发,500万,CNY",
        "X,2020-01-01,新三板,500万,CNY",
    )
    assert sorted(book.rounds["kind"]) == ["debt", "grant", "other"]
    assert [item[3] for item in entries(book)] == ["duplicate"]
