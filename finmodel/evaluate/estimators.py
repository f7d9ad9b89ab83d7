"""An analyst's estimators on a panel of provinces, with the standard errors they would print."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from finmodel.evaluate.design import Design
from finmodel.evaluate.weights import Controls
from finmodel.world.arrays import FloatArray

LEVEL = 0.95
"""Of the intervals."""


class Estimate(NamedTuple):
    """An estimate as printed: value, standard error, and the ends of its 95 % interval."""

    value: float
    se: float
    low: float
    high: float


NO_ESTIMATE = Estimate(np.nan, np.nan, np.nan, np.nan)
LEAST_UNITS = 2
"""Of every wave and of the controls; with fewer there is no standard error to speak of."""


def is_estimable(design: Design) -> bool:
    """Return whether every wave, and those never treated if any, have units enough."""
    _, counts = np.unique(design.adoption, return_counts=True)
    return len(counts) > 1 and bool((counts >= LEAST_UNITS).all())


def two_way_fixed_effects(design: Design, outcome: FloatArray) -> Estimate:
    """Estimate by least squares on unit effects, year effects and treatment.

    Standard errors are clustered by unit with the usual small-sample factor, and the interval
    is Student's with one degree of freedom less than there are units.

    Parameters
    ----------
    design : Design
    outcome : ndarray of shape (R, Y)

    References
    ----------
    Bertrand, Duflo & Mullainathan (2004), How much should we trust differences-in-differences
    estimates?, QJE 119.
    """
    # Loaded here: it takes most of a second.
    from statsmodels.regression.linear_model import OLS

    n_units, n_years = outcome.shape
    unit, year = np.divmod(np.arange(outcome.size), n_years)
    columns = np.column_stack(
        [
            design.is_treated.reshape(-1).astype(np.float64),
            unit[:, None] == np.arange(n_units),
            year[:, None] == np.arange(1, n_years),
        ]
    )
    fit = OLS(outcome.reshape(-1), columns).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": True}, use_t=True
    )
    low, high = np.asarray(fit.conf_int(1.0 - LEVEL))[0]
    return Estimate(float(fit.params[0]), float(fit.bse[0]), float(low), float(high))


def callaway_santanna(
    design: Design, outcome: FloatArray, controls: Controls
) -> tuple[Estimate, pd.DataFrame]:
    """Estimate effects by wave and year against units not treated, and their mean.

    Parameters
    ----------
    design : Design
    outcome : ndarray of shape (R, Y)
    controls : {'never_treated', 'not_yet_treated'}

    Returns
    -------
    overall : Estimate
        Mean effect over waves and years of treatment; standard error by influence functions.
    events : DataFrame
        By `event_time` (years since adoption; before it, changes on the year before, which are
        zero in the mean if trends are parallel): `att`, `se`, `low`, `high`.

    References
    ----------
    Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods, JoE 225.
    """
    # Loaded here: it takes most of a second.
    from diff_diff import CallawaySantAnna

    n_units, n_years = outcome.shape
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_years),
            "year": np.tile(np.array(design.years), n_units),
            "adoption": np.repeat(design.adoption, n_years),
            "outcome": outcome.reshape(-1),
        }
    )
    model = CallawaySantAnna(control_group=controls, estimation_method="reg", alpha=1.0 - LEVEL)
    with warnings.catch_warnings():
        # Years in which everybody is treated have no comparison; the weights leave them out, too.
        warnings.filterwarnings("ignore", message=r"\d+ \(group, time\) cell")
        fit = model.fit(frame, outcome="outcome", unit="unit", time="year", first_treat="adoption")
    low, high = fit.overall_conf_int
    overall = Estimate(float(fit.overall_att), float(fit.overall_se), float(low), float(high))
    events = fit.aggregate("event_study").to_dataframe()
    names = {"conf_int_lower": "low", "conf_int_upper": "high"}
    return overall, events.rename(columns=names)[["event_time", "att", "se", "low", "high"]]
