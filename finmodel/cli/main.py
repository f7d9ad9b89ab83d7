"""The command line: thin commands over the library."""

from __future__ import annotations

from typing import Annotated

import typer

import finmodel
from finmodel.cli import (
    allocate_group,
    batch_group,
    data_commands,
    evidence_group,
    fund_group,
    input_group,
    run_group,
    sensitivity_group,
)

app = typer.Typer(
    name="finmodel",
    help="Venture-finance portfolio and funding-gap modeler.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

COMMANDS = (
    run_group.run,
    run_group.why,
    run_group.compare,
    batch_group.batch,
    allocate_group.allocate,
    batch_group.query,
    fund_group.fund,
    fund_group.pacing,
    evidence_group.calibrate,
    evidence_group.fit,
    evidence_group.validate,
    evidence_group.evaluate,
    sensitivity_group.sensitivity,
    run_group.show,
    input_group.check,
    input_group.values,
    input_group.schema,
)
"""In the order of the help."""


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"finmodel {finmodel.__version__}")
        raise typer.Exit


@app.callback()
def top(
    _version_flag: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Venture-finance portfolio and funding-gap modeler."""


for _command in COMMANDS:
    app.command()(_command)
app.add_typer(data_commands.data_app, name="data")


def entry() -> None:
    """Console entry point: anything unexpected is our bug and ends with code 1."""
    app()
