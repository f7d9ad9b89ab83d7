"""Validation messages in the words of a scenario file: tables, lists, numbers, text."""

from __future__ import annotations

from pydantic_core import ErrorDetails

_WORDS = {
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "string_too_short": "text that is not empty",
}


def plain_words(detail: ErrorDetails) -> str:
    """Return what would be allowed, without the validator's own vocabulary."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        side = "at least" if kind == "too_short" else "at most"
        return f"{side} {bound} entries"
    return detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
