"""What one fund may come to, future by future, and who keeps the gains of its deals.

Fifty futures are the quantiles at 1/100, 3/100, ... 99/100 of all paths: as many of them lie below
a threshold as paths do, to the nearest fiftieth. They are chance; neither the Monte Carlo error of
a chance nor what is not known about the plan's numbers is in them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from finmodel.fund import desk as col
from finmodel.fund.fund_of_funds import Nest
from finmodel.fund.layers import Party
from finmodel.fund.metrics import quotient
from finmodel.fund.outcome import PlanOutcome, management_fees
from finmodel.measure.fund_of_funds import PARTIES, treasury_of
from finmodel.measure.fund_plan import measure_row
from finmodel.measure.monte_carlo import quantile_columns
from finmodel.units import QUARTERS_PER_YEAR
from finmodel.world.arrays import FloatArray, IntArray

N_FUTURES = 50
LEVELS = tuple((k + 0.5) / N_FUTURES for k in range(N_FUTURES))


def futures_of(called: FloatArray, got: FloatArray) -> pd.DataFrame:
    """Return fifty futures of DPI at each year's end.

    Parameters
    ----------
    called, got : ndarray of shape (P, Q), million CNY
        By quarter.

    Returns
    -------
    DataFrame
        One row a year and future: `year`, `future` (1 to 50, lowest first) and `dpi`, money back
        over money paid in so far. In the last year all is paid, so that it is the net TVPI, too.
        NaN in a year by whose end no path was called for anything; other paths are left out.
    """
    ends = np.arange(QUARTERS_PER_YEAR - 1, called.shape[1], QUARTERS_PER_YEAR)
    ends = np.unique(np.append(ends, called.shape[1] - 1))
    paid, back = called.cumsum(axis=1)[:, ends], got.cumsum(axis=1)[:, ends]
    dpi = quantile_columns(quotient(back, paid), LEVELS)
    return pd.DataFrame(
        {
            "year": np.repeat(np.arange(1, len(ends) + 1), N_FUTURES),
            "future": np.tile(np.arange(1, N_FUTURES + 1), len(ends)),
            "dpi": dpi.T.reshape(-1),
        }
    )


def fund_futures(outcome: PlanOutcome) -> pd.DataFrame:
    """Return fifty futures of a fund, for all its LPs; see :func:`futures_of`."""
    return futures_of(outcome.lp_calls, outcome.lp_got)


def nest_futures(nest: Nest) -> pd.DataFrame:
    """Return fifty futures of a fund of funds, for its treasury; see :func:`futures_of`."""
    return futures_of(*treasury_of(nest))


def gains_table(outcome: PlanOutcome) -> pd.DataFrame:
    """Return who keeps the gains of a fund's deals; on every path the parts sum to them.

    Returns
    -------
    DataFrame
        One row a part: `deals` (what firms pay less what was put into them), then `fees` (to the
        manager), `costs` (to others), `interest`, `carry` (after clawback), `given` (gains that
        classes give up to the manager), `own` (gain of the manager's own commitment) and
        ``lp:NAME`` a class: `measure` as named, mean `value` with `se`, and quantiles; million
        CNY. `measure` is the part's name.
    """
    plan, flows = outcome.plan, outcome.run.flows
    total = flows.sum(axis=1)
    fees = management_fees(plan, flows).sum(axis=1)
    parts = {
        "deals": total[:, col.PROCEEDS] - total[:, col.INVESTED] - total[:, col.FOLLOWED],
        "fees": fees,
        "costs": total[:, col.FEES] - fees,
        "interest": outcome.line.interest.sum(axis=1),
        "carry": (outcome.payout.carry - outcome.payout.clawback).sum(axis=1),
        "given": outcome.classes.to_manager.sum(axis=1),
        "own": (outcome.gp_got - outcome.gp_calls).sum(axis=1),
    }
    classes = outcome.classes
    gain = (classes.received + classes.bought - classes.calls).sum(axis=2)
    parts |= {f"lp:{name}": gain[:, place] for place, name in enumerate(plan.lps)}
    return _table(parts, outcome.market)


def nest_gains(nest: Nest) -> pd.DataFrame:
    """Return who keeps the gains of all deals below a fund of funds; they are the sum of all.

    Returns
    -------
    DataFrame
        As :func:`gains_table`: `deals`, then the parties of a fund of funds, what each got less
        what it paid.
    """
    gains = (nest.paths.got - nest.paths.paid).sum(axis=2)
    parts = {name: gains[:, party] for party, name in PARTIES.items()}
    assert len(PARTIES) == len(Party)
    return _table({"deals": gains.sum(axis=1), **parts}, nest.market)


def _table(parts: dict[str, FloatArray], market: IntArray | None) -> pd.DataFrame:
    """Return parts that are anything on some path, `deals` in any case."""
    rows = [
        measure_row(name, values, market)
        for name, values in parts.items()
        if name == "deals" or values.any()
    ]
    return pd.DataFrame(rows)
