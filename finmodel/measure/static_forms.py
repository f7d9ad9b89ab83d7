"""The static formulas themselves: arrays in, arrays out, NaN where undefined."""

from __future__ import annotations

import numpy as np

from finmodel import datasets
from finmodel.measure.monte_carlo import quotient
from finmodel.units import MCNY_PER_YI
from finmodel.world import World
from finmodel.world.arrays import FloatArray


def survey_form(
    seekers: FloatArray, viable: FloatArray, unsuccessful: FloatArray, asked: FloatArray
) -> FloatArray:
    """Return the gap as a survey of firms that sought finance would put it, million CNY a year.

    ``firms x viable share x unsuccessful share x mean ticket``, the form of EIF and fi-compass.

    Parameters
    ----------
    seekers, viable, unsuccessful : ndarray
        Needs for which finance was sought, those of them that are viable, and those that got
        no money, a year.
    asked : ndarray
        Asked by all of them, million CNY a year.

    Returns
    -------
    ndarray
        A product of averages: right if viability, success and amount have nothing to do with
        each other and nobody is discouraged or paid in part. NaN if nobody sought.
    """
    return quotient(viable * unsuccessful * asked, seekers**2)


def benchmark_form(
    invested: FloatArray, gdp: FloatArray, benchmark: float | None = None
) -> FloatArray:
    """Return what regions lack to invest as much of GDP as the benchmark, the form of IFC.

    Parameters
    ----------
    invested : ndarray of shape (..., R), million CNY a year
    gdp : ndarray of shape (R,), million CNY a year
        NaN where unknown.
    benchmark : float, optional
        Money invested over GDP; if not given, that of the best region whose GDP is known.

    Returns
    -------
    ndarray of shape (..., R), million CNY a year
        ``max(0, benchmark x GDP - invested)``, NaN where GDP is unknown. With the best region
        as the benchmark, that region has 0 by construction, whatever it lacks.
    """
    ratio = quotient(invested, gdp)
    if benchmark is None:
        best: FloatArray = np.fmax.reduce(ratio, axis=-1, keepdims=True)
    else:
        best = np.full((*ratio.shape[:-1], 1), benchmark)
    missing: FloatArray = np.maximum(0.0, best - ratio) * gdp
    return missing


def location_quotient(part: FloatArray, base: FloatArray) -> FloatArray:
    """Return the share of each region in `part` over its share in `base`, along the last axis.

    The location quotient of the British Business Bank. NaN if a base is unknown or 0.
    """
    total = quotient(part.sum(axis=-1, keepdims=True), base.sum(axis=-1, keepdims=True))
    return quotient(quotient(part, base), total)


def region_gdp(world: World) -> FloatArray:
    """Return the GDP of each region in the scenario's price year, million CNY.

    Figures of the province panel (`data/provinces/panel.csv`, indicator `gdp`), times the
    scenario's scale, by which births and capital are scaled too. NaN for regions that are no
    provinces and where the panel has no figure.

    Returns
    -------
    ndarray of shape (R,)
    """
    year = world.scenario.meta.price_year
    table = datasets.province_indicator_table()
    known = table[table["indicator"] == "gdp"]
    if not known["first_year"].item() <= year <= known["last_year"].item():
        return np.full(len(world.regions), np.nan)
    code_of = {iso: code for code, iso in datasets.provinces()["iso"].items()}
    figures = datasets.province_indicator("gdp", year)
    codes = [code_of.get(region, -1) for region in world.regions]
    gdp: FloatArray = np.asarray(figures.reindex(codes), np.float64)
    return gdp * (MCNY_PER_YI * world.scenario.run.scale)
