"""The market against a plain simulator written from docs/model.md: every total must agree.

Paths on both sides are independent; means are compared by the larger spread of the two sides.
"""

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from finmodel.market import columns as col
from finmodel.market.run import simulate
from tests.conftest import small_world
from tests.reference import plain

KINDS = ("angel_group", "independent_vc", "corporate_vc", "state_owned", "guided_subfund")
ERRORS = 4.0


def every_fund(text):
    return tuple(f"funds.{kind}.{text}" for kind in KINDS)


VARIANTS = {
    "baseline": (),
    "regimes": (
        'environment.process="regimes"',
        "environment.window_close_pp=0.2",
        "environment.stress={halt={start_quarter=2, quarters=4, market_shift=-0.3,"
        " ipo_multiple=0.2, sale_multiple=0.5, pace_multiple=0.6, lp_multiple={private=0.5}}}",
    ),
    "terms": (
        "terms.participating=1",
        "terms.preference_multiple=2",
        "exits.tail_share=0.01",
        "exits.mna_value_multiple=0.8",
        *(f"stages.{stage}.mna_rate_pa=0.15" for stage in ("A", "B", "C")),
        *every_fund("investment_years=2"),
        *every_fund("term_years=4"),
    ),
    "scarce": (
        "capital.total_mcny_pa=150000",
        "market.discouragement=0.8",
        "market.min_close_share=0.8",
        "terms.max_dilution=0.27",
        *every_fund("ticket_share=0.05"),
    ),
    "network": (
        "clusters.loading=0.2",
        "intermediaries.presence={SH=1.0, AH=0.5}",
        'clusters.strength={"SH/biomedicine"=3.0, "JS/new_energy"=-3.0}',
        *every_fund("specialist_share=1"),
        "lps.private.return_response=4",
        "lps.state.return_response=3",
        "market.meetings_pp=7.5",
    ),
}
VARIANTS["ramp"] = (
    "stages.A.milestone_ramp_quarters=6",
    "stages.B.milestone_ramp_quarters=3.5",
)
OUTCOMES = ("funded", "shortfall", "rejected", "refused", "discouraged")
COUNTS = (
    *("birth", "milestone", "failure", "closure", "ipo", "mna", "transfer", "buyback", "active"),
    *("deal", "bridge", "first", "down", "ask", "withdrawn", "late"),
)


def of_kernel(world, paths):
    run = simulate(world, paths=paths, seed=3)
    cells, flows = run.panel.sum(axis=(1, 2, 3, 4)), run.fund_flow.sum(axis=(1, 2, 3))
    table = {f"{name}_n": cells[:, getattr(col, f"{name.upper()}_N")] for name in COUNTS}
    for name in ("deal", "ask", "withdrawn", "proceeds", "exit"):
        table[f"{name}_m"] = cells[:, getattr(col, f"{name.upper()}_M")]
    for name in ("called", "fees", "received", "to_lps", "carry"):
        table[f"{name}_m"] = flows[:, getattr(col, f"{name.upper()}_M")]
    for prefix, test in (("", col.ALL_NEEDS), ("viable_", col.MARKET)):
        for o, outcome in enumerate(OUTCOMES):
            table[f"{prefix}{outcome}_n"] = cells[:, o * col.N_TESTS + test]
            money = cells[:, col.MONEY + o * col.N_TESTS + test]
            table[f"{prefix}{'raised' if o == 0 else outcome}_m"] = money
    owned = run.ownership.sum(axis=(1, 2))
    return table | {
        "commitments_n": flows[:, col.RAISED_N],
        "commitments_m": flows[:, col.RAISED_M],
        "nav_m": flows[:, col.NAV_S],
        "founders_n": owned[:, 0],
        "founders_m": owned[:, 1],
    }


def of_reference(world, paths, name):
    generators = np.random.default_rng(crc32(name.encode())).spawn(paths)
    markets = [plain.Market(world, rng) for rng in generators]
    for market in markets:
        market.run()
    rows = [market.totals for market in markets]
    table = {}
    for key in set().union(*rows):
        table[f"{key}_n"], table[f"{key}_m"] = np.array([row[key] for row in rows]).T
    table["exit_m"] = sum(table[f"{route}_m"] for route in ("ipo", "mna", "transfer", "buyback"))
    table["called_m"] = table["deal_m"] + table["fees_m"]
    return table


def with_sums(table):
    """Add the viable ask and the gap, and the founders' mean share by the delta method."""
    for unit, funded in (("n", "viable_funded_n"), ("m", "viable_raised_m")):
        gap = sum(table[f"viable_{outcome}_{unit}"] for outcome in OUTCOMES[1:])
        table |= {f"gap_{unit}": gap, f"viable_ask_{unit}": gap + table[funded]}
    firms, share = table["founders_n"], table["founders_m"]
    ratio = share.mean() / firms.mean()
    return table | {"founders": ratio + (share - ratio * firms) / firms.mean()}


def scores(name, kernel_paths, plain_paths):
    """Return the difference over its standard error, by quantity."""
    world = small_world(*VARIANTS[name])
    left = with_sums(of_kernel(world, kernel_paths))
    right = with_sums(of_reference(world, plain_paths, name))
    for side in (left["deal_n"], right["deal_n"]):
        assert side.std() / np.sqrt(len(side)) < 0.05 * side.mean()
    result = {}
    for key, a in left.items():
        b = right[key]
        spread = max(a.var(), b.var(), 1e-18)  # few paths may miss the heavy tail of exits
        result[key] = (b.mean() - a.mean()) / np.sqrt(spread * (1 / len(a) + 1 / len(b)))
    return result


def disagreements(name, kernel_paths, plain_paths):
    found = scores(name, kernel_paths, plain_paths)
    return {key: round(float(z), 1) for key, z in found.items() if abs(z) > ERRORS}


@pytest.mark.parametrize("name", ["baseline", "regimes", "network"])
def test_totals_agree_with_the_plain_simulator(name):
    """Few paths of the plain simulator, for it is slow; the test below sees finer differences."""
    assert not disagreements(name, 700, 30)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_totals_agree_with_the_plain_simulator_on_many_paths(name):
    assert not disagreements(name, 4000, 400)


def test_the_plain_simulator_is_short_and_on_its_own():
    text = Path(plain.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 310
    assert "finmodel.market" not in text
