"""From a TOML file to a valid :class:`Scenario`, or to one error that lists every problem."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ValidationError

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.consistency import check_consistency
from finmodel.scenario.correlations import Correlation, kept_links
from finmodel.scenario.programme_schema import Programme
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.reading import Tree, apply_overrides, one_of, read_toml, to_problems
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import quantities


def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario file, apply overrides, validate and return it.

    Parameters
    ----------
    path : str or Path
        TOML file; its top-level `extends` may name one other file, relative to itself.
    overrides : sequence of str
        ``dotted.key=value`` with a TOML value, applied last. A table of numbers named by
        region, pair or the like takes new entries.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With every problem found in the file, its parent and the overrides. Checks across
        fields (sums, names, sources) are made once every field is valid in itself.
    """
    file = Path(path)
    tree = read_with_parent(file)
    problems = apply_overrides(tree, overrides, Scenario)
    changed = tuple(text.partition("=")[0].strip() for text in overrides)
    try:
        scenario = Scenario.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors():
            problems += to_problems(file, detail, changed, Scenario)
        raise ScenarioError(f"scenario {file}", problems) from None
    scenario = _with_links_that_hold(scenario, file, changed)
    problems += check_consistency(scenario, str(file))
    if problems:
        raise ScenarioError(f"scenario {file}", problems)
    return scenario


def _with_links_that_hold(scenario: Scenario, file: Path, changed: Sequence[str]) -> Scenario:
    """Return the scenario with links between beliefs alone."""
    if not (scenario.correlations or scenario.together):
        return scenario
    own, links = read_toml(file), {"correlations", "together"}
    is_inherited = "extends" in own and not links & set(own)
    is_changed = bool(changed) and not links & set(changed)
    pairs, groups = kept_links(
        scenario.correlations,
        scenario.together,
        dict(quantities(scenario)),
        is_own=not (is_inherited or is_changed),
    )
    return scenario.model_copy(update={"correlations": pairs, "together": groups})


def digest(scenario: BaseModel) -> str:
    """Return the SHA-256 of everything in `scenario` that can change a result.

    Titles, labels, questions, notes, sources and grades do not count, nor does what numbers were
    fitted to; names, values and the order of stages do.
    """
    text = json.dumps(_essence(scenario), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _essence(node: object) -> object:
    if isinstance(node, Quantity):
        value = node.value
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else float(value)
    if isinstance(node, BaseModel):
        skipped = {"title_en", "title_zh", "question", "label_en", "label_zh"}
        if isinstance(node, Correlation):
            skipped |= {"source", "grade", "note"}
        if isinstance(node, Scenario):  # they were not always there: digests stay as they were
            skipped |= {name for name in ("correlations", "together") if not getattr(node, name)}
            skipped.add("fitted_to")
        if isinstance(node, Programme) and not node.sector_mandate:  # nor was this clause
            skipped.add("sector_mandate")
        names = [name for name in type(node).model_fields if name not in skipped]
        return {name: _essence(getattr(node, name)) for name in names}
    if isinstance(node, Mapping):
        return [[key, _essence(item)] for key, item in node.items()]
    if isinstance(node, tuple):
        return [_essence(item) for item in node]
    return node


def read_with_parent(file: Path) -> Tree:
    """Return the tables of a file laid over those of the one it extends, if any."""
    tree = read_toml(file)
    parent_name = tree.pop("extends", None)
    if parent_name is None:
        return lay_clauses(tree, file, [file.parent])
    if not isinstance(parent_name, str) or not parent_name:
        raise ScenarioError(
            f"scenario {file}",
            [Problem(f"{file}: extends", repr(parent_name), "the name of one scenario file")],
        )
    parent_file = file.parent / parent_name
    parent = read_toml(parent_file)
    if "extends" in parent:
        raise ScenarioError(
            f"scenario {file}",
            [
                Problem(
                    f"{parent_file}: extends",
                    repr(parent["extends"]),
                    f"one level only: {file.name} already extends {parent_file.name}",
                )
            ],
        )
    return lay_clauses(merge(parent, tree), file, [file.parent, parent_file.parent])


def lay_clauses(tree: Tree, file: Path, folders: Sequence[Path]) -> Tree:
    """Lay each programme over the clauses it names, and these over the neutral ones.

    Clauses are files in a folder `clauses` beside the scenario or beside its parent. Without the
    neutral ones a programme must state every clause itself.

    Raises
    ------
    ScenarioError
        If a programme names clauses that are not there.
    """
    programmes = tree.get("programmes")
    if not isinstance(programmes, dict):
        return tree
    laid: Tree = {}
    for name, own in programmes.items():
        if not isinstance(own, dict):
            laid[name] = own
            continue
        table = {key: item for key, item in own.items() if key != "clauses"}
        for clauses in (own.get("clauses"), NEUTRAL):
            is_there = any((folder / "clauses" / f"{NEUTRAL}.toml").is_file() for folder in folders)
            if clauses is not None and (clauses != NEUTRAL or is_there):
                place = f"{file}: programmes.{name}.clauses"
                table = merge(_read_clauses(clauses, place, folders), table)
        laid[name] = table
    return {**tree, "programmes": laid}


NEUTRAL = "neutral"


def _read_clauses(name: object, place: str, folders: Sequence[Path]) -> Tree:
    for folder in folders:
        found = folder / "clauses" / f"{name}.toml"
        if isinstance(name, str) and found.is_file():
            return read_toml(found)
    known = sorted(
        {item.stem for folder in folders for item in (folder / "clauses").glob("*.toml")}
    )
    problem = Problem(place, repr(name), one_of(known), nearest_name(str(name), known))
    raise ScenarioError(f"scenario {place.partition(':')[0]}", [problem])


def merge(parent: Tree, child: Tree) -> Tree:
    """Lay `child` over `parent`, table by table; a number is replaced whole."""
    merged = dict(parent)
    for key, item in child.items():
        old = merged.get(key)
        is_number = isinstance(item, dict) and ("value" in item or "dist" in item)
        if isinstance(old, dict) and isinstance(item, dict) and not is_number:
            # A table of shares is one statement: it is replaced, not mixed.
            merged[key] = item if key in REPLACED_WHOLE else merge(old, item)
        else:
            merged[key] = item
    return merged


REPLACED_WHOLE = frozenset(
    {"region_index", "lp_mix", "mandate", "region_share", "loss_tolerance_class"}
    | {"stage_mix", "ticket_mcny", "ownership_target", "sector_mandate"}
)
