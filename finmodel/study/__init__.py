"""Studies: from one run to many."""

from finmodel.study.single import StoredRun, run_scenario, run_tables

__all__ = ["StoredRun", "run_scenario", "run_tables"]
