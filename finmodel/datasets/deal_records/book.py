"""The records of deals as the estimators see them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from finmodel.datasets.deal_records.report import ReadReport
from finmodel.datasets.deal_specs import STAGE_NAMES

STAGES = STAGE_NAMES
"""Names of the default scenario's stages, in order; a round without one has ``""``."""

KINDS = ("equity", "debt", "grant", "other")
ROUTES = ("ipo", "mna", "transfer", "buyback", "write_off")
ENDS = ("ipo", "mna", "write_off")
"""Routes that end a firm's private life; the others pass holdings on."""

FIRM_COLUMNS = ("firm", "name", "country", "region", "sector", "founded", "status")
ROUND_COLUMNS = (
    "firm",
    "date",
    "stage",
    "kind",
    "amount_mcny",
    "low_mcny",
    "high_mcny",
    "currency",
    "file",
    "row",
)
INVESTMENT_COLUMNS = ("firm", "date", "stage", "investor", "investor_region")
EXIT_COLUMNS = ("firm", "date", "route", "value_mcny")


@dataclass(frozen=True)
class DealBook:
    """Records of deals, read and checked.

    Attributes
    ----------
    firms : DataFrame
        One row a firm: `firm` (key), `name`, `country`, `region`, `sector` (``""`` unknown),
        `founded` (NaT unknown), `status` (``operating``, ``closed``, ``acquired``, ``ipo`` or
        ``""``).
    rounds : DataFrame
        One row a financing, by firm and date: `firm`, `date`, `stage` (of `STAGES`, or ``""``),
        `kind` (of `KINDS`), `amount_mcny` (NaN undisclosed; of an interval the geometric middle),
        `low_mcny`, `high_mcny`, `currency` (of the record), `file`, `row`. Million CNY, constant
        prices of `price_year`.
    investments : DataFrame
        One row an investor in a round: `firm`, `date`, `stage`, `investor`, `investor_region`.
    exits : DataFrame
        Dated exits: `firm`, `date`, `route` (of `ROUTES`), `value_mcny` of the whole firm (NaN
        unknown).
    as_of : Timestamp
        Last day on which a deal could have been recorded.
    price_year : int
    report : ReadReport
    """

    firms: pd.DataFrame
    rounds: pd.DataFrame
    investments: pd.DataFrame
    exits: pd.DataFrame
    as_of: pd.Timestamp
    price_year: int
    report: ReadReport
