"""Scenarios: TOML in, one valid immutable object out.

`load_scenario` reads a file with one level of `extends`, applies overrides and raises
one :class:`~finmodel.errors.ScenarioError` that lists every problem.
"""

from finmodel.scenario.load import digest, load_scenario
from finmodel.scenario.quantity import Quantity
from finmodel.scenario.schema import Scenario
from finmodel.scenario.walk import assumptions, fix_beliefs, parameters, quantities

__all__ = [
    "Quantity",
    "Scenario",
    "assumptions",
    "digest",
    "fix_beliefs",
    "load_scenario",
    "parameters",
    "quantities",
]
