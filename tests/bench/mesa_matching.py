"""The plain matching of the Mesa model: firms propose, purses keep the best they can pay for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.mesa_agents import Firm, Fund

TINY = 1e-12


@dataclass(slots=True, eq=False)
class Lot:
    fund: Fund | None  # None: outsiders
    cost: float
    shares: float
    quarter: int


@dataclass(slots=True, eq=False)
class Need:
    ask: float
    is_bridge: bool
    opened: int
    look: float  # the luck all funds share
    outcome: str = "discouraged"


@dataclass(slots=True, eq=False)
class Purse:
    """What a fund may spend this quarter on new firms, or on its own, and who holds it."""

    budget: float
    left: float = 0.0
    held: list[Offer] = field(default_factory=list)

    def take(self, offer: Offer, amount: float) -> list[tuple[Offer, float]]:
        """Let an offer hold `amount` more; return which offers lose how much for it."""
        if offer.amount == 0.0:
            self.held.append(offer)
        offer.amount += amount
        self.left -= amount
        losses = []
        while self.left < -TINY * self.budget:
            worst = min(self.held, key=lambda other: other.score)
            cut = min(-self.left, worst.amount)
            worst.amount -= cut
            worst.is_cut = True
            self.left += cut
            if worst.amount == 0.0:
                self.held.remove(worst)
            losses.append((worst, cut))
        return losses


@dataclass(slots=True, eq=False)
class Offer:
    firm: Firm
    fund: Fund
    is_insider: bool
    purse: Purse
    ticket: float
    pre_money: float
    liking: float
    score: float
    amount: float = 0.0
    is_cut: bool = False


def propose(firms: list[Firm]) -> None:
    """Deferred acceptance in amounts: firms propose, purses keep the best they can pay for."""
    for firm in firms:
        for offer in firm.offers:
            offer.amount, offer.is_cut = 0.0, False
            offer.purse.left, offer.purse.held = offer.purse.budget, []
    waiting = list(firms)
    while waiting:
        firm = waiting.pop()
        lacking = firm.need.ask - firm.raised()
        for offer in firm.offers:
            room = min(lacking, offer.ticket - offer.amount)
            if offer.is_cut or room <= TINY * firm.need.ask:
                continue
            lacking -= room
            for worst, cut in offer.purse.take(offer, room):
                if worst.firm is firm:
                    lacking += cut
                else:
                    waiting.append(worst.firm)


def match(firms: list[Firm], least: float) -> list[Firm]:
    """Allocate the purses; return the firms whose rounds raise at least `least` of the ask."""

    def within_reach(firm: Firm) -> float:
        return sum(min(offer.ticket, offer.purse.budget) for offer in firm.offers)

    kept = [firm for firm in firms if within_reach(firm) >= least * firm.need.ask]
    while True:
        propose(kept)
        share = {firm: firm.raised() / firm.need.ask for firm in kept}
        short = [firm for firm in kept if TINY < share[firm] < least - 1e-10]
        if not short:
            return [firm for firm in kept if share[firm] > TINY]
        short.sort(key=share.get)
        released = set(short[: (len(short) + 1) // 2])
        kept = [firm for firm in kept if firm not in released]
