"""A fit for the terminal: how near the model comes, what it moved, and what nothing pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from rich.table import Table

from finmodel.calibrate.smm import LEAST_SLOPE
from finmodel.report.fund_plan import bare_table
from finmodel.scenario.fit_schema import EvidenceCorrelation
from finmodel.variables import Language, labels

PINS_SHOWN = 3
LEAST_PART = 0.1


def words_of(language: Language) -> dict[str, str]:
    """Return the words of a fit in a language."""
    return {key: texts[language] for key, texts in labels()["moment_fit"].items()}


def fit_headline(
    manifest: Mapping[str, object], moments: pd.DataFrame, language: Language = "en"
) -> str:
    """Return in two sentences how the fit ended and how near it came on new draws."""
    words = words_of(language)
    worst = moments.iloc[int(moments["miss"].abs().to_numpy().argmax())]
    ended = words["ended" if manifest["is_converged"] else "not_ended"]
    test = words["no_test"]
    if manifest["degrees"]:
        j, p = (float(str(manifest[key])) for key in ("j", "p_value"))
        test = words["test"].format(j=j, p=p, degrees=manifest["degrees"])
    return words["headline"].format(
        ended=ended.format(n=manifest["evaluations"]),
        test=test,
        label=worst[f"label_{language}"],
        checked=f"{worst['checked']:.4g}",
        evidence=f"{worst['evidence']:.4g}",
        miss=f"{abs(worst['miss']):.1f}",
    )


def moments_view(moments: pd.DataFrame, language: Language = "en") -> Table:
    """Return evidence and model side by side, the farthest first."""
    words = words_of(language)
    heads = tuple(words[key] for key in ("evidence", "model", "off", "errors_off"))
    view = bare_table(words["targets"], heads)
    order = moments["miss"].abs().sort_values(ascending=False).index
    for row in moments.loc[order].to_dict("records"):
        view.add_row(
            str(row[f"label_{language}"]),
            f"{row['evidence']:,.4g}±{row['evidence_se']:,.2g}",
            f"{row['checked']:,.4g}±{row['checked_se']:,.2g}",
            f"{100 * row['relative_miss']:+.1f}",
            f"{row['miss']:+.1f}",
        )
    return view


def parameters_view(
    parameters: pd.DataFrame, pins: pd.DataFrame, language: Language = "en"
) -> Table:
    """Return factors with errors and the targets that pin each."""
    words = words_of(language)
    view = Table(
        title=words["parameters"], title_justify="left", header_style="bold", padding=(0, 0)
    )
    view.add_column("", no_wrap=True)
    for heading in (words["factor"], "± %"):
        view.add_column(heading, justify="right", no_wrap=True)
    view.add_column(words["pinned_by"], overflow="fold")
    for row in parameters.to_dict("records"):
        own = pins[pins["parameter"] == row["parameter"]].sort_values("part", ascending=False)
        named = [
            f"{pin['moment']} {pin['part']:.0%}"
            for pin in own.head(PINS_SHOWN).to_dict("records")
            if pin["part"] >= LEAST_PART
        ]
        error = f"{100 * row['log_se']:.1f}"
        if row["is_at_bound"] or row["is_unpinned"]:
            error = words["at_end" if row["is_at_bound"] else "open"]
        shown = ", ".join(named) if named else words["nothing"]
        view.add_row(str(row["parameter"]), f"{row['factor']:.3f}", error, shown)
    return view


def together_sentence(pairs: Sequence[EvidenceCorrelation], language: Language = "en") -> str:
    """Return which errors of targets are taken together."""
    words = words_of(language)
    if not pairs:
        return words["apart"]
    named = ", ".join(f"{pair.a} ~ {pair.b} {pair.rho:+g}" for pair in pairs)
    return words["together"].format(pairs=named)


def flat_sentence(directions: pd.DataFrame, language: Language = "en") -> str:
    """Return which directions of the parameters the targets leave open."""
    words = words_of(language)
    flat = directions[directions["is_flat"]]
    if flat.empty:
        worst = directions.iloc[-1]
        error = f"{worst['standard_error']:.0%}"
        return words["not_flat"].format(mix=worst["mix"], error=error)
    mixes = "; ".join(
        f"{row['mix']} ({_known_to(row['standard_error'], words)})" for _, row in flat.iterrows()
    )
    return words["flat"].format(mixes=mixes)


def _known_to(error: float, words: Mapping[str, str]) -> str:
    if error * LEAST_SLOPE < 1.0:
        return words["known_to"].format(error=f"{error:.0%}")
    return words["unmoved"]
