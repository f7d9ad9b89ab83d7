"""`finmodel why`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from finmodel import store
from finmodel.cli.output import StoredTables, emit_json, prepare, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.datasets import provinces
from finmodel.report import why_groups_view, why_headline, why_view
from finmodel.scenario import Scenario, load_scenario
from finmodel.study.decompositions import decompose_scenario
from finmodel.study.why import N_ARMS, default_paths

SHOWN_TABLES = ("why_total", "why_region", "why_stage")


def why_and_show(
    file: Path,
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    out: Path,
    threads: int | None,
    as_json: bool,
    command: Sequence[str],
) -> None:
    """Split the gap of a scenario file and print the parts; see `finmodel why --help`."""
    scenario = load_scenario(file, changes)
    defaults = (default_paths(scenario.run.paths), scenario.run.seed)
    n_paths, run_seed = prepare(paths, seed, out, defaults=defaults)
    console = Console(stderr=as_json, highlight=False)
    console.print(f"[bold]{scenario.meta.title_en}[/bold] ({scenario.meta.title_zh})")
    console.print(
        f"{N_ARMS} markets, each with some of five frictions off; {n_paths} paths of each, all "
        f"with seed {run_seed}.",
        soft_wrap=True,
    )
    with stop_on_interrupt() as cancel, Bar(N_ARMS * n_paths) as tick:
        arms, stored = decompose_scenario(
            scenario,
            paths=n_paths,
            seed=run_seed,
            root=out,
            threads=threads,
            progress=tick,
            cancel=cancel,
            command=command,
            watch=tick,
        )
    tables = StoredTables(stored.folder)
    if as_json:
        manifest = store.read_manifest(stored.folder)
        emit_json(
            {
                "name": scenario.meta.name,
                "folder": str(stored.folder),
                **{key: manifest[key] for key in ("paths", "seed", "seconds")},
                **{name: records(tables[name]) for name in (*SHOWN_TABLES, "arms")},
            }
        )
    else:
        _print(console, scenario, tables, n_paths)
    done = f"Simulated in {arms.seconds:.1f} s. Stored" if arms else "Found again"
    console.print(f"{done}: {stored.folder}", soft_wrap=True)


def _print(
    console: Console, scenario: Scenario, tables: Mapping[str, pd.DataFrame], n_paths: int
) -> None:
    names = dict(zip(provinces()["iso"], provinces()["name_en"], strict=True))
    names |= {key: stage.label_en for key, stage in scenario.stages.items()}
    names |= {"region": "Region", "stage": "Stage"}
    console.print()
    console.print(f"[bold]{why_headline(tables['why_total'])}[/bold]", soft_wrap=True)
    console.print()
    title = f"Parts of the gap of hard technology: yearly mean, {n_paths} paths"
    console.print(why_view(tables["why_total"], title))
    for group, word in (("region", "province"), ("stage", "stage")):
        table = tables[f"why_{group}"]
        title = f"Parts by {word}, % of its gap"
        console.print(why_groups_view(table, group, title, names))
    console.print(
        "A part is a Shapley value: what the friction adds, on average over all orders of "
        "adding the five. 'Off first' is by how much the gap falls if it alone goes, 'off "
        "last' if the others have gone already. Below zero the gap would grow. ± is the "
        "Monte Carlo standard error over paired paths. A part is a mean: what one future may bring "
        "(chance), and what is not known about the inputs, are in neither.",
        soft_wrap=True,
    )
