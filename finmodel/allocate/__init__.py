"""The split of a budget: search, its test on fresh luck, frontiers, robust choices.

Generic over a function that says what a split leads to on every path; nothing here runs a market.

With ``w`` the shares of D cells, ``Y_s(w, p)`` the objective in future ``s`` on path ``p`` and
``S`` the allowed splits:

- expected: ``max_{w in S} sum_s pi_s E_p Y_s(w, p)``; maximin: ``max min_s E_p Y_s``; least
  regret: ``min max_s (max_v E_p Y_s(v, p) - E_p Y_s(w, p))``;
- under ``P(-Z > x) <= y`` or ``CVaR_a(-Z) <= z`` of measures Z, in every future;
- every ``w`` meets the same paths, so differences are paired; a winner is worth what it is on paths
  that its search has not seen.
"""
