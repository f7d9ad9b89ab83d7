"""What a result was made with that is not as shipped: the `--set` of its command, in words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from finmodel.datasets.root import scenarios_root
from finmodel.report.wording import Wording
from finmodel.variables import labels

FEW_FUTURES = 30
"""Below this a result is called a preview wherever it is told."""
OF_SCENARIOS = ("run", "compare", "why")
"""Commands whose `--set` changes a scenario; that of the others changes a plan."""
_MONEY = ("budget_mcny_pa", "fund_size_mcny")


def from_root(parts: Sequence[str]) -> list[str]:
    """Return parts of a command with files of the project named from its root.

    A place on one machine is of no use elsewhere, and nobody's business.
    """
    root = f"{scenarios_root().resolve().parent}/"
    return [part.removeprefix(root) for part in parts]


def changes_of(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return the numbers that a command set, by dotted name, as they were typed.

    Parameters
    ----------
    manifest : mapping
        Of a stored result.
    """
    command = manifest.get("command")
    parts = [str(part) for part in command] if isinstance(command, list) else []
    if len(parts) < 2 or parts[1] not in OF_SCENARIOS:
        return {}
    found = {}
    for option, text in itertools.pairwise(parts):
        if option == "--set" and "=" in text:
            key, _, value = text.partition("=")
            found[key.strip()] = value.strip()
    return found


def changed_sentences(manifest: Mapping[str, object], words: Wording) -> list[str]:
    """Return each number that was set, with its name and unit where there are words for it.

    Parameters
    ----------
    manifest : mapping
        Of a stored result.
    words : Wording
        With the names of the result.
    """
    return [_sentence(key, value, words) for key, value in changes_of(manifest).items()]


def preview_warning(manifest: Mapping[str, object], words: Wording) -> str:
    """Return what is to be known of a result of few futures; nothing for others."""
    try:
        paths = int(str(manifest.get("paths")))
    except ValueError:
        return ""
    return words.text("memo", "preview", n=paths) if paths < FEW_FUTURES else ""


def _sentence(key: str, value: str, words: Wording) -> str:
    clauses = labels()["clause"]
    place, _, last = key.rpartition(".")
    owner = place.rpartition(".")[2]
    try:
        number = float(value)
    except ValueError:
        return f"{key} = {value}"
    if last in _MONEY:
        called = words.text("lab", "budget", unit=words.money_unit)
        called = called if last == _MONEY[0] else clauses[last][words.language]
        return f"{called}: {words.money(number)}"
    if last in clauses:
        return f"{clauses[last][words.language]}: {number:,.6g}"
    if owner in ("region_share", "mandate", "sector_mandate"):
        return words.text("memo", f"set_{owner}", name=words.name(last), share=f"{number:.1%}")
    return f"{key} = {value}"
