"""What the editor of a programme says: totals, ranges, what is wrong; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from finmodel.errors import Problem
from finmodel.report.changes import change_text
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
    return change_text(name, repr(value), words, is_short=True)


def spec_words(spec: Spec, words: Wording, per: float = 1.0) -> str:
    """Return the range that a number may have.

    Parameters
    ----------
    spec : Spec
    words : Wording
    per : float
        What a shown unit is of the scenario's.
    """
    kind = "ask_above" if spec.is_low_open else "ask"
    text = words.text("lab", kind, low=_plain(spec.low / per), high=_plain(spec.high / per))
    return text + words.text("lab", "ask_whole") if spec.is_whole else text


def reason(problem: Problem, spec: Spec | None, words: Wording, per: float = 1.0) -> str:
    """Return what is wrong with a field, in its unit and with its name for other fields.

    Parameters
    ----------
    problem : Problem
    spec : Spec or None
        Of the field; a range that was broken is told by it.
    words : Wording
    per : float
        What a shown unit is of the scenario's.
    """
    if spec is not None and problem.allowed == spec.allowed:
        allowed = spec_words(spec, words, per)
    else:
        allowed = _rule(problem.allowed, words)
    try:
        given = _plain(float(problem.given) / per)
    except ValueError:
        given = problem.given
    return words.text("lab", "wrong", given=given, allowed=allowed)


_RULES = {
    "at_most": r"at most (?P<field>\w+), (?P<limit>[\d.e+-]+)",
    "together": r"(?P<field>\w+) and (?P<other>\w+) of at most (?P<limit>[\d.e+-]+) together",
    "only_for": r"(?P<limit>[\d.e+-]+) but for a fund of funds",
    "life": r"at least the investment period of (?P<kind>\w+), (?P<limit>[\d.e+-]+)",
}
"""What the scenario's reader allows where numbers must fit each other, as patterns."""


def _rule(allowed: str, words: Wording) -> str:
    """Return a rule between fields with the names that the page gives them."""
    for key, pattern in _RULES.items():
        found = re.fullmatch(pattern, allowed)
        if found:
            return words.text("lab", f"rule_{key}", **_names(found.groupdict(), words))
    return allowed


def _names(parts: Mapping[str, str], words: Wording) -> dict[str, str]:
    clauses = labels()["clause"]
    return {
        key: clauses[part][words.language] if part in clauses else words.name(part)
        for key, part in parts.items()
    }


def _plain(value: float) -> str:
    return f"{value:,.10g}"
