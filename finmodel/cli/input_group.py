"""Commands that look at inputs: `check`, `values`, `schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, ScenarioArg, SetOption


@guarded
def check(scenario: ScenarioArg, changes: SetOption = None, as_json: JsonOption = False) -> None:
    """Check a scenario and say what it rests on, without running it."""
    from finmodel.cli.info_commands import check_scenario

    check_scenario(scenario, changes or [], as_json=as_json)


@guarded
def values(
    scenario: ScenarioArg,
    region: Annotated[str, typer.Option(help="One region; by default the first.")] = "",
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what firms are worth by stage and sector, and the lowest viable quality."""
    from finmodel.cli.info_commands import print_values

    print_values(scenario, changes or [], region=region, as_json=as_json)


@guarded
def schema(as_json: JsonOption = False) -> None:
    """List every number a scenario may set: unit, allowed range, meaning."""
    from finmodel.cli.info_commands import print_schema

    print_schema(as_json=as_json)
