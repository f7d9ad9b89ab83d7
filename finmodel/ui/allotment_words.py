"""What the editor of a programme says: totals, ranges, what is wrong; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from finmodel.errors import Problem
from finmodel.report.changes import change_text
from finmodel.report.wording import Wording
from finmodel.scenario.quantity import Spec
from finmodel.ui.allotment import missing
from finmodel.ui.money_grid import PERCENT_DECIMALS, Split
from finmodel.variables import labels

ABSURD = 1e12
"""From here a number is told as more than this: no unit has a budget of so many."""


def total_table(
    shares: Mapping[str, float],
    budget: float,
    decimals: int,
    heads: tuple[str, str],
    words: Wording,
) -> pd.DataFrame:
    """Return the sum of shares and of money beside the budget, and what is missing or over.

    Parameters
    ----------
    shares : mapping of float
    budget : float
        In the unit shown.
    decimals : int
        Of the money.
    heads : (str, str)
        Keys of the words for share and money.
    words : Wording
    """
    total, lack = math.fsum(shares.values()), missing(shares)
    rows = [("row_total", total), ("row_budget", 1.0)]
    if lack:
        rows.append(("row_missing" if lack > 0 else "row_over", abs(lack)))

    return pd.DataFrame(
        {
            " ": [words.text("lab", key) for key, _ in rows],
            words.text("lab", heads[0]): [
                _digits(100.0 * part, PERCENT_DECIMALS, words) for _, part in rows
            ],
            words.text("lab", heads[1], unit=words.money_unit): [
                _digits(part * budget, decimals, words) for _, part in rows
            ],
        }
    )


def _digits(value: float, decimals: int, words: Wording) -> str:
    """Return a number with its decimals; one that no budget can be, as more than the most."""
    if not abs(value) < ABSURD:
        return _beyond(value, words)
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def _beyond(value: float, words: Wording) -> str:
    """Return that a number is more, or if negative less, than any that means something."""
    if value < 0.0:
        return words.text("lab", "below", least=f"−{ABSURD:,.0f}")
    return words.text("lab", "beyond", most=f"{ABSURD:,.0f}")


def percent_words(share: float, words: Wording, decimals: int = 4) -> str:
    """Return a share in per cent without its sign, in plain digits however large it is.

    Parameters
    ----------
    share : float
    words : Wording
    decimals : int
        Of a per cent, at most: those at the end that are 0 are left out.
    """
    percent = 100.0 * share
    if not abs(percent) < ABSURD:
        return _beyond(percent, words)
    digits = f"{round(percent, decimals) + 0.0:,.{decimals}f}"
    return digits.rstrip("0").rstrip(".").replace("-", "−")


def money_words(value: float, words: Wording) -> str:
    """Return money as pages tell it; money that no budget can be, as more than the most.

    Parameters
    ----------
    value : float
        In the unit shown, not negative.
    words : Wording
    """
    if value < ABSURD:
        return words.money(value * words.mcny_per_unit)
    return words.text("lab", "beyond", most=words.money(ABSURD * words.mcny_per_unit))


def unplaced(shares: Mapping[str, float], budget: float, decimals: int, words: Wording) -> str:
    """Return why the total by stage is not that by province and stage; nothing if it is.

    Parameters
    ----------
    shares : mapping of float
        Of provinces.
    budget : float
        In the unit shown; the table by stage splits all of it.
    decimals : int
    words : Wording
    """
    lack = missing(shares)
    if not lack or budget <= 0.0:
        return ""
    parts = {"budget": budget, "placed": (1.0 - lack) * budget, "rest": abs(lack) * budget}
    key = "unplaced" if lack > 0 else "overplaced"
    shown = {name: _digits(value, decimals, words) for name, value in parts.items()}
    return words.text("money_note", key, unit=words.money_unit, **shown)


def allows(spec: Spec, value: float) -> bool:
    """Return whether a number is in the range that it may have."""
    return spec.low <= value <= spec.high


def matrix_table(
    split: Split, regions: Sequence[str], stages: Sequence[str], words: Wording
) -> pd.DataFrame:
    """Return money by province and stage with totals, in the unit shown.

    A province's total stands first, where a narrow screen shows it.

    Parameters
    ----------
    split : Split
    regions, stages : sequence of str
        Codes, in the order of the split.
    words : Wording
        With their names.
    """
    total = words.text("lab", "row_total")
    table = {words.text("view", "region"): [*(words.name(code) for code in regions), total]}
    columns = {
        words.name(stage): [*split.cells[:, k], split.stages[k]] for k, stage in enumerate(stages)
    }
    return pd.DataFrame({**table, total: [*split.places, split.total], **columns})


def out_of_range(name: str, share: float, spec: Spec, words: Wording) -> str:
    """Return which row has a share that cannot be, and what may be, both in per cent.

    Parameters
    ----------
    name : str
        Code of the row.
    share : float
    spec : Spec
        What it may be.
    words : Wording
    """
    allowed = words.text(
        "lab", "ask", low=f"{_plain(100 * spec.low)}%", high=f"{_plain(100 * spec.high)}%"
    )
    given = f"{words.name(name)} {percent_words(share, words, 6)}%"
    return words.text("lab", "wrong", given=given, allowed=allowed)


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


def reason(
    problem: Problem,
    spec: Spec | None,
    words: Wording,
    per: float = 1.0,
    exact: float = math.nan,
) -> str:
    """Return what is wrong with a field, in its unit and with its name for other fields.

    Parameters
    ----------
    problem : Problem
    spec : Spec or None
        Of the field; a range that was broken is told by it.
    words : Wording
    per : float
        What a shown unit is of the scenario's.
    exact : float
        The number that was refused, where it is known: a problem tells its first six digits.
    """
    if spec is not None and problem.allowed == spec.allowed:
        allowed = spec_words(spec, words, per)
    else:
        allowed = rule_words(problem.allowed, words)
    try:
        value = float(problem.given)
        value = exact if math.isclose(value, exact, rel_tol=1e-5) else value
        given = f"{value / per:,.12g}" if abs(value / per) < ABSURD else _beyond(value, words)
    except ValueError:
        given = given_words(problem.given, words)
    return words.text("lab", "wrong", given=given, allowed=allowed)


_RULES = {
    "at_most": r"at most (?P<field>\w+), (?P<limit>[\d.e+-]+)",
    "together": r"(?P<field>\w+) and (?P<other>\w+) of at most (?P<limit>[\d.e+-]+) together",
    "only_for": r"(?P<limit>[\d.e+-]+) but for a fund of funds",
    "life": r"at least the investment period of (?P<kind>\w+), (?P<limit>[\d.e+-]+)",
    "clause": r"(?P<limit>[\d.e+-]+): an? \w+ knows no such clause",
    "stage": r"a stage above 0",
    "sector": r"a sector above 0, or no mandate over sectors",
    "hard_share": r"hard tech: (?P<field>hard_tech_min_share) is (?P<limit>[\d.e+-]+)",
    "hard_kind": r"hard tech: a (?:grant|guarantee) is for hard technology alone",
}
"""What the scenario's reader allows where numbers must fit each other, as patterns."""


_OWN_RULES = ("stage", "sector", "hard_share", "hard_kind")


def rule_words(allowed: str, words: Wording) -> str:
    """Return a rule between fields with the names that the page gives them."""
    for key, pattern in _RULES.items():
        found = re.fullmatch(pattern, allowed)
        if found:
            section = "money_note" if key in _OWN_RULES else "lab"
            return words.text(section, f"rule_{key}", **_names(found.groupdict(), words))
    return allowed


def given_words(given: str, words: Wording) -> str:
    """Return what was given, where it is no number, in words."""
    if given == "all weights 0":
        return words.text("money_note", "given_zero")
    found = re.fullmatch(r"general sectors alone: (.+)", given)
    if found:
        names = (words.name(name) for name in found[1].split(", "))
        between = words.text("lab", "comma")
        return words.text("money_note", "given_general", names=between.join(names))
    return given


def _names(parts: Mapping[str, str], words: Wording) -> dict[str, str]:
    clauses = labels()["clause"]
    return {
        key: clauses[part][words.language] if part in clauses else words.name(part)
        for key, part in parts.items()
    }


def _plain(value: float) -> str:
    return f"{value:,.10g}"


def first_cheque(
    size_mcny: float, ticket_share: float, asks: Mapping[str, float], words: Wording
) -> str:
    """Return how much a vehicle can put into a firm at first, and the stages that ask for more.

    Parameters
    ----------
    size_mcny : float
        Mean size of a vehicle.
    ticket_share : float
        Its largest first investment in a firm, a part of its size.
    asks : mapping of float
        Median ask by stage, million CNY.
    words : Wording
        With the names of stages.
    """
    most = size_mcny * ticket_share
    above = [(name, ask) for name, ask in asks.items() if ask > most]
    comma = words.text("lab", "comma")
    return words.text(
        "lab",
        "cheque_below" if above else "cheque_enough",
        most=words.exact_money(most),
        asks=comma.join(
            words.text("lab", "cheque_ask", stage=words.name(name), ask=words.exact_money(ask))
            for name, ask in above
        ),
    )
