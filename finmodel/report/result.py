"""A stored result as memos and workbooks take it: manifest, tables, the inputs behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
from pydantic import ValidationError

from finmodel.datasets import sources
from finmodel.errors import InputError, Problem
from finmodel.report.changes import policy_title
from finmodel.report.wording import Wording, names_of, paths_of
from finmodel.scenario import Scenario, assumptions

Kind = Literal["run", "comparison"]
INPUTS = ("name", "value", "low", "high", "unit", "grade", "source", "note")
"""Columns of table `assumptions`."""
LETTER = {"official": "A", "academic": "B", "commercial": "B", "assumed": "C"}
"""How firm a number is: official; of a paper or a data house; an assumption."""
NO_SOURCE = "assumption"
"""What an input has in place of a source if it has none."""


@dataclass(frozen=True)
class Result:
    """A stored run or comparison.

    Attributes
    ----------
    manifest : mapping
    tables : mapping of DataFrame
    origin : {'published', 'yours'}
        Shipped with the project, or made by whoever reads it.
    key : str
        Name of its folder.
    """

    manifest: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    origin: str
    key: str

    @property
    def kind(self) -> Kind:
        """What it is.

        Raises
        ------
        InputError
            If it is neither a run nor a comparison.
        """
        found = kind_of(self.tables)
        if found is None:
            problem = Problem(
                self.key, ", ".join(self.tables) or "nothing", "a stored run or comparison"
            )
            raise InputError("memo", [problem])
        return found

    @property
    def policies(self) -> dict[str, str]:
        """Titles of the policies of a comparison, as stored, by name."""
        found = self.manifest.get("policies")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}

    def title(self, language: str) -> str:
        """Return its title, or its name where it has none."""
        return str(self.manifest.get(f"title_{language}") or self.manifest.get("name", self.key))

    def named(self, wording: Wording) -> Wording:
        """Return a wording with the names of this result: provinces, stages, policies."""
        names = names_of(self.manifest, wording.language)
        names |= self.policies
        policies = set(self.policies)
        for scenario in _scenarios(self.manifest):
            meta = scenario.get("meta")
            if isinstance(meta, Mapping):
                names[str(meta.get("name"))] = str(meta.get(f"title_{wording.language}"))
        names |= {key: policy_title(names[key], self.manifest, wording) for key in policies}
        return replace(wording, names=names, paths=paths_of(self.manifest))


def kind_of(names: Iterable[str]) -> Kind | None:
    """Return what a result with tables of these names is; None for another sort."""
    found = set(names)
    if {"outcomes", "effects", "public"} <= found:
        return "comparison"
    return "run" if {"gap_total", "gap_region", "gap_stage"} <= found else None


def inputs_of(result: Result) -> pd.DataFrame:
    """Return every number that a result rests on.

    Returns
    -------
    DataFrame
        `scenario` (name), then `INPUTS`, as of table `assumptions`. Of a comparison: the numbers of
        the baseline, then of each other scenario those that differ from it or are new. Empty if a
        scenario was stored in a form that this version does not read.
    """
    if "assumptions" in set(result.tables):
        name = str(result.manifest.get("name", result.key))
        return result.tables["assumptions"][list(INPUTS)].assign(scenario=name)[
            ["scenario", *INPUTS]
        ]
    parts: list[pd.DataFrame] = []
    for tree in _scenarios(result.manifest):
        try:
            scenario = Scenario.model_validate(tree)
        except ValidationError:
            return pd.DataFrame(columns=["scenario", *INPUTS])
        own = assumptions(scenario)
        if parts:
            base = parts[0].set_index("name")["value"]
            own = own[own["value"] != own["name"].map(base)]
        parts.append(own.assign(scenario=scenario.meta.name)[["scenario", *INPUTS]])
    if not parts:
        return pd.DataFrame(columns=["scenario", *INPUTS])
    return pd.concat(parts, ignore_index=True)


def _scenarios(manifest: Mapping[str, object]) -> list[Mapping[str, object]]:
    several = manifest.get("scenarios")
    return several if isinstance(several, list) else []


def grade_tally(inputs: pd.DataFrame) -> dict[str, int]:
    """Return how many numbers have grade A, B and C."""
    letters = inputs["grade"].map(LETTER)
    return {letter: int((letters == letter).sum()) for letter in ("A", "B", "C")}


def source_ids(inputs: pd.DataFrame) -> list[str]:
    """Return the sources that inputs name, in order, each once."""
    ids = {part.strip() for text in inputs["source"] for part in str(text).split(";")}
    return sorted(ids - {"", NO_SOURCE})


def sources_used(inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the sources that inputs name.

    Returns
    -------
    DataFrame
        `source_id`, `title`, `publisher`, `year`, `url`, `licence`, `grade`, `letter`; and
        `numbers`, how many inputs name it. A name that is not among the sources has empty texts.
    """
    listed = sources().set_index("source_id")
    counts = pd.Series(
        [part.strip() for text in inputs["source"] for part in str(text).split(";")], dtype=object
    ).value_counts()
    columns = ["title", "publisher", "year", "url", "licence", "grade"]
    table = listed.reindex(source_ids(inputs))[columns].astype(object)
    table = table.where(table.notna(), "").reset_index(names="source_id")
    table["letter"] = table["grade"].map(LETTER).fillna("")
    table["numbers"] = table["source_id"].map(counts)
    return table
