"""A plan's fund of funds: hand cases, the one-path layers as witness, diversification, clauses."""

import json

import numpy as np
import pytest

from finmodel import store
from finmodel.errors import ScenarioError
from finmodel.fund import desk as col
from finmodel.fund.fund_of_funds import charges_of, settle_nest, starts_of
from finmodel.fund.layer_paths import on_calendar, run_layer_paths
from finmodel.fund.layers import FundOfFunds, Party
from finmodel.fund.metrics import quotient
from finmodel.fund.outcome import classes_of, lp_classes, plan_layer, terms_of, waterfall_terms
from finmodel.measure.fund_of_funds import clause_table, nest_tables, size_table, treasury_of
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.study.fund_plan import run_plan
from finmodel.variables import labels
from tests.conftest import ROOT
from tests.fund_layers import SubFunds, run_layers
from tests.test_command_line import call

FILE = ROOT / "scenarios" / "funds" / "guidance_fund_of_funds.toml"
U = "fund_of_funds"
FREE = (
    f'{U}.fees=[{{from_year=0, rate_pa=0, base="committed"}}]',
    f"{U}.costs.setup_mcny=0",
    f"{U}.costs.running_mcny_pa=0",
    f"{U}.waterfall.tiers=[{{from_multiple=0, carry_share=0}}]",
)


def play(*changes, paths=60, seed=7):
    plan = load_fund_plan(FILE, changes)
    return run_plan(plan, FILE, paths=paths, seed=seed)


def multiple_of(nest):
    paid, got = treasury_of(nest)
    return quotient(got.sum(axis=1), paid.sum(axis=1))


@pytest.fixture(scope="module")
def ten():
    return play(paths=400)


def test_one_sub_fund_and_no_charges_pass_the_treasury_its_share_exactly():
    outcome = play(*FREE, f"{U}.sub_funds=1", f"{U}.gp_commitment_share=0.1")
    nest = settle_nest(outcome)
    paid, got = treasury_of(nest)
    # Nine tenths from LPs, four fifths of them the treasury.
    np.testing.assert_allclose(paid, 0.72 * outcome.classes.calls[:, 0], rtol=1e-12)
    np.testing.assert_allclose(got, 0.72 * outcome.classes.received[:, 0], rtol=1e-9, atol=1e-9)
    assert nest.commitment == pytest.approx(500 * 0.98 * 0.25)


def check_sums(outcome, nest):
    """All parties together get what firms pay, less what firms get and the line's interest."""
    n = len(nest.starts)
    used = len(nest.paths.paid) * n
    flows = outcome.run.flows[:used].sum(axis=1)
    firms = flows[:, col.PROCEEDS] - flows[:, col.INVESTED] - flows[:, col.FOLLOWED]
    firms -= outcome.line.interest[:used].sum(axis=1)
    net = (nest.paths.got - nest.paths.paid).sum(axis=(1, 2))
    size = flows[:, col.PROCEEDS].reshape(-1, n).sum(axis=1)
    assert np.abs(net - firms.reshape(-1, n).sum(axis=1)).max() <= 1e-9 * size.max()


@pytest.mark.parametrize(
    "changes",
    [
        (),
        ("lps.state.profit_give_up=0.5", "lps.state.manager_give_up=0.3"),
        ("lps.state.return_cap_pa=0.04", "lps.state.first_loss_share=0.7"),
        ("lps.state.buyback_year=5", "waterfall.style='american'", "fund.gp_commitment_share=0.1"),
        (f"{U}.lps.treasury.buyback_year=7", f"{U}.gp_commitment_share=0.2"),
        ("credit_line.delay_quarters=3", "credit_line.limit_share=0.5"),
    ],
)
def test_parties_sum_to_what_firms_pay_on_every_path(changes):
    outcome = play(*changes)
    nest = settle_nest(outcome)
    check_sums(outcome, nest)
    called = nest.paths.upper.contributions.sum(axis=1)
    if not changes:
        assert (called <= nest.commitment * (1 + 1e-9)).all()
    assert (nest.paths.paid >= 0).all()
    assert (nest.paths.got >= 0).all()


@pytest.mark.parametrize(
    "changes",
    [
        (),
        ("lps.state.profit_give_up=0.4", "lps.state.buyback_year=6"),
        (f"{U}.lps.treasury.buyback_year=7", f"{U}.lps.treasury.first_loss_share=0.5"),
    ],
)
def test_the_batch_is_the_layers_of_one_path_where_sub_funds_begin_together(changes):
    outcome = play(f"{U}.commitment_years=1", f"{U}.sub_funds=3", *changes, paths=20)
    plan, flows = outcome.plan, outcome.run.flows
    nest = settle_nest(outcome)
    assert nest.starts == (0, 0, 0)
    upper = plan.fund_of_funds
    _, fees = charges_of(plan, nest.starts, 0.98 * 0.25 * 500)
    parent = FundOfFunds(fees, terms_of(upper.waterfall, 0.0), classes_of([*upper.lps.values()]))
    spent = flows[..., col.INVESTED] + flows[..., col.FOLLOWED]
    n_compared = 0
    for path in range(20):
        own = flows[3 * path : 3 * path + 3]
        cash = (own[..., col.CALL] + own[..., col.PROCEEDS]).cumsum(axis=1)
        cash -= (own[..., col.PAID_OUT] + own[..., col.FEES]).cumsum(axis=1)
        cash -= spent[3 * path : 3 * path + 3].cumsum(axis=1)
        layers = run_layers(
            SubFunds(
                own[..., col.CALL],
                own[..., col.FEES],
                spent[3 * path : 3 * path + 3],
                own[..., col.PROCEEDS],
                np.maximum(0.0, own[..., col.PAID_OUT]),
                own[..., col.REALISED],
                own[..., col.WRITTEN_OFF],
                # Marks of stakes are of firms alone in a plan.
                np.maximum(0.0, own[..., col.NAV] - np.maximum(0.0, cash)),
            ),
            waterfall_terms(plan),
            [lp_classes(plan)],
            parent,
        )
        is_exact = (own[..., col.NAV] >= cash)[:, :-1].all()
        if is_exact or not changes:
            n_compared += 1
            np.testing.assert_allclose(nest.paths.paid[path], layers.paid, rtol=1e-9, atol=1e-7)
            np.testing.assert_allclose(nest.paths.got[path], layers.got, rtol=1e-9, atol=1e-7)
    assert n_compared > 9


def test_vintages_shift_flows_in_time_and_change_no_sum():
    together = settle_nest(play(*FREE, f"{U}.commitment_years=1"))
    spread = settle_nest(play(*FREE, f"{U}.commitment_years=5"))
    assert spread.starts == (0, 0, 4, 4, 8, 8, 12, 12, 16, 16)
    assert spread.paths.paid.shape[2] == together.paths.paid.shape[2] + 16
    for side in ("paid", "got"):
        sums = [getattr(nest.paths, side).sum(axis=2) for nest in (together, spread)]
        np.testing.assert_allclose(*sums, rtol=1e-9, atol=1e-7)
    begin = spread.paths.paid[:, Party.PRIVATE_LPS, :4]
    assert (begin.sum() * 3 < together.paths.paid[:, Party.PRIVATE_LPS, :4].sum()).all()


def test_flows_on_the_calendar_by_hand():
    values = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [5.0, 6.0]])
    found = on_calendar(values, (0, 1))
    np.testing.assert_array_equal(found, [[1.0, 12.0, 20.0], [100.0, 205.0, 6.0]])


def test_charges_are_met_out_of_the_commitment():
    plan = load_fund_plan(FILE, [f"{U}.costs.running_mcny_pa=2"])
    starts = starts_of(plan, 10)
    commitment, charges = charges_of(plan, starts, 100.0)
    assert commitment == pytest.approx(10 * 100.0 + charges.sum())
    # One per cent for seven years, half for seven more, two million a year and two at first.
    assert charges.sum() == pytest.approx(commitment * (0.07 + 0.035) + 14 * 2 + 2)
    half, fewer = charges_of(plan, starts_of(plan, 5), 100.0)
    assert half == pytest.approx(commitment / 2, rel=0.01)
    assert fewer[0] == pytest.approx(charges[0] / 2, rel=0.01)


def test_the_variance_of_the_multiple_falls_as_one_over_the_number():
    """With no charges a multiple is nearly a mean: of four sub-funds a quarter of the variance."""
    outcome = play(*FREE, f"{U}.sub_funds=4", "outcomes.tail_share=0", paths=1500)
    one, four = (multiple_of(settle_nest(outcome, size=size)) for size in (1, 4))

    def variance(values):
        squares = (values - values.mean()) ** 2
        return squares.mean(), squares.std() / np.sqrt(len(values))

    (a, ea), (b, eb) = variance(one), variance(four)
    error = np.hypot(ea / 4, eb)
    assert abs(b - a / 4) < 4 * error
    assert b < 0.5 * a - 4 * error


def test_clauses_have_their_signs_and_none_is_pari_passu(ten):
    table = clause_table(ten).set_index("terms")
    plan = table.loc["plan"]
    assert plan["tvpi_change"] == 0
    gives = table.loc[["half_the_gains", "fifth_to_manager", "buy_out", "shenzhen_angel"]]
    assert (gives["tvpi_change"] < -4 * gives["tvpi_change_se"]).all()
    helped = table.loc[["half_the_gains", "buy_out", "shenzhen_angel"], "private_tvpi_change"]
    assert (helped > 0).all()
    assert table.loc["fifth_to_manager", "private_tvpi_change"] == pytest.approx(0, abs=1e-12)
    # A bigger share alone changes whose money it is, not the multiple but for fixed costs.
    assert abs(table.loc["anhui_2025", "tvpi_change"]) < 0.02
    ratio = table.loc["anhui_2025", "private_per_treasury_x"] / plan["private_per_treasury_x"]
    assert ratio == pytest.approx((0.3 / 0.7) / 3, rel=0.02)


def test_without_clauses_all_lps_of_sub_funds_have_one_multiple():
    nest = settle_nest(play(*FREE))
    multiple = quotient(
        *(x[:, Party.PRIVATE_LPS].sum(axis=1) for x in (nest.paths.got, nest.paths.paid))
    )
    np.testing.assert_allclose(multiple_of(nest), multiple, rtol=1e-9)


def test_sizes_group_the_same_sub_funds(ten):
    table = size_table(ten)
    assert list(table["sub_funds_n"]) == [1, 2, 5, 10]
    assert list(table["n_funds_of_funds"]) == [4000, 2000, 800, 400]
    assert (np.diff(table["sd"]) < 0).all()
    assert (np.diff(table["p_loss"]) < 0).all()


def test_words_of_tables_are_labelled_in_both_languages(ten):
    tables = nest_tables(ten)
    assert set(tables["fund_of_funds"]["measure"]) == set(labels()["fund_of_funds"])
    assert set(tables["layers"]["party"]) == set(labels()["party"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"{U}.sub_fund=3", "did you mean 'sub_funds'"),
        (f"{U}.lps.treasury.first_los_share=1", "did you mean 'first_loss_share'"),
        (f"{U}.sub_funds=0", "whole number in [1, 200] funds"),
        (f"{U}.waterfall.style='american'", "no deals of its own"),
        (f"{U}.lps.treasury.commitment_share=0.9", "shares that sum to 1"),
        (f'{U}.fees=[{{from_year=0, rate_pa=0.01, base="nav"}}]', "'committed' in a fund of funds"),
        (f'{U}.fees=[{{from_year=0, rate_pa=0.09, base="committed"}}]', "below 100 %"),
        (f"{U}.alternatives.buy_out.manager_give_up=2", "[0, 1]"),
    ],
)
def test_bad_input_is_refused_in_words(change, words):
    with pytest.raises(ScenarioError) as refusal:
        load_fund_plan(FILE, [change])
    assert words in str(refusal.value)


def test_kernels_refuse_what_does_not_fit():
    outcome = play(f"{U}.sub_funds=2", paths=2)
    nest = settle_nest(outcome)
    layer = plan_layer(
        outcome.plan, outcome.run, outcome.line, lp_classes(outcome.plan), also_marked=()
    )
    upper = outcome.plan.fund_of_funds
    terms = terms_of(upper.waterfall, 0.0)
    parent = FundOfFunds(np.zeros(3), terms, classes_of([*upper.lps.values()]))
    with pytest.raises(ValueError, match="fees of shape"):
        run_layer_paths(layer, outcome.run.flows[..., col.FEES], nest.starts, parent)


def test_the_command_prints_both_layers_and_stores_them(tmp_path):
    result = call("fund", FILE, "--paths", 20, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    for text in (
        "20 paths of 10 sub-funds each",
        "The fund of funds, for the treasury",
        "Managers of sub-funds",
        "5 sub-funds",
        "Shenzhen angel: 40 %",
        "One sub-fund, for all LPs",
    ):
        assert text in result.output
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(store.read_result(folder, "fund_of_funds_years")) == 14 * 7
    again = call("fund", FILE, "--paths", 20, "--out", tmp_path, "--json")
    found = json.loads(again.stdout)
    assert {row["terms"] for row in found["fund_of_funds_clauses"]} >= {"plan", "anhui_2025"}
    many = call("fund", FILE, "--paths", 90000, "--out", tmp_path)
    assert many.exit_code == 2
    assert "400000 sub-funds in all" in many.output
