"""From money of a deal's day to million CNY in constant prices.

An amount is converted at the mean rate of the deal's year and then moved to the price year with
the GDP deflator of China: ``amount * rate[year] * deflator[price_year] / deflator[year] / 1e6``.
A currency or year without a figure gives NaN, never a guess.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from finmodel.datasets.tables import read_table
from finmodel.errors import DataError, Problem


@cache
def _deflator() -> pd.Series[float]:
    return read_table("prices/china_gdp_deflator").set_index("year")["deflator"]


@cache
def _rates() -> pd.Series[float]:
    table = read_table("prices/exchange_rates")
    return table.set_index(["currency", "year"])["cny_per_unit"]


@cache
def currencies() -> tuple[str, ...]:
    """Return the currencies there are rates for, and CNY."""
    return ("CNY", *sorted(set(_rates().index.get_level_values(0))))


def last_price_year() -> int:
    """Return the last year there is a deflator for."""
    return int(_deflator().index.max())


def check_price_year(price_year: int) -> None:
    """Refuse a price year without a deflator.

    Raises
    ------
    DataError
    """
    years = _deflator().index
    if price_year not in years:
        allowed = f"a year from {years.min()} to {years.max()}, as in prices/china_gdp_deflator"
        raise DataError("price year", [Problem("price_year", str(price_year), allowed)])


def mcny_factor(
    currency: pd.Series[str], year: pd.Series[int], price_year: int
) -> pd.Series[float]:
    """Return million CNY of `price_year` for one unit of a currency in a year; NaN if no rate."""
    keys = pd.MultiIndex.from_arrays([currency, year])
    rate = np.where(currency == "CNY", 1.0, _rates().reindex(keys).to_numpy())
    deflator = _deflator()
    prices = deflator[price_year] / deflator.reindex(year).to_numpy()
    return pd.Series(rate * prices / 1e6, currency.index, dtype=float)
