"""Policies that a visitor has saved by name, each a small file in `saved`."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path

from finmodel.errors import InputError, Problem
from finmodel.ui.packed import MOST_BYTES, as_text, from_text
from finmodel.ui.policy import Policy

FOLDER = "saved"
MOST_SAVED = 200
MOST_LETTERS = 60
_NAME = re.compile(r"[^\W_][\w \-]*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def checked_name(name: str) -> str:
    """Return a name that is safe as that of a file: letters of any script, digits, space, - _.

    A letter or a digit comes first, so that none reads as an option or is hidden.

    Raises
    ------
    InputError
    """
    plain = name.strip()
    rule = f"1 to {MOST_LETTERS} letters, digits, spaces, - and _, first a letter or a digit"
    if not plain:
        problem = Problem("name", "nothing", rule)
    elif len(plain) > MOST_LETTERS:
        problem = Problem("name", f"{len(plain)} characters", rule)
    elif not _NAME.fullmatch(plain):
        problem = Problem("name", repr(plain), rule)
    elif _RESERVED.fullmatch(plain):
        problem = Problem("name", repr(plain), "a name that no system keeps for itself")
    else:
        return plain
    raise InputError("saved scenario", [problem])


def save(policy: Policy, name: str, home: Path, *, may_replace: bool = False) -> None:
    """Save a policy under a name.

    Raises
    ------
    InputError
        If the name is not safe, there are too many, or another policy, perhaps of another visitor,
        has the name and may not be replaced.
    """
    folder = home / FOLDER
    file = folder / f"{checked_name(name)}.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists() and len(names(home)) >= MOST_SAVED:
        problem = Problem("saved", f"{MOST_SAVED} scenarios", "fewer: remove some first")
        raise InputError("saved scenario", [problem])
    if file.exists() and not may_replace and file.read_text(encoding="utf-8") != as_text(policy):
        problem = Problem("name", repr(name.strip()), "a name that nobody has used, or replace it")
        raise InputError("saved scenario", [problem])
    draft = folder / f".{secrets.token_hex(8)}.draft"
    draft.write_text(as_text(policy), encoding="utf-8")
    draft.replace(file)


def names(home: Path) -> list[str]:
    """Return the names of what is saved, in their order."""
    found = (path.stem for path in (home / FOLDER).glob("*.json") if path.is_file())
    return sorted(name for name in found if _NAME.fullmatch(name))


def load(name: str, home: Path) -> Policy:
    """Return a saved policy.

    Raises
    ------
    InputError
        If there is none of that name, or it cannot be read.
    """
    file = home / FOLDER / f"{checked_name(name)}.json"
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError):
        problem = Problem("name", repr(name), "the name of a saved scenario")
        raise InputError("saved scenario", [problem]) from None
    return from_text(text)


def remove(name: str, home: Path) -> None:
    """Remove a saved policy, if it is there."""
    with suppress(OSError):
        (home / FOLDER / f"{checked_name(name)}.json").unlink()
