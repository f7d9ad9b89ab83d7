"""Amounts as intervals: figures, Chinese and English units, and words such as 数千万人民币.

What a word means is written once, in `data/deals/amount_words.csv`: a *unit* multiplies, a word
*before* or *after* widens the figure to an interval, a *currency* names the money, and *none* says
that nothing was disclosed. A unit without a figure counts once (近亿元 is near one 亿).
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records.money import currencies
from finmodel.datasets.tables import read_table

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?"
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])")
_ODD_SEPARATOR = re.compile(r"\d'\d|\d,\d|\d\.\d+\.|\d\.\d{3}\.\d{3}")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d|\d{1,3}(?:\.\d{3}){2,}|\d+,\d{1,2}$")
_MAYBE_EUROPEAN = re.compile(r"\D*\d{1,3}\.\d{3}(?!\d)")
_FORMULA = re.compile(r"[=@].*", re.DOTALL)
_RANGE = re.compile(r"[-~–—至到]|to")
_MONEY = ("sign", "sign2", "sign3", "low_money", "money")


class Amount(NamedTuple):
    """An interval in units of a currency; NaN undisclosed; `fault` says why it was not read."""

    low: float
    high: float
    currency: str
    fault: str = ""


class HeaderUnit(NamedTuple):
    """What a header's brackets say of the figures below: a factor and a currency, or ``""``."""

    factor: float
    currency: str


class _Words(NamedTuple):
    before: dict[str, tuple[float, float]]
    after: dict[str, tuple[float, float]]
    units: dict[str, float]
    currency: dict[str, str]
    none: frozenset[str]
    pattern: re.Pattern[str]
    header: re.Pattern[str]


_DIGITS = {digit: str(k) for k, digit in enumerate("一二三四五六七八九", 1)} | {
    "两": "2",
    "兩": "2",
}
_WORD_DIGIT = re.compile(
    r"(?<![一二两兩三四五六七八九十百千万亿萬億\d.])([一二两兩三四五六七八九])(?=[十百千]?[万亿萬億])"
)
"""One digit in words before one unit: 一亿, 三千万. 三五千万 and 一千五百万 are other things."""


def _nothing(currency: str, fault: str = "") -> Amount:
    return Amount(math.nan, math.nan, currency, fault)


@cache
def _words() -> _Words:
    table = read_table("deals/amount_words")
    # Cells are compared without blanks, so words are too: "more than" stands as more_than.
    table = table.assign(word=table["word"].str.replace("_", ""))
    by_role = dict(iter(table.groupby("role")))

    def widths(role: str) -> dict[str, tuple[float, float]]:
        rows = by_role[role]
        pairs = zip(rows["low"], rows["high"], strict=True)
        return dict(zip(rows["word"], pairs, strict=True))

    units = dict(zip(by_role["unit"]["word"], by_role["unit"]["low"], strict=True))
    named = {
        word: role.removeprefix("currency:")
        for role, word in zip(table["role"], table["word"], strict=True)
        if role.startswith("currency:")
    }
    before, after = widths("before"), widths("after")

    def any_of(words: object) -> str:
        return "|".join(re.escape(str(w)) for w in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]

    pattern = re.compile(
        f"(?P<sign>{any_of(named)})?(?P<before>{any_of(before)})?(?P<sign2>{any_of(named)})?"
        f"(?P<figure>{_NUMBER})?"
        f"(?:(?P<low_unit>{any_of(units)})?(?P<low_money>{any_of(named)})?(?:{_RANGE.pattern})"
        f"(?P<sign3>{any_of(named)})?(?P<top>{_NUMBER}))?"
        f"(?P<inner>{any_of(after)})?(?P<unit>{any_of(units)})?(?P<after>{any_of(after)})?"
        f"(?P<money>{any_of(named)})?(?P<last>{any_of(after)})?"
    )
    money = any_of(named)
    header = re.compile(f"(?:in)?(?P<sign>{money})?(?P<unit>{any_of(units)})?(?P<money>{money})?")
    none = frozenset(by_role["none"]["word"])
    return _Words(before, after, units, named, none, pattern, header)


@lru_cache(maxsize=1000)
def header_unit(text: str) -> HeaderUnit | None:
    """Return what a header's brackets say, as 万元 or USD million; None if it is not understood."""
    words, plain = _words(), _plain(text)
    match = words.header.fullmatch(plain)
    if match is None:
        return None
    named = {words.currency[word] for word in match.group("sign", "money") if word}
    if len(named) > 1:
        return None
    return HeaderUnit(words.units[match["unit"]] if match["unit"] else 1.0, "".join(named))


@lru_cache(maxsize=1000)
def currency_of(text: str) -> str | None:
    """Return the code of a currency, ``""`` for an empty text, None if it has no rates."""
    plain = _plain(text)
    code = _words().currency.get(plain, plain.upper())
    return code if code in ("", *currencies()) else None


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


def amount_of(text: str, currency: str, header: str = "") -> Amount:
    """Return the interval that a cell states.

    Parameters
    ----------
    text : str
        ``5,000,000``, ``1.2亿``, ``500-800万美元``, ``数千万人民币``, ``近亿元``, ``$3.5M``;
        empty or a word such as 未透露 for an amount not disclosed.
    currency : str
        The row's currency cell; may be empty if the amount names it.
    header : str, optional
        What the header has in brackets, as 万元. It is the unit of a cell that names none, also
        where the cell is an interval or has a word such as 约, and the currency where neither
        cell names one. Money written behind a figure without a unit, as 500元 below 万元, may or
        may not count in the header's unit and is not read.
    """
    words, plain = _words(), _plain(text)
    own, above = currency_of(currency), header_unit(header)
    if plain in words.none or not plain:
        return _nothing(own or "", "" if own is not None else "unknown_currency")
    fault = _fault(plain)
    if fault:
        return _nothing(own or "", fault)
    figures = _WORD_DIGIT.sub(lambda digit: _DIGITS[digit[1]], plain)
    match = words.pattern.fullmatch(_THOUSANDS.sub(_without_commas, figures))
    if match is None or not (match["figure"] or match["unit"]):
        return _nothing(own or "", "unreadable")
    if above is None:
        return _nothing(own or "", "unit_unreadable")
    named = {words.currency[word] for word in match.group(*_MONEY) if word}
    if own is None:
        return _nothing("", "unknown_currency")
    found = (named or {above.currency} - {""}) | ({own} if own else set())
    if len(found) != 1:
        return _nothing(own, "currency_conflict" if found else "no_currency")
    has_unit = match["unit"] or match["low_unit"]
    if not has_unit and above.factor != 1.0 and (match["money"] or match["low_money"]):
        return _nothing(found.pop(), "unit_conflict")
    return _interval(match, found.pop(), 1.0 if has_unit else above.factor)


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")


def _fault(plain: str) -> str:
    if _FORMULA.fullmatch(plain):
        return "formula"
    if re.match(r"[(]?-[^\d]*\d|[(]\d[\d.,]*[)]$", plain):
        return "negative_amount"
    if "%" in plain or "‰" in plain:
        return "percent"
    bare = _THOUSANDS.sub("", plain)
    return "separator" if _ODD_SEPARATOR.search(bare) or "," in bare else ""


def _interval(match: re.Match[str], currency: str, other: float) -> Amount:
    """Return the interval of a cell; figures without a unit count `other` each."""
    words = _words()
    unit = words.units[match["unit"]] if match["unit"] else other
    low_unit = words.units[match["low_unit"]] if match["low_unit"] else unit
    low = (float(match["figure"]) if match["figure"] else 1.0) * low_unit
    high = float(match["top"]) * unit if match["top"] else low
    if match["top"] and not match["figure"]:
        return _nothing(currency, "unreadable")
    if not low <= high < math.inf:
        return _nothing(currency, "unreadable")
    if high == 0.0:
        return _nothing(currency, "zero")
    for word, meaning in ((match["before"], words.before), *_afters(match)):
        if word:
            low, high = low * meaning[word][0], high * meaning[word][1]
    return Amount(low, high, currency)


def _afters(match: re.Match[str]) -> list[tuple[str | None, dict[str, tuple[float, float]]]]:
    after = _words().after
    return [(match[name], after) for name in ("inner", "after", "last")]


def has_points_in_thousands(cells: pd.Series[str]) -> bool:
    """Return whether some amount separates thousands by points, as in ``1.234.567,89``."""
    return any(_EUROPEAN.search(_plain(str(text))) for text in cells.unique())


def amounts_of(
    cells: pd.Series[str],
    currency: pd.Series[str],
    header: pd.Series[str],
    *,
    may_be_thousands: bool = False,
) -> pd.DataFrame:
    """Return `low`, `high`, `currency` and `fault` of each cell, as :func:`amount_of` does.

    If `may_be_thousands`, as where other cells of the file separate thousands by points, a lone
    ``1.234`` may be either number and is not read.
    """
    codes, distinct = pd.MultiIndex.from_arrays([cells, currency, header]).factorize()
    found = [amount_of(*texts) for texts in distinct]
    if may_be_thousands:
        found = [
            _nothing(item.currency, "separator") if _MAYBE_EUROPEAN.match(_plain(text)) else item
            for item, (text, *_) in zip(found, distinct, strict=True)
        ]
    table = pd.DataFrame(found, columns=list(Amount._fields)).iloc[codes]
    table.index = cells.index
    return table.astype({"low": np.float64, "high": np.float64, "currency": "str", "fault": "str"})
