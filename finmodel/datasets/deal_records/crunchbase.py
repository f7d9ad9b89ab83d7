"""The Crunchbase export family: a folder with companies, rounds, acquisitions and the like.

Exports of different years name their files and columns differently; `export_tables` has the names
seen. Only companies and rounds must be there. Firms are told apart by their permalink or id.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from finmodel.datasets.deal_records.cells import read_cells
from finmodel.datasets.deal_records.dates import days_of
from finmodel.datasets.deal_records.draft import Draft
from finmodel.datasets.deal_records.export_tables import TABLES, ExportTable
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.rows import (
    add_status,
    dated,
    founded_days,
    name_firms,
    priced,
    with_rounds,
)
from finmodel.datasets.deal_records.words import looked_up
from finmodel.errors import DataError, Problem


def read_export(folder: Path, ledger: Ledger, latest: pd.Timestamp) -> Draft:
    """Read the tables of an export; rows after `latest` are set aside.

    Raises
    ------
    DataError
        With what is wrong with every file.
    """
    tables: dict[str, pd.DataFrame] = {}
    problems = []
    for name, spec in TABLES.items():
        files = _files_of(folder, spec)
        if len(files) > 1:
            given = f"{len(files)} files of {name}: {', '.join(file.name for file in files)}"
            problems.append(Problem(str(folder), given, "one"))
        elif files:
            cells, found = read_cells(
                files[0], spec.names(), spec.required, ledger, takes_first=True
            )
            problems += found
            if cells is not None:
                tables[name] = cells
        elif spec.is_required:
            allowed = " or ".join(f"{stem}.csv" for stem in spec.files)
            problems.append(Problem(str(folder), f"no {name}", f"{allowed}, or the same with .gz"))
    if problems:
        raise DataError("deal records", problems)
    return _draft(tables, ledger, latest)


def _files_of(folder: Path, spec: ExportTable) -> list[Path]:
    named = [folder / f"{stem}{end}" for stem in spec.files for end in (".csv", ".csv.gz")]
    return [file for file in named if file.is_file()]


def _draft(tables: Mapping[str, pd.DataFrame], ledger: Ledger, latest: pd.Timestamp) -> Draft:
    firms = _firms(tables["companies"], ledger)
    rounds = _rounds(tables["rounds"], ledger, latest)
    closures = _closures(firms, ledger, latest)
    others = firms[["file", "row"]]
    firms = pd.concat([firms, _unlisted(rounds, firms, ledger)], ignore_index=True)
    exits = [
        _exits(dated(tables[name], ledger, latest), firms, ledger, route=route)
        for name, route in (("acquisitions", "mna"), ("ipos", "ipo"))
        if name in tables
    ]
    exits.append(closures)
    investments = (
        _investments(tables["investments"], tables["rounds"], firms["firm"], ledger, latest)
        if "investments" in tables
        else _no_investments()
    )
    return Draft(
        firms,
        rounds,
        investments,
        pd.concat(exits, ignore_index=True),
        others,
    )


def _firms(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    cells = name_firms(cells, ledger, is_key=True)
    again = cells["firm"].duplicated()
    cells = ledger.set_aside(cells, again, reason="firm_again", column="firm")
    sector = cells["sector"].str.strip("|").str.replace(r"[|,].*", "", regex=True)
    cells = cells.assign(sector=sector)
    cells = founded_days(add_status(cells, ledger), ledger)
    return cells.assign(status_row=cells["row"])


def _rounds(cells: pd.DataFrame, ledger: Ledger, latest: pd.Timestamp) -> pd.DataFrame:
    cells = dated(name_firms(cells, ledger, is_key=True), ledger, latest)
    has_code = cells["code"] != ""
    label = cells["code"].where(has_code, cells["round"])
    rounds = with_rounds(cells.assign(label=label), ledger, column="label")
    is_exit = rounds["route"] != ""
    rounds = ledger.set_aside(rounds, is_exit, reason="exit_among_rounds", column="label")
    return priced(rounds.assign(currency="USD"), ledger)


def _unlisted(rounds: pd.DataFrame, firms: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return firms that have rounds and no row of their own, as their rounds describe them."""
    unknown = ~rounds["firm"].isin(firms["firm"])
    ledger.altered(rounds, unknown, reason="firm_without_row", column="firm")
    found = rounds[unknown].drop_duplicates("firm")
    found = found.assign(status="", given_status="", closed="", status_row=found["row"])
    return found.reindex(columns=firms.columns).astype({"founded": firms["founded"].dtype})


def _exits(cells: pd.DataFrame, firms: pd.DataFrame, ledger: Ledger, *, route: str) -> pd.DataFrame:
    cells = name_firms(cells, ledger, is_key=True)
    unknown = ~cells["firm"].isin(firms["firm"])
    cells = ledger.set_aside(cells, unknown, reason="unknown_firm", column="firm")
    cells = cells.assign(route=route)
    return priced(cells if route == "mna" else cells.assign(currency="USD"), ledger)


def _closures(firms: pd.DataFrame, ledger: Ledger, latest: pd.Timestamp) -> pd.DataFrame:
    """Return closures with a day as exits of no value."""
    has_day = (firms["closed"] != "") & (firms["status"] == "closed")
    closed = firms[has_day]
    day = days_of(closed["closed"])["day"]
    is_read = day <= latest
    ledger.altered(closed, ~is_read, reason="bad_closed", column="closed")
    closed = closed.assign(date=day, amount="", currency="CNY")[is_read]
    return closed.assign(route="write_off", low=0.0, high=0.0)


def _investments(
    cells: pd.DataFrame,
    rounds: pd.DataFrame,
    firms: pd.Series[str],
    ledger: Ledger,
    latest: pd.Timestamp,
) -> pd.DataFrame:
    """Return investors of rounds; where an export names the round alone, it is looked up."""
    if (cells["firm"] == "").all():
        by_id = rounds[rounds["id"] != ""].drop_duplicates("id").set_index("id")
        is_unknown = ~cells["id"].isin(by_id.index)
        cells = ledger.set_aside(cells, is_unknown, reason="unknown_round_id", column="id")
        names = ("firm", "date", "round", "code")
        cells = cells.assign(**{name: looked_up(cells["id"], by_id[name]) for name in names})
    cells = name_firms(cells, ledger, is_key=True)
    unknown = ~cells["firm"].isin(firms)
    cells = ledger.set_aside(cells, unknown, reason="unknown_firm", column="firm")
    nobody = cells["investor"] == ""
    cells = ledger.set_aside(cells, nobody, reason="no_investor", column="investor")
    cells = dated(cells, ledger, latest)
    label = cells["code"].where(cells["code"] != "", cells["round"])
    # What a round's word means is reported with the round.
    return with_rounds(cells.assign(label=label), Ledger(), column="label")


def _no_investments() -> pd.DataFrame:
    names = ("file", "row", "firm", "date", "stage", "investor", "investor_region")
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    return empty.astype({"row": "int64", "date": "datetime64[s]"})
