"""Distances between regions: the known ones, the axioms, and who is missing."""

import math

import numpy as np
import pytest

from finmodel import datasets
from finmodel.errors import DataError

SEATS = datasets.read_table("provinces/capitals").set_index("iso")
EVERY_REGION = list(SEATS.index)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ("SH", "JS", 270),
        ("SH", "ZJ", 165),
        ("SH", "AH", 400),
        ("BJ", "SH", 1068),
        ("BJ", "GD", 1890),
        ("HL", "HI", 3240),
    ],
)
def test_known_distances(one, other, km):
    assert datasets.distance_km([one, other])[0, 1] == pytest.approx(km, rel=0.05)


@pytest.mark.parametrize(
    ("iso", "lat", "lon"),
    [("SH", 31.2, 121.5), ("JS", 32.06, 118.78), ("ZJ", 30.29, 120.16), ("AH", 31.86, 117.28)],
)
def test_seats_of_the_delta_are_where_they_should_be(iso, lat, lon):
    assert SEATS.loc[iso, "lat"] == pytest.approx(lat, abs=0.05)
    assert SEATS.loc[iso, "lon"] == pytest.approx(lon, abs=0.05)


def test_a_distance_agrees_with_the_law_of_cosines():
    lat1, lon1, lat2, lon2 = np.radians(SEATS.loc[["XJ", "SH"], ["lat", "lon"]].to_numpy()).ravel()
    cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(
        lon1 - lon2
    )
    expected = datasets.EARTH_RADIUS_KM * math.acos(cosine)
    assert datasets.distance_km(["XJ", "SH"])[0, 1] == pytest.approx(expected, rel=1e-12)


def test_distance_is_a_metric():
    km = datasets.distance_km(EVERY_REGION)
    assert km.shape == (len(EVERY_REGION), len(EVERY_REGION))
    assert km.dtype == np.float64
    assert (km == km.T).all()
    assert (np.diag(km) == 0).all()
    assert (km[~np.eye(len(km), dtype=bool)] > 50).all()
    through = km[:, :, None] + km[None, :, :]  # one to via to other
    assert (km[:, None, :] <= through + 1e-9).all()


def test_the_order_asked_for_is_kept():
    km = datasets.distance_km(["SH", "JS", "ZJ"])
    turned = datasets.distance_km(("ZJ", "SH", "JS"))
    np.testing.assert_array_equal(turned, km[np.ix_([2, 0, 1], [2, 0, 1])])


def test_one_region_and_none():
    np.testing.assert_array_equal(datasets.distance_km(["SH"]), [[0.0]])
    assert datasets.distance_km([]).shape == (0, 0)


def test_every_province_has_one_seat():
    provinces = datasets.provinces()
    codes = datasets.read_table("provinces/capitals").set_index("province")["iso"]
    modelled = provinces.index[provinces["is_modelled"] == 1]
    assert set(modelled) <= set(codes.index)
    assert codes.to_dict() == provinces["iso"].to_dict()
    assert SEATS["city"].is_unique
    assert SEATS["geoname_id"].is_unique


def test_seats_are_attributed():
    assert (SEATS["source_id"] == "DS_GEONAMES").all()
    assert (SEATS["grade"] == "commercial").all()
    text = (datasets.data_root() / "provinces/ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "https://www.geonames.org" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text


def test_unknown_regions_are_all_named_with_near_ones():
    with pytest.raises(DataError) as error:
        datasets.distance_km(["SH", "SHA", "js", "Zhejang", "Q9X"])
    assert len(error.value.problems) == 4
    found = {problem.given: problem.nearest for problem in error.value.problems}
    assert found == {"'SHA'": "SH", "'js'": "JS", "'Zhejang'": "ZJ", "'Q9X'": ""}
    assert "one of BJ, TJ" in str(error.value)
