"""One event of a fund's record, and the kinds there are."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

COLUMNS = ("firm", "stage", "date", "kind", "amount_mcny", "share", "post_money_mcny")
BOUGHT = ("investment", "follow_on")
FLOWS = ("call", "fee", "distribution")
KINDS = (*BOUGHT, "mark", "proceeds", "write_off", *FLOWS)


class Event(NamedTuple):
    """One row.

    Attributes
    ----------
    row : int
        As a spreadsheet counts.
    day : date
    kind : str
        Of `KINDS`.
    firm : str
        Empty for flows of the fund.
    stage : str
        Of the plan; empty if the event is no round.
    amount_mcny, share, post_money_mcny : float
        NaN if not given; the share is that after the event.
    """

    row: int
    day: date
    kind: str
    firm: str
    stage: str
    amount_mcny: float
    share: float
    post_money_mcny: float
