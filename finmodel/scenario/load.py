"""From a TOML file to a valid :class:`Scenario`, or to one error that lists every problem."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.consistency import check_consistency
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario
from finmodel.scenario.words import plain_words

MAX_FILE_BYTES = 2_000_000

Tree = dict[str, Any]


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
    tree = _read_with_parent(file)
    problems = _apply_overrides(tree, overrides)
    changed = tuple(text.partition("=")[0].strip() for text in overrides)
    try:
        scenario = Scenario.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors():
            problems += _to_problems(file, detail, changed)
        raise ScenarioError(f"scenario {file}", problems) from None
    problems += check_consistency(scenario, str(file))
    if problems:
        raise ScenarioError(f"scenario {file}", problems)
    return scenario


def digest(scenario: Scenario) -> str:
    """Return the SHA-256 of everything in `scenario` that can change a result.

    Titles, labels, questions, notes, sources and grades do not count; names, values and
    the order of stages do.
    """
    text = json.dumps(_essence(scenario), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _essence(node: object) -> object:
    if isinstance(node, Quantity):
        value = node.value
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else float(value)
    if isinstance(node, BaseModel):
        skipped = {"title_en", "title_zh", "question", "label_en", "label_zh"}
        names = [name for name in type(node).model_fields if name not in skipped]
        return {name: _essence(getattr(node, name)) for name in names}
    if isinstance(node, Mapping):
        return [[key, _essence(item)] for key, item in node.items()]
    if isinstance(node, tuple):
        return [_essence(item) for item in node]
    return node


def _read_with_parent(file: Path) -> Tree:
    tree = _read_toml(file)
    parent_name = tree.pop("extends", None)
    if parent_name is None:
        return lay_clauses(tree, file, [file.parent])
    if not isinstance(parent_name, str) or not parent_name:
        raise ScenarioError(
            f"scenario {file}",
            [Problem(f"{file}: extends", repr(parent_name), "the name of one scenario file")],
        )
    parent_file = file.parent / parent_name
    parent = _read_toml(parent_file)
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
    return lay_clauses(_merge(parent, tree), file, [file.parent, parent_file.parent])


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
                table = _merge(_read_clauses(clauses, place, folders), table)
        laid[name] = table
    return {**tree, "programmes": laid}


NEUTRAL = "neutral"


def _read_clauses(name: object, place: str, folders: Sequence[Path]) -> Tree:
    for folder in folders:
        found = folder / "clauses" / f"{name}.toml"
        if isinstance(name, str) and found.is_file():
            return _read_toml(found)
    known = sorted(
        {item.stem for folder in folders for item in (folder / "clauses").glob("*.toml")}
    )
    problem = Problem(place, repr(name), _one_of(known), nearest_name(str(name), known))
    raise ScenarioError(f"scenario {place.partition(':')[0]}", [problem])


def _read_toml(file: Path) -> Tree:
    title = f"scenario {file}"
    try:
        if not file.is_file():
            raise ScenarioError(title, [_missing_file(file)])
        raw = file.read_bytes()
        if len(raw) > MAX_FILE_BYTES:
            raise ScenarioError(
                title, [Problem(str(file), f"{len(raw)} bytes", f"at most {MAX_FILE_BYTES} bytes")]
            )
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ScenarioError(
            title, [Problem(str(file), f"byte {raw[error.start]:#04x}", "UTF-8 text")]
        ) from None
    except (ValueError, RecursionError) as error:
        # The parser reports syntax as a ValueError, and deep nesting as a recursion.
        raise ScenarioError(title, [Problem(str(file), str(error), "valid TOML 1.0")]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError(title, [Problem(str(file), reason, "a readable file")]) from None


def _missing_file(file: Path) -> Problem:
    folder = file.parent
    siblings = sorted(item.name for item in folder.glob("*.toml")) if folder.is_dir() else []
    return Problem(
        str(file),
        "not a file" if file.exists() else "no such file",
        "a TOML file" + (f", here: {', '.join(siblings)}" if siblings else ""),
        nearest_name(file.name, siblings),
    )


def _merge(parent: Tree, child: Tree) -> Tree:
    """Lay `child` over `parent`, table by table; a number is replaced whole."""
    merged = dict(parent)
    for key, item in child.items():
        old = merged.get(key)
        is_number = isinstance(item, dict) and ("value" in item or "dist" in item)
        if isinstance(old, dict) and isinstance(item, dict) and not is_number:
            # A table of shares is one statement: it is replaced, not mixed.
            merged[key] = item if key in REPLACED_WHOLE else _merge(old, item)
        else:
            merged[key] = item
    return merged


REPLACED_WHOLE = frozenset(
    {"region_index", "lp_mix", "mandate", "region_share", "loss_tolerance_class"}
)


def _apply_overrides(tree: Tree, overrides: Sequence[str]) -> list[Problem]:
    problems: list[Problem] = []
    for text in overrides:
        key, equals, raw = text.partition("=")
        key = key.strip()
        place = f"--set {text}"
        if not equals or not key or "\n" in raw:
            problems.append(Problem(place, repr(text), "key.to.number=value"))
            continue
        try:
            value = tomllib.loads(f"value = {raw.strip()}")["value"]
        except (ValueError, RecursionError):
            value = raw.strip()
        problem = _set(tree, key.split("."), value, place)
        if problem:
            problems.append(problem)
    return problems


def _set(tree: Tree, parts: list[str], value: object, place: str) -> Problem | None:
    node = tree
    for depth, part in enumerate(parts[:-1]):
        if not isinstance(node.get(part), dict):
            where = ".".join(parts[: depth + 1])
            known = sorted(name for name, item in node.items() if isinstance(item, dict))
            if part in node:
                return Problem(place, where, "a table here; this is a single value")
            return Problem(place, where, _one_of(known), nearest_name(part, known))
        node = node[part]
    last = parts[-1]
    if last not in node and not _names_are_free(parts[:-1]):
        return Problem(place, ".".join(parts), _one_of(sorted(node)), nearest_name(last, node))
    node[last] = value
    return None


def _one_of(names: Sequence[str]) -> str:
    return f"one of {', '.join(names) or '(no entries)'}"


def _names_are_free(table: Sequence[str]) -> bool:
    """Return whether the key path `table` leads to numbers named by the user, as by region."""
    model = _model_at(table[:-1])
    if model is None or not table or table[-1] not in model.model_fields:
        return False
    args = get_args(model.model_fields[table[-1]].annotation)
    return len(args) == 2 and args[0] is str and get_origin(args[1]) is Annotated


def _model_at(loc: Sequence[str | int]) -> type[BaseModel] | None:
    """Return the section class that the key path `loc` leads into."""
    model: type[BaseModel] | None = Scenario
    skip = False
    for part in loc:
        if skip:
            skip = False
            continue
        if model is None or part not in model.model_fields:
            return model
        annotation = model.model_fields[str(part)].annotation
        args = get_args(annotation)
        target = args[1] if len(args) == 2 and args[0] is str else annotation
        skip = target is not annotation
        model = target if isinstance(target, type) and issubclass(target, BaseModel) else None
    return model


def _to_problems(file: Path, detail: ErrorDetails, changed: tuple[str, ...]) -> list[Problem]:
    """Return the problems of one validation error, at `--set` if that is where it came from."""
    loc = detail["loc"]
    dotted = ".".join(str(part) for part in loc)
    source = next((key for key in changed if f"{dotted}.".startswith(f"{key}.")), "")
    place = f"--set {dotted}" if source else f"{file}: {dotted}"
    context: Mapping[str, Any] = detail.get("ctx") or {}
    if detail["type"] == "belief":
        return [
            Problem(f"{place}.{fault['at']}", fault["given"], fault["allowed"], fault["nearest"])
            for fault in context["faults"]
        ]
    if detail["type"] == "quantity":
        where = f"{place}.{context['at']}" if context["at"] else place
        return [Problem(where, _shorten(context["given"]), context["allowed"], context["nearest"])]
    if detail["type"] == "extra_forbidden":
        model = _model_at(loc[:-1])
        names = list(model.model_fields) if model else list(Quantity.model_fields)
        allowed = f"one of {', '.join(names)}"
        near = nearest_name(str(loc[-1]), names)
        return [Problem(place, f"unknown key {loc[-1]!r}", allowed, near)]
    if detail["type"] == "missing":
        return [Problem(place, "nothing", "a value is required here")]
    near = ""
    if detail["type"] == "literal_error":
        options = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        near = nearest_name(str(detail["input"]), options)
    return [Problem(place, _shorten(repr(detail["input"])), plain_words(detail), near)]


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
