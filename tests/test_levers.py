"""Policy levers: zero changes no bit, signs follow from mechanisms."""

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.world.levers import (
    neighbour_weights,
    neighbours_knowledge,
    stage_factors,
)
from tests.conftest import small, small_world
from tests.test_mechanisms import SIZE, away_share, closures, gap_rate, milestones, total

ACTORS = ("government", "university", "industry", "research", "finance", "intermediary", "market")
REGIONS = ("SH", "JS", "ZJ", "AH")
ALL = "{SH=1.0, JS=1.0, ZJ=1.0, AH=1.0}"
CHAIN = 'clusters.strength={"SH/biomedicine"=2.0, "JS/biomedicine"=2.0}'
ZJ = REGIONS.index("ZJ")
OTHERS = [r for r in range(len(REGIONS)) if r != ZJ]
PATHS = 80


def run(*changes, paths=PATHS):
    return simulate(small_world(*SIZE, *changes), paths=paths, seed=8)


@pytest.fixture(scope="module")
def base():
    return run()


def arrays_of(*changes):
    return small_world(*changes).arrays


def assert_same_bits(first, second):
    for name in first._fields:
        one, two = getattr(first, name), getattr(second, name)
        if isinstance(one, np.ndarray):
            assert one.tobytes() == two.tobytes(), name
        else:
            assert one == two, name


# Each lever with its strength at zero though it is present, and absent though it is strong.
NEUTRAL = {
    "no relief of borders": ["levers.barriers.border_relief=0", "levers.barriers.noise_relief=0"],
    "no spillover": ["levers.barriers.spillover=0", 'levers.barriers.knowledge="gdp:2022"'],
    "chains without links": ["levers.clusters.complementarity=0"],
    "links without chains": ["levers.clusters.complementarity=2"],
    "a corridor that does nothing": [f"levers.corridor.members={ALL}"],
    "a corridor without members": [
        "levers.corridor.friction_relief=1",
        "levers.corridor.tax_relief=0.5",
        "levers.corridor.joint_lab_births=2",
    ],
    "a corridor elsewhere": [
        "levers.corridor.members={BJ=1.0}",
        "levers.corridor.joint_lab_births=2",
    ],
    "no incentives": [
        f"levers.incentives.tax_relief={ALL.replace('1.0', '0.0')}",
        "levers.incentives.coordinated_tax_relief=0",
        "levers.incentives.exit_depth=0",
    ],
    "intermediaries without gain": [
        f"levers.intermediaries.source_presence={ALL}",
        f"levers.intermediaries.end_presence={ALL}",
    ],
    "gain without intermediaries": [
        "levers.intermediaries.source_gain=2",
        "levers.intermediaries.end_gain=2",
    ],
    "gain at no stage": [
        f"levers.intermediaries.source_presence={ALL}",
        "levers.intermediaries.source_gain=2",
        "levers.intermediaries.source_stages=[]",
    ],
    **{
        f"{actor} as today": [f"levers.actors.{actor}.presence={ALL.replace('1.0', '0.0')}"]
        for actor in ACTORS
    },
    "actors without strength": [
        *(f"levers.actors.{actor}.presence={ALL}" for actor in ACTORS),
        "levers.actors.government.tax_relief=0",
        "levers.actors.university.birth_gain=0",
        "levers.actors.industry.end_gain=0",
        "levers.actors.research.source_gain=0",
        "levers.actors.finance.meeting_gain=0",
        "levers.actors.intermediary.meeting_gain=0",
        "levers.actors.intermediary.precision_gain=0",
        "levers.actors.market.exit_depth=0",
    ],
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_lever_at_zero_changes_no_bit(name):
    plain = [CHAIN] if name == "chains without links" else []
    assert_same_bits(arrays_of(*plain), arrays_of(*plain, *NEUTRAL[name]))
    first, second = run(*plain, paths=2), run(*plain, *NEUTRAL[name], paths=2)
    for field in ("panel", "flow", "fund_flow", "exits"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))


def test_at_zero_every_factor_is_exactly_one():
    for factor in stage_factors(small()):
        assert (factor == 1.0).all()


def away_money_share(result):
    money = result.flow[:, 1].sum(axis=(1, 2))
    return 1 - np.trace(money, axis1=1, axis2=2) / money.sum(axis=(1, 2))


def viable_share_of_funded(result):
    cells = result.sectors.sum(axis=(1, 2))
    return cells[:, col.FUNDED * col.N_TESTS + col.MARKET] / cells[:, col.FUNDED * col.N_TESTS]


def viable(result):
    cells = result.sectors.sum(axis=(1, 2))
    return sum(cells[:, o * col.N_TESTS + col.MARKET] for o in range(col.N_OUTCOMES))


def mean_ask(result):
    return total(result, col.ASK_M) / total(result, col.ASK_N)


def exits(result):
    return sum(total(result, c) for c in (col.IPO_N, col.MNA_N, col.TRANSFER_N))


def births(result):
    return total(result, col.BIRTH_N)


def at_stages(first, last, column):
    """Return a measure: the sum of a column over hard-tech firms of some stages."""
    return lambda result: result.panel[..., first:last, 1, column].sum(axis=(1, 2, 3))


from_lab = at_stages(0, 1, col.MILESTONE_N)
from_source = at_stages(0, 2, col.MILESTONE_N)
from_b = at_stages(3, 5, col.MILESTONE_N)


def present(actor):
    return [f"levers.actors.{actor}.presence={ALL}"]


def at(place, gain):
    return [
        f"levers.intermediaries.{place}_presence={ALL}",
        f"levers.intermediaries.{place}_gain={gain}",
    ]


SIGNS = {
    # Firms meet whom they can reach: with the border gone more of the funds are elsewhere.
    "border relief": (["levers.barriers.border_relief=0.3"], away_share, 1),
    "border relief, money": (["levers.barriers.border_relief=0.3"], away_money_share, 1),
    # Not "more deals": funds that see better turn down more firms that are not worth it.
    "noise relief": (["levers.barriers.noise_relief=1"], viable_share_of_funded, 1),
    # What neighbours know speeds hard technology; faster firms are worth more.
    "spillover": (["levers.barriers.spillover=0.05"], milestones, 1),
    "spillover, worth": (["levers.barriers.spillover=0.05"], viable, 1),
    # Firms burn less: they ask for less, and fewer run out of cash.
    "coordinated relief": (["levers.incentives.coordinated_tax_relief=0.2"], mean_ask, -1),
    "coordinated relief, ends": (["levers.incentives.coordinated_tax_relief=0.2"], closures, -1),
    "coordinated relief, gap": (["levers.incentives.coordinated_tax_relief=0.2"], gap_rate, -1),
    "relief by region": (["levers.incentives.tax_relief={JS=0.3, SH=0.3}"], closures, -1),
    "exit depth": (["levers.incentives.exit_depth=0.3"], exits, 1),
    # Buyers take firms that would have waited for the next round.
    "exit depth, ends": (["levers.incentives.exit_depth=0.3"], closures, -1),
    "source": (at("source", 0.3), from_lab, 1),
    "end": (at("end", 0.3), from_b, 1),
    "corridor, friction": (
        [f"levers.corridor.members={ALL}", "levers.corridor.friction_relief=0.3"],
        away_share,
        1,
    ),
    "corridor, relief": (
        [f"levers.corridor.members={ALL}", "levers.corridor.tax_relief=0.2"],
        mean_ask,
        -1,
    ),
    "corridor, laboratories": (
        [f"levers.corridor.members={ALL}", "levers.corridor.joint_lab_births=0.3"],
        births,
        1,
    ),
    "government": (present("government"), closures, -1),
    "university": (present("university"), births, 1),
    "industry": (present("industry"), from_b, 1),
    "research": (
        [*present("research"), "levers.actors.research.source_gain=0.3"],
        from_source,
        1,
    ),
    # More funds met, more needs funded.
    "finance": (present("finance"), gap_rate, -1),
    "intermediary": (present("intermediary"), gap_rate, -1),
    "market": (present("market"), exits, 1),
}


@pytest.mark.parametrize("name", SIGNS)
def test_sign(base, name):
    changes, measure, sign = SIGNS[name]
    change = measure(run(*changes)) - measure(base)
    error = change.std(ddof=1) / np.sqrt(PATHS)
    assert sign * change.mean() > 3 * error, (change.mean(), error)


def test_links_between_chains_help_beyond_the_chains_themselves():
    linked, alone = run(CHAIN, "levers.clusters.complementarity=0.2"), run(CHAIN)
    change = milestones(linked) - milestones(alone)
    assert change.mean() > 3 * change.std(ddof=1) / np.sqrt(PATHS)
    sectors = list(small().sectors)
    factor = stage_factors(small(CHAIN, "levers.clusters.complementarity=0.2")).milestone
    bio = sectors.index("biomedicine")
    assert (factor[:, :, bio] > 1.0).all()
    assert (np.delete(factor, bio, axis=2) == 1.0).all()
    # Anhui hears of two strong chains, Shanghai of one besides its own.
    assert factor[REGIONS.index("AH"), 0, bio] > factor[REGIONS.index("SH"), 0, bio]


def by_region(result, column):
    return result.panel[..., column].sum(axis=(1, 3, 4))


def test_joint_laboratories_add_firms_to_members_and_crowd_out_others(base):
    changed = run("levers.corridor.members={ZJ=1.0}", "levers.corridor.joint_lab_births=0.5")
    born, before = (r.panel[..., col.BIRTH_N].sum(axis=(1, 3)) for r in (changed, base))
    np.testing.assert_array_equal(born[:, OTHERS], before[:, OTHERS])
    np.testing.assert_array_equal(born[:, ZJ, 0], before[:, ZJ, 0])  # general sectors
    assert born[:, ZJ, 1].sum() / before[:, ZJ, 1].sum() == pytest.approx(1.5, abs=0.05)
    # The money is the same, so firms elsewhere get less of it: 0.6 to 1.6 % fewer deals.
    deals = by_region(changed, col.DEAL_N) - by_region(base, col.DEAL_N)
    elsewhere = deals[:, OTHERS].sum(axis=1)
    assert elsewhere.mean() < -3 * elsewhere.std(ddof=1) / np.sqrt(PATHS)


def test_relief_in_one_region_leaves_the_stages_of_the_others_alone(base):
    changes = ["levers.incentives.tax_relief={ZJ=0.3}"]
    changed, plain = arrays_of(*changes), arrays_of()
    assert changed.stages[OTHERS].tobytes() == plain.stages[OTHERS].tobytes()
    ends = by_region(run(*changes), col.CLOSURE_N) - by_region(base, col.CLOSURE_N)
    error = ends.std(axis=0, ddof=1) / np.sqrt(PATHS)
    assert ends[:, ZJ].mean() < -3 * error[ZJ]
    # What is not asked in Zhejiang is there for the others: they lose no firm by it.
    elsewhere = ends[:, OTHERS].sum(axis=1)
    assert elsewhere.mean() < 3 * elsewhere.std(ddof=1) / np.sqrt(PATHS)


def test_relief_scales_asks_and_burn_and_lowers_hurdles_but_no_price():
    changed = arrays_of("levers.incentives.coordinated_tax_relief=0.2").stages
    plain = arrays_of().stages
    for name in ("ask", "burn_pp"):
        np.testing.assert_allclose(changed[name], 0.8 * plain[name], rtol=1e-14)
    np.testing.assert_allclose(changed["log_ask"], np.log(changed["ask"]), rtol=1e-14)
    for name in ("log_pre_money", "ipo_value", "mna_value", "milestone_pp", "ipo_pp"):
        np.testing.assert_array_equal(changed[name], plain[name])
    for test in ("market", "market_strict", "market_loose", "social"):
        assert (changed[f"hurdle_{test}"] <= plain[f"hurdle_{test}"]).all()
    assert (changed["hurdle_market"] < plain["hurdle_market"]).any()


def test_reliefs_compound_and_never_reach_all_of_the_spending():
    most = [
        f"levers.incentives.tax_relief={ALL.replace('1.0', '0.9')}",
        "levers.incentives.coordinated_tax_relief=0.9",
        f"levers.corridor.members={ALL}",
        "levers.corridor.tax_relief=0.9",
        "levers.actors.government.tax_relief=0.9",
        *present("government"),
    ]
    np.testing.assert_allclose(stage_factors(small(*most)).spending, 1e-4, rtol=1e-9)
    assert run(*most, paths=1).panel[..., col.DEAL_N].sum() > 0


def test_help_lowers_hurdles_and_regions_with_like_levers_share_scores():
    helped = arrays_of(*at("source", 0.5), *at("end", 0.5))
    deeper, plain = arrays_of("levers.incentives.exit_depth=0.5"), arrays_of()
    hard, advances = plain.is_hard_tech, slice(0, 5)
    for test in ("market", "market_strict", "market_loose", "social"):
        before = plain.stages[f"hurdle_{test}"]
        after = helped.stages[f"hurdle_{test}"]
        assert (after[:, advances, hard] < before[:, advances, hard]).all()
        np.testing.assert_array_equal(after[:, 5], before[:, 5])
        np.testing.assert_array_equal(after[:, :, ~hard], before[:, :, ~hard])
        assert (deeper.stages[f"hurdle_{test}"] < before).all()
    assert helped.score_group.max() == 0
    apart = arrays_of(
        "levers.intermediaries.end_presence={ZJ=1.0}", "levers.intermediaries.end_gain=1"
    )
    assert len(set(apart.score_group)) == 2


def test_gains_act_at_their_stages_in_hard_technology_only():
    world = small_world(*at("source", 0.5))
    factor = stage_factors(world.scenario).milestone
    hard, source = world.is_hard_tech, [world.stages.index(k) for k in ("lab", "angel")]
    np.testing.assert_allclose(factor[:, source][:, :, hard], np.exp(0.5))
    assert (np.delete(factor, source, axis=1) == 1.0).all()
    assert (factor[:, :, ~hard] == 1.0).all()


def test_nearness_goes_its_share_of_the_way_and_near_pairs_stay():
    plain = arrays_of("friction.pairs.JS>SH=30").nearness
    half = arrays_of("friction.pairs.JS>SH=30", "levers.barriers.border_relief=0.5").nearness
    assert plain.max() > 1.0
    np.testing.assert_allclose(half, np.where(plain < 1.0, 0.5 * (plain + 1.0), plain), rtol=1e-14)
    open_borders = arrays_of("levers.barriers.border_relief=1").nearness
    assert (open_borders == 1.0).all()


def test_a_corridor_brings_its_members_nearer_and_nobody_else():
    changes = ["levers.corridor.members={ZJ=1.0, AH=0.5}", "levers.corridor.friction_relief=0.4"]
    plain, changed = arrays_of().nearness, arrays_of(*changes).nearness
    is_inside = np.zeros((4, 4), bool)
    is_inside[[2, 3], [3, 2]] = True
    np.testing.assert_array_equal(changed[~is_inside], plain[~is_inside])
    closer = plain + 0.2 * (1 - plain)
    np.testing.assert_allclose(changed[is_inside], closer[is_inside], rtol=1e-14)


def test_noise_relief_works_across_borders_only():
    plain, changed = arrays_of().sight, arrays_of("levers.barriers.noise_relief=1").sight
    np.testing.assert_array_equal(changed[:, :, 0], plain[:, :, 0])
    np.testing.assert_array_equal(changed[:, :, 1], plain[:, :, 0])
    keen = [f"funds.{fund}.away_noise_multiple=0.5" for fund in small().funds]
    assert_same_bits(arrays_of(*keen), arrays_of(*keen, "levers.barriers.noise_relief=1"))


def test_neighbours_count_by_distance_and_a_region_alone_has_none():
    scenario = small()
    weight = neighbour_weights(scenario)
    assert (np.diag(weight) == 0).all()
    sh, js, ah = (REGIONS.index(code) for code in ("SH", "JS", "AH"))
    assert weight[sh, js] > weight[sh, ah] > 0
    known = neighbours_knowledge(scenario)
    assert known[sh] == known.min()  # its own R&D is the largest and does not count
    alone = small(
        'geography.regions=["SH"]', "births.region_index={SH=1.0}", "capital.region_index={SH=1.0}"
    )
    assert (neighbours_knowledge(alone) == 0).all()
