"""Where a fund stands in time: quarters of the calendar since that of first closing."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

from finmodel.errors import DataError, Problem
from finmodel.scenario.fund_plan_schema import FundPlan
from finmodel.units import QUARTERS_PER_YEAR

MONTHS_PER_QUARTER = 3


@dataclass(frozen=True)
class FundClock:
    """Two dates and what lies between them.

    Attributes
    ----------
    first_closing, as_of : date
        The fund's first quarter is the calendar quarter of the one; the other is the last day of
        a quarter, or the day of first closing, when nothing has happened yet.
    quarters : int
        Gone by.
    """

    first_closing: date
    as_of: date
    quarters: int

    def quarter_of(self, day: date) -> int:
        """Return the fund's quarter of a day, 0 for that of first closing."""
        return quarter_number(day) - quarter_number(self.first_closing)

    def name_of(self, quarter: int) -> str:
        """Return a quarter as written in the calendar, such as 2026 Q3."""
        year, place = divmod(quarter_number(self.first_closing) + quarter, QUARTERS_PER_YEAR)
        return f"{year} Q{place + 1}"


def quarter_number(day: date) -> int:
    """Return the calendar quarter of a day, counted from the year 0."""
    return day.year * QUARTERS_PER_YEAR + (day.month - 1) // MONTHS_PER_QUARTER


def quarter_end(day: date) -> date:
    """Return the last day of the calendar quarter of a day."""
    month = MONTHS_PER_QUARTER * ((day.month - 1) // MONTHS_PER_QUARTER + 1)
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def fund_clock(plan: FundPlan, *, as_of: str, first_closing: str = "") -> FundClock:
    """Return where a fund stands on a day.

    Parameters
    ----------
    plan : FundPlan
    as_of : str
        YYYY-MM-DD: the last day of a quarter, or that of first closing.
    first_closing : str
        YYYY-MM-DD in the plan's vintage year; by default its first day.

    Raises
    ------
    DataError
        If a date is not one, or not allowed.
    """
    year = plan.fund.vintage_year
    problems: list[Problem] = []
    begin = _day(first_closing or f"{year}-01-01", "--first-closing", problems)
    day = _day(as_of, "--as-of", problems)
    if begin is not None and begin.year != year:
        allowed = f"a day of the plan's fund.vintage_year, {year}"
        problems.append(Problem("--first-closing", str(begin), allowed))
    if begin is None or day is None or problems:
        raise DataError("dates of the fund", problems)
    fund = plan.fund
    life = round(QUARTERS_PER_YEAR * (fund.term_years.centre + fund.extension_years.centre))
    gone = quarter_number(day) - quarter_number(begin) + 1
    if day == begin:
        return FundClock(begin, day, 0)
    if day != quarter_end(day):
        ends = f"{_before(day)} or {quarter_end(day)}"
        allowed = f"the last day of a quarter, as {ends}, or first closing, {begin}"
        problems.append(Problem("--as-of", str(day), allowed))
    if not 0 < gone < life:
        clock = FundClock(begin, day, 0)
        allowed = f"from {begin} to the quarter before the fund's last, {clock.name_of(life - 2)}"
        problems.append(Problem("--as-of", str(day), allowed))
    if problems:
        raise DataError("dates of the fund", problems)
    return FundClock(begin, day, gone)


def _before(day: date) -> date:
    """Return the last day of the quarter before that of a day."""
    month = MONTHS_PER_QUARTER * ((day.month - 1) // MONTHS_PER_QUARTER) + 1
    return date.fromordinal(date(day.year, month, 1).toordinal() - 1)


def _day(text: str, place: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(place, repr(text), "a date YYYY-MM-DD"))
        return None
