"""The stable allocation by deferred acceptance in amounts, plainly."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

TINY = 1e-12


@dataclass(eq=False)
class Offer:
    """What one fund would put into one round at most, and how it ranks the seeker."""

    purse: Hashable
    ticket: float
    score: float
    note: Any = None
    amount: float = 0.0
    is_cut: bool = False


def propose(asks: list[float], offers: list[list[Offer]], budgets: dict[Hashable, float]) -> None:
    """Let seekers propose, best liked first; purses keep the best they can pay for."""
    holders: dict[Hashable, list[Offer]] = {purse: [] for purse in budgets}
    owner = {id(offer): i for i, row in enumerate(offers) for offer in row}
    for row in offers:
        for offer in row:
            offer.amount, offer.is_cut = 0.0, False
    waiting = list(range(len(asks)))
    while waiting:
        i = waiting.pop()
        for offer in offers[i]:
            lacking = asks[i] - sum(other.amount for other in offers[i])
            room = min(lacking, offer.ticket - offer.amount)
            if offer.is_cut or room <= TINY * asks[i]:
                continue
            held = holders[offer.purse]
            if offer not in held:
                held.append(offer)
            offer.amount += room
            over = sum(other.amount for other in held) - budgets[offer.purse]
            for worst in sorted(held, key=lambda other: other.score):
                if over <= TINY * budgets[offer.purse]:
                    break
                cut = min(over, worst.amount)
                worst.amount -= cut
                worst.is_cut = True
                over -= cut
                if owner[id(worst)] != i:
                    waiting.append(owner[id(worst)])


def allocate(
    asks: list[float], offers: list[list[Offer]], budgets: dict[Hashable, float], least: float
) -> list[bool]:
    """Fill in the amount of every offer; say which rounds close.

    Of the rounds below `least` of their ask the shortest is released, again and again.
    """
    most = [sum(min(o.ticket, budgets[o.purse]) for o in row) for row in offers]
    kept = [i for i, ask in enumerate(asks) if most[i] >= least * ask * (1 - 1e-10)]
    released = set(range(len(asks))) - set(kept)
    while True:
        propose([asks[i] for i in kept], [offers[i] for i in kept], budgets)
        raised = {i: sum(o.amount for o in offers[i]) for i in kept}
        short = [i for i in kept if TINY * asks[i] < raised[i] < (least - 1e-10) * asks[i]]
        if not short:
            break
        worst = min(short, key=lambda i: raised[i] / asks[i])
        released.add(worst)
        kept.remove(worst)
    for i in released:
        for offer in offers[i]:
            offer.amount = 0.0
    return [i not in released and raised[i] > TINY * asks[i] for i in range(len(asks))]
