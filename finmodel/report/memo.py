"""The decision memo: an answer, how sure it is, what it rests on; a page that stands for itself."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from finmodel.report.captions import gap as gap_words
from finmodel.report.captions import memo as captions
from finmodel.report.captions.gap import Number
from finmodel.report.changes import base_changes, changed_sentences, preview_warning
from finmodel.report.charts import svg_of
from finmodel.report.charts.theme import AnyChart
from finmodel.report.grades import grade_sentences
from finmodel.report.memo_figures import comparison_figures, run_figures
from finmodel.report.memo_money import money_tested
from finmodel.report.pages import render
from finmodel.report.private_money import cautions
from finmodel.report.result import Result, grade_tally, inputs_of
from finmodel.report.source_words import sources_named
from finmodel.report.wording import Wording
from finmodel.variables import labels


@dataclass(frozen=True)
class Section:
    """Numbers under a name.

    Attributes
    ----------
    heading : str
    numbers : list of Number
    """

    heading: str
    numbers: list[Number]


@dataclass(frozen=True)
class Memo:
    """What a memo says, in words and charts.

    Attributes
    ----------
    answer : list of str
        A sentence a question.
    sections : list of Section
    figures : list of (chart, caption)
        The caption is the chart's text alternative too.
    sure : list of (heading, text)
        Simulation error, chance, ignorance and definition, each apart.
    """

    answer: list[str]
    sections: list[Section]
    figures: list[tuple[AnyChart, str]]
    sure: list[tuple[str, str]]


def memo_of(result: Result, wording: Wording) -> Memo:
    """Return what the memo of a result says.

    Parameters
    ----------
    result : Result
        A run or a comparison.
    wording : Wording
        Language and unit of money.

    Raises
    ------
    InputError
        If it is neither.
    """
    words = result.named(wording)
    return _of_run(result, words) if result.kind == "run" else _of_comparison(result, words)


def memo_page(result: Result, wording: Wording, studies: Sequence[Result] = ()) -> str:
    """Return the memo as HTML that asks for nothing else.

    Parameters
    ----------
    result : Result
        A run or a comparison.
    wording : Wording
        Language and unit of money.
    studies : sequence of Result
        Sensitivity studies, for which assumptions matter most.

    Raises
    ------
    InputError
        If it is neither.
    """
    memo, inputs = memo_of(result, wording), inputs_of(result)
    about = result.manifest
    command = about.get("command")
    return render(
        "memo.html",
        lang=wording.language,
        words=_section("memo", wording),
        money_head=wording.text("memo_money", "head"),
        money=money_tested(result, result.named(wording)),
        overview=_section("overview", wording),
        title=title_of(result, wording),
        badge=wording.text("app", result.origin),
        origin=result.origin,
        memo=memo,
        preview=preview_warning(about, wording),
        cautions=cautions(about, result.policies, result.named(wording)),
        changes=changed_sentences(about, result.named(wording)),
        # Charts are drawn by us from escaped data, so they go in as they are.
        figures=[(Markup(svg_of(chart)), caption) for chart, caption in memo.figures],
        grades=[*_grades(inputs, wording), *grade_sentences(result, studies, wording)[1:]],
        sources=_sources(inputs, wording),
        command=shlex.join(map(str, command)) if isinstance(command, list) else "",
        made=wording.text(
            "memo",
            "made",
            digest=result.key,
            **{name: about.get(name, "–") for name in ("paths", "seed", "version")},
            created=str(about.get("created", "–"))[:10],
        ),
    )


def title_of(result: Result, wording: Wording) -> str:
    """Return the title of a memo: of a run its own, of a comparison what is compared."""
    title, words = result.title(wording.language), result.named(wording)
    policies = list(result.policies)
    if result.kind == "run" or not policies:
        n = len(base_changes(result.manifest))
        return words.text("memo", "changed", title=title, n=n) if n else title
    if len(policies) == 1:
        told = words.text("memo", "compared_one", title=title, policy=words.name(policies[0]))
    else:
        told = words.text("memo", "compared", title=title, n=len(policies))
    n = len(base_changes(result.manifest))
    return words.text("memo", "changed", title=told, n=n) if n else told


def _section(name: str, wording: Wording) -> dict[str, str]:
    return {key: texts[wording.language] for key, texts in labels()[name].items()}


def _grades(inputs: pd.DataFrame, wording: Wording) -> list[str]:
    tally = grade_tally(inputs)
    if not len(inputs):
        return [wording.text("memo", "ignorance_unknown")]
    said = [wording.text("memo", "grades", n=len(inputs), a=tally["A"], b=tally["B"], c=tally["C"])]
    return [*said, wording.text("memo", "grades_c")] if tally["C"] else said


def _sources(inputs: pd.DataFrame, words: Wording) -> list[dict[str, str]]:
    rows = sources_named(inputs, words).to_dict("records")
    return [{str(key): str(value) for key, value in row.items()} for row in rows]


def _of_run(result: Result, words: Wording) -> Memo:
    total = result.tables["gap_total"]
    return Memo(
        answer=[gap_words.answer(total, words)],
        sections=[Section("", list(gap_words.four_numbers(total, words)))],
        figures=run_figures(result, words),
        sure=[*_luck_of_run(result, words), _ignorance(result, "ignorance", words)],
    )


def _luck_of_run(result: Result, words: Wording) -> list[tuple[str, str]]:
    row = result.tables["gap_total"].iloc[0]
    if math.isnan(row["gap_rate_mcny"]):
        return []
    error = row["gap_mcny_se"]
    if math.isnan(error):
        simulation = words.text("memo", "error_one")
    else:
        simulation = words.text(
            "memo",
            "error",
            paths=result.manifest.get("paths", "–"),
            gap=words.money(row["gap_mcny"], error),
            error=words.money(error, error),
        )
    chance = words.text(
        "memo",
        "chance",
        span=words.money_span(row["gap_mcny_q05"], row["gap_mcny_q95"]),
        share=words.share_span(row["gap_rate_mcny_q05"], row["gap_rate_mcny_q95"]),
    )
    definition = words.text(
        "memo",
        "definition",
        strict=words.share(row["gap_rate_mcny_strict"], row["gap_rate_mcny_se"]),
        loose=words.share(row["gap_rate_mcny_loose"], row["gap_rate_mcny_se"]),
    )
    return [
        (words.text("memo", "error_head"), simulation),
        (words.text("memo", "chance_head"), chance),
        (words.text("memo", "definition_head"), definition),
    ]


def _ignorance(result: Result, key: str, words: Wording) -> tuple[str, str]:
    inputs = inputs_of(result)
    if not len(inputs):
        key = "ignorance_unknown"
    text = words.text("memo", key, assumed=grade_tally(inputs)["C"], n=len(inputs))
    return words.text("memo", "ignorance_head"), text


def _of_comparison(result: Result, words: Wording) -> Memo:
    outcomes, effects, public = (result.tables[name] for name in ("outcomes", "effects", "public"))
    policies = list(dict.fromkeys(outcomes["policy"]))
    gaps = {policy: captions.outcome_row(outcomes, policy) for policy in policies}
    has_error = any(math.isfinite(row["change_se"]) for row in gaps.values())
    simulation = words.text(
        "memo", "error_change" if has_error else "error_one", paths=result.manifest.get("paths")
    )
    chance = [
        (
            words.text("memo", "chance_head"),
            words.text(
                "memo",
                "chance_change",
                policy=words.name(policy),
                span=words.money_span(row["chance_q05"], row["chance_q95"]),
            ),
        )
        for policy, row in gaps.items()
    ]
    return Memo(
        answer=[
            sentence
            for p in policies
            for sentence in (
                captions.policy_answer(p, outcomes, effects, words),
                *captions.two_counts(p, outcomes, effects, words),
            )
        ],
        sections=[
            Section(words.name(p), captions.policy_numbers(p, outcomes, effects, public, words))
            for p in policies
        ],
        figures=comparison_figures(result, policies, words),
        sure=[
            (words.text("memo", "error_head"), simulation),
            *chance,
            _ignorance(result, "ignorance_change", words),
        ],
    )
