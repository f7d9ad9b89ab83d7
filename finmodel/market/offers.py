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

from finmodel.market.captable import held_by
from finmodel.market.meetings import MAX_MEETINGS, Place, find_fund, second_uniform, total_pull
from finmodel.market.state import Now, Pool, Queue, Reach
from finmodel.market.streams import MEETING, OPINION, draw, uniform
from finmodel.numeric.jit import inner_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import (
    SCORE_LOW,
    SCORE_POINTS,
    SCORE_STEP,
    FloatArray,
    IntArray,
    Record,
    Table,
    WorldArrays,
)

MAX_INSIDERS = 4
"""Most investors of a firm that look at its next round through their reserves."""

WIDTH = MAX_MEETINGS + MAX_INSIDERS
"""Most offers of a seeker in a quarter."""

BLOCK_STEP = 16
"""Added to the decision for a next block of four meetings, so that no draw is used twice."""


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
def look_up(score: FloatArray, group: int, stage: int, sector: int, quality: float) -> float:
    """Return the score at a quality, linear between points of the grid and flat outside."""
    place = (quality - SCORE_LOW) / SCORE_STEP
    place = max(0.0, min(place, SCORE_POINTS - 1.000001))
    low = int(place)
    part = place - low
    lower, upper = score[group, stage, sector, low], score[group, stage, sector, low + 1]
    return float(lower * (1.0 - part) + upper * part)


@inner_kernel
def is_among(met: IntArray, n: int, f: int) -> bool:
    """Return whether fund `f` is among the first `n` entries of `met`."""
    for j in range(n):  # noqa: SIM110  (kernels have no generators)
        if met[j] == f:
            return True
    return False


@inner_kernel
def add_offer(edges: Table, first: int, last: int, node: int, liking: float) -> int:
    """Make room for an offer among ``edges[first:last]``, best liked first; return its row.

    Among equals the earlier stands.
    """
    e = last
    while e > first and edges[e - 1]["liking"] < liking:
        edges[e] = edges[e - 1]
        e -= 1
    edges[e]["node"] = node
    edges[e]["liking"] = liking
    return e


NO_OFFER, TURNED_DOWN = -1, -2


class Visit(NamedTuple):
    """A seeker's asking in a quarter."""

    place: Place
    group: int  # of scores
    hurdle: float  # lowest viable quality at the market rate
    accepted: float  # lowest expected quality whose price founders accept
    first: int  # its first edge


@inner_kernel
def hear(
    world: WorldArrays,
    firm: Record,
    visit: Visit,
    kind: int,
    is_away: int,
    is_insider: int,
    word: np.uint64,
    edges: Table,
    last: int,
    node: int,
) -> int:
    """Let one fund look at a firm; return the row of its offer, NO_OFFER or TURNED_DOWN.

    The caller writes the ticket of the offer.
    """
    rules, place = world.rules[0], visit.place
    noise = world.sight[place.region, kind, is_away, is_insider, 0]
    weight = world.sight[place.region, kind, is_away, is_insider, 1]
    own_z = normal_quantile(uniform(word))
    expected = expected_quality(rules, firm["theta"], noise, weight, firm["look"], own_z)
    if expected < visit.hurdle:
        return NO_OFFER
    if expected < visit.accepted:
        return TURNED_DOWN
    liking = world.types[kind]["support"] - world.types[kind]["strings"]
    if is_away == 1:
        liking -= rules["distance_dislike"]
    e = add_offer(edges, visit.first, last, node, liking)
    edges[e]["score"] = look_up(world.score, visit.group, place.stage, place.sector, expected)
    edges[e]["expected"] = expected
    return e


@inner_kernel
def follow_ticket(terms: Record, fund: Record, firm: Record, shares: float, cost: float) -> float:
    """Return the most an investor puts into the next round of its firm, million CNY.

    A multiple of its pro-rata share of the round, within its concentration limit.
    """
    room = terms["concentration_share"] * fund["commitment"] - cost
    return float(min(room, terms["follow_multiple"] * shares / firm["shares"] * firm["need"]))


@inner_kernel
def ask_insiders(
    world: WorldArrays, firm: Record, visit: Visit, pool: Pool, queue: Queue, now: Now
) -> tuple[int, int, int]:
    """Ask those who hold shares, through their reserves.

    Returns
    -------
    last, n_refused, n_met : int
        Edge after the last offer, offers turned down, and entries of ``queue.met``.
    """
    funds, holdings, budget, met = pool.funds, pool.holdings, pool.budget, queue.met
    n_room, last, n_refused, n_met = len(funds), visit.first, 0, 0
    words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    has_words = False
    holding = firm["head"]
    while holding >= 0 and n_met < MAX_INSIDERS:
        f = holdings[holding]["fund"]
        holding = holdings[holding]["next"]
        if f < 0 or is_among(met, n_met, f):
            continue
        met[n_met] = f
        n_met += 1
        if budget[n_room + f] <= 0.0:
            continue
        shares, cost = held_by(holdings, firm["head"], f)
        ticket = follow_ticket(world.types[funds[f]["kind"]], funds[f], firm, shares, cost)
        if ticket <= 0.0:
            continue
        if not has_words:
            block = OPINION + 3 * BLOCK_STEP
            key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
            words = draw(now.seed, now.path, block, now.quarter, key, serial)
            has_words = True
        word, node, kind = words[n_met - 1], n_room + f, int(funds[f]["kind"])
        is_away = 1 if funds[f]["region"] != firm["region"] else 0
        e = hear(world, firm, visit, kind, is_away, 1, word, queue.edges, last, node)
        if e >= 0:
            queue.edges[e]["ticket"] = ticket
            last += 1
        elif e == TURNED_DOWN:
            n_refused += 1
    return last, n_refused, n_met


@inner_kernel
def ask_around(
    world: WorldArrays,
    firm: Record,
    visit: Visit,
    pool: Pool,
    reach: Reach,
    queue: Queue,
    last: int,
    n_met: int,
    n_meetings: int,
    now: Now,
) -> tuple[int, int]:
    """Meet funds and hear them; return the edge after the last offer, and refusals."""
    types, met = world.types, queue.met
    is_crowded = n_met == MAX_INSIDERS  # more may hold shares than were asked
    total, n_refused = total_pull(world, reach, visit.place, now.quarter), 0
    if total <= 0.0:
        return last, 0
    key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
    words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    opinions = words
    for meeting in range(n_meetings):
        lane, block = meeting & 3, (meeting >> 2) * BLOCK_STEP
        if lane == 0:
            words = draw(now.seed, now.path, MEETING + block, now.quarter, key, serial)
            opinions = draw(now.seed, now.path, OPINION + block, now.quarter, key, serial)
        u, share = uniform(words[lane]), second_uniform(words[lane])
        row, source, kind = find_fund(reach, visit.place, u, share, total)
        f = reach.listed[row]["fund"]
        if is_among(met, n_met, f):
            continue
        if is_crowded and held_by(pool.holdings, firm["head"], f)[1] > 0.0:
            continue
        met[n_met] = f
        n_met += 1
        is_away, word = 1 if source != visit.place.region else 0, opinions[lane]
        e = hear(world, firm, visit, kind, is_away, 0, word, queue.edges, last, f)
        if e >= 0:
            commitment = reach.listed[row]["commitment"]
            queue.edges[e]["ticket"] = types[kind]["ticket_share"] * commitment
            last += 1
        elif e == TURNED_DOWN:
            n_refused += 1
    return last, n_refused
