"""The manager's own commitment: flows of a fund by who stands behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finmodel.world.arrays import FloatArray


def split_by_partner(
    calls: ArrayLike,
    fees: ArrayLike,
    distributed: ArrayLike,
    *,
    gp_share: float,
    is_fee_free: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Split flows of a fund between its LPs and the manager's own commitment, before carry.

    Partners pay and receive in proportion to commitments. On a fee-free commitment no fee is
    charged: its part of each fee is not called, or paid out where the fee was paid from proceeds.
    The manager then earns fees of ``(1 - gp_share) fees``, part of the manager's commitment is
    never called, and what the fund invests is the same.

    Parameters
    ----------
    calls, fees, distributed : array-like of shape (..., T)
        Million CNY, of the fund, with fees as if on all commitments.
    gp_share : float
        In [0, 1], of all commitments.
    is_fee_free : bool

    Returns
    -------
    lp_calls, lp_distributed, gp_calls, gp_distributed : ndarray of shape (..., T)
        Million CNY. A NaN stays NaN.

    Raises
    ------
    ValueError
        If `gp_share` is out of range.
    """
    if not 0.0 <= gp_share <= 1.0:
        raise ValueError(f"gp_share in [0, 1], got {gp_share}")
    called, fee = np.asarray(calls, float), np.asarray(fees, float)
    given = np.asarray(distributed, float)
    waived = gp_share * fee if is_fee_free else 0.0 * fee
    own = gp_share * called
    return (
        (1.0 - gp_share) * called,
        (1.0 - gp_share) * given,
        np.maximum(own - waived, 0.0),
        gp_share * given + np.maximum(waived - own, 0.0),
    )
