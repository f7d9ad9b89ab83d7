"""One picture of a run as SVG, drawn without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

import pandas as pd

from finmodel.units import MCNY_PER_BN

WIDTH, ROW, LEFT, TOP = 720, 44, 110, 64
BLUE, GREY, INK = "#0072B2", "#c9d6df", "#222222"


def gap_picture(frame: pd.DataFrame, dimension: str, title: str, names: Mapping[str, str]) -> str:
    """Return a bar chart of viable needs and the gap, with the range of nine in ten futures.

    Parameters
    ----------
    frame : DataFrame
        From :func:`finmodel.measure.gap_table` by `dimension`.
    dimension : str
    title : str
    names : mapping of str
        Display names of the groups.

    Returns
    -------
    str
        An SVG document. The grey bar is the viable need, the blue part is unfunded, the
        black line spans nine in ten simulated futures.
    """
    height = TOP + ROW * len(frame) + 40
    most = float((frame["viable_ask_mcny"] / MCNY_PER_BN).max()) or 1.0
    scale = (WIDTH - LEFT - 130) / most

    def text(x: float, y: float, words: str, size: int = 13, weight: str = "normal") -> str:
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
            f'fill="{INK}">{escape(words)}</text>'
        )

    def bar(y: float, length: float, colour: str) -> str:
        return f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="22" fill="{colour}"/>'

    parts = [text(14, 26, title, 16, "bold")]
    parts.append(text(14, 46, "bn CNY a year: viable needs (grey), unfunded (blue)", 12))
    for j, row in enumerate(frame.to_dict("records")):
        y = TOP + ROW * j
        need = row["viable_ask_mcny"] / MCNY_PER_BN * scale
        low, gap, high = (
            row[f"gap_mcny{end}"] / MCNY_PER_BN * scale for end in ("_q05", "", "_q95")
        )
        gap_bn, need_bn = row["gap_mcny"] / MCNY_PER_BN, row["viable_ask_mcny"] / MCNY_PER_BN
        parts += [
            text(14, y + 16, names.get(str(row[dimension]), str(row[dimension]))),
            bar(y, need, GREY),
            bar(y, gap, BLUE),
            f'<line x1="{LEFT + low:.1f}" x2="{LEFT + high:.1f}" y1="{y + 11:.1f}" '
            f'y2="{y + 11:.1f}" stroke="{INK}" stroke-width="3"/>',
            text(
                LEFT + max(need, high) + 8,
                y + 16,
                f"{gap_bn:,.1f} of {need_bn:,.1f}",
                12,
            ),
        ]
    foot = "Black line: nine in ten simulated futures; one in ten falls outside."
    parts.append(text(14, height - 14, foot, 12))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img" '
        f'aria-label="{escape(title)}">\n<rect width="100%" height="100%" fill="white"/>\n'
        f"{body}\n</svg>\n"
    )
