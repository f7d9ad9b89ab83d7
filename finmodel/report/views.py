"""Tables as readers see them: named rows, headings with units, the digits that errors support."""

from __future__ import annotations

import pandas as pd

from finmodel.report.wording import Wording, to_digits


def gap_view_table(table: pd.DataFrame, dimension: str, wording: Wording) -> pd.DataFrame:
    """Return the gap by a dimension with headings in the language and money in the unit.

    Parameters
    ----------
    table : DataFrame
        A `gap_*` table of a run.
    dimension : str
        Its first column.
    wording : Wording
    """
    per, unit = wording.mcny_per_unit, wording.money_unit
    rows = table[table["gap_rate_mcny"].notna()]
    error, of_rate = rows["gap_mcny_se"] / per, 100 * rows["gap_rate_mcny_se"]

    def head(key: str) -> str:
        return wording.text("view", key, unit=unit)

    return pd.DataFrame(
        {
            head(dimension): [wording.name(code) for code in rows[dimension]],
            head("need"): (rows["viable_ask_mcny"] / per).round(3),
            head("gap"): to_digits(rows["gap_mcny"] / per, error, 3),
            head("gap_se"): to_digits(error, error, 3),
            head("rate"): to_digits(100 * rows["gap_rate_mcny"], of_rate, 2),
            head("rate_se"): to_digits(of_rate, of_rate, 2),
            head("rate_q05"): (100 * rows["gap_rate_mcny_q05"]).round(1),
            head("rate_q95"): (100 * rows["gap_rate_mcny_q95"]).round(1),
            head("needs"): rows["gap_n"].round(1),
        }
    )


def region_view(table: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the gap by province as readers see it; see :func:`gap_view_table`."""
    return gap_view_table(table, "region", wording)
