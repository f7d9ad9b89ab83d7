"""What `--until` may say: how small an error of which measure is wanted.

    goal      = condition { "and" condition }
    condition = kind "(" measure ")" ( "<" | "<=" ) number [ "%" ]
    kind      = "se" | "rse" | "half_width95"
    measure   = name [ "[" dimension "=" value { "," dimension "=" value } "]" ]

`se` is the Monte Carlo standard error in the unit of the measure, `rse` its ratio to the
absolute value, `half_width95` half the 95 % interval. The text is read by these rules alone and
never run as a program.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple, get_args

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.measure.series import Catalogue, Estimate
from finmodel.measure.tails import ROUNDING

Kind = Literal["se", "rse", "half_width95"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EXAMPLE = "'se(gap_rate) < 0.01 and rse(deals_n[region=AH]) < 2%'"
LONGEST = 1000
"""Characters of a goal: more is no goal but a mistake."""

_OR_END = "'and', or the end"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<word>[\w.:-]+)|(?P<sign><=|[()\[\],=<%]))",
    re.ASCII,
)
_WORD = re.compile(r"[\w.:-]+", re.ASCII)


class Condition(NamedTuple):
    """One error that must be small enough.

    Attributes
    ----------
    kind : {'se', 'rse', 'half_width95'}
    measure : str
    cell : tuple of pairs of str
        Dimension and value.
    limit : float
        Above zero.
    """

    kind: Kind
    measure: str
    cell: tuple[tuple[str, str], ...]
    limit: float

    @property
    def subject(self) -> str:
        """The measure with its cell."""
        cell = ",".join(f"{name}={value}" for name, value in self.cell)
        return f"{self.measure}[{cell}]" if cell else self.measure

    def __str__(self) -> str:
        return f"{self.kind}({self.subject}) < {self.limit!r}"

    def found(self, estimate: Estimate, *, is_bound: bool = False) -> float:
        """Return the error of an estimate in the terms of the condition.

        Parameters
        ----------
        estimate : Estimate
        is_bound : bool
            Whether to take the upper bound of the standard error.
        """
        se = estimate.se_bound if is_bound else estimate.se
        if self.kind == "se":
            return se
        if self.kind == "half_width95":
            return estimate.half_width(se)
        size = abs(estimate.value)
        return se / size if size > 0.0 else (math.nan if math.isnan(size) else math.inf)

    def is_met(self, estimate: Estimate) -> bool:
        """Whether the error, with its own error added, is below the limit; never if unknown.

        Units that are all alike show no error: what is rare has not happened yet.
        """
        is_known = estimate.se > ROUNDING * abs(estimate.value)
        return is_known and self.found(estimate, is_bound=True) < self.limit


class Goal(NamedTuple):
    """Conditions that must hold together."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(str(condition) for condition in self.conditions)


def parse_goal(text: str) -> Goal:
    """Return a goal from its text.

    Raises
    ------
    ScenarioError
        If it is not one, with the place and what would be understood there.
    """
    if len(text) > LONGEST:
        raise _refused(f"{len(text)} characters", f"at most {LONGEST}, as {EXAMPLE}")
    if not text.strip():
        raise _refused("an empty text", f"a goal, as {EXAMPLE}")
    reader = _Reader(text)
    conditions = [_condition(reader)]
    while not reader.is_done:
        if reader.take("word", wanted=_OR_END).casefold() != "and":
            raise reader.refusal(_OR_END)
        conditions.append(_condition(reader))
    return Goal(tuple(conditions))


def checked_goal(text: str, catalogue: Catalogue) -> Goal:
    """Return a goal with full names, all of which are in a catalogue.

    Raises
    ------
    ScenarioError
        With every name that is unknown and the nearest that is known.
    """
    problems: list[Problem] = []
    conditions = []
    for condition in parse_goal(text).conditions:
        full = condition._replace(measure=catalogue.name(condition.measure))
        problems += _problems(condition, full, catalogue)
        conditions.append(full)
    if problems:
        raise ScenarioError("stopping goal", list(dict.fromkeys(problems)))
    return Goal(tuple(dict.fromkeys(conditions)))


def _problems(given: Condition, full: Condition, catalogue: Catalogue) -> list[Problem]:
    place = f"--until: {given.subject}"
    dimensions = catalogue.dimensions.get(full.measure)
    if dimensions is None:
        near = nearest_name(given.measure, catalogue.names)
        allowed = "one of " + ", ".join(catalogue.names)
        return [Problem(place, repr(given.measure), allowed, near)]
    found = []
    names = [name for name, _ in full.cell]
    for name, value in full.cell:
        if name not in dimensions:
            allowed = f"one of {', '.join(dimensions)}" if dimensions else "no dimension"
            found.append(Problem(place, repr(name), allowed, nearest_name(name, dimensions)))
        elif value not in (values := catalogue.values[name]):
            allowed = f"one of {', '.join(values)}"
            found.append(Problem(place, f"{name}={value}", allowed, nearest_name(value, values)))
    found += [
        Problem(place, f"{name} twice", "each dimension once")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for pair in catalogue.apart:
        if pair <= set(names):
            allowed = f"one of {' and '.join(sorted(pair))}: they are not counted together"
            found.append(Problem(place, " and ".join(sorted(pair)), allowed))
    return found


class _Reader:
    """Tokens of a goal, one after the other."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._last = text, 0, 0

    @property
    def is_done(self) -> bool:
        return not self._text[self._at :].strip()

    def take(self, kind: str, *allowed: str, wanted: str = "") -> str:
        """Return the next token, which must be of a kind and one of those allowed."""
        found = _TOKEN.match(self._text, self._at)
        self._last = self._at
        if kind == "value" and found:
            # A value may look like a number, as a year does.
            start = found.start(found.lastgroup or 0)
            whole = _WORD.match(self._text, start)
            if whole:
                self._at = whole.end()
                return whole.group()
        token = found.group(kind) if found and found.lastgroup == kind else None
        if token is None or (allowed and token not in allowed):
            names = {"word": "a name", "number": "a number above 0", "value": "a value"}
            listed = ", ".join(repr(item) for item in allowed)
            raise self.refusal(wanted or listed or names[kind])
        assert found is not None
        self._at = found.end()
        return token

    def next_is(self, sign: str) -> bool:
        """Whether the next token is a sign."""
        found = _TOKEN.match(self._text, self._at)
        return bool(found and found.group("sign") == sign)

    def refusal(self, allowed: str) -> ScenarioError:
        """Return an error at the token last taken."""
        rest = self._text[self._last :].strip()
        given = f"{rest[:40]!r} at character {self._last + 1}" if rest else "the end"
        return _refused(given, f"{allowed}; a goal reads {EXAMPLE}")


def _condition(reader: _Reader) -> Condition:
    kind = reader.take("word", wanted=f"one of {', '.join(KINDS)}")
    if kind not in KINDS:
        near = nearest_name(kind, KINDS)
        hint = f" (did you mean {near!r}?)" if near else ""
        raise reader.refusal(f"one of {', '.join(KINDS)}{hint}")
    reader.take("sign", "(")
    measure = reader.take("word")
    cell = []
    if reader.next_is("["):
        reader.take("sign", "[")
        while True:
            name = reader.take("word")
            reader.take("sign", "=")
            cell.append((name, reader.take("value")))
            if reader.take("sign", ",", "]") == "]":
                break
    reader.take("sign", ")")
    reader.take("sign", "<", "<=")
    limit = float(reader.take("number"))
    if not 0.0 < limit < math.inf:
        raise reader.refusal("a finite number above 0")
    if reader.next_is("%"):
        reader.take("sign", "%")
        limit /= 100.0
        if limit == 0.0:
            raise reader.refusal("a number above 0")
    return Condition(kind, measure, tuple(cell), limit)


def _refused(given: str, allowed: str) -> ScenarioError:
    return ScenarioError("stopping goal", [Problem("--until", given, allowed)])
