"""What a picture or a table says of itself when it is passed on: which result, and how firm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from finmodel.report.changes import base_changes, changes_of, is_preview, preview_warning
from finmodel.report.grades import ASSUMED, tally
from finmodel.report.result import Result, kind_of
from finmodel.report.wording import Wording

Badge = Literal["baseline", "published", "sandbox"]
COLUMN = "finmodel"
"""Heading of the column that says where the rows of a CSV are from."""
SHORT = 8
"""Letters of a digest where there is little room."""


def badge_of(result: Result | None) -> Badge:
    """Return what a result is: the shipped baseline, another shipped one, or somebody's own.

    Parameters
    ----------
    result : Result or None
        None for what is not stored, as a run that was stopped.
    """
    if result is None or result.origin != "published":
        return "sandbox"
    scenario = result.manifest.get("scenario")
    has_policy = isinstance(scenario, Mapping) and bool(scenario.get("programmes"))
    is_plain = kind_of(result.tables) == "run" and not changes_of(result.manifest)
    return "baseline" if is_plain and not has_policy else "published"


def mark_lines(
    result: Result | None, words: Wording, subject: str = "", stopped: int = 0
) -> list[str]:
    """Return what stands under a picture that is taken away.

    Parameters
    ----------
    result : Result or None
        None for what is not stored.
    words : Wording
    subject : str
        What of the result the picture is of: a policy, a group.
    stopped : int
        Futures after which what is not stored was stopped; 0 if it was not.

    Returns
    -------
    list of str
        What it is; what it is not; what it rests on, and that it is a preview, where so.
    """
    comma = words.text("mark", "between")
    parts = [words.text("mark", badge_of(result)), *([subject] if subject else [])]
    if result is None:
        parts.append(_unstored(words, stopped))
    else:
        parts.append(_title(result, words))
        parts.append(words.text("mark", "digest", digest=plain_name(result.key)))
        about = result.manifest
        if about.get("paths"):
            parts.append(words.text("mark", "paths", paths=about["paths"]))
    parts.append(words.text("mark", "unit", unit=words.money_unit))
    said = [comma.join(parts), words.text("memo", "advice")]
    if result is None:
        return said
    counts = tally(result)
    if counts is None:
        said.append(words.text("grades", "unknown"))
    elif counts[ASSUMED]:
        key = "varied" if "numbers" in set(result.tables) else "assumed"
        said.append(words.text("grades", key, n=sum(counts.values()), **counts))
    preview = preview_warning(result.manifest, words)
    return [*said, preview] if preview else said


def mark_line(result: Result | None, words: Wording, subject: str = "", stopped: int = 0) -> str:
    """Return the same in a few words, as it stands over a chart and in every row of a CSV."""
    parts = [words.text("mark", badge_of(result)), *([subject] if subject else [])]
    parts.append(plain_name(result.key)[:SHORT] if result else _unstored(words, stopped))
    if result is not None and kind_of(result.tables) and is_preview(result.manifest):
        parts.append(words.text("mark", "preview", paths=result.manifest["paths"]))
    parts.append(words.text("mark", "advice"))
    return words.text("mark", "between").join(parts)


def marked(
    data: pd.DataFrame, result: Result | None, words: Wording, subject: str = "", stopped: int = 0
) -> pd.DataFrame:
    """Return a table with a last column that says what it is of: a file's name does not last."""
    return data.assign(**{COLUMN: mark_line(result, words, subject, stopped)})


def file_name(
    what: str, result: Result | None, language: str, ending: str, stopped: int = 0
) -> str:
    """Return the name of a file: what it shows, what kind of result, its digest, its language."""
    digest = plain_name(result.key) if result else "partial" if stopped else "unsaved"
    return f"finmodel_{plain_name(what)}_{badge_of(result)}_{digest}_{language}.{ending}"


def plain_name(name: str, most: int = 64) -> str:
    """Return the letters, digits, ``-`` and ``_`` of a name: a folder may have any."""
    return re.sub(r"[^A-Za-z0-9_-]", "", name)[:most]


def _unstored(words: Wording, stopped: int) -> str:
    """Return that something is not stored, and that it is a part where a run was stopped."""
    return words.text("mark", "partial", n=stopped) if stopped else words.text("mark", "unsaved")


def _title(result: Result, words: Wording) -> str:
    """Return what a result is of; of a comparison, which policies against what."""
    title, n = result.title(words.language), len(base_changes(result.manifest))
    title = words.text("memo", "changed", title=title, n=n) if n else title
    policies = list(result.policies)
    if len(policies) == 1:
        name = result.named(words).name(policies[0])
        return words.text("mark", "against", policy=name, title=title)
    several = words.text("mark", "several", n=len(policies), title=title)
    return several if policies else title
