r"""Parameters of Takahashi and Alexander that follow a fund's own mean cash flows.

With mean calls ``c_t`` and distributions ``d_t`` of year ``t``, of a commitment of 1:

- rates of contribution are those that call ``c_t``: ``RC_t = c_t / (1 - sum of earlier c)``;
- the growth is the internal rate of return of ``d_t - c_t`` at the ends of years, which the model
  gives back whatever its other parameters are;
- the bow is the one whose distributions miss ``d_t`` least, in squares; the yield is 0.

So calls and the value of all distributions are met, their timing as well as one number can.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from finmodel.errors import CalibrationError
from finmodel.fund.irr import Status, irr
from finmodel.fund.pacing import Pacing, fund_cash_flows
from finmodel.world.arrays import FloatArray

BOWS = (0.05, 20.0)
"""Range of the bow: from nearly all at once to nearly all at the end."""


class Fit(NamedTuple):
    """Parameters, and the root mean square miss of yearly distributions, of the commitment."""

    pacing: Pacing
    miss: float


def fit_pacing(called: ArrayLike, got: ArrayLike) -> Fit:
    """Fit parameters to mean flows.

    Parameters
    ----------
    called, got : array-like of shape (L,)
        By year of the fund's life, of the commitment, at least 0; called at most 1 in all.

    Returns
    -------
    Fit

    Raises
    ------
    CalibrationError
        If the flows have no single rate of return.
    """
    paid, back = np.asarray(called, float), np.asarray(got, float)
    rate = irr(back - paid, np.arange(len(paid), dtype=float))
    if rate.status != Status.OK:
        raise CalibrationError(
            f"the mean flows of the fund have no single rate of return ({rate.status.name.lower()}"
            "): no growth can be fitted; name a published set of parameters"
        )
    left = 1.0 - np.concatenate([[0.0], np.cumsum(paid)[:-1]])
    rates = np.divide(paid, left, out=np.zeros(len(paid)), where=left > 1e-12)
    call_rates = tuple(float(x) for x in np.clip(rates, 0.0, 1.0))

    def pacing_at(bow: float) -> Pacing:
        return Pacing(
            growth_pa=rate.rate,
            life_years=len(paid),
            call_rates=call_rates,
            bow=bow,
            yield_share=0.0,
        )

    def misses(bow: float) -> FloatArray:
        flows = fund_cash_flows(pacing_at(bow), 1.0)
        given = flows.distributions.copy()
        given[-1] += flows.nav[-1]
        result: FloatArray = given - back
        return result

    found = minimize_scalar(
        lambda bow: float((misses(float(bow)) ** 2).sum()), bounds=BOWS, method="bounded"
    )
    bow = float(found.x)
    return Fit(pacing_at(bow), float(np.sqrt((misses(bow) ** 2).mean())))
