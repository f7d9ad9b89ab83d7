"""The market: one numba function a path, made of one small function a step.

The order of a quarter is stated in :mod:`finmodel.market.path`. Hazards are per quarter
and compete; needs, matching and books are described in their own modules.
"""
