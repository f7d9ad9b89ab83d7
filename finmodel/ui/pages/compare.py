"""Compare: two to four policies, against no policy and against each other."""

from __future__ import annotations

from dataclasses import replace

from finmodel.report.changes import preview_warning
from finmodel.report.private_money import cautions
from finmodel.ui import say
from finmodel.ui.compare_results import AGAINST, MOST, Tables, pick_policies, show_comparison
from finmodel.ui.compare_saved import saved_together
from finmodel.ui.home import home
from finmodel.ui.parts import choose, foot, named, of_result
from finmodel.ui.policy_results import of_stored
from finmodel.ui.results import stored_results
from finmodel.ui.state import View

COMMAND = (
    "finmodel compare scenarios/yrd_baseline.toml "
    "scenarios/policy_pro_rata.toml scenarios/policy_gap_weighted.toml"
)


def page(view: View) -> None:
    """Draw the page."""
    words = view.wording
    say.header(words.text("app", "compare"))
    say.caption(words.text("compare", "intro"))
    if view.is_manager:
        saved_together(view)
    stored = choose(stored_results("comparisons", home(), "outcomes"), view, COMMAND, key=AGAINST)
    if stored is None:
        return
    view = of_result(view, stored)
    result = of_stored(stored, view.language)
    chosen = pick_policies(list(result.titles), result.titles, words)
    if not 2 <= len(chosen) <= MOST:
        say.info(words.text("compare", "too_few", n=len(result.titles)))
    else:
        layers, paths = (
            stored.table(name) if stored.has(name) else None
            for name in ("programme_layers_path", "outcome_paths")
        )
        tables = Tables(
            result.tables["outcomes"],
            layers,
            paths,
            {name: result.titles[name] for name in chosen},
            result.n_paths,
        )
        words = named(view, stored)
        names = replace(words, names={**words.names, **result.titles})
        preview = preview_warning(stored.manifest, words)
        for told in [*cautions(stored.manifest, chosen, names), *([preview] if preview else [])]:
            say.warning(told)
        show_comparison(tables, words, view, key="compare")
    foot(stored, view)
