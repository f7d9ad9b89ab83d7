"""Records of deals from users' files and from the CC-BY file: read, checked, in one unit.

:func:`read_deals` returns a :class:`DealBook` and its :class:`ReadReport`. No row is left out
without a word: rows read = rows kept + rows set aside, each with its reason.
"""

from finmodel.datasets.deal_records.book import (
    ENDS,
    KINDS,
    ROUTES,
    STAGES,
    DealBook,
)
from finmodel.datasets.deal_records.money import last_price_year
from finmodel.datasets.deal_records.reader import read_deals
from finmodel.datasets.deal_records.report import ReadReport
from finmodel.datasets.deal_records.template import COLUMNS, write_template

__all__ = [
    "COLUMNS",
    "ENDS",
    "KINDS",
    "ROUTES",
    "STAGES",
    "DealBook",
    "ReadReport",
    "last_price_year",
    "read_deals",
    "write_template",
]
