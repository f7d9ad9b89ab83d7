"""The rest of the lives of firms that a fund holds, from their last round on."""

from __future__ import annotations

import numpy as np

from finmodel.fund.desk import DEAL_ENDED, DEAL_QUARTER, DEAL_STAGE, N_DEAL, Desk, Plan
from finmodel.fund.life import ALIVE, ENTRY, MAX_ROUNDS, Lives, add_round, end_life, go_on
from finmodel.fund.past import Past
from finmodel.market.streams import draw, uniform
from finmodel.numeric.jit import inner_kernel

NO_ENTRY = -1
"""Rounds before the fund's first cheque: it has been written."""


@inner_kernel
def restore(
    plan: Plan,
    past: Past,
    common: tuple[float, float, float],
    lives: Lives,
    desk: Desk,
    d: int,
    seed: np.uint64,
    path: int,
) -> None:
    """Put position `d` on the desk as it stands, and draw the rest of its firm's life."""
    for column in range(N_DEAL):
        desk.deal[d, column] = past.deal[d, column]
    desk.stage[d], desk.entry[d] = int(past.deal[d, DEAL_STAGE]), int(past.deal[d, DEAL_QUARTER])
    desk.common[d], desk.total[d], desk.done[d] = past.common[d], 1.0, past.n_classes[d]
    lives.n_rounds[d], lives.before[d] = 0, NO_ENTRY
    end_life(lives, d, 0, 0.0, ALIVE)
    if past.deal[d, DEAL_ENDED] > 0.0:
        return
    n = past.n_classes[d]
    for j in range(n):
        amount, quarter = past.claim[d, j], past.class_quarter[d, j]
        add_round(lives, d, quarter, amount, past.post_money[d], 0.0)
        desk.shares[d, j], desk.claim[d, j] = past.shares[d, j], amount
        desk.part[d, j] = 1.0 if j == n - 1 else 0.0
    stage, quarter = past.stage[d], past.quarter[d]
    key, serial = np.uint64(past.key[d]), np.uint64(stage)
    if len(plan.law) > 0:
        post, raised = past.post_money[d], past.raised[d]
        waited = len(past.flows) - quarter
        go_on(
            plan.law,
            common,
            stage,
            quarter,
            post,
            raised,
            waited,
            lives,
            d,
            seed,
            path,
            key,
            serial,
        )
    else:
        rest_from_bank(plan, past, lives, d, seed, path, key, serial)


@inner_kernel
def rest_from_bank(
    plan: Plan,
    past: Past,
    lives: Lives,
    d: int,
    seed: np.uint64,
    path: int,
    key: np.uint64,
    serial: np.uint64,
) -> None:
    """Go on as a firm of a market did that waited as long, at this firm's price."""
    bank, quarter = plan.bank, past.quarter[d]
    first, last = past.first[d], past.first[d + 1]
    a, _, _, _ = draw(seed, path, ENTRY, 0, key, serial)
    n = past.pick[first + min(int(uniform(a) * (last - first)), last - first - 1)]
    joined = bank.start[n] + bank.before[n]
    scale = past.post_money[d] / bank.post_money[joined]
    for m in range(joined + 1, min(bank.start[n + 1], bank.start[n] + MAX_ROUNDS)):
        if lives.n_rounds[d] < MAX_ROUNDS:
            when, amount = quarter + bank.quarter[m], scale * bank.amount[m]
            add_round(lives, d, when, amount, scale * bank.post_money[m], bank.pool[m])
    value, end = scale * bank.exit_value[n], quarter + bank.exit_quarter[n]
    end_life(lives, d, end, value, bank.route[n])
