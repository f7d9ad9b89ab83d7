"""What the editor of a programme says: totals, ranges, what is wrong; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from finmodel.errors import Problem
from finmodel.report.wording import Wording
from finmodel.scenario.quantity import Spec
from finmodel.variables import labels


def region_total(shares: Mapping[str, float], budget: float, words: Wording) -> str:
    """Return the sum of shares and the money a year that they place.

    Parameters
    ----------
    shares : mapping of float
    budget : float
        Million CNY a year.
    words : Wording
    """
    total = math.fsum(shares.values())
    money = words.money(total * budget)
    return words.text("lab", "total", total=_plain(round(100 * total, 6)), money=money)


def region_money(shares: Mapping[str, float], budget: float, words: Wording) -> str:
    """Return the money a year of each province that gets some, in the order of the table.

    Parameters
    ----------
    shares : mapping of float
        By code.
    budget : float
        Million CNY a year.
    words : Wording
        With the names of provinces.
    """
    comma = words.text("memo_money", "comma")
    said = [
        f"{words.name(name)} {words.money(share * budget)}"
        for name, share in shares.items()
        if share > 0.0
    ]
    return words.text("lab", "by_place", places=comma.join(said)) if said else ""


def change_words(name: str, value: float, words: Wording) -> str:
    """Return a change of a programme as a reader knows it: which number, and what it is now.

    Parameters
    ----------
    name : str
        Dotted, of a programme's number.
    value : float
    words : Wording
        With the names of provinces and stages.
    """
    table, _, entry = name.removeprefix("programmes.").partition(".")[2].partition(".")
    if entry:
        return f"{words.name(entry)} {_plain(round(100 * value, 6))}%"
    if table == "budget_mcny_pa":
        return words.money(value)
    known = labels()["clause"].get(table)
    return f"{known[words.language] if known else table}: {_plain(value)}"


def spec_words(spec: Spec, words: Wording, per: float = 1.0) -> str:
    """Return the range that a number may have.

    Parameters
    ----------
    spec : Spec
    words : Wording
    per : float
        What a shown unit is of the scenario's.
    """
    return words.text("lab", "ask", low=_plain(spec.low / per), high=_plain(spec.high / per))


def reason(problem: Problem, spec: Spec | None, words: Wording) -> str:
    """Return what is wrong with a field; the range in words where that is what it broke."""
    is_range = spec is not None and problem.allowed == spec.allowed
    allowed = spec_words(spec, words) if spec is not None and is_range else problem.allowed
    return words.text("lab", "wrong", given=problem.given, allowed=allowed)


def _plain(value: float) -> str:
    return f"{value:,.10g}"
