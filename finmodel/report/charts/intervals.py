"""Values with two ranges, each in its own look: luck as a pale bar, simulation error as a line."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from finmodel.report.charts.theme import BLUE, INK, PALE, AnyChart, finish

WIDTH, ROW = 420, 26
COLUMNS = ("label", "value", "se", "low", "high")


def interval_chart(
    rows: pd.DataFrame, *, reach: float, title: str, axis: str, alt_text: str
) -> AnyChart:
    """Return dots with a pale bar for nine in ten futures and a line for simulation error.

    Parameters
    ----------
    rows : DataFrame
        `label` (str), `value`, `se` (standard error), `low`, `high` (5 and 95 % of futures), in the
        unit of the axis. Rows whose value is not finite are left out; a bar without ends too.
    reach : float
        Standard errors from the dot to an end of the line, as :attr:`Wording.reach`: what the line
        leaves out is told. Infinity, of one path, gives no line.
    title, axis : str
        The axis with its unit.
    alt_text : str
    """
    known = rows[rows["value"].notna()].reset_index(drop=True)
    error = (reach * known["se"]).fillna(0.0) if math.isfinite(reach) else 0.0 * known["value"]
    known = known.assign(near=known["value"] - error, far=known["value"] + error)
    order = list(dict.fromkeys(known["label"]))
    row = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, ticks=False))

    def along(name: str) -> alt.X:
        return alt.X(f"{name}:Q", title=axis, axis=alt.Axis(gridColor="#eceff1"))

    base = alt.Chart(known)
    bars = alt.Chart(known[known["low"].notna() & known["high"].notna()])
    layers = [
        bars.mark_bar(size=12, color=PALE).encode(y=row, x=along("low"), x2="high:Q"),
        base.mark_rule(strokeWidth=2, color=INK).encode(y=row, x=along("near"), x2="far:Q"),
        base.mark_point(filled=True, size=70, opacity=1, color=BLUE).encode(
            y=row, x=along("value")
        ),
        alt.Chart(pd.DataFrame({"zero": [0.0]}))
        .mark_rule(color=INK, strokeDash=[3, 3])
        .encode(x="zero:Q"),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH, height={"step": ROW}, title=title)
    return finish(chart, alt_text)
