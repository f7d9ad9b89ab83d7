"""Evaluate the evaluator: what an analyst's estimators say of a programme whose effect is known.

A history with programmes has a twin without them on the same luck, so that the effect of the
programmes on every province and year, and on every firm, is known: ``tau = Y(1) - Y(0)``. The
analyst sees ``Y(1)`` alone. Every estimator here is a weighted sum of outcomes, ``e(Y)``, with
weights ``w`` that do not depend on ``Y`` (those of matching, on what is observed before). So with
``tau_1`` the effect where there is a programme and ``tau_0`` where there is none yet,

    e(Y(1)) - truth = e(Y(0))                the comparison where nothing was done: luck, selection
                    + e(tau_0)               the comparison group is touched too: spillover
                    + e(tau_1) - truth       effects are weighted otherwise than they occur

adds up exactly, history by history. The truth of each estimator is the mean of ``tau_1`` over the
very cells, or firms, that it speaks of.
"""

from finmodel.evaluate.design import Design, design_of
from finmodel.evaluate.evaluation import Evaluator, History
from finmodel.evaluate.firms import FirmYears, firm_years
from finmodel.evaluate.panel import cell_panel, dictionary_table, firm_panel, outcome_values
from finmodel.evaluate.summary import comparison_table, event_table, summary_table, truth_table

__all__ = [
    "Design",
    "Evaluator",
    "FirmYears",
    "History",
    "cell_panel",
    "comparison_table",
    "design_of",
    "dictionary_table",
    "event_table",
    "firm_panel",
    "firm_years",
    "outcome_values",
    "summary_table",
    "truth_table",
]
