"""Steps that understand the cells of one row: its firm, day, round, amount and status.

Each takes and returns a table with `file` and `row` and tells the ledger what it sets aside or does
not take as given.
"""

from __future__ import annotations

import unicodedata

import pandas as pd

from finmodel.datasets.deal_records.amounts import amounts_of, has_points_in_thousands
from finmodel.datasets.deal_records.dates import days_of
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.words import by_distinct, round_word, status_word
from finmodel.datasets.user_csv import spelling

DATE_FAULTS = (
    "no_date",
    "formula",
    "year_only",
    "ambiguous_date",
    "serial_date",
    "no_date_form",
    "impossible_date",
    "too_early",
)
AMOUNT_FAULTS = (
    "formula",
    "zero",
    "percent",
    "separator",
    "currency_conflict",
    "no_currency",
    "unknown_currency",
    "unit_conflict",
    "unit_unreadable",
    "unreadable",
)


def tidy(text: str) -> str:
    """Return a text with full-width forms made plain and blanks made single."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def name_firms(cells: pd.DataFrame, ledger: Ledger, *, is_key: bool) -> pd.DataFrame:
    """Set aside rows without a firm; names that are no keys are tidied and spelt in one way."""
    if not is_key:
        cells = _spelt_once(cells, ledger)
    cells = ledger.set_aside(cells, cells["firm"] == "", reason="no_firm", column="firm")
    is_formula = cells["firm"].str.startswith(("=", "@"))
    return ledger.set_aside(cells, is_formula, reason="formula", column="firm")


def _spelt_once(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Spell each firm as it is first spelt: case, blanks and full-width forms tell none apart."""
    names = pd.Series(by_distinct(cells["firm"], tidy), cells.index, dtype="str")
    keys = pd.Series(by_distinct(names, spelling), cells.index, dtype="str")
    first = names.groupby(keys).transform("first").astype("str")
    ledger.altered(cells, names != first, reason="other_spelling", column="firm")
    return cells.assign(firm=first)


def dated(cells: pd.DataFrame, ledger: Ledger, latest: pd.Timestamp) -> pd.DataFrame:
    """Turn `date` into days; rows without one, or after `latest`, are set aside."""
    found = days_of(cells["date"])
    for reason in DATE_FAULTS:
        is_bad = (found["fault"] == reason).reindex(cells.index)
        cells = ledger.set_aside(cells, is_bad, reason=reason, column="date")
    is_late = found["day"].reindex(cells.index) > latest
    cells = ledger.set_aside(cells, is_late, reason="future_date", column="date")
    is_month = found["is_month"].reindex(cells.index)
    ledger.altered(cells, is_month, reason="month_only", column="date")
    return cells.assign(date=found["day"].reindex(cells.index))


def founded_days(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Turn `founded` into days, NaT if there is none; a month is its 15th, a year 1 July."""
    found = days_of(cells["founded"])
    year = cells["founded"].str.extract(r"^([12]\d{3})年?$", expand=False)
    first = pd.to_datetime(year + "-07-01", errors="coerce").astype("datetime64[s]")
    day = found["day"].where(year.isna(), first)
    is_bad = day.isna() & (cells["founded"] != "")
    ledger.altered(cells, is_bad, reason="bad_founded", column="founded")
    return cells.assign(given_founded=cells["founded"], founded=day)


def with_rounds(cells: pd.DataFrame, ledger: Ledger, *, column: str) -> pd.DataFrame:
    """Add `stage`, `kind` and `route` by the round's word; unknown ones are kept unlabelled."""
    found = by_distinct(cells[column], round_word)
    parts = [("", "equity", "") if word is None else tuple(word) for word in found]
    stage, kind, route = zip(*parts, strict=True) if parts else ((), (), ())
    cells = cells.assign(
        stage=pd.array(stage, dtype="str"),
        kind=pd.array(kind, dtype="str"),
        route=pd.array(route, dtype="str"),
    )
    unknown = pd.Series([word is None for word in found], cells.index, dtype=bool)
    empty = cells[column] == ""
    ledger.altered(cells, unknown & ~empty, reason="unknown_round", column=column)
    plain = (cells["stage"] == "") & (cells["route"] == "") & (cells["kind"] == "equity")
    ledger.altered(cells, plain & (~unknown | empty), reason="unlabelled_round", column=column)
    return cells


def priced(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Add `low` and `high` in units of `currency`; an amount not understood is undisclosed.

    `unit` is what the amount's header has in brackets.
    """
    found = amounts_of(
        cells["amount"],
        cells["currency"],
        cells["unit"],
        may_be_thousands=has_points_in_thousands(cells["amount"]),
    )
    negative = found["fault"] == "negative_amount"
    cells = ledger.set_aside(cells, negative, reason="negative_amount", column="amount")
    found = found[~negative]
    for reason in AMOUNT_FAULTS:
        is_bad = found["fault"] == reason
        column = "currency" if reason == "unknown_currency" else "amount"
        ledger.altered(cells, is_bad, reason=f"amount_{reason}", column=column)
    return cells.assign(low=found["low"], high=found["high"], currency=found["currency"])


def add_status(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Turn `status` into operating, closed, acquired, ipo or ``""``."""
    found = pd.Series(by_distinct(cells["status"], status_word), cells.index, dtype=object)
    ledger.altered(cells, found.isna(), reason="unknown_status", column="status")
    status = found.where(found.notna(), "").astype("str")
    return cells.assign(given_status=cells["status"], status=status)


def middle(low: pd.Series[float], high: pd.Series[float]) -> pd.Series[float]:
    """Return the geometric middle of an interval; 0 if both ends are."""
    return (low * high) ** 0.5
