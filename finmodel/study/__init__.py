"""Studies: from one run to many."""

from finmodel.study.single import run_scenario, run_tables
from finmodel.study.stored import StoredRun

__all__ = ["StoredRun", "run_scenario", "run_tables"]
