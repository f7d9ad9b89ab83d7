"""Graded priors: the width of belief laid on a number that states one value alone.

A number keeps its value as the median, to rounding; what is added is a width, by the grade of
its source and by the kind of number, from a file. Shares get normal log odds, amounts of any
other kind normal logarithms, negative ones a normal law of the same relative width. Each law is
cut at so many standard deviations, and sooner at the nearer end of the range its field allows:
on both sides alike, so that the median stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, Strict, ValidationError

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.consistency import check_sources
from finmodel.scenario.distributions import (
    Distribution,
    LogitNormal,
    LogNormal,
    Normal,
    log_odds,
    share_of,
)
from finmodel.scenario.quantity import Quantity, Spec
from finmodel.scenario.reading import one_of, read_toml, to_problems
from finmodel.scenario.schema import Scenario
from finmodel.scenario.section import Section, within
from finmodel.scenario.share_tables import in_share_table, share_table
from finmodel.scenario.walk import declared, with_values

_PACKAGE = Path(__file__).resolve().parent.parent

KIND_OF_UNIT: Mapping[str, str] = {
    "share": "share",
    "per quarter": "share",
    "per year": "rate",
    "firms/year": "amount",
    "meetings/quarter": "amount",
    "mcny": "money",
    "mcny/year": "money",
    "x": "multiple",
    "x post-money": "multiple",
    "x median": "multiple",
    "years": "time",
    "quarters": "time",
    "km": "time",
    "ln": "spread",
    "sd": "spread",
    "index": "spread",
}
"""Kind of a number by its unit; any other unit is an effect: a loading, a taste, a log odds."""


class Widths(Section):
    """Standard deviation of the belief in a number, by its kind."""

    share: Annotated[Quantity, within("log odds", 0.0, 3.0, "shares and chances")]
    parts: Annotated[Quantity, within("ln", 0.0, 3.0, "shares of a table that sum to one")]
    rate: Annotated[Quantity, within("ln", 0.0, 3.0, "hazards, returns and fees a year")]
    amount: Annotated[Quantity, within("ln", 0.0, 3.0, "numbers of firms or meetings")]
    money: Annotated[Quantity, within("ln", 0.0, 3.0, "sums of money")]
    multiple: Annotated[Quantity, within("ln", 0.0, 3.0, "multiples")]
    effect: Annotated[Quantity, within("ln", 0.0, 3.0, "loadings, tastes and log odds")]
    spread: Annotated[Quantity, within("ln", 0.0, 3.0, "standard deviations and tail indices")]
    time: Annotated[Quantity, within("ln", 0.0, 3.0, "times and distances")]


class Grades(Section):
    """Widths by the grade of the source."""

    official: Widths
    academic: Widths
    commercial: Widths
    assumed: Widths


class Left(Section):
    """Numbers that get no width, and why."""

    names: Annotated[tuple[str, ...], Strict(False)] = Field(min_length=1)
    reason: str = Field(min_length=1)


class Priors(Section):
    """A file of graded priors."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", max_length=60)
    reach: Annotated[Quantity, within("sd", 1.0, 8.0, "where a belief is cut, on its own scale")]
    widths: Grades
    left: Annotated[tuple[Left, ...], Strict(False)]


@dataclass(frozen=True)
class Laid:
    """A scenario with priors laid on it.

    Attributes
    ----------
    scenario : Scenario
    names : tuple of str
        Numbers that got a belief.
    left : dict of str
        Why each of the other certain numbers did not.
    """

    scenario: Scenario
    names: tuple[str, ...]
    left: dict[str, str]


def priors_folder() -> Path:
    """Return the folder of priors: beside the package in a checkout, inside it when installed."""
    beside = _PACKAGE.parent / "scenarios" / "priors"
    return beside if beside.is_dir() else _PACKAGE / "_bundle" / "scenarios" / "priors"


def load_priors(reference: str | Path) -> Priors:
    """Read priors by name, as `graded`, or from a file.

    Raises
    ------
    ScenarioError
        If there is no such file, or with everything wrong in it.
    """
    file = Path(reference)
    if not file.is_file() and file.suffix != ".toml":
        known = sorted(path.stem for path in priors_folder().glob("*.toml"))
        if str(reference) not in known:
            allowed = f"{one_of(known)}, or a TOML file"
            near = nearest_name(str(reference), known)
            raise ScenarioError(
                "priors", [Problem("--priors", repr(str(reference)), allowed, near)]
            )
        file = priors_folder() / f"{reference}.toml"
    tree = read_toml(file)
    try:
        priors = Priors.model_validate(tree)
    except ValidationError as error:
        problems = [p for detail in error.errors() for p in to_problems(file, detail, (), Priors)]
        raise ScenarioError(f"priors {file}", problems) from None
    problems = check_sources(priors, str(file))
    if problems:
        raise ScenarioError(f"priors {file}", problems)
    return priors


def lay_priors(scenario: Scenario, priors: Priors) -> Laid:
    """Lay priors on every number that states no belief and is no switch.

    Left as they are: whole numbers; zeros, which mean off; numbers at an end of their range;
    those the file names; those whose width is zero; the last part of a whole whose other parts
    are all stated, since it moves with them.
    """
    beliefs: dict[str, float | Distribution] = {}
    left: dict[str, str] = {}
    last = _last_parts(scenario)
    for name, quantity, spec in declared(scenario):
        if quantity.is_uncertain:
            continue
        reason = _why_left(name, quantity.centre, spec, priors)
        if name in last:
            reason = "what the stated parts of its table leave"
        belief = None if reason else _belief(name, quantity, spec, priors)
        if belief is None:
            left[name] = reason or "its width is zero"
        else:
            beliefs[name] = belief
    return Laid(with_values(scenario, beliefs), tuple(beliefs), left)


def _last_parts(scenario: Scenario) -> set[str]:
    """Return the numbers that alone state no belief in a table of shares that sum to one."""
    certain: dict[str, list[str]] = {}
    stated: set[str] = set()
    for name, quantity, _ in declared(scenario):
        table = share_table(name)
        if table and quantity.is_uncertain:
            stated.add(table)
        elif table and quantity.centre != 0.0:
            certain.setdefault(table, []).append(name)
    return {names[0] for table, names in certain.items() if len(names) == 1 and table in stated}


def _why_left(name: str, value: float, spec: Spec, priors: Priors) -> str:
    if spec.is_whole:
        return "a whole number"
    if value == 0.0:
        return "zero: off"
    if value in (spec.low, spec.high):
        return "at an end of its range"
    for item in priors.left:
        if any(fnmatchcase(name, pattern) for pattern in item.names):
            return item.reason
    return ""


def kind_of(name: str, spec: Spec) -> str:
    """Return the kind of a number: a field of :class:`Widths`."""
    if in_share_table(name):
        return "parts"
    kind = KIND_OF_UNIT.get(spec.unit, "effect")
    # A gain of at most five, say, is no part of anything.
    return "effect" if kind == "share" and spec.high > 1.0 else kind


def _belief(name: str, quantity: Quantity, spec: Spec, priors: Priors) -> Distribution | None:
    kind, value = kind_of(name, spec), quantity.centre
    width = getattr(getattr(priors.widths, quantity.grade), kind).centre
    if width == 0.0:
        return None
    reach = priors.reach.centre * width
    if kind == "share":
        middle = log_odds(value)
        ends = [log_odds(end) for end in (spec.low, spec.high) if 0.0 < end < 1.0]
        reach = min([reach, *(abs(end - middle) for end in ends)])
        low, high = share_of(middle - reach), share_of(middle + reach)
        return LogitNormal(
            dist="logitnormal", median=value, logit_sd=width, low=low, high=min(high, spec.high)
        )
    if value > 0.0:
        ends = [math.log(end / value) for end in (spec.low, spec.high) if end > 0.0]
        reach = min([reach, *(abs(end) for end in ends)])
        low, high = value * math.exp(-reach), min(value * math.exp(reach), spec.high)
        return LogNormal(dist="lognormal", median=value, log_sd=width, low=low, high=high)
    reach = min(reach * -value, -value, value - spec.low, spec.high - value)
    return Normal(
        dist="normal", mean=value, sd=width * -value, low=value - reach, high=value + reach
    )


def beliefs_table(laid: Laid, stated: Scenario) -> pd.DataFrame:
    """Return every number of a scenario and whether it is drawn.

    Parameters
    ----------
    laid : Laid
    stated : Scenario
        As it was before priors were laid.

    Returns
    -------
    DataFrame
        `name`, `origin` (`stated`, `prior` or empty if certain), `median`, 5 and 95 % points
        `q05` and `q95`, `unit`, `grade`, `source`, `reason` why it is not drawn.
    """
    was_stated = {name for name, quantity, _ in declared(stated) if quantity.is_uncertain}
    rows = []
    for name, quantity, _ in declared(laid.scenario):
        origin = "stated" if name in was_stated else "prior" if quantity.is_uncertain else ""
        rows.append(
            {
                "name": name,
                "origin": origin,
                "median": quantity.centre,
                "q05": quantity.at(0.05),
                "q95": quantity.at(0.95),
                "unit": quantity.unit,
                "grade": quantity.grade,
                "source": quantity.source,
                "reason": laid.left.get(name, ""),
            }
        )
    return pd.DataFrame(rows)
