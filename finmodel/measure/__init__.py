"""Measures: free functions from the arrays of a run to tidy tables."""

from finmodel.measure.activity import activity_table, flow_table, graduation_table
from finmodel.measure.details import (
    fund_quarter_table,
    fund_table,
    fund_year_table,
    history_table,
)
from finmodel.measure.fund_groups import fund_group_table
from finmodel.measure.fund_metrics import fund_metric_table
from finmodel.measure.gap import cell_table, gap_table
from finmodel.measure.groups import grouped
from finmodel.measure.integration import integration_table
from finmodel.measure.investors import (
    exit_table,
    fund_flow_table,
    ownership_table,
    survival_table,
)
from finmodel.measure.layers import layer_path_table, layer_tables, programme_layer_table
from finmodel.measure.monte_carlo import mean_se, ratio_se
from finmodel.measure.shapley import shapley_values
from finmodel.measure.static_gap import static_gap_table
from finmodel.measure.values import value_table

__all__ = [
    "activity_table",
    "cell_table",
    "exit_table",
    "flow_table",
    "fund_flow_table",
    "fund_group_table",
    "fund_metric_table",
    "fund_quarter_table",
    "fund_table",
    "fund_year_table",
    "gap_table",
    "graduation_table",
    "grouped",
    "history_table",
    "integration_table",
    "layer_path_table",
    "layer_tables",
    "mean_se",
    "ownership_table",
    "programme_layer_table",
    "ratio_se",
    "shapley_values",
    "static_gap_table",
    "survival_table",
    "value_table",
]
