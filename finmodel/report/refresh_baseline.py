"""Rewrite the table of `docs/baseline.md`: the shipped baseline against every target.

Run ``python -m finmodel.report.refresh_baseline`` after the baseline, the targets or the model
changed. A validation that is stored in `validations` is found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from finmodel import store
from finmodel.datasets import data_root
from finmodel.evaluate.validation import PARTS
from finmodel.report.validation import table_rows, verdict_sentences, words_of
from finmodel.scenario import load_scenario
from finmodel.store import Manifest
from finmodel.study.validate import size_of, validate_scenario

BEGIN, END = "<!-- targets: begin -->", "<!-- targets: end -->"
HEAD = ("what", "evidence", "model", "distance", "verdict", "source")


def baseline_table(tables: Mapping[str, pd.DataFrame], manifest: Manifest) -> str:
    """Return the comparison as Markdown: sentences, then a table a part, misses first."""
    words = words_of("en")
    size = {name: manifest[name] for name in ("paths", "seed", "policy_paths", "version")}
    lines = [words["made"].format(**size), "", *verdict_sentences(tables["tally"], "en"), ""]
    for part in PARTS:
        own = tables["targets"][tables["targets"]["part"] == part]
        lines += [f"**{words[part]}**", "", f"| {' | '.join(words[name] for name in HEAD)} |"]
        lines.append("|" + "---|" * len(HEAD))
        for row in table_rows(own, "en"):
            lines.append(f"| {' | '.join(row[name].replace('|', '/') for name in HEAD)} |")
        lines.append("")
    return "\n".join(lines)


def refreshed(page: str, table: str) -> str:
    """Return a page with the table between its marks.

    Raises
    ------
    ValueError
        If the page does not have both marks once.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page needs {BEGIN} and {END} once each")
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def main(root: Path = Path("validations")) -> None:
    """Validate the shipped baseline, or find it, and rewrite the page."""
    home = data_root().parent
    scenario = load_scenario(home / "scenarios" / "yrd_baseline.toml")
    size = size_of(scenario.run.paths, scenario.run.seed)
    folder = validate_scenario(scenario, size, root=root).folder
    names = ("targets", "tally")
    tables = {name: store.read_result(folder, name) for name in names}
    page = home / "docs" / "baseline.md"
    text = refreshed(page.read_text("utf-8"), baseline_table(tables, store.read_manifest(folder)))
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
