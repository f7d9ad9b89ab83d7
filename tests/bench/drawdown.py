"""``python -m tests.bench.drawdown``: money of funds by quarter, microseconds a fund, printed.

Nothing here is asserted: machines differ.
"""

import numpy as np

from finmodel.fund.capital import investable_capital
from finmodel.fund.credit_line import CreditLine, with_credit_line
from finmodel.fund.drawdown import drawdown
from finmodel.fund.fees import CostTerms, FeeBase, FeeStep, FeeTerms, charge_table
from finmodel.fund.profile import profile_by_age
from finmodel.fund.recycling import RecyclingTerms
from tests.bench.matching import best_time

QUARTERS = 48


def funds(n_funds, seed=0):
    """Paths of funds that invest over five years and sell from the third on."""
    rng = np.random.default_rng(seed)
    wanted = np.zeros((n_funds, QUARTERS))
    wanted[:, :20] = 8.0 * rng.random((n_funds, 20))
    proceeds = np.zeros((n_funds, QUARTERS))
    proceeds[:, 8:] = 10.0 * rng.random((n_funds, 40)) * (rng.random((n_funds, 40)) < 0.3)
    return {
        "wanted": wanted,
        "proceeds": proceeds,
        "cost_out": 0.3 * proceeds,
        "nav": 100.0 * rng.random((n_funds, QUARTERS)),
    }


def main(n_funds=20_000):
    steps = (
        FeeStep(0, 0.02, FeeBase.COMMITTED),
        FeeStep(20, 0.02, FeeBase.INVESTED),
        FeeStep(40, 0.01, FeeBase.NAV),
    )
    charges = charge_table(
        FeeTerms(steps, 40, 8, 4), CostTerms(1.0, 0.2, 0.001), n_quarters=QUARTERS
    )
    rest = {
        "charges": charges,
        "recycling": RecyclingTerms(1.0, 0.2, 24, QUARTERS - 1),
        "kept_share": 0.5,
    }
    for n in (200, n_funds):
        paths = funds(n)
        seconds = best_time(lambda paths=paths: drawdown(100.0, **paths, **rest))
        print(f"drawdown of {n} funds: {seconds / n * 1e6:.2f} us a fund")
    calls = drawdown(100.0, **funds(n_funds), **rest).calls
    line = CreditLine(2, 0.06, 0.3)
    seconds = best_time(lambda: with_credit_line(calls, 110.0, line))
    print(f"credit line of {n_funds} funds: {seconds / n_funds * 1e6:.2f} us a fund")
    deployed, sold = np.zeros(QUARTERS), np.zeros(21)
    deployed[:20], sold[20] = 0.05, 1.0
    plan = profile_by_age(deployed, proceeds=2.0 * sold, cost_out=sold, nav=np.ones(20))
    sizes = np.linspace(50.0, 5000.0, n_funds)
    seconds = best_time(lambda: investable_capital(sizes, plan, **rest, held_back_mcny=0.0))
    print(f"investable capital of {n_funds} funds: {seconds / n_funds * 1e6:.2f} us a fund")


if __name__ == "__main__":
    main()
