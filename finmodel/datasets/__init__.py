"""The only readers of `data/`: every table is checked before anything uses it."""

from finmodel.datasets.checks import check_file
from finmodel.datasets.distances import EARTH_RADIUS_KM, distance_km
from finmodel.datasets.root import data_root
from finmodel.datasets.specs import TABLES
from finmodel.datasets.table_spec import ColumnSpec, TableSpec
from finmodel.datasets.tables import (
    catalogue,
    check_all,
    checksums,
    deals,
    province_indicator,
    province_indicator_table,
    provinces,
    read_table,
    sources,
)
from finmodel.datasets.targets import read_targets

__all__ = [
    "EARTH_RADIUS_KM",
    "TABLES",
    "ColumnSpec",
    "TableSpec",
    "catalogue",
    "check_all",
    "check_file",
    "checksums",
    "data_root",
    "deals",
    "distance_km",
    "province_indicator",
    "province_indicator_table",
    "provinces",
    "read_table",
    "read_targets",
    "sources",
]
