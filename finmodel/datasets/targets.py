"""What the model is held against: figures read from the evidence tables by key, never typed again.

A target names a file of `data/`, the rows in it and how its figure follows from them. `rows` holds
conditions ``column=value`` joined by ``&``; ``a|b`` asks for both, ``2018..2023`` for a span of
years. Each combination must be there exactly once.

========= ====================================================================================
value      a sum over the rows; `` / `` and `` * `` between sets of rows, from left to right
mean       the plain mean over the rows
pooled     the mean over the rows, weighted by `n`
log_sd     the standard deviation of logs over the rows
middle     halfway between the low and the high of the row
sign       -1, 0 or 1, as `factor` says; the row's `sign` must hold it
========= ====================================================================================

Figures are multiplied by `factor`. Their error, a standard error in the unit of the figure, has a
basis: `interval` (low and high are 95 %), `binomial` (of `n` cases), `median` and `quartile` (low
and high are quartiles of `n`), `range` and `span` (low and high, or the extremes of the rows, are
90 %), `cohorts` (spread over cohorts as clusters, and binomial at least), `years` (of a ratio of
sums over years), `series` (of a `log_sd`), `none` (of signs), `assumed` (`relative_error` of it).
Only the last is an opinion.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel.datasets.table_spec import GRADES
from finmodel.datasets.tables import read_table
from finmodel.errors import DataError, Problem, nearest_name

NAME = "evidence/targets"
TOLERANCE = 1e-6
"""Relative difference of a stored figure from the evidence that is rounding."""

NORMAL_90, NORMAL_95 = 1.6448536269514722, 1.959963984540054
QUARTILE_WIDTH = 1.3489795003921634  # of a normal law, in standard deviations
MEDIAN_PENALTY = 1.2533141373155003  # error of a median over that of a mean, normal law
QUARTILE_PENALTY = 1.3626  # of a quartile

FIGURES = ("value", "standard_error", "low", "high")


class Figure(NamedTuple):
    """What the evidence says: a figure with its error, 90 % interval, sources and worst grade."""

    value: float
    standard_error: float
    low: float
    high: float
    source_ids: str
    grade: str


def read_targets() -> pd.DataFrame:
    """Return every target, its figure as the evidence tables have it today.

    Returns
    -------
    DataFrame
        Columns of the table's specification, indexed from 0; `low` and `high` are 90 %.

    Raises
    ------
    DataError
        If a row of evidence is missing or not the only one, or a stored figure is not the
        evidence's: every such target.
    """
    return _targets().copy()


@cache
def _targets() -> pd.DataFrame:
    table = read_table(NAME)
    figures, problems = evaluate(table)
    for name in FIGURES:
        given, found = table[name].to_numpy(), np.array([getattr(item, name) for item in figures])
        is_off = ~np.isclose(given, found, rtol=TOLERANCE, atol=1e-12, equal_nan=True)
        for target in table["target"][is_off & ~np.isnan([item.value for item in figures])]:
            place = f"{NAME} {target}: {name}"
            row = table["target"].tolist().index(target)
            problems.append(Problem(place, f"{given[row]:g}", f"{found[row]:.10g} by its rows"))
    if problems:
        raise DataError("targets", problems)
    return table


def evaluate(table: pd.DataFrame) -> tuple[list[Figure], list[Problem]]:
    """Return the figure of each target, NaN where its evidence is not found, and what is wrong."""
    figures: list[Figure] = []
    problems: list[Problem] = []
    nan = float("nan")
    for row in table.to_dict("records"):
        try:
            figures.append(figure_of({str(key): value for key, value in row.items()}))
        except DataError as error:
            problems += error.problems
            figures.append(Figure(nan, nan, nan, nan, "", "assumed"))
    return figures, problems


def figure_of(target: dict[str, object]) -> Figure:
    """Return the figure of one row of the table of targets.

    Raises
    ------
    DataError
    """
    name, file = str(target["target"]), str(target["file"])
    evidence = read_table(file).reset_index(drop=True)
    parts = _parts(name, evidence, str(target["rows"]))
    frames = [frame for _, frame in parts]
    transform, factor = str(target["transform"]), float(str(target["factor"]))
    value = _value(name, transform, parts, str(target["column"]), factor)
    if not np.isfinite(value):
        raise _fault(name, "rows without a number", f"a number in {target['column']} of {file}")
    error, low, high = _error(target, frames, value, factor)
    sources = pd.concat(frames)
    grades = [grade for grade in GRADES if grade in set(sources["grade"])]
    ids = ";".join(sorted(set(sources["source_id"])))
    return Figure(value, error, low, high, ids, grades[-1])


def _fault(name: str, given: str, allowed: str, near: str = "") -> DataError:
    return DataError("targets", [Problem(f"{NAME} {name}", given, allowed, near)])


def _parts(name: str, evidence: pd.DataFrame, text: str) -> list[tuple[str, pd.DataFrame]]:
    """Return the sets of rows of a target, each with the operation before it."""
    parts, operation = [], "*"
    for word in text.replace(" / ", "\n/\n").replace(" * ", "\n*\n").split("\n"):
        if word in ("/", "*"):
            operation = word
        else:
            parts.append((operation, _rows(name, evidence, word)))
    return parts


def _rows(name: str, evidence: pd.DataFrame, text: str) -> pd.DataFrame:
    chosen, n_wanted = np.ones(len(evidence), bool), 1
    for condition in text.split("&"):
        column, _, wanted = condition.partition("=")
        if column not in evidence:
            near = nearest_name(column, evidence.columns)
            raise _fault(name, f"rows of column {column!r}", "a column of the file", near)
        if ".." in wanted and wanted.replace("..", "").isdigit():
            first, last = wanted.split("..")
            words = [str(year) for year in range(int(first), int(last) + 1)]
        else:
            words = wanted.split("|")
        n_wanted *= len(words)
        chosen &= evidence[column].astype(str).isin(words).to_numpy()
    if chosen.sum() != n_wanted:
        given = f"{chosen.sum()} rows with {text}"
        raise _fault(name, given, f"{n_wanted}, each combination once")
    return evidence[chosen]


def _value(
    name: str, transform: str, parts: list[tuple[str, pd.DataFrame]], column: str, factor: float
) -> float:
    first = parts[0][1]
    if transform == "value":
        result = factor
        for operation, frame in parts:
            total = float(frame[column].sum(min_count=len(frame)))
            result = result * total if operation == "*" else result / total
        return result
    if transform == "sign":
        sign = {-1.0: "-", 0.0: "0", 1.0: "+"}[factor]
        if sign not in str(first["sign"].iloc[0]):
            raise _fault(name, f"sign {sign}", f"one of the row's: {first['sign'].iloc[0]}")
        return factor
    if transform == "middle":
        low, high = _ends(first)
        return factor * (low + high) / 2.0
    values = first[column].to_numpy(np.float64)
    if transform == "mean":
        return factor * float(values.mean())
    if transform == "log_sd":
        return factor * float(np.log(values).std(ddof=1))
    if transform == "pooled":
        n = first["n"].astype(np.float64).to_numpy()
        return factor * float((n * values).sum() / n.sum())
    known = "value, mean, pooled, log_sd, middle, sign"
    raise _fault(name, f"transform {transform!r}", f"one of {known}")


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    """Return what a row gives as low and high."""
    names = ("lo", "hi") if "lo" in frame else ("effect_low", "effect_high")
    row = frame.iloc[0]
    return float(row[names[0]]), float(row[names[1]])


def _error(
    target: dict[str, object], frames: list[pd.DataFrame], value: float, factor: float
) -> tuple[float, float, float]:
    """Return the standard error of a figure and its 90 % interval."""
    basis, first = str(target["error_basis"]), frames[0]
    if basis == "none":
        return 0.0, value, value
    if basis in ("range", "span"):
        column = first[str(target["column"])] if basis == "span" else None
        low, high = _ends(first) if column is None else (column.min(), column.max())
        low, high = factor * low, factor * high
        return (high - low) / (2.0 * NORMAL_90), low, high
    if basis == "assumed":
        error = abs(value) * float(str(target["relative_error"]))
    elif basis == "years":
        top, bottom = (frame["value"].to_numpy(np.float64) for frame in frames)
        rest = top - top.sum() / bottom.sum() * bottom
        error = factor * rest.std(ddof=1) * np.sqrt(len(rest)) / bottom.sum()
    elif basis == "series":
        error = value / np.sqrt(2.0 * (len(first) - 1))
    else:
        error = factor * _sampling_error(str(target["target"]), basis, first)
    if not error > 0.0:
        raise _fault(str(target["target"]), f"error basis {basis!r}", "an error above 0")
    return float(error), value - NORMAL_90 * error, value + NORMAL_90 * error


def _sampling_error(name: str, basis: str, frame: pd.DataFrame) -> float:
    """Return the error of a share or a median over `n` cases, before the factor."""
    low, high = _ends(frame)
    if basis == "interval":
        return (high - low) / (2.0 * NORMAL_95)
    n = frame["n"].astype(np.float64).to_numpy()
    if basis in ("median", "quartile"):
        penalty = MEDIAN_PENALTY if basis == "median" else QUARTILE_PENALTY
        return float(penalty * (high - low) / QUARTILE_WIDTH / np.sqrt(n[0]))
    shares = frame["value"].to_numpy(np.float64)
    mean = float((n * shares).sum() / n.sum())
    binomial = float(np.sqrt(mean * (1.0 - mean) / n.sum()))
    if basis == "binomial":
        return binomial
    if basis == "cohorts" and len(frame) > 1:
        k = len(frame)
        spread = (n * (shares - mean)) ** 2
        return max(binomial, float(np.sqrt(spread.sum() * k / (k - 1.0)) / n.sum()))
    known = (
        "interval, binomial, median, quartile, range, span, cohorts, years, series, none, assumed"
    )
    raise _fault(name, f"error basis {basis!r} of {len(frame)} rows", f"one of {known}")
