"""Colours, fonts and sizes that all charts share, and charts as pictures."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import vl_convert as vlc

INK, GREY, PALE = "#222222", "#6b7780", "#c9d6df"
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#B3261E",
    "#8C4A78",
    "#56B4E9",
)
"""Orange and sky are for areas only: as lines or text on white they are too pale."""
CATEGORIES = (BLUE, RED, GREEN, PURPLE)
SEQUENCE = ("#eef4f8", "#08519c")
"""Low to high of a share; the scale is fixed so that scenarios compare."""
GAIN, LOSS = "#0072B2", "#B3261E"
FONT = "Noto Sans CJK SC, Inter, Microsoft YaHei, PingFang SC, sans-serif"
PNG_SCALE = 2.0
TITLE_WIDTH = 46
NO_LINE_STARTS = tuple("，。；：、）”》%")

CONFIG = alt.Config(
    font=FONT,
    view=alt.ViewConfig(stroke=None),
    axis=alt.AxisConfig(labelColor=INK, titleColor=INK, titleFontWeight="normal", labelLimit=220),
    legend=alt.LegendConfig(labelColor=INK, titleColor=INK, titleFontWeight="normal"),
    title=alt.TitleConfig(anchor="start", color=INK, fontSize=14),
)

AnyChart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart | alt.FacetChart


def finish(chart: AnyChart, alt_text: str) -> AnyChart:
    """Return a chart in the common look.

    Parameters
    ----------
    chart : Altair chart
    alt_text : str
        What a screen reader says: the caption.
    """
    # In one copy: each property set by itself copies every layer anew, which pages wait for.
    finished: AnyChart = chart.copy(deep=False)
    finished.description, finished.config = alt_text, CONFIG
    if isinstance(chart.title, str):
        finished.title = title_lines(chart.title)
    return finished


def title_lines(title: str, most: int = TITLE_WIDTH) -> list[str]:
    """Return a text in lines of so many letters at most; a Chinese letter is two wide.

    The default is what a phone has room for in a title. One long word stays whole.
    """
    lines, width = [""], 0
    for part in re.findall(r"\S+\s*|\s+", title):
        pieces = [part] if part.isascii() else re.findall(r"[\x21-\x7e]+\s*|.", part)
        for piece in pieces:
            size = sum(1 if letter.isascii() else 2 for letter in piece)
            may_break = piece.strip() not in NO_LINE_STARTS
            if width + size > most and lines[-1] and may_break:
                lines.append("")
                width = 0
            lines[-1] += piece
            width += size
    return [line.strip() for line in lines]


def svg_of(chart: AnyChart) -> str:
    """Return a chart as SVG."""
    return str(vlc.vegalite_to_svg(_spec(chart)))


def png_of(chart: AnyChart) -> bytes:
    """Return a chart as PNG on white, at twice its size."""
    return bytes(vlc.vegalite_to_png(_spec(chart), scale=PNG_SCALE))


def _spec(chart: AnyChart) -> dict[str, Any]:
    """Return the specification with a width where a page would have given one."""
    spec: dict[str, Any] = chart.to_dict()
    if spec.get("width") == "container":
        spec["width"] = 640
    spec.setdefault("background", "white")
    return spec
