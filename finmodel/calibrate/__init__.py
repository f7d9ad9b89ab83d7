"""Calibration: from deal records and published figures to numbers of a scenario, with errors.

Direct estimates come from records (hazards, sizes, tails, flows). An estimate is a number of a
scenario (its dotted key), a value, a standard error and the method; estimates that were made
together stand in a block with their covariance. What has no direct estimate is found by simulated
moments: with moments ``m(theta)`` of the model on frozen draws, targets ``t`` and weights ``W``,
the fit minimises ``(m - t)' W (m - t)``. Nothing here writes to disk or prints.
"""

from finmodel.calibrate.estimates import Block, Calibration, Estimate

__all__ = ["Block", "Calibration", "Estimate"]
