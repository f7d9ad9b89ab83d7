"""What the gap explorer looks at, and what it is called."""

from __future__ import annotations

from typing import NamedTuple

from finmodel.report.gap_rows import ALL, Side
from finmodel.report.wording import Wording


class Choice(NamedTuple):
    """What is looked at.

    Attributes
    ----------
    region : str
        A code, or `all`.
    side : {'mcny', 'n'}
        Money or needs.
    """

    region: str
    side: Side


def place_name(region: str, words: Wording) -> str:
    """Return the name of a province, or of all together."""
    return words.text("gap_page", "all") if region == ALL else words.name(region)


def title_of(name: str, choice: Choice, words: Wording) -> str:
    """Return the title of a chart, with the province."""
    place = place_name(choice.region, words)
    return words.text("gap_page", f"title_{name}", name=place)
