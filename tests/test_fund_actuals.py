"""A fund with a record: where it stands among its plan's paths, and the rest of its life."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from finmodel.errors import DataError
from finmodel.fund import desk as col
from finmodel.fund.clock import fund_clock
from finmodel.fund.plan_arrays import plan_arrays
from finmodel.fund.simulate import simulate_plan
from finmodel.fund.standing import fitting_lives, standing_of
from finmodel.measure.fund_actuals import percentile_of, place_of
from finmodel.numeric.exit_law import mean_luck
from finmodel.scenario.fund_plan import load_fund_plan, plan_stages
from finmodel.study.fund_plan import plan_tables, run_plan
from finmodel.study.fund_positions import read_record, run_from_here
from tests.test_fund_portfolio import FILE, check_money

S = "outcomes.stages"
EXAMPLE = FILE.with_name("fund_hard_tech_positions.csv")
HEADER = "firm,stage,date,kind,amount_mcny,share,post_money_mcny\n"
ROWS = """\
Alpha,A,2025-02-10,investment,12,0.08,150
Beta,angel,2025-05-10,investment,3,0.12,25
Gamma,A,2025-08-10,investment,10,0.1,100
Alpha,B,2026-02-10,follow_on,8,0.08,400
Beta,,2026-03-10,write_off,,,
Gamma,,2026-05-10,proceeds,16,0.05,
Gamma,,2026-06-10,mark,9,,
"""
FLOWS = """\
,,2025-02-01,call,40,,
,,2026-02-01,call,20,,
,,2025-03-31,fee,5,,
,,2026-06-20,distribution,10,,
"""


def record_of(path, rows, as_of="2026-06-30", changes=(), **dates):
    plan = load_fund_plan(FILE, changes)
    path.write_text(HEADER + rows)
    return plan, read_record(plan, FILE, path, as_of=as_of, **dates)


def standing(path, rows, as_of="2026-06-30", changes=()):
    plan, record = record_of(path, rows, as_of, changes)
    stages = plan_stages(plan, FILE)
    return standing_of(plan_arrays(plan, stages, None), record.positions, record.clock, stages)


def play(path, rows, *changes, as_of="2026-06-30", paths=400, seed=7, threads=None):
    here = standing(path, rows, as_of, changes)
    run = simulate_plan(here.plan, paths=paths, seed=seed, past=here.past, threads=threads)
    return here, run


@pytest.fixture
def csv(tmp_path):
    return tmp_path / "positions.csv"


def test_a_record_by_hand(csv):
    """Six quarters of three firms, added up on paper."""
    plan, record = record_of(csv, ROWS + FLOWS)
    assert record.clock.quarters == 6
    result = run_from_here(plan, FILE, record, paths=50, seed=1)
    table = result.tables["actuals"].set_index(["stage", "measure"])["actual"]
    expected = {
        ("all", "deals_n"): 3,
        ("all", "invested_mcny"): 12 + 3 + 10 + 8,
        ("all", "followed_mcny"): 8,
        ("all", "proceeds_mcny"): 16,
        ("all", "held_cost_mcny"): 20 + 5,  # half of Gamma is sold
        ("all", "nav_mcny"): 0.08 * 400 + 9,
        ("all", "moic"): (16 + 32 + 9) / 33,
        ("all", "loss_share"): 3 / 33,
        ("all", "paid_in_mcny"): 60,
        ("all", "fees_mcny"): 5,
        ("all", "distributed_mcny"): 10,
        ("all", "dpi"): 10 / 60,
        ("A", "deals_n"): 2,
        ("A", "moic"): (16 + 41) / 30,
        ("A", "loss_share"): 0,
        ("angel", "moic"): 0,
        ("angel", "loss_share"): 1,
        ("B", "deals_n"): 0,
    }
    for key, value in expected.items():
        assert table[key] == pytest.approx(value, rel=1e-12), key
    assert math.isnan(table["B", "moic"])
    reserve = plan_arrays(plan, plan_stages(plan, FILE), None).rules[0]["reserve"]
    assert table["all", "reserve_used_share"] == pytest.approx(8 / reserve)


def test_percentile_and_place():
    values = np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    assert percentile_of(2.0, values) == 0.5
    assert percentile_of(0.0, values) == 0.0
    assert percentile_of(2.5, values) == 0.75
    assert math.isnan(percentile_of(np.nan, values))
    quantiles = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    places = [place_of(x, quantiles) for x in (0.5, 1.0, 2.0, 4.0, 5.0, 5.5, np.nan)]
    assert places == [
        "below_nine_in_ten",
        "below_middle_half",
        "within_middle_half",
        "within_middle_half",
        "above_middle_half",
        "above_nine_in_ten",
        "",
    ]


def test_the_plan_is_read_at_the_age_of_the_record(csv):
    """The comparison's paths are those of the plan, cut at that age, not another draw."""
    plan = load_fund_plan(FILE)
    arrays = plan_arrays(plan, plan_stages(plan, FILE), None)
    whole = simulate_plan(arrays, paths=300, seed=5)
    then = simulate_plan(arrays, paths=300, seed=5, quarters=6)
    np.testing.assert_array_equal(then.flows, whole.flows[:, :6])
    invested = whole.flows[:, :6, [col.INVESTED, col.FOLLOWED]].sum(axis=(1, 2))
    np.testing.assert_allclose(then.deals[..., col.DEAL_COST].sum(axis=1), invested)
    nav = then.deals[..., col.DEAL_NAV].sum(axis=1)
    np.testing.assert_allclose(nav, whole.flows[:, 5, col.NAV])
    held = then.deals[..., col.DEAL_COST] - then.deals[..., col.DEAL_SOLD]
    np.testing.assert_allclose(held.sum(axis=1), whole.flows[:, 5, col.COST], atol=1e-9)
    plan, record = record_of(csv, ROWS)
    table = run_from_here(plan, FILE, record, paths=300, seed=5).tables["actuals"]
    row = table.set_index(["stage", "measure"]).loc[("all", "invested_mcny")]
    assert row["mean"] == pytest.approx(invested.mean())
    assert row["percentile"] == percentile_of(33.0, invested)


def test_at_first_closing_without_positions_it_is_the_plain_plan(csv):
    plan, record = record_of(csv, "", as_of="2025-01-01")
    result = run_from_here(plan, FILE, record, paths=300, seed=11)
    plain = run_plan(plan, FILE, paths=300, seed=11)
    np.testing.assert_array_equal(result.outcome.run.flows, plain.run.flows)
    np.testing.assert_array_equal(result.outcome.run.deals, plain.run.deals)
    tables = plan_tables(plain)
    for name in ("fund", "parties", "years", "deals"):
        pd.testing.assert_frame_equal(result.tables[name], tables[name], check_exact=True)


VARIANTS = {
    "nothing given": ROWS,
    "all given": ROWS + FLOWS,
    "calls given": ROWS + ",,2025-01-05,call,120,,\n",
    "fees given": ROWS + ",,2025-01-05,fee,9,,\n",
    "distributions given": ROWS + ",,2026-06-20,distribution,10,,\n",
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("base", ["committed", "nav"])
def test_money_is_conserved_from_any_record(csv, name, base):
    fees = f'fees=[{{from_year=0, rate_pa=0.02, base="{base}"}}]'
    _, run = play(csv, VARIANTS[name], fees, paths=200)
    check_money(run)


def test_the_past_is_the_same_on_every_path(csv):
    here, run = play(csv, ROWS + FLOWS)
    past = run.flows[:, :6]
    assert (past == past[0]).all()
    q = past[0]
    np.testing.assert_allclose(q[:, col.CALL], [40, 0, 0, 0, 20, 0])
    np.testing.assert_allclose(q[:, col.FEES], [5, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(q[:, col.INVESTED], [12, 3, 10, 0, 0, 0])
    np.testing.assert_allclose(q[:, col.FOLLOWED], [0, 0, 0, 0, 8, 0])
    np.testing.assert_allclose(q[:, col.PROCEEDS], [0, 0, 0, 0, 0, 16])
    np.testing.assert_allclose(q[:, col.PAID_OUT], [0, 0, 0, 0, 0, 10])
    np.testing.assert_allclose(q[:, col.COST], [12, 15, 25, 25, 30, 25])
    np.testing.assert_allclose(q[:, col.NAV], [12, 15, 25, 25, 45 - 3, 41])
    np.testing.assert_allclose(q[:, col.WRITTEN_OFF], [0, 0, 0, 0, 3, 0])
    names = [holding.firm for holding in here.holdings]
    beta = run.deals[:, names.index("Beta")]
    assert (beta == beta[0]).all()
    alpha = run.deals[:, names.index("Alpha")]
    assert np.unique(alpha[:, col.DEAL_PROCEEDS]).size > 100


def test_a_credit_line_is_drawn_from_the_as_of_date_on(csv):
    line = ("credit_line.delay_quarters=3", "credit_line.limit_share=0.5")
    plan, record = record_of(csv, ROWS, changes=line)
    outcome = run_from_here(plan, FILE, record, paths=60, seed=3).outcome
    calls, needs = outcome.line.calls, outcome.run.flows[..., col.CALL]
    np.testing.assert_array_equal(calls[:, :6], needs[:, :6])
    # A path that needs the whole commitment has nothing left for interest and cannot draw.
    assert (calls[:, 6] <= needs[:, 6]).all()
    assert calls[:, 6].sum() < 0.5 * needs[:, 6].sum()
    interest = outcome.line.interest.sum(axis=1)
    np.testing.assert_allclose(calls.sum(axis=1), needs.sum(axis=1) + interest)


def test_first_cheques_to_come_fill_what_is_left_of_the_period(csv):
    _, run = play(csv, ROWS, "fund.commitment_mcny=100000")
    assert run.deals.shape[1] == 30
    assert (run.deals[..., col.DEAL_COST] > 0).all()
    assert (run.flows[:, 6:16, col.INVESTED] > 0).all()
    assert run.flows[:, 16:, col.INVESTED].sum() == 0
    _, late = play(csv, ROWS, as_of="2029-03-31")
    assert late.flows[:, 17:, col.INVESTED].sum() == 0
    assert ((late.deals[..., col.DEAL_COST] > 0).sum(axis=1) == 3).all()


def test_threads_and_other_firms_change_no_bit_of_a_firm(csv):
    changes = ("portfolio.follow_share=0", "fund.commitment_mcny=100000")
    here, one = play(csv, ROWS, *changes, paths=600, threads=1)
    _, two = play(csv, ROWS, *changes, paths=600, threads=2)
    np.testing.assert_array_equal(one.flows, two.flows)
    np.testing.assert_array_equal(one.deals, two.deals)
    more = "Aaa,A,2025-01-10,investment,12,0.08,150\n" + ROWS
    other, wider = play(csv, more, *changes, paths=600)
    place = [holding.firm for holding in other.holdings].index("Alpha")
    assert place == 1
    assert here.holdings[0].firm == "Alpha"
    np.testing.assert_array_equal(wider.deals[:, 1], one.deals[:, 0])


# One position and nothing else: what comes next is known in closed form.
ALONE = (
    "portfolio.deals=1",
    "portfolio.follow_share=0",
    "fund.commitment_mcny=1000",
    "fund.term_years=22",
    "fund.extension_years=8",
    "outcomes.preference_multiple=0",
)
ENTRY = "Alpha,A,2025-02-10,investment,12,0.08,150\n"


def lasting(quarters, median_years, log_sd):
    """Chance that a lognormal time is beyond some quarters."""
    return 0.5 * math.erfc(math.log(quarters / 4 / median_years) / (log_sd * math.sqrt(2)))


@pytest.mark.parametrize("waited", [1, 6, 20])
def test_the_time_to_the_next_event_is_that_of_firms_that_waited_as_long(csv, waited):
    as_of = {1: "2025-03-31", 6: "2026-06-30", 20: "2029-12-31"}[waited]
    bare = (f"{S}.A.advance_share=0", f"{S}.A.sale_share=0.3", "outcomes.recovery_share=0")
    _, run = play(csv, ENTRY, *ALONE, *bare, as_of=as_of, paths=20_000)
    ends = run.flows[..., [col.REALISED, col.WRITTEN_OFF]].sum(axis=2) > 0
    assert (ends.sum(axis=1) == 1).all()
    quarter, sold = ends.argmax(axis=1), run.deals[:, 0, col.DEAL_PROCEEDS] > 0
    assert quarter.min() >= waited
    branches = {True: (0.3, 3.0), False: (0.7, 2.5)}
    # A first event cannot be sooner than after one quarter, whatever is rounded to it.
    bound = waited - 0.5 if waited > 1 else 1e-9
    there = {k: p * lasting(bound, m, 0.6) for k, (p, m) in branches.items()}
    for is_sale, (p, median) in branches.items():
        for later in (waited, waited + 2, waited + 6, waited + 14):
            limit = later - 0.5 if later > waited else bound
            expected = p * lasting(limit, median, 0.6) / sum(there.values())
            found = ((quarter >= later) & (sold == is_sale)).mean()
            error = math.sqrt(expected * (1 - expected) / len(sold))
            assert abs(found - expected) < 4 * error, (is_sale, later)
    # The plain law would sell three in ten: waiting speaks for the slower branch.
    if waited == 20:
        assert sold.mean() > 0.3 + 10 * error


def test_the_chance_of_a_next_round_falls_with_waiting(csv):
    for as_of, waited in (("2025-03-31", 1), ("2027-06-30", 10)):
        _, run = play(csv, ENTRY, *ALONE, as_of=as_of, paths=20_000)
        advanced = run.deals[:, 0, col.DEAL_LAST_SHARE] < 0.0799
        branches = [(0.4, 1.25), (0.18, 3.0), (0.42, 2.5)]
        bound = waited - 0.5 if waited > 1 else 1e-9
        there = [p * lasting(bound, m, 0.6) for p, m in branches]
        expected = there[0] / sum(there)
        error = math.sqrt(expected * (1 - expected) / len(advanced))
        assert abs(advanced.mean() - expected) < 4 * error
    assert expected < 0.25


def test_what_a_position_brings_is_its_share_of_its_last_price(csv):
    """A sale pays share times post-money times luck; a failure a tenth of the cost held."""
    bare = (f"{S}.A.advance_share=0", f"{S}.A.sale_share=0.4", f"{S}.A.sale_log_sd=0.5")
    rows = ENTRY + "Alpha,,2025-06-10,mark,,0.07,120\n"
    here, run = play(csv, rows, *ALONE, *bare, paths=20_000)
    own = here.past.n_classes[0] - 1
    assert here.past.shares[0, own] == 0.07
    assert here.past.claim[0, own] == 12
    total = here.past.shares[0].sum() + here.past.common[0]
    assert total == pytest.approx(1.0)
    got = run.deals[:, 0, col.DEAL_PROCEEDS]
    lasted = {k: lasting(5.5, m, 0.6) for k, m in (("sale", 3.0), ("failure", 2.5))}
    weight = 0.4 * lasted["sale"], 0.6 * lasted["failure"]
    worth = 0.07 * 120 * mean_luck(0.5, 0.05, 1.8, 100.0)
    expected = (weight[0] * worth + weight[1] * 0.1 * 12) / sum(weight)
    assert abs(got.mean() - expected) < 4 * got.std() / math.sqrt(len(got))


def test_a_stake_half_sold_has_half_its_cost_and_claim(csv):
    here = standing(csv, ENTRY + "Alpha,,2025-06-10,proceeds,9,0.04,\n")
    own = here.past.n_classes[0] - 1
    assert here.past.claim[0, own] == 6
    assert here.past.deal[0, col.DEAL_NAV] == pytest.approx(6)
    assert here.past.flows[5, col.COST] == 6


def test_a_market_s_lives_are_those_that_waited_as_long():
    from finmodel.fund.life import SOLD, Bank

    whole = np.array([0, 4]), np.array([0, 2, 3, 4, 5]), np.zeros(4, int)
    quarter, amount = np.array([0, 3, 0, 0, 0]), np.ones(5)
    ends = np.array([9, 5, 2, 7]), np.full(4, SOLD), np.ones(4)
    bank = Bank(1, 1, 0.0, *whole, quarter, amount, amount, amount, *ends)
    assert fitting_lives(bank, 0, 1).tolist() == [0, 1, 2, 3]
    assert fitting_lives(bank, 0, 4).tolist() == [1, 3]
    assert fitting_lives(bank, 0, 50).tolist() == [3]


def test_a_firm_goes_on_as_one_of_a_market_did_at_its_own_price(csv):
    """Of three lives one ended too soon; the others are as likely, and scaled to this firm."""
    from finmodel.fund.life import SOLD, Bank

    first = np.array([0, 0, 3, 3, 3, 3])
    rounds = np.arange(4), np.zeros(3, int), np.zeros(3, int)
    post = np.array([100.0, 100.0, 50.0])
    ends = np.array([9, 3, 12]), np.full(3, SOLD), np.array([300.0, 900.0, 25.0])
    bank = Bank(1, 1, 0.0, first, *rounds, 0.2 * post, post, 0.0 * post, *ends)
    plan, record = record_of(csv, ENTRY, changes=ALONE)
    stages = plan_stages(plan, FILE)
    arrays = plan_arrays(plan, stages, bank)
    here = standing_of(arrays, record.positions, record.clock, stages)
    run = simulate_plan(here.plan, paths=2000, seed=1, past=here.past)
    got, quarter = run.deals[:, 0, col.DEAL_PROCEEDS], run.flows[..., col.PROCEEDS].argmax(axis=1)
    is_first = quarter == 9
    np.testing.assert_allclose(got[is_first], 0.08 * 150 * 3)
    np.testing.assert_allclose(got[~is_first], 0.08 * 150 / 2)
    assert (quarter[~is_first] == 12).all()
    assert abs(is_first.mean() - 0.5) < 4 * 0.5 / math.sqrt(2000)
    plan, record = record_of(csv, ENTRY.replace(",A,", ",B,"))
    with pytest.raises(DataError, match="Alpha: got last round B; allowed: a stage with rounds"):
        standing_of(arrays, record.positions, record.clock, stages)


def test_the_example_runs_and_is_where_it_says(csv):
    plan = load_fund_plan(FILE)
    record = read_record(plan, FILE, EXAMPLE, as_of="2027-06-30")
    result = run_from_here(plan, FILE, record, paths=200, seed=2)
    holdings = result.tables["holdings"].set_index("firm")
    assert len(holdings) == 15
    assert holdings.loc["Delta Sensors", "multiple"] == pytest.approx(1.7)
    assert holdings.loc["Cinder Materials", "p_loss"] == 1.0
    assert holdings.loc["Fathom Sonar", "last_stage"] == "A"
    check_money(result.outcome.run)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (",,2025-01-05,call,600,,\n", ["calls of 600.000", "at most the commitment, 500.000"]),
        (ENTRY + ",,2025-01-05,call,5,,\n", ["2025 Q1", "million CNY short"]),
        (
            "".join(f"F{n},B,2025-02-10,investment,60,0.1,600\n" for n in range(10)),
            ["2025 Q1: got 10", "million CNY short"],
        ),
    ],
)
def test_money_that_cannot_be_is_refused(csv, rows, words):
    with pytest.raises(DataError) as error:
        standing(csv, rows)
    for word in words:
        assert word in str(error.value), str(error.value)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"as_of": "2027-06"}, ["--as-of: got '2027-06'", "YYYY-MM-DD"]),
        ({"as_of": "2027-05-15"}, ["2027-03-31 or 2027-06-30"]),
        ({"as_of": "2024-12-31"}, ["from 2025-01-01 to the quarter before", "2036 Q3"]),
        ({"as_of": "2036-12-31"}, ["2036 Q3"]),
        ({"as_of": "2027-06-30", "first_closing": "2024-06-30"}, ["fund.vintage_year, 2025"]),
    ],
)
def test_bad_dates_are_refused_in_words(dates, words):
    with pytest.raises(DataError) as error:
        fund_clock(load_fund_plan(FILE), **dates)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_quarters_are_those_of_the_calendar():
    clock = fund_clock(load_fund_plan(FILE), as_of="2026-03-31", first_closing="2025-08-20")
    assert clock.quarters == 3
    assert clock.quarter_of(date(2025, 8, 20)) == 0
    assert clock.quarter_of(date(2025, 10, 1)) == 1
    assert clock.name_of(2) == "2026 Q1"
