"""``python -m tests.bench.waterfall``: waterfalls and classes of funds, printed as figures.

Nothing here is asserted: machines differ. Ratios within one run are what to quote.
"""

import numpy as np

from finmodel.fund.clauses import class_table, plain_class
from finmodel.fund.lifetime import Deals, run_waterfall
from finmodel.fund.sharing import share_among_classes
from finmodel.fund.terms import Style, terms_table
from tests.bench.matching import best_time
from tests.fund_cases import STEPS, USUAL

QUARTERS = 48


def fund_flows(n_funds, seed=0):
    """Funds that call over five years and distribute from the third on, two in five quarters."""
    rng = np.random.default_rng(seed)
    called, paid = np.zeros((2, n_funds, QUARTERS))
    called[:, :20] = rng.lognormal(0.0, 1.0, (n_funds, 20))
    paid[:, 8:] = rng.lognormal(0.0, 1.5, (n_funds, 40)) * (rng.random((n_funds, 40)) < 0.4)
    multiple = rng.lognormal(0.3, 0.6, n_funds)
    paid *= (multiple * called.sum(axis=1) / paid.sum(axis=1))[:, None]
    deals = Deals(0.1 * called, np.zeros_like(called), np.zeros_like(called))
    deals.cost_realised[:, 8:] = 0.9 * called.sum(axis=1, keepdims=True) / 40
    return called, paid, deals


def report(n_funds=10_000) -> None:
    """Print microseconds a fund, checks of the input included."""
    called, paid, deals = fund_flows(n_funds)
    for style in Style:
        for name, tiers in (("one tier", USUAL.tiers), ("three tiers", STEPS)):
            terms = terms_table([USUAL._replace(style=style, tiers=tiers, has_clawback=True)])
            seconds = best_time(lambda t=terms: run_waterfall(called, paid, t, deals=deals), 20)
            what = f"{style.name.lower()} waterfall, {name}, {QUARTERS} quarters"
            print(f"{what}: {seconds / n_funds * 1e6:.2f} us a fund")
    state = plain_class(0.4)._replace(profit_give_up=0.5, return_cap_pa=0.08, first_loss_share=0.5)
    rows = class_table([[state, plain_class(0.4), plain_class(0.2)]])
    seconds = best_time(lambda: share_among_classes(called, paid, rows), 20)
    print(f"three classes, {QUARTERS} quarters: {seconds / n_funds * 1e6:.2f} us a fund")


if __name__ == "__main__":
    report()
