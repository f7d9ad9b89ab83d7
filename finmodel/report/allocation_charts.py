"""Charts of an allocation as SVG: money by cell, the frontier, the worth of money in a cell."""

from __future__ import annotations

import altair as alt
import pandas as pd
import vl_convert as vlc
from markupsafe import Markup

from finmodel.report.allocation_words import Teller
from finmodel.units import MCNY_PER_BN

WIDTH, BAR = 460, 26
BLUE, ORANGE, INK, GREY = "#0072B2", "#D55E00", "#222222", "#9aa5b1"
Z95 = 1.959963984540054


def allocation_charts(teller: Teller) -> list[dict[str, str | Markup]]:
    """Return charts with their headings and notes; the frontier only if it was asked for."""
    words = teller.words
    charts: list[dict[str, str | Markup]] = [
        {"heading": words["money"], "svg": _money(teller), "note": words["moved_splits"]},
        {"heading": words["marginal"], "svg": _marginal(teller), "note": words["bars_95"]},
    ]
    if not any(teller.is_moved(name) for name in teller.rules):
        charts[0]["note"] = ""
    asked = teller.plan["frontier"]
    if asked is not None and len(teller.tables["frontier"]):
        heading = words["frontier"].format(risk=teller.frontier_risk())
        charts.append({"heading": heading, "svg": _frontier(teller), "note": words["bars_95"]})
    return charts


def _money(teller: Teller) -> Markup:
    """Return the money of each cell, a bar a split, winners first."""
    table, names = teller.tables["splits"], [*teller.winners, *teller.rules]
    order = {name: n for n, name in enumerate(dict.fromkeys(table["cell"]))}
    frame = pd.DataFrame(
        {
            "split": [
                teller.name(str(name)) + ("*" if teller.is_moved(str(name)) else "")
                for name in table["split"]
            ],
            "cell": [teller.cell(str(name)) for name in table["cell"]],
            "order": [order[name] for name in table["cell"]],
            "bn": table["budget_mcny_pa"] / MCNY_PER_BN,
        }
    )
    rows = [teller.name(name) + ("*" if teller.is_moved(name) else "") for name in names]
    cells = [teller.cell(str(name)) for name in order]
    chart = (
        alt.Chart(frame)
        .mark_bar(stroke="white")
        .encode(
            y=alt.Y("split:N", sort=rows, title="", axis=alt.Axis(labelLimit=240)),
            x=alt.X("bn:Q", title=teller.words["bn_a_year"]),
            color=alt.Color("cell:N", sort=cells, title=teller.words["cell"]),
            order="order:Q",
        )
    )
    return _svg(chart.properties(width=WIDTH, height=BAR * len(rows)))


def _marginal(teller: Teller) -> Markup:
    """Return what the last and the next money of each cell are worth, with 95 % intervals."""
    scale = teller.scale_of(teller.own)
    rows = []
    for cell, group in teller.tables["marginal"].groupby("cell", sort=False):
        own = group.reset_index(drop=True)
        here = int(own["is_here"].to_numpy().argmax())
        for key, at in (("last_money", here - 1), ("next_money", here)):
            worth = own["per_bn_to_next"][at] * scale
            half = Z95 * own["per_bn_to_next_se"][at] * scale
            name, what = teller.cell(str(cell)), teller.words[key]
            rows.append((name, what, worth, worth - half, worth + half))
    frame = pd.DataFrame(rows, columns=["cell", "what", "worth", "low", "high"]).dropna()
    cells = list(dict.fromkeys(row[0] for row in rows))
    kinds = [teller.words[key] for key in ("last_money", "next_money")]
    base = alt.Chart(frame).encode(
        y=alt.Y("cell:N", sort=cells, title="", axis=alt.Axis(labelLimit=240)),
        yOffset=alt.YOffset("what:N", sort=kinds),
        color=alt.Color("what:N", title="", scale=alt.Scale(domain=kinds, range=[GREY, BLUE])),
    )
    title = f"{teller.words['worth_per_bn']} ({teller.unit(teller.own)})"
    spans = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=title),
        x2="high:Q",
    )
    dots = base.mark_point(filled=True, size=60).encode(x="worth:Q")
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=INK).encode(x="x:Q")
    layers = alt.layer(zero, spans, dots)
    return _svg(layers.properties(width=WIDTH, height=BAR * 1.5 * len(cells)))


def _frontier(teller: Teller) -> Markup:
    """Return objective against risk with 95 % intervals; what is not efficient is grey."""
    table, asked = teller.tables["frontier"], teller.plan["frontier"]
    scale = teller.scale_of(teller.own)
    across = teller.scale_of(asked["measure"]) if asked["kind"] == "cvar" else 1.0
    kinds = [teller.words[key] for key in ("efficient", "not_efficient", "behind")]
    frame = pd.DataFrame(
        {
            "risk": table["risk"] * across,
            "value": table["value"] * scale,
            "low": (table["value"] - Z95 * table["value_se"]) * scale,
            "high": (table["value"] + Z95 * table["value_se"]) * scale,
            "left": (table["risk"] - Z95 * table["risk_se"]) * across,
            "right": (table["risk"] + Z95 * table["risk_se"]) * across,
            "kind": [
                kinds[0] if is_efficient else kinds[2 if is_behind else 1]
                for is_efficient, is_behind in zip(
                    table["is_efficient"], table["is_clearly_behind"], strict=True
                )
            ],
        }
    )
    across_title = teller.words["risk"]
    if asked["kind"] == "cvar":
        across_title += f" ({teller.unit(asked['measure'])})"
    title = f"{teller.words['objective']} ({teller.unit(teller.own)})"
    loose = alt.Scale(zero=False)
    base = alt.Chart(frame).encode(
        x=alt.X("risk:Q", title=across_title, scale=loose),
        y=alt.Y("value:Q", title=title, scale=loose),
        color=alt.Color(
            "kind:N", title="", scale=alt.Scale(domain=kinds, range=[BLUE, GREY, ORANGE])
        ),
    )
    up = base.mark_rule().encode(y="low:Q", y2="high:Q")
    along = base.mark_rule().encode(x="left:Q", x2="right:Q")
    dots = base.mark_point(filled=True, size=80)
    return _svg(alt.layer(up, along, dots).properties(width=WIDTH, height=260))


def _svg(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> Markup:
    return Markup(vlc.vegalite_to_svg(chart.to_dict()))
