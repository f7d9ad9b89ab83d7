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
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import accumulate, product
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np

from finmodel.market.columns import ACTIVE_N, DEAL_M, DEAL_N
from finmodel.market.run import simulate
from finmodel.scenario import load_scenario
from finmodel.world import build_world
from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP
from tests.conftest import YRD

try:
    from mesa import Agent, DataCollector, Model
except ImportError:
    Agent = Model = object
    DataCollector = None

TINY = 1e-12
MOST_INSIDERS = 4
TURNS = 3
EVENTS = ("milestone", "failure", "ipo", "mna", "transfer", "buyback")


@dataclass(slots=True, eq=False)
class Lot:
    fund: "Fund | None"  # None: outsiders
    cost: float
    shares: float
    quarter: int


@dataclass(slots=True, eq=False)
class Need:
    ask: float
    is_bridge: bool
    opened: int
    look: float  # the luck all funds share
    outcome: str = "discouraged"


@dataclass(slots=True, eq=False)
class Purse:
    """What a fund may spend this quarter on new firms, or on its own, and who holds it."""

    budget: float
    left: float = 0.0
    held: list["Offer"] = field(default_factory=list)

    def take(self, offer: "Offer", amount: float) -> list[tuple["Offer", float]]:
        """Let an offer hold `amount` more; return which offers lose how much for it."""
        if offer.amount == 0.0:
            self.held.append(offer)
        offer.amount += amount
        self.left -= amount
        losses = []
        while self.left < -TINY * self.budget:
            worst = min(self.held, key=lambda other: other.score)
            cut = min(-self.left, worst.amount)
            worst.amount -= cut
            worst.is_cut = True
            self.left += cut
            if worst.amount == 0.0:
                self.held.remove(worst)
            losses.append((worst, cut))
        return losses


@dataclass(slots=True, eq=False)
class Offer:
    firm: "Firm"
    fund: "Fund"
    is_insider: bool
    purse: Purse
    ticket: float
    pre_money: float
    liking: float
    score: float
    amount: float = 0.0
    is_cut: bool = False


def propose(firms: list["Firm"]) -> None:
    """Deferred acceptance in amounts: firms propose, purses keep the best they can pay for."""
    for firm in firms:
        for offer in firm.offers:
            offer.amount, offer.is_cut = 0.0, False
            offer.purse.left, offer.purse.held = offer.purse.budget, []
    waiting = list(firms)
    while waiting:
        firm = waiting.pop()
        lacking = firm.need.ask - firm.raised()
        for offer in firm.offers:
            room = min(lacking, offer.ticket - offer.amount)
            if offer.is_cut or room <= TINY * firm.need.ask:
                continue
            lacking -= room
            for worst, cut in offer.purse.take(offer, room):
                if worst.firm is firm:
                    lacking += cut
                else:
                    waiting.append(worst.firm)


def match(firms: list["Firm"], least: float) -> list["Firm"]:
    """Allocate the purses; return the firms whose rounds raise at least `least` of the ask."""

    def within_reach(firm: "Firm") -> float:
        return sum(min(offer.ticket, offer.purse.budget) for offer in firm.offers)

    kept = [firm for firm in firms if within_reach(firm) >= least * firm.need.ask]
    while True:
        propose(kept)
        share = {firm: firm.raised() / firm.need.ask for firm in kept}
        short = [firm for firm in kept if TINY < share[firm] < least - 1e-10]
        if not short:
            return [firm for firm in kept if share[firm] > TINY]
        short.sort(key=share.get)
        released = set(short[: (len(short) + 1) // 2])
        kept = [firm for firm in kept if firm not in released]


class Fund(Agent):
    """Calls money from its LPs, puts it into firms, and passes on what it gets back."""

    def __init__(self, model, region, kind, commitment, sector):
        super().__init__(model)
        self.region, self.kind, self.sector = region, kind, sector
        self.terms, self.commitment, self.born = model.types[kind], commitment, model.quarter
        investable = commitment * (1 - self.terms.fee_life)
        self.reserve = investable * self.terms.reserve_share
        self.for_new = self.locked = investable - self.reserve
        self.free = 0.0
        self.called = self.due = self.received = self.to_lps = self.carry = self.nav = 0.0

    def call(self, amount, payee):
        self.called += amount
        self.due += amount
        self.model.lp_flow[self.region] -= amount
        self.model.pay(("lps", self.region), payee, amount)

    def mark(self, change):
        self.nav += change
        self.model.nav[self.region] += change

    def receive(self, amount, payer):
        self.received += amount
        self.model.pay(payer, ("funds", self.region), amount)

    def open_quarter(self):
        """Step 3: the hurdle grows, fees are called, budgets are set."""
        terms, age = self.terms, self.model.quarter - self.born
        self.due *= terms.hurdle_growth
        if age >= terms.term_quarters:
            self.free = self.locked = self.reserve = 0.0
            return
        is_investing = age < terms.investment_quarters
        if age % 4 == 0:
            fee = terms.fee_pa if is_investing else terms.fee_after_pa
            self.call(fee * self.commitment, ("managers", self.region))
        if is_investing:
            out = min(self.locked, self.for_new / terms.investment_quarters * self.model.pace)
            self.locked -= out
            self.free += out
        else:
            self.reserve += self.free + self.locked
            self.free = self.locked = 0.0

    def distribute(self):
        """Step 10: a European waterfall."""
        money, terms = self.received, self.terms
        if money <= 0.0:
            return
        to_lps = min(money, self.due)
        self.due -= to_lps
        money -= to_lps
        carry, share = 0.0, terms.carry_share
        if money > 0.0:
            if terms.catch_up_share > share:
                profit = self.to_lps + to_lps - self.called + self.carry
                behind = (share * profit - self.carry) / (terms.catch_up_share - share)
                behind = min(money, max(0.0, behind))
                carry = terms.catch_up_share * behind
                money -= behind
                to_lps += behind - carry
            carry += share * money
            to_lps += (1 - share) * money
        self.received = 0.0
        self.to_lps += to_lps
        self.carry += carry
        self.model.lp_flow[self.region] += to_lps
        self.model.pay(("funds", self.region), ("lps", self.region), to_lps)
        self.model.pay(("funds", self.region), ("managers", self.region), carry)

    def is_over(self):
        return self.model.quarter + 1 - self.born >= self.terms.term_quarters


class Firm(Agent):
    """Burns cash, seeks rounds, and ends or is sold."""

    def __init__(self, model, region, sector, stage, quality, size):
        super().__init__(model)
        self.region, self.sector, self.quality, self.size = region, sector, quality, size
        self.account = ("firms", region)
        self.cash, self.shares, self.price, self.support = 0.0, 1.0, 0.0, 0.0
        self.shrinks, self.need = False, None
        self.lots: list[Lot] = []
        self.offers: list[Offer] = []
        self.enter(stage)

    def enter(self, stage):
        """Begin a stage; hazards at full pace depend on nothing else."""
        rules, quality = self.model.rules, self.quality
        self.stage, self.is_paid = stage, False
        self.cell = cell = self.model.cells[self.region][stage][self.sector]
        self.ask, self.burn = cell.ask * self.size, cell.burn_pp * self.size
        self.milestone = cell.milestone_pp * math.exp(rules.milestone_loading * quality)
        self.failure = cell.failure_pp * math.exp(-rules.failure_loading * quality)
        pull = math.exp(rules.exit_loading * quality)
        self.ipo = cell.ipo_pp * pull
        self.other_exits = cell.mna_pp * pull, cell.transfer_pp * pull, cell.buyback_pp * pull

    def live(self):
        """Step 4: burn cash and meet competing risks."""
        model, rules = self.model, self.model.rules
        spent = min(self.cash, self.burn * (rules.shrink_share if self.shrinks else 1.0))
        if spent > 0.0:
            self.cash -= spent
            model.pay(self.account, ("costs", self.region), spent)
        pace = min(1.0, max(rules.unfunded_pace, spent / self.burn))
        helped = math.exp(rules.support_loading * self.support)
        grow, fail = self.milestone * pace * helped, self.failure / helped
        risks = (grow, fail, self.ipo * model.ipo_factor, *self.other_exits)
        if model.random.random() >= -math.expm1(-sum(risks)):
            return
        event = model.random.choices(EVENTS, risks)[0]
        if event == "failure":
            self.end()
        elif event != "milestone":
            self.exit(event)
        elif self.stage < model.last_stage:
            self.withdraw()
            self.enter(self.stage + 1)

    def exit(self, route):
        model = self.model
        value = getattr(self.cell, f"{route}_value") * self.size * model.exit_luck()
        value *= math.exp(model.rules.value_loading * self.quality)
        value *= model.exit_factor[self.sector]
        self.withdraw()
        model.pay(self.account, ("buyers", self.region), self.cash)
        self.pay_out(("buyers", self.region), value, route)
        self.remove()

    def end(self):
        if self.need:
            self.record(self.need.outcome)
        self.pay_out(self.account, self.cash, "mna")
        self.remove()

    def pay_out(self, payer, value, route):
        """Pay holders by their rights, founders the rest."""
        rest = value
        for lot, amount in zip(self.lots, self.payments(value, route), strict=True):
            rest -= amount
            if lot.fund:
                lot.fund.receive(amount, payer)
                lot.fund.mark(-lot.shares * self.price)
            else:
                self.model.pay(payer, ("outsiders", self.region), amount)
        self.model.pay(payer, ("founders", self.region), rest)

    def payments(self, value, route):
        rules, lots = self.model.rules, self.lots
        if route in ("ipo", "transfer"):
            return [value * lot.shares / self.shares for lot in lots]
        if route == "buyback":
            rate, now = rules.redemption_rate_pa / 4, self.model.quarter
            claims = [lot.cost * (1 + rate * (now - lot.quarter)) for lot in lots]
            part = min(1.0, value / sum(claims)) if claims else 0.0
            return [claim * part for claim in claims]
        claims = [rules.preference_multiple * lot.cost for lot in lots]
        left, common, pays = value - sum(claims), 1.0, list(claims)
        if left <= 0.0:
            return [claim * value / sum(claims) for claim in claims]
        converted = []
        for i in sorted(range(len(lots)), key=lambda i: claims[i] / lots[i].shares):
            if (left + claims[i]) / (common + lots[i].shares) <= claims[i] / lots[i].shares:
                break
            left, common = left + claims[i], common + lots[i].shares
            converted.append(i)
        for i in converted:
            pays[i] = left / common * lots[i].shares
        return pays

    def open_need(self):
        """Step 5: a round for a new stage, a bridge for a lean purse."""
        if self.need:
            return
        is_bridge, rules, ask = self.is_paid, self.model.rules, self.ask
        if is_bridge:
            if self.cash > rules.lead_quarters * self.burn:
                return
            ask *= self.cell.bridge_share
        self.need = Need(ask, is_bridge, self.model.quarter, self.model.random.gauss())

    def seek(self):
        """Step 6: ask insiders, meet funds, keep the offers founders accept."""
        model, rules, need = self.model, self.model.rules, self.need
        self.offers = []
        if need is None:
            return
        silent = rules.discouragement * (1 - model.closing[self.region, self.stage])
        if need.outcome == "discouraged" and model.random.random() < silent:
            return
        model.asked[self.region, self.stage] += 1
        base = self.cell.pre_money * self.size * model.price_factor[self.sector]
        base *= math.exp(rules.price_log_sd * model.random.gauss())
        base *= 1 - rules.bridge_discount if need.is_bridge else 1.0
        own = {lot.fund: None for lot in self.lots if lot.fund}
        heard = [self.hear(fund, base, True) for fund in list(own)[:MOST_INSIDERS]]
        heard += [self.hear(fund, base, False) for fund in self.meet() if fund not in own]
        heard = [offer for offer in heard if offer]
        least = need.ask * (1 - rules.max_dilution) / rules.max_dilution
        self.offers = [offer for offer in heard if offer.pre_money >= least]
        self.offers.sort(key=lambda offer: -offer.liking)
        need.outcome = "refused" if heard and not self.offers else "rejected"

    def meet(self):
        """Return different funds, drawn by mandate, nearness, taste and budget."""
        model = self.model
        expected = model.rules.meetings_pp * model.meeting_factor[self.region]
        n = int(expected) + (model.random.random() < expected % 1)
        keys, weights = model.reach(self.region, self.stage, self.sector)
        if not keys or weights[-1] <= 0.0:
            return ()
        draw, funds = model.random.choices, {}
        for key in draw(keys, cum_weights=weights, k=n):
            funds[draw(model.groups[key], cum_weights=model.upto[key])[0]] = None
        return funds

    def hear(self, fund, base, is_insider):
        """Let a fund look; return its offer, or None."""
        model, rules, terms, need = self.model, self.model.rules, fund.terms, self.need
        is_away = fund.region != self.region
        if is_insider:
            mine = [lot for lot in self.lots if lot.fund is fund]
            share = sum(lot.shares for lot in mine) / self.shares
            room = terms.concentration_share * fund.commitment - sum(lot.cost for lot in mine)
            ticket = min(terms.follow_multiple * share * need.ask, room)
            if min(ticket, fund.reserve) <= 0.0:
                return None
        else:
            ticket = terms.ticket_share * fund.commitment
        sd, weight = model.sight[self.region][fund.kind][is_away][is_insider]
        noise = rules.common_root * need.look + rules.own_root * model.random.gauss()
        above = weight * (self.quality + sd * noise - rules.quality_mean)
        expected = rules.quality_mean + above
        if expected < self.cell.hurdle_market:
            return None
        pre_money = base * math.exp(rules.signal_loading * above)
        liking = terms.support - terms.strings - (rules.distance_dislike if is_away else 0.0)
        purse = model.purse(fund, is_insider)
        score = look_up(self.cell.score, expected)
        return Offer(self, fund, is_insider, purse, ticket, pre_money, liking, score)

    def raised(self):
        return sum(offer.amount for offer in self.offers)

    def close_round(self):
        """Step 8: the lead's price, new shares, marks of all holders, cash."""
        model, taken = self.model, [offer for offer in self.offers if offer.amount > 0.0]
        raised = self.raised()
        price = max(taken, key=lambda offer: offer.amount).pre_money / self.shares
        for lot in self.lots:
            if lot.fund:
                lot.fund.mark(lot.shares * (price - self.price))
        for offer in taken:
            fund, amount = offer.fund, offer.amount
            if offer.is_insider:
                fund.reserve -= amount
            else:
                fund.free -= amount
            fund.call(amount, self.account)
            fund.mark(amount)
            self.lots.append(Lot(fund, amount, amount / price, model.quarter))
        self.shares += raised / price
        self.price, self.cash = price, self.cash + raised
        self.is_paid, self.shrinks = True, False
        self.weigh_support()
        model.closed[self.region, self.stage] += 1
        model.deals += 1
        model.invested += raised
        self.record("funded", raised)
        self.need = None

    def weigh_support(self):
        held = [lot for lot in self.lots if lot.fund]
        money = sum(lot.cost for lot in held)
        support = sum(lot.cost * lot.fund.terms.support for lot in held)
        self.support = support / money if money else 0.0

    def wait(self):
        """Step 9: shrink while there is cash, then close at random."""
        model = self.model
        if self.need is None:
            return
        if self.cash > 0.0:
            self.shrinks = self.shrinks or self.need.opened < model.quarter
        elif model.random.random() < -math.expm1(-model.rules.closure_pp):
            self.end()

    def sell_ended(self):
        """Funds at the end of their term sell to outsiders at a discount."""
        over = [lot for lot in self.lots if lot.fund and lot.fund.is_over()]
        for lot in over:
            value = lot.shares * self.price
            lot.fund.mark(-value)
            discount = self.model.rules.term_sale_discount
            lot.fund.receive(value * (1 - discount), ("outsiders", self.region))
            lot.fund = None
        if over:
            self.weigh_support()

    def record(self, outcome, raised=0.0):
        """Count a need once, by what became of it, in its cell of the year's books."""
        lacking = self.need.ask - raised
        if outcome == "funded" and lacking > 1e-9 * self.need.ask:
            outcome = "shortfall"
        is_viable = self.quality >= self.cell.hurdle_market
        cell = (self.model.quarter // 4, self.region, self.stage, self.sector, is_viable)
        entry = self.model.books[cell, outcome]
        entry[0] += 1
        entry[1] += raised
        entry[2] += lacking

    def withdraw(self):
        if self.need:
            self.record("withdrawn")
            self.need = None


def look_up(score, quality):
    """Return the score at a quality, linear between points of the grid."""
    place = max(0.0, min((quality - SCORE_LOW) / SCORE_STEP, SCORE_POINTS - 1.000001))
    low = int(place)
    return score[low] + (place - low) * (score[low + 1] - score[low])


def plain(row):
    """Return a row of a table as an object with floats."""
    return SimpleNamespace(**dict(zip(row.dtype.names, row.item(), strict=True)))


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
        draw, sectors = self.random, self.arrays.sector_cdf.tolist()
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
