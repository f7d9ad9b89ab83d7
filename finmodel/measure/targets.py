"""What a run says of each figure that the model is held against.

The figures are those of :func:`finmodel.datasets.targets.read_targets`; each has one measure here,
by name. Calibration and validation both read a run through :func:`model_values`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from finmodel.datasets.targets import read_targets
from finmodel.errors import InputError, Problem, nearest_name
from finmodel.market.result import RunResult
from finmodel.measure.target_details import Details
from finmodel.measure.target_firms import FIRM_TARGETS
from finmodel.measure.target_funds import FUND_TARGETS
from finmodel.measure.target_panels import PANEL_TARGETS
from finmodel.measure.target_policy import POLICY_TARGETS, Pair
from finmodel.measure.target_values import Reading

CHANCE = (0.05, 0.95)
DETAILED = {**FIRM_TARGETS, **FUND_TARGETS}
"""Measures that need paths in detail."""
COLUMNS = ("target", "value", "se", "chance_sd", "q05", "q95")


def years_of(text: str) -> tuple[int, ...]:
    """Return the years of a target: ``2018..2023``, or years with blanks between."""
    if ".." in text:
        first, last = text.split("..")
        return tuple(range(int(first), int(last) + 1))
    return tuple(int(word) for word in text.split())


def model_values(run: RunResult, targets: Collection[str] | None = None) -> pd.DataFrame:
    """Return the model's figure of targets, over all paths.

    Parameters
    ----------
    run : RunResult
    targets : collection of str, optional
        By default every target that the run can answer: those of `DETAILED` only if paths were
        kept in detail, those of a region only if the world has it.

    Returns
    -------
    DataFrame
        One row a target, in the order of the table: `target`, `value`, `se` (Monte Carlo), and
        of single futures over as many years as the evidence has `chance_sd`, `q05`, `q95`. NaN
        if the run cannot say.

    Raises
    ------
    InputError
        If a target is unknown, or asks for paths in detail that the run has not.
    """
    table = read_targets()
    known = [name for name in table["target"] if name in PANEL_TARGETS or name in DETAILED]
    chosen = known if targets is None else list(targets)
    details = Details(run) if any(item.money is not None for item in run.details) else None
    problems = [
        Problem("target", repr(name), "a target of a run", nearest_name(name, known))
        for name in chosen
        if name not in known
    ]
    problems += [
        Problem(f"target {name}", "a run without paths in detail", "`detailed` of at least 1")
        for name in chosen
        if targets is not None and details is None and name in DETAILED
    ]
    if problems:
        raise InputError("model values", problems)
    years = dict(zip(table["target"], table["years"], strict=True))
    rows = []
    for name in chosen:
        if name in PANEL_TARGETS:
            reading = PANEL_TARGETS[name](run, len(years_of(years[name])))
        elif details is not None:
            reading = DETAILED[name](details)
        else:
            continue
        rows.append(_row(name, reading))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame if targets is not None else frame[frame["value"].notna()].reset_index(drop=True)


def policy_values(pairs: Mapping[str, Pair]) -> pd.DataFrame:
    """Return the model's figure of targets that need a programme, in the form of `model_values`.

    Parameters
    ----------
    pairs : mapping of Pair
        By the name of the policy's scenario; targets of other policies are left out.
    """
    rows = [
        _row(name, measure(pairs[policy]))
        for name, (policy, measure) in POLICY_TARGETS.items()
        if policy in pairs
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame[frame["value"].notna()].reset_index(drop=True)


def _row(name: str, reading: Reading) -> dict[str, object]:
    draws, spread, low, high = reading.draws, float("nan"), float("nan"), float("nan")
    if len(draws) > 1:
        spread = float(draws.std(ddof=1))
        low, high = (float(level) for level in np.quantile(draws, CHANCE))
    figures = (reading.value, reading.se, spread, low, high)
    return {"target": name} | dict(zip(COLUMNS[1:], figures, strict=True))
