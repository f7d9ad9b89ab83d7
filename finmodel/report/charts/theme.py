"""Colours, fonts and sizes that all charts share, and charts as pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import altair as alt
import vl_convert as vlc

INK, GREY, PALE, BLACK = "#222222", "#5f6b74", "#c9d6df", "#000000"
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#B3261E",
    "#8C4A78",
    "#56B4E9",
)
"""Orange, sky and pale are for areas only, which `CONFIG` outlines: alone they are too pale."""
CATEGORIES = (BLUE, RED, GREEN, PURPLE)
SEQUENCE = ("#eef4f8", "#08519c")
"""Low to high of a share; the scale is fixed so that scenarios compare."""
LIGHT_TEXT_SHARE = 0.757
"""Of that scale: below it black text can be read on the colour, above it white, at 4.5 or more."""
GAIN, LOSS = "#0072B2", "#B3261E"
FONT = "Noto Sans CJK SC, Inter, Microsoft YaHei, PingFang SC, sans-serif"
PNG_SCALE = 2.0
TITLE_WIDTH = 46
FOOT_SIZE, FOOT_LINE, FOOT_LEFT = 10, 15, 8
FOOT_LETTER, FOOT_LEAST = 5.6, 320.0
"""Of texts under a picture, in pixels; a letter is as wide as this on the average."""
_SIZE = re.compile(r'<svg[^>]* width="(?P<width>[0-9.]+)" height="(?P<height>[0-9.]+)"')
NO_LINE_STARTS = tuple("，。；：、）”》%·")

CONFIG = alt.Config(
    font=FONT,
    view=alt.ViewConfig(stroke=None),
    bar=alt.BarConfig(stroke=GREY, strokeWidth=0.7),
    area=alt.AreaConfig(stroke=GREY, strokeWidth=0.7),
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
    """Return a text in lines of so many letters at most: what a phone has room for in a title."""
    return broken(title, most)


def broken(text: str, most: int) -> list[str]:
    """Return a text in lines of so many letters at most; a Chinese letter is two wide."""
    lines, width = [""], 0
    for part in re.findall(r"\S+\s*|\s+", text):
        pieces = [part] if part.isascii() else re.findall(r"[\x21-\x7e]+\s*|.", part)
        whole = (piece[k : k + most] for piece in pieces for k in range(0, len(piece), most))
        for piece in whole:
            size = sum(1 if letter.isascii() else 2 for letter in piece)
            may_break = piece.strip() not in NO_LINE_STARTS
            if width + size > most and lines[-1] and may_break:
                lines.append("")
                width = 0
            lines[-1] += piece
            width += size
    return [line.strip() for line in lines]


def text_colour(is_dark: str) -> Any:
    """Return the colour of text on the colours of a scale.

    Parameters
    ----------
    is_dark : str
        Expression of Vega: whether a row's place on the scale is from `LIGHT_TEXT_SHARE` on.
    """
    return alt.condition(is_dark, alt.value("white"), alt.value(BLACK))


def svg_of(chart: AnyChart) -> str:
    """Return a chart as SVG."""
    return str(vlc.vegalite_to_svg(_spec(chart)))


def png_of(chart: AnyChart, under: Sequence[str] = ()) -> bytes:
    """Return a chart as PNG on white, at twice its size.

    Parameters
    ----------
    chart : Altair chart
    under : sequence of str
        Texts below it, each from a line of its own.
    """
    svg = svg_of(chart)
    return bytes(vlc.svg_to_png(with_foot(svg, under) if under else svg, scale=PNG_SCALE))


def with_foot(svg: str, texts: Sequence[str]) -> str:
    """Return a picture with texts below it, broken where it ends.

    Parameters
    ----------
    svg : str
        From :func:`svg_of`.
    texts : sequence of str
        Plain; what XML would read is escaped.
    """
    found = _SIZE.search(svg)
    if found is None:
        return svg
    width, height = float(found["width"]), float(found["height"])
    wide = max(width, FOOT_LEAST)
    letters = int((wide - 2 * FOOT_LEFT) / FOOT_LETTER)
    plain = ["".join(c if c.isprintable() else " " for c in text) for text in texts]
    lines = [line for text in plain for line in broken(text, letters)]
    tall = height + FOOT_LINE * (len(lines) + 1)
    size = f'width="{wide:g}" height="{tall:g}" viewBox="0 0 {wide:g} {tall:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" {size}>'
    rows = "".join(
        f'<text x="{FOOT_LEFT}" y="{height + FOOT_LINE * (n + 1):g}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return (
        f'{head}<rect width="100%" height="100%" fill="white"/>{svg}'
        f'<g font-family="{escape(FONT)}" font-size="{FOOT_SIZE}" fill="{INK}">{rows}</g></svg>'
    )


def with_line(chart: AnyChart, line: str) -> AnyChart:
    """Return a chart with a small line under its title, which a browser's own picture has too."""
    told: AnyChart = chart.copy(deep=False)
    title: dict[str, Any] = {"text": ""}
    if isinstance(chart.title, str | list):
        title = {"text": chart.title}
    elif isinstance(chart.title, alt.TitleParams):
        title = chart.title.to_dict()
    own = title.get("subtitle", [])
    lines = [own] if isinstance(own, str) else list(own)
    title["subtitle"] = lines + broken(line, TITLE_WIDTH + 12)
    look: dict[str, Any] = {"subtitleColor": GREY, "subtitleFontSize": FOOT_SIZE}
    told.title = alt.TitleParams(**(look | title))
    return told


def _spec(chart: AnyChart) -> dict[str, Any]:
    """Return the specification with a width where a page would have given one."""
    spec: dict[str, Any] = chart.to_dict()
    if spec.get("width") == "container":
        spec["width"] = 640
    spec.setdefault("background", "white")
    return spec
