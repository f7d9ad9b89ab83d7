"""One path of the market in plain Python, written from docs/model.md and nothing else.

It shares no code with the kernel. From the world it takes the hurdles and the score table
only, which have tests of their own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
from pydantic import BaseModel

from finmodel.datasets import distance_km
from finmodel.scenario import Quantity, Scenario
from finmodel.world import build_world, region_shares
from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP
from tests.reference.matching import Offer, allocate

ROUTES = ("ipo", "mna", "transfer", "buyback")
GRID = SCORE_LOW + SCORE_STEP * np.arange(SCORE_POINTS)


@dataclass(eq=False)
class Fund:
    region: int
    type: int
    terms: Any
    born: int
    commitment: float
    sector: int | None
    for_new: float  # money for new deals over its life
    locked: float  # the part of it not yet released
    reserve: float
    free: float = 0.0  # released and not used
    called: float = 0.0
    due: float = 0.0  # what LPs are owed before the manager shares
    received: float = 0.0  # and not yet passed on
    to_lps: float = 0.0
    carry: float = 0.0


@dataclass(eq=False)
class Lot:
    fund: Fund | None  # None: outsiders
    cost: float
    shares: float
    quarter: int


@dataclass(eq=False)
class Need:
    kind: str
    ask: float
    opened: int
    noise: float
    outcome: str = "discouraged"
    is_carried: bool = False


@dataclass(eq=False)
class Firm:
    region: int
    sector: int
    stage: int
    quality: float
    size: float
    cash: float = 0.0
    shares: float = 1.0  # of which founders have one
    price: float | None = None
    is_paid: bool = False  # had the round of its stage
    shrinks: bool = False
    need: Need | None = None
    lots: list[Lot] = field(default_factory=list)


def plain(node: Any) -> Any:
    """Return a section of a scenario with bare numbers."""
    if isinstance(node, Quantity):
        return node.centre
    if isinstance(node, BaseModel):
        return SimpleNamespace(**{name: plain(value) for name, value in node})
    if isinstance(node, dict):
        return {name: plain(value) for name, value in node.items()}
    return node


class Market:
    def __init__(self, scenario: Scenario, rng: np.random.Generator) -> None:
        self.rng, self.c = rng, plain(scenario)
        c, arrays = self.c, build_world(scenario).arrays
        self.stages = [c.stages[name] for name in scenario.stage_names]
        self.sectors, self.types = list(c.sectors.values()), list(c.funds.values())
        self.birth_region = region_shares(scenario, scenario.births.region_index)
        self.birth_sector = np.array([s.birth_share for s in self.sectors])
        self.birth_sector /= self.birth_sector.sum()
        self.entry = np.array([s.entry_share for s in self.stages])
        self.capital_region = region_shares(scenario, scenario.capital.region_index)
        self.hurdle = arrays.stages["hurdle_market"]
        self.score = arrays.score[arrays.score_group]
        names = c.geography.regions
        km = distance_km(names)
        self.n_regions = n = len(names)
        self.nearness = np.ones((n, n, len(self.types)))
        for g in range(n):
            for r in set(range(n)) - {g}:
                away = (km[g, r] / c.friction.reference_km) ** -c.friction.distance_elasticity
                away *= c.friction.pairs.get(f"{names[g]}>{names[r]}", 1.0)
                self.nearness[g, r] = [t.away_weight * away for t in self.types]
        weights = [[t.mandate.get(k, 0.0) for k in scenario.stage_names] for t in self.types]
        self.mandate = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
        self.presence = [c.intermediaries.presence.get(name, 0.0) for name in names]
        self.cluster = np.ones((n, len(self.sectors)))
        for key, strength in c.clusters.strength.items():
            region, sector = key.split("/")
            if region in names:
                at = names.index(region), list(c.sectors).index(sector)
                self.cluster[at] = math.exp(c.clusters.loading * strength)
        self.first = 4 * c.run.warm_up_years
        self.phase = rng.random((n, len(self.types)))
        self.closing = np.ones((n, len(self.stages)))
        self.nav, self.gain, self.base = np.zeros(n), np.zeros(n), np.zeros(n)
        self.funds: list[Fund] = []
        self.firms: list[Firm] = []
        self.totals: dict[str, float] = defaultdict(float)
        self.start_environment()

    def add(self, name: str, amount: float = 1.0) -> None:
        if self.quarter >= self.first:
            self.totals[name] += amount

    # 1. Environment

    def start_environment(self) -> None:
        e, rng = self.c.environment, self.rng
        self.p_high = e.rise_pp / (e.rise_pp + e.fall_pp)
        self.is_high = rng.random() < self.p_high
        self.ar = e.market_log_sd * rng.standard_normal()
        self.fashion = e.sector_log_sd * rng.standard_normal(len(self.sectors))
        open_pp, close_pp = e.window_open_pp, e.window_close_pp
        self.is_open = rng.random() < open_pp / (open_pp + close_pp)

    def factor(self, loading: float) -> float:
        e = self.c.environment
        if e.process == "ar1":
            mean = math.exp((loading * e.market_log_sd) ** 2 / 2)
        else:
            mean = self.p_high * math.exp(loading * e.regime_high)
            mean += (1 - self.p_high) * math.exp(loading * e.regime_low)
        return math.exp(loading * self.m) / mean

    def move_environment(self) -> None:
        e, rng = self.c.environment, self.rng
        keep, sd = e.market_persistence_pp, e.market_log_sd
        self.ar = keep * self.ar + sd * math.sqrt(1 - keep**2) * rng.standard_normal()
        if rng.random() < (e.fall_pp if self.is_high else e.rise_pp):
            self.is_high = not self.is_high
        self.m = self.ar
        if e.process == "regimes":
            self.m = e.regime_high if self.is_high else e.regime_low
        keep, sd = e.sector_persistence_pp, e.sector_log_sd
        shock = sd * math.sqrt(1 - keep**2) * rng.standard_normal(len(self.sectors))
        self.fashion = keep * self.fashion + shock
        self.ipo_stress = self.sale_stress = self.pace_stress = 1.0
        self.lp_stress: dict[str, float] = defaultdict(lambda: 1.0)
        for s in e.stress.values():
            if 0 <= self.quarter - self.first - s.start_quarter < s.quarters:
                self.m += s.market_shift
                self.ipo_stress *= s.ipo_multiple
                self.sale_stress *= s.sale_multiple
                self.pace_stress *= s.pace_multiple
                for lp, multiple in s.lp_multiple.items():
                    self.lp_stress[lp] *= multiple
        chance = e.window_close_pp if self.is_open else e.window_open_pp
        tilt = math.exp(e.window_loading * self.m * (-1 if self.is_open else 1))
        if rng.random() < chance * tilt / (1 - chance + chance * tilt):
            self.is_open = not self.is_open
        in_sector = np.exp(self.fashion - e.sector_log_sd**2 / 2)
        self.price_factor = self.factor(e.price_loading) * in_sector
        self.exit_factor = self.factor(e.exit_loading) * in_sector

    # 2. Births

    def bear_firms(self) -> None:
        f, rng = self.c.firms, self.rng
        rate = self.c.births.total_pa * self.c.run.scale / 4
        born = rng.poisson(rate * np.outer(self.birth_region, self.birth_sector))
        for (r, s), n in np.ndenumerate(born):
            for _ in range(n):
                stage = int(rng.choice(len(self.stages), p=self.entry / self.entry.sum()))
                quality = rng.normal(f.quality_mean, f.quality_sd)
                size = rng.lognormal(0.0, f.size_log_sd)
                self.firms.append(Firm(r, s, stage, quality, size))
                self.add("births_n")

    # 3. Capital

    def supply(self, terms: Any, region: int) -> float:
        c, total = self.c.capital, 0.0
        trailing = c.reference_return_pa
        if self.base[region] > 0:
            trailing = 4 * self.gain[region] / self.base[region]
        for name, share in terms.lp_mix.items():
            lp = self.c.lps[name]
            answer = math.exp(lp.return_response * (trailing - c.reference_return_pa))
            answer = min(max(answer, 1 / c.response_limit), c.response_limit)
            total += share * self.lp_stress[name] * self.factor(lp.cycle_loading) * answer
        return total

    def raise_funds(self) -> None:
        c, rng, q = self.c, self.rng, self.quarter
        for (r, t), phase in np.ndenumerate(self.phase):
            terms = self.types[t]
            rate = c.capital.total_mcny_pa * c.run.scale * self.capital_region[r]
            rate *= terms.capital_share / terms.size_mcny / 4
            for _ in range(math.floor(phase + rate * (q + 1)) - math.floor(phase + rate * q)):
                sd = terms.size_log_sd
                size = terms.size_mcny * rng.lognormal(-(sd**2) / 2, sd) * self.supply(terms, r)
                sector = None
                if rng.random() < terms.specialist_share:
                    sector = int(rng.choice(len(self.sectors), p=self.birth_sector))
                fees = [self.fee(terms, age) for age in range(round(4 * terms.term_years))]
                money = size * (1 - sum(fees))
                new = money * (1 - terms.reserve_share)
                self.funds.append(Fund(r, t, terms, q, size, sector, new, new, money - new))
                self.add("funds_raised_n")
                self.add("commitments_mcny", size)

    def fee(self, terms: Any, age: int) -> float:
        if age % 4 or age >= round(4 * terms.term_years):
            return 0.0
        return terms.fee_pa * (1 if age < 4 * terms.investment_years else terms.fee_after_share)

    def call(self, fund: Fund, amount: float, use: str) -> None:
        fund.called += amount
        fund.due += amount
        self.flow[fund.region] -= amount
        self.add("called_mcny", amount)
        self.add(use, amount)

    def set_budgets(self) -> None:
        pace = self.factor(self.c.environment.pace_loading) * self.pace_stress
        self.flow = np.zeros(self.n_regions)
        for fund in self.funds:
            terms, age = fund.terms, self.quarter - fund.born
            n = round(4 * terms.investment_years)
            fund.due *= (1 + terms.hurdle_pa) ** 0.25
            self.call(fund, fund.commitment * self.fee(terms, age), "fees_mcny")
            if age >= round(4 * terms.term_years):
                fund.free = fund.locked = fund.reserve = 0.0
            elif age >= n:
                fund.reserve += fund.free + fund.locked
                fund.free = fund.locked = 0.0
            else:
                out = min(fund.locked, fund.for_new / n * pace)
                fund.locked -= out
                fund.free += out

    # 4. Risks

    def plan(self, firm: Firm) -> float:
        return self.full_ask(firm) / self.stages[firm.stage].runway_quarters

    def full_ask(self, firm: Firm) -> float:
        stage, sector = self.stages[firm.stage], self.sectors[firm.sector]
        return stage.ask_median_mcny * sector.ask_multiple * firm.size

    def hazards(self, firm: Firm, pace: float) -> dict[str, float]:
        f, e = self.c.firms, self.c.environment
        stage, sector, q = self.stages[firm.stage], self.sectors[firm.sector], firm.quality
        held = [lot for lot in firm.lots if lot.fund]
        money = sum(lot.cost for lot in held)
        support = sum(lot.cost * lot.fund.terms.support for lot in held) / money if money else 0.0
        helped = math.exp(f.support_loading * support)
        good = math.exp(f.exit_loading * q)
        milestone = stage.milestone_rate_pa * sector.milestone_multiple * pace * helped
        milestone *= math.exp(f.milestone_loading * q) * self.cluster[firm.region, firm.sector]
        failure = stage.failure_rate_pa * sector.failure_multiple / helped
        window = 1.0 if self.is_open else e.window_closed_multiple
        rates = {
            "milestone": milestone if firm.stage < len(self.stages) - 1 else 0.0,
            "failure": failure * math.exp(-f.failure_loading * q),
            "ipo": stage.ipo_rate_pa * good * window * self.ipo_stress,
            "mna": stage.mna_rate_pa * good * self.sale_stress,
            "transfer": stage.transfer_rate_pa * good * self.sale_stress,
            "buyback": stage.buyback_rate_pa * good if firm.lots else 0.0,
        }
        return {name: rate / 4 for name, rate in rates.items()}

    def meet_risks(self) -> None:
        f = self.c.firms
        for firm in list(self.firms):
            plan = self.plan(firm)
            spent = min(firm.cash, plan * (f.shrink_share if firm.shrinks else 1.0))
            firm.cash = firm.cash - spent if firm.cash - spent > 1e-9 * plan else 0.0
            rates = self.hazards(firm, min(1.0, max(f.unfunded_pace, spent / plan)))
            total = sum(rates.values())
            if self.rng.random() >= 1 - math.exp(-total):
                continue
            odds = np.array(list(rates.values())) / total
            event = list(rates)[self.rng.choice(len(odds), p=odds)]
            if event == "milestone":
                self.add("milestones_n")
                self.withdraw(firm)
                firm.stage += 1
                firm.is_paid = False
            elif event == "failure":
                self.end(firm, "failures_n")
            else:
                self.exit(firm, event)

    def luck(self) -> float:
        x, u = self.c.exits, self.rng.random()
        if u < 1 - x.tail_share:
            return math.exp(x.value_log_sd * NormalDist().inv_cdf(u))
        start = math.exp(x.value_log_sd * NormalDist().inv_cdf(1 - x.tail_share))
        at_cap = (start / x.value_cap) ** x.tail_index
        v = self.rng.random()
        return start * (v + (1 - v) * at_cap) ** (-1 / x.tail_index)

    def exit(self, firm: Firm, route: str) -> None:
        sector = self.sectors[firm.sector]
        value = self.full_ask(firm) / self.stages[firm.stage].dilution * sector.value_multiple
        value *= getattr(self.c.exits, f"{route}_value_multiple") * self.luck()
        value *= math.exp(self.c.firms.value_loading * firm.quality)
        value *= self.exit_factor[firm.sector]
        self.add(f"{route}_n")
        self.add("exit_value_mcny", value)
        self.withdraw(firm)
        self.pay_out(firm, value, route)
        self.firms.remove(firm)

    def end(self, firm: Firm, why: str) -> None:
        self.add(why)
        if firm.need:
            self.book(firm, firm.need.outcome, has_ended=True)
        self.pay_out(firm, firm.cash, "mna")
        self.firms.remove(firm)

    # 5. Needs

    def open_needs(self) -> None:
        for firm in self.firms:
            if firm.need:
                continue
            ask, lead = self.full_ask(firm), self.c.firms.lead_quarters
            if not firm.is_paid:
                firm.need = Need("round", ask, self.quarter, self.rng.standard_normal())
            elif firm.cash <= lead * self.plan(firm) * (1 + 1e-9):
                ask *= self.stages[firm.stage].bridge_share
                firm.need = Need("bridge", ask, self.quarter, self.rng.standard_normal())

    # 6. Meetings and offers

    def collect_offers(self) -> None:
        self.seekers: list[tuple[Firm, list[Offer]]] = []
        self.investing = [fund for fund in self.funds if fund.free > 0]
        self.table = np.array(
            [(f.region, f.type, -1 if f.sector is None else f.sector) for f in self.investing], int
        ).reshape(-1, 3)
        self.free = np.array([fund.free for fund in self.investing])
        asked, closing = self.c.market.discouragement, self.closing
        for firm in self.firms:
            if not firm.need:
                continue
            is_new = firm.need.outcome == "discouraged"
            silent = asked * (1 - closing[firm.region, firm.stage])
            if is_new and self.rng.random() < silent:
                continue
            self.seekers.append((firm, self.hear(firm)))

    def hear(self, firm: Firm) -> list[Offer]:
        price_luck = math.exp(self.c.terms.price_log_sd * self.rng.standard_normal())
        own = list(dict.fromkeys(lot.fund for lot in firm.lots if lot.fund))[:4]
        heard = [self.offer(firm, fund, price_luck, is_own=True) for fund in own]
        heard += [self.offer(firm, fund, price_luck) for fund in self.meet(firm)]
        offers = [offer for offer in heard if offer]
        most = self.c.terms.max_dilution
        good = [o for o in offers if firm.need.ask / (o.note.pre + firm.need.ask) <= most]
        firm.need.outcome = "refused" if offers and not good else "rejected"
        return sorted(good, key=lambda offer: -offer.note.liking)

    def meet(self, firm: Firm) -> list[Fund]:
        gain = self.c.intermediaries.meeting_gain * self.presence[firm.region]
        expected = self.c.market.meetings_pp * (1 + gain)
        n = math.floor(expected) + (self.rng.random() < expected % 1)
        region, kind, sector = self.table.T
        taste = np.ones(len(self.types))
        if self.sectors[firm.sector].is_hard_tech:
            taste = np.array([terms.hard_tech_weight for terms in self.types])
        weight = (self.mandate[:, firm.stage] * taste)[kind] * self.free
        weight = weight * self.nearness[region, firm.region, kind]
        weight = weight * ((sector < 0) | (sector == firm.sector))
        if weight.sum() <= 0:
            return []
        met = self.rng.choice(len(weight), size=n, p=weight / weight.sum())
        own = {lot.fund for lot in firm.lots}
        return [f for f in dict.fromkeys(self.investing[i] for i in met) if f not in own]

    def offer(
        self, firm: Firm, fund: Fund, price_luck: float, *, is_own: bool = False
    ) -> Offer | None:
        c, terms, need = self.c, fund.terms, firm.need
        is_away = fund.region != firm.region
        sd = c.market.signal_noise_sd
        sd *= 1 - c.intermediaries.precision_gain * self.presence[firm.region]
        sd *= terms.away_noise_multiple if is_away else 1.0
        sd *= c.market.insider_noise_multiple if is_own else 1.0
        common = c.market.common_noise_share
        noise = math.sqrt(common) * need.noise
        noise += math.sqrt(1 - common) * self.rng.standard_normal()
        mean, spread = c.firms.quality_mean, c.firms.quality_sd
        weight = spread**2 / (spread**2 + sd**2)
        expected = mean + weight * (firm.quality + sd * noise - mean)
        cell = firm.region, firm.stage, firm.sector
        ticket, purse = min(terms.ticket_share * fund.commitment, fund.free), "new"
        if is_own:
            mine = [lot for lot in firm.lots if lot.fund is fund]
            share = sum(lot.shares for lot in mine) / firm.shares
            left = terms.concentration_share * fund.commitment - sum(lot.cost for lot in mine)
            ticket = min(terms.follow_multiple * share * need.ask, left, fund.reserve)
            purse = "follow"
        if expected < self.hurdle[cell] or ticket <= 0:
            return None
        dilution = self.stages[firm.stage].dilution
        pre = self.full_ask(firm) * (1 - dilution) / dilution
        pre *= self.sectors[firm.sector].value_multiple * self.price_factor[firm.sector]
        pre *= math.exp(c.terms.signal_loading * (expected - mean)) * price_luck
        pre *= 1 - c.terms.bridge_discount if need.kind == "bridge" else 1.0
        liking = terms.support - terms.strings - (c.friction.distance_dislike if is_away else 0)
        score = float(np.interp(expected, GRID, self.score[cell]))
        note = SimpleNamespace(fund=fund, pre=pre, liking=liking)
        return Offer((fund, purse), ticket, score, note)

    # 7 and 8. Matching and rounds

    def match(self) -> None:
        budgets = {(fund, "new"): fund.free for fund in self.funds}
        budgets |= {(fund, "follow"): fund.reserve for fund in self.funds}
        asks = [firm.need.ask for firm, _ in self.seekers]
        offers = [row for _, row in self.seekers]
        closed = allocate(asks, offers, budgets, self.c.market.min_close_share)
        asked, done = np.zeros_like(self.closing), np.zeros_like(self.closing)
        for (firm, row), is_closed in zip(self.seekers, closed, strict=True):
            asked[firm.region, firm.stage] += 1
            if is_closed:
                done[firm.region, firm.stage] += 1
                self.close_round(firm, [o for o in row if o.amount > 0])
        weight = 1 - math.exp(-self.c.market.success_memory_pa / 4)
        share = np.divide(done, asked, out=self.closing.copy(), where=asked > 0)
        self.closing += weight * (share - self.closing)

    def close_round(self, firm: Firm, row: list[Offer]) -> None:
        raised = sum(offer.amount for offer in row)
        price = max(row, key=lambda offer: offer.amount).note.pre / firm.shares
        self.add("deals_n")
        self.add("deals_mcny", raised)
        self.add("bridges_n", firm.need.kind == "bridge")
        self.add("first_rounds_n", firm.price is None)
        self.add("down_rounds_n", firm.price is not None and price < firm.price)
        for offer in row:
            fund, amount = offer.note.fund, offer.amount
            if offer.purse[1] == "new":
                fund.free -= amount
            else:
                fund.reserve -= amount
            self.call(fund, amount, "invested_mcny")
            firm.lots.append(Lot(fund, amount, amount / price, self.quarter))
            firm.shares += amount / price
            if fund.region != firm.region:
                self.add("away_n")
                self.add("away_mcny", amount)
        firm.cash += raised
        firm.price = price
        firm.is_paid, firm.shrinks = True, False
        self.book(firm, "funded", raised)
        firm.need = None

    def book(
        self, firm: Firm, outcome: str, raised: float = 0.0, *, has_ended: bool = False
    ) -> None:
        need = firm.need
        lacking = need.ask - raised
        if outcome == "funded" and lacking > 1e-9 * need.ask:
            outcome = "shortfall"
        viable = firm.quality >= self.hurdle[firm.region, firm.stage, firm.sector]
        for test, is_in in (("", True), ("viable_", viable)):
            if is_in:
                self.add(f"{test}ask_n")
                self.add(f"{test}ask_mcny", need.ask)
                self.add(f"{test}{outcome}_n")
                self.add(f"{test}funded_mcny", raised)
                if outcome != "funded":
                    self.add(f"{test}{outcome}_mcny", lacking)
        if viable and outcome != "funded":
            self.add("gap_n")
            self.add("gap_mcny", lacking)
        self.add("carried_n", need.is_carried)
        self.add("persistent_n", viable and has_ended)
        wait = self.quarter - need.opened
        self.add("late_n", viable and raised > 0 and wait > self.c.market.timely_quarters)

    def withdraw(self, firm: Firm) -> None:
        if firm.need:
            self.add("withdrawn_n")
            self.add("withdrawn_mcny", firm.need.ask)
            firm.need = None

    # 9. Those without money

    def wait(self) -> None:
        chance = 1 - math.exp(-1 / self.c.firms.patience_quarters)
        for firm in [firm for firm in self.firms if firm.need]:
            if firm.cash > 0:
                firm.shrinks = firm.shrinks or firm.need.opened < self.quarter
            elif self.rng.random() < chance:
                self.end(firm, "closures_n")

    # 10. Payouts

    def pay_out(self, firm: Firm, value: float, route: str) -> None:
        for lot, amount in zip(firm.lots, self.payments(firm, value, route), strict=True):
            self.add("proceeds_mcny", amount)
            if lot.fund:
                lot.fund.received += amount
                self.add("received_mcny", amount)

    def payments(self, firm: Firm, value: float, route: str) -> list[float]:
        t, lots = self.c.terms, firm.lots
        if route in ("ipo", "transfer"):
            return [value * lot.shares / firm.shares for lot in lots]
        if route == "buyback":
            rate = t.redemption_rate_pa / 4
            claims = [lot.cost * (1 + rate * (self.quarter - lot.quarter)) for lot in lots]
            return [claim * min(1.0, value / sum(claims)) for claim in claims]
        claims = [t.preference_multiple * lot.cost for lot in lots]
        if value <= sum(claims):
            return [claim * value / sum(claims) for claim in claims]
        if t.participating:
            each = (value - sum(claims)) / firm.shares
            return [claim + each * lot.shares for claim, lot in zip(claims, lots, strict=True)]
        left, common = value - sum(claims), 1.0
        pays = list(claims)
        for i in sorted(range(len(lots)), key=lambda i: claims[i] / lots[i].shares):
            # The next to convert gives up its claim and shares alike.
            if (left + claims[i]) / (common + lots[i].shares) <= claims[i] / lots[i].shares:
                break
            left, common = left + claims[i], common + lots[i].shares
            pays[i] = -1.0
        each = left / common
        return [each * lot.shares if p < 0 else p for p, lot in zip(pays, lots, strict=True)]

    def sell_ended(self) -> None:
        over = {f for f in self.funds if self.quarter + 1 - f.born >= round(4 * f.terms.term_years)}
        for firm in self.firms:
            for lot in firm.lots:
                if lot.fund in over:
                    amount = lot.shares * firm.price * (1 - self.c.terms.term_sale_discount)
                    lot.fund.received += amount
                    self.add("received_mcny", amount)
                    lot.fund = None

    def pass_on(self) -> None:
        for fund in self.funds:
            t, money = fund.terms, fund.received
            to_lps = min(money, fund.due)
            fund.due -= to_lps
            money -= to_lps
            carry = 0.0
            if t.catch_up_share > t.carry_share:
                profit = fund.to_lps + to_lps - fund.called + fund.carry
                x = (t.carry_share * profit - fund.carry) / (t.catch_up_share - t.carry_share)
                x = min(money, max(0.0, x))
                carry += t.catch_up_share * x
                to_lps += (1 - t.catch_up_share) * x
                money -= x
            carry += t.carry_share * money
            to_lps += (1 - t.carry_share) * money
            fund.received = 0.0
            fund.to_lps += to_lps
            fund.carry += carry
            self.flow[fund.region] += to_lps
            self.add("to_lps_mcny", to_lps)
            self.add("carry_mcny", carry)

    # 11. Books

    def close_books(self) -> None:
        nav = np.zeros(self.n_regions)
        for firm in self.firms:
            for lot in firm.lots:
                if lot.fund:
                    nav[lot.fund.region] += lot.shares * firm.price
        weight = 1 - math.exp(-self.c.capital.return_memory_pa / 4)
        self.gain += weight * (nav - self.nav + self.flow - self.gain)
        self.base += weight * (self.nav - self.base)
        self.nav = nav

    def close_year(self) -> None:
        for firm in self.firms:
            if firm.need:
                self.book(firm, firm.need.outcome)
                firm.need.is_carried = True
            if firm.lots:
                self.add("backed_n")
                self.add("founders_share", 1 / firm.shares)
        self.add("active_n", len(self.firms))
        self.add("nav_mcny", self.nav.sum())
        alive = [f for f in self.funds if self.quarter + 1 - f.born < round(4 * f.terms.term_years)]
        self.add("funds_n", len(alive))
        self.add("uncalled_mcny", sum(f.commitment - f.called for f in alive))
        self.funds = alive

    def run_quarter(self) -> None:
        is_year_end = self.quarter % 4 == 3
        self.move_environment()
        self.bear_firms()
        self.raise_funds()
        self.set_budgets()
        self.meet_risks()
        self.open_needs()
        self.collect_offers()
        self.match()
        self.wait()
        if is_year_end:
            self.sell_ended()
        self.pass_on()
        self.close_books()
        if is_year_end:
            self.close_year()


def simulate_path(scenario: Scenario, rng: np.random.Generator) -> dict[str, float]:
    """Return yearly means over the reported years of one path."""
    market = Market(scenario, rng)
    for quarter in range(market.first + 4 * market.c.run.years):
        market.quarter = quarter
        market.run_quarter()
    return {name: total / market.c.run.years for name, total in market.totals.items()}
