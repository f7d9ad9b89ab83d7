"""Tables of an allocation on a terminal of any width: what does not fit goes below."""

from __future__ import annotations

from rich.cells import cell_len
from rich.table import Table

from finmodel.report.allocation import Part
from finmodel.variables import Language, labels

_HEAD_WORD = 12
"""Columns that a word of a head gets at least, if it has as many; a longer one is folded."""
_FIRST = 10
"""Columns of the first column at least."""


def part_views(part: Part, width: int, lang: Language) -> list[Table]:
    """Return a table in words for a terminal, in as many parts as its columns need.

    Rich drops columns beyond the edge without a word and folds numbers in their middle.

    Parameters
    ----------
    part : Part
    width : int
        Of the terminal, in columns.
    lang : {'en', 'zh'}

    Returns
    -------
    list of Table
        The first column is in each of them, the note under the last.
    """
    n = len(part.head)
    natural = [_widest(part, c, _lines(part.head[c])) for c in range(n)]
    if _total(natural) <= width:
        return [_view(part, range(1, n), natural, part.heading, part.note)]
    least = [_widest(part, c, _words(part.head[c])) for c in range(n)]
    word = max(cell_len(item) for row in part.rows for item in [*row[0].split(), ""])
    word = min(max(word, _FIRST), width // 3)
    least = [min(item, max(width - word - 3, 1)) for item in least]
    spare = width - _total(least[1:]) - 1
    first = min(natural[0], spare if spare >= word else max(width // 4, word))
    groups: list[list[int]] = [[]]
    for c in range(1, n):
        if groups[-1] and _total([first, *(least[k] for k in [*groups[-1], c])]) > width:
            groups.append([])
        groups[-1].append(c)
    more = labels()["allocation"]["continued"][lang]
    return [
        _view(
            part,
            columns,
            [first, *least[1:]],
            part.heading if not g else f"{part.heading} {more}",
            part.note if g == len(groups) - 1 else "",
        )
        for g, columns in enumerate(groups)
    ]


def _view(
    part: Part, columns: range | list[int], widths: list[int], heading: str, note: str
) -> Table:
    view = Table(
        title=heading,
        title_justify="left",
        header_style="bold",
        padding=(0, 0),
        caption=note or None,
        caption_justify="left",
    )
    view.add_column(part.head[0], overflow="fold", width=widths[0])
    for c in columns:
        view.add_column(part.head[c], justify="right", overflow="fold", width=widths[c])
    for row in part.rows:
        view.add_row(row[0], *(row[c] for c in columns))
    return view


def _total(widths: list[int]) -> int:
    """Return the width of a table with its frame."""
    return sum(widths) + len(widths) + 1


def _widest(part: Part, column: int, head: list[int]) -> int:
    return max([1, *head, *(cell_len(row[column]) for row in part.rows)])


def _lines(head: str) -> list[int]:
    return [cell_len(line) for line in head.splitlines()]


def _words(head: str) -> list[int]:
    return [min(cell_len(word), _HEAD_WORD) for word in head.split()]
