"""Where a number comes from, by the title, publisher and year of its source."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from finmodel.datasets import sources
from finmodel.report.result import sources_used
from finmodel.report.wording import Wording

OWN = "user"
"""In place of a source of a number that a visitor has set."""
UNNAMED = ("assumption", OWN)
"""What stands in place of a source where there is none."""
_WEB = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:/[A-Za-z0-9/._~%?=&#+,!*@-]*)?")
"""An address that is one from end to end, without what Markdown would read."""


@dataclass(frozen=True)
class Source:
    """A source in words.

    Attributes
    ----------
    text : str
        Code, title, publisher, year.
    url : str
        Where it was found; empty if the table has no whole address.
    """

    text: str
    url: str


def sources_named(inputs: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return the sources that inputs name, none without a title.

    Parameters
    ----------
    inputs : DataFrame
        Table `assumptions`.
    words : Wording

    Returns
    -------
    DataFrame
        As :func:`finmodel.report.result.sources_used`.
    """
    table = sources_used(inputs)
    titles = [
        str(title)
        or words.text("assumptions_page", "own_source" if code == OWN else "unknown_source")
        for code, title in zip(table["source_id"], table["title"], strict=True)
    ]
    return table.assign(title=titles)


def named_sources(ids: str, words: Wording) -> list[Source]:
    """Return the sources that a number names; none for an assumption or a visitor's own number.

    Parameters
    ----------
    ids : str
        Codes joined by ``;``.
    words : Wording
    """
    listed = sources().set_index("source_id")
    found = []
    for code in dict.fromkeys(part.strip() for part in ids.split(";")):
        if not code or code in UNNAMED:
            continue
        if code not in listed.index:
            text = f"{code}: {words.text('assumptions_page', 'unknown_source')}"
            found.append(Source(text, ""))
            continue
        row = listed.loc[code].fillna("")
        comma = words.text("grades", "list_comma")
        rest = comma.join(str(row[key]) for key in ("publisher", "year") if str(row[key]))
        text = words.text("grades", "source", code=code, title=row["title"], rest=rest)
        url = str(row["url"])
        found.append(Source(text, url if _WEB.fullmatch(url) else ""))
    return found
