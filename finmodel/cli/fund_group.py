"""Commands of one fund and of an LP: `fund`, `pacing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finmodel.cli.asked import asked_command
from finmodel.cli.errors import guarded
from finmodel.cli.options import JsonOption, SetOption, ThreadsOption


@guarded
def fund(
    plan: Annotated[Path, typer.Argument(help="Plan of one fund (TOML).", metavar="PLAN")],
    paths: Annotated[int | None, typer.Option(help="Paths; by default the plan's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the plan's.")] = None,
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of plans.", metavar="DIR")] = Path(
        "funds"
    ),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    positions: Annotated[
        Path | None,
        typer.Option(help="What the fund has done (CSV); needs --as-of.", metavar="FILE"),
    ] = None,
    as_of: Annotated[
        str, typer.Option(help="Day of the positions: the last of a quarter.", metavar="DATE")
    ] = "",
    first_closing: Annotated[
        str, typer.Option(help="By default 1 January of the vintage year.", metavar="DATE")
    ] = "",
    template: Annotated[
        Path | None,
        typer.Option(help="Write an empty file of positions, do nothing else.", metavar="FILE"),
    ] = None,
) -> None:
    """Simulate the plan of one fund: what its LPs may expect, when, and how bad it can get.

    Deals follow a law of stages or are drawn from a simulated market. Fees, recycling, reserves,
    waterfall and clauses of LPs are those of the plan. With --positions the fund is compared with
    its plan at the same age, and its life goes on from where it stands.
    """
    from finmodel.cli.fund_command import fund_and_show, template_and_say

    if template is not None:
        template_and_say(plan, template, changes or [])
        return
    fund_and_show(
        plan,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=asked_command(),
        positions=positions,
        as_of=as_of,
        first_closing=first_closing,
    )


@guarded
def pacing(
    plan: Annotated[Path, typer.Argument(help="Plan of commitments (TOML).", metavar="PLAN")],
    paths: Annotated[int | None, typer.Option(help="Paths; by default the plan's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the plan's.")] = None,
    changes: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of plans.", metavar="DIR")] = Path(
        "funds"
    ),
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan what an LP commits each year to hold a target, and whether the cash is there.

    Commitments follow published pacing parameters or those fitted to a plan's fund; the chance of
    a shortfall is that of simulated funds.
    """
    from finmodel.cli.pacing_command import pace_and_show

    pace_and_show(
        plan,
        paths=paths,
        seed=seed,
        changes=changes or [],
        out=out,
        threads=threads,
        as_json=as_json,
        command=asked_command(),
    )
