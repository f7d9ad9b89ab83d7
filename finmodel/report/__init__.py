"""Reports: views of stored tables."""

from finmodel.report.terminal import (
    activity_view,
    fund_view,
    gap_view,
    headline,
    tail_sentence,
    with_error,
)

__all__ = ["activity_view", "fund_view", "gap_view", "headline", "tail_sentence", "with_error"]
