"""What a run says of targets: against the tables of measures, closed forms, and hand-made rows."""

import dataclasses

import numpy as np
import pytest

from finmodel.errors import InputError
from finmodel.market import columns as col
from finmodel.market.run import simulate
from finmodel.market.state import EVENT_ROW
from finmodel.measure import activity_table, flow_table, fund_flow_table, graduation_table
from finmodel.measure.fund_groups import fund_group_table
from finmodel.measure.fund_metrics import fund_metric_table
from finmodel.measure.target_details import ALIVE, NEVER, Details, _firms
from finmodel.measure.target_policy import Pair, sign_of
from finmodel.measure.target_values import (
    of_samples,
    of_years,
    quarter_median,
    quotient_of_sums,
)
from finmodel.measure.targets import model_values, policy_values
from tests.conftest import small_world

YEARS = ("run.years=8", "run.warm_up_years=8")


@pytest.fixture(scope="module")
def run():
    return simulate(small_world(*YEARS), paths=6, seed=3, detailed=3)


@pytest.fixture(scope="module")
def values(run):
    return model_values(run).set_index("target")


def test_panels_agree_with_the_tables_of_measures(run, values):
    scale = run.world.scenario.run.scale
    activity = activity_table(run).iloc[0]
    assert values.loc["deals_all", "value"] == pytest.approx(activity["deals_n"] / scale)
    assert values.loc["deals_all", "se"] == pytest.approx(activity["deals_n_se"] / scale)
    hard = activity_table(run, group="hard_tech").iloc[0]
    assert values.loc["money_hard_tech", "value"] == pytest.approx(hard["deals_mcny"] / scale)
    by_region = activity_table(run, ("region",)).set_index("region")["deals_n"]
    for region in ("SH", "AH"):
        share = by_region[region] / by_region.sum()
        assert values.loc[f"split_{region}", "value"] == pytest.approx(share)
    grad = graduation_table(run).set_index(["stage", "months"])
    for name, key in {"graduation_24m_A": ("A", 24), "graduation_36m_C": ("C", 36)}.items():
        assert values.loc[name, "value"] == pytest.approx(grad.loc[key, "share"])
        assert values.loc[name, "se"] == pytest.approx(grad.loc[key, "share_se"])
    funds = fund_flow_table(run, ()).iloc[0]
    ratio = funds["invested_mcny"] / funds["commitments_mcny"]
    assert values.loc["invested_over_raised", "value"] == pytest.approx(ratio)


def test_flows_are_shares_of_what_crosses(run, values):
    flows = flow_table(run).query("fund_type == 'all' and fund_region != firm_region")
    out = flows.loc[flows["fund_region"] == "SH", "rounds_n"].sum() / flows["rounds_n"].sum()
    assert values.loc["flow_out_of_SH", "value"] == pytest.approx(out)
    names = ["flow_out_of_SH", "flow_into_SH", "flow_among_others"]
    assert values.loc[names, "value"].sum() == pytest.approx(1.0)


def test_survival_is_that_of_the_table(run, values):
    from finmodel.measure import survival_table

    table = survival_table(run).set_index(["group", "age"])
    assert values.loc["us_alive_6y", "value"] == pytest.approx(table.loc[("all", 6), "alive"])


def test_funds_agree_with_the_tables_of_funds(run, values):
    funds = fund_metric_table(run)
    ended = funds[(funds["lps"] == "all") & funds["is_over"]]
    assert values.loc["us_fund_tvpi_median", "value"] == pytest.approx(ended["tvpi"].median())
    assert values.loc["us_fund_tvpi_q1", "value"] == pytest.approx(ended["tvpi"].quantile(0.25))
    table = fund_group_table(run, funds, "fund_type")
    chosen = (table["fund_type"] == "all") & (table["state"] == "ended") & (table["lps"] == "all")
    pooled = table[chosen].iloc[0]
    assert values.loc["us_fund_multiple_mean", "value"] == pytest.approx(pooled["dpi"])
    # Its quantiles are smoothed ones.
    rate = pooled["fund_net_irr_pa_q50"]
    assert values.loc["us_fund_irr_median", "value"] == pytest.approx(rate, abs=0.02)


def test_shares_of_buckets_add_up(values):
    buckets = ["below_1", "1_5", "5_10", "10_20", "from_20"]
    assert values.loc[[f"us_multiple_{name}" for name in buckets], "value"].sum() == pytest.approx(
        1
    )
    reached = [values.loc[f"us_reached_{k}", "value"] for k in ("seed", "A", "B", "C")]
    assert reached == sorted(reached, reverse=True)
    assert 0.0 < values.loc["months_A_B", "value"] < 60.0


def test_values_do_not_depend_on_details_or_scale_of_counts(run, values):
    plain = simulate(small_world(*YEARS), paths=6, seed=3)
    found = model_values(plain).set_index("target")
    assert not {"us_fund_tvpi_median", "months_A_B"} & set(found.index)
    shared = found.index.intersection(values.index)
    assert found.loc[shared, "value"].equals(values.loc[shared, "value"])
    with pytest.raises(InputError, match="without paths in detail"):
        model_values(plain, ["months_A_B"])
    with pytest.raises(InputError, match="did you mean 'deals_all'"):
        model_values(plain, ["deals_al"])


def test_a_window_has_as_many_years_as_the_evidence():
    rng = np.random.default_rng(1)
    top = rng.normal(10.0, 2.0, (4000, 8))
    one, two = of_years(top, None, 1), of_years(top, None, 2)
    assert one.value == pytest.approx(top.mean())
    assert one.draws.std() == pytest.approx(2.0, rel=0.03)
    assert two.draws.std() == pytest.approx(2.0 / 2**0.5, rel=0.03)
    assert one.se == pytest.approx(top.mean(axis=1).std(ddof=1) / 4000**0.5)
    assert one.influence.std(ddof=1) / 4000**0.5 == pytest.approx(one.se)


def test_the_error_of_samples_is_that_between_paths():
    """Four standard errors of the error itself, over 400 runs of 30 paths."""
    rng = np.random.default_rng(2)
    errors, found = [], []
    for _ in range(400):
        paths = [rng.normal(rng.normal(), 0.1, (5, 1)) for _ in range(30)]
        both = [np.hstack([path, np.ones_like(path)]) for path in paths]
        reading = of_samples(both, quotient_of_sums)
        errors.append(reading.se)
        found.append(reading.value)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=4 / np.sqrt(2 * 400))


def test_the_median_of_quarters_lies_between_them():
    assert quarter_median(np.array([1.0, 1.0, 2.0, 2.0])) == pytest.approx(1.5)
    assert quarter_median(np.array([4.0, 4.0, 4.0])) == pytest.approx(4.0)
    assert quarter_median(np.array([3.0, 4.0, 4.0, 4.0])) == pytest.approx(4 - 0.5 + 0.25 / 0.75)
    assert quarter_median(np.zeros(3)) == 0.0


def event(kind, quarter, stage=0, amount=0.0, post=0.0, serial=1):
    row = np.zeros(1, EVENT_ROW)
    row["key"], row["serial"], row["kind"], row["quarter"] = 7, serial, kind, quarter
    row["stage"], row["amount"], row["post_money"] = stage, amount, post
    return row


def test_a_firm_is_read_off_its_events():
    rows = [
        event(col.BORN, 2),
        event(col.CLOSED, 3, stage=1, amount=5.0, post=20.0),
        event(col.CLOSED, 5, stage=1, amount=2.0, post=25.0),
        event(col.CLOSED, 9, stage=2, amount=30.0, post=100.0),
        event(col.FAILED, 12, stage=2),
        event(col.BORN, 4, serial=2),
    ]
    firms = _firms(np.concatenate(rows), 4)
    assert firms.born.tolist() == [2, 4]
    assert firms.end.tolist() == [12, NEVER]
    assert firms.end_kind.tolist() == [col.FAILED, ALIVE]
    assert firms.first_round[0].tolist() == [NEVER, 3, 9, NEVER]
    assert firms.is_first.tolist() == [True, False, True]


def test_signs_are_told_only_if_clear():
    changes = np.array([1.0, 1.2, 0.9, 1.1])
    assert sign_of(changes).value == 1.0
    assert sign_of(-changes).value == -1.0
    assert sign_of(changes - 1.0).value == 0.0
    assert sign_of(np.zeros(4)).value == 0.0


def test_private_money_is_per_public_yuan(run):
    public = np.full(run.n_paths, 5.0)
    found = policy_values({"policy_pro_rata": Pair(run, run, public)}).set_index("target")
    assert found.loc["private_per_public", "value"] == 0.0
    assert "local_deals" not in found.index


def test_details_are_made_once(run):
    details = Details(run)
    assert details.firms is details.firms
    assert len(details.financings) == 3
    bare = dataclasses.replace(run, details=())
    with pytest.raises(InputError, match="no path in detail"):
        Details(bare)
