"""The table of targets: every figure is read from its evidence, and fit and test never overlap."""

import numpy as np
import pandas as pd
import pytest

from finmodel import datasets
from finmodel.datasets import targets
from finmodel.datasets.targets import evaluate, figure_of, read_targets
from finmodel.errors import DataError
from finmodel.measure.target_policy import POLICY_TARGETS
from finmodel.measure.targets import DETAILED, PANEL_TARGETS, years_of


@pytest.fixture
def table():
    return datasets.read_table("evidence/targets")


def row(table, name, **changes):
    found = table[table["target"] == name].iloc[0].to_dict()
    return {str(key): value for key, value in (found | changes).items()}


def test_every_target_has_one_measure():
    names = set(read_targets()["target"])
    measured = [*PANEL_TARGETS, *DETAILED, *POLICY_TARGETS]
    assert len(measured) == len(set(measured))
    assert names <= set(measured)
    # A stage has more cohorts than the table holds; nothing else is measured in vain.
    assert all(name.startswith(("graduation", "us_graduation")) for name in set(measured) - names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deals_all", 3581.0),
        ("money_hard_tech", 284_197.0),
        ("split_ZJ", 96.3 / 304.4 * 7532.7 / (7532.7 + 1912.2)),
        ("flow_among_others", 1601 / 8448),
        ("graduation_24m_angel", (0.3544 * 206 + 0.4311 * 617) / 823),
        ("new_fund_size", 144_492.9 / 398.1),
        ("private_per_public", 0.905),
        ("neighbour_deals", -1.0),
    ],
)
def test_figures_follow_from_their_rows(name, value):
    found = read_targets().set_index("target").loc[name, "value"]
    assert found == pytest.approx(value, rel=1e-4)


def test_errors_follow_from_their_basis():
    rows = read_targets().set_index("target")["standard_error"]
    # 95 % interval; median with quartiles of n; share of n; clusters of two cohorts.
    assert rows["graduation_24m_angel_2010"] == pytest.approx(
        (0.5339 - 0.3198) / 2 / 1.96, rel=1e-4
    )
    assert rows["us_fund_tvpi_median"] == pytest.approx(
        1.2533 * (1.874 - 0.948) / 1.349 / 47**0.5, rel=1e-3
    )
    assert rows["us_alive_6y"] == pytest.approx((0.3223 * 0.6777 / 4369) ** 0.5, rel=1e-4)
    mean = (0.1616 * 99 + 0.5045 * 111) / 210
    spread = (99 * (0.1616 - mean)) ** 2 + (111 * (0.5045 - mean)) ** 2
    assert rows["graduation_24m_B"] == pytest.approx((2 * spread) ** 0.5 / 210, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "changes", "part"),
    [
        ("deals_all", {"rows": "region=YRD&year=2023&metric=all_vc_deals"}, "0 rows"),
        ("deals_all", {"rows": "region=YRD&year=2022"}, "7 rows"),
        ("deals_all", {"rows": "regoin=YRD"}, "did you mean 'region'"),
        ("money_log_sd", {"rows": "region=China&metric=invested&year=2018..2024"}, "6 rows"),
        ("local_deals", {"factor": 0.0}, "sign 0"),
        ("us_deployed_24m", {"column": "lo"}, "without a number"),
        ("deals_all", {"transform": "sum"}, "transform 'sum'"),
        ("us_alive_6y", {"error_basis": "guess"}, "error basis 'guess'"),
    ],
)
def test_evidence_that_is_not_found_is_refused(table, name, changes, part):
    with pytest.raises(DataError) as error:
        figure_of(row(table, name, **changes))
    assert name in str(error.value)
    assert part in str(error.value)


def test_a_vanished_row_and_a_typed_figure_fail_together(table, monkeypatch):
    """Every wrong target is named at once."""
    table.loc[table["target"] == "deals_all", "rows"] = "region=YRD&year=2031"
    table.loc[table["target"] == "split_SH", "value"] = 0.4
    _, problems = evaluate(table)
    assert [problem.place.split()[-1] for problem in problems] == ["deals_all"]
    monkeypatch.setattr(
        targets,
        "read_table",
        lambda name: table if "targets" in name else datasets.read_table(name),
    )
    with pytest.raises(DataError) as error:
        targets._targets.__wrapped__()
    assert "deals_all" in str(error.value)
    assert "split_SH: value: got 0.4; allowed: 0.328" in str(error.value)


def test_no_year_of_a_population_is_in_fit_and_test():
    table = read_targets()
    fitted, tested = (
        {
            (row.population, year)
            for row in table[table["use"] == use].itertuples()
            for year in years_of(row.years)
        }
        for use in ("fit", "test")
    )
    assert not fitted & tested
    assert {year for name, year in tested if name.startswith("Chinese rounds")} == {2010, 2012}


def test_words_and_intervals_are_whole():
    table = read_targets()
    assert (table["label_en"].str.len() > 5).all()
    assert table["label_zh"].str.contains(r"[一-鿿]").all()
    assert table["label_en"].is_unique
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    known = set(datasets.sources()["source_id"])
    assert set(";".join(table["source_ids"]).split(";")) <= known
    has_opinion = table["error_basis"] == "assumed"
    assert table.loc[has_opinion, "relative_error"].notna().all()
    assert np.isnan(table.loc[~has_opinion, "relative_error"]).all()


def test_the_stored_table_is_the_refreshed_one(table):
    figures, problems = evaluate(table)
    assert not problems
    fresh = pd.DataFrame(figures)
    assert (fresh["source_ids"] == table["source_ids"].to_numpy()).all()
    assert (fresh["grade"] == table["grade"].to_numpy()).all()
