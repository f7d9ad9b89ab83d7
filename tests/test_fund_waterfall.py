"""A fund's whole life through its waterfall: by hand, by a plain reference, and for any fund."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finmodel.fund.lifetime import Deals, gp_capital, run_waterfall, settled_nav
from finmodel.fund.terms import Hurdle, Style, Tier, terms_table
from finmodel.market.waterfall import compound, split_distribution
from tests.fund_cases import STEPS, USUAL, any_terms, at, deals_of, flows, worth_at
from tests.reference.waterfall import whole_life

GOLDEN = Path(__file__).parent / "golden" / "golden_waterfall.csv"
AMERICAN = USUAL._replace(style=Style.AMERICAN)
# The row "same flows at start of each year" gives totals only. They are those of the whole-fund
# example in L. Lee (2016), "pe-distribution-waterfall" (lucasktlee/posts): deals of 50, 10 and 40
# at the start of years 1 to 3, a fee of 4 at the start of years 1 to 4, 200 at the end of year 4.
# At 8 % their preferred return is 30.74, as in the row; the example prints 29.56.
LEE = at(17, q0=54, q4=14, q8=44, q12=4)


def life(terms, contributions, proceeds, deals=None):
    """All carry, clawback, and all to LPs."""
    payout = run_waterfall(contributions, proceeds, terms, deals=deals)
    return tuple(float(array.sum()) for array in (payout.carry, payout.clawback, payout.to_lps))


def golden_rows():
    with GOLDEN.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: row["case"][:30])
def test_golden(row):
    pref, catch_up = float(row["pref_paid"]), float(row["gp_catchup"])
    capital, gross = float(row["capital_returned"]), float(row["proceeds"])
    terms = USUAL._replace(hurdle=0.0 if row["case"] == "zero hurdle" else 0.08)
    paid, quarter, near = at(5, q0=capital), "q4", 1e-6 * gross
    if row["source_id"] == "COMPUTED":
        paid, quarter, near = LEE, "q16", 0.006  # the row is rounded
    n = len(paid)

    def carry(amount):
        return life(terms, paid, at(n, **{quarter: amount}))[0]

    assert paid.sum() == capital
    assert carry(gross) == pytest.approx(float(row["gp_total"]), abs=0.1 * near)
    assert gross - carry(gross) == pytest.approx(float(row["lp_total"]), abs=0.1 * near)
    # No carry up to the preferred return, then all of it until the manager has caught up.
    assert carry(capital + pref) == pytest.approx(0.0, abs=near)
    assert carry(capital + pref + catch_up) == pytest.approx(catch_up, abs=near)


@pytest.mark.parametrize(
    ("changes", "gross", "carry"),
    [
        # Paid in 100; after two years LPs are owed 116.64 at 8 %.
        ({}, 116.64, 0),
        ({}, 118.0, 1.36),
        ({}, 150.0, 10),
        ({"catch_up_share": 0.0}, 150.0, 0.2 * 33.36),
        # Half: the manager lacks 0.2 * 16.64 = 3.328, made good by 3.328 / 0.3 = 11.09.
        ({"catch_up_share": 0.5}, 120.0, 1.68),
        ({"catch_up_share": 0.5}, 150.0, 10),
        # A multiple of 1.2: nothing up to 120, caught up at 125.
        ({"hurdle_kind": Hurdle.MULTIPLE, "hurdle": 1.2}, 120.0, 0),
        ({"hurdle_kind": Hurdle.MULTIPLE, "hurdle": 1.2}, 123.0, 3),
        ({"hurdle_kind": Hurdle.MULTIPLE, "hurdle": 1.2}, 150.0, 10),
        # Tiers of 20, 25, 30 % from LPs' net 1, 1.5, 2: LPs' 50 come with 12.5, the next 50
        # with 16.67, then 30 of each 100.
        ({"tiers": STEPS}, 162.5, 12.5),
        ({"tiers": STEPS}, 182.5, 17.5),
        ({"tiers": STEPS}, 162.5 + 200 / 3, 12.5 + 50 / 3),
        ({"tiers": STEPS}, 162.5 + 200 / 3 + 100, 12.5 + 50 / 3 + 30),
        # Half a catch-up ends far below the second tier; a hurdle of 2 spans it: LPs hold 200,
        # so the manager catches up to 12.5 + 16.67.
        ({"tiers": STEPS, "catch_up_share": 0.5}, 167.5, 13.75),
        ({"tiers": STEPS, "catch_up_share": 0.5}, 182.5, 17.5),
        ({"tiers": STEPS, "hurdle_kind": Hurdle.MULTIPLE, "hurdle": 2.0}, 220.0, 20),
        ({"tiers": STEPS, "hurdle_kind": Hurdle.MULTIPLE, "hurdle": 2.0}, 300.0, 12.5 + 50 / 3
            + 0.3 * (100 - 12.5 - 50 / 3)),
        # No catch-up: each tier's share of what is above the preferred return.
        ({"tiers": STEPS, "catch_up_share": 0.0}, 116.64 + 33.36 / 0.8 + 20, 8.34 + 5),
        # The manager's own 10 bear carry or not.
        ({"gp_commitment_share": 0.1}, 150.0, 9),
        ({"gp_commitment_share": 0.1, "is_gp_carry_free": False}, 150.0, 10),
    ],
)  # fmt: skip
def test_one_deal(changes, gross, carry):
    terms = USUAL._replace(**changes)
    paid, got = at(9, q0=100), at(9, q8=gross)
    found = run_waterfall(paid, got, terms)
    assert found.carry[-1] == pytest.approx(carry)
    assert found.to_lps[-1] == pytest.approx(gross - carry)
    own = gp_capital(got, found.to_lps, terms)[-1]
    free = terms.is_gp_carry_free
    assert own == pytest.approx(terms.gp_commitment_share * (gross if free else gross - carry))
    # One deal is the whole fund.
    deals = Deals(at(9), at(9, q8=100), at(9))
    american = run_waterfall(paid, got, terms._replace(style=Style.AMERICAN), deals=deals)
    assert np.allclose(american.carry, found.carry, atol=1e-12)


TWO_DEALS = at(9, q0=100), at(9, q4=100)
TWO = Deals(at(9), at(9, q4=50), at(9, q8=50))


def test_american_pays_early_and_claws_back():
    # Two deals of 50; the first brings 100 after a year, the second is lost in the next.
    assert life(AMERICAN, *TWO_DEALS, TWO) == pytest.approx((10, 0, 90))
    assert life(USUAL, *TWO_DEALS) == (0, 0, 100)
    back = AMERICAN._replace(has_clawback=True)
    assert life(back, *TWO_DEALS, TWO) == pytest.approx((10, 10, 100))
    taxed = back._replace(clawback_kept_share=0.4)
    assert life(taxed, *TWO_DEALS, TWO) == pytest.approx((10, 6, 96))
    assert run_waterfall(*TWO_DEALS, back, deals=TWO).clawback[:-1].sum() == 0


def test_american_clawback_makes_good_what_waiting_cost_the_lps():
    # The second deal brings 20 nine years later. In the whole fund LPs are owed 8 after the first,
    # then 15.99, and the manager gets 20 % of the profit of 20. Here LPs had 90: to their 8 % they
    # lack 18 * 1.08^9 - 20 = 15.98, more than all carry.
    proceeds, deals = at(41, q4=100, q40=20), Deals(at(41), at(41, q4=50, q40=50), at(41))
    back = AMERICAN._replace(has_clawback=True)
    assert life(USUAL, at(41, q0=100), proceeds)[0] == pytest.approx(4)
    assert life(back, at(41, q0=100), proceeds, deals) == pytest.approx((10, 10, 120))


def test_american_carries_losses_forward():
    # The loss comes first: LPs get all 100 and its 8 % before any carry, as in the whole fund.
    proceeds, deals = at(9, q8=130), Deals(at(9), at(9, q8=50), at(9, q4=50))
    assert life(AMERICAN, at(9, q0=100), proceeds, deals) == pytest.approx((6, 0, 124))
    # A write-down counts at once, though nothing is sold: 50 sold for 80, 20 of the rest written
    # down: LPs are owed 70 and get carry-free 70, the profit is 10.
    flat = AMERICAN._replace(hurdle=0.0)
    deals = Deals(at(9), at(9, q4=50), at(9, q4=20, q8=30))
    assert life(flat, at(9, q0=100), at(9, q4=80), deals)[0] == pytest.approx(2)
    # What is left at cost in the last quarter is written off.
    deals = Deals(at(9), at(9, q8=50), at(9))
    assert life(flat, at(9, q0=100), at(9, q8=90), deals)[0] == 0


def test_american_allocates_fees_by_cost():
    flat = AMERICAN._replace(hurdle=0.0)
    # Fees of 10 on deals of 50 and 50: 5 go with the deal sold for 80, whose profit is 25.
    paid, fees = at(9, q0=110), at(9, q0=10)
    deals = Deals(fees, at(9, q4=50), at(9, q8=50))
    assert life(flat, paid, at(9, q4=80), deals)[0] == pytest.approx(5)
    # Fees called later are shared by the deals already sold: at the next sale, of all the rest, LPs
    # are owed the other half of the first fees and all of the second.
    paid, deals = at(9, q0=110, q6=8), Deals(fees + at(9, q6=8), at(9, q4=50, q7=50), at(9))
    payout = run_waterfall(paid, at(9, q4=80, q7=100), flat, deals=deals)
    assert payout.carry[[4, 7]] == pytest.approx([5, 0.2 * (100 - 50 - 5 - 8)])
    # Sold in three parts, and with their preferred return: 1.08 * 44, then 1.08^1.25 * 33.
    deals = Deals(fees, at(9, q4=40, q5=30), at(9, q8=30))
    payout = run_waterfall(paid, at(9, q4=47.52, q5=33 * 1.08**1.25), AMERICAN, deals=deals)
    assert payout.carry == pytest.approx(at(9), abs=1e-9)
    payout = run_waterfall(paid, at(9, q4=48, q5=34 * 1.08**1.25), AMERICAN, deals=deals)
    assert payout.carry[[4, 5]] == pytest.approx([0.48, 1.08**1.25])


def test_american_hurdle_runs_on_average_cost():
    # Deals of 50 at the start and a year later; the first is sold then. LPs are owed half of 54
    # + 50, so at 52 there is no carry yet, and with 60 the manager has 20 % of 10.
    paid, deals = at(9, q0=50, q4=50), Deals(at(9), at(9, q4=50), at(9, q8=50))
    assert life(AMERICAN, paid, at(9, q4=52), deals)[0] == pytest.approx(0, abs=1e-9)
    assert life(AMERICAN, paid, at(9, q4=60), deals)[0] == pytest.approx(2)


def test_later_calls_make_a_european_clawback():
    # 100 brings 200: carry 20. A call of 50 is lost: profit 50, of which 20 % are 10.
    terms = USUAL._replace(has_clawback=True, hurdle=0.0)
    paid, got = at(9, q0=100, q5=50), at(9, q4=200)
    assert life(terms, paid, got) == pytest.approx((20, 10, 190))
    # At a hurdle of 1.3 LPs lack 195 - 180, more than the 10.
    multiple = terms._replace(hurdle_kind=Hurdle.MULTIPLE, hurdle=1.3)
    assert life(multiple, paid, got) == pytest.approx((20, 15, 195))
    # Early gains of LPs, here 60 beyond 20 %, count with interest against what they lose later:
    # 60 * 1.2^3 is more than 95, so only the profit of 5 limits carry. At 3 % LPs are short.
    paid, got = at(100, q0=100, q16=95), at(100, q4=200)
    assert life(terms._replace(hurdle=0.2), paid, got) == pytest.approx((20, 19, 199))
    assert life(terms._replace(hurdle=0.03), paid, got) == pytest.approx((20, 20, 200))


@given(flows(), any_terms(), st.sampled_from([0.0, 0.02, 0.5]), st.booleans())
def test_the_reference_agrees(fund, terms, own_share, is_free):
    terms = terms._replace(gp_commitment_share=own_share, is_gp_carry_free=is_free)
    part = 1 - own_share if is_free else 1.0
    carry, excess = whole_life(*(fund * part).tolist(), terms)
    found = run_waterfall(*fund, terms)
    near = 1e-9 * (fund.sum() + 1)
    assert found.carry == pytest.approx(np.array(carry, float), abs=near)
    assert found.clawback[-1] == pytest.approx(float(excess), abs=near)


@given(flows(40), st.sampled_from([0.0, 0.07, 0.2]), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_each_distribution_is_the_market_s(fund, hurdle, catch_up):
    found = run_waterfall(*fund, USUAL._replace(hurdle=hurdle, catch_up_share=catch_up))
    balance = paid_in = to_lps = to_gp = 0.0
    for q, (call, amount) in enumerate(fund.T):
        balance, paid_in = compound(balance, hurdle) + call, paid_in + call
        lp, gp = split_distribution(amount, balance, paid_in, to_lps, to_gp, 0.2, catch_up)
        balance, to_lps, to_gp = max(0.0, balance - lp), to_lps + lp, to_gp + gp
        assert (found.to_lps[q], found.carry[q]) == (lp, gp)


@st.composite
def american_funds(draw, one_tier=False):
    fund = draw(flows())
    return fund, draw(any_terms(Style.AMERICAN, one_tier)), draw(deals_of(fund[0]))


@given(american_funds(), st.sampled_from(list(Style)), st.sampled_from([0.0, 0.3]), st.booleans())
def test_parts_sum_and_carry_is_never_negative(case, style, kept, is_free):
    fund, terms, deals = case
    terms = terms._replace(
        style=style,
        clawback_kept_share=kept,
        gp_commitment_share=0.1,
        is_gp_carry_free=is_free,
    )
    found = run_waterfall(*fund, terms, deals=deals)
    split = found.to_lps + found.carry - found.clawback
    assert np.abs(split - fund[1]).max() <= 1e-9 * (1 + fund[1].max())
    assert min(found.carry.min(), found.clawback.min()) >= 0
    assert found.clawback.sum() <= (1 - kept) * found.carry.sum() * (1 + 1e-12)
    assert found.to_lps.min() >= -1e-12 * fund.sum()


@given(american_funds(one_tier=True))
def test_what_is_left_after_a_clawback_in_full(case):
    fund, terms, deals = case
    whole = run_waterfall(*fund, terms._replace(style=Style.EUROPEAN))
    near = 1e-9 * (1 + fund.sum())
    profit = max(0.0, fund[1].sum() - fund[0].sum())
    entitled = whole.carry.sum() - whole.clawback.sum()
    for payout in (whole, run_waterfall(*fund, terms, deals=deals)):
        left = payout.carry.sum() - payout.clawback.sum()
        assert left <= terms.tiers[0].carry_share * profit + near
        assert left <= entitled + near  # deal by deal never ends above the whole fund
        if left > near:  # and then LPs have their hurdle, over the whole life
            if terms.hurdle_kind == Hurdle.RATE:
                lack = -worth_at(terms.hurdle, payout.to_lps - fund[0])
                near_worth = 1e-9 * worth_at(terms.hurdle, fund.sum(axis=0))
            else:
                lack = terms.hurdle * fund[0].sum() - payout.to_lps.sum()
                near_worth = near
            assert lack <= near_worth


@given(american_funds())
def test_the_same_with_any_tiers(case):
    fund, terms, deals = case
    ends = [life(terms._replace(style=style), *fund, deals) for style in Style]
    left = [carry - back for carry, back, _ in ends]
    assert left[1] <= left[0] + 1e-9 * (1 + fund.sum())


@given(flows(), any_terms())
def test_without_calls_after_carry_nothing_comes_back(fund, terms):
    carry = run_waterfall(*fund, terms).carry
    assume(carry.any())
    fund[0, int(np.argmax(carry > 0)) + 1 :] = 0.0
    assert run_waterfall(*fund, terms).clawback.sum() == 0


@given(american_funds(), st.sampled_from(list(Style)), st.floats(0.0, 0.5))
def test_a_higher_hurdle_never_lowers_the_lps(case, style, more):
    # With a clawback at a rate it can, by a little: what LPs gained early counts with interest at
    # the hurdle against what they lose late, so a higher hurdle may find them whole.
    fund, terms, deals = case
    terms = terms._replace(style=style, has_clawback=False)
    low = life(terms, *fund, deals)[2]
    high = life(terms._replace(hurdle=terms.hurdle + more), *fund, deals)[2]
    assert high >= low - 1e-9 * (1 + fund.sum())
    if terms.hurdle_kind == Hurdle.MULTIPLE and style == Style.EUROPEAN:
        back = terms._replace(has_clawback=True)
        low = life(back, *fund)[2]
        assert life(back._replace(hurdle=terms.hurdle + more), *fund)[2] >= low - 1e-9 * fund.sum()


@given(flows(), any_terms(), st.integers(0, 13), st.floats(0.01, 1e3))
def test_more_proceeds_serve_both(fund, terms, quarter, more):
    # LPs in money of the hurdle: earlier proceeds end preferred return, so their sum may fall.
    terms, richer = terms._replace(has_clawback=False), fund.copy()
    richer[1, quarter % fund.shape[1]] += more
    one, other = run_waterfall(*fund, terms), run_waterfall(*richer, terms)
    rate = terms.hurdle if terms.hurdle_kind == Hurdle.RATE else 0.0
    scale = 1 + worth_at(rate, richer.sum(axis=0))
    assert other.carry.sum() >= one.carry.sum() - 1e-9 * scale
    assert worth_at(rate, other.to_lps) >= worth_at(rate, one.to_lps) - 1e-9 * scale


@given(flows(), st.sampled_from([0.1, 0.2, 0.3]))
def test_once_caught_up_the_manager_holds_its_share_of_all_profit(fund, share):
    terms = USUAL._replace(tiers=(Tier(0.0, share),))
    fund[1, -1] += 10 * worth_at(0.08, fund[0])
    profit = fund[1].sum() - fund[0].sum()
    found = run_waterfall(*fund, terms).carry.sum()
    assert found == pytest.approx(share * profit, abs=1e-9 * (1 + fund.sum()))


@given(american_funds(), st.integers(0, 13), st.floats(0.0, 1e3))
def test_settlement_is_a_life_that_ends(case, quarter, nav):
    fund, terms, deals = case
    quarter = quarter % fund.shape[1]
    found = settled_nav(*fund, nav, terms, quarter=quarter, deals=deals)
    assert -1e-9 * (1 + fund.sum()) <= found
    if quarter == fund.shape[1] - 1 and nav == 0:
        clawback = run_waterfall(*fund, terms, deals=deals).clawback[-1]
        assert found == pytest.approx(clawback, abs=1e-9 * (1 + fund.sum()))
    assert settled_nav(*TWO_DEALS, 60.0, USUAL, quarter=4) == pytest.approx(60 - 0.2 * 60 + 0)


def test_a_batch_is_its_funds_one_by_one():
    rng = np.random.default_rng(3)
    paid, got = rng.lognormal(size=(2, 40, 12)) * (rng.random((2, 40, 12)) < 0.4)
    deals = Deals(0.1 * paid, 0.6 * paid, 0.3 * paid)
    terms = [
        USUAL._replace(style=Style(i % 2), tiers=STEPS[: 1 + i % 3], has_clawback=i % 5 > 0)
        for i in range(40)
    ]
    batch = run_waterfall(paid, got, terms, deals=deals)
    for i in range(40):
        one = run_waterfall(paid[i], got[i], terms[i], deals=Deals(*(x[i] for x in deals)))
        assert all(np.array_equal(a[i], b) for a, b in zip(batch, one, strict=True))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hurdle": -0.1}, "hurdle from 0"),
        ({"hurdle_kind": Hurdle.MULTIPLE}, "hurdle from 1"),
        ({"catch_up_share": float("nan")}, "catch_up_share"),
        ({"tiers": (Tier(0.5, 0.2),)}, "the first from 0"),
        ({"tiers": (Tier(0.0, 0.3), Tier(1.5, 0.2))}, "do not fall"),
        ({"tiers": (Tier(0.0, 0.2), Tier(0.0, 0.3))}, "thresholds that rise"),
        ({"tiers": (Tier(0.0, 1.0),)}, r"carry shares in \[0, 1\)"),
        ({"gp_commitment_share": 1.0}, "gp_commitment_share"),
        ({"style": 7}, "style"),
    ],
)
def test_terms_out_of_range(changes, named):
    with pytest.raises(ValueError, match=named):
        terms_table([USUAL._replace(**changes)])


def test_flows_that_cannot_be():
    with pytest.raises(ValueError, match="proceeds: at least 0"):
        run_waterfall([1.0, 0.0], [0.0, float("nan")], USUAL)
    with pytest.raises(ValueError, match="one shape"):
        run_waterfall([1.0, 0.0], [0.0], USUAL)
    with pytest.raises(ValueError, match="needs deals"):
        run_waterfall([1.0], [1.0], AMERICAN)
    with pytest.raises(ValueError, match="terms for 1 or 2"):
        run_waterfall(np.ones((2, 3)), np.ones((2, 3)), [USUAL] * 3)
