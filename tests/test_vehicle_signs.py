"""What each vehicle does to the market against no programme, with the reason.

At four times the budget of the policy scenarios, for a signal at the size of a test; the sub-funds'
sign, which turns on what private money is new, at theirs.
"""

from functools import lru_cache

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.measure.gap import viable_by_path
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.conftest import YRD
from tests.test_programmes import OTHERS, SIZE, P, all_money, of_kind, of_vehicles, policy_world

PATHS = MANY = 400
LARGE = f"{P}.budget_mcny_pa=80000"
VEHICLES = ("fund_of_funds", *OTHERS)
AID = ("grant", "guarantee")
EARLY = slice(0, 3)


@lru_cache
def base(paths=PATHS):
    return simulate(build_world(load_scenario(YRD, SIZE)), paths=paths, seed=2)


@lru_cache
def arm(vehicle, *changes, paths=PATHS):
    world = (
        policy_world(*changes, size=SIZE)
        if vehicle == "fund_of_funds"
        else of_kind(vehicle, *changes)
    )
    return simulate(world, paths=paths, seed=2)


def total(run, column):
    return run.panel[..., column].sum(axis=(1, 2, 3, 4))


def from_vehicles(run):
    """Money firms have from vehicles; none in the baseline."""
    is_base = not run.world.programmes
    return np.zeros(run.n_paths) if is_base else of_vehicles(col.INVESTED_M)(run)


def from_others(run):
    return run.fund_flow[..., col.INVESTED_M].sum(axis=(1, 2, 3)) - from_vehicles(run)


def all_financing(run):
    """Money firms get, of funds, grants and loans."""
    return from_others(run) + from_vehicles(run)


def mean_round(run):
    return all_money(run) / total(run, col.DEAL_N)


def viable(run, side, stages=slice(None)):
    """Viable hard-tech needs funded and unfunded, in count (side 0) or money (1)."""
    ask, gap = viable_by_path(run.panel[:, :, :, stages, 1].sum(axis=(1, 2, 3)), side)
    return ask - gap, gap


def funded_n(run):
    return viable(run, 0)[0]


def early_funded_n(run):
    return viable(run, 0, EARLY)[0]


def funded_m(run):
    return viable(run, 1)[0]


def gap_n(run):
    return viable(run, 0)[1]


def gap_m(run):
    return viable(run, 1)[1]


def closures(run):
    return total(run, col.CLOSURE_N)


# Vehicle, measure, sign; the name is the reason.
SIGNS = {
    "public money beside private: more viable needs funded": ("fund_of_funds", funded_n, 1),
    "its mandate is early, so more early ones": ("fund_of_funds", early_funded_n, 1),
    "what it adds keeps firms going": ("fund_of_funds", closures, -1),
    "money that nobody else had adds to the market": ("direct", all_financing, 1),
    "and funds viable needs": ("direct", funded_n, 1),
    "in number too the gap is smaller": ("direct", gap_n, -1),
    "firms that find money do not close": ("direct", closures, -1),
    "money beside that of others adds to the market": ("co_investment", all_financing, 1),
    "rounds are larger by it": ("co_investment", mean_round, 1),
    "rounds close that others could not fill": ("co_investment", funded_n, 1),
    "fewer firms give up by it": ("co_investment", closures, -1),
    "a grant pays early needs": ("grant", early_funded_n, 1),
    "and what it pays others need not": ("grant", lambda run: total(run, col.DEAL_M), -1),
    "which they put elsewhere, so viable needs of all stages gain": ("grant", funded_m, 1),
    "money that is given adds to the market": ("grant", all_financing, 1),
    "a firm that is paid does not close": ("grant", closures, -1),
    "a loan funds a need that no fund did": ("guarantee", funded_n, 1),
    "and mostly large ones": ("guarantee", funded_m, 1),
    "so the gap falls": ("guarantee", gap_m, -1),
    "in number as in money": ("guarantee", gap_n, -1),
    "what banks lend is new": ("guarantee", all_financing, 1),
    "a firm with a loan does not close": ("guarantee", closures, -1),
}


def check(gain, sign):
    assert sign * gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))


@pytest.mark.parametrize("reason", SIGNS)
def test_a_vehicle_has_its_sign(reason):
    vehicle, measure, sign = SIGNS[reason]
    check(measure(arm(vehicle, LARGE)) - measure(base()), sign)


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_others_invest_less_where_a_vehicle_does(vehicle):
    """It takes part of rounds that would close, and needs it meets are not asked of others."""
    check(from_others(arm(vehicle, LARGE)) - from_others(base()), -1)


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_but_by_less_than_it_puts_in(vehicle):
    """Some of what it takes part in would not have closed: it crowds out, but not yuan for yuan."""
    change = from_others(arm(vehicle, LARGE)) - from_others(base())
    put_in = from_vehicles(arm(vehicle, LARGE))
    assert (put_in > 0).all()
    if vehicle == "fund_of_funds":  # not told: it raises half its private money from other funds
        error = (change + put_in).std(ddof=1) / np.sqrt(PATHS)
        assert abs((change + put_in).mean()) + 4 * error < 0.3 * put_in.mean()
    else:
        check(change + put_in, 1)


@pytest.mark.parametrize(("new", "sign"), [(0, -1), (1, 1)])
def test_sub_funds_add_what_private_money_is_new_and_take_what_is_not(new, sign):
    """Money that waits in vehicles is missed only if other funds would have had it."""
    check(change_of_market(new), sign)


def test_with_half_of_it_new_sub_funds_do_little_to_the_market():
    """No sign is told at this size: up or down by less than half of the public money called."""
    gain = change_of_market(0.5)
    called = of_vehicles(col.PUBLIC_CALLED_M)(arm("fund_of_funds", new_part(0.5), paths=MANY))
    bound = abs(gain.mean()) + 4 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert bound < 0.5 * called.mean()


def new_part(share):
    return f"{P}.new_private_share={share}"


def change_of_market(new):
    run = arm("fund_of_funds", new_part(new), paths=MANY)
    return all_financing(run) - all_financing(base(MANY))
