"""Gravity: exact flows come back exactly, and what flows do not tell is said."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from finmodel.calibrate.estimates import Block
from finmodel.calibrate.flow_records import flows_of
from finmodel.calibrate.gravity import GravityFit, fit_gravity, gravity_block
from finmodel.calibrate.gravity_errors import MIN_CLUSTERS, all_errors, largest
from finmodel.calibrate.reasons import NotEstimable
from finmodel.datasets.distances import distance_km
from finmodel.datasets.tables import read_table
from finmodel.errors import DataError
from tests.studies.recovery_tails import PROVINCES, flows

DELTA = ("SH", "JS", "ZJ", "AH")


def exact(regions, *, elasticity=0.7, weight=0.3, home=True, seed=1):
    """Return the mean flows themselves, not draws of them."""
    rng = np.random.default_rng(seed)
    n = len(regions)
    km = distance_km(regions) + 250 * np.eye(n)
    mean = 1e3 * np.exp(rng.normal(0, 1, n)[:, None] + rng.normal(0, 1, n))
    mean = mean * np.where(np.eye(n), 1.0, weight * (km / 250) ** -elasticity)
    origin, destination = np.indices((n, n)).reshape(2, -1)
    names = np.array(regions)
    table = pd.DataFrame(
        {"origin": names[origin], "destination": names[destination], "n": mean.reshape(-1)}
    )
    return table if home else table[table["origin"] != table["destination"]]


@pytest.mark.parametrize("regions", [DELTA, PROVINCES[:7], PROVINCES])
def test_exact_flows_give_the_slope_and_the_border_back(regions):
    fit = fit_gravity(exact(regions), reference_km=250.0)
    assert isinstance(fit, GravityFit)
    assert fit.value == pytest.approx([0.7, np.log(0.3)], abs=1e-6)
    assert fit.pairs["ratio"].to_numpy() == pytest.approx(np.ones(len(fit.pairs)), abs=1e-5)


def test_without_flows_at_home_there_is_no_border():
    fit = fit_gravity(exact(PROVINCES, home=False), reference_km=250.0)
    assert isinstance(fit, GravityFit)
    assert fit.names == ("elasticity",)
    assert fit.value == pytest.approx([0.7], abs=1e-6)


def test_the_reference_distance_moves_the_border_alone():
    table = flows(np.random.default_rng(2))
    near, far = (fit_gravity(table, reference_km=km) for km in (250.0, 500.0))
    assert near.value[0] == pytest.approx(far.value[0], abs=1e-7)
    assert far.value[1] == pytest.approx(near.value[1] - near.value[0] * np.log(2), abs=1e-7)


def test_order_names_and_missing_zeros_do_not_matter():
    table = flows(np.random.default_rng(3), total=800)
    assert (table["n"] == 0).any()
    whole = fit_gravity(table, reference_km=250.0)
    mixed = fit_gravity(table[table["n"] > 0].sample(frac=1, random_state=1), reference_km=250.0)
    assert mixed.value == pytest.approx(whole.value)
    assert mixed.covariance == pytest.approx(whole.covariance)


def test_a_pair_s_factor_shows_in_its_ratio():
    table = exact(PROVINCES)
    table.loc[(table["origin"] == "JS") & (table["destination"] == "SH"), "n"] *= 2.0
    pairs = fit_gravity(table, reference_km=250.0).pairs
    assert pairs.loc[pairs["ratio"].idxmax(), ["origin", "destination"]].tolist() == ["JS", "SH"]


def test_masses_stand_in_for_effects():
    rng = np.random.default_rng(4)
    regions = PROVINCES
    masses = pd.DataFrame(
        np.exp(rng.normal(0, 1, (len(regions), 2))),
        index=list(regions),
        columns=["origin", "destination"],
    )
    table = exact(regions, seed=5)
    km = distance_km(regions) + 250 * np.eye(len(regions))
    near = np.where(np.eye(len(regions)), 1.0, 0.3 * (km / 250) ** -0.7)
    mean = masses["origin"].to_numpy()[:, None] * masses["destination"].to_numpy() * near
    table["n"] = 100 * mean.reshape(-1)
    fit = fit_gravity(table, reference_km=250.0, masses=masses)
    assert fit.value == pytest.approx([0.7, np.log(0.3)], abs=1e-6)
    lacking = fit_gravity(table, reference_km=250.0, masses=masses.drop("SH"))
    assert isinstance(lacking, NotEstimable)
    assert "SH" in lacking.reason


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("SH", "JS", 0), ("JS", "SH", 0)], "no flows"),
        ([("SH", "SH", 40)], "within one region"),
        ([("SH", "SH", 40), ("JS", "JS", 30)], "No flow crosses"),
        ([("SH", "SH", 40), ("JS", "JS", 30), ("SH", "JS", 4), ("JS", "SH", 5)], "too few pairs"),
        ([("CA", "NY", 5), ("NY", "CA", 5), ("CA", "CA", 9)], "No distances are known"),
        ([("SH", "JS", 5)], "within one region"),
    ],
)
def test_what_flows_do_not_tell_is_an_answer_in_words(rows, reason):
    table = pd.DataFrame(rows, columns=["origin", "destination", "n"])
    found = gravity_block(table, reference_km=250.0)
    assert isinstance(found, NotEstimable)
    assert reason in found.reason
    assert found.keys == ("friction.distance_elasticity",)


def test_the_delta_s_published_shares_do_not_tell_the_slope():
    table = read_table("provinces/yrd_cross_province_flows")
    own = table[(table["flow"] == "vc_institution_investment") & table["destination"].notna()]
    rows = own[["origin", "destination", "value"]].rename(columns={"value": "n"})
    found = gravity_block(rows[rows["destination"] != ""], reference_km=250.0)
    assert isinstance(found, NotEstimable)


def test_bad_tables_are_refused_with_every_problem():
    table = pd.DataFrame(
        {"origin": ["SH", "", "JS"], "destination": ["JS", "SH", None], "n": [-1, "x", 3]}
    )
    with pytest.raises(DataError) as error:
        gravity_block(table, reference_km=250.0)
    assert len(error.value.problems) == 4
    with pytest.raises(DataError, match="also destination, n"):
        gravity_block(table[["origin"]], reference_km=250.0)


def test_errors_grow_with_spread_and_clusters_need_regions():
    rng = np.random.default_rng(6)
    calm = fit_gravity(flows(rng), reference_km=250.0)
    wild = fit_gravity(flows(rng, shape=2.0), reference_km=250.0)
    assert wild.dispersion > 3 * calm.dispersion
    assert np.sqrt(wild.covariance[0, 0]) > 2 * np.sqrt(calm.covariance[0, 0])
    assert largest(wild.errors, 0).kind != "Poisson"
    assert {e.kind for e in wild.errors} == {"Poisson", "robust", "two-way"}
    few = fit_gravity(flows(rng, regions=PROVINCES[: MIN_CLUSTERS - 1]), reference_km=250.0)
    assert {e.kind for e in few.errors} == {"Poisson", "robust"}


def test_the_block_carries_slope_and_weight_by_type():
    table = flows(np.random.default_rng(7))
    block = gravity_block(table, reference_km=250.0, away_types=["independent_vc", "state"])
    assert isinstance(block, Block)
    assert [e.key for e in block.estimates] == [
        "friction.distance_elasticity",
        "funds.independent_vc.away_weight",
        "funds.state.away_weight",
    ]
    fit = fit_gravity(table, reference_km=250.0)
    assert block.estimates[1].value == pytest.approx(np.exp(fit.value[1]))
    assert block.covariance[1, 2] == pytest.approx(block.covariance[1, 1])
    alone = gravity_block(table, reference_km=250.0)
    assert alone.estimates[1].key == "extra.away_weight"


def test_flows_are_counted_from_a_deal_book():
    book = SimpleNamespace(
        firms=pd.DataFrame({"firm": ["a", "b", "c"], "region": ["SH", "JS", ""]}),
        investments=pd.DataFrame(
            {
                "firm": ["a", "a", "b", "b", "c"],
                "investor_region": ["SH", "SH", "SH", "", "SH"],
            }
        ),
    )
    counted = flows_of(book).sort_values("destination")
    assert counted.to_numpy().tolist() == [["SH", "JS", 1], ["SH", "SH", 2]]
    empty = SimpleNamespace(firms=book.firms, investments=book.investments.iloc[:0])
    found = gravity_block(flows_of(empty), reference_km=250.0)
    assert isinstance(found, NotEstimable)


def test_flows_know_provinces_by_their_names():
    names = [
        "上海",
        "上海市",
        "Shanghai",
        "sh",
        "江苏省",
        "Inner Mongolia",
        "广西壮族自治区",
        "苏州",
    ]
    book = SimpleNamespace(
        firms=pd.DataFrame({"firm": ["a"], "region": ["浙江省"]}),
        investments=pd.DataFrame({"firm": "a", "investor_region": names}),
    )
    counted = flows_of(book).set_index("origin")
    assert set(counted["destination"]) == {"ZJ"}
    assert counted["n"].to_dict() == {"SH": 4, "JS": 1, "NM": 1, "GX": 1, "苏州": 1}


def test_robust_and_two_way_errors_are_their_formulas():
    rng = np.random.default_rng(8)
    n = MIN_CLUSTERS
    origin, destination = np.indices((n, n)).reshape(2, -1)
    x = np.column_stack([rng.normal(0, 1, n * n), np.ones(n * n)])
    mean = np.exp(0.3 * x[:, 0] + 1)
    y = rng.poisson(mean).astype(float)
    poisson, robust, two_way = all_errors(x, y, mean, (origin, destination), 1)
    bread = np.linalg.inv(sum(m * np.outer(row, row) for m, row in zip(mean, x, strict=True)))
    scores = []
    for m, row, count in zip(mean, x, y, strict=True):
        leverage = m * row @ bread @ row
        scores.append(row * (count - m) / np.sqrt(1 - leverage))
    scores = np.array(scores)
    meat = scores.T @ scores
    assert poisson.covariance[0, 0] == pytest.approx(bread[0, 0])
    assert robust.covariance[0, 0] == pytest.approx((bread @ meat @ bread)[0, 0])
    both = -meat
    for side in (origin, destination):
        sums = np.array([scores[side == g].sum(axis=0) for g in range(n)])
        both = both + sums.T @ sums * n / (n - 1)
    assert two_way.covariance[0, 0] == pytest.approx(max((bread @ both @ bread)[0, 0], 0.0))
    assert (poisson.degrees, robust.degrees, two_way.degrees) == (0, n * n - 2, n - 1)
