"""The agents of the Mesa model: funds and firms."""

from __future__ import annotations

import math
from types import SimpleNamespace

from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP
from tests.bench.mesa_matching import Lot, Need, Offer

try:
    from mesa import Agent
except ImportError:
    Agent = object

MOST_INSIDERS = 4
EVENTS = ("milestone", "failure", "ipo", "mna", "transfer", "buyback")


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
        mna, transfer, buyback = self.other_exits
        buyback = buyback if self.lots else 0.0
        risks = (grow, fail, self.ipo * model.ipo_factor, mna, transfer, buyback)
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
        base = math.exp(self.cell.log_pre_money) * self.size * model.price_factor[self.sector]
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
