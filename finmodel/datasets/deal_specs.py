"""Tables that records of deals are read with: the CC-BY file, words, rules, rates and prices."""

from __future__ import annotations

from finmodel.datasets.table_spec import GRADES, ColumnSpec, TableSpec, texts

_DEALS = "deals/us_crunchbase_2013-10"
_DEALS_WEAKNESS = (
    "Closures are badly under-recorded, a quarter of the rounds carry no stage letter, and "
    "early cohorts favour survivors: use first funding in 2007 or later."
)
_WORDS = "The words are those of published deal lists; what a vague one means is an assumption."
_YEAR = ColumnSpec("year", "int", low=1978, high=2035)
_SOURCE = ColumnSpec("source_id", refers_to="source")
_DERIVED = ColumnSpec("derived", "flag")
_NOTE = ColumnSpec("note", is_required=False)
_ASSUMED = (
    ColumnSpec("source"),
    ColumnSpec("grade", options=GRADES),
)
STAGE_NAMES = ("angel", "A", "B", "C", "pre_ipo")

DEAL_TABLES: dict[str, TableSpec] = {
    "deals/companies": TableSpec(
        f"{_DEALS}/companies.csv.gz",
        (
            ColumnSpec("permalink"),
            *texts("name", "category_code"),
            *texts("funding_total_usd"),
            *texts("status", "country_code", "state_code", "region", "city"),
            ColumnSpec("funding_rounds", "int", low=0),
            *texts("founded_at", "founded_month", "founded_quarter", "founded_year"),
            *texts("first_funding_at", "last_funding_at", "last_milestone_at"),
        ),
        (),
        _DEALS_WEAKNESS + " Thirteen totals were spoilt by a spreadsheet upstream (dates, hash "
        "signs) and are kept as they came: add up rounds instead.",
    ),
    "deals/rounds": TableSpec(
        f"{_DEALS}/rounds.csv.gz",
        (
            ColumnSpec("company_permalink"),
            *texts("company_name", "company_category_code", "company_country_code"),
            *texts("company_state_code", "company_region", "company_city"),
            ColumnSpec("funding_round_type"),
            ColumnSpec("funded_at", "date"),
            *texts("funded_month", "funded_quarter", "funded_year"),
            ColumnSpec("raised_amount_usd", "float", is_required=False, low=0),
        ),
        (),
        _DEALS_WEAKNESS,
    ),
    "deals/acquisitions": TableSpec(
        f"{_DEALS}/acquisitions.csv.gz",
        (
            ColumnSpec("company_permalink"),
            *texts("company_name", "company_category_code", "company_country_code"),
            *texts("company_state_code", "company_region", "company_city"),
            *texts("acquirer_permalink", "acquirer_name", "acquirer_category_code"),
            *texts("acquirer_country_code", "acquirer_state_code", "acquirer_region"),
            *texts("acquirer_city"),
            ColumnSpec("acquired_at", "date"),
            *texts("acquired_month", "acquired_quarter", "acquired_year"),
            ColumnSpec("price_amount", "float", is_required=False, low=0),
            *texts("price_currency_code"),
        ),
        (),
        _DEALS_WEAKNESS,
    ),
    "deals/round_words": TableSpec(
        "deals/round_words.csv",
        (
            ColumnSpec("word"),
            ColumnSpec("stage", is_required=False, options=STAGE_NAMES),
            ColumnSpec("kind", is_required=False, options=("equity", "debt", "grant", "other")),
            ColumnSpec(
                "route",
                is_required=False,
                options=("ipo", "mna", "transfer", "buyback", "write_off"),
            ),
            ColumnSpec("meaning"),
            *_ASSUMED,
        ),
        ("word",),
        _WORDS,
    ),
    "deals/amount_words": TableSpec(
        "deals/amount_words.csv",
        (
            ColumnSpec("role"),
            ColumnSpec("word"),
            ColumnSpec("low", "float", low=0),
            ColumnSpec("high", "float", low=0),
            ColumnSpec("meaning"),
            *_ASSUMED,
        ),
        ("role", "word"),
        _WORDS,
    ),
    "deals/status_words": TableSpec(
        "deals/status_words.csv",
        (
            ColumnSpec("word"),
            ColumnSpec("status", options=("operating", "closed", "acquired", "ipo")),
            *_ASSUMED,
        ),
        ("word",),
        _WORDS,
    ),
    "deals/sector_words": TableSpec(
        "deals/sector_words.csv",
        (ColumnSpec("word"), ColumnSpec("sector"), *_ASSUMED),
        ("word",),
        "Which sector of a scenario a category of a deal list is nearest to is an assumption; "
        "`other` has no counterpart.",
    ),
    "deals/header_words": TableSpec(
        "deals/header_words.csv",
        (ColumnSpec("word"), ColumnSpec("column"), *_ASSUMED),
        ("word",),
        _WORDS,
    ),
    "deals/reading_rules": TableSpec(
        "deals/reading_rules.csv",
        (
            ColumnSpec("rule"),
            ColumnSpec("value", "float", low=0),
            ColumnSpec("unit"),
            ColumnSpec("meaning"),
            *_ASSUMED,
        ),
        ("rule",),
        "Bounds that tell slips of a unit from money; all assumptions.",
    ),
    "prices/exchange_rates": TableSpec(
        "prices/exchange_rates.csv",
        (
            ColumnSpec("currency"),
            _YEAR,
            ColumnSpec("cny_per_unit", "float", low=0),
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        ("currency", "year"),
        "Means of whole years: a deal is converted at the mean of its year, not at its day. "
        "Federal Reserve to 2005, European Central Bank from 2006 to 2025; the official rate "
        "before 1994 was not the one at which money moved.",
    ),
    "prices/china_gdp_deflator": TableSpec(
        "prices/china_gdp_deflator.csv",
        (
            _YEAR,
            ColumnSpec("gdp_nominal_bcny", "float", is_required=False, low=0),
            ColumnSpec("gdp_real_bcny", "float", is_required=False, low=0),
            ColumnSpec("deflator", "float", low=0),
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        ("year",),
        "Computed from nominal and real GDP to 2023, which is a first release; 2024 and 2025 are "
        "chained by growth rates as the press reported them, rounded to a tenth of a per cent. "
        "Prices of GDP are not prices of start-ups.",
    ),
}
"""Tables of deals and of prices, by name."""
