"""Read records of deals: a folder of the Crunchbase export family, or one CSV of the template."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from finmodel.datasets.deal_records.assemble import assemble
from finmodel.datasets.deal_records.book import DealBook
from finmodel.datasets.deal_records.crunchbase import read_export
from finmodel.datasets.deal_records.money import check_price_year
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.template import read_template
from finmodel.errors import DataError, Problem


def read_deals(path: str | Path, *, price_year: int, as_of: date | None = None) -> DealBook:
    """Read records of deals.

    Parameters
    ----------
    path : str or Path
        A folder with the tables of an export, or a CSV with the template's columns; both may be
        gzipped.
    price_year : int
        Amounts are given in its prices, million CNY.
    as_of : date, optional
        Last day on which a deal could have been recorded; later rows are set aside. By default the
        last day of a deal that is not after today.

    Returns
    -------
    DealBook
        With the report of every row set aside or altered.

    Raises
    ------
    DataError
        If a file as a whole is unusable, with every problem found, or `as_of` is after today.
    """
    check_price_year(price_year)
    if as_of is not None and as_of > date.today():
        allowed = "a day up to today: firms are followed to it, and none was after"
        raise DataError("deal records", [Problem("as_of", str(as_of), allowed)])
    place, ledger = Path(path), Ledger()
    latest = pd.Timestamp(as_of or date.today())
    read = read_export if place.is_dir() else read_template
    draft = read(place, ledger, latest)
    return assemble(draft, ledger, price_year=price_year, as_of=as_of)
