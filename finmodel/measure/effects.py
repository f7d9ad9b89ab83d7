"""The effect of a policy, firm by firm: the same firms with the same luck, with and without.

What is compared is a *financing*: one firm at one stage, with all the money it raised there in
the reported years. In the policy arm it is *supported* if a vehicle of a programme put money into
it. With ``p`` and ``b`` the money raised under the policy and in the baseline,

    gross         supported financings
    deadweight    supported, but closed anyway within four quarters: min(p, b), private part
    substitution  the part of that overlap that private investors paid and vehicles now pay
    timing        supported, and closed anyway, but later than four quarters: min(p, b)
    shrinkage     supported, and raised more without: b - p
    leakage       what is left of supported money outside the programmes' targets
    displacement  unsupported financings of the target that raise less, or nothing: b - p
    multiplier    unsupported financings of the target that raise more: p - b

    net = gross - deadweight - substitution - timing - shrinkage - leakage
          - displacement + multiplier

is the change in the target, and ``net + leakage - displacement outside + multiplier outside`` the
change of the whole market, exactly, on every path. In counts a financing that closes anyway is
split between deadweight and substitution as its money is; shrinkage is zero. One that is lost
though it got a grant counts as displacement.

The target of a programme: regions it gives money to, stages of its mandate, hard technology, in
the sectors of its mandate if it has one over sectors (general ones if it names no other). An arm
without programmes has everything as its target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finmodel.market.births import qualities
from finmodel.market.columns import CLOSED, GRANTED, INVESTMENT, LENT, MET
from finmodel.market.result import PathDetail
from finmodel.world import World
from finmodel.world.arrays import FloatArray, IntArray

COMPONENTS = (
    "gross",
    "deadweight",
    "substitution",
    "timing",
    "shrinkage",
    "leakage",
    "displacement",
    "multiplier",
    "net",
    "displacement_outside",
    "multiplier_outside",
    "change",
)
SIGNS = {
    "gross": 1,
    "deadweight": -1,
    "substitution": -1,
    "timing": -1,
    "shrinkage": -1,
    "leakage": -1,
    "displacement": -1,
    "multiplier": 1,
}
"""Of the parts of `net`."""

MEMO = ("vehicle", "public", "joined", "earlier", "away")
"""Beside the chain: money of vehicles (or grants and loans); public money in it, or at risk for
it; all money of rounds that vehicles joined; quarters by which supported financings that close
anyway come earlier; supported firms of other regions than the vehicle's.
"""

WINDOW = 4
"""Quarters within which a financing that closes anyway is deadweight, not timing."""


@dataclass(frozen=True)
class Financings:
    """Every financing of two arms on one path.

    Attributes
    ----------
    region, stage, sector : ndarray of int, shape (N,)
    is_viable, is_target : ndarray of bool, shape (N,)
    policy, base : ndarray of shape (N,), million CNY
        Zero if it did not close.
    policy_quarter, base_quarter : ndarray of int, shape (N,)
        Of its first closing; a large number if it did not close.
    vehicle, public : ndarray of shape (N,), million CNY
        Of vehicles under the policy, and the public part of it.
    joined : ndarray of shape (N,), million CNY
        All money of the rounds that vehicles joined.
    is_away : ndarray of bool, shape (N,)
        Whether a vehicle of another region than the firm's took part.
    """

    region: IntArray
    stage: IntArray
    sector: IntArray
    is_viable: NDArray[np.bool_]
    is_target: NDArray[np.bool_]
    policy: FloatArray
    base: FloatArray
    policy_quarter: IntArray
    base_quarter: IntArray
    vehicle: FloatArray
    public: FloatArray
    joined: FloatArray
    is_away: NDArray[np.bool_]


NEVER = 1 << 30


def target_mask(world: World) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return whether a cell is a target of some programme, shape (R, K, S)."""
    arrays = world.arrays
    shape = (len(world.regions), len(world.stages), len(world.sectors))
    if len(arrays.programmes) == 0:
        return np.ones(shape, np.bool_)
    mask = np.zeros(shape, np.bool_)
    for g in range(len(arrays.programmes)):
        region = arrays.programme_budget_pp[g] > 0.0
        stage = arrays.mandate[arrays.fund_rate_pp.shape[1] + g] > 0.0
        sector = arrays.sector_pull[g] > 0.0
        if (sector & world.is_hard_tech).any():  # a mandate of general sectors alone means them
            sector &= world.is_hard_tech
        mask |= region[:, None, None] & stage[None, :, None] & sector[None, None, :]
    return mask


def financings(
    world: World, policy_world: World, seed: int, base: PathDetail, policy: PathDetail
) -> Financings:
    """Match the financings of two arms of one path by firm and stage.

    Parameters
    ----------
    world, policy_world : World
        Viability is judged by the hurdles of the first.
    seed : int
    base, policy : PathDetail
        With the histories of firms.
    """
    first, n_stages = world.arrays.calendar.first_reported, len(world.stages)
    n_ordinary = policy_world.arrays.fund_rate_pp.shape[1]
    arms = [_split_events(detail.events, first) for detail in (base, policy)]
    funded = np.concatenate([part for arm in arms for part in (arm.closed, arm.given)])
    firm, where = np.unique(_identity(funded), return_index=True)
    size = len(firm) * n_stages

    def code(events: NDArray[Any]) -> IntArray:
        place: IntArray = np.searchsorted(firm, _identity(events)) * n_stages + events["stage"]
        return place

    money, quarter = [], []
    for arm in arms:
        given = _add_up(code(arm.given), arm.given["amount"], size)
        money.append(_add_up(code(arm.closed), arm.closed["amount"], size) + given)
        met = np.concatenate([arm.closed, arm.met])
        met = met[np.argsort(met["quarter"], kind="stable")[::-1]]
        earliest = np.full(size, NEVER)
        earliest[code(met)] = met["quarter"]
        quarter.append(earliest)
    _, arm = arms
    fund = policy.funds[arm.invested["fund"]]
    is_vehicle = fund["kind"] >= n_ordinary
    invested, fund = arm.invested[is_vehicle], fund[is_vehicle]
    n_lps = policy.lp_share.shape[1] - len(policy_world.programmes)
    share = policy.lp_share[invested["fund"], n_lps + fund["kind"].astype(np.int64) - n_ordinary]
    at = code(invested)
    is_joined = np.isin(_round(arm.closed), _round(invested))
    joined = _add_up(code(arm.closed), arm.closed["amount"] * is_joined, size) + given
    public = _add_up(at, invested["amount"] * share, size)
    public += _add_up(code(arm.given), arm.given["post_money"], size)
    kept = (quarter[0] < NEVER) | (quarter[1] < NEVER) | (money[1] > 0.0)
    row, stage = np.divmod(np.flatnonzero(kept), n_stages)
    one = funded[where][row]
    region, sector = one["region"].astype(np.int64), one["sector"].astype(np.int64)
    theta = qualities(np.uint64(seed), base.path, one["key"], one["serial"], world.arrays.rules[0])
    away = _add_up(at, invested["region"] != fund["region"], size)
    return Financings(
        region=region,
        stage=stage,
        sector=sector,
        is_viable=theta >= world.arrays.stages["hurdle_market"][region, stage, sector],
        is_target=target_mask(policy_world)[region, stage, sector],
        policy=money[1][kept],
        base=money[0][kept],
        policy_quarter=quarter[1][kept],
        base_quarter=quarter[0][kept],
        vehicle=(_add_up(at, invested["amount"], size) + given)[kept],
        public=public[kept],
        joined=joined[kept],
        is_away=away[kept] > 0,
    )


class _Events(NamedTuple):
    """Events of one arm since the first reported quarter."""

    closed: NDArray[Any]
    invested: NDArray[Any]
    given: NDArray[Any]  # grants and guaranteed loans
    met: NDArray[Any]  # needs that these met


def _split_events(events: NDArray[Any], first: int) -> _Events:
    reported = events[events["quarter"] >= first]
    kind = reported["kind"]
    is_given = (kind == GRANTED) | (kind == LENT)
    return _Events(
        reported[kind == CLOSED],
        reported[kind == INVESTMENT],
        reported[is_given],
        reported[kind == MET],
    )


def _round(events: NDArray[Any]) -> NDArray[Any]:
    """Return the identity of each event's round: a firm closes at most one in a quarter."""
    pair = np.empty(len(events), np.dtype([("firm", "i8"), ("quarter", "i4")]))
    pair["firm"], pair["quarter"] = _identity(events), events["quarter"]
    return pair


def _add_up(code: IntArray, values: NDArray[Any], size: int) -> FloatArray:
    """Return the sum of `values` at each code, shape (size,)."""
    return np.bincount(code, values, minlength=size).astype(np.float64)


def _identity(events: np.ndarray[tuple[int], np.dtype[np.void]]) -> IntArray:
    wide = events["key"].astype(np.uint64) << np.uint64(32)
    return (wide | events["serial"].astype(np.uint64)).view(np.int64)


def split_effects(deals: Financings) -> tuple[FloatArray, FloatArray]:
    """Return the chain and the memo of every financing.

    Returns
    -------
    chain : ndarray of shape (N, len(COMPONENTS), 2)
        In count and million CNY.
    memo : ndarray of shape (N, len(MEMO))
    """
    p, b = deals.policy, deals.base
    has_p, has_b = deals.policy_quarter < NEVER, deals.base_quarter < NEVER
    supported = deals.vehicle > 0.0
    overlap = np.where(supported, np.minimum(p, b), 0.0)
    is_soon = deals.base_quarter - deals.policy_quarter <= WINDOW
    both = supported & has_b & has_p
    anyway, later = both & is_soon, both & ~is_soon
    private = p - deals.vehicle
    # Overlap without both closings: money at a stage whose need was met in one arm only.
    early = np.where(later, 0.0, overlap)
    replaced = np.clip(b - private, 0.0, np.minimum(early, deals.vehicle))
    shifted = np.divide(replaced, early, out=np.zeros(len(p)), where=early > 0.0)
    part: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
        "gross": (supported & has_p, np.where(supported, p, 0.0)),
        "deadweight": (anyway * (1.0 - shifted), early - replaced),
        "substitution": (anyway * shifted, replaced),
        "timing": (later, np.where(later, overlap, 0.0)),
        "shrinkage": (np.zeros(len(p)), np.where(supported, np.maximum(b - p, 0.0), 0.0)),
    }
    extra_n, extra_m = supported & has_p & ~has_b, np.where(supported, p - overlap, 0.0)
    shrunk = part["shrinkage"][1]
    outside, inside = ~deals.is_target, deals.is_target
    part["leakage"] = (extra_n & outside, np.where(outside, extra_m - shrunk, 0.0))
    lost_n, lost_m = has_b & ~has_p, np.where(supported, 0.0, np.maximum(b - p, 0.0))
    new_n, new_m = ~supported & has_p & ~has_b, np.where(supported, 0.0, np.maximum(p - b, 0.0))
    part["displacement"] = (lost_n & inside, np.where(inside, lost_m, 0.0))
    part["multiplier"] = (new_n & inside, np.where(inside, new_m, 0.0))
    part["displacement_outside"] = (lost_n & outside, np.where(outside, lost_m, 0.0))
    part["multiplier_outside"] = (new_n & outside, np.where(outside, new_m, 0.0))
    part["change"] = (has_p.astype(float) - has_b, p - b)
    net = [np.zeros(len(p)), np.zeros(len(p))]
    for name, sign in SIGNS.items():
        for side in (0, 1):
            net[side] = net[side] + sign * part[name][side]
    part["net"] = (net[0], net[1])
    chain = np.stack([np.stack(part[name], axis=-1) for name in COMPONENTS], axis=1)
    ahead = np.maximum(deals.base_quarter - deals.policy_quarter, 0)
    memo = np.stack(
        [
            deals.vehicle,
            deals.public,
            deals.joined,
            np.where(both, ahead, 0),
            supported & has_p & deals.is_away,
        ],
        axis=-1,
    )
    return chain.astype(np.float64), memo.astype(np.float64)


def effect_panels(world: World, deals: Financings) -> tuple[FloatArray, FloatArray]:
    """Return chain and memo added up by cell.

    Returns
    -------
    chain : ndarray of shape (R, K, S, 2, len(COMPONENTS), 2)
        The fourth axis is whether the need is viable in the baseline.
    memo : ndarray of shape (R, K, S, 2, len(MEMO))
    """
    shape = (len(world.regions), len(world.stages), len(world.sectors), 2)
    cell = np.ravel_multi_index(
        (deals.region, deals.stage, deals.sector, deals.is_viable.astype(np.int64)), shape
    )
    sums = []
    for values in split_effects(deals):
        flat = values.reshape(len(cell), -1)
        n_cells = int(np.prod(shape))
        out = np.stack([_add_up(cell, column, n_cells) for column in flat.T], axis=-1)
        sums.append(out.reshape(*shape, *values.shape[1:]))
    return sums[0], sums[1]
