"""Why there is a gap, for the terminal: parts that add up to it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd
from rich.table import Table

from finmodel.report.terminal import Names, with_error
from finmodel.units import MCNY_PER_BN
from finmodel.variables import labels

LEFT, WHOLE = "remainder", "gap"


def why_headline(frame: pd.DataFrame) -> str:
    """Return the answer in a sentence, from the table of parts of all groups together."""
    parts = frame.set_index("part")["gap_mcny"]
    gap = float(parts[WHOLE])
    if gap <= 0.0:
        return "There is no gap in this scenario, so nothing to split."
    names = labels()["friction"]
    frictions = parts.drop([LEFT, WHOLE]).sort_values(ascending=False)
    texts = [
        f"{names[str(name)]['en'].lower()} {value / MCNY_PER_BN:.3g} bn ({value / gap:.0%})"
        for name, value in frictions.items()
    ]
    return (
        f"Why {gap / MCNY_PER_BN:.3g} bn CNY a year go unfunded: {', '.join(texts)}; "
        f"{parts[LEFT] / MCNY_PER_BN:.2g} bn are left with all off."
    )


def why_view(frame: pd.DataFrame, title: str) -> Table:
    """Return the parts of the whole gap: in money, as a share, as a rate, in needs.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.study.parts.why_table` without groups.
    title : str
    """
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column("Part", no_wrap=True)
    for heading in (
        "bn CNY",
        "% of\nthe gap",
        "points of\ngap rate",
        "off\nfirst",
        "off\nlast",
        "needs",
    ):
        view.add_column(heading, justify="right", overflow="fold")  # never cut a number
    rows = frame.set_index("part").to_dict("index")
    names = labels()["friction"]
    for name, row in rows.items():
        if name == WHOLE:
            view.add_section()
        view.add_row(
            names[str(name)]["en"],
            _bn(row, "gap_mcny"),
            "100" if name == WHOLE else _percent(row),
            with_error(row["gap_rate_mcny"], row["gap_rate_mcny_se"], scale=100),
            _bn(row, "gap_mcny_first"),
            _bn(row, "gap_mcny_last"),
            with_error(row["gap_n"], row["gap_n_se"]),
        )
    return view


def why_groups_view(frame: pd.DataFrame, by: str, title: str, names: Names) -> Table:
    """Return the gap of each group and its parts in per cent of it, a row a group.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.study.parts.why_table` by `by` alone.
    by : {'region', 'stage'}
    title : str
    names : mapping of str
        Display names of the groups and of `by`.
    """
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(names.get(by, by), no_wrap=True)
    view.add_column("gap\nbn CNY", justify="right", overflow="fold")
    for heading in (
        "scar-\ncity",
        "dis-\ntance",
        "infor-\nmation",
        "man-\ndates",
        "search",
        "left",
    ):
        view.add_column(heading, justify="right", overflow="fold")  # never cut a number
    for group, rows in frame.groupby(by, sort=False):
        parts = {str(row["part"]): row for row in rows.to_dict("records")}
        shares = [_percent(row) for part, row in parts.items() if part != WHOLE]
        view.add_row(names.get(str(group), str(group)), _bn(parts[WHOLE], "gap_mcny"), *shares)
    return view


def _bn(row: Mapping[Hashable, float], column: str) -> str:
    return with_error(row[column], row[f"{column}_se"], scale=1 / MCNY_PER_BN)


def _percent(row: Mapping[Hashable, float]) -> str:
    return with_error(row["gap_share_mcny"], row["gap_share_mcny_se"], scale=100)
