"""``python -m tests.bench.mesa_market [scale]``: the same market as a Mesa model, timed.

The model below is written as one writes a Mesa model: firms and funds are agents, a quarter is
a step, scalar draws come from ``model.random``. It takes the eleven steps of docs/model.md in
their order, with the numbers of the same scenario; what does not change within a quarter or a
stage is computed once. It does less than the engine: of terms and environments only what the
baseline has (no stress, no `regimes`, no participation), and of books one test of viability,
needs by cell, and a ledger. Garbage collection is on, as Python has it.

Nothing here is asserted: machines differ. Ratios within one run are what to quote.
"""

import math
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from itertools import accumulate, product
from statistics import NormalDist

import numpy as np

from finmodel.market.columns import ACTIVE_N, DEAL_M, DEAL_N
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from tests.bench.mesa_agents import Firm, Fund, plain
from tests.bench.mesa_matching import Purse, match
from tests.conftest import YRD

try:
    from mesa import DataCollector, Model
except ImportError:
    Model = object
    DataCollector = None

TURNS = 3


class VentureMarket(Model):
    """The venture market of a world, one quarter a step."""

    def __init__(self, arrays, seed):
        super().__init__(rng=seed)
        self.arrays, self.rules = arrays, plain(arrays.rules[0])
        self.types = [plain(row) for row in arrays.types]
        self.lps = [plain(row) for row in arrays.lps]
        self.lp_mix = arrays.lp_mix.tolist()
        self.sight, self.meeting_factor = arrays.sight.tolist(), arrays.meeting_factor.tolist()
        self.mandate, self.nearness = arrays.mandate.tolist(), arrays.nearness.tolist()
        weights = [terms.hard_tech_weight for terms in self.types]
        self.taste = [
            weights if is_hard else [1.0] * len(weights) for is_hard in arrays.is_hard_tech
        ]
        regions, stages, sectors = (range(n) for n in arrays.stages.shape)
        self.regions, self.last_stage = regions, len(stages) - 1
        self.cells = [[[plain(cell) for cell in row] for row in t] for t in arrays.stages]
        for r, k, s in product(regions, stages, sectors):
            self.cells[r][k][s].score = arrays.score[arrays.score_group[r], k, s].tolist()
        rules, draw = self.rules, self.random
        self.market = rules.market_log_sd * draw.gauss()
        self.fashion = [rules.sector_log_sd * draw.gauss() for _ in sectors]
        opens, closes = rules.window_open_pp, rules.window_close_pp
        self.is_open = draw.random() < opens / (opens + closes)
        self.phase = self.rng.random(arrays.fund_rate_pp.shape)
        self.closing = dict.fromkeys(product(regions, stages), 1.0)
        zeros = ([0.0 for _ in regions] for _ in range(5))
        self.nav, self.nav_before, self.gain, self.base, self.lp_flow = zeros
        self.ledger, self.books = defaultdict(float), defaultdict(lambda: [0, 0.0, 0.0])
        self.firm_quarters = 0
        self.datacollector = DataCollector(
            {"firms": lambda model: len(model.firms), "deals": "deals", "invested": "invested"}
        )

    @property
    def firms(self):
        return self.agents_by_type[Firm]

    @property
    def funds(self):
        return self.agents_by_type[Fund]

    def pay(self, payer, payee, amount):
        self.ledger[payer] -= amount
        self.ledger[payee] += amount

    def step(self):
        self.quarter = self.steps - 1
        self.deals, self.invested = 0, 0.0
        is_year_end = self.quarter % 4 == 3
        self.move_environment()
        self.bear_firms()
        self.raise_funds()
        self.funds.do("open_quarter")
        self.firms.do("live")
        self.firms.do("open_need")
        self.open_market()
        self.firms.do("seek")
        for firm in match([firm for firm in self.firms if firm.offers], self.rules.min_close_share):
            firm.close_round()
        self.remember_success()
        self.firms.do("wait")
        if is_year_end:
            self.firms.do("sell_ended")
        self.funds.do("distribute")
        self.close_books()
        if is_year_end:
            self.close_year()
        self.datacollector.collect(self)

    def move_environment(self):
        rules, draw = self.rules, self.random
        self.market = rules.market_persistence * self.market + rules.market_shock_sd * draw.gauss()
        keep, sd = rules.sector_persistence, rules.sector_shock_sd
        self.fashion = [keep * x + sd * draw.gauss() for x in self.fashion]
        m = self.market
        chance = rules.window_close_pp if self.is_open else rules.window_open_pp
        tilt = math.exp(rules.window_loading * (-m if self.is_open else m))
        if draw.random() < chance * tilt / (1 - chance + chance * tilt):
            self.is_open = not self.is_open
        price = math.exp(rules.price_loading * m - rules.price_norm)
        exit_ = math.exp(rules.exit_market_loading * m - rules.exit_market_norm)
        in_sector = [math.exp(x - rules.sector_log_sd**2 / 2) for x in self.fashion]
        self.price_factor = [price * x for x in in_sector]
        self.exit_factor = [exit_ * x for x in in_sector]
        self.pace = math.exp(rules.pace_loading * m - rules.pace_norm)
        self.ipo_factor = 1.0 if self.is_open else rules.window_closed_multiple

    def bear_firms(self):
        rules, draw, entry = self.rules, self.random, self.arrays.entry_cdf.tolist()
        for place, n in np.ndenumerate(self.rng.poisson(self.arrays.birth_rate_pp)):
            for stage in draw.choices(range(len(entry)), cum_weights=entry, k=n):
                quality = draw.gauss(rules.quality_mean, rules.quality_sd)
                size = draw.lognormvariate(0.0, rules.size_log_sd)
                Firm(self, *place, stage, quality, size)
        self.firm_quarters += len(self.firms)

    def raise_funds(self):
        draw, sectors = self.random, self.arrays.focus_cdf[0].tolist()
        rate, quarter = self.arrays.fund_rate_pp, self.quarter
        raised = np.floor(self.phase + rate * (quarter + 1)) - np.floor(self.phase + rate * quarter)
        for (region, kind), n in np.ndenumerate(raised):
            terms, sd = self.types[kind], self.types[kind].size_log_sd
            mean = terms.size * self.supply(region, kind)
            for _ in range(int(n)):
                size = mean * draw.lognormvariate(-(sd**2) / 2, sd)
                sector = None
                if draw.random() < terms.specialist_share:
                    sector = draw.choices(range(len(sectors)), cum_weights=sectors)[0]
                Fund(self, region, kind, size, sector)

    def supply(self, region, kind):
        rules, total = self.rules, 0.0
        trailing = rules.reference_return_pa
        if self.base[region] > 0.0:
            trailing = 4 * self.gain[region] / self.base[region]
        for lp, share in zip(self.lps, self.lp_mix[kind], strict=True):
            answer = math.exp(lp.return_response * (trailing - rules.reference_return_pa))
            answer = min(max(answer, 1 / rules.response_limit), rules.response_limit)
            total += share * answer * math.exp(lp.cycle_loading * self.market - lp.cycle_norm)
        return total

    def exit_luck(self):
        rules, u = self.rules, self.random.random()
        if u < 1 - rules.tail_share:
            return math.exp(rules.value_log_sd * NormalDist().inv_cdf(u))
        start = math.exp(rules.value_log_sd * NormalDist().inv_cdf(1 - rules.tail_share))
        at_cap, v = (start / rules.value_cap) ** rules.tail_index, self.random.random()
        return start * (v + (1 - v) * at_cap) ** (-1 / rules.tail_index)

    def open_market(self):
        """List the funds with money for new deals, and forget last quarter's purses."""
        self.asked, self.closed = defaultdict(int), defaultdict(int)
        self.purses, self.reached, self.groups = {}, {}, defaultdict(list)
        for fund in self.funds:
            if fund.free > 0.0:
                self.groups[fund.region, fund.kind, fund.sector].append(fund)
        self.upto = {k: list(accumulate(f.free for f in fs)) for k, fs in self.groups.items()}

    def reach(self, *cell):
        """Return the groups of funds that a firm of a cell may meet, and cumulated weights."""
        if cell not in self.reached:
            region, stage, sector = cell
            keys = [key for key in self.groups if key[2] in (None, sector)]
            weights = [
                self.mandate[kind][stage]
                * self.taste[sector][kind]
                * self.nearness[seat][region][kind]
                * self.upto[seat, kind, special][-1]
                for seat, kind, special in keys
            ]
            self.reached[cell] = keys, list(accumulate(weights))
        return self.reached[cell]

    def purse(self, fund, is_insider):
        key = fund, is_insider
        if key not in self.purses:
            self.purses[key] = Purse(fund.reserve if is_insider else fund.free)
        return self.purses[key]

    def remember_success(self):
        for place, n in self.asked.items():
            share = self.closed[place] / n
            self.closing[place] += self.rules.success_memory * (share - self.closing[place])

    def close_books(self):
        """Step 11: trailing returns by region."""
        weight = self.rules.return_memory
        for r in self.regions:
            gain = self.nav[r] - self.nav_before[r] + self.lp_flow[r]
            self.gain[r] += weight * (gain - self.gain[r])
            self.base[r] += weight * (self.nav_before[r] - self.base[r])
            self.nav_before[r], self.lp_flow[r] = self.nav[r], 0.0

    def close_year(self):
        """Carry open needs, dissolve ended funds, and check the ledger against all cash."""
        cash = [0.0 for _ in self.regions]
        for firm in self.firms:
            cash[firm.region] += firm.cash
            if firm.need:
                firm.record(firm.need.outcome)
        for r in self.regions:
            if not math.isclose(cash[r], self.ledger["firms", r], rel_tol=1e-9, abs_tol=1e-3):
                raise RuntimeError(f"cash of region {r}: {cash[r]} and {self.ledger['firms', r]}")
        self.funds.select(Fund.is_over).do("remove")


def run_mesa(world, seeds):
    """Run one path a seed; return firm-quarters a second, and yearly means of each path."""
    started, n, found = time.perf_counter(), 0, []
    for seed in seeds:
        model = VentureMarket(world.arrays, seed)
        for _ in range(world.arrays.calendar.n_quarters):
            model.step()
        n += model.firm_quarters
        table = model.datacollector.get_model_vars_dataframe()
        mean = table.tail(4 * world.arrays.calendar.n_years).mean()
        found.append([mean["firms"], 4 * mean["deals"], 4 * mean["invested"]])
    return n / (time.perf_counter() - started), found


def run_engine(world, paths, threads):
    """Do the same with the compiled market."""
    run = simulate(world, paths=paths, seed=1, threads=threads)
    years = run.panel.sum(axis=(2, 3, 4)).mean(axis=1)
    return run.firm_quarters / run.seconds, years[:, [ACTIVE_N, DEAL_N, DEAL_M]]


def mean_and_error(rows):
    return np.mean(rows, axis=0), np.std(rows, axis=0) / max(1, len(rows) - 1) ** 0.5


def report(scale: float = 0.05, quarters: int = 24) -> None:
    """Print the speed of both at a share of the delta's market, and how alike they are.

    Both run whole paths of one scenario: its warm-up, then `quarters` (in whole years), over
    which the yearly figures are taken. They take turns, and of each the fastest turn counts.
    """
    if DataCollector is None:
        print("mesa is not installed: pip install finmodel[bench]")
        return
    changes = (f"run.scale={scale}", f"run.years={math.ceil(quarters / 4)}")
    world = build_world(load_scenario(YRD, changes))
    n_mesa, n_engine = max(1, round(0.4 / scale)), max(20, round(20 / scale))
    theirs, ours, rates = [], [], []
    for turn in range(TURNS):
        mesa_rate, found = run_mesa(world, range(turn * n_mesa, (turn + 1) * n_mesa))
        theirs += found
        one_rate, ours = run_engine(world, n_engine, 1)
        rates.append((mesa_rate, one_rate, run_engine(world, n_engine, 2)[0]))
    best = np.max(rates, axis=0)
    print(
        f"a market at scale {scale:g}, {world.arrays.calendar.n_quarters} quarters a path\n"
        f"mesa {version('mesa')}, {n_mesa} paths: {best[0]:,.0f} firm-quarters a second"
    )
    for name, rate in zip(("1 thread", "2 threads"), best[1:], strict=True):
        print(
            f"finmodel, {n_engine} paths, {name}: {rate:,.0f} firm-quarters a second, "
            f"{rate / best[0]:.0f} times as many"
        )
    (a, a_error), (b, b_error) = mean_and_error(theirs), mean_and_error(ours)
    for i, name in enumerate(("firms alive", "deals a year", "million CNY invested a year")):
        print(
            f"{name}: mesa {a[i]:,.0f} +- {a_error[i]:,.0f}, finmodel {b[i]:,.0f} +- "
            f"{b_error[i]:,.0f}, difference {a[i] / b[i] - 1:+.1%}"
        )


if __name__ == "__main__":
    report(*map(float, sys.argv[1:2]))
