"""What the rows of one firm say of each other: repeated rounds, ends, founding and status."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records.book import ENDS
from finmodel.datasets.deal_records.dates import day_by
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.words import looked_up, reading_rule

STATUS_OF = {"ipo": "ipo", "mna": "acquired", "write_off": "closed"}
_KEY = ["firm", "stage", "kind", "currency", "low", "high"]


def unrepeated(rounds: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.Series]:
    """Merge rows of one firm, stage, kind and amount that lie within some days of each other.

    Two undisclosed amounts are the same amount. A later round of the same stage is no repetition
    and stays.

    Returns
    -------
    rounds : DataFrame
        The first row of each.
    first_day : Series of datetime64
        Day of the row kept, by the row merged into it.
    """
    ordered = rounds.sort_values([*_KEY, "date", "file", "row"], kind="stable")
    filled = ordered[_KEY].fillna({"low": -1.0, "high": -1.0})
    is_same = (filled == filled.shift()).all(axis=1)
    is_near = ordered["date"].diff() <= pd.Timedelta(days=reading_rule("duplicate_days"))
    is_again = is_same & is_near
    group = (~is_again).cumsum()
    first = ordered["date"].groupby(group).transform("first")
    first_day = first[is_again].set_axis(ordered.loc[is_again, "row"])
    rest = ledger.set_aside(ordered, is_again, reason="duplicate", column="amount")
    return rest, first_day


def end_once(exits: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Keep the first end of each firm; a repeated or later one is set aside.

    Transfers and buy-backs pass holdings on: all of them stay, but for repeated ones.
    """
    ordered = exits.sort_values(["firm", "date", "file", "row"], kind="stable")
    near = pd.Timedelta(days=reading_rule("duplicate_days"))
    by_route = ordered.groupby(["firm", "route"], sort=False)["date"].diff()
    is_again = by_route <= near
    ordered = ledger.set_aside(ordered, is_again, reason="duplicate_exit", column="date")
    is_end = ordered["route"].isin(ENDS)
    is_later = is_end & ordered.assign(end=is_end).groupby(["firm", "end"]).cumcount().gt(0)
    return ledger.set_aside(ordered, is_later, reason="after_exit", column="date")


def founded_before_deals(
    firms: pd.DataFrame, rounds: pd.DataFrame, exits: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """Forget a founding day that is after the firm's first round or exit."""
    days = pd.concat([rounds[["firm", "date"]], exits[["firm", "date"]]])
    first = day_by(firms["firm"], days.groupby("firm")["date"].min())
    is_late = firms["founded"] > first
    ledger.altered(firms, is_late, reason="founded_after_deal", column="given_founded")
    return firms.assign(founded=firms["founded"].mask(is_late))


def status_by_exits(
    firms: pd.DataFrame, rounds: pd.DataFrame, exits: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """Let a dated end say the status; report statuses that no dated end bears out.

    Rounds after an end stay in the book and are reported.
    """
    ends = exits[exits["route"].isin(ENDS)].set_index("firm")
    by_end = looked_up(firms["firm"], ends["route"].map(STATUS_OF))
    given = firms["status"]
    is_other = (by_end != "") & (given != "") & (given != by_end)
    said = firms.assign(row=firms["status_row"])
    ledger.altered(said, is_other, reason="status_against_exit", column="given_status")
    for status in ("ipo", "acquired", "closed"):
        is_bare = (given == status) & (by_end == "")
        ledger.altered(said, is_bare, reason=f"{status}_without_date", column="given_status")
    idle = ~firms["firm"].isin(rounds["firm"])
    ledger.altered(firms, idle, reason="firm_without_rounds", column="firm")
    end = day_by(rounds["firm"], ends["date"])
    ledger.altered(rounds, rounds["date"] > end, reason="round_after_exit", column="date")
    return firms.assign(status=np.where(by_end != "", by_end, given))
