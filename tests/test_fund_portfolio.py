"""A fund's plan: money conserved, limits kept, known expectations, luck of its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.fund import desk as col
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.numeric.exit_law import mean_luck
from finmodel.scenario.fund_plan import load_fund_plan, plan_stages
from tests.conftest import ROOT

FILE = ROOT / "scenarios" / "funds" / "fund_hard_tech.toml"
S = "outcomes.stages"


def arrays_of(*changes):
    plan = load_fund_plan(FILE, changes)
    return plan_arrays(plan, plan_stages(plan, FILE), None)


def play(*changes, paths=400, seed=7, threads=None):
    return simulate_plan(arrays_of(*changes), paths=paths, seed=seed, threads=threads)


def check_money(run, commitment=500.0, discount=0.3):
    """What comes in goes out, quarter by quarter, and no limit is passed."""
    flows = run.flows
    called = flows[..., col.CALL].cumsum(axis=1)
    assert (called <= commitment * (1 + 1e-12)).all()
    assert (flows[..., : col.NAV] >= -1e-9).all()
    spent = flows[..., [col.INVESTED, col.FOLLOWED, col.FEES]].sum(axis=-1)
    got = flows[..., [col.CALL, col.PROCEEDS]].sum(axis=-1) - flows[..., col.PAID_OUT]
    cash = (got - spent).cumsum(axis=1)
    assert (cash >= -1e-9).all()
    np.testing.assert_allclose(cash[:, -1], 0.0, atol=1e-7)
    ended = flows[..., [col.REALISED, col.WRITTEN_OFF]].sum(axis=(1, 2))
    invested = flows[..., [col.INVESTED, col.FOLLOWED]].sum(axis=(1, 2))
    np.testing.assert_allclose(ended, invested)
    np.testing.assert_allclose(flows[:, -1, [col.NAV, col.COST]], 0.0, atol=1e-7)
    deals = run.deals
    np.testing.assert_allclose(deals[..., col.DEAL_COST].sum(axis=1), invested)
    proceeds = flows[..., col.PROCEEDS].sum(axis=1)
    np.testing.assert_allclose(deals[..., col.DEAL_PROCEEDS].sum(axis=1), proceeds)


def test_money_is_conserved_and_the_commitment_never_exceeded():
    run = play()
    check_money(run)
    assert (run.deals[..., col.DEAL_COST] <= 0.15 * 500 * (1 + 1e-12)).all()
    assert (run.flows[..., col.KEPT].sum(axis=1) <= 0.15 * 500 * (1 + 1e-12)).all()
    assert run.flows[:, 16:, col.INVESTED].sum() == 0


@settings(max_examples=25, deadline=None)
@given(
    reserve=st.floats(0.0, 0.9),
    follow=st.floats(0.0, 3.0),
    recycle=st.floats(0.0, 1.0),
    cap=st.floats(0.0, 1.0),
    rate=st.floats(0.0, 0.1),
    base=st.sampled_from(["committed", "invested", "nav"]),
    deals=st.integers(1, 60),
)
def test_any_plan_conserves_money(reserve, follow, recycle, cap, rate, base, deals):
    fees = f'fees=[{{from_year=0, rate_pa={rate}, base="{base}"}}]'
    run = play(
        f"portfolio.reserve_share={reserve}",
        f"portfolio.follow_share={follow}",
        f"portfolio.deals={deals}",
        f"recycling.rate={recycle}",
        f"recycling.cap_share={cap}",
        fees,
        paths=24,
    )
    check_money(run)


def test_two_per_cent_over_ten_years_is_a_fifth():
    fees = 'fees=[{from_year=0, rate_pa=0.02, base="committed"}]'
    none = ("costs.setup_mcny=0", "costs.running_mcny_pa=0", "fund.extension_years=0")
    run = play(fees, *none, "fund.commitment_mcny=100", paths=20)
    np.testing.assert_allclose(run.flows[..., col.FEES].sum(axis=1), 20.0)


def test_same_bits_on_any_number_of_threads_and_for_any_number_of_paths():
    one, two = play(paths=600, threads=1), play(paths=600, threads=2)
    np.testing.assert_array_equal(one.flows, two.flows)
    np.testing.assert_array_equal(one.deals, two.deals)
    np.testing.assert_array_equal(play(paths=300).flows, one.flows[:300])


def test_a_deal_has_the_same_luck_whatever_the_terms():
    """A multiple hangs on the firm, not on fees, reserves or the other deals."""
    plain = play("portfolio.follow_share=0")
    other = play("portfolio.follow_share=0", "fund.commitment_mcny=5000", "recycling.rate=0")
    both = (plain.deals[..., col.DEAL_COST] > 0) & (other.deals[..., col.DEAL_COST] > 0)
    assert both.mean() > 0.8
    multiple = [
        run.deals[..., col.DEAL_PROCEEDS][both] / run.deals[..., col.DEAL_COST][both]
        for run in (plain, other)
    ]
    np.testing.assert_allclose(multiple[0], multiple[1], rtol=1e-9)


# One stage, no next round, no preference: what a cheque brings is known in closed form.
BARE = (
    "portfolio.stage_mix={angel=1}",
    "portfolio.ticket_mcny={angel=0.2}",
    "portfolio.ownership_target={}",
    "portfolio.follow_share=0",
    "fund.commitment_mcny=100000",
    "fund.extension_years=8",
    "fund.term_years=22",
    f"{S}.angel.advance_share=0",
    f"{S}.angel.sale_share=0.4",
    f"{S}.angel.sale_log_sd=0.5",
    f"{S}.angel.pool_share=0",
    "outcomes.preference_multiple=0",
    "outcomes.common_share=0",
)


def test_the_mean_multiple_of_plain_deals_is_that_of_the_law():
    run = play(*BARE, paths=4000)
    deals = run.deals
    assert (deals[..., col.DEAL_COST] > 0).all()
    found = (deals[..., col.DEAL_PROCEEDS] / deals[..., col.DEAL_COST]).mean(axis=1)
    luck = mean_luck(0.5, 0.05, 1.8, 100.0)
    # A failure pays a tenth of all money raised, which is the round's: a tenth of the cheque.
    expected = 0.4 * luck + 0.6 * 0.1
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - expected) < 4 * error
    assert error < 0.02


def test_shared_luck_keeps_the_mean_of_plain_deals_and_widens_the_spread():
    """Deals are as before one by one; together they stray further."""
    alone, shared = (
        play(*BARE, f"outcomes.common_share={share}", paths=4000).deals for share in (0.0, 0.5)
    )
    found = [
        (deals[..., col.DEAL_PROCEEDS] / deals[..., col.DEAL_COST]).mean(axis=1)
        for deals in (alone, shared)
    ]
    error = np.hypot(*(values.std(ddof=1) / np.sqrt(len(values)) for values in found))
    assert abs(found[0].mean() - found[1].mean()) < 4 * error
    assert found[1].std() > 1.3 * found[0].std()


def test_a_pro_rata_follow_keeps_the_share_but_for_the_pool():
    changes = (
        "portfolio.stage_mix={angel=1}",
        "portfolio.reserve_share=0.9",
        "fund.commitment_mcny=100000",
        "portfolio.follow_down_rounds=1",
        "portfolio.concentration_share=1",
        *(f"{S}.{k}.pool_share=0" for k in ("angel", "A", "B", "C", "pre_ipo")),
    )
    full, none = play(*changes), play(*changes, "portfolio.follow_share=0")
    held = full.deals[..., col.DEAL_COST] > 0
    ended = held & (full.deals[..., col.DEAL_ENDED] > 0)
    assert ended.sum() > 5000
    for run, is_kept in ((full, True), (none, False)):
        first, last = run.deals[..., col.DEAL_SHARE], run.deals[..., col.DEAL_LAST_SHARE]
        ratio = last[ended] / first[ended]
        if is_kept:
            np.testing.assert_allclose(ratio, 1.0)
        else:
            assert ratio.min() < 0.6
            assert (ratio <= 1 + 1e-12).all()
    assert (full.deals[..., col.DEAL_MISSED] == 0).all()


def test_dilution_is_that_of_the_rounds():
    """Without follow-ons a share falls by new money and pool, round by round."""
    run = play("portfolio.stage_mix={angel=1}", "portfolio.follow_share=0", paths=2000)
    held = run.deals[..., col.DEAL_COST] > 0
    ratio = run.deals[..., col.DEAL_LAST_SHARE][held] / run.deals[..., col.DEAL_SHARE][held]
    steps = np.cumprod(
        [1.0, 1 - 0.201 - 0.03, 1 - 0.176 - 0.03, 1 - 0.134 - 0.03, 1 - 0.115 - 0.03]
    )
    distance = np.abs(ratio[:, None] - steps).min(axis=1)
    assert distance.max() < 1e-9
    advanced = (ratio < 0.99).mean()
    # 45 % raise a next round, less those that the fund's end finds waiting.
    assert 0.40 < advanced < 0.46


def test_the_mix_of_stages_is_kept_without_luck():
    deals = play(paths=2, seed=1).deals[..., col.DEAL_STAGE]
    np.testing.assert_array_equal(deals[0], deals[1])
    shares = np.bincount(deals[0].astype(int), minlength=5) / deals.shape[1]
    np.testing.assert_allclose(shares[:3], [0.4, 0.4, 0.2], atol=0.04)


def test_without_reserve_pro_rata_rights_are_missed_until_the_period_ends():
    missed = [
        play(f"portfolio.reserve_share={share}").deals[..., col.DEAL_MISSED].sum(axis=1).mean()
        for share in (0.0, 0.35, 0.8)
    ]
    assert missed[0] > missed[1] > missed[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("portfolio.stage_mix={angel=0.5}", ["stage_mix", "sum 0.5"]),
        ("portfolio.ticket_mcny={angel=4}", ["both", "neither", "a ticket_mcny or an ownership"]),
        ("fund.investment_years=12", ["at most fund.term_years, 10"]),
        ("waterfall.hurdle=1.5", ["hurdle_kind = 'multiple'"]),
        (f"{S}.pre_ipo.advance_share=0.1", ["0 at the last stage"]),
        (f"{S}.A.sale_share=0.9", ["at most 1 together"]),
        ("lps.state.commitment_share=0.5", ["lps.*.commitment_share", "sum 1.2"]),
        ("portfolio.deal=3", ["did you mean 'deals'"]),
        ("outcomes.source='markt'", ["did you mean 'market'"]),
        ('fees=[{from_year=1, rate_pa=0.02, base="committed"}]', ["0 first, then rising"]),
    ],
)
def test_a_bad_plan_is_refused_in_words(change, words):
    from finmodel.errors import ScenarioError

    with pytest.raises(ScenarioError) as error:
        load_fund_plan(FILE, [change])
    for word in words:
        assert word in str(error.value), str(error.value)
