"""Equity rounds of a deal book as arrays, one row a round, firms together and in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records import DealBook
from finmodel.errors import CalibrationError
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

DAYS_PER_YEAR = 365.25
DAYS_PER_QUARTER = DAYS_PER_YEAR / QUARTERS_PER_YEAR

UNKNOWN = -1
"""Code of a stage that a record does not state."""


@dataclass(frozen=True)
class RoundTable:
    """Rounds of the firms that are estimated from.

    Attributes
    ----------
    stages : tuple of str
        Names by code, from early to late.
    firms : DataFrame
        One row a firm, by its number: `firm`, `region`, `sector`, `first_year`, `status`.
    firm : ndarray of shape (n,)
        Number of the firm.
    order : ndarray of shape (n,)
        0 for a firm's first round.
    day : ndarray of shape (n,)
        Days since 1970.
    stage : ndarray of shape (n,)
        The highest stage a firm's records have stated so far in the rounds that state one;
        UNKNOWN for a round that states none. A round labelled below an earlier one of its firm
        is a further round at the stage reached.
    log_amount : ndarray of shape (n,)
        NaN if undisclosed.
    log_low, log_high : ndarray of shape (n,)
        Ends of the interval an amount is known to; equal to it if exact.
    as_of : int
        Last day on which a round could have been recorded.
    notes : dict of int
        Rows left out or read otherwise than labelled, by reason.
    """

    stages: tuple[str, ...]
    firms: pd.DataFrame
    firm: IntArray
    order: IntArray
    day: IntArray
    stage: IntArray
    log_amount: FloatArray
    log_low: FloatArray
    log_high: FloatArray
    as_of: int
    notes: dict[str, int]

    @property
    def n_firms(self) -> int:
        """Firms."""
        return len(self.firms)

    @property
    def last_labelled(self) -> int:
        """The latest stage any round states."""
        return int(self.stage.max(initial=UNKNOWN))


def round_table(
    book: DealBook,
    stages: Sequence[str],
    *,
    cohorts: tuple[int, int] | None = None,
    years: Sequence[int] = (),
) -> RoundTable:
    """Return the equity rounds of firms whose first equity round falls into the cohorts.

    Parameters
    ----------
    book : DealBook
    stages : sequence of str
        Names from early to late; rounds of other names count as unlabelled.
    cohorts : (int, int), optional
        First and last calendar year of a firm's first equity round.
    years : sequence of int, optional
        Only these calendar years of the first round.

    Raises
    ------
    CalibrationError
        If no round is left.
    """
    notes: dict[str, int] = {}
    rounds = book.rounds
    is_kept = (rounds["kind"] == "equity") & rounds["date"].notna()
    is_kept &= rounds["date"] <= book.as_of
    notes["rounds that are not equity or not dated up to the last day"] = int((~is_kept).sum())
    rounds = rounds[is_kept].sort_values(["firm", "date"], kind="stable")
    first = rounds.groupby("firm")["date"].transform("min").dt.year
    chosen = pd.Series(True, index=rounds.index)
    if cohorts is not None:
        chosen &= first.between(*cohorts)
    if years:
        chosen &= first.isin(list(years))
    notes["rounds of firms of other cohorts"] = int((~chosen).sum())
    rounds, first = rounds[chosen], first[chosen]
    if rounds.empty:
        raise CalibrationError(
            "no equity round is left: "
            + "; ".join(f"{number} {reason}" for reason, number in notes.items())
        )
    number, names = pd.factorize(rounds["firm"].to_numpy(dtype=object), sort=True)
    sort = np.lexsort((rounds["date"].to_numpy(), number))
    rounds, first = rounds.iloc[sort], first.iloc[sort]
    firm = np.asarray(number[sort], dtype=np.int64)
    starts = np.flatnonzero(np.diff(firm, prepend=-1))
    order = np.arange(len(firm)) - np.repeat(starts, np.diff([*starts, len(firm)]))
    codes = {name: code for code, name in enumerate(stages)}
    label = np.asarray(rounds["stage"].map(codes).fillna(UNKNOWN), dtype=np.int64)
    reached = running_maximum(label, firm)
    is_below = (label != UNKNOWN) & (label < reached)
    notes["rounds labelled below an earlier round of their firm"] = int(is_below.sum())
    return RoundTable(
        stages=tuple(stages),
        firms=_firms(book, list(names), first.to_numpy()[starts]),
        firm=firm,
        order=order,
        day=_days(rounds["date"]),
        stage=np.where(label == UNKNOWN, UNKNOWN, reached),
        log_amount=_logs(rounds["amount_mcny"]),
        log_low=_logs(rounds["low_mcny"]),
        log_high=_logs(rounds["high_mcny"]),
        as_of=int(_days(pd.Series([book.as_of]))[0]),
        notes=notes,
    )


def running_maximum(code: IntArray, firm: IntArray) -> IntArray:
    """Return the highest code of each firm so far; firms are together, in order."""
    # Lift each firm above the one before it, so that one running maximum serves all.
    span = int(code.max(initial=0)) + 2
    lifted = code + span * firm
    return np.asarray(np.maximum.accumulate(lifted) - span * firm)


def _firms(book: DealBook, names: list[str], first_year: IntArray) -> pd.DataFrame:
    known = book.firms.drop_duplicates("firm").set_index("firm")
    frame = known.reindex(names)[["region", "sector", "status"]]
    frame = frame.fillna("").astype(str).reset_index(names="firm")
    return frame.assign(first_year=first_year.astype(np.int64))


def _days(dates: pd.Series[pd.Timestamp]) -> IntArray:
    return np.asarray(dates.to_numpy(dtype="datetime64[D]").astype(np.int64))


def _logs(amounts: pd.Series[float]) -> FloatArray:
    values = amounts.to_numpy(dtype=np.float64)
    return np.log(np.where(values > 0.0, values, np.nan))
