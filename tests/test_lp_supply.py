"""Supply of LPs: exact tables come back, short ones are wide, and the rest is said."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from finmodel.calibrate.estimates import Z_95, Block
from finmodel.calibrate.lp_supply import SupplyFit, fit_supply, supply_block
from finmodel.calibrate.reasons import NotEstimable
from finmodel.datasets.tables import read_table
from finmodel.errors import DataError
from tests.studies.recovery_tails import supply_table


def national():
    """Money raised and invested in China, 2018 to 2024."""
    table = read_table("provinces/vc_market")
    own = table[(table["region"] == "China") & table["metric"].isin(["raised", "invested"])]
    wide = own.pivot_table(index="year", columns="metric", values="value")
    return pd.DataFrame(
        {
            "year": wide.index,
            "commitments_mcny": 100 * wide["raised"].to_numpy(),
            "market": np.log(wide["invested"].to_numpy(np.float64)),
        }
    )


def test_a_table_without_noise_gives_its_slopes_back():
    table = supply_table(np.random.default_rng(1), 12, noise=0.0)
    fit = fit_supply(table)
    assert isinstance(fit, SupplyFit)
    assert fit.classes == ("private", "state")
    assert fit.value == pytest.approx(np.array([[1.0, 1.5], [0.0, 0.3]]), abs=1e-9)


@pytest.mark.parametrize("n_years", [7, 15])
def test_errors_are_those_of_least_squares_with_the_t_interval(n_years):
    table = supply_table(np.random.default_rng(2), n_years)
    own = table[table["lp_class"] == "private"]
    import statsmodels.api as sm

    x = sm.add_constant(own[["past_return", "market"]].to_numpy())
    plain = sm.OLS(np.log(own["commitments_mcny"].to_numpy()), x).fit()
    block = supply_block(table)
    assert isinstance(block, Block)
    estimate = block.estimates[1]
    assert estimate.key == "lps.private.cycle_loading"
    assert estimate.value == pytest.approx(plain.params[2])
    low, high = plain.conf_int()[2]
    assert estimate.value - Z_95 * estimate.standard_error == pytest.approx(low)
    assert estimate.value + Z_95 * estimate.standard_error == pytest.approx(high)


def test_long_series_take_the_larger_of_plain_and_newey_west():
    table = supply_table(np.random.default_rng(3), 40)
    rng = np.random.default_rng(4)
    drift = np.zeros(40)
    for year in range(1, 40):
        drift[year] = 0.9 * drift[year - 1] + 0.3 * rng.standard_normal()
    table["commitments_mcny"] *= np.exp(np.tile(drift, 2))
    fit = fit_supply(table)
    assert fit.kind == "Newey-West"
    own = table[table["lp_class"] == "private"]
    import statsmodels.api as sm

    x = sm.add_constant(own[["past_return", "market"]].to_numpy())
    model = sm.OLS(np.log(own["commitments_mcny"].to_numpy()), x)
    lags = {"maxlags": int(4 * 0.4 ** (2 / 9)), "use_correction": True}
    hac = model.fit(cov_type="HAC", cov_kwds=lags)
    expected = np.fmax(hac.bse, model.fit().bse)[1:]
    assert np.sqrt(np.diagonal(fit.covariance))[:2] == pytest.approx(expected, rel=1e-9)


def test_classes_share_their_years():
    table = supply_table(np.random.default_rng(5), 19)
    covariance = fit_supply(table).covariance
    correlation = covariance[1, 3] / np.sqrt(covariance[1, 1] * covariance[3, 3])
    assert 0.05 < correlation < 0.9


def test_national_money_tells_almost_nothing_and_says_how_little():
    block = supply_block(national())
    assert isinstance(block, Block)
    assert [e.key for e in block.estimates] == [
        f"lps.{name}.cycle_loading" for name in ("private", "corporate", "state")
    ]
    estimate = block.estimates[0]
    assert estimate.n == 6
    assert estimate.standard_error > abs(estimate.value)
    assert "return_response" in estimate.note
    assert np.allclose(block.covariance, block.covariance[0, 0])
    half = supply_block(national(), market_per_unit=0.5).estimates[0]
    assert half.value == pytest.approx(2 * estimate.value)
    level = fit_supply(national())
    assert level.widening == pytest.approx(student.ppf(0.975, 4) / Z_95)
    assert fit_supply(national(), is_trend_removed=True).degrees == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t[t["year"] < 2004], "at least 5 are needed"),
        (lambda t: t.assign(market=0.4), "does not move"),
        (lambda t: t.assign(past_return=2 * t["market"] - 1), "moves exactly with another"),
        (lambda t: t.drop(columns=["market", "past_return"]), "neither past returns nor"),
        (lambda t: t.assign(market=np.nan, past_return=np.nan), "neither past returns nor"),
    ],
)
def test_what_a_table_does_not_tell_is_an_answer_in_words(change, reason):
    found = supply_block(change(supply_table(np.random.default_rng(6), 9)))
    assert isinstance(found, NotEstimable)
    assert reason in found.reason


def test_bad_tables_are_refused_with_every_problem():
    table = supply_table(np.random.default_rng(7), 8)
    table.loc[0, "commitments_mcny"] = -3.0
    table.loc[1, "commitments_mcny"] = 0.0
    table.loc[3, "year"] = table.loc[2, "year"]
    with pytest.raises(DataError) as error:
        supply_block(table)
    texts = [str(problem) for problem in error.value.problems]
    assert len([text for text in texts if "commitments_mcny" in text]) == 2
    assert len([text for text in texts if "each year once" in text]) == 1
    assert len([text for text in texts if "one value a year" in text]) >= 1
    with pytest.raises(DataError, match="also year"):
        supply_block(table.drop(columns="year"))


def test_years_that_lack_something_are_left_out():
    table = supply_table(np.random.default_rng(8), 12)
    table.loc[table["year"] == 2003, "past_return"] = np.nan
    table.loc[(table["year"] == 2005) & (table["lp_class"] == "state"), "commitments_mcny"] = np.nan
    assert fit_supply(table).n_years == 10
