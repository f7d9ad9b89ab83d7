"""Files and columns of the Crunchbase export family, by the names that exports give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finmodel.datasets.user_csv import spelling


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
            "firm": ("uuid", "permalink", "company_permalink"),
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
            "firm": ("org_uuid", "company_permalink"),
            **_COMPANY,
            "id": ("funding_round_permalink", "uuid"),
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
            "firm": ("acquiree_uuid", "company_permalink"),
            "date": ("acquired_at", "acquired_on"),
            "amount": ("price_amount", "price"),
            "currency": ("price_currency_code",),
        },
        ("firm", "date", "amount", "currency"),
    ),
    "ipos": ExportTable(
        ("ipos", "crunchbase_ipos"),
        {
            "firm": ("org_uuid", "company_permalink"),
            "date": ("went_public_on", "public_at"),
            "amount": ("valuation_price_usd", "valuation_usd"),
        },
        ("firm", "date"),
    ),
    "investments": ExportTable(
        ("investments", "crunchbase_investments"),
        {
            "firm": ("company_permalink",),
            "id": ("funding_round_permalink", "funding_round_uuid"),
            "date": ("funded_at",),
            "round": ("funding_round_type",),
            "code": ("funding_round_code",),
            "investor": ("investor_name", "investor_permalink", "investor_uuid"),
            "investor_region": ("investor_region",),
        },
        ("investor",),
    ),
}
"""Tables of an export; of several headers for a column the first named here is taken."""
