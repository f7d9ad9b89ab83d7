"""Effects add up: by hand, by property, and against the books of both arms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.errors import InputError
from finmodel.market import columns as col
from finmodel.measure.effects import COMPONENTS, MEMO, NEVER, SIGNS, Financings, split_effects
from finmodel.measure.gap import viable_by_path
from finmodel.measure.official_ratios import Chain, net_additional
from finmodel.report import policy_headline
from finmodel.scenario import load_scenario
from finmodel.study.compare import compare, comparison_tables
from finmodel.world import build_world
from tests.conftest import ROOT, small_world

SIZE = ("run.scale=0.1", "run.years=5", "run.warm_up_years=5")
P = "programmes.joint_fund"


def policy(*changes):
    return build_world(
        load_scenario(ROOT / "scenarios" / "policy_pro_rata.toml", (*SIZE, *changes))
    )


def base():
    return build_world(load_scenario(ROOT / "scenarios" / "yrd_baseline.toml", SIZE))


@pytest.fixture(scope="module")
def found():
    lever = build_world(
        load_scenario(ROOT / "scenarios" / "yrd_baseline.toml", (*SIZE, "market.meetings_pp=6"))
    )
    arms = {
        "fund": policy(),
        "grant": policy(f"{P}.vehicle=grant", f"{P}.state_share=1"),
        "partial": policy(f"{P}.vehicle=grant", f"{P}.state_share=1", f"{P}.grant_share=0.4"),
        "loan": policy(f"{P}.vehicle=guarantee", f"{P}.state_share=1"),
        "lever": lever,
    }
    return compare(base(), arms, paths=4, seed=3)


def deals(rows):
    """Financings from (policy, base, policy quarter, base quarter, vehicle, in the target)."""
    p, b, pq, bq, v, target = (np.array(column) for column in zip(*rows, strict=True))
    n = len(p)
    zero = np.zeros(n, np.int64)
    return Financings(
        zero,
        zero,
        zero,
        np.ones(n, bool),
        target.astype(bool),
        p.astype(float),
        b.astype(float),
        np.where(p > 0, pq, NEVER),
        np.where(b > 0, bq, NEVER),
        v.astype(float),
        v.astype(float),
        p.astype(float),
        np.zeros(n, bool),
    )


def sums(rows):
    chain, _ = split_effects(deals(rows))
    return {name: tuple(chain[:, i].sum(axis=0)) for i, name in enumerate(COMPONENTS)}


CASES = {
    # Supported, would not have closed: all of it is additional.
    "new": ((10, 0, 5, 0, 4, True), {"gross": (1, 10), "net": (1, 10)}),
    # Closed anyway at the same size; vehicles pay what private investors paid.
    "same": (
        (10, 10, 5, 7, 4, True),
        {"gross": (1, 10), "substitution": (0.4, 4), "deadweight": (0.6, 6), "net": (0, 0)},
    ),
    # Closed anyway, larger with the vehicle on top.
    "larger": (
        (14, 10, 5, 7, 4, True),
        {"gross": (1, 14), "deadweight": (1, 10), "substitution": (0, 0), "net": (0, 4)},
    ),
    # Closed anyway, but more than four quarters later.
    "later": ((10, 10, 5, 10, 4, True), {"gross": (1, 10), "timing": (1, 10), "net": (0, 0)}),
    "within": ((10, 10, 5, 9, 4, True), {"timing": (0, 0), "substitution": (0.4, 4)}),
    # Raised more without.
    "smaller": (
        (6, 10, 5, 5, 4, True),
        {"gross": (1, 6), "shrinkage": (0, 4), "net": (0, -4), "change": (0, -4)},
    ),
    "leaked": ((10, 0, 5, 0, 4, False), {"leakage": (1, 10), "net": (0, 0), "change": (1, 10)}),
    # A grant that did not save a need that was met without it.
    "lost with a grant": (
        (1, 10, NEVER, 5, 1, True),
        {"gross": (0, 1), "displacement": (1, 0), "net": (-1, -9), "change": (-1, -9)},
    ),
    "displaced": ((0, 10, 0, 5, 0, True), {"displacement": (1, 10), "net": (-1, -10)}),
    "drawn in": ((10, 0, 5, 0, 0, True), {"multiplier": (1, 10), "net": (1, 10)}),
    "displaced outside": (
        (0, 10, 0, 5, 0, False),
        {"displacement_outside": (1, 10), "net": (0, 0), "change": (-1, -10)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_financing_at_a_time(case):
    row, expected = CASES[case]
    result = sums([row])
    for name, value in expected.items():
        assert result[name] == pytest.approx(value), name


MONEY = st.one_of(st.just(0.0), st.floats(0.01, 1e4))


@given(
    st.lists(
        st.tuples(
            MONEY, MONEY, st.integers(0, 30), st.integers(0, 30), st.floats(0, 1), st.booleans()
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_chain_adds_up_whatever_happens(rows):
    rows = [(p, b, pq, bq, p * v if v > 0.3 else 0.0, t) for p, b, pq, bq, v, t in rows]
    chain, _ = split_effects(deals(rows))
    part = {name: chain[:, i] for i, name in enumerate(COMPONENTS)}
    net = sum(sign * part[name] for name, sign in SIGNS.items())
    np.testing.assert_allclose(part["net"], net, atol=1e-9)
    whole = part["net"] + part["leakage"] - part["displacement_outside"]
    np.testing.assert_allclose(part["change"], whole + part["multiplier_outside"], atol=1e-9)
    amounts = [name for name in COMPONENTS if name not in ("net", "change", "leakage")]
    assert all((part[name] >= -1e-9).all() for name in amounts)


def test_changes_equal_the_books_of_both_arms(found):
    """The change of money is that of deals, grants and loans; funded viable needs those of gaps."""
    for name, run in found.arms.items():
        change = found.chain[name][..., COMPONENTS.index("change"), :]
        deals_m = (run.panel - found.base.panel)[..., col.DEAL_M].sum(axis=1)
        extra = run.fund_flow[..., -1, col.INVESTED_M].sum(axis=1)
        granted = extra.sum(axis=1) if name in ("grant", "partial", "loan") else 0.0
        np.testing.assert_allclose(
            change[..., 1].sum(axis=(1, 2, 3, 4)), deals_m.sum(axis=(1, 2, 3)) + granted, atol=1e-6
        )
        funded = [
            ask - gap for ask, gap in (viable_by_path(arm.panel, 1) for arm in (run, found.base))
        ]
        np.testing.assert_allclose(
            change[:, :, :, :, 1, 1],
            (funded[0] - funded[1]).sum(axis=1),
            atol=1e-6,
        )


def test_identities_hold_in_every_cell_and_path(found):
    for chain in found.chain.values():
        part = {name: chain[..., i, :] for i, name in enumerate(COMPONENTS)}
        net = sum(sign * part[name] for name, sign in SIGNS.items())
        np.testing.assert_allclose(part["net"], net, atol=1e-9 * np.abs(chain).max())
        whole = part["net"] + part["leakage"] - part["displacement_outside"]
        whole = whole + part["multiplier_outside"]
        np.testing.assert_allclose(part["change"], whole, atol=1e-9 * np.abs(chain).max())


def test_a_lever_supports_nobody(found):
    chain = found.chain["lever"]
    for name in ("gross", "deadweight", "substitution", "timing", "leakage"):
        assert not chain[..., COMPONENTS.index(name), :].any()
    assert found.chain["fund"][..., COMPONENTS.index("gross"), :].any()
    assert not found.memo["lever"][..., MEMO.index("vehicle")].any()


def test_an_arm_is_the_same_beside_any_others_and_on_any_threads(found):
    alone = compare(base(), {"fund": policy()}, paths=4, seed=3, threads=1)
    np.testing.assert_array_equal(alone.chain["fund"], found.chain["fund"])
    np.testing.assert_array_equal(alone.base.panel, found.base.panel)
    same = compare(base(), {"same": base()}, paths=2, seed=3)
    assert not same.chain["same"].any()


def test_tables_have_every_policy_and_undefined_ratios_are_nan(found):
    tables = comparison_tables(found)
    assert set(tables["effects"]["policy"]) == {"fund", "grant", "partial", "loan", "lever"}
    assert len(tables["effects_region"]) == 5 * 2 * 4 * len(COMPONENTS)
    for row in tables["additionality_chain"].to_dict("records"):
        chain = Chain(
            *(row[name] for name in ("leakage", "displacement", "substitution", "multiplier"))
        )
        if row["policy"] == "lever":
            assert np.isnan(chain.leakage)
        elif not np.isnan(chain.multiplier):
            net = net_additional(row["gross"] - row["reference"], chain)
            assert net == pytest.approx(row["net"], rel=1e-9, abs=1e-9)
    public = tables["public"].set_index(["policy", "measure"])["value"]
    assert np.isnan(public["lever", "dpi"])
    assert public["fund", "amplification"] == pytest.approx(4.0)
    # Without a clause between them all LPs of a vehicle fare alike.
    assert public["fund", "private_tvpi"] == pytest.approx(public["fund", "tvpi"], rel=1e-9)
    assert public["grant", "returned_mcny"] == 0.0
    # Grants go to firms of the region alone, and so do loans; what is lent is not what is paid.
    assert public["grant", "home_multiple"] == pytest.approx(1.0)
    lent, paid = (public["loan", name] for name in ("raised_mcny", "outlay_mcny"))
    assert public["loan", "home_multiple"] == pytest.approx(lent / paid)
    assert public["loan", "public_raised_mcny"] == pytest.approx(0.8 * lent)
    assert 0 < paid < 0.8 * lent


def test_arms_must_have_the_axes_of_the_baseline():
    with pytest.raises(InputError, match="regions"):
        compare(
            base(),
            {
                "small": small_world(
                    "geography.regions=['SH']",
                    "births.region_index={SH=1}",
                    "capital.region_index={SH=1}",
                )
            },
            paths=1,
            seed=0,
        )
    with pytest.raises(InputError, match="at least one policy"):
        compare(base(), {}, paths=1, seed=0)


def test_one_path_proves_nothing():
    """Without an error no change is told: not by the table, not by the sentence."""
    found = compare(base(), {"fund": policy()}, paths=1, seed=3)
    tables = comparison_tables(found)
    row = tables["outcomes"].query("region == 'all' and outcome == 'gap_mcny'").iloc[0]
    assert row["change"] != 0
    assert np.isnan(row["change_se"])
    text = policy_headline("fund", tables["outcomes"], tables["effects"], {}, paths=1)
    assert "no change of the gap can be told" in text
