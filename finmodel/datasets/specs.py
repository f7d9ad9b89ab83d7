"""What each table must look like, declared once."""

from __future__ import annotations

from finmodel.datasets.deal_specs import DEAL_TABLES
from finmodel.datasets.table_spec import GRADES, ColumnSpec, TableSpec
from finmodel.datasets.table_spec import texts as _text

_SOURCE = ColumnSpec("source_id", refers_to="source")
_PROVINCE = ColumnSpec("province", "int", refers_to="province")
_YEAR = ColumnSpec("year", "int", low=1978, high=2035)
_VALUE = ColumnSpec("value", "float")
_MAYBE_VALUE = ColumnSpec("value", "float", is_required=False)
_UNIT = ColumnSpec("unit")
_DERIVED = ColumnSpec("derived", "flag")
_NOTE = ColumnSpec("note", is_required=False)

_EVIDENCE_COLUMNS = (
    ColumnSpec("metric"),
    ColumnSpec("stage", is_required=False),
    _MAYBE_VALUE,
    _UNIT,
    ColumnSpec("lo", "float", is_required=False),
    ColumnSpec("hi", "float", is_required=False),
    *_text("cohort", "n"),
    _SOURCE,
    _NOTE,
)

_EVIDENCE_WEAKNESS = {
    "cashflow_pacing_fees": "Takahashi-Alexander parameters are one endowment's.",
    "china_guidance_and_exits": "Exit shares are of exit cases by investors, not of firms.",
    "derived_cohorts": "Cohorts of 2005-2006 favour survivors.",
    "derived_from_datasets": "Chinese rows rest on scraped rounds to 2016 without a licence: "
    "only aggregates are kept. Exits and closures are not treated as competing risks.",
    "graduation_timing_exit": "Mostly US figures, several read off page openings.",
    "matching_geography": "US figures.",
    "returns_distribution": "US and UK figures; the tail exponent is as reported.",
    "rounds_valuations_dilution": "US figures but for five Chinese counts.",
}


def _evidence(name: str) -> TableSpec:
    return TableSpec(f"evidence/{name}.csv", _EVIDENCE_COLUMNS, weakness=_EVIDENCE_WEAKNESS[name])


_TARGETS = TableSpec(
    "evidence/targets.csv",
    (
        ColumnSpec("target"),
        ColumnSpec("group"),
        *_text("label_en", "label_zh", "unit", "file", "rows", "column", required=True),
        ColumnSpec("transform"),
        ColumnSpec("factor", "float"),
        ColumnSpec("error_basis"),
        ColumnSpec("relative_error", "float", is_required=False, low=0, high=1),
        *_text("population", "years", required=True),
        ColumnSpec("scope", options=("delta", "china", "us", "other")),
        ColumnSpec("use", options=("fit", "test", "context")),
        _VALUE,
        *(ColumnSpec(name, "float") for name in ("standard_error", "low", "high")),
        ColumnSpec("source_ids"),
        ColumnSpec("grade", options=GRADES),
        _NOTE,
    ),
    ("target",),
    "Errors on the basis `assumed` are opinions; errors of sampling hold no error of definition.",
)

TABLES: dict[str, TableSpec] = {
    "sources": TableSpec(
        "sources.csv",
        (
            ColumnSpec("source_id"),
            ColumnSpec("title"),
            *_text("publisher", "year", "url", "licence"),
            ColumnSpec("grade", options=GRADES),
            ColumnSpec("reliability"),
            ColumnSpec("accessed", is_required=False),
        ),
        ("source_id",),
        "Many pages were read as archived copies or mirrors; `reliability` says which.",
    ),
    "provinces/provinces": TableSpec(
        "provinces/provinces.csv",
        (
            ColumnSpec("province", "int", low=11, high=82),
            *_text("iso", "name_en", "name_zh", required=True),
            ColumnSpec("is_yrd", "flag"),
            ColumnSpec("is_modelled", "flag"),
            ColumnSpec("grid_row", "int", low=0, high=8),
            ColumnSpec("grid_col", "int", low=0, high=6),
        ),
        ("province",),
        "Grid positions are for a grid chart, not a map.",
    ),
    "provinces/capitals": TableSpec(
        "provinces/capitals.csv",
        (
            _PROVINCE,
            *_text("iso", "city", required=True),
            ColumnSpec("lat", "float", low=18, high=54),
            ColumnSpec("lon", "float", low=73, high=136),
            ColumnSpec("geoname_id", "int", low=1),
            _SOURCE,
            _NOTE,
        ),
        ("province",),
        "Distances between seats of government are a crude proxy for those between firms and "
        "investors: many firms are far from the seat (Suzhou is nearer Shanghai than Nanjing), "
        "travel follows rail and road rather than great circles, and within a province the "
        "distance is 0. Coordinates are city centres, not offices.",
    ),
    "provinces/panel": TableSpec(
        "provinces/panel.csv",
        (_PROVINCE, _YEAR, ColumnSpec("indicator"), _VALUE, _UNIT, _SOURCE, _DERIVED, _NOTE),
        ("province", "year", "indicator", "source_id"),
        "Some GDP and population cells come from weak carriers of official figures.",
    ),
    "provinces/national": TableSpec(
        "provinces/national.csv",
        (_YEAR, ColumnSpec("indicator"), _VALUE, _UNIT, _SOURCE, _DERIVED, _NOTE),
        ("year", "indicator", "source_id"),
        "National totals as printed; they need not equal the sum of provinces.",
    ),
    "provinces/vc_market": TableSpec(
        "provinces/vc_market.csv",
        (
            ColumnSpec("region"),
            ColumnSpec("is_yrd", "flag"),
            ColumnSpec("period"),
            _YEAR,
            ColumnSpec("metric"),
            _VALUE,
            _UNIT,
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        ("region", "period", "metric", "source_id"),
        "VC deals by province and year were not found; delta totals of 2022 are derived from "
        "printed shares.",
    ),
    "provinces/guidance_fund_rules": TableSpec(
        "provinces/guidance_fund_rules.csv",
        (
            *_text("rule", "level_or_place", required=True),
            _YEAR,
            ColumnSpec("value_low", "float", is_required=False),
            ColumnSpec("value_high", "float", is_required=False),
            *_text("unit", "text"),
            _SOURCE,
            _NOTE,
        ),
        (),
        "Profit give-up rules and management-fee percentages were not found.",
    ),
    "provinces/guidance_funds_named": TableSpec(
        "provinces/guidance_funds_named.csv",
        (
            *_text("fund", "place", required=True),
            ColumnSpec("is_yrd", "flag"),
            ColumnSpec("date_or_period"),
            _YEAR,
            ColumnSpec("metric"),
            _VALUE,
            _UNIT,
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        ("fund", "date_or_period", "metric", "source_id"),
        "Official leverage of 4x to 9x is a gross ratio, not an effect.",
    ),
    "provinces/guidance_funds_national": TableSpec(
        "provinces/guidance_funds_national.csv",
        (
            ColumnSpec("date_or_period"),
            _YEAR,
            ColumnSpec("metric"),
            _VALUE,
            _UNIT,
            ColumnSpec("definition_or_owner"),
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        (),
        "Two definitions of size exist (fund systems by target or subscription; mother funds' "
        "own size): never put them in one series. Funds by province were not found.",
    ),
    "provinces/yrd_cross_province_flows": TableSpec(
        "provinces/yrd_cross_province_flows.csv",
        (
            *_text("flow", "origin", required=True),
            ColumnSpec("destination", is_required=False),
            ColumnSpec("date_or_period"),
            _YEAR,
            _MAYBE_VALUE,
            _UNIT,
            ColumnSpec("share", "float", is_required=False, low=0, high=1),
            ColumnSpec("share_of", is_required=False),
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        (),
        "No pairwise matrix and no same-province share were found.",
    ),
    "provinces/yrd_index": TableSpec(
        "provinces/yrd_index.csv",
        (
            *_text("index_name", "edition", required=True),
            ColumnSpec("data_year", "int", low=2000, high=2035),
            _YEAR,
            ColumnSpec("component"),
            _VALUE,
            _UNIT,
            _SOURCE,
            _DERIVED,
            _NOTE,
        ),
        ("index_name", "edition", "data_year", "component"),
        "Editions of the collaborative-innovation index are rebased: do not chain them.",
    ),
    "provinces/econometric_evidence": TableSpec(
        "provinces/econometric_evidence.csv",
        (
            ColumnSpec("study"),
            _YEAR,
            *_text("sample", "outcome", "effect"),
            ColumnSpec("effect_low", "float", is_required=False),
            ColumnSpec("effect_high", "float", is_required=False),
            *_text("unit", "sign", "anchors_parameter", "strength"),
            _SOURCE,
            _NOTE,
        ),
        (),
        "Most papers were readable only as abstracts.",
    ),
    **{f"evidence/{name}": _evidence(name) for name in _EVIDENCE_WEAKNESS},
    "evidence/targets": _TARGETS,
    **DEAL_TABLES,
}
"""Every table by name."""
