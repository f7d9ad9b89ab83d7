"""From a fund's events to its positions: cost, share, last round and value of each firm."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from finmodel.datasets.position_event import Event
from finmodel.datasets.positions import Positions
from finmodel.fund import desk as col
from finmodel.fund.clock import FundClock
from finmodel.world.arrays import FloatArray

FIRST_KEY = 2**31
"""Keys of luck of positions start here, beyond those of deals to come."""


class Round(NamedTuple):
    """A round of a firm that the fund holds.

    Attributes
    ----------
    stage, quarter : int
    post_money, cheque : float
        Million CNY; the cheque is the fund's, 0 if it did not join.
    """

    stage: int
    quarter: int
    post_money: float
    cheque: float


@dataclass
class Holding:
    """One position as it stands after its events.

    Attributes
    ----------
    firm : str
    key : int
        Of its luck.
    deal : ndarray of shape (N_DEAL,)
    rounds : list of Round
    post_money : float
        Last known, million CNY.
    moves : list of (quarter, column, amount)
        What it did to the fund's flows; NAV and cost as changes.
    """

    firm: str
    key: int = 0
    deal: FloatArray = field(default_factory=lambda: np.zeros(col.N_DEAL))
    rounds: list[Round] = field(default_factory=list)
    post_money: float = 0.0
    moves: list[tuple[int, int, float]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing is held any more."""
        return bool(self.deal[col.DEAL_ENDED] > 0.0)

    @property
    def held_cost(self) -> float:
        """Cost of what is held, million CNY."""
        return float(self.deal[col.DEAL_COST] - self.deal[col.DEAL_SOLD])

    def value_at(self, quarter: int, value: float) -> None:
        """Set the value at marks."""
        self.moves.append((quarter, col.NAV, value - float(self.deal[col.DEAL_NAV])))
        self.deal[col.DEAL_NAV] = value

    def buy(self, event: Event, stage: int, quarter: int) -> None:
        """Book a first or later cheque."""
        deal, amount, post = self.deal, event.amount_mcny, event.post_money_mcny
        last = self.rounds[-1] if self.rounds else None
        if last is not None and (last.stage, last.post_money) == (stage, post):
            self.rounds[-1] = last._replace(cheque=last.cheque + amount)
        else:
            self.rounds.append(Round(stage, quarter, post, amount))
        if event.kind == "investment":
            deal[col.DEAL_STAGE], deal[col.DEAL_QUARTER] = stage, quarter
            deal[col.DEAL_FIRST], deal[col.DEAL_SHARE] = amount, event.share
        deal[col.DEAL_COST] += amount
        deal[col.DEAL_LAST_SHARE], self.post_money = event.share, post
        column = col.INVESTED if event.kind == "investment" else col.FOLLOWED
        self.moves += [(quarter, column, amount), (quarter, col.COST, amount)]
        self.value_at(quarter, event.share * post)

    def mark(self, event: Event, stage: int, quarter: int) -> None:
        """Book a round without the fund, or a new value."""
        if not math.isnan(event.share):
            self.deal[col.DEAL_LAST_SHARE] = event.share
        share = float(self.deal[col.DEAL_LAST_SHARE])
        value, post = event.amount_mcny, event.post_money_mcny
        self.post_money = value / share if math.isnan(post) else post
        if event.stage:
            self.rounds.append(Round(stage, quarter, self.post_money, 0.0))
        self.value_at(quarter, share * post if math.isnan(value) else value)

    def sell(self, event: Event, quarter: int) -> None:
        """Book proceeds; what is sold leaves cost and value in proportion."""
        deal = self.deal
        deal[col.DEAL_PROCEEDS] += event.amount_mcny
        self.moves.append((quarter, col.PROCEEDS, event.amount_mcny))
        if self.is_over:
            return
        kept = event.share / float(deal[col.DEAL_LAST_SHARE])
        self.let_go(quarter, (1.0 - kept) * self.held_cost, col.REALISED)
        self.value_at(quarter, kept * float(deal[col.DEAL_NAV]))
        if event.share == 0.0:
            deal[col.DEAL_ENDED], deal[col.DEAL_SOLD] = 1.0, deal[col.DEAL_COST]
        else:
            deal[col.DEAL_LAST_SHARE] = event.share

    def write_off(self, quarter: int) -> None:
        """Book the end for nothing."""
        self.let_go(quarter, self.held_cost, col.WRITTEN_OFF)
        self.value_at(quarter, 0.0)
        self.deal[col.DEAL_ENDED], self.deal[col.DEAL_SOLD] = 1.0, self.deal[col.DEAL_COST]

    def let_go(self, quarter: int, cost: float, column: int) -> None:
        """Take cost out of what is held."""
        self.moves += [(quarter, column, cost), (quarter, col.COST, -cost)]
        self.deal[col.DEAL_SOLD] += cost


def holdings_of(
    positions: Positions, clock: FundClock, stages: Sequence[str]
) -> tuple[Holding, ...]:
    """Return a fund's positions in the order of their first cheques.

    Parameters
    ----------
    positions : Positions
    clock : FundClock
    stages : sequence of str
        Of the plan, in order.
    """
    found: dict[str, Holding] = {}
    place = {name: k for k, name in enumerate(stages)}
    for event in positions.events:
        if not event.firm:
            continue
        holding = found.setdefault(event.firm, Holding(event.firm))
        quarter, stage = clock.quarter_of(event.day), place.get(event.stage, 0)
        if event.kind in ("investment", "follow_on"):
            holding.buy(event, stage, quarter)
        elif event.kind == "mark":
            holding.mark(event, stage, quarter)
        elif event.kind == "proceeds":
            holding.sell(event, quarter)
        else:
            holding.write_off(quarter)
    _give_keys(found)
    return tuple(found.values())


def _give_keys(holdings: dict[str, Holding]) -> None:
    """Key luck by the name of the firm, so that rows added for others change nothing."""
    taken = set()
    for name in sorted(holdings):
        key = int.from_bytes(sha256(name.encode()).digest()[:4], "big") % FIRST_KEY
        while key in taken:
            key = (key + 1) % FIRST_KEY
        taken.add(key)
        holdings[name].key = FIRST_KEY + key


def flow_moves(holdings: Sequence[Holding], quarters: int) -> FloatArray:
    """Return what positions did to a fund's flows, shape (quarters, N_FLOWS)."""
    sums: dict[tuple[int, int], list[float]] = defaultdict(list)
    for holding in holdings:
        for quarter, column, amount in holding.moves:
            sums[quarter, column].append(amount)
    flows = np.zeros((quarters, col.N_FLOWS))
    for (quarter, column), amounts in sums.items():
        flows[quarter, column] = math.fsum(amounts)
    levels = [col.NAV, col.COST]
    flows[:, levels] = np.cumsum(flows[:, levels], axis=0)
    return flows
