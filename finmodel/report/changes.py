"""What a result was made with that is not as shipped: the `--set` of its command, in words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from finmodel.datasets.root import scenarios_root
from finmodel.report.number_names import joined_unit, number_name, number_part, shown_unit, unit_of
from finmodel.report.wording import Wording

FEW_FUTURES = 30
"""Below this a result is called a preview wherever it is told."""
OF_SCENARIOS = ("run", "compare", "why")
"""Commands whose `--set` changes a scenario; that of the others changes a plan."""


OF_POLICIES = ("programmes.", "levers.")


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


def base_changes(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return the changes of what a result is called after: of a comparison, of its baseline.

    What only policies have, programmes and levers, is changed in them.
    """
    found = changes_of(manifest)
    if "policies" not in manifest:
        return found
    return {key: value for key, value in found.items() if not key.startswith(OF_POLICIES)}


def policy_title(title: str, manifest: Mapping[str, object], words: Wording) -> str:
    """Return the title of a policy of a comparison: one that was edited is not what it was."""
    n = sum(key.startswith(OF_POLICIES) for key in changes_of(manifest))
    return words.text("memo", "edited", title=title, n=n) if n else title


def changed_sentences(manifest: Mapping[str, object], words: Wording) -> list[tuple[str, str]]:
    """Return each number that was set, in plain words with its unit, and its dotted name.

    Parameters
    ----------
    manifest : mapping
        Of a stored result.
    words : Wording
        With the names of the result.
    """
    return [(change_text(key, value, words), key) for key, value in changes_of(manifest).items()]


def change_text(key: str, value: str, words: Wording, *, is_short: bool = False) -> str:
    """Return a change of a number in plain words: its name, and its value as it was set.

    Parameters
    ----------
    key : str
        Dotted name.
    value : str
        As it was typed; what is not a number stays so.
    words : Wording
    is_short : bool
        Whether it is known whose number it is.
    """
    name = number_part(key, words) if is_short else number_name(key, words)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if name == key or not math.isfinite(number):
        return f"{key} = {value}"
    shown = _value(number, unit_of(key), words)
    return words.text("number_word", "owner", owner=name, part=shown)


def _value(number: float, unit: str, words: Wording) -> str:
    """Return a value that somebody set, with all of its digits up to ten."""
    if unit == "share":
        return f"{100.0 * number:,.10g}%"
    scale, named = shown_unit(unit, words)
    return joined_unit(f"{number * scale:,.10g}", named, words)


def preview_warning(manifest: Mapping[str, object], words: Wording) -> str:
    """Return what is to be known of a result of few futures; nothing for others."""
    if not is_preview(manifest):
        return ""
    return words.text("memo", "preview", n=manifest["paths"], few=FEW_FUTURES)


def is_preview(manifest: Mapping[str, object]) -> bool:
    """Return whether a result is of few futures; not if it does not say of how many."""
    try:
        return int(str(manifest.get("paths"))) < FEW_FUTURES
    except ValueError:
        return False
