"""Charts of a calibration as SVG: curves, hazards by time since the round, sizes."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd
import vl_convert as vlc

WIDTH, HEIGHT = 260, 200
BLUE, ORANGE, INK, GREY = "#0072B2", "#D55E00", "#222222", "#9aa5b1"

Words = Mapping[str, str]


def curve_chart(frame: pd.DataFrame, words: Words, names: Mapping[str, str]) -> str:
    """Return graduation curves by stage: fitted and held-out cohorts with bands, and the market.

    Parameters
    ----------
    frame : DataFrame
        `stage`, `months`, `share`, `low_95`, `high_95`, `kind` (``fitted``, ``held``,
        ``simulated``).
    words : mapping of str
    names : mapping of str
        Names of stages.
    """
    x = alt.X("months:Q", title=words["months"])
    panels = []
    for stage, own in frame.groupby("stage", sort=False):
        layers: list[alt.Chart] = []
        for kind, colour in (("fitted", BLUE), ("held", ORANGE)):
            part = own[own["kind"] == kind]
            if part.empty:
                continue
            base = alt.Chart(part)
            band = base.mark_area(opacity=0.18, color=colour)
            y = alt.Y("share:Q", title=words["share"], axis=alt.Axis(format="%"))
            layers.append(band.encode(x=x, y=alt.Y("low_95:Q", title=""), y2="high_95:Q"))
            layers.append(base.mark_line(color=colour).encode(x=x, y=y))
        part = own[own["kind"] == "simulated"]
        line = alt.Chart(part).mark_line(color=INK, strokeWidth=2.5)
        layers.append(line.encode(x=x, y=alt.Y("share:Q", title=words["share"])))
        title = names.get(str(stage), str(stage))
        panels.append(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title))
    return _svg(alt.hconcat(*panels))


def hazard_chart(frame: pd.DataFrame, words: Words) -> str:
    """Return observed (points) and predicted (line) events by time, a panel a stage.

    `frame` has `stage`, `quarter`, `observed`, `predicted`.
    """
    panels = []
    for stage, own in frame.groupby("stage", sort=False):
        base = alt.Chart(own)
        x = alt.X("quarter:Q", title=words["quarters"])
        line = base.mark_line(color=GREY).encode(x=x, y=alt.Y("predicted:Q", title=""))
        dots = base.mark_point(filled=True, color=BLUE, size=50).encode(
            x=x, y=alt.Y("observed:Q", title=words["observed"])
        )
        panels.append((line + dots).properties(width=180, height=140, title=str(stage)))
    return _svg(alt.hconcat(*panels))


def quantile_chart(frame: pd.DataFrame, words: Words) -> str:
    """Return quantiles of standardised log amounts against the normal's, a panel a stage."""
    line = pd.DataFrame({"z": [-2.6, 2.6]})
    panels = []
    for stage, own in frame.groupby("stage", sort=False):
        x = alt.X("normal:Q", title=words["normal"])
        dots = (
            alt.Chart(own)
            .mark_point(color=BLUE, size=12)
            .encode(x=x, y=alt.Y("observed:Q", title=words["residual"]))
        )
        rule = alt.Chart(line).mark_line(color=GREY).encode(x="z:Q", y="z:Q")
        panels.append((rule + dots).properties(width=180, height=180, title=str(stage)))
    return _svg(alt.hconcat(*panels))


def _svg(chart: alt.HConcatChart) -> str:
    return str(vlc.vegalite_to_svg(chart.to_dict()))
