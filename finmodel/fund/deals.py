"""One fund's deals: when they come up, what the fund puts in, what it holds, what it gets.

*Shares.* A round sells `amount / post_money` of the firm and refreshes the option pool, so that a
share ``s`` becomes ``s (1 - amount / post_money - pool)`` plus what the fund buys. Investors of
all rounds hold preferred shares, founders and the pool common ones. Sales pay preferences as in
:mod:`finmodel.market.payout`; a listing turns all shares into common; a failure pays money
raised in proportion; a buy-back pays it with interest.
"""

from __future__ import annotations

import numpy as np

from finmodel.fund.desk import (
    COST,
    DEAL_COST,
    DEAL_ENDED,
    DEAL_FIRST,
    DEAL_LAST_SHARE,
    DEAL_MISSED,
    DEAL_NAV,
    DEAL_PROCEEDS,
    DEAL_QUARTER,
    DEAL_SHARE,
    DEAL_SOLD,
    DEAL_STAGE,
    FOLLOWED,
    INVESTED,
    N_DEAL,
    NAV,
    PROCEEDS,
    REALISED,
    WRITTEN_OFF,
    Desk,
    Plan,
)
from finmodel.fund.life import (
    ALIVE,
    BOUGHT_BACK,
    FAILED,
    LISTED,
    Lives,
    common_luck,
    life_by_law,
    life_from_bank,
)
from finmodel.fund.past import Past
from finmodel.fund.rest import restore
from finmodel.market.payout import pay_claims, split_preferences, split_pro_rata
from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import FloatArray

GOLDEN = 0.6180339887498949
"""Steps of the golden ratio spread deals over the mix of stages as evenly as can be."""


@inner_kernel
def stage_of(cdf: FloatArray, d: int) -> int:
    """Return the stage of deal `d`: the mix is kept by spreading deals, not by luck."""
    place, stage = (GOLDEN * (d + 0.5)) % 1.0, 0
    while stage < len(cdf) - 1 and place >= cdf[stage]:
        stage += 1
    return stage


@inner_kernel
def put_on(desk: Desk, d: int, quarter: int) -> None:
    """Put a deal on the list of a quarter's events, if the fund is still there then."""
    if quarter < len(desk.head):
        desk.queue[d] = desk.head[quarter]
        desk.head[quarter] = d


@inner_kernel
def set_out(plan: Plan, past: Past, lives: Lives, desk: Desk, seed: np.uint64, path: int) -> None:
    """Draw the life of every deal and put its next event on the calendar.

    First cheques still to come are spread evenly over what is left of the investment period.
    """
    rules, start, n_held = plan.rules[0], len(past.flows), len(past.deal)
    for q in range(len(desk.head)):
        desk.head[q] = -1
    common = common_luck(rules["common_share"], seed, path)
    left, to_come = rules["investment_quarters"] - start, rules["deals"] - n_held
    for d in range(rules["deals"] - 1, -1, -1):
        if d < n_held:
            restore(plan, past, common, lives, desk, d, seed, path)
            if past.deal[d, DEAL_ENDED] == 0.0:
                put_on(desk, d, max(start, next_event(lives, desk, d)))
            continue
        stage = stage_of(plan.stage_cdf, d)
        quarter = len(desk.head)
        if left > 0:
            quarter = start + int((d - n_held + 0.5) / to_come * left)
        if len(plan.law) > 0:
            life_by_law(plan.law, common, stage, quarter, lives, d, seed, path)
        else:
            life_from_bank(plan.bank, stage, quarter, lives, d, seed, path)
        desk.stage[d], desk.entry[d], desk.done[d] = stage, quarter, 0
        desk.common[d], desk.total[d] = 1.0, 1.0
        for _ in range(lives.before[d]):
            issue(lives, desk, d, 0.0)
        for column in range(N_DEAL):
            desk.deal[d, column] = 0.0
        desk.deal[d, DEAL_STAGE], desk.deal[d, DEAL_QUARTER] = stage, quarter
        put_on(desk, d, quarter)


@inner_kernel
def share_of(desk: Desk, d: int) -> float:
    """Return the fund's share of a firm."""
    held = 0.0
    for m in range(desk.done[d]):
        held += desk.part[d, m] * desk.shares[d, m]
    return float(held / desk.total[d])


@inner_kernel
def issue(lives: Lives, desk: Desk, d: int, money: float) -> None:
    """Close the next round of a firm with `money` of the fund in it."""
    m = desk.done[d]
    amount, post, pool = lives.amount[d, m], lives.post_money[d, m], lives.pool[d, m]
    sold = amount / post
    scale = desk.total[d] / (1.0 - sold - pool)
    desk.shares[d, m], desk.claim[d, m] = sold * scale, amount
    desk.part[d, m] = money / amount if amount > 0.0 else 0.0
    desk.common[d] += pool * scale
    desk.total[d] = scale
    desk.done[d] = m + 1


@inner_kernel
def pay_of(plan: Plan, lives: Lives, desk: Desk, d: int) -> float:
    """Return what the fund gets at the end of a firm."""
    rules = plan.rules[0]
    m, value = desk.done[d], lives.exit_value[d]
    shares, claim, paid = desk.shares[d, :m], desk.claim[d, :m], desk.paid[d, :m]
    if lives.route[d] == LISTED:
        split_pro_rata(value, desk.common[d], shares, paid)
    elif lives.route[d] == FAILED:
        pay_claims(value, claim, 1.0, paid)
    elif lives.route[d] == BOUGHT_BACK:
        for j in range(m):
            years = (lives.exit_quarter[d] - lives.quarter[d, j]) / 4.0
            claim[j] *= 1.0 + plan.bank.redemption_rate_pa * years
        pay_claims(value, claim, 1.0, paid)
    else:
        is_participating = rules["participating"] > 0
        split_preferences(
            value, desk.common[d], shares, claim, rules["preference"], is_participating, paid
        )
    got = 0.0
    for j in range(m):
        got += desk.part[d, j] * paid[j]
    return got


@inner_kernel
def next_event(lives: Lives, desk: Desk, d: int) -> int:
    """Return the quarter of a firm's next round or of its end, past the horizon for neither."""
    if desk.done[d] < lives.n_rounds[d]:
        return int(lives.quarter[d, desk.done[d]])
    if lives.route[d] == ALIVE:
        return len(desk.head)
    return int(lives.exit_quarter[d])


@inner_kernel
def end_deal(deal: FloatArray, flows: FloatArray, q: int, got: float) -> None:
    """Book the end of a deal."""
    flows[q, PROCEEDS] += got
    flows[q, NAV] -= deal[DEAL_NAV]
    cost = deal[DEAL_COST] - deal[DEAL_SOLD]
    flows[q, COST] -= cost
    flows[q, REALISED if got > 0.0 else WRITTEN_OFF] += cost
    deal[DEAL_PROCEEDS] += got
    deal[DEAL_SOLD], deal[DEAL_ENDED], deal[DEAL_NAV] = deal[DEAL_COST], 1.0, 0.0


@inner_kernel
def exits_of(plan: Plan, lives: Lives, desk: Desk, flows: FloatArray, q: int) -> None:
    """Let the firms whose end falls in quarter `q` pay, and leave the others on its list."""
    d, kept = desk.head[q], -1
    while d >= 0:
        after = desk.queue[d]
        if desk.done[d] < lives.n_rounds[d]:
            desk.queue[d], kept = kept, d
        elif desk.deal[d, DEAL_COST] > 0.0:
            desk.deal[d, DEAL_LAST_SHARE] = share_of(desk, d)
            end_deal(desk.deal[d], flows, q, pay_of(plan, lives, desk, d))
        d = after
    desk.head[q] = kept


@inner_kernel
def first_cheque(plan: Plan, lives: Lives, desk: Desk, d: int, free: float) -> float:
    """Return what the fund puts into a firm at first, 0 if it leaves the deal."""
    rules, stage, m = plan.rules[0], desk.stage[d], desk.done[d]
    wanted = plan.ticket[stage]
    if wanted <= 0.0:
        wanted = plan.ownership[stage] * lives.post_money[d, m]
    most = min(free, rules["concentration"], lives.amount[d, m])
    money = min(wanted, most)
    return float(money) if money >= rules["least_ticket"] * wanted else 0.0


@inner_kernel
def follow_cheque(plan: Plan, lives: Lives, desk: Desk, d: int, share: float, free: float) -> float:
    """Return what the fund puts into a later round of its firm, and note what it misses."""
    rules, m, deal = plan.rules[0], desk.done[d], desk.deal[d]
    amount, post = lives.amount[d, m], lives.post_money[d, m]
    is_down = post - amount < lives.post_money[d, m - 1]
    if is_down and rules["follow_down"] == 0:
        return 0.0
    wanted = min(amount, rules["follow"] * share * amount)
    wanted = min(wanted, max(0.0, rules["concentration"] - deal[DEAL_COST]))
    money = max(0.0, min(wanted, free))
    deal[DEAL_MISSED] += wanted - money
    return float(money)


@inner_kernel
def mark_deal(lives: Lives, desk: Desk, d: int, flows: FloatArray, q: int) -> None:
    """Mark a holding at the price of the firm's last round."""
    deal, share = desk.deal[d], share_of(desk, d)
    value = share * lives.post_money[d, desk.done[d] - 1]
    flows[q, NAV] += value - deal[DEAL_NAV]
    deal[DEAL_NAV], deal[DEAL_LAST_SHARE] = value, share


@inner_kernel
def rounds_of(
    plan: Plan, lives: Lives, desk: Desk, flows: FloatArray, q: int, free: float, is_first: bool
) -> float:
    """Go through the rounds of quarter `q`, later ones or first ones; return the money left.

    `free` is what may be spent; each cheque also sets aside the fees on its cost to come.
    """
    d, kept = desk.head[q], -1
    price = 1.0 + plan.cost_tail[q]
    while d >= 0:
        after, is_entry = desk.queue[d], desk.done[d] == lives.before[d]
        if is_entry != is_first:
            desk.queue[d], kept = kept, d
            d = after
            continue
        deal = desk.deal[d]
        if is_entry:
            money = first_cheque(plan, lives, desk, d, free / price)
            deal[DEAL_FIRST] = money
            flows[q, INVESTED] += money
        else:
            money = follow_cheque(plan, lives, desk, d, share_of(desk, d), free / price)
            flows[q, FOLLOWED] += money
        d, this = after, d
        if is_entry and money <= 0.0:
            continue
        issue(lives, desk, this, money)
        deal[DEAL_COST] += money
        flows[q, COST] += money
        free -= money * price
        mark_deal(lives, desk, this, flows, q)
        if is_entry:
            deal[DEAL_SHARE] = deal[DEAL_LAST_SHARE]
        put_on(desk, this, max(q + 1, next_event(lives, desk, this)))
    desk.head[q] = kept
    return free
