"""Public money in a vehicle: what the state paid, got, gave up, and is still owed."""

from __future__ import annotations

import math

from finmodel.market.columns import (
    FIRST_LP,
    MANAGERS,
    PUBLIC_BACK_M,
    PUBLIC_CALLED_M,
    TO_MANAGER_M,
)
from finmodel.market.ledger import post
from finmodel.market.state import (
    PUBLIC_CALLED,
    PUBLIC_OWED,
    PUBLIC_RECEIVED,
    PUBLIC_SHARED,
    PUBLIC_SINCE,
    PUBLIC_TO_MANAGER,
    PUBLIC_TO_PRIVATE,
    Books,
    Now,
    Pool,
)
from finmodel.market.waterfall import settled_to_lps
from finmodel.numeric.jit import inner_kernel
from finmodel.world.arrays import FloatArray, WorldArrays


@inner_kernel
def public_lp(world: WorldArrays, kind: int) -> int:
    """Return the class of LPs that holds the public money of a vehicle."""
    n_ordinary = world.fund_rate_pp.shape[1]
    return int(world.lp_mix.shape[1] - len(world.programmes) + kind - n_ordinary)


@inner_kernel
def owe(public: FloatArray, growth: float, quarter: int) -> None:
    """Carry what the state is owed before it is bought out forward to a quarter."""
    if public[PUBLIC_SINCE] < quarter:
        public[PUBLIC_OWED] *= growth ** (quarter - public[PUBLIC_SINCE])
        public[PUBLIC_SINCE] = quarter


@inner_kernel
def call_public(
    world: WorldArrays, pool: Pool, books: Books, f: int, kind: int, amount: float, now: Now
) -> None:
    """Note the public part of a call of a vehicle."""
    programme = world.programmes[kind - world.fund_rate_pp.shape[1]]
    public, part = pool.public[f], amount * pool.lp_share[f, public_lp(world, kind)]
    owe(public, programme["buyback_growth"], now.quarter)
    public[PUBLIC_CALLED] += part
    public[PUBLIC_OWED] += part
    if programme["buyback_growth"] == math.inf:
        public[PUBLIC_OWED] = math.inf
    books.fund_flow[now.year, pool.funds[f]["region"], kind, PUBLIC_CALLED_M] += part


@inner_kernel
def public_part(
    world: WorldArrays, pool: Pool, f: int, kind: int, to_lps: float, is_last: bool, quarter: int
) -> tuple[float, float, float, float]:
    """Return what a distribution to the LPs of a vehicle brings the state under its clauses.

    Gains are what the state got beyond all its calls, and are shared once. It gives up its shares
    of them; of the rest it keeps no more than its calls with interest at the rate of the buy-out.
    In the last distribution gains that later calls have eaten up come back from those who shared
    them, and the state pays its part of what private investors have lost.

    Returns
    -------
    kept, to_private, to_manager, gain : float
        Million CNY; any may be negative in the last distribution.
    """
    programme = world.programmes[kind - world.fund_rate_pp.shape[1]]
    fund, public = pool.funds[f], pool.public[f]
    private_share = pool.lp_share[f, world.private_lp]
    part = pool.lp_share[f, public_lp(world, kind)] * to_lps
    above = public[PUBLIC_RECEIVED] + part - public[PUBLIC_CALLED]
    gain = max(0.0, above - public[PUBLIC_SHARED])
    if is_last:  # gains are those of the whole life
        gain = max(0.0, above) - public[PUBLIC_SHARED]
    to_manager = programme["manager_give_up"] * gain
    to_private = programme["profit_give_up"] * gain if private_share > 0.0 else 0.0
    kept = part - to_manager - to_private
    if private_share <= 0.0:
        return kept, 0.0, to_manager, gain
    owed = public[PUBLIC_OWED]
    if public[PUBLIC_SINCE] < quarter:
        owed *= programme["buyback_growth"] ** (quarter - public[PUBLIC_SINCE])
    bought = max(0.0, kept - max(0.0, owed))
    to_private, kept = to_private + bought, kept - bought
    if is_last:
        got = private_share * (fund["to_lps"] + to_lps) + public[PUBLIC_TO_PRIVATE] + to_private
        cover = programme["loss_cover"] * max(0.0, private_share * fund["called"] - got)
        to_private, kept = to_private + cover, kept - cover
    return kept, to_private, to_manager, gain


@inner_kernel
def share_public(
    world: WorldArrays, pool: Pool, books: Books, f: int, kind: int, to_lps: float, now: Now
) -> None:
    """Apply the clauses to a distribution; the ledger moves what the state gives up.

    Called before the distribution is added to what LPs got.
    """
    programme = world.programmes[kind - world.fund_rate_pp.shape[1]]
    fund, public, lp = pool.funds[f], pool.public[f], public_lp(world, kind)
    region, is_last = fund["region"], bool(fund["is_over"] == 1)
    owe(public, programme["buyback_growth"], now.quarter)
    kept, to_private, to_manager, gain = public_part(
        world, pool, f, kind, to_lps, is_last, now.quarter
    )
    public[PUBLIC_OWED] -= kept
    public[PUBLIC_RECEIVED] += pool.lp_share[f, lp] * to_lps
    public[PUBLIC_SHARED] += gain
    public[PUBLIC_TO_PRIVATE] += to_private
    public[PUBLIC_TO_MANAGER] += to_manager
    post(books.ledger, FIRST_LP + lp, region, FIRST_LP + world.private_lp, region, to_private)
    post(books.ledger, FIRST_LP + lp, region, MANAGERS, region, to_manager)
    books.fund_flow[now.year, region, kind, PUBLIC_BACK_M] += kept
    books.fund_flow[now.year, region, kind, TO_MANAGER_M] += to_manager


@inner_kernel
def settled_nav(
    world: WorldArrays, pool: Pool, f: int, kind: int, worth: float, quarter: int
) -> tuple[float, float]:
    """Return what the state and the private LPs would get if a vehicle were settled now.

    Its holdings, at `worth` of their marks, pass through the waterfall and the clauses as in a
    last distribution, so carry, gains given up, buy-out and cover of losses are taken off.
    """
    to_lps = settled_to_lps(pool.funds[f], world.types[kind], worth * pool.nav[f], quarter)
    kept, to_private, _, _ = public_part(world, pool, f, kind, to_lps, True, quarter)
    private = (1.0 - pool.lp_share[f, public_lp(world, kind)]) * to_lps + to_private
    return float(kept), float(private)
