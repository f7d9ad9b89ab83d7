"""The law of exit values fitted to records, with every check beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.exit_checks import (
    clustered_body_sd,
    clustered_sd,
    hill_bootstrap,
    sensitivity,
    told_distance,
)
from finmodel.calibrate.exit_records import ExitRecords, ExitTerms
from finmodel.calibrate.multiples import Multiples
from finmodel.calibrate.tail_diagnostics import hill_plot, tail_summary
from finmodel.calibrate.threshold_average import (
    MAX_TAIL_SHARE,
    MIN_GAIN,
    MIN_TAIL,
    LawFit,
    fit_body,
    fit_law,
)
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

MIN_HIDDEN = 20
"""Fewer exits without a price are left out: they do not tell what keeps prices quiet."""
N_DROPPED = 2


@dataclass(frozen=True)
class ExitStudy:
    """Everything the estimation of exit values found.

    Attributes
    ----------
    records : ExitRecords
        As used: without exits not told if telling was not modelled.
    fit : LawFit
    log_cap : float
        Cap used, log of medians; inf if the records break that of the scenario.
    is_cap_broken : bool
    gain_without : float
        Log likelihood gain of a tail over the lognormal when the `N_DROPPED` largest exits are left
        out: two records of a firm whose last round is a slip can make a tail.
    largest : float
        Largest told multiple, log of medians.
    sd, body_sd : ndarray
        Of the parameters of `fit` and of its lognormal alone: of the fit, or clustered if larger.
    hill : DataFrame
        The Hill plot of multiples over their route's median.
    sensitivity : DataFrame
    diagnostics : DataFrame
        One row a quantity: `quantity`, `value`, `standard_error`, `low_95`, `high_95`, `note`.
    """

    records: ExitRecords
    fit: LawFit
    log_cap: float
    is_cap_broken: bool
    gain_without: float
    largest: float
    sd: FloatArray
    body_sd: FloatArray
    hill: pd.DataFrame
    sensitivity: pd.DataFrame
    diagnostics: pd.DataFrame

    @property
    def has_tail(self) -> bool:
        """Whether the tail is told from a lognormal, and not by its largest exits alone."""
        return min(self.fit.log_gain, self.gain_without) >= MIN_GAIN


def exit_study(records: ExitRecords, terms: ExitTerms) -> ExitStudy:
    """Fit the law and run every check.

    Raises
    ------
    CalibrationError
        If there are too few exits with a value, or the likelihood has no maximum.
    """
    needed = int(MIN_TAIL / MAX_TAIL_SHARE) + N_DROPPED
    if len(records.data.x) < needed:
        raise CalibrationError(
            f"{len(records.data.x)} exits have an exact value above the floor and an earlier "
            f"round with a known amount; at least {needed} are needed"
        )
    if len(records.data.hidden_size) < MIN_HIDDEN:
        records = records.told_only()
    try:
        return _study(records, terms)
    except CalibrationError:
        if not records.data.has_hidden:
            raise
        return _study(records.told_only(), terms)


def _study(records: ExitRecords, terms: ExitTerms) -> ExitStudy:
    data = records.data
    alone = fit_body(data)[0][: data.n_routes]
    luck = data.x - alone[data.route]
    log_cap = float(np.log(terms.cap))
    is_cap_broken = bool(luck.max() >= log_cap)
    if is_cap_broken:
        log_cap = np.inf
    fit = fit_law(data, log_cap=log_cap)
    gain_without = fit_law(_without_largest(data, luck), log_cap=log_cap).log_gain
    width = alone + log_cap - fit.best_threshold
    year = np.concatenate(records.years)
    sd = np.fmax((fit.high - fit.low) / (2 * Z_95), clustered_sd(fit, data, width, year))
    body_sd = np.fmax(np.sqrt(np.diagonal(fit.body_covariance)), clustered_body_sd(fit, data, year))
    values = np.exp(data.x - fit.value[: data.n_routes][data.route])
    cap = float(np.exp(log_cap))
    rows = [
        *_parameter_rows(fit, sd, clustered_sd(fit, data, width, year)),
        *_tail_rows(values, cap),
        {"quantity": "told_distance", "value": told_distance(fit, data, width)},
        {"quantity": "log_gain", "value": fit.log_gain, "note": f"a tail needs {MIN_GAIN:g}"},
        {
            "quantity": "log_gain_without",
            "value": gain_without,
            "note": f"the {N_DROPPED} largest left out; a tail needs {MIN_GAIN:g}",
        },
        *({"quantity": f"exits: {name}", "value": n} for name, n in records.counts.items()),
    ]
    columns = ["quantity", "value", "standard_error", "low_95", "high_95", "note"]
    diagnostics = pd.DataFrame(rows).reindex(columns=columns).fillna({"note": ""})
    return ExitStudy(
        *(
            records,
            fit,
            log_cap,
            is_cap_broken,
            gain_without,
            float(np.log(values.max())),
            sd,
            body_sd,
        ),
        *(hill_plot(values, cap=cap), sensitivity(data, log_cap), diagnostics),
    )


def _without_largest(data: Multiples, luck: FloatArray) -> Multiples:
    """Return the exits without the `N_DROPPED` largest of those told exactly."""
    kept = np.ones(len(luck), dtype=bool)
    kept[np.argsort(luck, kind="stable")[-N_DROPPED:]] = False
    return replace(data, x=data.x[kept], route=data.route[kept], size=data.size[kept])


def _parameter_rows(fit: LawFit, sd: FloatArray, clustered: FloatArray) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for i, name in enumerate(fit.names):
        rows.append(
            {
                "quantity": name,
                "value": fit.value[i],
                "standard_error": sd[i],
                "low_95": fit.low[i],
                "high_95": fit.high[i],
                "note": f"clustered by year of exit: {clustered[i]:.3g}",
            }
        )
    return rows


def _tail_rows(values: FloatArray, cap: float) -> list[dict[str, object]]:
    """Return Hill and likelihood of the tail alone, at the rule's threshold."""
    found = tail_summary(values, cap=cap)
    resampled, share = hill_bootstrap(values)
    note = f"k {found['k']:g} largest, Kolmogorov-Smirnov distance {found['distance']:.3f}"
    return [
        {
            "quantity": "hill",
            "value": found["hill"],
            "standard_error": found["hill_se"],
            "note": note,
        },
        {
            "quantity": "hill_resampled",
            "value": found["hill"],
            "standard_error": resampled,
            "note": f"threshold chosen anew in each of the {share:.0%} of resamples with a tail",
        },
        {
            "quantity": "index_cut",
            "value": found["index"],
            "standard_error": found["index_se"],
            "note": "likelihood of a Pareto cut at the cap, same threshold",
        },
        {"quantity": "p_no_cut", "value": found["p_no_cut"], "note": "of a largest value so small"},
    ]
