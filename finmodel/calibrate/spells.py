"""From rounds with stages to spells: a firm at a stage since its round there.

A spell starts with a firm's first round at a stage and ends with its first round at a later one
(`graduated`), with a dated exit (by route), with a dated closure (`closed`), or is cut off at the
last day of the records (`censored`). Time is in quarters of 91.3125 days since the start.

*Left truncation.* Firms of a file that begins at a date were noticed then only if they were still
there: such a spell enters at that date and is at risk from then on.

*What is not recorded.* A firm that closed without a date stays at risk to the last day. For the
curve of graduation (:func:`finmodel.calibrate.survival.graduation_curve`) this is what is wanted:
the share of all firms with a round at a stage that get one at a later stage, closed ones counted
as never. The failure hazard itself cannot be read off such records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from finmodel.calibrate.round_table import DAYS_PER_QUARTER, RoundTable
from finmodel.world.arrays import FloatArray, IntArray

CENSORED, GRADUATED, IPO, SOLD, CLOSED = 0, 1, 2, 3, 4
"""Ways a spell ends; `SOLD` holds sales, transfers and buy-backs."""
EVENTS = ("censored", "graduated", "ipo", "sold", "closed")
ROUTE_CODES = {"ipo": IPO, "mna": SOLD, "transfer": SOLD, "buyback": SOLD, "write_off": CLOSED}


@dataclass(frozen=True)
class Spells:
    """Firms at a stage, one row a spell.

    Attributes
    ----------
    stages : tuple of str
    firm : ndarray of shape (n,)
        Number of the firm in `firms`.
    stage : ndarray of shape (n,)
    start : ndarray of shape (n,)
        Days since 1970.
    entry, end : ndarray of shape (n,)
        Quarters since the start at which the spell comes under observation and ends.
    horizon : ndarray of shape (n,)
        Quarters from the start to the last day of the records.
    event : ndarray of shape (n,)
        One of the codes above.
    to_stage : ndarray of shape (n,)
        Stage of the next round of a spell that graduated, else -1.
    firms : DataFrame
        As in :class:`~finmodel.calibrate.round_table.RoundTable`.
    notes : dict of int
    """

    stages: tuple[str, ...]
    firm: IntArray
    stage: IntArray
    start: IntArray
    entry: FloatArray
    end: FloatArray
    horizon: FloatArray
    event: IntArray
    to_stage: IntArray
    firms: pd.DataFrame
    notes: dict[str, int]

    def __len__(self) -> int:
        return len(self.firm)

    def where(self, is_kept: np.ndarray) -> Spells:
        """Return the spells for which `is_kept` holds."""
        names = ("firm", "stage", "start", "entry", "end", "horizon", "event", "to_stage")
        parts = {name: getattr(self, name)[is_kept] for name in names}
        return Spells(stages=self.stages, firms=self.firms, notes=self.notes, **parts)


def make_spells(
    table: RoundTable,
    stage: IntArray,
    exits: pd.DataFrame,
    *,
    observed_from: pd.Timestamp | None = None,
) -> Spells:
    """Return the spells of all firms.

    Parameters
    ----------
    table : RoundTable
    stage : ndarray of shape (n,)
        Stage of every round, drawn where it was not recorded; does not fall within a firm.
    exits : DataFrame
        `firm`, `date`, `route` of a deal book.
    observed_from : Timestamp, optional
        Day on which the records began to notice firms.
    """
    notes: dict[str, int] = {}
    exit_day, exit_event = exit_of_firms(table, exits)
    is_after = table.day > exit_day[table.firm]
    notes["rounds after an exit of their firm"] = int(is_after.sum())
    before = np.roll(stage, 1)
    is_start = ((table.order == 0) | (stage > before)) & ~is_after
    rows = np.flatnonzero(is_start)
    firm, start = table.firm[rows], table.day[rows]
    has_next = np.append(firm[1:] == firm[:-1], False)
    next_day = np.where(has_next, np.append(start[1:], 0), np.iinfo(np.int64).max)
    to_stage = np.where(has_next, np.append(stage[rows][1:], 0), -1)
    end = np.minimum(np.minimum(next_day, exit_day[firm]), table.as_of)
    event = np.where(
        next_day <= end,
        GRADUATED,
        np.where(exit_day[firm] <= end, exit_event[firm], CENSORED),
    )
    spells = Spells(
        stages=table.stages,
        firm=firm,
        stage=stage[rows],
        start=start,
        entry=np.zeros(len(rows)),
        end=(end - start) / DAYS_PER_QUARTER,
        horizon=(table.as_of - start) / DAYS_PER_QUARTER,
        event=event.astype(np.int64),
        to_stage=np.where(event == GRADUATED, to_stage, -1),
        firms=table.firms,
        notes=notes,
    )
    is_empty = spells.end <= 0.0
    notes["spells of no length (two stages, or an exit, on one day)"] = int(is_empty.sum())
    spells = spells.where(~is_empty)
    if observed_from is None:
        return spells
    return truncate(spells, int(np.datetime64(observed_from, "D").astype(np.int64)))


def truncate(spells: Spells, day: int) -> Spells:
    """Return the spells as records that begin on a day would hold them."""
    entry = np.maximum(0.0, (day - spells.start) / DAYS_PER_QUARTER)
    is_seen = spells.end > entry
    spells.notes["spells that ended before the records began"] = int((~is_seen).sum())
    parts = {**vars(spells), "entry": entry}
    return Spells(**parts).where(is_seen)


def exit_of_firms(table: RoundTable, exits: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Return the day of each firm's first dated exit or closure, far off if none, and its code."""
    day = np.full(table.n_firms, np.iinfo(np.int64).max)
    event = np.full(table.n_firms, CENSORED)
    dated = exits[exits["date"].notna()].sort_values("date", kind="stable")
    dated = dated.drop_duplicates("firm")
    number = pd.Series(np.arange(table.n_firms), index=table.firms["firm"])
    found = dated["firm"].map(number)
    dated = dated[found.notna()]
    firm = found.dropna().to_numpy(dtype=np.int64)
    dates = dated["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    is_seen = dates <= table.as_of
    day[firm[is_seen]] = dates[is_seen]
    event[firm[is_seen]] = dated["route"].map(ROUTE_CODES).to_numpy(dtype=np.int64)[is_seen]
    return day, event


def person_periods(spells: Spells) -> pd.DataFrame:
    """Return one row a spell and quarter at risk, for discrete-time hazards.

    Only quarters that lie wholly within observation count: the last, partial one of every spell is
    left out for all, with any event in it, so that events are not seen where their absence is not.

    Returns
    -------
    DataFrame
        `spell` (its row), `firm` (number), `stage` (code), `quarter` (since the start, from 0),
        `year` (calendar, at the quarter's start), `event` (code; 0 for none).
    """
    n_whole = np.floor(spells.horizon + 1e-9).astype(np.int64)
    first = np.ceil(spells.entry - 1e-9).astype(np.int64)
    last = np.where(
        spells.event == CENSORED,
        n_whole,
        np.minimum(n_whole, np.floor(spells.end).astype(np.int64) + 1),
    )
    counts = np.maximum(0, last - first)
    spell = np.repeat(np.arange(len(spells)), counts)
    starts = np.cumsum(counts) - counts
    quarter = np.arange(len(spell)) - np.repeat(starts, counts) + first[spell]
    is_event = (spells.event[spell] != CENSORED) & (
        quarter == np.floor(spells.end[spell]).astype(np.int64)
    )
    day = spells.start[spell] + quarter * DAYS_PER_QUARTER
    return pd.DataFrame(
        {
            "spell": spell,
            "firm": spells.firm[spell],
            "stage": spells.stage[spell],
            "quarter": quarter,
            "year": 1970 + (day / 365.2425).astype(np.int64),
            "event": np.where(is_event, spells.event[spell], CENSORED),
        }
    )


def count_events(spells: Spells) -> pd.DataFrame:
    """Return spells and their ends by stage: `stage`, `spells_n` and one column an event."""
    rows = []
    for code, name in enumerate(spells.stages):
        events = spells.event[spells.stage == code]
        row: Mapping[str, object] = {
            "stage": name,
            "spells_n": len(events),
            **{f"{event}_n": int((events == c).sum()) for c, event in enumerate(EVENTS)},
        }
        if len(events):
            rows.append(row)
    return pd.DataFrame(rows)
