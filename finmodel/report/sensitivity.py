"""A sensitivity study in words: which unknown matters for which conclusion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from finmodel.report.number_names import number_name, plain_figure, quoted
from finmodel.report.wording import Wording, swings_told
from finmodel.scenario.sensitivity_plan import NET
from finmodel.scenario.sensitivity_schema import NONE
from finmodel.sensitivity.indices import Z95
from finmodel.variables import Language, labels

Manifest = Mapping[str, Any]
Tables = Mapping[str, pd.DataFrame]
Row = Mapping[Any, Any]
OTHERS = "others"
ARROWS = {1: "↑", -1: "↓", 0: ""}


def words_of(lang: Language) -> dict[str, str]:
    """Return the words of a sensitivity study in a language."""
    return {key: texts[lang] for key, texts in labels()["sensitivity"].items()}


def outcome_name(outcome: str, lang: Language, wording: Wording | None = None) -> str:
    """Return the name of an outcome with its unit, without ``net_``; money in bn CNY by default."""
    bare = outcome.removeprefix(NET)
    name = labels()["headline"][bare][lang]
    if not bare.endswith("_mcny") or "rate" in bare:
        return name
    unit = (wording or Wording(lang)).money_unit
    return f"{name}（{unit}）" if lang == "zh" else f"{name}, {unit}"


def policy_name(manifest: Manifest, policy: str, lang: Language) -> str:
    """Return the title of a policy, or of none."""
    if policy == NONE:
        return words_of(lang)["none_option"]
    return str(manifest["titles"][policy][lang])


def amount(value: float, unit: str, wording: Wording | None = None) -> str:
    """Return an outcome to three digits: money in bn CNY by default, shares in per cent."""
    if math.isnan(value):
        return "-"
    if unit == "share":
        return f"{value:.1%}"
    return figure(value / (wording or Wording()).mcny_per_unit if unit == "mcny" else value)


def figure(value: float) -> str:
    """Return a number to three digits, not in powers of ten."""
    if not math.isfinite(value) or value == 0.0:
        return "0" if value == 0.0 else "-"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


plain = plain_figure


def intro(manifest: Manifest, lang: Language) -> str:
    """Return what was played."""
    run = manifest["plan"]["run"]
    return words_of(lang)["made"].format(
        numbers=manifest["n_numbers"],
        factors=manifest["n_factors"],
        paths=run["paths"],
        scale=run["scale"],
        seed=run["seed"],
    )


def factor_name(factor: str, lang: Language, wording: Wording | None = None) -> str:
    """Return the name of a factor: dotted, as in files, or in the plain words of a wording."""
    if factor == OTHERS:
        return words_of(lang)["others"]
    return number_name(factor, wording) if wording else factor


def named_factor(factor: str, lang: Language, wording: Wording | None = None) -> str:
    """Return the name of a factor in a sentence; plain words in quotes."""
    name = factor_name(factor, lang, wording)
    return quoted(name, wording) if wording and factor != OTHERS else name


def cell(row: Row, words: Mapping[str, str]) -> str:
    """Return a verdict in a word, an arrow and a figure; if not known, the most it may be."""
    text = f"{words[verdict_of(row)]} {ARROWS[int(row['direction'])]}".strip()
    if row["verdict"] == "none" or math.isnan(row["share"]):
        return text
    if row["verdict"] == "unknown":
        return f"{text} ≤{row['share_high']:.0%}" if row["share_high"] < 1.0 else text
    figure = f"{max(row['share'], 0.0):.0%}"
    if not math.isnan(row["share_high"]):
        figure += f"±{_half(row):.0%}"
    return f"{text} {figure}"


def verdict_of(row: Row) -> str:
    """Return the verdict to show: what has a direction `moves` the outcome, whatever its share."""
    is_moving = row["verdict"] == "unknown" and row["direction"] != 0
    return "moves" if is_moving else str(row["verdict"])


def _half(row: Row) -> float:
    return float(row["share_high"] - row["share_low"]) / 2.0


def sections(answer: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the policies in order, the empty name first, each with its verdicts."""
    return [(str(name), part) for name, part in answer.groupby("policy", sort=False)]


def matrix(
    part: pd.DataFrame, lang: Language, wording: Wording | None = None
) -> tuple[list[str], list[list[Row]]]:
    """Return outcomes and, for every factor that moves any of them, its verdicts in order."""
    outcomes = list(dict.fromkeys(part["outcome"]))
    rows: list[list[Row]] = []
    for _, own in part.groupby("factor", sort=False):
        by = {row["outcome"]: row for row in own.to_dict("records")}
        if any(row["verdict"] != "none" for row in by.values()):
            rows.append([by[outcome] for outcome in outcomes if outcome in by])
    rows.sort(key=lambda row: (row[0]["factor"] == OTHERS, -max(_rank(cell) for cell in row)))
    return [outcome_name(name, lang, wording) for name in outcomes], rows


def _rank(row: Row) -> float:
    order = ("none", "unknown", "small", "moves", "matters", "decides")
    share = row["share"] if row["share"] == row["share"] else 0.0
    return order.index(verdict_of(row)) + min(max(share, 0.0), 0.99)


def matrix_view(
    manifest: Manifest, policy: str, part: pd.DataFrame, lang: Language = "en"
) -> Table:
    """Return the verdicts of one arm: a row an unknown, a column a conclusion."""
    words = words_of(lang)
    title = words["without"]
    if policy:
        title = words["adds"].format(policy=policy_name(manifest, policy, lang))
    heads, rows = matrix(part, lang)
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["factor"], overflow="fold")
    for head in heads:
        view.add_column(head, overflow="fold")
    for row in rows:
        view.add_row(factor_name(row[0]["factor"], lang), *(cell(item, words) for item in row))
    return view


def conclusion_sentences(
    manifest: Manifest, tables: Tables, lang: Language = "en", wording: Wording | None = None
) -> list[str]:
    """Return a sentence a conclusion: how wide it is, and what decides it.

    Parameters
    ----------
    manifest : mapping
    tables : mapping of DataFrame
    lang : {'en', 'zh'}
    wording : Wording, optional
        Of the same language: unit of money, and plain names; else bn CNY and dotted names.
    """
    words, answer = words_of(lang), tables["answer"]
    wide = {}
    if "outcomes" in tables:
        rows = tables["outcomes"].to_dict("records")
        wide = {(row["policy"], row["outcome"]): row for row in rows}
    sentences = []
    for (policy, outcome), part in answer.groupby(["policy", "outcome"], sort=False):
        what = outcome_name(str(outcome), lang, wording)
        if policy:
            what = words["of_policy"].format(policy=policy_name(manifest, str(policy), lang)) + what
        found = wide.get((policy, outcome))
        parts = [_range(what, found, words, wording) if found else what]
        parts += _reasons(part, words, lang, wording)
        if found and not math.isnan(found["luck_share"]):
            parts.append(words["luck"].format(share=found["luck_share"]))
        sentences.append(_joined(parts, lang))
    return sentences


def _joined(parts: Sequence[str], lang: Language) -> str:
    return "; ".join(parts) + "." if lang == "en" else "；".join(parts) + "。"


def _range(what: str, row: Row, words: Mapping[str, str], wording: Wording | None) -> str:
    ends = (row["mean"], Z95 * row["mean_se"], row["q05"], row["q95"])
    mean, error, low, high = (amount(value, str(row["unit"]), wording) for value in ends)
    mean = f"{mean}±{error}"
    return words["range"].format(what=what, mean=mean, low=low, high=high)


def _reasons(
    part: pd.DataFrame, words: Mapping[str, str], lang: Language, wording: Wording | None
) -> list[str]:
    rows = sorted(part.to_dict("records"), key=lambda row: -_rank(row))
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(verdict_of(row), []).append(_with_share(row, words, lang, wording))
    reasons = [
        words[f"by_{verdict}"].format(names=words["comma"].join(named[verdict]))
        for verdict in ("decides", "matters", "moves")
        if verdict in named
    ]
    reasons = reasons or [words["by_none"]]
    unsure = [
        named_factor(row["factor"], lang, wording) for row in rows if verdict_of(row) == "unknown"
    ]
    if unsure and named.keys() & {"decides", "matters", "moves"}:
        reasons.append(words["by_unknown"].format(names=words["comma"].join(unsure)))
    return reasons


def _with_share(row: Row, words: Mapping[str, str], lang: Language, wording: Wording | None) -> str:
    way = {1: words["rises"], -1: words["falls"], 0: ""}[int(row["direction"])]
    way = f"{words['comma']}{way}" if way else ""
    name = named_factor(row["factor"], lang, wording)
    if verdict_of(row) == "moves":
        way = way.removeprefix(words["comma"])
        return f"{name}（{way}）" if lang == "zh" else f"{name} ({way})"
    if math.isnan(row["share_high"]):
        return words["relative"].format(name=name, share=row["share"], way=way)
    return words["share"].format(name=name, share=row["share"], error=_half(row), way=way)


def tornado_view(
    manifest: Manifest, tables: Tables, policy: str, outcome: str, lang: Language = "en"
) -> Table:
    """Return the largest swings of a conclusion, one number at a time; dim ones are not told."""
    words, rows = words_of(lang), tables["tornado"]
    own = rows[(rows["policy"] == policy) & (rows["outcome"] == outcome)]
    own = own[own["swing"].abs() > 0.0]
    title = f"{words['swing']}: {outcome_name(outcome, lang)}"
    view = Table(title=title, title_justify="left", header_style="bold", padding=(0, 0))
    view.add_column(words["factor"], overflow="fold")
    for key in ("low_value", "high_value", "at_low", "at_high", "change"):
        view.add_column(words[key], justify="right", overflow="fold")
    own = own.head(SWINGS_SHOWN)
    own = own.assign(is_told=swings_told(own, manifest))
    for row in own.to_dict("records"):
        unit = row["unit"]
        view.add_row(
            row["name"],
            plain(row["low"]),
            plain(row["high"]),
            amount(row["at_low"], unit),
            amount(row["at_high"], unit),
            f"{amount(row['swing'], unit)}±{amount(Z95 * row['swing_se'], unit)}",
            style=None if row["is_told"] else "dim",
        )
    return view


SWINGS_SHOWN = 6
