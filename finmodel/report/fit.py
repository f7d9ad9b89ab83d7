"""A fit for the terminal: how near the model comes, what it moved, and what nothing pins."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from rich.table import Table

from finmodel.calibrate.smm import LEAST_SLOPE
from finmodel.report.fund_plan import bare_table

PINS_SHOWN = 3
LEAST_PART = 0.1


def fit_headline(manifest: Mapping[str, object], moments: pd.DataFrame) -> str:
    """Return in two sentences how the fit ended and how near it came on new draws."""
    worst = moments.iloc[int(moments["miss"].abs().to_numpy().argmax())]
    words = "The search ended" if manifest["is_converged"] else "The search ended NOT at a minimum"
    test = "with as many targets as parameters there is no test of the model"
    if manifest["degrees"]:
        test = (
            f"J = {float(str(manifest['j'])):.1f} with {manifest['degrees']} degrees of freedom, "
            f"p = {float(str(manifest['p_value'])):.2f}"
        )
    return (
        f"{words} after {manifest['evaluations']} markets; {test}. On draws that the fit has not "
        f"seen the largest miss is {worst['label_en']}: {worst['checked']:.4g} against "
        f"{worst['evidence']:.4g}, {abs(worst['miss']):.1f} errors of the evidence."
    )


def moments_view(moments: pd.DataFrame) -> Table:
    """Return evidence and model side by side, the farthest first."""
    heads = ("evidence", "model", "off, %", "errors off")
    view = bare_table("Targets, on draws the fit has not seen; the farthest first", heads)
    order = moments["miss"].abs().sort_values(ascending=False).index
    for row in moments.loc[order].to_dict("records"):
        view.add_row(
            str(row["label_en"]),
            f"{row['evidence']:,.4g}±{row['evidence_se']:,.2g}",
            f"{row['checked']:,.4g}±{row['checked_se']:,.2g}",
            f"{100 * row['relative_miss']:+.1f}",
            f"{row['miss']:+.1f}",
        )
    return view


def parameters_view(parameters: pd.DataFrame, pins: pd.DataFrame) -> Table:
    """Return factors with errors and the targets that pin each."""
    view = Table(
        title="Parameters: factor on the base scenario",
        title_justify="left",
        header_style="bold",
        padding=(0, 0),
    )
    view.add_column("", no_wrap=True)
    for heading in ("factor", "± %"):
        view.add_column(heading, justify="right", no_wrap=True)
    view.add_column("pinned by", overflow="fold")
    for row in parameters.to_dict("records"):
        own = pins[pins["parameter"] == row["parameter"]].sort_values("part", ascending=False)
        words = [
            f"{pin['moment']} {pin['part']:.0%}"
            for pin in own.head(PINS_SHOWN).to_dict("records")
            if pin["part"] >= LEAST_PART
        ]
        error = f"{100 * row['log_se']:.1f}"
        if row["is_at_bound"] or row["is_unpinned"]:
            error = "at end" if row["is_at_bound"] else "open"
        shown = ", ".join(words) if words else "nothing"
        view.add_row(str(row["parameter"]), f"{row['factor']:.3f}", error, shown)
    return view


def flat_sentence(directions: pd.DataFrame) -> str:
    """Return which directions of the parameters the targets leave open."""
    flat = directions[directions["is_flat"]]
    if flat.empty:
        worst = directions.iloc[-1]
        return (
            f"No direction is flat; the least pinned is {worst['mix']}, known to "
            f"± {worst['standard_error']:.0%}."
        )
    words = [f"{row['mix']} ({_known_to(row['standard_error'])})" for _, row in flat.iterrows()]
    return f"Flat, not told apart by these targets: {'; '.join(words)}."


def _known_to(error: float) -> str:
    return f"± {error:.0%}" if error * LEAST_SLOPE < 1.0 else "nothing moves with it"
