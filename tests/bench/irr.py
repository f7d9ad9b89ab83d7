"""``python -m tests.bench.irr``: rates of return against pyxirr, printed as figures.

Nothing here is asserted: machines differ. Ratios within one run are what to quote. The tests
draw their funds from here too.
"""

import numpy as np
import pyxirr

from finmodel.fund.irr import HIGHEST, LOWEST, Status, irr_batch, irr_dated
from tests.bench.matching import best_time

QUARTERS = 48


def fund_flows(n_funds, seed=0):
    """Funds that call over five years and distribute from the third on, at quarters."""
    rng = np.random.default_rng(seed)
    called = np.zeros((n_funds, QUARTERS))
    called[:, :20] = rng.lognormal(0.0, 1.0, (n_funds, 20))
    given = np.zeros((n_funds, QUARTERS))
    is_paid = rng.random((n_funds, 40)) < 0.4
    given[:, 8:] = rng.lognormal(0.0, 1.5, (n_funds, 40)) * is_paid
    multiple = rng.lognormal(0.3, 0.6, n_funds)
    given *= (multiple * called.sum(axis=1) / np.maximum(given.sum(axis=1), 1e-9))[:, None]
    return given - called, np.arange(QUARTERS) / 4


def dated_flows(n_funds, seed=0):
    """Funds of two to forty flows on days over twelve years: usual ones, and all that is not.

    Returns days and flows (M,) and offsets (n_funds + 1,).
    """
    rng = np.random.default_rng(seed)
    days, flows = [], []
    for i in range(n_funds):
        n = int(rng.integers(2, 40))
        when = np.arange(n)
        size = rng.lognormal(3.0, 1.0, n)
        if i % 4 == 0:
            flow = np.where(when < n / 2, -1.0, 1.0) * size
        elif i % 4 == 1:
            flow = rng.lognormal(3.0, 1.5, n) * (when > n / 4) * (rng.random(n) < 0.5)
            flow -= size * (when < 0.6 * n)
        elif i % 4 == 2:
            flow = rng.normal(0.0, 100.0, n)
            flow[-1] = -size[-1]
        else:
            flow = rng.integers(-3, 4, n) * 10.0 if rng.random() < 0.6 else -size
        days.append(np.sort(rng.integers(0, 365 * 12, n)))
        flows.append(flow)
    start = np.cumsum([0, *map(len, flows)])
    return np.concatenate(days), np.concatenate(flows), start


def worth(flows, times, rates):
    """NPV over the present value of all flows without signs: 0 at a root, and without units.

    Discounted to the date that weighs most, or the sums overflow.
    """
    flows, years = np.asarray(flows, float), np.asarray(times) - times[0]
    power = -np.log1p(np.reshape(rates, (-1, 1))) * np.where(flows != 0.0, years, np.nan)
    weight = np.exp(power - np.nanmax(power, axis=1, keepdims=True))
    return np.nansum(flows * weight, axis=1) / np.nansum(np.abs(flows) * weight, axis=1)


def pyxirr_rate(days, flows):
    """pyxirr's rate, None where it finds none; it refuses flows of one sign."""
    try:
        return pyxirr.xirr(np.datetime64("2001-03-04") + days, flows)
    except pyxirr.InvalidPaymentsError:
        return None


def verdict(days, flows, roots, theirs):
    """Say how pyxirr's rate stands to all roots; "missed" would be our fault.

    pyxirr takes a rate if the value is below 1e-3, in money of the first date: at rates so high
    that later flows are worth less than that, any rate will do ("void"), and near ones are rough.
    It finds no rate for some funds that lost nearly all ("not found").
    """
    if theirs is None:
        return "not found" if len(roots) else "none"
    if len(roots) and np.abs(np.log1p(roots) - np.log1p(theirs)).min() < 1e-5:
        return "same"
    if not LOWEST <= theirs <= HIGHEST:
        return "outside"
    return "void" if abs(worth(flows, days / 365.0, theirs)[0]) > 1e-6 else "missed"


def against_pyxirr(n_funds=10_000):
    """Time both on the same funds, pyxirr by whichever of its ways is the fastest."""
    flows, times = fund_flows(n_funds)
    dates = (np.datetime64("2000-01-01") + np.round(times * 365).astype(int)).tolist()
    rows = flows.tolist()
    ours = best_time(lambda: irr_batch(flows, times), 20)
    theirs = {
        "irr": best_time(lambda: [pyxirr.irr(row) for row in rows], 3),
        "xirr": best_time(lambda: [pyxirr.xirr(dates, row) for row in rows], 5),
    }
    per_fund = " and ".join(f"{name} {t / n_funds * 1e6:.2f} us" for name, t in theirs.items())
    print(
        f"irr of {n_funds:,} funds x {QUARTERS} quarters: {ours / n_funds * 1e6:.2f} us a fund, "
        f"pyxirr {per_fund}: {min(theirs.values()) / ours:.1f} times as fast as its fastest"
    )
    years = np.array([(day - dates[0]).days for day in dates]) / 365
    start = np.arange(n_funds + 1) * QUARTERS
    flat, many = flows.reshape(-1), np.tile(years, n_funds)
    dated = best_time(lambda: irr_dated(flat, many, start), 10)
    print(
        f"the same on dates of their own: {dated / n_funds * 1e6:.2f} us a fund, "
        f"{theirs['xirr'] / dated:.1f} times as fast as pyxirr.xirr"
    )


def hard_ones(n_funds=10_000):
    """Flows of random sign, where roots must be searched for."""
    flows = np.random.default_rng(1).normal(size=(n_funds, QUARTERS))
    times = np.arange(QUARTERS) / 4
    seconds = best_time(lambda: irr_batch(flows, times), 5)
    status = irr_batch(flows, times).status
    shares = ", ".join(f"{name.lower()} {(status == code).mean():.0%}" for name, code in NAMES)
    print(f"flows of random sign: {seconds / n_funds * 1e6:.2f} us a fund ({shares})")


NAMES = [(status.name, status.value) for status in (Status.OK, Status.NONE, Status.SEVERAL)]


def report() -> None:
    """Print all figures."""
    against_pyxirr()
    hard_ones()


if __name__ == "__main__":
    report()
