"""The static official gap formulas, computed on a run beside its simulated gap.

Each formula sees what its users would see, and not more. The survey form multiplies averages
(EIF and fi-compass); the benchmark ratio compares regions (IFC); money over GDP and location
quotients are indicators, not amounts (British Business Bank); the look-alike logit counts
unfunded needs that resemble funded ones (Wilson, Wright and Kacer). They are computed from the
descriptions above: no publication of these bodies is among the sources of the data. None of
them replaces the simulated gap: they differ from it because amounts, outcomes and viability are
correlated, and because each leaves some needs out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.market import columns as col
from finmodel.market.collect import outcome_column
from finmodel.market.result import RunResult
from finmodel.measure.groups import Group, grouped
from finmodel.measure.look_alike import look_alike_gap
from finmodel.measure.monte_carlo import jackknife, mean_se, quotient
from finmodel.measure.static_forms import (
    benchmark_form,
    location_quotient,
    region_gdp,
    survey_form,
)
from finmodel.world.arrays import FloatArray

SOUGHT = (col.FUNDED, col.SHORTFALL, col.REJECTED, col.REFUSED)
UNSUCCESSFUL = (col.REJECTED, col.REFUSED)
"""Outcomes of firms that sought finance, and of those that got none."""

NOT_AN_AMOUNT = "indicator"
NO_GDP = "no GDP"
NO_DETAILS = "no details"
NO_FIT = "no fit"
NO_CASES = "no cases"


def static_gap_table(
    run: RunResult, group: Group = "hard_tech", benchmark: float | None = None
) -> pd.DataFrame:
    """Return each static formula by region beside the simulated gap of the same run.

    Parameters
    ----------
    run : RunResult
    group : {'hard_tech', 'general', 'all'}
        Sectors of every number in the table.
    benchmark : float, optional
        Of :func:`finmodel.measure.static_forms.benchmark_form`.

    Returns
    -------
    DataFrame
        One row a formula and region (then `all`): `region`, `formula` (`survey`,
        `benchmark_ratio`, `vc_over_gdp`, `location_quotient_gdp`, `location_quotient_firms`,
        `look_alike`), the formula's amount `static_gap_mcny` a year with its standard error,
        `static_gap_mcny_low` and `_high` (the survey form under the strict and the loose
        viability test), the simulated `gap_mcny` at the market rate with its standard error,
        `static_ratio` of the two (NaN if there is no gap), for indicators their value
        `indicator` with its standard error, and `reason`, why an amount is NaN.
        The look-alike logit needs paths in detail. The survey form of `all` is that of the
        pooled survey; the amounts of the others are sums over regions. Standard errors by
        leaving out a path at a time; the look-alike one over the detailed paths.
    """
    values, _ = grouped(run, ("region",), group)
    values = np.concatenate([values, values.sum(axis=1, keepdims=True)], axis=1)
    gap, gap_se = mean_se(_simulated(values))
    gdp = region_gdp(run.world)
    frames = [_survey_rows(values), _benchmark_rows(values, gdp, benchmark)]
    frames += _indicator_rows(values, gdp)
    frames.append(_look_alike_rows(run, group))
    for frame in frames:
        frame.insert(0, "region", [*run.world.regions, "all"])
        frame["gap_mcny"], frame["gap_mcny_se"] = gap, gap_se
    table = pd.concat(frames, ignore_index=True)
    table["static_ratio"] = quotient(
        table["static_gap_mcny"].to_numpy(), table["gap_mcny"].to_numpy()
    )
    order = "region formula static_gap_mcny static_gap_mcny_se static_gap_mcny_low "
    order += "static_gap_mcny_high gap_mcny gap_mcny_se static_ratio indicator indicator_se reason"
    return table[order.split()]


def _sum(values: FloatArray, outcomes: tuple[int, ...], test: int, *, is_money: bool) -> FloatArray:
    columns = [outcome_column(outcome, test, is_money=is_money) for outcome in outcomes]
    total: FloatArray = values[..., columns].sum(axis=-1)
    return total


def _simulated(values: FloatArray) -> FloatArray:
    unmet = tuple(range(col.SHORTFALL, col.N_OUTCOMES))
    return _sum(values, unmet, col.MARKET, is_money=True)


def _survey(values: FloatArray, test: int) -> FloatArray:
    seekers = _sum(values, SOUGHT, col.ALL_NEEDS, is_money=False)
    viable = _sum(values, SOUGHT, test, is_money=False)
    unsuccessful = _sum(values, UNSUCCESSFUL, col.ALL_NEEDS, is_money=False)
    asked = _sum(values, SOUGHT, col.ALL_NEEDS, is_money=True)
    return survey_form(seekers, viable, unsuccessful, asked)


def _rows(
    formula: str,
    amount: tuple[FloatArray, FloatArray] | None,
    indicator: tuple[FloatArray, FloatArray] | None = None,
    why: str = "",
) -> pd.DataFrame:
    """Return the rows of a formula; `why` stands where the amount is NaN."""
    known = amount if amount is not None else indicator
    assert known is not None
    void = np.full_like(known[0], np.nan)
    frame = pd.DataFrame({"formula": [formula] * len(void)})
    frame["static_gap_mcny"], frame["static_gap_mcny_se"] = amount or (void, void)
    frame["static_gap_mcny_low"] = frame["static_gap_mcny_high"] = void
    frame["indicator"], frame["indicator_se"] = indicator or (void, void)
    frame["reason"] = np.where(frame["static_gap_mcny"].isna(), why, "")
    return frame


def _survey_rows(values: FloatArray) -> pd.DataFrame:
    frame = _rows("survey", jackknife(values, lambda mean: _survey(mean, col.MARKET)), why=NO_CASES)
    mean = values.mean(axis=0)
    frame["static_gap_mcny_low"] = _survey(mean, col.STRICT)
    frame["static_gap_mcny_high"] = _survey(mean, col.LOOSE)
    return frame


def _benchmark_rows(values: FloatArray, gdp: FloatArray, benchmark: float | None) -> pd.DataFrame:
    def missing(invested: FloatArray) -> FloatArray:
        parts = benchmark_form(invested, gdp, benchmark)
        return np.concatenate([parts, parts.sum(axis=-1, keepdims=True)], axis=-1)

    return _rows("benchmark_ratio", jackknife(values[:, :-1, col.DEAL_M], missing), why=NO_GDP)


def _indicator_rows(values: FloatArray, gdp: FloatArray) -> list[pd.DataFrame]:
    both = np.stack([values[..., col.DEAL_M], values[..., col.ACTIVE_N]], axis=-1)
    with_total = np.append(gdp, gdp.sum())

    def of_gdp(mean: FloatArray) -> FloatArray:
        return quotient(mean[..., 0], with_total)

    def to_gdp(mean: FloatArray) -> FloatArray:
        return _with_total(location_quotient(mean[..., :-1, 0], gdp))

    def to_firms(mean: FloatArray) -> FloatArray:
        return _with_total(location_quotient(mean[..., :-1, 0], mean[..., :-1, 1]))

    forms = {
        "vc_over_gdp": of_gdp,
        "location_quotient_gdp": to_gdp,
        "location_quotient_firms": to_firms,
    }
    rows = [_rows(name, None, jackknife(both, form), NOT_AN_AMOUNT) for name, form in forms.items()]
    for frame, why in zip(rows, (NO_GDP, NO_GDP, NO_CASES), strict=True):
        frame.loc[frame["indicator"].isna(), "reason"] = why
    return rows


def _with_total(quotients: FloatArray) -> FloatArray:
    """Append the quotient of all regions together: 1, NaN if any of them is."""
    total = quotients.sum(axis=-1, keepdims=True) * 0.0 + 1.0
    return np.concatenate([quotients, total], axis=-1)


def _look_alike_rows(run: RunResult, group: Group) -> pd.DataFrame:
    found = look_alike_gap(run, group) if run.details else None
    why = NO_FIT if run.details else NO_DETAILS
    void = np.full(len(run.world.regions) + 1, np.nan)
    return _rows("look_alike", found or (void, void), why=why)
