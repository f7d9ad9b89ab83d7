"""What a reader hands on: rows understood one by one, not yet held against each other."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Draft:
    """Rows of the files, each with `file` and `row`.

    Attributes
    ----------
    firms : DataFrame
        One row a firm; columns of the book's firms, `given_status`, `given_founded`, and
        `status_row`, the row the status is from.
    rounds : DataFrame
        `firm`, `date`, `stage`, `kind`, `low`, `high` (of `currency`; NaN undisclosed),
        `currency`, `amount` (the cell).
    investments : DataFrame
        `firm`, `date`, `stage`, `investor`, `investor_region`.
    exits : DataFrame
        `firm`, `date`, `route`, `low`, `high`, `currency`, `amount`.
    others : DataFrame
        `file` and `row` of rows that are kept and are none of these.
    has_own_investors : bool
        Whether investments are taken from the rows of rounds, not from rows of their own.
    """

    firms: pd.DataFrame
    rounds: pd.DataFrame
    investments: pd.DataFrame
    exits: pd.DataFrame
    others: pd.DataFrame
    has_own_investors: bool = False
