"""Plain names of the numbers of a scenario, made from their dotted names and one catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache

from finmodel.datasets import provinces
from finmodel.report.wording import Wording
from finmodel.scenario import parameters
from finmodel.variables import Language, labels

MONEY = {"mcny": "", "mcny/year": "a_year"}
"""Units that are money, and the period that goes with each."""
_JOINTS: dict[Language, dict[str, str]] = {
    "en": {">": " → ", "/": ", ", "+": " + ", ":": ", "},
    "zh": {">": " → ", "/": "、", "+": " + ", ":": "、"},
}
"""What stands between the parts of an entry, and how it is read: a pair, a cluster, a class."""
_BEFORE = "每"
"""What a Chinese unit begins with that stands before its number."""
_CLAUSE = "programmes.*."
_OF_POLICY = re.compile(r"^([\w-]+):(?=\w+\.)")


def number_name(dotted: str, words: Wording) -> str:
    """Return what a number of a scenario is called, in plain words.

    Parameters
    ----------
    dotted : str
        As `--set` takes it; ``policy:`` may stand before it.
    words : Wording
        Its names, those of a scenario, come first; then those of the shipped scenarios.

    Returns
    -------
    str
        The dotted name itself if the catalogue does not know it.
    """
    before = _OF_POLICY.match(dotted)
    if before:
        inner = dotted[before.end() :]
        name = number_name(inner, words)
        return dotted if name == inner else _owned(words.name(before[1]), name, words)
    found = _found(dotted)
    if found is None:
        return dotted
    owner, part = _owner(found, words), _part(found, words)
    return _owned(owner, part, words) if owner else part


def number_part(dotted: str, words: Wording) -> str:
    """Return the plain name of a number without the programme, stage or the like that it is of.

    Parameters
    ----------
    dotted : str
        Or the bare name of a number of a programme, as of a question of an allocation.
    words : Wording
    """
    found = _found(dotted) or (None if "." in dotted else _found(f"programmes.x.{dotted}"))
    return dotted if found is None else _part(found, words)


def number_names(dotted: Iterable[str], words: Wording) -> dict[str, str]:
    """Return the plain name of each number; equal ones are told apart by their dotted names."""
    names = {str(name): number_name(str(name), words) for name in dotted}
    taken = list(names.values())
    return {
        name: words.text("number_word", "apart", name=plain, dotted=name)
        if taken.count(plain) > 1
        else plain
        for name, plain in names.items()
    }


def short_names(dotted: Iterable[str], words: Wording) -> dict[str, str]:
    """Return names without their owners if that leaves them apart, else whole."""
    names = list(dict.fromkeys(map(str, dotted)))
    parts = {name: number_part(name, words) for name in names}
    is_apart = len(set(parts.values())) == len(names)
    return parts if is_apart else number_names(names, words)


def unit_of(dotted: str) -> str:
    """Return the unit of a number as a scenario has it; empty if the schema has no such number."""
    found = _found(_OF_POLICY.sub("", dotted))
    return _units().get(found[0], "") if found else ""


def quoted(name: str, words: Wording) -> str:
    """Return a plain name as it stands in a sentence: names have commas, and stand in lists."""
    return words.text("number_word", "quoted", name=name)


def unit_name(unit: str, words: Wording) -> str:
    """Return what the unit of a number is called; as the scenario has it if it is not known."""
    known = labels()["number_unit"].get(unit)
    return known[words.language] if known else unit


def shown_unit(unit: str, words: Wording) -> tuple[float, str]:
    """Return by what a number is multiplied to be shown, and its unit: money in the chosen one.

    Parameters
    ----------
    unit : str
        Of the scenario.
    words : Wording
    """
    if unit not in MONEY:
        return 1.0, unit_name(unit, words)
    named = words.money_unit
    if MONEY[unit]:
        named = words.text("number_word", MONEY[unit], unit=named)
    return 1.0 / words.mcny_per_unit, named


def number_text(value: float, unit: str, words: Wording) -> str:
    """Return a number with its unit to three digits: money in the chosen unit, shares in per cent.

    Parameters
    ----------
    value : float
        In the unit of the scenario.
    unit : str
        Of the scenario; empty if it is not known.
    words : Wording
    """
    if unit == "share":
        return f"{plain_figure(100.0 * value)}%"
    scale, named = shown_unit(unit, words)
    return joined_unit(plain_figure(value * scale), named, words)


def joined_unit(figure: str, named: str, words: Wording) -> str:
    """Return a figure and the name of its unit, in the order of the language."""
    if words.language == "zh" and named.startswith(_BEFORE):
        return f"{named}{figure}"
    gap = " " if named and words.language == "en" else ""
    return f"{figure}{gap}{named}"


def plain_figure(value: float) -> str:
    """Return a number to three digits, neither in powers of ten nor with zeros at its end."""
    if not math.isfinite(value) or value == 0.0:
        return "0" if value == 0.0 else "-"
    digits = 2 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@cache
def _units() -> dict[str, str]:
    table = parameters()
    return dict(zip(table["name"], table["unit"], strict=True))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {
        pattern: re.compile(r"([^.]+)".join(map(re.escape, pattern.split("*"))))
        for pattern in _texts()
    }


@cache
def _texts() -> dict[str, dict[str, str]]:
    """Return the texts by pattern; a clause has the one that the guidance lab shows."""
    clauses = {
        f"{_CLAUSE}{name}": {"en": text["en"][:1].lower() + text["en"][1:], "zh": text["zh"]}
        for name, text in labels()["clause"].items()
    }
    return {**labels()["number"], **clauses}


@lru_cache(maxsize=100_000)
def _found(dotted: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the key of the catalogue that a dotted name fits, and what stands for its stars."""
    if dotted in _texts():
        return dotted, ()
    for pattern, expression in _patterns().items():
        found = expression.fullmatch(dotted)
        if found:
            return pattern, found.groups()
    return None


def _owner(found: tuple[str, tuple[str, ...]], words: Wording) -> str:
    """Return whose number it is: a star with something after it; empty without one."""
    pattern, parts = found
    return _entry(pattern, parts[0], words) if ".*." in pattern else ""


def _part(found: tuple[str, tuple[str, ...]], words: Wording) -> str:
    pattern, parts = found
    entry = _entry(pattern, parts[-1], words) if pattern.endswith(".*") else ""
    return _texts()[pattern][words.language].format(entry=entry)


def _entry(pattern: str, key: str, words: Wording) -> str:
    """Return the name of a key of a scenario; of one with several parts, of each part."""
    pieces = re.split(r"([>/+:])", key)
    section = pattern.partition(".")[0]
    joints = _JOINTS[words.language]
    return "".join(joints.get(piece) or code_name(section, piece, words) for piece in pieces)


def code_name(section: str, key: str, words: Wording) -> str:
    """Return what a key of a section of a scenario is called; the key if nothing says.

    Parameters
    ----------
    section : str
        As `stages` or `lps`.
    key : str
        Of a stage, a programme, a region and so on.
    words : Wording
    """
    for own in (f"{section}.{key}", key):
        if own in words.names:
            return words.names[own]
    for name in ("number_owner", "number_entry"):
        if key in labels()[name]:
            return labels()[name][key][words.language]
    return _regions(words.language).get(key, key)


@cache
def _regions(language: Language) -> dict[str, str]:
    table = provinces()
    return dict(zip(table["iso"], table[f"name_{language}"], strict=True))


def _owned(owner: str, part: str, words: Wording) -> str:
    return words.text("number_word", "owner", owner=owner, part=part)
