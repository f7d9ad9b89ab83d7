"""Draws of the numbers of a scenario that are beliefs: each alone, each the same for ever.

Draw `k` takes of every belief the quantile at a uniform keyed by (seed, k, name), so that any
draw can be made without the others and a belief that is added changes no other's draws. Beliefs
that go together do so by a Gaussian copula: their normal scores are mixed by the Cholesky factor
of their correlations, in the order in which the scenario names them, and each keeps its own law.
Numbers of one group `together` share one uniform, that of the first.
Shares of a table that must sum to one are divided by their sum.

A draw that breaks a rule between fields, as a ticket above the limit of concentration, is not
mended: the numbers of that rule, and those correlated with them, are drawn again, the rest not.
The law is then that of the beliefs given that the rule holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from statistics import NormalDist

import numpy as np

from finmodel.errors import Problem, ScenarioError
from finmodel.market.streams import PARAMETER, draw, uniform52
from finmodel.scenario import Scenario, quantities
from finmodel.scenario.consistency import check_consistency
from finmodel.scenario.correlations import (
    TOLERANCE,
    FloatMatrix,
    correlated_names,
    correlation_matrix,
)
from finmodel.scenario.priors import Priors, lay_priors
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.share_tables import close_tables
from finmodel.scenario.walk import with_values

MOST_ATTEMPTS = 1000
MOST_DRAWS = 1_000_000
_NORMAL = NormalDist()
_LEAST = 2.0**-53
_RULE_OF = (
    (
        r"(funds|programmes)\.([^.]+)\.ticket_share",
        ("{0}.{1}.ticket_share", "{0}.{1}.concentration_share"),
    ),
    (r"(funds)\.([^.]+)\.term_years", ("funds.{1}.term_years", "funds.{1}.investment_years")),
    (
        r"(programmes)\.([^.]+)\.term_years",
        ("programmes.{1}.term_years", "funds.*.investment_years"),
    ),
    (
        r"(funds)\.([^.]+)\.fee_pa",
        ("funds.{1}.fee_*", "funds.{1}.term_years", "funds.{1}.investment_years"),
    ),
    (
        r"(programmes)\.([^.]+)\.profit_give_up",
        ("programmes.{1}.profit_give_up", "programmes.{1}.manager_give_up"),
    ),
    (r"intermediaries\.meeting_gain", ("market.meetings_pp", "intermediaries.*")),
    (
        r"levers\.actors",
        (
            "market.meetings_pp",
            "intermediaries.*",
            "levers.actors.finance.*",
            "levers.actors.intermediary.*",
        ),
    ),
)
"""Place of a problem between fields, and the numbers that can cause it."""


@dataclass(frozen=True)
class Draw:
    """One draw of all beliefs.

    Attributes
    ----------
    number : int
    scenario : Scenario
        Without beliefs.
    numbers : dict of float
        Every number that was a belief, as the scenario has it now.
    n_redrawn : int
        Times some numbers were drawn again because a rule between fields did not hold.
    """

    number: int
    scenario: Scenario
    numbers: dict[str, float]
    n_redrawn: int


def draw_scenario(
    scenario: Scenario, draw: int, seed: int, priors: Priors | None = None
) -> Scenario:
    """Return a scenario with every belief drawn.

    Parameters
    ----------
    scenario : Scenario
    draw : int
        Number of the draw, from 0 on; it does not depend on how many there are.
    seed : int
        In [0, 2**63).
    priors : Priors, optional
        Laid on the numbers that state no belief; without them these stay.

    Returns
    -------
    Scenario
        Without beliefs and correlations.

    Raises
    ------
    ScenarioError
        If no draw keeps the rules between fields.
    """
    laid = lay_priors(scenario, priors).scenario if priors else scenario
    return Beliefs(laid).draw(draw, seed).scenario


class Beliefs:
    """The joint belief in the numbers of a scenario.

    Parameters
    ----------
    scenario : Scenario
        With the beliefs to draw from, stated or laid.

    Attributes
    ----------
    names : tuple of str
        Numbers that are beliefs, in the order of the schema.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._numbers = dict(quantities(scenario))
        uncertain = {n: quantity for n, quantity in self._numbers.items() if quantity.is_uncertain}
        self._beliefs: dict[str, Quantity] = uncertain
        self.names = tuple(uncertain)
        self._linked = correlated_names(scenario.correlations)
        matrix = correlation_matrix(scenario.correlations)
        self._factor = cholesky(matrix)
        self._group = {name: self._linked_to(i, matrix) for i, name in enumerate(self._linked)}
        self._leader = {name: group[0] for group in scenario.together for name in group[1:]}
        for group in scenario.together:
            whole = frozenset(group) | self._group.get(group[0], frozenset())
            self._group |= dict.fromkeys(whole, whole)

    def draw(self, number: int, seed: int) -> Draw:
        """Return one draw; see :func:`draw_scenario`."""
        return draw_together([self], number, seed)[0]

    def at(self, levels: Mapping[str, float]) -> tuple[Scenario, dict[str, float]]:
        """Return the scenario at independent uniforms, one a belief, and its drawn numbers.

        Rules between fields are not checked. A design of draws, instead of chance, may give the
        uniforms.

        Parameters
        ----------
        levels : mapping of float
            In (0, 1), by name of the belief.
        """
        mixed = self._mix(levels)
        values = {name: item.at(mixed[name]) for name, item in self._beliefs.items()}
        every = {name: values.get(name, item.centre) for name, item in self._numbers.items()}
        closed = close_tables(every, self.names)
        changed: dict[str, float] = {**values, **closed}
        made = with_values(self._scenario, changed).model_copy(
            update={"correlations": (), "together": ()}
        )
        return made, {name: changed[name] for name in self.names}

    def _mix(self, levels: Mapping[str, float]) -> dict[str, float]:
        """Return uniforms that go together as the correlations say."""
        mixed = dict(levels)
        scores = [_NORMAL.inv_cdf(levels[name]) for name in self._linked]
        for i, name in enumerate(self._linked):
            row = self._factor[i]
            if row[i] == 1.0:  # on its own so far: not even its last digit moves
                continue
            score = math.fsum(row[j] * scores[j] for j in range(i + 1))
            mixed[name] = min(max(_NORMAL.cdf(score), _LEAST), 1.0 - _LEAST)
        return mixed | {name: mixed[leader] for name, leader in self._leader.items()}

    def _linked_to(self, start: int, matrix: FloatMatrix) -> frozenset[str]:
        found, waiting = {start}, [start]
        while waiting:
            for j in np.flatnonzero(matrix[waiting.pop()]):
                if int(j) not in found:
                    found.add(int(j))
                    waiting.append(int(j))
        return frozenset(self._linked[i] for i in found)

    def to_blame(self, problems: Collection[Problem]) -> set[str]:
        """Return the beliefs that can mend problems between fields, with what goes with them."""
        blamed: set[str] = set()
        for problem in problems:
            blamed |= self._in_rule(problem.place.removeprefix(f"{_PLACE}: "))
        return blamed.union(*(self._group.get(name, frozenset()) for name in blamed))

    def _in_rule(self, place: str) -> set[str]:
        for pattern, names in _RULE_OF:
            found = re.fullmatch(pattern, place)
            if found:
                wanted = [name.format(*found.groups()) for name in names]
                return {n for n in self.names if any(fnmatchcase(n, name) for name in wanted)}
        while place:
            inside = {n for n in self.names if n == place or n.startswith(f"{place}.")}
            if inside:
                return inside
            place = place.rpartition(".")[0]
        return set()


def draw_together(beliefs: Sequence[Beliefs], number: int, seed: int) -> list[Draw]:
    """Return one draw of several scenarios, in which what has one name has one uniform.

    Where some number is drawn again because a rule does not hold in one scenario, it is drawn
    again in all: arms of a comparison differ by what they say and by nothing drawn.

    Parameters
    ----------
    beliefs : sequence of Beliefs
    number, seed : int
        As in :func:`draw_scenario`.

    Raises
    ------
    ScenarioError
        If no draw keeps the rules between fields.
    """
    attempts = dict.fromkeys((name for item in beliefs for name in item.names), 0)
    for redrawn in range(MOST_ATTEMPTS):
        levels = {n: belief_uniform(seed, number, n, at) for n, at in attempts.items()}
        made = [item.at({name: levels[name] for name in item.names}) for item in beliefs]
        problems = [check_consistency(scenario, _PLACE) for scenario, _ in made]
        if not any(problems):
            return [Draw(number, scenario, values, redrawn) for scenario, values in made]
        to_blame = [item.to_blame(found) for item, found in zip(beliefs, problems, strict=True)]
        again = set[str]().union(*to_blame)
        if not again:
            break
        for name in again:
            attempts[name] += 1
    allowed = "beliefs that keep the rules between fields at least once in a while"
    failed = [
        Problem(p.place, p.given, f"{p.allowed}; {allowed}") for found in problems for p in found
    ]
    raise ScenarioError(f"draw {number} of the beliefs", list(dict.fromkeys(failed)))


_PLACE = "draw"


def belief_uniform(seed: int, number: int, name: str, attempt: int = 0) -> float:
    """Return the uniform in (0, 1) of one belief in one draw.

    Parameters
    ----------
    seed, number : int
        Seed of the run and number of the draw.
    name : str
        Dotted name of the number.
    attempt : int
        Times it was drawn before in this draw.
    """
    key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    low, high = np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)
    words = draw(np.uint64(seed), number, PARAMETER, attempt, low, high)
    return uniform52(words[0], words[1])


def cholesky(matrix: FloatMatrix) -> FloatMatrix:
    """Return the lower factor of a positive semi-definite correlation matrix.

    A row that those before it determine has a zero on the diagonal.
    """
    factor = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i):
            rest = matrix[i, j] - math.fsum(factor[i, :j] * factor[j, :j])
            factor[i, j] = rest / factor[j, j] if factor[j, j] > 0.0 else 0.0
        left = matrix[i, i] - math.fsum(factor[i, :i] ** 2)
        factor[i, i] = math.sqrt(left) if left > TOLERANCE else 0.0
    return factor
