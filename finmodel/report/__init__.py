"""Reports: views of stored tables."""

from finmodel.report.terminal import activity_view, gap_view, headline, with_error

__all__ = ["activity_view", "gap_view", "headline", "with_error"]
