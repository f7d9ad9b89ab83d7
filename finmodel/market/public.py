"""Public money in a vehicle: what the state paid, got, gave up, and is still owed."""

from __future__ import annotations

from finmodel.market.columns import FIRST_LP, MANAGERS, PUBLIC_BACK_M, PUBLIC_CALLED_M
from finmodel.market.ledger import post
from finmodel.market.state import (
    PUBLIC_CALLED,
    PUBLIC_OWED,
    PUBLIC_RECEIVED,
    PUBLIC_SINCE,
    PUBLIC_TO_MANAGER,
    PUBLIC_TO_PRIVATE,
    Books,
    Now,
    Pool,
)
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
    books.fund_flow[now.year, pool.funds[f]["region"], kind, PUBLIC_CALLED_M] += part


@inner_kernel
def share_public(
    world: WorldArrays, pool: Pool, books: Books, f: int, kind: int, to_lps: float, now: Now
) -> None:
    """Apply the clauses on the public part of a distribution; the ledger moves what is given up.

    Gains are what the state gets beyond its calls so far. It gives up its shares of them; of
    the rest it keeps no more than its calls with interest at the rate of the buy-out. When the
    fund ends, it pays its part of what private investors have lost.
    """
    programme = world.programmes[kind - world.fund_rate_pp.shape[1]]
    fund, public, lp = pool.funds[f], pool.public[f], public_lp(world, kind)
    region, private_share = fund["region"], pool.lp_share[f, world.private_lp]
    part = pool.lp_share[f, lp] * to_lps
    before, called = public[PUBLIC_RECEIVED], public[PUBLIC_CALLED]
    gain = max(0.0, before + part - called) - max(0.0, before - called)
    to_manager = programme["manager_give_up"] * gain
    to_private = programme["profit_give_up"] * gain if private_share > 0.0 else 0.0
    owe(public, programme["buyback_growth"], now.quarter)
    kept = part - to_manager - to_private
    if private_share > 0.0:
        bought = max(0.0, kept - max(0.0, public[PUBLIC_OWED]))
        to_private += bought
        kept -= bought
    public[PUBLIC_OWED] -= kept
    public[PUBLIC_RECEIVED] += part
    if fund["is_over"] == 1 and private_share > 0.0:
        got = private_share * fund["to_lps"] + public[PUBLIC_TO_PRIVATE] + to_private
        cover = programme["loss_cover"] * max(0.0, private_share * fund["called"] - got)
        to_private += cover
        kept -= cover
    public[PUBLIC_TO_PRIVATE] += to_private
    public[PUBLIC_TO_MANAGER] += to_manager
    post(books.ledger, FIRST_LP + lp, region, FIRST_LP + world.private_lp, region, to_private)
    post(books.ledger, FIRST_LP + lp, region, MANAGERS, region, to_manager)
    books.fund_flow[now.year, region, kind, PUBLIC_BACK_M] += kept
