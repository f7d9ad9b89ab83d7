"""`finmodel why`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from finmodel.cli.output import emit_json, records
from finmodel.cli.progress import Bar, stop_on_interrupt
from finmodel.datasets import provinces
from finmodel.report import why_groups_view, why_headline, why_view
from finmodel.scenario import load_scenario
from finmodel.study.parts import arm_table, why_table
from finmodel.study.single import check_paths_and_seed
from finmodel.study.why import N_ARMS, default_paths, simulate_arms
from finmodel.world import build_world


def why_and_show(
    file: Path,
    *,
    paths: int | None,
    seed: int | None,
    changes: Sequence[str],
    threads: int | None,
    as_json: bool,
) -> None:
    """Split the gap of a scenario file and print the parts; see `finmodel why --help`."""
    scenario = load_scenario(file, changes)
    n_paths = default_paths(scenario.run.paths) if paths is None else paths
    run_seed = scenario.run.seed if seed is None else seed
    check_paths_and_seed(n_paths, run_seed)
    console = Console(stderr=as_json, highlight=False)
    console.print(f"[bold]{scenario.meta.title_en}[/bold] ({scenario.meta.title_zh})")
    console.print(
        f"{N_ARMS} markets, each with some of five frictions off; {n_paths} paths of each, all "
        f"with seed {run_seed}.",
        soft_wrap=True,
    )
    with stop_on_interrupt() as cancel, Bar(N_ARMS * n_paths) as tick:
        arms = simulate_arms(
            build_world(scenario),
            paths=n_paths,
            seed=run_seed,
            threads=threads,
            progress=tick,
            cancel=cancel,
        )
    tables = {
        "why_total": why_table(arms),
        "why_region": why_table(arms, ("region",)),
        "why_stage": why_table(arms, ("stage",)),
    }
    if as_json:
        tables["arms"] = arm_table(arms)
        emit_json(
            {
                "name": scenario.meta.name,
                "paths": n_paths,
                "seed": run_seed,
                "seconds": round(arms.seconds, 3),
                **{name: records(table) for name, table in tables.items()},
            }
        )
    else:
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
            "Monte Carlo standard error over paired paths.",
            soft_wrap=True,
        )
    console.print(f"Simulated in {arms.seconds:.1f} s. Nothing is stored.", soft_wrap=True)
