"""Each mechanism: neutral at its neutral value, and of the right sign away from it.

Runs share their luck, so a difference of means is compared with the error of paired paths.
"""

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.run import simulate
from tests.conftest import small_world

KINDS = ("angel_group", "independent_vc", "corporate_vc", "state_owned", "guided_subfund")
SIZE = ("run.scale=0.05", "run.years=4", "run.warm_up_years=6")
PATHS = 80


@pytest.fixture(scope="module")
def base():
    return run()


def run(*changes, paths=PATHS):
    return simulate(small_world(*SIZE, *changes), paths=paths, seed=8)


def every_fund(text):
    return [f"funds.{kind}.{text}" for kind in KINDS]


def total(result, column):
    return result.sectors[..., column].sum(axis=(1, 2))


def gap_rate(result):
    """Gap over viable ask by path, in count."""
    cells = result.sectors.sum(axis=(1, 2))
    funded, *unmet = (cells[:, o * col.N_TESTS + col.MARKET] for o in range(col.N_OUTCOMES))
    return np.sum(unmet, axis=0) / (funded + np.sum(unmet, axis=0))


def away_share(result):
    rounds = result.flow[:, 0].sum(axis=(1, 2))
    return 1 - np.trace(rounds, axis1=1, axis2=2) / rounds.sum(axis=(1, 2))


def deals(result):
    return total(result, col.DEAL_N)


def down_share(result):
    return total(result, col.DOWN_N) / total(result, col.PRICED_N)


def carry(result):
    return result.fund_flow[..., col.CARRY_M].sum(axis=(1, 2, 3))


def milestones(result):
    return total(result, col.MILESTONE_N)


def closures(result):
    return total(result, col.CLOSURE_N)


def refused(result):
    return total(result, col.REFUSED * col.N_TESTS)


def discouraged(result):
    return total(result, col.DISCOURAGED * col.N_TESTS)


def founders(result):
    owned = result.ownership.sum(axis=(1, 2))
    return owned[:, 1] / owned[:, 0]


def proceeds_share(result):
    return total(result, col.PROCEEDS_M) / total(result, col.EXIT_M)


def guided_share(result):
    rounds = result.flow[:, 0].sum(axis=(1, 3, 4))
    return rounds[:, KINDS.index("guided_subfund")] / rounds.sum(axis=1)


def shortfalls(result):
    return total(result, col.SHORTFALL * col.N_TESTS)


SIGNS = {
    # what is changed: (measure, sign, why)
    "more meetings": (["market.meetings_pp=8"], gap_rate, -1),
    "fewer meetings": (["market.meetings_pp=1"], gap_rate, 1),
    # Not "more noise, more gap": very noisy funds go by the mean firm, which is viable at most
    # stages, and turn nobody away. From no noise at all the gap can only rise.
    "a clear view": (["market.signal_noise_sd=0"], gap_rate, -1),
    "noise all funds share": (["market.common_noise_share=1"], gap_rate, 1),
    "intermediaries": (
        [
            "intermediaries.presence={SH=1.0, JS=1.0, ZJ=1.0, AH=1.0}",
            "intermediaries.meeting_gain=1",
        ],
        gap_rate,
        -1,
    ),
    "sharper eyes": (
        [
            "intermediaries.presence={SH=1.0, JS=1.0, ZJ=1.0, AH=1.0}",
            "intermediaries.meeting_gain=0",
            "intermediaries.precision_gain=1",
        ],
        gap_rate,
        -1,
    ),
    "closed borders": (every_fund("away_weight=0"), away_share, -1),
    "open borders": (every_fund("away_weight=1"), away_share, 1),
    "distance matters more": (
        ["friction.distance_elasticity=2", "friction.reference_km=100"],
        away_share,
        -1,
    ),
    "poorer": (["capital.total_mcny_pa=150000"], gap_rate, 1),
    "smaller tickets": (every_fund("ticket_share=0.02"), gap_rate, 1),
    "a lower minimum": (["market.min_close_share=0.2"], shortfalls, 1),
    "specialists only": (every_fund("specialist_share=1"), gap_rate, 1),
    "taste of guided funds": (["funds.guided_subfund.hard_tech_weight=9"], guided_share, 1),
    "discouraged": (["market.discouragement=1"], discouraged, 1),
    "proud founders": (["terms.max_dilution=0.2"], refused, 1),
    "lower prices of bridges": (["terms.bridge_discount=0.6"], down_share, 1),
    "prices follow signals more": (["terms.signal_loading=1"], down_share, 1),
    "a moody market": (["environment.price_loading=4"], down_share, 1),
    "a hurdle nobody reaches": (every_fund("hurdle_pa=0.5"), carry, -1),
    "more carry": (every_fund("carry_share=0.4"), carry, 1),
    "clusters": (
        ["clusters.loading=1", 'clusters.strength={"SH/biomedicine"=2.0, "JS/biomedicine"=2.0}'],
        milestones,
        1,
    ),
    "helpful investors": (["firms.support_loading=1"], milestones, 1),
    "patience": (["firms.patience_quarters=20"], closures, -1),
    "twice the preference": (
        ["terms.preference_multiple=3", "terms.participating=1"],
        proceeds_share,
        1,
    ),
    "dear money": (["stages.A.dilution=0.4", "terms.max_dilution=0.9"], founders, -1),
}


@pytest.mark.parametrize("name", SIGNS)
def test_sign(base, name):
    changes, measure, sign = SIGNS[name]
    change = measure(run(*changes)) - measure(base)
    error = change.std(ddof=1) / np.sqrt(PATHS)
    assert sign * change.mean() > 3 * error, (change.mean(), error)


NEUTRAL = {
    "intermediaries without presence": ["intermediaries.meeting_gain=5"],
    "presence without gain": [
        "intermediaries.presence={SH=1.0, JS=0.5}",
        "intermediaries.meeting_gain=0",
        "intermediaries.precision_gain=0",
    ],
    "clusters of strength nothing": ["clusters.loading=2"],
    "clusters without effect": [
        "clusters.loading=0",
        'clusters.strength={"SH/biomedicine"=3.0}',
    ],
    "a stress of no length": [
        "environment.stress={none={start_quarter=2, quarters=0, market_shift=-2.0, "
        "ipo_multiple=0.0, sale_multiple=0.0, pace_multiple=0.0, lp_multiple={private=0.0}}}"
    ],
    "a stress that does nothing": [
        "environment.stress={none={start_quarter=2, quarters=9, market_shift=0.0, "
        "ipo_multiple=1.0, sale_multiple=1.0, pace_multiple=1.0, lp_multiple={private=1.0}}}"
    ],
    "pairs of regions elsewhere": ['friction.pairs={"BJ>GD"=9.0}'],
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_neutral_value_changes_no_bit(name):
    changes = NEUTRAL[name]
    plain = ["friction.pairs={}"] if name.startswith("pairs") else []
    first, second = run(*plain, paths=2), run(*plain, *changes, paths=2)
    for field in ("panel", "flow", "fund_flow", "exits"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))


def test_supply_answers_to_returns_and_a_response_of_nothing_is_constant():
    quiet = [
        "environment.market_log_sd=0",
        *(f"lps.{lp}.return_response=0" for lp in ("private", "corporate", "state")),
    ]
    raised = run(*quiet).fund_flow[..., col.RAISED_M].sum(axis=(0, 2, 3))
    assert raised.max() / raised.min() < 1.35
    eager = ["lps.private.return_response=8", "capital.response_limit=6"]
    rich = run(*quiet, *eager, "capital.reference_return_pa=-0.3")
    poor = run(*quiet, *eager, "capital.reference_return_pa=0.8")
    money = [r.fund_flow[..., col.RAISED_M].sum(axis=(1, 2, 3)) for r in (rich, poor)]
    assert (money[0] > 1.2 * money[1]).mean() > 0.9


def test_reserves_are_spent_on_follow_on_rounds_only():
    none = run(*every_fund("reserve_share=0"), *every_fund("follow_multiple=0"), paths=4)
    world = small_world(*SIZE, *every_fund("follow_multiple=0"))
    detail = simulate(world, paths=1, seed=8, detailed=1).details[0]
    assert (detail.funds["spent_follow"] == 0).all()
    assert deals(none).sum() > 0


def test_a_firm_that_seeks_in_vain_burns_less():
    frugal, lavish = run("firms.shrink_share=0.2"), run("firms.shrink_share=1")
    change = closures(frugal) - closures(lavish)
    assert change.mean() < 0
