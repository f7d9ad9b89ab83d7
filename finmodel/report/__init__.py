"""Reports: views of stored tables."""

from finmodel.report.terminal import (
    activity_view,
    fund_view,
    gap_view,
    headline,
    tail_sentence,
    with_error,
)
from finmodel.report.why import why_groups_view, why_headline, why_view

__all__ = [
    "activity_view",
    "fund_view",
    "gap_view",
    "headline",
    "tail_sentence",
    "why_groups_view",
    "why_headline",
    "why_view",
    "with_error",
]
