"""How many of the numbers behind a result are assumptions, and which of them move its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from finmodel.report.number_names import number_name, quoted
from finmodel.report.result import Result, kind_of
from finmodel.report.wording import Wording, swings_told

GRADES = ("official", "academic", "commercial", "assumed")
ASSUMED = "assumed"
MOST_NAMED = 4
STUDY_TABLES = ("tornado", "numbers")
"""Tables of a sensitivity study that say what moves an answer, and how firm it is."""
COLUMNS = {"policy", "outcome", "name", "swing", "swing_se"}


def tally(result: Result) -> dict[str, int] | None:
    """Return how many numbers behind a result have each grade.

    Of a comparison or a batch: the numbers of the baseline, then of each other scenario those
    that differ from it or are new, as in the inputs of a workbook.

    Parameters
    ----------
    result : Result
        Of any kind.

    Returns
    -------
    dict of int or None
        By grade, each of `GRADES`; None if the result does not hold its numbers.
    """
    about, names = result.manifest, set(result.tables)
    stored = about.get("grades")
    if isinstance(stored, Mapping) and all(isinstance(n, int) for n in stored.values()):
        return {grade: stored.get(grade, 0) for grade in GRADES}
    found: list[str] = []
    if "assumptions" in names and "grade" in result.tables["assumptions"]:
        found = list(result.tables["assumptions"]["grade"])
    elif trees := _scenarios(about):
        base = dict(_numbers(trees[0]))
        found = [str(number["grade"]) for number in base.values()]
        for tree in trees[1:]:
            for place, number in _numbers(tree):
                if place not in base or base[place]["value"] != number["value"]:
                    found.append(str(number["grade"]))
    elif "numbers" in names and "grade" in result.tables["numbers"]:
        found = list(result.tables["numbers"]["grade"])
    return {grade: found.count(grade) for grade in GRADES} if found else None


def grade_sentences(result: Result, studies: Sequence[Result], words: Wording) -> list[str]:
    """Return what a reader must know of the assumptions behind a result.

    Parameters
    ----------
    result : Result
    studies : sequence of Result
        Sensitivity studies; one of the result's scenario is used, the first that there is.
    words : Wording
    """
    counts = tally(result)
    if counts is None:
        return [words.text("grades", "unknown")]
    key = "varied" if _is_study(result) else "assumed"
    said = [words.text("grades", key, n=sum(counts.values()), **counts)]
    study = next((s for s in studies if scenario_name(s) == scenario_name(result)), None)
    if study is None or not counts[ASSUMED]:
        return said
    names = moving(study, is_policy=kind_of(result.tables) == "comparison")
    title = study.title(words.language)
    if not names:
        return [*said, words.text("grades", "none_told", title=title)]
    called = (quoted(number_name(name, words), words) for name in names[:MOST_NAMED])
    shown = words.text("grades", "comma").join(called)
    return [*said, words.text("grades", "moving", title=title, names=shown)]


def moving(study: Result, *, is_policy: bool) -> list[str]:
    """Return the assumptions that a study tells to move an answer, the strongest first.

    One number at a time is moved over its range, all others at their medians. What it moves an
    answer by counts as a share of the most that any number moves that answer by. Told is what is
    told from zero on all pages.

    Parameters
    ----------
    study : Result
        A sensitivity study.
    is_policy : bool
        Whether the answers are what policies change, or what there is without one.
    """
    if not set(STUDY_TABLES) <= set(study.tables):
        return []
    rows, numbers = study.tables["tornado"], study.tables["numbers"]
    if not (set(rows) >= COLUMNS and {"name", "grade"} <= set(numbers)):
        return []
    assumed = set(numbers.loc[numbers["grade"] == ASSUMED, "name"])
    own = rows[(rows["policy"].astype(str) != "") == is_policy]
    size = own["swing"].abs()
    most = size.groupby([own["policy"], own["outcome"]]).transform("max")
    strength = (size / most.where(most > 0.0)).fillna(0.0)
    is_kept = swings_told(own, study.manifest) & own["name"].isin(assumed)
    ranked: pd.Series = strength[is_kept].groupby(own.loc[is_kept, "name"]).max()
    return sorted(map(str, ranked.index), key=lambda name: (-float(ranked[name]), name))


def scenario_name(result: Result) -> str:
    """Return the name of the scenario that a result is of, or whose effects it measures."""
    about = result.manifest
    plan = about.get("plan")
    if isinstance(plan, Mapping) and isinstance(plan.get("scenario"), str):
        return PurePosixPath(str(plan["scenario"])).stem
    trees = _scenarios(about)
    meta = trees[0].get("meta") if trees else None
    own = meta.get("name") if isinstance(meta, Mapping) else None
    return str(own or about.get("name", result.key))


def _is_study(result: Result) -> bool:
    return "numbers" in set(result.tables) and not _scenarios(result.manifest)


def _scenarios(about: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the stored scenarios, the baseline first."""
    several = about.get("scenarios")
    if isinstance(several, list):
        return [tree for tree in several if isinstance(tree, Mapping)]
    if isinstance(several, Mapping):
        first = str(about.get("baseline") or next(iter(several), ""))
        order = sorted(several, key=lambda name: name != first)
        return [several[name] for name in order if isinstance(several[name], Mapping)]
    one = about.get("scenario")
    return [one] if isinstance(one, Mapping) else []


def _numbers(node: object, place: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """Return every number of a stored scenario with its dotted name."""
    if not isinstance(node, Mapping):
        return
    if "grade" in node and "value" in node:
        yield place, node
        return
    for name, item in node.items():
        yield from _numbers(item, f"{place}.{name}" if place else str(name))
