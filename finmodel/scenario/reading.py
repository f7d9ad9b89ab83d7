"""Reading TOML for any section class: files, overrides, and validation errors in words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from finmodel.errors import Problem, ScenarioError, nearest_name
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.words import plain_words

MAX_FILE_BYTES = 2_000_000

Tree = dict[str, Any]


def read_toml(file: Path) -> Tree:
    """Return the tables of a TOML file, or raise a ScenarioError that says what is wrong."""
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


def apply_overrides(tree: Tree, overrides: Sequence[str], root: type[BaseModel]) -> list[Problem]:
    """Set `dotted.key=value` in a tree read for the section class `root`; return the problems."""
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
        try:
            parts = key_parts(key)
        except ValueError:
            problems.append(Problem(place, key, 'names joined by dots, as grid."stages.A.ask"=[1]'))
            continue
        problem = _set(tree, parts, value, place, root)
        if problem:
            problems.append(problem)
    return problems


def key_parts(key: str) -> list[str]:
    """Return the parts of a dotted key; a part in double quotes may hold dots, as in TOML.

    Raises
    ------
    ValueError
        If quotes do not hold a whole part.
    """
    if '"' not in key:
        return key.split(".")
    found = re.findall(r'(?:^|\.)(?:"([^"]+)"|([^".]+))', key)
    parts = [quoted or plain for quoted, plain in found]
    whole = ".".join(f'"{quoted}"' if quoted else plain for quoted, plain in found)
    if whole != key:
        raise ValueError(key)
    return parts


def _set(
    tree: Tree, parts: list[str], value: object, place: str, root: type[BaseModel]
) -> Problem | None:
    node: Any = tree
    for depth, part in enumerate(parts[:-1]):
        if isinstance(node, dict) and isinstance(node.get(part), list):
            return _set_in_list(node[part], parts, depth, value, place)
        if not isinstance(node.get(part), dict):
            where = ".".join(parts[: depth + 1])
            if part not in node and _names_are_free(parts[: depth + 1], root):
                node[part] = node = {}  # a table of numbers that the file leaves out
                continue
            known = {name for name, item in node.items() if isinstance(item, dict)}
            known |= {name for name in root.model_fields if not depth and _is_table(name, root)}
            if part in node:
                return Problem(place, where, "a table here; this is a single value")
            if depth and not known and _names_are_free(parts[:depth], root):
                quoted = f'{".".join(parts[:depth])}."{".".join(parts[depth:])}"'
                return Problem(place, where, f"a name with dots in double quotes, as {quoted}")
            return Problem(place, where, one_of(sorted(known)), nearest_name(part, known))
        node = node[part]
    last = parts[-1]
    is_new = last not in node and not _is_optional_list(parts, root)
    if is_new and not _names_are_free(parts[:-1], root):
        return Problem(place, ".".join(parts), one_of(sorted(node)), nearest_name(last, node))
    node[last] = value
    return None


def _set_in_list(
    items: list[Any], parts: list[str], depth: int, value: object, place: str
) -> Problem | None:
    """Set one key of one table of a list, as ``fees.0.rate_pa``."""
    where = ".".join(parts[: depth + 1])
    rest = parts[depth + 1 :]
    allowed = f"{where}.N.key with N from 0 to {len(items) - 1}"
    if len(rest) != 2 or not rest[0].isdecimal() or int(rest[0]) >= len(items):
        return Problem(place, ".".join(parts), allowed)
    table = items[int(rest[0])]
    if not isinstance(table, dict) or rest[1] not in table:
        known = sorted(table) if isinstance(table, dict) else []
        return Problem(place, ".".join(parts), one_of(known), nearest_name(rest[1], known))
    table[rest[1]] = value
    return None


def one_of(names: Sequence[str]) -> str:
    """Return the names allowed, in words."""
    return f"one of {', '.join(names) or '(no entries)'}"


def _is_optional_list(parts: Sequence[str], root: type[BaseModel]) -> bool:
    """Return whether a key at the top is a list that a file may leave out."""
    field = root.model_fields.get(parts[0]) if len(parts) == 1 else None
    return field is not None and not field.is_required() and Ellipsis in get_args(field.annotation)


def _names_are_free(table: Sequence[str], root: type[BaseModel]) -> bool:
    """Return whether the key path `table` leads to numbers named by the user, as by region."""
    model = _model_at(table[:-1], root)
    if model is None or not table or table[-1] not in model.model_fields:
        return False
    args = get_args(model.model_fields[table[-1]].annotation)
    return len(args) == 2 and args[0] is str and get_origin(args[1]) is Annotated


def _is_table(name: str, root: type[BaseModel]) -> bool:
    """Return whether a key at the top may be left out and leads to numbers named by the user."""
    return not root.model_fields[name].is_required() and _names_are_free([name], root)


def _model_at(loc: Sequence[str | int], root: type[BaseModel]) -> type[BaseModel] | None:
    """Return the section class that the key path `loc` leads into."""
    model: type[BaseModel] | None = root
    skip = False
    for part in loc:
        if skip:
            skip = False
            continue
        if model is None or part not in model.model_fields:
            return model
        annotation = model.model_fields[str(part)].annotation
        args = get_args(annotation)
        target, skip = annotation, False
        if len(args) == 2 and args[0] is str:
            target, skip = args[1], True
        elif len(args) == 2 and args[1] is NoneType:
            target = args[0]
        elif len(args) == 2 and args[1] is Ellipsis:
            target, skip = args[0], True
        model = target if isinstance(target, type) and issubclass(target, BaseModel) else None
    return model


def to_problems(
    file: Path, detail: ErrorDetails, changed: tuple[str, ...], root: type[BaseModel]
) -> list[Problem]:
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
        model = _model_at(loc[:-1], root)
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
