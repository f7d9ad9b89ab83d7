"""Do 95 % intervals of the rates that a calibration writes cover the truth in 95 % of data sets?

Run `python -m tests.studies.recovery_rates [SETS] [FIRST_SEED] [FILE]`; it prints the table of
docs/recovery_rates.md. Sets are kept in FILE, one a line, as they are done: the same command goes
on after a stop.

Records come from markets of known rates and other luck: whole paths of the model, so that the
shocks of a market are in them, cut off by a last day, of some cohorts, with labels taken away. What
is estimated is what `finmodel calibrate` does: stages drawn for the unlabelled, curves pooled over
the draws, rates searched on markets of a luck of their own, errors, and the number as written.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.calibrate.estimates import Z_95
from finmodel.calibrate.match import match_rates
from finmodel.calibrate.records import Options, RecordEstimates, curves_of, prepare
from finmodel.calibrate.simulated_deals import simulated_book
from finmodel.calibrate.simulated_moments import Setting
from finmodel.calibrate.write import log_error
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.study.cohort_spread import cohort_spread
from finmodel.study.match_targets import targets_of
from finmodel.world import build_world
from tests.conftest import YRD

TRUTH = {
    "angel": {"milestone_rate_pa": 0.20, "failure_rate_pa": 0.50, "milestone_ramp_quarters": 2.0},
    "A": {"milestone_rate_pa": 0.22, "failure_rate_pa": 0.22, "milestone_ramp_quarters": 3.2},
    "B": {"milestone_rate_pa": 0.35, "failure_rate_pa": 0.25, "milestone_ramp_quarters": 7.0},
}
"""Near what the CC-BY file gives."""
SETTING = Setting(YRD, 4, 0.1, 0, 6.0)
RECORD_PATHS, RECORD_SCALE = 10, 0.1
COHORTS_BACK = (7, 6, 5, 4, 3)
"""Years of first rounds, before the year in which the records end."""
LOST_LABELS = (0.35, 0.15)
"""Share of rounds without a label, below and above the median amount."""
N_IMPUTATIONS = 4


def changes():
    """Return the truth as changes of a scenario."""
    return [
        f"stages.{stage}.{field}={value}"
        for stage, own in TRUTH.items()
        for field, value in own.items()
    ]


def record_book(seed):
    """Return deal records of a market of the true rates."""
    world = build_world(load_scenario(YRD, [*changes(), f"run.scale={RECORD_SCALE}"]))
    run = simulate(
        world,
        paths=RECORD_PATHS,
        seed=1_000_000 + seed,
        detailed=RECORD_PATHS,
        has_fund_money=False,
    )
    book = simulated_book(run, first_quarter=24)
    # A quarter of a year before the market ends, as files do not end with a year.
    as_of = book.as_of - pd.Timedelta(days=91)
    rng = np.random.default_rng([seed, 0x1ABE1])
    rounds = book.rounds[book.rounds["date"] <= as_of].reset_index(drop=True)
    amount = rounds["amount_mcny"]
    share = np.where(amount < amount.median(), *LOST_LABELS)
    stage = rounds["stage"].where(rng.random(len(rounds)) >= share, "")
    exits = book.exits[book.exits["date"] <= as_of].reset_index(drop=True)
    return replace(book, rounds=rounds.assign(stage=stage), exits=exits, as_of=as_of), world


def estimate(seed):
    """Return the rates of one data set."""
    book, world = record_book(seed)
    years = tuple(book.as_of.year - back for back in COHORTS_BACK)
    options = Options(tuple(world.stages), (), years, None, seed, N_IMPUTATIONS)
    prepared = prepare(book, options)
    refused: dict[str, str] = {}
    curves = curves_of(prepared, refused)
    records = RecordEstimates(prepared, curves, {}, {}, (), refused)
    spread = cohort_spread(prepared, curves)
    found = targets_of(records, world.scenario, refused, spread)
    targets = [target for target in found if target.stage in TRUTH]
    match = match_rates(replace(SETTING, seed=seed), targets, None, {})
    return match, targets


def row_of(seed):
    """Return log estimates and errors of a data set, None where none is stated."""
    match, _ = estimate(seed)
    return seed, {
        item.key: (float(np.log(item.value)), log_error(item) or None)
        for item in match.block.estimates
    }


def recover(n_sets, first_seed=1, processes=2, file=None):
    """Return a table of every data set's logs and errors, one row a set and number."""
    seeds = range(first_seed, first_seed + n_sets)
    lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
    sets = {seed: found for seed, found in map(json.loads, lines) if seed in seeds}
    waiting = [seed for seed in seeds if seed not in sets]
    for seed, found in played(waiting, processes):
        sets[seed] = found
        if file:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps([seed, found]) + "\n")
    return pd.DataFrame(
        [
            {"seed": seed, "key": key, "log": log, "error": np.nan if error is None else error}
            for seed in seeds
            for key, (log, error) in sets[seed].items()
        ]
    )


def played(seeds, processes):
    """Yield data sets as they are done."""
    if processes == 1:
        yield from map(row_of, seeds)
        return
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(row_of, seeds)


def summary(found):
    """Return truth, bias, spread, mean standard error and coverage by number.

    Intervals are ``value exp(-+1.96 e)``, as the written belief has them. A number that is written
    without an error is counted apart: it makes no claim.
    """
    rows = []
    for stage, own in TRUTH.items():
        for field, value in own.items():
            logs = found[found["key"] == f"stages.{stage}.{field}"]
            stated = logs[logs["error"].notna()]
            off = stated["log"] - np.log(value)
            coverage = (off.abs() <= Z_95 * stated["error"]).mean()
            rows.append(
                {
                    "parameter": f"{stage} {field}",
                    "truth": value,
                    "bias": off.mean(),
                    "median_bias": off.median(),
                    "spread": off.std(ddof=1),
                    "mean_se": stated["error"].mean(),
                    "coverage": coverage,
                    "coverage_se": np.sqrt(coverage * (1.0 - coverage) / len(stated)),
                    "not_stated": 1.0 - len(stated) / len(logs),
                }
            )
    return pd.DataFrame(rows)


def markdown(frame, n_sets):
    """Return the table of the docs."""
    lines = [
        "| parameter | truth | bias of log (median) | spread of log | mean s.e. of log "
        "| 95 % intervals that cover | no error stated |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in frame.itertuples():
        lines.append(
            f"| {row.parameter} | {row.truth:g} | {row.bias:+.3f} ({row.median_bias:+.3f}) "
            f"| {row.spread:.3f} | {row.mean_se:.3f} "
            f"| {100 * row.coverage:.1f} ({100 * row.coverage_se:.1f}) % "
            f"| {100 * row.not_stated:.1f} % |"
        )
    return "\n".join(lines) + f"\n\n{n_sets} data sets.\n"


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    kept = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    results = recover(number, seed, file=kept)
    sys.stdout.write(markdown(summary(results), number))
