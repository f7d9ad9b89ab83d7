"""Calibration: from deal records to numbers of a scenario, each with its standard error.

An estimate is a number of a scenario (its dotted key), a value, a standard error and the method;
estimates that were made together stand in a block with their covariance. Nothing here writes to
disk or prints: :mod:`finmodel.study.calibrate` puts the parts in order.
"""

from finmodel.calibrate.estimates import Block, Calibration, Estimate

__all__ = ["Block", "Calibration", "Estimate"]
