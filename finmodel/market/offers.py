"""Step 6, what funds see and offer: noisy looks, a price, a ticket, and the firm's taste.

A fund sees ``signal = quality + sd (sqrt(c) common + sqrt(1 - c) own)``; the common part is
drawn once a need, the fund's own part at each meeting. It expects

    mean + w (signal - mean),   w = quality_sd**2 / (quality_sd**2 + sd**2),

the best forecast of a normal quality. Intermediaries lower ``sd``, a border raises it, and a
fund that already holds shares sees better. A fund that expects less than the lowest viable
quality at the market rate makes no offer. Others rank firms by the log of expected exit
value over the capital still needed, and offer a pre-money that rises with what they expect
and with the market. Founders turn down an offer that would cost them too much of the firm.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from finmodel.market.books import look_up
from finmodel.market.captable import held_by
from finmodel.market.meetings import MAX_MEETINGS, Place, doors_for, find_funds
from finmodel.market.programmes import (
    bears_risk,
    failure_chance,
    is_co_investor,
    promise,
    within_duties,
)
from finmodel.market.state import Now, Pool, Reach, Talks
from finmodel.market.streams import MEETING, OPINION, draw, uniform
from finmodel.numeric.jit import inner_kernel, kernel
from finmodel.numeric.quantiles import (
    middle_normal_quantile,
    normal_quantile,
    tail_normal_quantile,
)
from finmodel.world.arrays import (
    IntArray,
    Record,
    WorldArrays,
)

MAX_INSIDERS = 4
"""Most investors of a firm that look at its next round through their reserves."""

WIDTH = MAX_MEETINGS + MAX_INSIDERS
"""Most offers of a seeker in a quarter."""

BLOCK_STEP = 16
"""Added to the decision for the next two meetings, so that no draw is used twice."""


@inner_kernel
def expected_quality(
    rules: Record, theta: float, noise_sd: float, weight: float, common_z: float, own_z: float
) -> float:
    """Return what a fund expects of a firm's quality after its look."""
    if noise_sd <= 0.0:
        return theta
    luck = rules["common_root"] * common_z + rules["own_root"] * own_z
    mean = rules["quality_mean"]
    return float(mean + weight * (theta + noise_sd * luck - mean))


@inner_kernel
def clear_weight(quality_sd: float, noise_sd: float) -> float:
    """Return the weight of a signal in the best forecast of quality."""
    variance = quality_sd * quality_sd
    total = variance + noise_sd * noise_sd
    return float(variance / total) if total > 0.0 else 1.0


@inner_kernel
def lowest_accepted(rules: Record, log_base: float, log_need: float) -> float:
    """Return the expected quality at which founders just accept a fund's price.

    Below it the pre-money is so low that the need would cost them more of the firm than
    `max_dilution`.
    """
    loading, missing = rules["signal_loading"], log_need + rules["log_least_price"] - log_base
    if loading <= 0.0:
        return -math.inf if missing <= 0.0 else math.inf
    return float(rules["quality_mean"] + missing / loading)


@inner_kernel
def offered_price(rules: Record, log_base: float, expected: float) -> float:
    """Return the pre-money a fund offers that expects this quality, million CNY."""
    above = rules["signal_loading"] * (expected - rules["quality_mean"])
    return math.exp(log_base + above)


@inner_kernel
def is_among(met: IntArray, n: int, f: int) -> bool:
    """Return whether fund `f` is among the first `n` entries of `met`."""
    for j in range(n):  # noqa: SIM110  (kernels have no generators)
        if met[j] == f:
            return True
    return False


NO_OFFER, TURNED_DOWN, OFFER = 0, 1, 2


class Visit(NamedTuple):
    """A seeker's asking in a quarter."""

    place: Place
    group: int  # of scores
    hurdle: float  # lowest viable quality at the market rate
    accepted: float  # lowest expected quality whose price founders accept


@kernel
def new_talks() -> Talks:
    """Return room for what one seeker hears."""
    return Talks(
        np.zeros(WIDTH, np.int64),
        np.zeros(MAX_INSIDERS),
        np.zeros(MAX_INSIDERS),
        np.zeros(MAX_MEETINGS, np.uint64),
        np.zeros(MAX_MEETINGS, np.uint64),
        np.zeros(MAX_MEETINGS, np.uint64),
        np.zeros(MAX_MEETINGS, np.uint64),
        np.zeros(MAX_MEETINGS),
        np.zeros(WIDTH, np.int64),
        np.zeros(WIDTH),
        np.zeros(WIDTH),
        np.zeros(WIDTH),
        np.zeros(WIDTH),
    )


@inner_kernel
def hear(
    world: WorldArrays,
    firm: Record,
    visit: Visit,
    pool: Pool,
    f: int,
    kind: int,
    is_away: int,
    is_insider: int,
    luck: float,
    ticket: float,
    talks: Talks,
    n_offers: int,
    now: Now,
) -> int:
    """Let one fund look at a firm; return OFFER, NO_OFFER or TURNED_DOWN.

    The caller writes the budget an offer draws on.
    """
    rules, place = world.rules[0], visit.place
    noise = world.sight[place.region, kind, is_away, is_insider, 0]
    weight = world.sight[place.region, kind, is_away, is_insider, 1]
    is_vehicle = kind >= world.fund_rate_pp.shape[1]
    chance = 0.0
    if is_vehicle:
        ticket = within_duties(world, pool, f, kind, firm, ticket, now)
        if ticket <= 0.0:
            return NO_OFFER
        noise *= pool.blur[f]
        weight = clear_weight(rules["quality_sd"], noise)
    expected = expected_quality(rules, firm["theta"], noise, weight, firm["look"], luck)
    if expected < visit.hurdle:
        return NO_OFFER
    if is_vehicle:
        chance = failure_chance(world, visit.group, place.stage, place.sector, expected)
        if not bears_risk(world, pool, f, kind, place.stage, chance, ticket):
            return NO_OFFER
    if expected < visit.accepted:
        return TURNED_DOWN
    if is_vehicle:
        promise(world, pool, f, kind, firm, chance, ticket, now)
    liking = world.types[kind]["support"] - world.types[kind]["strings"]
    if is_away == 1:
        liking -= rules["distance_dislike"]
    talks.liking[n_offers] = liking
    talks.score[n_offers] = look_up(world.score, visit.group, place.stage, place.sector, expected)
    talks.expected[n_offers], talks.ticket[n_offers] = expected, ticket
    return OFFER


@inner_kernel
def follow_ticket(terms: Record, fund: Record, firm: Record, shares: float, cost: float) -> float:
    """Return the most an investor puts into the next round of its firm, million CNY.

    A multiple of its pro-rata share of the round, within its concentration limit.
    """
    room = terms["concentration_share"] * fund["commitment"] - cost
    return float(min(room, terms["follow_multiple"] * shares / firm["shares"] * firm["need"]))


@inner_kernel
def find_insiders(firm: Record, pool: Pool, talks: Talks) -> tuple[int, bool]:
    """List the newest investors of a firm, and what each holds.

    Returns
    -------
    n_met : int
        Entries of ``talks.met``.
    has_more : bool
        Whether other funds hold shares too.
    """
    holdings, met = pool.holdings, talks.met
    n_met, has_more, row = 0, False, firm["head"]
    while row >= 0:
        f, shares, cost = holdings[row]["fund"], holdings[row]["shares"], holdings[row]["cost"]
        row = holdings[row]["next"]
        if f < 0:
            continue
        place = 0
        while place < n_met and met[place] != f:
            place += 1
        if place == MAX_INSIDERS:
            has_more = True
            continue
        if place == n_met:
            met[place], talks.shares[place], talks.cost[place] = f, 0.0, 0.0
            n_met += 1
        talks.shares[place] += shares
        talks.cost[place] += cost
    return n_met, has_more


@inner_kernel
def ask_insiders(
    world: WorldArrays, firm: Record, visit: Visit, pool: Pool, talks: Talks, n_met: int, now: Now
) -> tuple[int, int]:
    """Ask those who hold shares, through their reserves; return offers, and those turned down."""
    funds, n_room, n_offers, n_refused = pool.funds, len(pool.funds), 0, 0
    words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    has_words = False
    for place in range(n_met):
        f = talks.met[place]
        if pool.budget[n_room + f] <= 0.0:
            continue
        fund, kind = funds[f], int(funds[f]["kind"])
        if is_co_investor(world, kind):  # it follows as it came in: beside others
            continue
        shares, cost = talks.shares[place], talks.cost[place]
        ticket = follow_ticket(world.types[kind], fund, firm, shares, cost)
        if ticket <= 0.0:
            continue
        if not has_words:
            key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
            words = draw(now.seed, now.path, OPINION, now.quarter, key, serial)
            has_words = True
        luck = normal_quantile(uniform(words[place]))
        is_away = 1 if fund["region"] != firm["region"] else 0
        answer = hear(
            world, firm, visit, pool, f, kind, is_away, 1, luck, ticket, talks, n_offers, now
        )
        if answer == OFFER:
            talks.node[n_offers] = n_room + f
            n_offers += 1
        elif answer == TURNED_DOWN:
            n_refused += 1
    return n_offers, n_refused


@inner_kernel
def meet(
    world: WorldArrays,
    firm: Record,
    place: Place,
    reach: Reach,
    talks: Talks,
    n_meetings: int,
    now: Now,
) -> int:
    """Draw whom a seeker meets and what each sees; return how many: none if none has money."""
    doors = doors_for(world, reach, place, now.quarter)
    if reach.doors[doors]["total"] <= 0.0:
        return 0
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    word, opinion, luck = talks.word, talks.opinion, talks.luck
    for i in range(0, n_meetings, 2):
        decision = MEETING + BLOCK_STEP * (i >> 1)
        a, b, c, d = draw(now.seed, now.path, decision, now.quarter, key, serial)
        word[i], opinion[i], word[i + 1], opinion[i + 1] = a, b, c, d
    # One kind of work at a time: what does not wait for a branch runs side by side.
    find_funds(reach, place.sector, doors, word, talks.door, talks.row, n_meetings)
    for i in range(n_meetings):
        luck[i] = middle_normal_quantile(uniform(opinion[i]))
    for i in range(n_meetings):
        u = uniform(opinion[i])
        if abs(u - 0.5) > 0.425:
            luck[i] = tail_normal_quantile(u)
    return n_meetings


@inner_kernel
def leave_out_holders(firm: Record, pool: Pool, reach: Reach, talks: Talks, n_met: int) -> int:
    """Leave out of the funds met those that hold shares already; return how many are left."""
    n_left = 0
    for i in range(n_met):
        f = reach.listed[talks.row[i]]["fund"]
        if held_by(pool.holdings, firm["head"], f)[1] <= 0.0:
            talks.row[n_left], talks.door[n_left] = talks.row[i], talks.door[i]
            talks.luck[n_left] = talks.luck[i]
            n_left += 1
    return n_left


@inner_kernel
def ask_around(
    world: WorldArrays,
    firm: Record,
    visit: Visit,
    pool: Pool,
    reach: Reach,
    talks: Talks,
    n_offers: int,
    n_insiders: int,
    n_meetings: int,
    now: Now,
) -> tuple[int, int]:
    """Hear the funds met; return all offers so far, and how many were turned down.

    A fund met twice, or one whose reserves were asked, is not heard again.
    """
    met, n_met, n_refused = talks.met, n_insiders, 0
    for i in range(n_meetings):
        door, listed = talks.door[i], reach.listed[talks.row[i]]
        f = listed["fund"]
        if is_among(met, n_met, f):
            continue
        met[n_met] = f
        n_met += 1
        kind = reach.door_type[door]
        is_away = 1 if reach.door_source[door] != visit.place.region else 0
        luck, ticket = talks.luck[i], listed["ticket"]
        answer = hear(
            world, firm, visit, pool, f, kind, is_away, 0, luck, ticket, talks, n_offers, now
        )
        if answer == OFFER:
            talks.node[n_offers] = f
            n_offers += 1
        elif answer == TURNED_DOWN:
            n_refused += 1
    return n_offers, n_refused
