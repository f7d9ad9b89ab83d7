"""Measures: free functions from the arrays of a run to tidy tables."""

from finmodel.measure.activity import activity_table, flow_table, graduation_table
from finmodel.measure.gap import cell_table, gap_table
from finmodel.measure.monte_carlo import mean_se, ratio_se

__all__ = [
    "activity_table",
    "cell_table",
    "flow_table",
    "gap_table",
    "graduation_table",
    "mean_se",
    "ratio_se",
]
