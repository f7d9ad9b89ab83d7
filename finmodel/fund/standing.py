"""A fund as it stands: its past for kernels, and the plan with room for what it holds.

*Cap tables.* A record has the fund's share and money; the rest of a firm is filled in by the plan.
Each round of the record sold the stage's usual part of the firm, or the fund's cheque if that was
more, and added the usual option pool; rounds of earlier stages are taken as closed at the same luck
of price, as for a deal to come. Others' preferred shares, by stage, are what is left of theirs
after later rounds, cut if the fund's own share leaves them less; the fund's shares are a class of
their own, with its share as stated and the cost of what it holds as their preference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from finmodel.datasets.positions import Positions
from finmodel.errors import DataError, Problem
from finmodel.fund import desk as col
from finmodel.fund.bank import n_stages, stage_lives
from finmodel.fund.clock import FundClock
from finmodel.fund.desk import Plan
from finmodel.fund.holdings import Holding, Round, flow_moves, holdings_of
from finmodel.fund.life import MAX_ROUNDS, Bank
from finmodel.fund.past import Past, empty_past
from finmodel.fund.past_money import settle_past
from finmodel.world.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Standing:
    """Where a fund stands.

    Attributes
    ----------
    plan : Plan
        With room for every position.
    past : Past
    holdings : tuple of Holding
        In the order of the positions of `past`.
    clock : FundClock
    """

    plan: Plan
    past: Past
    holdings: tuple[Holding, ...]
    clock: FundClock


class StageTerms(NamedTuple):
    """Usual terms of rounds by stage, each of shape (K,)."""

    post_money: FloatArray
    log_sd: FloatArray
    dilution: FloatArray
    pool: FloatArray


def standing_of(
    plan: Plan, positions: Positions, clock: FundClock, stages: Sequence[str]
) -> Standing:
    """Return where a fund stands by its record.

    Parameters
    ----------
    plan : Plan
    positions : Positions
    clock : FundClock
    stages : sequence of str
        Of the plan, in order.

    Raises
    ------
    DataError
        If the record cannot be continued by the plan.
    """
    holdings = holdings_of(positions, clock, stages)
    flows = flow_moves(holdings, clock.quarters)
    state = settle_past(plan, flows, positions, clock)
    if len(stages) >= MAX_ROUNDS:
        problem = Problem("stages", f"{len(stages)}", f"fewer than {MAX_ROUNDS}")
        raise DataError(f"positions {positions.file}", [problem])
    past = empty_past(
        positions=len(holdings), quarters=clock.quarters, classes=len(stages) + 1
    )._replace(flows=flows, state=state)
    terms, fitting, problems = stage_terms(plan), [], []
    for i, holding in enumerate(holdings):
        past.deal[i], past.key[i] = holding.deal, holding.key
        if holding.is_over:
            fitting.append(np.zeros(0, np.int64))
            continue
        last = holding.rounds[-1]
        past.stage[i], past.quarter[i] = last.stage, last.quarter
        past.post_money[i] = holding.post_money
        _fill_classes(past, i, holding, terms)
        lives = np.zeros(0, np.int64)
        if len(plan.law) == 0:
            lives = fitting_lives(plan.bank, last.stage, clock.quarters - last.quarter)
            if len(lives) == 0:
                place = f"{positions.file}: {holding.firm}"
                given = f"last round {stages[last.stage]}"
                problems.append(Problem(place, given, "a stage with rounds in the plan's market"))
        fitting.append(lives)
    if problems:
        raise DataError(f"positions {positions.file}", problems)
    past = past._replace(
        first=np.cumsum([0, *map(len, fitting)]).astype(np.int64),
        pick=np.concatenate([np.zeros(0, np.int64), *fitting]),
    )
    rules = plan.rules.copy()
    rules["deals"] = np.maximum(rules["deals"], len(holdings))
    return Standing(plan._replace(rules=rules), past, holdings, clock)


def stage_terms(plan: Plan) -> StageTerms:
    """Return usual terms of rounds by stage: the plan's law, or medians of its market."""
    if len(plan.law) > 0:
        law = plan.law
        return StageTerms(law["post_money"], law["post_money_log_sd"], law["dilution"], law["pool"])
    bank, n = plan.bank, n_stages(plan.bank)
    post, sold = np.ones(n), np.zeros(n)
    joined = bank.start[:-1] + bank.before
    for k in range(n):
        rounds = joined[stage_lives(bank, k)]
        if len(rounds):
            post[k] = np.median(bank.post_money[rounds])
            sold[k] = np.median(bank.amount[rounds] / bank.post_money[rounds])
    return StageTerms(post, np.zeros(n), sold, np.zeros(n))


def known_rounds(rounds: Sequence[Round], terms: StageTerms) -> list[Round]:
    """Return the rounds of a firm with those of earlier stages, which the record does not hold."""
    first = rounds[0]
    ratio = math.log(first.post_money / terms.post_money[first.stage])
    log_sd = terms.log_sd[first.stage]
    before = []
    for k in range(first.stage):
        luck = ratio * terms.log_sd[k] / log_sd if log_sd > 0.0 else 0.0
        post = float(terms.post_money[k] * math.exp(luck))
        before.append(Round(k, first.quarter, post, 0.0))
    return [*before, *rounds]


def _fill_classes(past: Past, i: int, holding: Holding, terms: StageTerms) -> None:
    """Write the cap table of position `i`."""
    size = len(terms.post_money)
    shares, claim, raised = np.zeros(size), np.zeros(size), 0.0
    quarter = np.zeros(size, np.int64)
    for item in known_rounds(holding.rounds, terms):
        k = item.stage
        amount = max(item.cheque, float(terms.dilution[k]) * item.post_money)
        shares *= max(0.0, 1.0 - amount / item.post_money - float(terms.pool[k]))
        shares[k] += (amount - item.cheque) / item.post_money
        claim[k] += amount - item.cheque
        quarter[k] = item.quarter
        raised += amount
    own = float(holding.deal[col.DEAL_LAST_SHARE])
    there = np.flatnonzero(claim > 0.0)
    n = len(there)
    if shares.sum() > 1.0 - own:
        shares *= (1.0 - own) / shares.sum()
    past.shares[i, :n], past.claim[i, :n] = shares[there], claim[there]
    past.class_quarter[i, :n] = quarter[there]
    past.shares[i, n], past.claim[i, n] = own, holding.held_cost
    past.class_quarter[i, n] = holding.deal[col.DEAL_QUARTER]
    past.n_classes[i] = n + 1
    past.common[i] = max(0.0, 1.0 - own - shares[there].sum())
    past.raised[i] = raised


def fitting_lives(bank: Bank, stage: int, waited: int) -> IntArray:
    """Return lives of a stage whose next event came no sooner than after `waited` quarters.

    If there is none, those that waited longest.
    """
    lives = stage_lives(bank, stage)
    if len(lives) == 0:
        return lives
    after = bank.start[lives] + bank.before[lives] + 1
    is_round = after < np.minimum(bank.start[lives + 1], bank.start[lives] + MAX_ROUNDS)
    place = np.minimum(after, len(bank.quarter) - 1)
    event = np.where(is_round, bank.quarter[place], bank.exit_quarter[lives])
    result: IntArray = lives[event >= min(waited, int(event.max()))]
    return result
