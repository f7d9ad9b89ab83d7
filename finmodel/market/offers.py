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

import numpy as np

from finmodel.market.captable import held_by
from finmodel.market.meetings import MAX_MEETINGS, find_fund, total_pull
from finmodel.market.state import Now
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
def lowest_accepted(rules: Record, base_price: float, need: float) -> float:
    """Return the expected quality at which founders just accept a fund's price.

    Below it the pre-money is so low that the need would cost them more of the firm than
    `max_dilution`.
    """
    loading = rules["signal_loading"]
    least = need * (1.0 - rules["max_dilution"]) / rules["max_dilution"]
    if loading <= 0.0:
        return -math.inf if least <= base_price else math.inf
    if least <= 0.0:
        return -math.inf
    return float(rules["quality_mean"] + math.log(least / base_price) / loading)


@inner_kernel
def offered_price(rules: Record, base_price: float, expected: float) -> float:
    """Return the pre-money a fund offers that expects this quality, million CNY."""
    above = rules["signal_loading"] * (expected - rules["quality_mean"])
    return float(base_price * math.exp(above))


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


@inner_kernel
def hear(
    rules: Record,
    hurdle: float,
    accepted: float,
    firm: Record,
    terms: Record,
    sight: FloatArray,
    kind: int,
    is_away: int,
    is_insider: int,
    score: FloatArray,
    group: int,
    word: np.uint64,
    edges: Table,
    first: int,
    last: int,
    node: int,
    ticket: float,
) -> int:
    """Let one fund look at a firm; return 1 for an offer, -1 for one turned down, else 0.

    `hurdle` is the lowest viable quality, `accepted` the lowest whose price founders accept.
    """
    region = int(firm["region"])
    noise = sight[region, kind, is_away, is_insider, 0]
    weight = sight[region, kind, is_away, is_insider, 1]
    own_z = normal_quantile(uniform(word))
    expected = expected_quality(rules, firm["theta"], noise, weight, firm["look"], own_z)
    if expected < hurdle:
        return 0
    if expected < accepted:
        return -1
    liking = terms["support"] - terms["strings"]
    if is_away == 1:
        liking -= rules["distance_dislike"]
    e = add_offer(edges, first, last, node, liking)
    edges[e]["score"] = look_up(score, group, int(firm["stage"]), int(firm["sector"]), expected)
    edges[e]["ticket"] = ticket
    edges[e]["expected"] = expected
    return 1


@inner_kernel
def follow_ticket(terms: Record, fund: Record, firm: Record, shares: float, cost: float) -> float:
    """Return the most an investor puts into the next round of its firm, million CNY.

    A multiple of its pro-rata share of the round, within its concentration limit.
    """
    room = terms["concentration_share"] * fund["commitment"] - cost
    return float(min(room, terms["follow_multiple"] * shares / firm["shares"] * firm["need"]))


@inner_kernel
def ask_insiders(
    rules: Record,
    hurdle: float,
    accepted: float,
    firm: Record,
    types: Table,
    sight: FloatArray,
    score: FloatArray,
    group: int,
    funds: Table,
    holdings: Table,
    budget: FloatArray,
    met: IntArray,
    edges: Table,
    first: int,
    now: Now,
) -> tuple[int, int, int]:
    """Ask those who hold shares, through their reserves.

    Returns
    -------
    last, n_refused, n_met : int
        Edge after the last offer, offers turned down, and entries of `met`.
    """
    n_room, last, n_refused, n_met = len(funds), first, 0, 0
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
        kind = int(funds[f]["kind"])
        terms = types[kind]
        shares, cost = held_by(holdings, firm["head"], f)
        ticket = follow_ticket(terms, funds[f], firm, shares, cost)
        if ticket <= 0.0:
            continue
        if not has_words:
            block = OPINION + 3 * BLOCK_STEP
            key, serial = np.uint64(firm["key"]), np.uint64(firm["serial"])
            words = draw(now.seed, now.path, block, now.quarter, key, serial)
            has_words = True
        is_away = 1 if funds[f]["region"] != firm["region"] else 0
        found = hear(
            rules,
            hurdle,
            accepted,
            firm,
            terms,
            sight,
            kind,
            is_away,
            1,
            score,
            group,
            words[n_met - 1],
            edges,
            first,
            last,
            n_room + f,
            ticket,
        )
        if found > 0:
            last += 1
        elif found < 0:
            n_refused += 1
    return last, n_refused, n_met


@inner_kernel
def ask_around(
    rules: Record,
    hurdle: float,
    accepted: float,
    firm: Record,
    types: Table,
    sight: FloatArray,
    mandate: FloatArray,
    score: FloatArray,
    group: int,
    funds: Table,
    pull: FloatArray,
    capacity: FloatArray,
    start: IntArray,
    listed: IntArray,
    upto: FloatArray,
    guide: IntArray,
    met: IntArray,
    n_met: int,
    edges: Table,
    first: int,
    last: int,
    n_meetings: int,
    now: Now,
) -> tuple[int, int]:
    """Meet funds and hear them; return the edge after the last offer, and refusals."""
    place = (int(firm["region"]), int(firm["sector"]), int(firm["stage"]))
    total, n_refused = total_pull(pull, mandate, place[0], place[1], place[2]), 0
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
        mark = uniform(words[lane]) * total
        f = find_fund(pull, mandate, capacity, start, listed, upto, guide, place, mark)
        if f < 0 or is_among(met, n_met, f):
            continue
        met[n_met] = f
        n_met += 1
        kind = int(funds[f]["kind"])
        terms = types[kind]
        is_away = 1 if funds[f]["region"] != firm["region"] else 0
        found = hear(
            rules,
            hurdle,
            accepted,
            firm,
            terms,
            sight,
            kind,
            is_away,
            0,
            score,
            group,
            opinions[lane],
            edges,
            first,
            last,
            f,
            terms["ticket_share"] * funds[f]["commitment"],
        )
        if found > 0:
            last += 1
        elif found < 0:
            n_refused += 1
    return last, n_refused
