"""Great-circle distances between regions: between their seats of government."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from finmodel.datasets.tables import provinces, read_table
from finmodel.errors import DataError, Problem, nearest_name

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""

_ENDING = re.compile(r"(省|市|(壮族|回族|维吾尔)?自治区|特别行政区|province|municipality)$")


def distance_km(regions: Sequence[str]) -> NDArray[np.float64]:
    """Return the distance of each pair of regions between their seats of government.

    A crude proxy for the distance between an investor and a firm: see the weakness of
    ``provinces/capitals``.

    Parameters
    ----------
    regions : sequence of str
        Letter codes of provinces, such as ``SH``; in any order.

    Returns
    -------
    ndarray of shape (R, R)
        Great-circle kilometres by the haversine formula; symmetric, diagonal 0.

    Raises
    ------
    DataError
        With every unknown region and its nearest valid code.
    """
    seats = read_table("provinces/capitals").set_index("iso")
    problems = _unknown_regions(regions, list(seats.index))
    if problems:
        raise DataError("distances between regions", problems)
    chosen = seats.loc[list(regions)]
    lat = np.radians(chosen["lat"].to_numpy(np.float64))
    lon = np.radians(chosen["lon"].to_numpy(np.float64))
    half_chord_sq = (
        np.sin((lat[:, None] - lat[None, :]) / 2) ** 2
        + np.cos(lat[:, None])
        * np.cos(lat[None, :])
        * np.sin((lon[:, None] - lon[None, :]) / 2) ** 2
    )
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half_chord_sq))
    return distance


@cache
def _codes() -> dict[str, str]:
    table = provinces()
    names = [table["iso"], table["name_en"], table["name_zh"]]
    return {
        _plain(name): iso
        for column in names
        for name, iso in zip(column, table["iso"], strict=True)
    }


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().replace(" ", "")
    return _ENDING.sub("", folded)


def province_code(name: str) -> str:
    """Return the letter code of a province by code, English or Chinese name, else the name.

    上海, 上海市, Shanghai and sh are SH; 广西壮族自治区 is GX. Cities are not known.
    """
    return _codes().get(_plain(name), name)


def _unknown_regions(regions: Sequence[str], known: list[str]) -> list[Problem]:
    unknown = [region for region in regions if region not in known]
    if not unknown:
        return []
    table = provinces()
    names = dict(zip(table["iso"], table["iso"], strict=True))
    names |= dict(zip(table["name_en"].str.upper(), table["iso"], strict=True))
    names |= dict(zip(table["name_zh"], table["iso"], strict=True))
    allowed = f"one of {', '.join(known)}"
    return [
        Problem(
            "provinces/capitals",
            repr(region),
            allowed,
            names.get(nearest_name(region.upper(), names), ""),
        )
        for region in unknown
    ]
