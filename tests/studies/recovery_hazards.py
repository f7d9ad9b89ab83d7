"""Do 95 % intervals of hazards and round sizes cover the truth in 95 % of data sets?

Run `python -m tests.studies.recovery_hazards [SETS] [FIRST_SEED]`; it prints the table of
docs/recovery.md.
"""

import sys

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.hazards import band_name, fit_hazard, hazard_rows, pool_hazards
from finmodel.calibrate.imputation import impute_stages, pool
from finmodel.calibrate.round_table import round_table
from finmodel.calibrate.sizes import fit_sizes, size_sample
from finmodel.calibrate.spells import GRADUATED, SOLD, make_spells
from tests.studies.generated_deals import BANDS, STAGES, Truth, generate

OBSERVED_FROM = pd.Timestamp("2008-01-01")


def truths(truth):
    """Return the true value of every parameter by name."""
    found = {}
    for cause, hazards, sector, late in (
        ("graduated", truth.graduation, truth.sector_graduation, truth.late_graduation),
        ("sold", truth.sale, truth.sector_sale, truth.late_sale),
    ):
        for k, row in enumerate(hazards):
            for band, hazard in enumerate(row):
                found[f"{cause} {STAGES[k]}:{band_name(BANDS, band)}"] = np.log(hazard)
        found[f"{cause} sector=other"] = sector
        found[f"{cause} cohort=late"] = late
    for k, stage in enumerate(STAGES):
        found[f"size mu:{stage}"] = truth.size[k]
        found[f"size ln sd:{stage}"] = np.log(truth.size_log_sd[k])
    found["size other"] = truth.size_sector
    return found


def estimate(seed, n_firms=2500, n_imputations=10):
    """Return estimates and standard errors of one data set by parameter name."""
    book = generate(seed, n_firms, observed_from=OBSERVED_FROM)
    table = round_table(book, STAGES)
    other = (table.firms["sector"] == "other").to_numpy(dtype=float)
    late = (table.firms["first_year"] >= 2010).to_numpy(dtype=float)
    z = np.column_stack([other, late])
    imputed = impute_stages(table, z, seed=seed, exits=book.exits, n_imputations=n_imputations)
    factors = {
        "sector": table.firms["sector"],
        "cohort": pd.Series(np.where(late > 0, "late", "early")),
    }
    found = {}
    for cause, name in ((GRADUATED, "graduated"), (SOLD, "sold")):
        fits = []
        for stage in imputed.stages:
            spells = make_spells(table, stage, book.exits, observed_from=OBSERVED_FROM)
            spells = spells.where(spells.stage < 3)
            rows = hazard_rows(
                spells,
                cause,
                factors,
                bands=BANDS,
                terms=[
                    *(f"{STAGES[k]}:{band_name(BANDS, b)}" for k in range(3) for b in range(3)),
                    "sector=other",
                    "cohort=late",
                ],
            )
            fits.append(fit_hazard(rows, name, STAGES))
        fit = pool_hazards(fits)
        for term, value, error in zip(fit.names, fit.params, fit.standard_error, strict=True):
            found[f"{name} {term}"] = (value, error)
    laws = [
        fit_sizes(size_sample(table, s, other[:, None]), STAGES, ["other"]) for s in imputed.stages
    ]
    params, covariance = pool([law.params for law in laws], [law.covariance for law in laws])
    for i, name in enumerate(laws[0].names):
        found[f"size {name}"] = (params[i], np.sqrt(covariance[i, i]))
    return found


def recover(n_sets, first_seed=1, **options):
    """Return truth, mean estimate, spread, mean standard error and coverage by parameter."""
    truth = truths(Truth())
    sets = [estimate(first_seed + i, **options) for i in range(n_sets)]
    rows = []
    for name, value in truth.items():
        estimates = np.array([found[name] for found in sets])
        is_covered = np.abs(estimates[:, 0] - value) <= Z_95 * estimates[:, 1]
        rows.append(
            {
                "parameter": name,
                "truth": value,
                "mean": estimates[:, 0].mean(),
                "spread": estimates[:, 0].std(ddof=1),
                "mean_se": estimates[:, 1].mean(),
                "coverage": is_covered.mean(),
            }
        )
    return pd.DataFrame(rows)


def markdown(frame, n_sets):
    """Return the table of the docs."""
    lines = [
        "| parameter | truth | mean estimate | spread | mean s.e. | 95 % intervals that cover |",
        "|---|---|---|---|---|---|",
    ]
    for row in frame.itertuples():
        lines.append(
            f"| {row.parameter} | {row.truth:.3f} | {row.mean:.3f} | {row.spread:.3f} "
            f"| {row.mean_se:.3f} | {100 * row.coverage:.1f} % |"
        )
    return "\n".join(lines) + f"\n\n{n_sets} data sets.\n"


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.stdout.write(markdown(recover(number, seed), number))
