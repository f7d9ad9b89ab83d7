"""From a file of deals to a scenario: read, estimate, match the market, hold out, write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Block, Calibration, Estimate
from finmodel.calibrate.exit_multiples import exit_block
from finmodel.calibrate.exit_records import exit_terms
from finmodel.calibrate.flow_records import flows_of
from finmodel.calibrate.gravity import gravity_block
from finmodel.calibrate.lp_supply import supply_block
from finmodel.calibrate.match import MAX_TRIALS, Match, match_rates
from finmodel.calibrate.match_errors import FIELDS
from finmodel.calibrate.reasons import NotEstimable
from finmodel.calibrate.record_blocks import record_blocks, sector_multiples
from finmodel.calibrate.records import (
    CURVE_MONTHS,
    Options,
    RecordEstimates,
    curves_of,
    estimate_records,
    prepare,
)
from finmodel.calibrate.simulated_moments import Setting, simulated_moments
from finmodel.calibrate.sizes import SizeLaw
from finmodel.calibrate.slopes import LAST_STEPS, screening_design
from finmodel.calibrate.write import contradictions
from finmodel.datasets.commitments import read_commitments
from finmodel.datasets.deal_records import STAGES, DealBook, read_deals
from finmodel.datasets.root import file_checksum
from finmodel.errors import CalibrationError, Interrupted
from finmodel.scenario import Scenario, load_scenario
from finmodel.study.cohort_spread import CohortSpread, cohort_spread
from finmodel.study.hold_out import hold_out_table
from finmodel.study.match_targets import size_target, start_of, targets_of

SIMULATED_PATHS, SIMULATED_SCALE, BURN_IN_YEARS = 24, 0.1, 6.0
N_STEPS = 6
"""Steps of a calibration besides simulated markets."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CalibrationPlan:
    """What is asked for.

    Attributes
    ----------
    deals : Path
        Folder or file.
    base : Path
        Scenario file.
    cohorts : tuple of int
        Calendar years of firms' first equity rounds that are fitted to; empty for the default of
        :func:`default_cohorts`.
    held_out : tuple of int or None
        Years that are predicted and not fitted to; None for every second one of the cohorts.
    as_of, observed_from : date or None
    seed : int
    n_imputations : int
    commitments : Path or None
        Yearly table of commitments to funds, for the supply of LPs.
    """

    deals: Path
    base: Path
    cohorts: tuple[int, ...]
    held_out: tuple[int, ...] | None
    as_of: date | None
    observed_from: date | None
    seed: int
    n_imputations: int
    commitments: Path | None = None


@dataclass(frozen=True)
class DealCalibration:
    """A finished calibration.

    Attributes
    ----------
    book : DealBook
    base : Scenario
    cohorts, held_out : tuple of int
    records : RecordEstimates
    spread : CohortSpread
        Of the cohorts fitted to.
    match : Match
    calibration : Calibration
    hold_out : DataFrame
        From :func:`finmodel.study.hold_out.hold_out_table`; empty without held-out cohorts.
    """

    book: DealBook
    base: Scenario
    cohorts: tuple[int, ...]
    held_out: tuple[int, ...]
    records: RecordEstimates
    spread: CohortSpread
    match: Match
    calibration: Calibration
    hold_out: pd.DataFrame


class _Clock:
    """Counts units of work and asks whether to stop."""

    def __init__(self, progress: Progress | None, cancel: threading.Event | None) -> None:
        self._progress, self._cancel, self._done = progress, cancel, 0
        self.total = units_of_calibration()

    def tick(self, _what: str = "") -> None:
        """Count a unit.

        Raises
        ------
        Interrupted
        """
        if self._cancel is not None and self._cancel.is_set():
            raise Interrupted("calibration stopped; nothing is written")
        self._done = min(self._done + 1, self.total)
        if self._progress is not None:
            self._progress(self._done, self.total)


def units_of_calibration() -> int:
    """Return about how many units of work a calibration is."""
    # A design for three stages.
    n_design = len(screening_design(3 * len(FIELDS)))
    return N_STEPS + 4 + MAX_TRIALS + n_design + LAST_STEPS


def calibrate_deals(
    plan: CalibrationPlan,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> DealCalibration:
    """Estimate a scenario's numbers from deals.

    Raises
    ------
    DataError, ScenarioError
        If a file cannot be used.
    CalibrationError
        If the records do not hold enough to estimate any stage.
    Interrupted
        If cancelled; nothing has been written.
    """
    clock = _Clock(progress, cancel)
    base = load_scenario(plan.base)
    supply = supply_of(plan.commitments, base)
    book = read_deals(plan.deals, price_year=base.meta.price_year, as_of=plan.as_of)
    clock.tick()
    fitted, held_out = split_cohorts(book, plan)
    start = None if plan.observed_from is None else pd.Timestamp(plan.observed_from)

    def options(years: tuple[int, ...]) -> Options:
        sectors = tuple(base.sectors)
        return Options(STAGES, sectors, years, start, plan.seed, plan.n_imputations)

    records = estimate_records(book, options(fitted), clock.tick)
    refused = dict(records.refused)
    spread = cohort_spread(records.prepared, records.curves)
    targets = targets_of(records, base, refused, spread)
    multiples, fixed = _sector_block(records, base)
    setting = Setting(plan.base, SIMULATED_PATHS, SIMULATED_SCALE, plan.seed, BURN_IN_YEARS)
    match = match_rates(
        setting,
        targets,
        size_target(records, base, refused),
        start_of(base),
        fixed=fixed,
        tick=clock.tick,
        cancel=cancel,
    )
    blocks = [match.block, *_size_blocks(records, match), *record_blocks(records)]
    if multiples.estimates:
        blocks.insert(2, multiples)
    told, not_told = _told([*_value_and_flow_blocks(book, base), *supply])
    blocks += told
    refused |= {**not_told, **contradictions(told, base)}
    table = pd.DataFrame()
    if held_out:
        prepared = prepare(book, options(held_out))
        others = curves_of(prepared, {})
        seen = Setting(
            plan.base, 4 * SIMULATED_PATHS, SIMULATED_SCALE, plan.seed + 1, BURN_IN_YEARS
        )
        found = simulated_moments(seen, match.overrides, CURVE_MONTHS, cancel=cancel)
        own = cohort_spread(prepared, others)
        table = hold_out_table(records.curves, others, found.curves, spread, own)
    calibration = Calibration(
        blocks=tuple(blocks),
        refused={**refused, **_not_in_records(base)},
        tables={
            "fit": match.fit,
            "hold_out": table,
            "unlabelled": records.prepared.imputed.summary,
        },
        checksums=checksums_of(plan.deals),
    )
    return DealCalibration(book, base, fitted, held_out, records, spread, match, calibration, table)


def _value_and_flow_blocks(book: DealBook, base: Scenario) -> list[Block | NotEstimable]:
    """Return the blocks of exit values and of flows."""
    return [
        exit_block(book, exit_terms(base)),
        gravity_block(
            flows_of(book),
            reference_km=base.friction.reference_km.centre,
            away_types=tuple(base.funds),
        ),
    ]


def _told(items: list[Block | NotEstimable]) -> tuple[list[Block], dict[str, str]]:
    """Return the blocks there are, and why others are not."""
    blocks: list[Block] = []
    refused: dict[str, str] = {}
    for found in items:
        if isinstance(found, NotEstimable):
            refused[", ".join(found.keys) or found.name] = found.reason
        else:
            blocks.append(_of_all_firms(found))
    return blocks, refused


def supply_of(file: Path | None, base: Scenario) -> list[Block | NotEstimable]:
    """Return the supply of LPs estimated from a table of commitments; empty without one.

    Raises
    ------
    DataError
        If the table cannot be used, with every problem.
    """
    if file is None:
        return []
    table = read_commitments(file, tuple(base.lps))
    words = f"Table {file.name} (sha256 {file_checksum(file)[:16]})."
    return [supply_block(table, classes=tuple(base.lps), rests_on=words)]


def _of_all_firms(block: Block) -> Block:
    """Return a block whose estimates say that they rest on all firms, not on the cohorts."""
    items = tuple(replace(item, is_of_cohorts=False) for item in block.estimates)
    return replace(block, estimates=items)


def default_cohorts(book: DealBook) -> tuple[int, ...]:
    """Return the last six whole calendar years of first rounds before the records end.

    Older firms are recorded the better the longer they lived.
    """
    end = book.as_of.year
    return tuple(range(end - 6, end))


def split_cohorts(book: DealBook, plan: CalibrationPlan) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cohorts that are fitted to and those held out; never the same year in both."""
    years = plan.cohorts or default_cohorts(book)
    if plan.held_out is not None:
        kept = tuple(year for year in years if year not in plan.held_out)
        if not kept:
            raise CalibrationError("every cohort is held out: nothing is left to fit to")
        return kept, plan.held_out
    if len(years) < 2:
        return years, ()
    return years[::2], years[1::2]


def _size_blocks(records: RecordEstimates, match: Match) -> list[Block]:
    """Return asks and the spread: values that the market needs, errors of the records."""
    if not match.asks:
        return []
    law, common = records.sizes["stages"], records.sizes["common"]
    rows = [law.names.index(f"mu:{stage}") for stage in match.asks]
    asks = np.array(list(match.asks.values()))
    covariance = law.covariance[np.ix_(rows, rows)] * np.outer(asks, asks)
    method = "log-normal likelihood of round sizes, clustered by firm"
    items = tuple(
        Estimate(
            key=f"stages.{stage}.ask_median_mcny",
            value=float(value),
            standard_error=float(np.sqrt(covariance[i, i])),
            unit="mcny",
            n=law.n[stage],
            method=method,
            note="Ask at which the simulated market's first rounds at the stage are as large as "
            "those recorded.",
        )
        for i, (stage, value) in enumerate(match.asks.items())
    )
    error = common.at("ln sd")[1] * match.size_log_sd
    spread = Estimate(
        key="firms.size_log_sd",
        value=match.size_log_sd,
        standard_error=error,
        unit="ln",
        n=sum(common.n.values()),
        method=method,
        note="One spread for all stages; each stage's own is in the report.",
    )
    return [
        Block("asks", items, covariance, _residuals(law)),
        Block("spread of sizes", (spread,), np.array([[error**2]])),
    ]


def _residuals(law: SizeLaw) -> pd.DataFrame:
    return law.residuals


def _sector_block(records: RecordEstimates, base: Scenario) -> tuple[Block, dict[str, float]]:
    if "sectors" not in records.sizes:
        return Block("sector multiples", (), np.zeros((0, 0))), {}
    known = {
        name: (sector.birth_share.centre, sector.ask_multiple.centre)
        for name, sector in base.sectors.items()
    }
    counts = records.prepared.sector.value_counts()
    law = records.sizes["sectors"]
    return sector_multiples(law, records.sector_names, known, str(counts.index[0]))


def _not_in_records(base: Scenario) -> Mapping[str, str]:
    """Return what no file of deals can say, with the reason."""
    return {
        "births, capital, friction": "records show deals that were made, not firms that found "
        "none nor money that waited",
        "sectors.*.milestone_multiple": "the ratio of recorded hazards mixes work and access to "
        "money; it is in the report as a hazard ratio",
        "stages.*.ipo_rate_pa and other exits": "exits are dated for few firms and closures for "
        "hardly any; their hazards are in the report and not written",
        "regions": "effects of the records' regions are in the report; they are written for none, "
        f"since the scenario's are {', '.join(base.geography.regions)}",
    }


def checksums_of(deals: Path) -> dict[str, str]:
    """Return the SHA-256 of the file, or of each file of the folder, by name."""
    files = [deals] if deals.is_file() else sorted(deals.iterdir())
    return {item.name: file_checksum(item) for item in files if item.is_file()}
