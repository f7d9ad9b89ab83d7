"""The back-test: nothing later leaks into the fit, and intervals cover what they say."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from finmodel.cli.main import app
from finmodel.datasets.deal_records import DealBook, read_deals
from finmodel.errors import ScenarioError
from finmodel.evaluate.backtest import (
    Spread,
    coverage,
    effects,
    incidence,
    known_by,
    spread_of,
)
from finmodel.study.backtest import backtest
from finmodel.study.backtest_fit import fit_known, plan_of
from tests.conftest import ROOT

DEALS = ROOT / "data/deals/us_crunchbase_2013-10"
CUTOFF = pd.Timestamp("2009-12-31")
runner = CliRunner()


def made_book(seed=1, firms_a_year=400, cohort_sd=0.0, first=2005, last=2012):
    """Firms whose A round comes a year after the angel round at a known hazard a quarter."""
    rng = np.random.default_rng(seed)
    rounds, firms = [], []
    for year in range(first, last + 1):
        hazard = 0.05 * np.exp(cohort_sd * rng.normal())
        for number in range(firms_a_year):
            name = f"{year}-{number}"
            start = pd.Timestamp(year, 1, 1) + pd.Timedelta(days=int(rng.integers(0, 365)))
            rounds.append((name, start, "angel"))
            wait = int(rng.exponential(1.0 / hazard) * 91.3125) + 1
            if wait < 6000:
                rounds.append((name, start + pd.Timedelta(days=wait), "A"))
            firms.append((name, "software" if number % 2 else "biotech"))
    frame = pd.DataFrame(rounds, columns=["firm", "date", "stage"])
    frame = frame[frame["date"] <= pd.Timestamp("2013-10-01")].sort_values(["firm", "date"])
    money = dict.fromkeys(("amount_mcny", "low_mcny", "high_mcny"), 10.0)
    frame = frame.assign(kind="equity", currency="CNY", file="x", row=1, **money)
    people = pd.DataFrame(firms, columns=["firm", "sector"])
    people = people.assign(name="", country="", region="", founded=pd.NaT, status="operating")
    exits = pd.DataFrame(
        {"firm": ["2005-1"], "date": [pd.Timestamp("2009-01-01")], "route": ["mna"]}
    ).assign(value_mcny=np.nan)
    nobody = pd.DataFrame(columns=["firm", "date", "stage", "investor", "investor_region"])
    nobody["date"] = pd.to_datetime(nobody["date"])
    return DealBook(
        people, frame.reset_index(drop=True), nobody, exits, pd.Timestamp("2013-10-01"), 2009, None
    )


@pytest.fixture(scope="module")
def plan():
    return replace(plan_of(date(2009, 12, 31)), imputations=2, draws=500)


def same(one, other):
    return all(
        np.array_equal(getattr(one.graduate, name), getattr(other.graduate, name))
        for name in ("params", "covariance")
    ) and (one.spread, one.sectors) == (other.spread, other.sectors)


def test_nothing_after_the_cutoff_moves_the_fit(plan):
    book = made_book()
    fitted = fit_known(book, plan)
    rounds = book.rounds
    is_late = rounds["date"] > CUTOFF
    moved = rounds.assign(
        date=rounds["date"].where(~is_late, rounds["date"] + pd.Timedelta(days=90)),
        stage=rounds["stage"].where(~is_late, "C"),
        amount_mcny=rounds["amount_mcny"].where(~is_late, 1e6),
    )
    late = pd.DataFrame(
        {"firm": ["2006-1"], "date": [pd.Timestamp("2011-01-01")], "route": ["ipo"]}
    )
    variants = [
        replace(book, rounds=moved),
        replace(book, rounds=rounds[~is_late].reset_index(drop=True)),
        replace(book, exits=pd.concat([book.exits, late], ignore_index=True)),
        replace(book, firms=book.firms.assign(status="closed")),
        replace(book, as_of=pd.Timestamp("2012-01-01")),
    ]
    assert all(same(fit_known(variant, plan), fitted) for variant in variants)
    early = rounds.assign(date=rounds["date"].where(is_late, rounds["date"] - pd.Timedelta(days=9)))
    assert not same(fit_known(replace(book, rounds=early), plan), fitted)


def test_what_was_known_has_no_status_and_no_late_firm():
    known = known_by(made_book(), CUTOFF)
    assert (known.firms["status"] == "").all()
    assert known.rounds["date"].max() <= CUTOFF
    assert set(known.firms["firm"]) == set(known.rounds["firm"])
    assert not known.firms["firm"].str.startswith(("2010", "2011", "2012")).any()


def test_incidence_of_constant_hazards():
    grow, gone = np.full(12, 0.05), np.full(12, 0.02)
    quarters = np.arange(1, 13)
    assert incidence(grow, gone) == pytest.approx(0.05 / 0.07 * -np.expm1(-0.07 * quarters))
    assert incidence(grow, np.zeros(12))[-1] == pytest.approx(1 - np.exp(-0.6))
    assert incidence(np.zeros(3), np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_the_spread_of_cohorts_is_recovered():
    """Mean over 300 tables of ten stages and six cohorts, within four standard errors."""
    rng = np.random.default_rng(4)
    for true in (0.0, 0.3):
        found = []
        for _ in range(300):
            effect = true * rng.normal(size=60)
            expected = np.full(60, 200.0)
            table = pd.DataFrame(
                {
                    "stage": np.repeat(np.arange(10), 6),
                    "cohort": np.tile(np.arange(6), 10),
                    "observed": rng.poisson(expected * np.exp(effect)).astype(float),
                    "expected": expected,
                }
            )
            found.append(spread_of(table).tau ** 2)
        # Truncation at 0 lifts the mean a little where there is no spread.
        slack = 0.0005 if true == 0.0 else 0.004
        assert np.mean(found) == pytest.approx(true**2, abs=4 * np.std(found) / 300**0.5 + slack)
    spread = spread_of(table)
    assert (spread.cohorts, spread.degrees) == (6, 50)


def test_few_cohorts_are_paid_for():
    rng = np.random.default_rng(5)
    few, many = (effects(Spread(0.2, n, 0.0, 1), 100_000, rng) for n in (3, 1000))
    assert np.quantile(many, 0.95) == pytest.approx(0.2 * 1.645, rel=0.03)
    assert np.quantile(few, 0.95) == pytest.approx(0.2 * 2.920, rel=0.03)
    assert not effects(Spread(0.0, 5, 0.0, 4), 10, rng).any()


def test_forecasts_of_like_cohorts_are_covered(plan):
    """Of cohorts with one hazard the 90 % intervals hold most, and the middle is not off."""
    rows = [backtest(made_book(seed), plan)[0] for seed in range(6)]
    table = pd.concat(rows)
    table = table[(table["sector"] == "all") & (table["stage"] == "angel")]
    assert len(table) >= 60
    assert table["is_inside"].mean() > 0.8
    assert table["error"].mean() == pytest.approx(0.0, abs=0.01)
    assert (table["low"] <= table["forecast"]).all()
    assert (table["forecast"] <= table["high"]).all()


def test_intervals_widen_where_cohorts_differ(plan):
    alike, unlike = (backtest(made_book(3, cohort_sd=sd), plan) for sd in (0.0, 0.5))
    assert unlike[1].spread.tau > 0.2 > alike[1].spread.tau
    width = [(table["high"] - table["low"]).mean() for table, _ in (alike, unlike)]
    assert width[1] > 1.5 * width[0]
    table = unlike[0]
    narrow = table["high_without"] - table["low_without"]
    assert (table["high"] - table["low"]).mean() > 1.5 * narrow.mean()


def test_coverage_counts_cohorts_and_sectors_apart():
    table = pd.DataFrame(
        {
            "kind": ["new"] * 4,
            "stage": ["A", "A", "B", "B"],
            "horizon": [12, 24, 12, 24],
            "sector": ["all", "all", "all", "web"],
            "is_inside": [1.0, 0.0, 1.0, 0.0],
            "is_inside_without": [0.0, 0.0, 1.0, 0.0],
            "error": [0.0, 0.3, 0.0, 0.1],
        }
    )
    found = coverage(table).set_index(["cells", "by", "value"])
    assert found.loc[("cohort", "all", "all"), "inside"] == pytest.approx(2 / 3)
    assert found.loc[("cohort", "stage", "A"), "forecasts"] == 2
    assert found.loc[("sector", "all", "all"), "inside"] == 0.0


def test_a_cutoff_inside_a_year_is_refused():
    with pytest.raises(ScenarioError, match="last day of a year"):
        plan_of(date(2009, 6, 30))
    result = runner.invoke(app, ["validate", "--backtest", "--cutoff", "2009"])
    assert result.exit_code == 2
    assert "YYYY-MM-DD" in result.output


def test_a_file_that_is_not_there_is_named(tmp_path):
    arguments = ["validate", "--backtest", "--deals", str(tmp_path / "none.csv")]
    result = runner.invoke(app, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "none.csv" in result.output


@pytest.mark.slow
def test_the_shipped_file_is_covered_as_the_page_says(tmp_path):
    result = runner.invoke(app, ["validate", "--backtest", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    whole = pd.read_parquet(folder / "coverage.parquet").iloc[0]
    assert whole["forecasts"] == 42
    assert whole["inside"] == pytest.approx(0.84, abs=0.05)
    assert whole["inside_without"] == pytest.approx(0.51, abs=0.08)
    assert (folder / "backtest_en.html").is_file()
    page = (Path(ROOT) / "docs/validation.md").read_text(encoding="utf-8")
    assert f"| {whole['inside']:.0%} |".replace("%", " %") in page


@pytest.mark.slow
def test_the_fit_to_the_shipped_file_knows_nothing_later():
    book = read_deals(DEALS, price_year=2009, as_of=date(2013, 10, 1))
    plan = replace(plan_of(date(2009, 12, 31)), imputations=2)
    kept = book.rounds[book.rounds["date"] <= CUTOFF].reset_index(drop=True)
    assert same(fit_known(replace(book, rounds=kept), plan), fit_known(book, plan))
