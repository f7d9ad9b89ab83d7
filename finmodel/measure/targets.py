"""What a run says of each figure that the model is held against.

The figures are those of :func:`finmodel.datasets.targets.read_targets`; each has one measure here,
by name. Calibration and validation both read a run through :func:`model_values`.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from finmodel.datasets.targets import read_targets
from finmodel.errors import InputError, Problem, nearest_name
from finmodel.market.result import RunResult
from finmodel.measure.target_panels import PANEL_TARGETS, Measure

CHANCE = (0.05, 0.95)
MEASURES: dict[str, Measure] = {**PANEL_TARGETS}
DETAILED: frozenset[str] = frozenset()
"""Targets whose measure needs paths in detail."""


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
    known = [name for name in table["target"] if name in MEASURES]
    chosen = known if targets is None else list(targets)
    problems = [
        Problem("target", repr(name), "a target with a measure", nearest_name(name, known))
        for name in chosen
        if name not in known
    ]
    has_details = any(item.money is not None for item in run.details)
    if not has_details:
        problems += [
            Problem(f"target {name}", "a run without paths in detail", "`detailed` of at least 1")
            for name in chosen
            if targets is not None and name in DETAILED
        ]
    if problems:
        raise InputError("model values", problems)
    years = dict(zip(table["target"], table["years"], strict=True))
    rows = [
        _row(run, name, len(years_of(years[name])))
        for name in chosen
        if has_details or name not in DETAILED
    ]
    columns = ["target", "value", "se", "chance_sd", "q05", "q95"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame if targets is not None else frame[frame["value"].notna()].reset_index(drop=True)


def _row(run: RunResult, name: str, span: int) -> dict[str, object]:
    value, error, draws, _ = MEASURES[name](run, span)
    spread, low, high = float("nan"), float("nan"), float("nan")
    if len(draws) > 1:
        spread = float(draws.std(ddof=1))
        low, high = (float(level) for level in np.quantile(draws, CHANCE))
    return {
        "target": name,
        "value": value,
        "se": error,
        "chance_sd": spread,
        "q05": low,
        "q95": high,
    }
