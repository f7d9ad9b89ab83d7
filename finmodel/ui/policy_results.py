"""Results of a comparison on a page: verdict, chain, provinces, public money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from finmodel.errors import InputError
from finmodel.report import result as report
from finmodel.report import views_policy as views
from finmodel.report.captions import policy as captions
from finmodel.report.changes import FEW_FUTURES, policy_title
from finmodel.report.charts import policy as charts
from finmodel.report.private_money import warnings_of
from finmodel.report.wording import Wording
from finmodel.ui import say
from finmodel.ui.parts import show_chart
from finmodel.ui.policy import ran, scenario_of
from finmodel.ui.results import Stored, open_stored
from finmodel.ui.state import View, kept, told
from finmodel.variables import Language

GROUPS = ("all", "viable_hard_tech")
MEASURES = ("n", "mcny")
HEADLINES = ("funded_viable_n", "gap_mcny")
PARTS = ("outcomes", "effects", "public")


@dataclass(frozen=True)
class Result:
    """A comparison, stored or as far as it came.

    Attributes
    ----------
    tables : mapping of DataFrame
        `outcomes`, `effects`, `public` and, if it was stored, `programme_years`.
    n_paths : int
    titles : mapping of str
        Of policies by name.
    targets : mapping of set of str
        Provinces that each policy gives money to; a policy is absent if that is not known.
    manifest : mapping
        Of the stored result, which holds its scenarios; of one that was not stored, what its
        command says: scenarios and futures.
    """

    tables: Mapping[str, pd.DataFrame]
    n_paths: int
    titles: Mapping[str, str]
    targets: Mapping[str, Collection[str]] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)


def of_stored(stored: Stored, language: Language) -> Result:
    """Return a stored comparison.

    Raises
    ------
    StoreError
        If its files are not what its manifest says.
    """
    names = [*PARTS, *(["programme_years"] if stored.has("programme_years") else [])]
    tables = {name: stored.table(name) for name in names}
    titles, targets = _named(stored.manifest, language)
    policies = list(tables["outcomes"]["policy"].unique())
    return Result(
        tables,
        int(str(stored.manifest.get("paths", 0))),
        {str(name): titles.get(str(name), str(name)) for name in policies},
        targets,
        stored.manifest,
    )


def _named(
    manifest: Mapping[str, Any], language: Language
) -> tuple[dict[str, str], dict[str, Collection[str]]]:
    """Return titles of scenarios, and the provinces that get money from those that give some."""
    titles: dict[str, str] = {}
    targets: dict[str, Collection[str]] = {}
    scenarios = manifest.get("scenarios")
    for scenario in scenarios if isinstance(scenarios, list) else []:
        name = str(scenario["meta"]["name"])
        title = str(scenario["meta"][f"title_{language}"])
        titles[name] = policy_title(title, manifest, Wording(language))
        targets[name] = {
            region
            for programme in scenario.get("programmes", {}).values()
            for region, share in programme["region_share"].items()
            if _centre(share) > 0.0
        }
    return titles, {name: found for name, found in targets.items() if found}


def of_job(
    found: Mapping[str, Any], arguments: Sequence[str], home: Path, language: Language
) -> tuple[Result, Stored | None]:
    """Return what a job of `finmodel compare --json` printed; the stored result if there is one.

    A stopped job has stored nothing: there is what it printed, and the scenarios that its command
    names, which say what must be known of the result.

    Parameters
    ----------
    found : mapping
        What it printed.
    arguments : sequence of str
        Of its command.
    home : Path
        Where it ran.
    language : {'en', 'zh'}

    Raises
    ------
    StoreError
        If the stored result is not there any more, or not what its manifest says.
    """
    folder = found.get("folder")
    if folder:
        stored = open_stored(home / str(folder), "yours")
        return of_stored(stored, language), stored
    tables = {name: _frame(found.get(name)) for name in PARTS}
    manifest: dict[str, Any] = {
        "paths": int(found.get("paths") or 0),
        "command": ["finmodel", *arguments],
        **_asked(arguments),
    }
    called = (found.get("policies_zh") if language == "zh" else None) or found.get("policies")
    titles = {str(name): str(title) for name, title in dict(called or {}).items()}
    own, targets = _named(manifest, language)
    titles = {name: own.get(name, title) for name, title in titles.items()}
    return Result(tables, manifest["paths"], titles, targets, manifest), None


def unsaved(result: Result) -> report.Result:
    """Return a comparison that was not stored as reports take one."""
    return report.Result(result.manifest, result.tables, "yours", "")


def _asked(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the scenarios of a job's command as a manifest has them; nothing of another job."""
    try:
        asked = ran(arguments)
        if asked is None:
            return {}
        base, policy = asked
        trees = [
            scenario.model_dump(mode="json") for scenario in (scenario_of(base), policy.load())
        ]
    except (InputError, ValueError):
        return {}
    return {
        "name": base,
        "scenarios": trees,
        **{f"title_{code}": trees[0]["meta"][f"title_{code}"] for code in ("en", "zh")},
    }


def show_result(result: Result, policy: str, words: Wording, view: View, *, key: str) -> None:
    """Draw what a policy of a comparison does."""
    tables, name, n = result.tables, result.titles.get(policy, policy), result.n_paths
    # What is not stored here is a run that was stopped: see `of_job`.
    view = replace(view, subject=name, stopped=0 if view.result else n)
    for outcome in HEADLINES:
        say.markdown(f"**{captions.verdict(tables['outcomes'], policy, outcome, name, words, n)}**")
    for warning in (warnings_of(result.manifest, words).get(policy), _preview(result, words)):
        if warning:
            say.warning(warning)
    group = pick("group", GROUPS, words, "group")
    for measure, column in zip(MEASURES, st.columns(2), strict=True):
        rows = views.chain_rows(tables["effects"], policy, group, measure, words)
        caption = captions.chain(rows, measure, words, n)
        with column:
            show_chart(
                charts.waterfall(rows, measure, words, caption, n),
                caption,
                views.chain_view(rows, words, measure),
                view,
                key=f"{key}_chain_{measure}",
            )
    outcome = pick("outcome", views.OUTCOMES, words, "outcome", section="outcome")
    rows = views.region_rows(
        tables["outcomes"], policy, outcome, words, n, result.targets.get(policy)
    )
    caption = captions.regions(rows, outcome, words)
    called = views.outcome_name(outcome, words)
    chart = charts.changes(
        rows,
        called,
        words.text("lab", "regions_title", change=views.change_name(outcome, words)),
        words,
        caption,
        less_is_better=outcome in views.LESS_IS_BETTER,
    )
    data = views.difference_view(rows, outcome, words)
    show_chart(chart, caption, data, view, key=f"{key}_regions")
    say.caption(words.text("lab", "bar_note"))
    _money(result, policy, words, view, key)


def _preview(result: Result, words: Wording) -> str:
    """Return what is to be known of few futures; nothing of more."""
    n = result.n_paths
    return words.text("lab", "is_preview", n=n, few=FEW_FUTURES) if n < FEW_FUTURES else ""


def _money(result: Result, policy: str, words: Wording, view: View, key: str) -> None:
    """Draw public money by year and what it risks."""
    caption = captions.money(result.tables["public"], policy, result.n_paths, words)
    years = result.tables.get("programme_years")
    rows = None if years is None else views.year_rows(years, policy, words)
    if rows is None or rows.empty:
        say.caption(caption)
    else:
        chart = charts.public_money(rows, words, caption)
        show_chart(chart, caption, views.year_view(rows, words), view, key=f"{key}_money")
    risks = views.risk_view(result.tables["public"], policy, words, result.n_paths)
    say.wrapped(risks)  # its cells wrap, so a phone shows them whole


def pick(
    name: str, options: Sequence[str], words: Wording, label: str, section: str = "lab"
) -> str:
    """Draw a choice that is kept in the address."""
    kept(name, list(options), options[0])
    chosen = st.selectbox(
        words.text("lab", label),
        list(options),
        format_func=lambda option: words.text(section, option),
        key=name,
    )
    told(name, chosen, options[0])
    return chosen


def _centre(share: Mapping[str, Any]) -> float:
    """Return a share of a stored scenario; one that is a belief counts as some."""
    value = share["value"]
    return float(value) if isinstance(value, int | float) else 1.0


def _frame(rows: object) -> pd.DataFrame:
    frame = pd.DataFrame(rows if isinstance(rows, list) else [])
    texts = {"policy", "region", "outcome", "group", "component", "measure"}
    for column in frame.columns:
        if column not in texts:
            frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    return frame
