"""`finmodel data`: the tables of `data/`, and users' records of deals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from finmodel.cli.errors import guarded
from finmodel.cli.output import emit_json, records
from finmodel.errors import DataError, Problem

if TYPE_CHECKING:
    from finmodel.datasets.deal_records import DealBook

data_app = typer.Typer(
    help="Check every data table, or read your own records of deals.", no_args_is_help=False
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


class Language(StrEnum):
    """Languages of what is printed."""

    EN = "en"
    ZH = "zh"


@data_app.callback(invoke_without_command=True)
@guarded
def data(context: typer.Context, as_json: JsonOption = False) -> None:
    """Check every data table and list it with source, licence and grade."""
    if context.invoked_subcommand is None:
        from finmodel.cli.info_commands import print_data

        print_data(as_json=as_json)


@data_app.command()
@guarded
def template(
    file: Annotated[Path, typer.Argument(help="File to write (CSV).", metavar="FILE")],
    is_of_commitments: Annotated[
        bool, typer.Option("--commitments", help="For yearly commitments to funds instead.")
    ] = False,
) -> None:
    """Write an empty file for records of deals, with notes; never over a file that is there."""
    from finmodel.datasets.commitments import write_commitments_template
    from finmodel.datasets.deal_records import write_template

    if is_of_commitments:
        write_commitments_template(file)
        typer.echo(f"Wrote {file}. Use it with: finmodel calibrate DEALS --commitments {file}")
        return
    write_template(file)
    typer.echo(f"Wrote {file}. Fill it in and read it with: finmodel data deals {file}")


@data_app.command()
@guarded
def deals(
    path: Annotated[
        Path, typer.Argument(help="CSV, or folder of a Crunchbase export.", metavar="PATH")
    ],
    price_year: Annotated[
        int | None, typer.Option(help="Prices of amounts; by default the last year there are.")
    ] = None,
    as_of: Annotated[
        str, typer.Option(help="Last day a deal could be recorded; by default the last deal's.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option(help="Save every row set aside or altered (CSV).", metavar="FILE")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = Language.EN,
    as_json: JsonOption = False,
) -> None:
    """Read records of deals and say what became of every row."""
    from finmodel.datasets.deal_records import last_price_year, read_deals

    year = last_price_year() if price_year is None else price_year
    book = read_deals(path, price_year=year, as_of=_day(as_of))
    if report is not None:
        book.report.to_csv(report)
    summary = _summary(book)
    counts = book.report.counts(language.value)
    if as_json:
        files = records(book.report.files)
        emit_json({"summary": summary, "files": files, "reasons": records(counts)})
        return
    _print_report(book, summary, language)
    if report is not None:
        typer.echo(f"Every row set aside or altered: {report}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError("deal records", [Problem("--as-of", repr(text), "YYYY-MM-DD")]) from None


def _summary(book: DealBook) -> dict[str, object]:
    rounds, exits = book.rounds, book.exits
    return {
        "firms": len(book.firms),
        "rounds": len(rounds),
        "rounds_with_amount": int(rounds["amount_mcny"].notna().sum()),
        "investments": len(book.investments),
        "exits": len(exits),
        "first_day": str(rounds["date"].min().date()),
        "as_of": str(book.as_of.date()),
        "price_year": book.price_year,
        "rows_read": book.report.n_read,
        "rows_kept": book.report.n_kept,
        "rows_set_aside": book.report.n_set_aside,
        "rounds_by_stage": {
            name or "unlabelled": int(n) for name, n in rounds["stage"].value_counts().items()
        },
    }


def _print_report(book: DealBook, summary: Mapping[str, object], language: Language) -> None:
    console = Console(highlight=False)
    console.print(
        f"{summary['firms']:,} firms, {summary['rounds']:,} rounds "
        f"({summary['rounds_with_amount']:,} with an amount), {summary['exits']:,} dated exits, "
        f"{summary['investments']:,} investments; from {summary['first_day']} to "
        f"{summary['as_of']}; million CNY in prices of {summary['price_year']}.",
        soft_wrap=True,
    )
    files = Table(title="Rows: read = kept + set aside", title_justify="left")
    for name in ("file", "read", "kept", "set aside", "kept, but altered"):
        files.add_column(name, justify="left" if name == "file" else "right", overflow="fold")
    for line in book.report.files.to_dict("records"):
        numbers = (f"{line[key]:,d}" for key in ("read", "kept", "set_aside", "altered"))
        files.add_row(_plain(str(line["file"])), *numbers)
    console.print(files)
    counts = book.report.counts(language.value)
    if counts.empty:
        console.print("Every row was taken as it stands.")
        return
    reasons = Table(title="Reasons, and the first row of each", title_justify="left")
    for name in ("outcome", "reason", "rows", "first", "given"):
        reasons.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for entry in counts.to_dict("records"):
        cell = {str(key): str(value) for key, value in entry.items()}
        place = f"{cell['file']} row {cell['row']}, {cell['column']}"
        outcome = cell["outcome"].replace("_", " ")
        texts = (outcome, cell["meaning"], cell["rows"], place, cell["given"])
        reasons.add_row(*map(_plain, texts))
    console.print(reasons)
    ignored = "; ".join(name for name in book.report.files["ignored_columns"] if name)
    if ignored:
        console.print(_plain(f"Columns that nothing was taken from: {ignored}."), soft_wrap=True)


def _plain(text: str) -> str:
    """Return a text that rich prints as it is: no markup, no control characters."""
    from rich.markup import escape

    return escape("".join(ch if ch.isprintable() else "?" for ch in text))
