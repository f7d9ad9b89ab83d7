"""Spells and person-periods on records made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd

from finmodel.calibrate.round_table import round_table
from finmodel.calibrate.spells import (
    CENSORED,
    CLOSED,
    GRADUATED,
    SOLD,
    count_events,
    make_spells,
    person_periods,
)
from finmodel.datasets.deal_records import STAGES, DealBook, ReadReport
from tests.calibrate_cases import spells_of

QUARTER = 91.3125


def book_of(rounds, exits=(), as_of="2012-01-01"):
    firms = sorted({firm for firm, *_ in rounds})
    frame = pd.DataFrame(rounds, columns=["firm", "date", "stage"])
    return DealBook(
        firms=pd.DataFrame(
            {
                "firm": firms,
                "name": firms,
                "country": "",
                "region": "",
                "sector": "",
                "founded": pd.NaT,
                "status": "",
            }
        ),
        rounds=frame.assign(
            date=pd.to_datetime(frame["date"]),
            kind="equity",
            amount_mcny=10.0,
            low_mcny=10.0,
            high_mcny=10.0,
            currency="CNY",
            file="x",
            row=1,
        ),
        investments=pd.DataFrame(),
        exits=pd.DataFrame(list(exits), columns=["firm", "date", "route"]).assign(
            date=lambda x: pd.to_datetime(x["date"]), value_mcny=np.nan
        ),
        as_of=pd.Timestamp(as_of),
        price_year=2022,
        report=ReadReport(pd.DataFrame(), pd.DataFrame()),
    )


def spells_from(book, **options):
    table = round_table(book, STAGES)
    return make_spells(table, table.stage, book.exits, **options)


def test_a_firm_s_life_is_cut_into_stages():
    book = book_of(
        [
            ("x", "2008-01-01", "angel"),
            ("x", "2008-07-01", "angel"),
            ("x", "2009-01-01", "B"),
        ]
    )
    spells = spells_from(book)
    assert spells.stage.tolist() == [0, 2]
    assert spells.event.tolist() == [GRADUATED, CENSORED]
    assert spells.to_stage.tolist() == [2, -1]
    assert np.allclose(spells.end * QUARTER, [366, 1095])


def test_exits_and_closures_end_a_spell_and_later_rounds_are_counted_not_used():
    book = book_of(
        [("x", "2008-01-01", "A"), ("x", "2010-06-01", "B"), ("y", "2008-01-01", "A")],
        [("x", "2009-01-01", "mna"), ("y", "2010-01-01", "write_off")],
    )
    spells = spells_from(book)
    assert spells.event.tolist() == [SOLD, CLOSED]
    assert spells.notes["rounds after an exit of their firm"] == 1


def test_an_exit_after_the_last_day_is_not_seen():
    book = book_of([("x", "2008-01-01", "A")], [("x", "2013-01-01", "ipo")])
    assert spells_from(book).event.tolist() == [CENSORED]


def test_two_stages_on_one_day_leave_one_spell():
    book = book_of([("x", "2008-01-01", "angel"), ("x", "2008-01-01", "A")])
    spells = spells_from(book)
    assert spells.stage.tolist() == [1]
    assert sum(spells.notes.values()) == 1


def test_left_truncation_drops_what_ended_before_and_delays_the_rest():
    book = book_of(
        [("x", "2006-01-01", "angel"), ("x", "2007-01-01", "A"), ("y", "2010-01-01", "A")]
    )
    spells = spells_from(book, observed_from=pd.Timestamp("2008-01-01"))
    assert spells.stage.tolist() == [1, 1]
    assert np.allclose(spells.entry * QUARTER, [365, 0])
    assert spells.notes["spells that ended before the records began"] == 1


def test_person_periods_hold_whole_quarters_only():
    # At risk 5.5 quarters; an event in quarter 2; an event in the last, partial quarter.
    spells = spells_of([0, 1, 1], [5.5, 2.3, 5.2], horizon=5.5)
    rows = person_periods(spells)
    assert rows.groupby("spell").size().tolist() == [5, 3, 5]
    assert rows.groupby("spell")["event"].sum().tolist() == [0, 1, 0]
    assert rows[rows["event"] == 1]["quarter"].tolist() == [2]


def test_person_periods_begin_with_the_first_whole_quarter_under_observation():
    spells = spells_of([0, 1], [6.0, 3.5], entry=[1.5, 2.0], horizon=6.0)
    rows = person_periods(spells)
    assert rows[rows["spell"] == 0]["quarter"].tolist() == [2, 3, 4, 5]
    assert rows[rows["spell"] == 1]["quarter"].tolist() == [2, 3]


def test_every_spell_is_counted_once():
    spells = spells_of([0, 1, 1, 3, 4], [5.0] * 5)
    counts = count_events(spells).iloc[0]
    assert counts["spells_n"] == 5
    names = ("censored_n", "graduated_n", "ipo_n", "sold_n", "closed_n")
    assert counts[list(names)].sum() == 5


def test_rounds_after_the_last_day_are_not_read():
    book = book_of([("x", "2008-01-01", "A"), ("x", "2012-06-01", "B")])
    spells = spells_from(replace(book, as_of=pd.Timestamp("2012-01-01")))
    assert spells.event.tolist() == [CENSORED]
