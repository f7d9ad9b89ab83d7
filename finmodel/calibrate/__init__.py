"""Estimates: from deal records and published figures to the numbers of a scenario.

Direct estimates come from records (hazards, sizes, tails, flows). What has none is found by
simulated moments: with moments ``m(theta)`` of the model on frozen draws, targets ``t`` and
weights ``W``, the fit minimises ``(m - t)' W (m - t)``.
"""
