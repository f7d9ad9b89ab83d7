"""Reports: views of stored tables."""

from finmodel.report.comparison import chain_view, outcome_view, policy_headline, public_view
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
    "chain_view",
    "fund_view",
    "gap_view",
    "headline",
    "outcome_view",
    "policy_headline",
    "public_view",
    "tail_sentence",
    "why_groups_view",
    "why_headline",
    "why_view",
    "with_error",
]
