"""Everything that is estimated from records alone, over imputations of unlabelled rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from finmodel.calibrate.hazards import HazardFit, fit_hazard, hazard_rows, pool_hazards
from finmodel.calibrate.imputation import Imputed, impute_stages, pool
from finmodel.calibrate.round_table import RoundTable, round_table
from finmodel.calibrate.sectors import map_sectors, sector_effects
from finmodel.calibrate.sizes import SizeLaw, fit_sizes, size_sample
from finmodel.calibrate.spells import EVENTS, GRADUATED, SOLD, Spells, make_spells
from finmodel.calibrate.survival import Curve, graduation_curve, pool_curves
from finmodel.datasets.deal_records import DealBook
from finmodel.errors import CalibrationError
from finmodel.world.arrays import FloatArray

CURVE_MONTHS = (6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 48.0, 54.0, 60.0)
MIN_SPELLS, MIN_GRADUATIONS = 100, 20
"""Spells, and graduations among them, that a stage needs for a curve."""
MIN_SECTOR_FIRMS, MAX_REGIONS = 100, 6
HAZARD_IMPUTATIONS = 5
"""Imputations that hazards are fitted to: they are the slowest part and feed no scenario number."""
LAST_STAGE = "the records know no stage after it, so nobody can be seen to graduate"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How records are estimated from.

    Attributes
    ----------
    stages : tuple of str
        Names from early to late.
    sectors : tuple of str
        The scenario's, for the mapping of the records' words.
    cohorts : tuple of int
        Calendar years of firms' first equity rounds.
    observed_from : Timestamp or None
        Day from which firms were noticed.
    seed : int
    n_imputations : int
    """

    stages: tuple[str, ...]
    sectors: tuple[str, ...]
    cohorts: tuple[int, ...]
    observed_from: pd.Timestamp | None
    seed: int
    n_imputations: int


@dataclass(frozen=True)
class Prepared:
    """Rounds with their stages completed, and the spells of each completion."""

    table: RoundTable
    imputed: Imputed
    spells: tuple[Spells, ...]
    sector: pd.Series[str]


@dataclass(frozen=True)
class RecordEstimates:
    """What records say.

    Attributes
    ----------
    prepared : Prepared
    curves : dict of Curve
        Graduation by stage.
    hazards : dict of HazardFit
        By cause.
    sizes : dict of SizeLaw
        `stages` (no covariates), `common` (one spread), `sectors` (with sector effects).
    refused : dict of str to str
        What could not be estimated, with the reason.
    """

    prepared: Prepared
    curves: dict[str, Curve]
    hazards: dict[str, HazardFit]
    sizes: dict[str, SizeLaw]
    sector_names: tuple[str, ...]
    refused: dict[str, str] = field(default_factory=dict)


def prepare(book: DealBook, options: Options) -> Prepared:
    """Return completed rounds and spells of the cohorts."""
    table = round_table(book, options.stages, years=options.cohorts)
    sector = map_sectors(table.firms["sector"], options.sectors)
    effects, _ = sector_effects(sector, MIN_SECTOR_FIRMS)
    imputed = impute_stages(
        table,
        effects.to_numpy(dtype=np.float64),
        seed=options.seed,
        exits=book.exits,
        n_imputations=options.n_imputations,
    )
    spells = tuple(
        make_spells(table, stage, book.exits, observed_from=options.observed_from)
        for stage in imputed.stages
    )
    return Prepared(table, imputed, spells, sector)


def estimate_records(
    book: DealBook, options: Options, say: Report = lambda _: None
) -> RecordEstimates:
    """Return curves, hazards and sizes of the cohorts.

    Raises
    ------
    CalibrationError
        If there are no rounds, or no stage has enough spells and graduations.
    """
    say("stages of unlabelled rounds")
    prepared = prepare(book, options)
    refused: dict[str, str] = {}
    say("graduation curves")
    curves = curves_of(prepared, refused)
    if not curves:
        raise CalibrationError(
            "no stage can be estimated: "
            + "; ".join(f"{key}: {reason}" for key, reason in refused.items())
        )
    say("hazards")
    hazards = _hazards(book, prepared, refused)
    say("round sizes")
    sizes, names = _sizes(prepared, refused)
    return RecordEstimates(prepared, curves, hazards, sizes, names, refused)


def curves_of(prepared: Prepared, refused: dict[str, str]) -> dict[str, Curve]:
    """Return the graduation curve of each stage that has enough spells seen from their start."""
    curves: dict[str, Curve] = {}
    stages = prepared.table.stages
    for code, stage in enumerate(stages):
        key = f"graduation of {stage}"
        if code >= prepared.table.last_labelled:
            refused[key] = LAST_STAGE
            continue
        parts = [s.where((s.stage == code) & (s.entry <= 0.0)) for s in prepared.spells]
        n = min(len(part) for part in parts)
        n_events = min(int((part.event == GRADUATED).sum()) for part in parts)
        if n < MIN_SPELLS or n_events < MIN_GRADUATIONS:
            refused[key] = (
                f"{n} spells and {n_events} graduations; {MIN_SPELLS} and {MIN_GRADUATIONS} "
                "are needed"
            )
            continue
        curves[stage] = pool_curves([graduation_curve(part, CURVE_MONTHS) for part in parts])
    return curves


def _hazards(book: DealBook, prepared: Prepared, refused: dict[str, str]) -> dict[str, HazardFit]:
    factors = {
        "sector": _frequent(prepared.sector, MIN_SECTOR_FIRMS),
        "region": _frequent(prepared.table.firms["region"], 1, MAX_REGIONS),
        "cohort": prepared.table.firms["first_year"],
    }
    factors = {name: values for name, values in factors.items() if len(values.unique()) > 1}
    activity = market_activity(book)
    macro = None if activity.empty else activity
    last = prepared.table.last_labelled
    found: dict[str, HazardFit] = {}
    for cause in (GRADUATED, SOLD):
        name, terms = EVENTS[cause], None
        fits: list[HazardFit] = []
        try:
            for spells in prepared.spells[:HAZARD_IMPUTATIONS]:
                own = spells.where(spells.stage < last) if cause == GRADUATED else spells
                rows = hazard_rows(own, cause, factors, macro=macro, terms=terms)
                if terms is None:
                    terms, dropped = rows.names, rows.dropped
                begin = fits[0].params if fits else None
                fits.append(fit_hazard(rows, name, prepared.table.stages, begin))
        except CalibrationError as error:
            refused[f"hazard of {name}"] = str(error)
            continue
        found[name] = pool_hazards(fits)
        refused.update({f"hazard of {name}: {term}": why for term, why in dropped.items()})
    refused["hazard of failure"] = (
        "closures are hardly recorded; failure rates come from where graduation curves level off"
    )
    return found


def market_activity(book: DealBook) -> pd.Series[float]:
    """Return the file's yearly log count of equity rounds off its linear trend, standardised.

    It says how lively the recorded market was, and nothing of why.
    """
    rounds = book.rounds[(book.rounds["kind"] == "equity") & (book.rounds["date"] <= book.as_of)]
    counts = rounds["date"].dt.year.value_counts().sort_index()
    # The last year is cut short by the end of the records.
    counts = counts[counts.index < book.as_of.year]
    if len(counts) < 4:
        return pd.Series(dtype=np.float64)
    years = counts.index.to_numpy(dtype=np.float64)
    log = np.log(counts.to_numpy(dtype=np.float64))
    slope, level = np.polyfit(years, log, 1)
    off = log - level - slope * years
    return pd.Series(off / max(1e-9, float(off.std())), index=counts.index)


def _frequent(values: pd.Series[str], least: int, most: int = 1000) -> pd.Series[str]:
    counts = values.value_counts()
    kept = [name for name in counts.index if counts[name] >= least][:most]
    return values.where(values.isin(kept), "other")


def _sizes(
    prepared: Prepared, refused: dict[str, str]
) -> tuple[dict[str, SizeLaw], tuple[str, ...]]:
    table, stages = prepared.table, prepared.table.stages
    effects, names = sector_effects(prepared.sector, MIN_SECTOR_FIRMS)
    none = np.zeros((table.n_firms, 0))
    x = effects.to_numpy(dtype=np.float64)
    kinds: dict[str, tuple[FloatArray, tuple[str, ...], bool]] = {
        "stages": (none, (), False),
        "common": (x, names, True),
        "sectors": (x, names, False),
    }
    found = {}
    try:
        for kind, (covariates, labels, is_common) in kinds.items():
            laws = [
                fit_sizes(
                    size_sample(table, stage, covariates),
                    stages,
                    labels,
                    has_common_spread=is_common,
                )
                for stage in prepared.imputed.stages
            ]
            laws = [law for law in laws if law.names == laws[0].names]
            params, covariance = pool([w.params for w in laws], [w.covariance for w in laws])
            found[kind] = SizeLaw(
                names=laws[0].names,
                params=params,
                covariance=covariance,
                n=laws[0].n,
                residuals=laws[0].residuals,
                is_converged=all(law.is_converged for law in laws),
            )
    except CalibrationError as error:
        refused["round sizes"] = str(error)
    for stage in stages:
        if found and f"mu:{stage}" not in found["stages"].names:
            refused[f"stages.{stage}.ask_median_mcny"] = "too few disclosed amounts"
    return found, names
