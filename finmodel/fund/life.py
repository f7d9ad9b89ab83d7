"""The life of a firm after a fund's first cheque: rounds, dilution, and an end.

Two sources give the same picture. *By law*: after a round of stage ``k`` a firm raises the next
one with chance `advance_share`, is sold or listed with chance `sale_share`, or fails; when, is
lognormal around the median of that branch. The next pre-money is the last post-money times a
lognormal step-up; a round sells `dilution_share` of the post-money and refreshes the option pool
by `pool_share`. An exit is worth the last post-money times a median and a luck with a Pareto tail
(:mod:`finmodel.numeric.exit_law`). *From a market*: a firm that some simulated market financed at
that stage, with the rounds and the end it had there.

Deals of one fund share luck: by law a part of that of step-ups and exits, from a market the whole
path it ran through. Every draw is keyed by fund and deal, so a deal has the same luck whatever the
fund's terms are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from finmodel.fund.waiting import branches_given, quarters_given
from finmodel.market.streams import draw, uniform
from finmodel.numeric.exit_law import luck_quantile, normal_cdf
from finmodel.numeric.jit import inner_kernel
from finmodel.numeric.quantiles import normal_quantile
from finmodel.world.arrays import FloatArray, IntArray, Record, Table

MAX_ROUNDS = 24
"""Rounds of one firm from a fund's entry on; a life by law has one a stage at most."""

LISTED, SOLD, FAILED, BOUGHT_BACK, ALIVE = 0, 1, 2, 3, 4
"""How a life ends: all shares convert; preferences count; what is left is paid in proportion to
money; the same with simple interest; not yet.
"""

COMMON, ENTRY, STEP = 40, 41, 42
"""Decisions of the draws of a fund's plan; see :mod:`finmodel.market.streams`."""

LAW_ROW = np.dtype(
    [
        ("post_money", "f8"),  # median at a round of this stage, mcny
        ("post_money_log_sd", "f8"),
        ("dilution", "f8"),  # new money, of the post-money
        ("pool", "f8"),  # option pool refreshed with the round, of the post-money
        ("advance", "f8"),  # chance of a next round
        ("sale", "f8"),  # chance of an exit before one; else it fails
        ("listed", "f8"),  # of exits, by listing
        ("years_to_advance", "f8"),  # medians
        ("years_to_sale", "f8"),
        ("years_to_failure", "f8"),
        ("years_log_sd", "f8"),
        ("step_up", "f8"),  # median pre-money of the next round over the last post-money
        ("step_up_log_sd", "f8"),
        ("sale_multiple", "f8"),  # median exit value over the last post-money
        ("sale_log_sd", "f8"),
        ("tail_share", "f8"),
        ("tail_index", "f8"),
        ("tail_cap", "f8"),
        ("recovery", "f8"),  # left at failure, of all money raised
    ]
)


class Bank(NamedTuple):
    """Lives of firms seen in a market, by the stage of the round that a fund may join.

    Attributes
    ----------
    n_markets : int
        Paths of the market; all deals of a fund are from one, so they share its luck.
    n_together : int
        Funds in succession that are from one, as the sub-funds of a fund of funds.
    redemption_rate_pa : float
        Simple interest of a buy-back by the firm.
    first : ndarray of int, shape (n_markets * K + 1,)
        Lives of market m and stage k are first[m K + k] to the next.
    start : ndarray of int, shape (N + 1,)
        Rounds of life n are start[n] to start[n + 1].
    before : ndarray of int, shape (N,)
        Rounds before the one that a fund may join.
    quarter : ndarray of int, shape (M,)
        Of each round, counted from the one joined.
    amount, post_money : ndarray of shape (M,), million CNY
    pool : ndarray of shape (M,)
        Shares issued without money in a round, of the post-money.
    exit_quarter, route : ndarray of int, shape (N,)
    exit_value : ndarray of shape (N,), million CNY
    """

    n_markets: int
    n_together: int
    redemption_rate_pa: float
    first: IntArray
    start: IntArray
    before: IntArray
    quarter: IntArray
    amount: FloatArray
    post_money: FloatArray
    pool: FloatArray
    exit_quarter: IntArray
    route: IntArray
    exit_value: FloatArray


class Lives(NamedTuple):
    """Room for the firms of one fund; every fund uses it anew.

    Attributes
    ----------
    n_rounds, before, exit_quarter, route : ndarray of int, shape (D,)
        Rounds in all, and those before the fund comes.
    exit_value : ndarray of shape (D,), million CNY
    quarter : ndarray of int, shape (D, MAX_ROUNDS)
        Age of the fund at each round.
    amount, post_money, pool : ndarray of shape (D, MAX_ROUNDS)
    """

    n_rounds: IntArray
    before: IntArray
    exit_quarter: IntArray
    route: IntArray
    exit_value: FloatArray
    quarter: IntArray
    amount: FloatArray
    post_money: FloatArray
    pool: FloatArray


@inner_kernel
def add_round(
    lives: Lives, d: int, quarter: int, amount: float, post_money: float, pool: float
) -> None:
    """Write the next round of a firm."""
    n = lives.n_rounds[d]
    lives.quarter[d, n], lives.amount[d, n] = quarter, amount
    lives.post_money[d, n], lives.pool[d, n] = post_money, pool
    lives.n_rounds[d] = n + 1


@inner_kernel
def end_life(lives: Lives, d: int, quarter: int, value: float, route: int) -> None:
    """Write the end of a firm."""
    lives.exit_quarter[d], lives.exit_value[d], lives.route[d] = quarter, value, route


@inner_kernel
def life_by_law(
    law: Table,
    common: tuple[float, float, float],
    stage: int,
    quarter: int,
    lives: Lives,
    d: int,
    seed: np.uint64,
    path: int,
) -> None:
    """Draw the life of deal `d`, which the fund may join at `stage` in its quarter `quarter`.

    Rounds of earlier stages are taken as closed at the same luck of price: their holders rank
    with the fund. `common` is the luck that all deals of the fund share in step-ups and exits,
    and the roots of its share and of the rest in their variance.
    """
    key, serial = np.uint64(d), np.uint64(stage)
    a, _, _, _ = draw(seed, path, ENTRY, 0, key, serial)
    luck, raised, post = normal_quantile(uniform(a)), 0.0, 0.0
    lives.n_rounds[d], lives.before[d] = 0, stage
    for k in range(stage + 1):
        row = law[k]
        post = row["post_money"] * math.exp(row["post_money_log_sd"] * luck)
        raised += row["dilution"] * post
        add_round(lives, d, quarter, row["dilution"] * post, post, row["pool"])
    go_on(law, common, stage, quarter, post, raised, 0, lives, d, seed, path, key, serial)


@inner_kernel
def go_on(
    law: Table,
    common: tuple[float, float, float],
    stage: int,
    quarter: int,
    post: float,
    raised: float,
    waited: int,
    lives: Lives,
    d: int,
    seed: np.uint64,
    path: int,
    key: np.uint64,
    serial: np.uint64,
) -> None:
    """Draw what comes after a round of `stage` closed in `quarter`, until the end.

    Nothing came in the `waited` quarters from that one on; see :mod:`finmodel.fund.waiting`.
    """
    row = law[stage]
    while True:
        a, b, c, e = draw(seed, path, STEP, stage, key, serial)
        mark, time = uniform(a), uniform(b)
        luck = common[1] * common[0] + common[2] * normal_quantile(uniform(c))
        log_sd = row["years_log_sd"]
        advance, sale = branches_given(row, waited)
        if mark < advance and stage + 1 < len(law):
            quarter += quarters_given(row["years_to_advance"], log_sd, time, waited)
            step = row["step_up"] * math.exp(row["step_up_log_sd"] * luck)
            stage += 1
            row, waited = law[stage], 0
            post = post * step / (1.0 - row["dilution"])
            raised += row["dilution"] * post
            add_round(lives, d, quarter, row["dilution"] * post, post, row["pool"])
            continue
        if mark < advance + sale:
            quarter += quarters_given(row["years_to_sale"], log_sd, time, waited)
            value = post * row["sale_multiple"] * exit_luck(row, luck)
            end_life(lives, d, quarter, value, LISTED if uniform(e) < row["listed"] else SOLD)
            return
        quarter += quarters_given(row["years_to_failure"], log_sd, time, waited)
        end_life(lives, d, quarter, row["recovery"] * raised, FAILED)
        return


@inner_kernel
def common_luck(share: float, seed: np.uint64, path: int) -> tuple[float, float, float]:
    """Return the luck that a fund's deals share, and the roots of its share and of the rest."""
    a, _, _, _ = draw(seed, path, COMMON, 0, np.uint64(0), np.uint64(0))
    return normal_quantile(uniform(a)), math.sqrt(share), math.sqrt(1.0 - share)


@inner_kernel
def exit_luck(row: Record, z: float) -> float:
    """Return what an exit is worth over its median, at a standard normal luck."""
    return luck_quantile(
        normal_cdf(z), row["sale_log_sd"], row["tail_share"], row["tail_index"], row["tail_cap"]
    )


@inner_kernel
def life_from_bank(
    bank: Bank, stage: int, quarter: int, lives: Lives, d: int, seed: np.uint64, path: int
) -> None:
    """Give deal `d` the life of a firm that the fund's market financed at `stage`."""
    a, _, _, _ = draw(seed, path, ENTRY, 0, np.uint64(d), np.uint64(stage))
    n_stages = (len(bank.first) - 1) // bank.n_markets
    cell = (path // bank.n_together % bank.n_markets) * n_stages + stage
    first, last = bank.first[cell], bank.first[cell + 1]
    n = first + min(int(uniform(a) * (last - first)), last - first - 1)
    lives.n_rounds[d], lives.before[d] = 0, bank.before[n]
    for m in range(bank.start[n], min(bank.start[n + 1], bank.start[n] + MAX_ROUNDS)):
        add_round(
            lives, d, quarter + bank.quarter[m], bank.amount[m], bank.post_money[m], bank.pool[m]
        )
    end_life(lives, d, quarter + bank.exit_quarter[n], bank.exit_value[n], bank.route[n])
