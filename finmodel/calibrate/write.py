"""A calibration as the text of a scenario: beliefs with their errors, what goes together, why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tomli_w

from finmodel.calibrate.beliefs import lognormal_belief, normal_belief, stated_correlations
from finmodel.calibrate.estimates import MOST_LOG_SD, Block, Calibration, Estimate
from finmodel.scenario import Scenario
from finmodel.scenario.load import read_with_parent
from finmodel.scenario.quantity import Spec
from finmodel.scenario.reading import read_toml
from finmodel.scenario.walk import declared

LEAST_RHO = 0.05
"""Correlations below are left out."""

Grade = Literal["official", "academic", "commercial", "assumed"]


@dataclass(frozen=True)
class Evidence:
    """What estimates rest on.

    Attributes
    ----------
    source : str
        An id of `data/sources.csv`, or `user`.
    grade : str
    words : str
        Ends the note of a number that rests on the cohorts: which records and cohorts, checksum.
    words_of_all : str
        Ends the note of a number that rests on all firms of the records.
    """

    source: str
    grade: Grade
    words: str
    words_of_all: str = ""


@dataclass(frozen=True)
class Titles:
    """Names of the scenario that is written."""

    name: str
    title_en: str
    title_zh: str
    question: str


def calibrated_text(
    base_file: Path,
    out: Path,
    base: Scenario,
    calibration: Calibration,
    *,
    evidence: Evidence,
    titles: Titles,
) -> str:
    """Return the text of a scenario that lays the estimates over its base.

    A base that stands for itself is named by a path relative to `out`; one that extends another is
    written out whole, since a scenario may extend one level only.

    Raises
    ------
    ScenarioError
        If the base cannot be read.
    """
    tree: dict[str, Any] = {}
    if "extends" in read_toml(base_file):
        tree = read_with_parent(base_file)
    else:
        tree["extends"] = relative(base_file, out)
    tree["correlations"] = correlation_rows(calibration, base, evidence)
    meta = {"name": titles.name, "title_en": titles.title_en, "title_zh": titles.title_zh}
    tree["meta"] = {**tree.get("meta", {}), **meta, "question": titles.question}
    specs = {name: (quantity.unit, spec) for name, quantity, spec in declared(base)}
    for item in written(calibration, base):
        *path, last = item.key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        unit, spec = specs[item.key]
        node[last] = entry(item, unit, spec, evidence)
    return tomli_w.dumps(tree)


def written(calibration: Calibration, base: Scenario) -> list[Estimate]:
    """Return the estimates that are numbers of the base and that it allows, once each."""
    specs = {name: spec for name, _, spec in declared(base)}
    return [
        item
        for item in calibration.estimates
        if item.key in specs and not is_contradicted(item, specs[item.key])
    ]


def contradictions(blocks: Sequence[Block], base: Scenario) -> dict[str, str]:
    """Return, by key, why a slope is not written although it was estimated."""
    specs = {name: spec for name, _, spec in declared(base)}
    return {
        item.key: f"estimate {item.value:.3g} (standard error {item.standard_error:.3g}); "
        f"a scenario allows {specs[item.key].low:g} to {specs[item.key].high:g}"
        for block in blocks
        for item in block.estimates
        if item.key in specs and is_contradicted(item, specs[item.key])
    }


def is_contradicted(item: Estimate, spec: Spec) -> bool:
    """Return whether a slope is, with its error, outside what the field allows."""
    return item.is_slope and normal_belief(item.value, item.standard_error, spec) is None


def relative(base_file: Path, out: Path) -> str:
    """Return the base's path from the folder of `out`, absolute where there is none."""
    base = base_file.resolve()
    try:
        return Path(os.path.relpath(base, out.resolve().parent)).as_posix()
    except ValueError:
        # Another drive of Windows.
        return base.as_posix()


def entry(item: Estimate, unit: str, spec: Spec, evidence: Evidence) -> dict[str, Any]:
    """Return a number's table: a belief if its error is known and useful, else a value."""
    note = " ".join(text for text in (item.note, f"{item.method}, n = {item.n}.") if text)
    result: dict[str, Any] = {
        "value": float(item.value),
        "unit": unit,
        "source": evidence.source,
        "grade": evidence.grade,
    }
    of_deals = evidence.words if item.is_of_cohorts else evidence.words_of_all
    words = item.rests_on or of_deals
    if item.rests_on:
        result |= {"source": "user", "grade": "assumed"}
    if item.is_slope:
        result["value"] = normal_belief(item.value, item.standard_error, spec)
        note = f"{note} Standard error {item.standard_error:.3g}. {words}"
        return {**result, "note": note}
    log_sd = log_error(item)
    if log_sd == 0.0:
        why = "Its error could not be had, or is so large that the number is not identified."
        return {**result, "note": f"{note} {why} {words}"}
    result["value"] = lognormal_belief(float(item.value), log_sd, spec)
    note = f"{note} Standard error {item.standard_error:.3g}. {words}"
    return {**result, "note": note}


def log_error(item: Estimate) -> float:
    """Return the standard error of the log of a number; 0 if it is written as a plain value."""
    if not (item.value > 0.0 and item.standard_error > 0.0):
        return 0.0
    error = item.standard_error / item.value
    return error if error <= MOST_LOG_SD else 0.0


def correlation_rows(
    calibration: Calibration, base: Scenario, evidence: Evidence
) -> list[dict[str, Any]]:
    """Return what beliefs go together, of `LEAST_RHO` and more in size, by block."""
    beliefs = {
        item.key for item in written(calibration, base) if item.is_slope or log_error(item) > 0.0
    }
    rows: list[dict[str, Any]] = []
    for block in calibration.blocks:
        at = [i for i, item in enumerate(block.estimates) if item.key in beliefs]
        if len(at) < 2:
            continue
        matrix = stated_correlations(block.correlation[np.ix_(at, at)], LEAST_RHO)
        keys = [block.estimates[i].key for i in at]
        for i, first in enumerate(keys):
            for j in range(i + 1, len(keys)):
                if matrix[i, j] != 0.0:
                    pair: Mapping[str, Any] = {"a": first, "b": keys[j], "rho": float(matrix[i, j])}
                    is_apart = bool(block.estimates[at[i]].rests_on)
                    where = ("user", "assumed") if is_apart else (evidence.source, evidence.grade)
                    rows.append({**pair, "source": where[0], "grade": where[1]})
    return rows
