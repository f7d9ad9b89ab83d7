"""The Crunchbase export family: a folder with companies, rounds, acquisitions and the like.

Exports of different years name their files and columns differently; :data:`TABLES` has the names
seen. Only companies and rounds must be there. Firms are told apart by their permalink or id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from finmodel.datasets.deal_records.cells import read_cells
from finmodel.datasets.deal_records.dates import days_of
from finmodel.datasets.deal_records.draft import Draft
from finmodel.datasets.deal_records.report import Ledger
from finmodel.datasets.deal_records.rows import (
    add_status,
    dated,
    founded_days,
    name_firms,
    priced,
    with_rounds,
)
from finmodel.datasets.user_csv import spelling
from finmodel.errors import DataError, Problem


@dataclass(frozen=True)
class ExportTable:
    """One table of an export: its file names without ending, and its columns by name.

    Attributes
    ----------
    files : tuple of str
    columns : dict of str to tuple of str
        Headers for each column.
    required : tuple of str
        Columns the file must have.
    is_required : bool
        Whether an export without the file is refused.
    """

    files: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    is_required: bool = False

    def names(self) -> dict[str, str]:
        """Return columns by the spelling of their headers."""
        return {spelling(text): name for name, own in self.columns.items() for text in own}


_COMPANY = {
    "name": ("company_name",),
    "country": ("company_country_code",),
    "region": ("company_region",),
    "sector": ("company_category_code", "company_category_list"),
}
TABLES = {
    "companies": ExportTable(
        ("companies", "organizations", "crunchbase_companies"),
        {
            "firm": ("permalink", "company_permalink", "uuid", "id"),
            "name": ("name", "company_name"),
            "country": ("country_code", "country"),
            "region": ("region", "company_region"),
            "sector": ("category_code", "category_list", "category_groups_list", "market"),
            "status": ("status",),
            "founded": ("founded_at", "founded_on"),
            "closed": ("closed_at", "closed_on"),
        },
        ("firm", "status"),
        is_required=True,
    ),
    "rounds": ExportTable(
        ("rounds", "funding_rounds", "crunchbase_rounds"),
        {
            "firm": ("company_permalink", "org_uuid", "company_id"),
            **_COMPANY,
            "round": ("funding_round_type", "investment_type"),
            "code": ("funding_round_code",),
            "date": ("funded_at", "announced_on"),
            "amount": ("raised_amount_usd",),
        },
        ("firm", "round", "date", "amount"),
        is_required=True,
    ),
    "acquisitions": ExportTable(
        ("acquisitions", "crunchbase_acquisitions"),
        {
            "firm": ("company_permalink", "acquiree_uuid", "acquired_company_id"),
            "date": ("acquired_at", "acquired_on"),
            "amount": ("price_amount", "price"),
            "currency": ("price_currency_code",),
        },
        ("firm", "date", "amount", "currency"),
    ),
    "ipos": ExportTable(
        ("ipos", "crunchbase_ipos"),
        {
            "firm": ("company_permalink", "org_uuid", "company_id"),
            "date": ("went_public_on", "public_at"),
            "amount": ("valuation_price_usd", "valuation_usd"),
        },
        ("firm", "date"),
    ),
    "investments": ExportTable(
        ("investments", "crunchbase_investments"),
        {
            "firm": ("company_permalink",),
            "date": ("funded_at",),
            "round": ("funding_round_type",),
            "code": ("funding_round_code",),
            "investor": ("investor_name", "investor_permalink"),
            "investor_region": ("investor_region",),
        },
        ("firm", "date", "investor"),
    ),
}


def read_export(folder: Path, ledger: Ledger) -> Draft:
    """Read the tables of an export.

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
            cells, found = read_cells(files[0], spec.names(), spec.required, ledger)
            problems += found
            if cells is not None:
                tables[name] = cells
        elif spec.is_required:
            allowed = " or ".join(f"{stem}.csv" for stem in spec.files)
            problems.append(Problem(str(folder), f"no {name}", f"{allowed}, or the same with .gz"))
    if problems:
        raise DataError("deal records", problems)
    return _draft(tables, ledger)


def _files_of(folder: Path, spec: ExportTable) -> list[Path]:
    named = [folder / f"{stem}{end}" for stem in spec.files for end in (".csv", ".csv.gz")]
    return [file for file in named if file.is_file()]


def _draft(tables: Mapping[str, pd.DataFrame], ledger: Ledger) -> Draft:
    firms = _firms(tables["companies"], ledger)
    rounds = _rounds(tables["rounds"], ledger)
    closures = _closures(firms, ledger)
    others = firms[["file", "row"]]
    firms = pd.concat([firms, _unlisted(rounds, firms, ledger)], ignore_index=True)
    exits = [
        _exits(tables[name], firms, ledger, route=route)
        for name, route in (("acquisitions", "mna"), ("ipos", "ipo"))
        if name in tables
    ]
    exits.append(closures)
    return Draft(
        firms,
        rounds,
        _investments(tables.get("investments"), firms, ledger),
        pd.concat(exits, ignore_index=True),
        others,
    )


def _firms(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    cells = name_firms(cells, ledger, is_key=True)
    again = cells["firm"].duplicated()
    cells = ledger.set_aside(cells, again, reason="firm_again", column="firm")
    sector = cells["sector"].str.strip("|").str.replace(r"\|.*", "", regex=True)
    cells = cells.assign(sector=sector)
    return founded_days(add_status(cells, ledger), ledger)


def _rounds(cells: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    cells = dated(name_firms(cells, ledger, is_key=True), ledger)
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
    found = found.assign(status="", given_status="", closed="")
    return found.reindex(columns=firms.columns).astype({"founded": firms["founded"].dtype})


def _exits(cells: pd.DataFrame, firms: pd.DataFrame, ledger: Ledger, *, route: str) -> pd.DataFrame:
    cells = name_firms(cells, ledger, is_key=True)
    unknown = ~cells["firm"].isin(firms["firm"])
    cells = ledger.set_aside(cells, unknown, reason="unknown_firm", column="firm")
    cells = dated(cells, ledger).assign(route=route)
    return priced(cells if route == "mna" else cells.assign(currency="USD"), ledger)


def _closures(firms: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return closures with a day as exits of no value."""
    has_day = (firms["closed"] != "") & (firms["status"] == "closed")
    closed = firms[has_day]
    day = days_of(closed["closed"])["day"]
    ledger.altered(closed, day.isna(), reason="bad_closed", column="closed")
    closed = closed.assign(date=day, amount="", currency="CNY")[day.notna()]
    return closed.assign(route="write_off", low=0.0, high=0.0)


def _investments(cells: pd.DataFrame | None, firms: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    if cells is None:
        names = ["file", "row", "firm", "date", "stage", "investor", "investor_region"]
        empty = pd.DataFrame({name: pd.Series(dtype="str") for name in names})
        return empty.astype({"row": "int64", "date": "datetime64[s]"})
    cells = name_firms(cells, ledger, is_key=True)
    unknown = ~cells["firm"].isin(firms["firm"])
    cells = ledger.set_aside(cells, unknown, reason="unknown_firm", column="firm")
    nobody = cells["investor"] == ""
    cells = ledger.set_aside(cells, nobody, reason="no_investor", column="investor")
    cells = dated(cells, ledger)
    label = cells["code"].where(cells["code"] != "", cells["round"])
    return with_rounds(cells.assign(label=label), Ledger(), column="label")
