"""`finmodel check`, `schema` and `data`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from finmodel import datasets
from finmodel.cli.output import emit_json, records
from finmodel.errors import DataError, Problem, ScenarioError, nearest_name
from finmodel.measure import value_table
from finmodel.scenario import assumptions, digest, load_scenario, parameters
from finmodel.world import build_world


def check_scenario(file: Path, changes: Sequence[str], *, as_json: bool) -> None:
    """Check a scenario, build its world, and list its numbers."""
    scenario = load_scenario(file, changes)
    world = build_world(scenario)
    frame = assumptions(scenario)
    if as_json:
        emit_json({"digest": digest(scenario), "assumptions": records(frame)})
        return
    console = Console(highlight=False)
    table = Table(title=f"{scenario.meta.title_en}: every number", title_justify="left")
    reliability = datasets.sources().set_index("source_id")["reliability"].to_dict()
    for heading in ("name", "value", "unit", "grade", "source", "reliability"):
        table.add_column(heading, overflow="fold")
        if heading == "value":
            table.columns[-1].justify = "right"
    for row in frame.to_dict("records"):
        is_belief = row["low"] == row["low"]
        belief = f" ({row['low']:g} to {row['high']:g})" if is_belief else ""
        value = f"{row['value']:g}{belief}"
        letters = [str(reliability.get(source, "")) for source in row["source"].split(";")]
        cells = (row["name"], value, row["unit"], row["grade"], row["source"])
        table.add_row(*cells, "; ".join(letter for letter in letters if letter))
    console.print(table)
    console.print(
        f"Valid. {len(world.regions)} regions, {len(world.stages)} stages, "
        f"{len(world.sectors)} sectors, {len(world.fund_types)} fund types, "
        f"{world.arrays.fund_rate_pp.sum() * 4:,.0f} funds raised a year. "
        f"Digest {digest(scenario)[:16]}."
    )


def print_values(file: Path, changes: Sequence[str], *, region: str, as_json: bool) -> None:
    """Print the values behind the viability test.

    Raises
    ------
    ScenarioError
        If the region is not one of the scenario's.
    """
    world = build_world(load_scenario(file, changes))
    code = region or world.regions[0]
    if code not in world.regions:
        allowed = f"one of {', '.join(world.regions)}"
        near = nearest_name(code.upper(), world.regions)
        raise ScenarioError("values", [Problem("--region", repr(code), allowed, near)])
    frame = value_table(world)
    frame = frame[frame["region"] == code]
    if as_json:
        emit_json(records(frame))
        return
    first = frame[(frame["rate"] == "market") & (frame["quality"] == 0.0)]
    title = f"A firm of size one and quality zero in {code}, million CNY at the market rate"
    table = Table(title=title, title_justify="left")
    headings = (
        "stage",
        "sector",
        "exit value",
        "capital needed",
        "ratio",
        "lowest quality",
        "social",
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
        if heading not in ("stage", "sector"):
            table.columns[-1].justify = "right"
    for row in first.to_dict("records"):
        table.add_row(
            row["stage"],
            row["sector"],
            f"{row['exit_value_mcny']:,.4g}",
            f"{row['capital_needed_mcny']:,.4g}",
            f"{row['ratio']:.2f}",
            f"{row['hurdle_market']:.2f}",
            f"{row['hurdle_social']:.2f}",
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "Viable: quality at or above the lowest. Quality is in standard deviations. "
        "`--json` prints other qualities, the social rate, and the strict and loose tests.",
        soft_wrap=True,
    )


def print_schema(*, as_json: bool) -> None:
    """List the numbers a scenario may set."""
    frame = parameters()
    if as_json:
        emit_json(records(frame))
        return
    table = Table(title="Numbers of a scenario", title_justify="left")
    for heading in ("name", "allowed", "meaning"):
        table.add_column(heading)
    for row in frame.to_dict("records"):
        table.add_row(row["name"], row["allowed"], row["meaning"])
    Console(highlight=False).print(table)


def print_data(*, as_json: bool) -> None:
    """Check all data tables and list them.

    Raises
    ------
    DataError
        With every problem of every table.
    """
    problems = datasets.check_all()
    if problems:
        raise DataError("data folder", problems)
    frame = datasets.catalogue()
    if as_json:
        emit_json(records(frame))
        return
    table = Table(title="Data tables, all checked", title_justify="left")
    for heading in ("file", "title", "rows", "grade", "licence"):
        table.add_column(heading, justify="right" if heading == "rows" else "left")
    for row in frame.to_dict("records"):
        table.add_row(row["file"], row["title"], str(row["rows"]), row["grade"], row["licence"])
    Console(highlight=False).print(table)
