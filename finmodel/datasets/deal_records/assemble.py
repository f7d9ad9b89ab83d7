"""From rows understood one by one to a book: money, duplicates, and what rows say of each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from finmodel.datasets.deal_records.book import (
    EXIT_COLUMNS,
    FIRM_COLUMNS,
    INVESTMENT_COLUMNS,
    ROUND_COLUMNS,
    DealBook,
)
from finmodel.datasets.deal_records.dates import day_by
from finmodel.datasets.deal_records.draft import Draft
from finmodel.datasets.deal_records.histories import (
    end_once,
    founded_before_deals,
    status_by_exits,
    unrepeated,
)
from finmodel.datasets.deal_records.money import mcny_factor
from finmodel.datasets.deal_records.report import SET_ASIDE, Ledger
from finmodel.datasets.deal_records.rows import middle
from finmodel.datasets.deal_records.words import reading_rule
from finmodel.errors import DataError, Problem
from finmodel.variables import labels

_LISTED = 200


def assemble(draft: Draft, ledger: Ledger, *, price_year: int, as_of: date | None) -> DealBook:
    """Return the book of a draft.

    Parameters
    ----------
    draft : Draft
    ledger : Ledger
        That the draft's reader told of its rows.
    price_year : int
    as_of : date, optional
        By default the last day of a deal.

    Raises
    ------
    DataError
        If no round is left.
    """
    rounds = _in_mcny(draft.rounds, ledger, price_year=price_year)
    rounds, first_day = unrepeated(rounds, ledger)
    exits = end_once(_in_mcny(draft.exits, ledger, price_year=price_year), ledger)
    if rounds.empty:
        raise DataError("deal records", _reasons(ledger))
    firms = founded_before_deals(draft.firms, rounds, exits, ledger)
    firms = status_by_exits(firms, rounds, exits, ledger)
    investments, is_own = draft.investments, draft.has_own_investors
    with_rows = [rounds, exits, draft.others, *([] if is_own else [investments])]
    report = ledger.close(with_rows)
    rounds = rounds.assign(
        amount_mcny=middle(rounds["low_mcny"], rounds["high_mcny"]),
    ).sort_values(["firm", "date", "file", "row"], kind="stable", ignore_index=True)
    return DealBook(
        firms[list(FIRM_COLUMNS)].sort_values("firm", ignore_index=True),
        rounds[list(ROUND_COLUMNS)],
        _joined_once(_moved(investments, first_day) if is_own else investments),
        _valued(exits),
        pd.Timestamp(as_of) if as_of else max([*rounds["date"], *exits["date"]]),
        price_year,
        report,
    )


def _in_mcny(rows: pd.DataFrame, ledger: Ledger, *, price_year: int) -> pd.DataFrame:
    """Add `low_mcny` and `high_mcny`; amounts without a rate or out of bounds are undisclosed."""
    factor = mcny_factor(rows["currency"], rows["date"].dt.year, price_year)
    has = rows["low"].notna()
    no_rate = has & factor.isna()
    ledger.altered(rows, no_rate, reason="amount_no_rate", column="amount")
    low, high = rows["low"] * factor, rows["high"] * factor
    is_small = (low < reading_rule("lowest_mcny")) & (high > 0.0)
    is_large = high > reading_rule("highest_mcny")
    ledger.altered(rows, is_small, reason="amount_too_small", column="amount")
    ledger.altered(rows, is_large, reason="amount_too_large", column="amount")
    is_odd = is_small | is_large
    return rows.assign(low_mcny=low.mask(is_odd), high_mcny=high.mask(is_odd))


def _joined_once(table: pd.DataFrame) -> pd.DataFrame:
    """Return each investor of a round once."""
    columns = list(INVESTMENT_COLUMNS)
    table = table.sort_values([*columns[:4], "row"], kind="stable")
    return table.drop_duplicates(columns[:4])[columns].reset_index(drop=True)


def _moved(table: pd.DataFrame, first_day: pd.Series) -> pd.DataFrame:
    """Give investors of a repeated round the day of the round that was kept."""
    return table.assign(date=day_by(table["row"], first_day).fillna(table["date"]))


def _valued(exits: pd.DataFrame) -> pd.DataFrame:
    value = middle(exits["low_mcny"], exits["high_mcny"])
    table = exits.assign(value_mcny=value).sort_values(["firm", "date", "route"], kind="stable")
    return table[list(EXIT_COLUMNS)].reset_index(drop=True)


def _reasons(ledger: Ledger) -> Sequence[Problem]:
    """Return what became of the rows if no round is left."""
    entries, words = ledger.entries(), labels()["deal_reason"]
    aside = entries[entries["outcome"] == SET_ASIDE]
    problems = [
        Problem(
            f"{entry.file} row {entry.row}, column {entry.column}",
            f"{entry.given!r} ({words[str(entry.reason)]['en']})",
            "a row that can be read",
        )
        for entry in aside.head(_LISTED).itertuples()
    ]
    if len(aside) > _LISTED:
        problems.append(Problem("deal records", f"{len(aside) - _LISTED} more rows", "none"))
    return [Problem("deal records", "no rounds", "at least one that can be read"), *problems]
