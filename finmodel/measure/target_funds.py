"""Targets read off single funds on the paths kept in detail: multiples, pacing, LPs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finmodel.fund import metrics
from finmodel.fund.irr import Status
from finmodel.measure.target_details import Details
from finmodel.measure.target_firms import DetailMeasure
from finmodel.measure.target_values import (
    NOTHING,
    Reading,
    Statistic,
    lower_quartile,
    median,
    of_samples,
    quotient_of_sums,
    upper_quartile,
)
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray

STATE_LP = "state"


def ended(column: str, how: Statistic) -> DetailMeasure:
    """Return a measure of a metric over the funds that are over, each counted once."""

    def measure(details: Details) -> Reading:
        table = details.fund_metrics
        table = table[table["is_over"]]
        if column == "net_irr_pa":
            # A fund that lost and has no rate counts as a rate of -1, as in the table of groups.
            has_none = table["net_irr_status"] == Status.NONE.name.lower()
            table = table.assign(net_irr_pa=table["net_irr_pa"].mask(has_none, -1.0))
        table = table[table[column].notna()]
        return of_samples([group[column].to_numpy() for _, group in table.groupby("path")], how)

    return measure


def pooled_tvpi(details: Details) -> Reading:
    """Return what LPs of all funds that are over got for what they paid in."""
    samples = []
    for (item, _), flows in zip(details.paths, details.flows, strict=True):
        is_over = item.funds["is_over"][flows.rows] == 1
        samples.append(
            np.stack([flows.got[is_over].sum(axis=1), flows.paid[is_over].sum(axis=1)], axis=1)
        )
    return of_samples(samples, quotient_of_sums)


def _old_enough(details: Details, path: int, years: int) -> NDArray[np.bool_]:
    """Return which funds have been there for `years` by the end of the run."""
    item, flows = details.paths[path][0], details.flows[path]
    age = details.n_quarters - item.funds["vintage"][flows.rows]
    chosen: NDArray[np.bool_] = age >= years * QUARTERS_PER_YEAR
    return chosen


def by_age(what: str, years: int) -> DetailMeasure:
    """Return a measure of the median `called`, `dpi` or `tvpi` of funds at an age.

    `called` is over the commitment. The TVPI holds NAV at marks, before carry still to come.
    """

    def measure(details: Details) -> Reading:
        samples = []
        n = years * QUARTERS_PER_YEAR
        for path, flows in enumerate(details.flows):
            chosen = _old_enough(details, path, years)
            paid, got = flows.paid[chosen, :n].sum(axis=1), flows.got[chosen, :n].sum(axis=1)
            if what == "called":
                values = metrics.quotient(paid, flows.commitment[chosen])
            else:
                marks = details.nav(path)[flows.rows[chosen], n - 1] if what == "tvpi" else 0.0
                values = metrics.quotient(got + marks, paid)
            samples.append(values[np.isfinite(values)])
        return of_samples(samples, median)

    return measure


def deployed(years: int) -> DetailMeasure:
    """Return a measure of what funds have put into firms at an age, over commitments, pooled."""

    def measure(details: Details) -> Reading:
        samples = []
        for path, flows in enumerate(details.flows):
            chosen = _old_enough(details, path, years)
            put_in = details.invested(path)[flows.rows[chosen], years * QUARTERS_PER_YEAR - 1]
            samples.append(np.stack([put_in, flows.commitment[chosen]], axis=1))
        return of_samples(samples, quotient_of_sums)

    return measure


def state_lp_share(details: Details) -> Reading:
    """Return the state's part of what LPs committed to funds of the reported years."""
    if STATE_LP not in details.world.lps:
        return NOTHING
    place = details.world.lps.index(STATE_LP)
    samples: list[FloatArray] = []
    for item, _ in details.paths:
        is_new = item.funds["vintage"] >= details.first_reported
        commitment = item.funds["commitment"][is_new]
        samples.append(np.stack([item.lp_share[is_new, place] * commitment, commitment], axis=1))
    return of_samples(samples, quotient_of_sums)


FUND_TARGETS: dict[str, DetailMeasure] = {
    "us_fund_tvpi_median": ended("tvpi", median),
    "us_fund_tvpi_q1": ended("tvpi", lower_quartile),
    "us_fund_tvpi_q3": ended("tvpi", upper_quartile),
    "us_fund_dpi_median": ended("dpi", median),
    "us_fund_irr_median": ended("net_irr_pa", median),
    "us_fund_multiple_mean": pooled_tvpi,
    **{f"us_called_{years}y": by_age("called", years) for years in (1, 2, 3)},
    **{f"us_called_{years}y_all": by_age("called", years) for years in (3, 5, 8)},
    **{f"us_dpi_{years}y": by_age("dpi", years) for years in (3, 5, 8, 10)},
    **{f"us_tvpi_{years}y": by_age("tvpi", years) for years in (5, 8)},
    "us_deployed_24m": deployed(2),
    "us_deployed_24m_range": deployed(2),
    "state_lp_share": state_lp_share,
}
"""Measures of the table's targets that are read off funds."""
