"""One path of the market, plainly: written from docs/model.md and not from the kernel."""

import math
from collections import defaultdict
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np

from finmodel.world.arrays import SCORE_LOW, SCORE_POINTS, SCORE_STEP

GRID = SCORE_LOW + SCORE_STEP * np.arange(SCORE_POINTS)
EVENTS = ("milestone", "failure", "ipo", "mna", "transfer", "buyback")
TINY = 1e-10


class Record(SimpleNamespace):  # equal to itself only
    __eq__, __hash__ = object.__eq__, object.__hash__
    cash = burn = support = called = due = received = to_lps = carry = 0.0


class Market:
    def __init__(self, world, rng):
        self.rng, self.a, self.quarter, a = rng, world.arrays, -1, world.arrays
        self.types, self.stages = a.types.view(np.recarray), a.stages.view(np.recarray)
        x = self.rules = Record(**dict(zip(a.rules.dtype.names, a.rules.tolist()[0], strict=True)))
        self.phase, self.closing = rng.random(a.fund_rate_pp.shape), np.ones(a.stages.shape[:2])
        self.nav, self.worth, self.gain, self.base = np.zeros((4, len(self.stages)))
        self.firms, self.funds, self.totals = [], [], defaultdict(lambda: np.zeros(2))
        self.is_high = rng.random() < x.rise_pp / (x.rise_pp + x.fall_pp)
        self.is_open = rng.random() < x.window_open_pp / (x.window_open_pp + x.window_close_pp)
        self.ar = x.market_log_sd * rng.standard_normal()
        self.fashion = x.sector_log_sd * rng.standard_normal(self.stages.shape[2])

    def run(self):
        """Add up counts and money over the reported years."""
        x, rng = self.rules, self.rng
        for shock in self.a.stress.view(np.recarray):
            self.quarter += 1
            self.ar = x.market_persistence * self.ar + x.market_shock_sd * rng.standard_normal()
            self.is_high ^= rng.random() < (x.fall_pp if self.is_high else x.rise_pp)
            regime = x.regime_high if self.is_high else x.regime_low
            self.m = (regime if x.is_regimes else self.ar) + shock.market_shift
            luck = x.sector_shock_sd * rng.standard_normal(len(self.fashion))
            self.fashion = x.sector_persistence * self.fashion + luck
            chance, sign = (x.window_close_pp, -1) if self.is_open else (x.window_open_pp, 1)
            odds = chance / (1 - chance) * math.exp(sign * x.window_loading * self.m)
            self.is_open ^= rng.random() < odds / (1 + odds)
            mood = np.exp(self.fashion - x.sector_log_sd**2 / 2)
            self.price_factor = mood * math.exp(x.price_loading * self.m - x.price_norm)
            self.exit_factor = mood * math.exp(x.exit_market_loading * self.m - x.exit_market_norm)
            self.pace = math.exp(x.pace_loading * self.m - x.pace_norm) * shock.pace_multiple
            self.bring_in()
            self.meet_risks(shock)
            self.collect_offers()
            self.match()
            for firm in [firm for firm in self.firms if firm.need]:
                if firm.cash > 0 and firm.need.opened < self.quarter:
                    firm.burn = min(firm.burn, x.shrink_share * firm.plan)
                elif firm.cash <= 0 and rng.random() < 1 - math.exp(-x.closure_pp):
                    self.pay_out(firm, firm.cash, "closure")
            self.pay_lps(is_year_end=self.quarter % 4 == 3)

    def add(self, **amounts):
        if self.quarter >= self.a.calendar.first_reported:
            for name, money in amounts.items():
                self.totals[name] += (1, money)

    def bring_in(self):
        x, rng, q, lp = self.rules, self.rng, self.quarter, self.a.lps
        most = x.response_limit
        for (r, s), n in np.ndenumerate(rng.poisson(self.a.birth_rate_pp)):
            for u in rng.random(n):
                firm = Record(region=r, sector=s, lots=[], need=None, price=None, is_paid=False)
                firm.paid_at = -1
                firm.stage, firm.shares = int(np.searchsorted(self.a.entry_cdf, u)), 1.0
                firm.quality = rng.normal(x.quality_mean, x.quality_sd)
                firm.size = rng.lognormal(0.0, x.size_log_sd)
                self.firms.append(firm)
                self.add(birth=1)
        for (r, t), rate in np.ndenumerate(self.a.fund_rate_pp):
            excess = 4 * self.gain[r] / self.base[r] - x.reference_return_pa if self.base[r] else 0
            pull = np.exp(lp["return_response"] * excess).clip(1 / most, most)
            pull *= self.a.lp_stress[q] * np.exp(lp["cycle_loading"] * self.m - lp["cycle_norm"])
            u, terms, sd = self.phase[r, t], self.types[t], self.types[t].size_log_sd
            for _ in range(math.floor(u + rate * (q + 1)) - math.floor(u + rate * q)):
                size = terms["size"] * rng.lognormal(-(sd**2) / 2, sd) * (self.a.lp_mix[t] @ pull)
                fund = Record(region=r, type=t, terms=terms, size=size, end=q + terms.term_quarters)
                chances = terms.specialist_share * self.a.focus_cdf[t]
                fund.sector = np.searchsorted(chances, rng.random())  # past the last: any sector
                reserve = size * (1 - terms.fee_life) * terms.reserve_share
                fund.for_new = fund.locked = size * (1 - terms.fee_life) - reserve
                fund.free, fund.reserve = Record(money=0.0), Record(money=reserve)
                self.funds.append(fund)
                self.add(commitments=size)
        for fund in self.funds:
            terms, age = fund.terms, q - fund.end + fund.terms.term_quarters
            is_investing = age < terms.investment_quarters
            rate = terms.fee_pa if is_investing else terms.fee_after_pa
            fee = fund.size * rate if age % 4 == 0 and q < fund.end else 0.0
            fund.called, fund.due = fund.called + fee, fund.due * terms.hurdle_growth + fee
            self.add(fees=fee)
            if is_investing:
                out = min(fund.locked, fund.for_new / terms.investment_quarters * self.pace)
                fund.locked, fund.free.money = fund.locked - out, fund.free.money + out
            else:
                fund.reserve.money += fund.free.money + fund.locked
                fund.free.money = fund.locked = 0.0

    def meet_risks(self, shock):
        x, sale = self.rules, shock.sale_multiple
        window = shock.ipo_multiple * (1.0 if self.is_open else x.window_closed_multiple)
        for firm in list(self.firms):
            row, q = self.stages[firm.region, firm.stage, firm.sector], firm.quality
            plan, spent = row.burn_pp * firm.size, min(firm.cash, firm.burn)
            firm.cash = firm.cash - spent if firm.cash - spent > 1e-9 * plan else 0.0
            pace = max(x.unfunded_pace, min(1.0, spent / plan))
            support, good = x.support_loading * firm.support, [x.exit_loading * q] * 4
            logs = [x.milestone_loading * q + support, -x.failure_loading * q - support, *good]
            if row.ramp_quarters:
                age = self.quarter - firm.paid_at - 0.5 if firm.is_paid else 0.5
                pace *= min(1.0, age / row.ramp_quarters)
            factors = np.exp(logs) * [pace, 1.0, window, sale, sale, bool(firm.lots)]
            rates = factors * [row[f"{event}_pp"] for event in EVENTS]
            if self.rng.random() >= 1 - math.exp(-rates.sum()):
                continue
            event = str(self.rng.choice(EVENTS, p=rates / rates.sum()))
            if event != "failure" and firm.need:
                self.add(withdrawn=firm.need.ask)
                firm.need = None
            if event == "milestone":
                firm.stage, firm.is_paid = firm.stage + 1, False
                self.add(milestone=1)
            elif event == "failure":
                self.pay_out(firm, firm.cash, event)
            else:
                value = row[f"{event}_value"] * firm.size * math.exp(x.value_loading * q)
                z, end = self.rng.standard_normal(), NormalDist().inv_cdf(1 - x.tail_share)
                at_cap = (math.exp(x.value_log_sd * end) / x.value_cap) ** x.tail_index
                v = self.rng.uniform(at_cap, 1.0) if z > end else 1.0  # a Pareto law up to its cap
                value *= math.exp(x.value_log_sd * min(z, end)) * v ** (-1 / x.tail_index)
                self.pay_out(firm, value * self.exit_factor[firm.sector], event)

    def collect_offers(self):
        x, q, self.seekers = self.rules, self.quarter, []
        table = np.array([(f.region, f.type, f.sector) for f in self.funds], int).reshape(-1, 3).T
        self.free = np.array([fund.free.money for fund in self.funds])
        for firm in self.firms:
            firm.row = row = self.stages[firm.region, firm.stage, firm.sector]
            firm.plan = row.burn_pp * firm.size
            is_short = firm.cash <= x.lead_quarters * firm.burn * (1 + 1e-9)
            if not firm.need and (is_short or not firm.is_paid):
                ask = row.ask * firm.size * (row.bridge_share if firm.is_paid else 1.0)
                firm.need = Record(ask=ask, opened=q, is_bridge=firm.is_paid)
                firm.need.noise, firm.need.outcome = self.rng.standard_normal(), "discouraged"
            silent = x.discouragement * (1 - self.closing[firm.region, firm.stage])
            need, luck = firm.need, x.price_log_sd * self.rng.standard_normal()
            if not need or (need.outcome == "discouraged" and self.rng.random() < silent):
                continue
            price = math.exp(row.log_pre_money + luck) * firm.size * self.price_factor[firm.sector]
            price *= 1 - x.bridge_discount if need.is_bridge else 1.0
            own = list(dict.fromkeys(o.fund for o in firm.lots[::-1] if o.fund and o.fund.end > q))
            met = self.meet(firm, own, *table)
            heard = [self.offer(firm, fund, price, fund in own) for fund in own[:4] + met]
            heard = [o for o in heard if o.ticket > 0 and o.expected >= row.hurdle_market]
            firm.offers = [o for o in heard if need.ask / (o.pre + need.ask) <= x.max_dilution]
            firm.offers.sort(key=lambda offer: -offer.liking)
            need.outcome = "refused" if heard and not firm.offers else "rejected"
            self.seekers.append(firm)

    def meet(self, firm, own, region, kind, sector):
        expected = self.rules.meetings_pp * self.a.meeting_factor[firm.region]
        n = math.floor(expected + self.rng.random())
        weight = self.a.mandate[kind, firm.stage] * self.a.nearness[region, firm.region, kind]
        weight *= self.a.types["hard_tech_weight"][kind] ** self.a.is_hard_tech[firm.sector]
        weight *= self.free * np.isin(sector, (len(self.fashion), firm.sector))
        odds = np.cumsum(weight)
        at = np.searchsorted(odds, self.rng.random(n) * odds[-1]) if weight.any() else []
        return [f for f in dict.fromkeys(self.funds[i] for i in at) if f not in own]

    def offer(self, firm, fund, price, is_own):
        x, terms, need, is_away = self.rules, fund.terms, firm.need, fund.region != firm.region
        sd, weight = self.a.sight[firm.region, fund.type, int(is_away), int(is_own)]
        noise = x.common_root * need.noise + x.own_root * self.rng.standard_normal()
        surprise = weight * (firm.quality + sd * noise - x.quality_mean)
        purse, ticket = fund.free, terms.ticket_share * fund.size
        if is_own:
            mine = [(lot.shares, lot.amount) for lot in firm.lots if lot.fund is fund]
            shares, cost = np.sum(mine, axis=0)
            ticket = terms.follow_multiple * shares / firm.shares * need.ask
            purse, ticket = fund.reserve, min(ticket, terms.concentration_share * fund.size - cost)
        offer = Record(fund=fund, purse=purse, support=terms.support)
        offer.ticket, offer.expected = min(ticket, purse.money), x.quality_mean + surprise
        offer.pre = price * math.exp(x.signal_loading * surprise)
        offer.liking = terms.support - terms.strings - (x.distance_dislike if is_away else 0.0)
        scores = self.a.score[self.a.score_group[firm.region], firm.stage, firm.sector]
        offer.score = np.interp(offer.expected, GRID, scores)
        return offer

    def match(self):
        least, closed = self.rules.min_close_share - 1e-10, defaultdict(list)
        could = [f for f in self.seekers if sum(o.ticket for o in f.offers) >= least * f.need.ask]
        share = allocate(could, least)
        for firm in self.seekers:
            closed[firm.region, firm.stage].append(share.get(firm, 0.0) > TINY)
            if share.get(firm, 0.0) <= TINY:
                continue
            offers, raised = [o for o in firm.offers if o.amount > 0], share[firm] * firm.need.ask
            price = max(offers, key=lambda offer: offer.amount).pre / firm.shares
            move = "first" if firm.price is None else "down" if price < firm.price else "up"
            self.add(deal=raised, **{move: 1, "bridge" if firm.need.is_bridge else "round": 1})
            for lot in offers:
                lot.shares, lot.quarter = lot.amount / price, self.quarter
                lot.purse.money -= lot.amount
                lot.fund.called += lot.amount
                lot.fund.due += lot.amount
            firm.lots = lots = firm.lots + offers
            firm.support = np.average([o.support for o in lots], weights=[o.amount for o in lots])
            firm.shares, firm.cash = firm.shares + raised / price, firm.cash + raised
            firm.need.outcome = "funded" if raised > firm.need.ask * (1 - 1e-9) else "shortfall"
            self.book(firm, raised)
            firm.paid_at = firm.paid_at if firm.need.is_bridge else self.quarter
            firm.price, firm.is_paid, firm.need, firm.burn = price, True, None, firm.plan
        for cell, found in closed.items():
            self.closing[cell] += self.rules.success_memory * (np.mean(found) - self.closing[cell])

    def book(self, firm, raised=0.0):
        ask, outcome, wait = firm.need.ask, firm.need.outcome, self.quarter - firm.need.opened
        self.add(ask=ask, raised=raised, **{outcome: ask - raised})
        if firm.quality >= firm.row.hurdle_market:
            self.add(viable_raised=raised, **{f"viable_{outcome}": ask - raised})
            if raised and wait > self.rules.timely_quarters:
                self.add(late=ask)

    def pay_out(self, firm, value, route):
        self.firms.remove(firm)
        if firm.need:
            self.book(firm)
        lots = [(lot.amount, lot.shares, lot.quarter) for lot in firm.lots]
        cost, shares, quarter = np.reshape(lots, (-1, 3)).T
        claims = cost * (0.0 if route in ("ipo", "transfer") else self.rules.preference_multiple)
        if route == "buyback":
            claims = cost * (1 + self.rules.redemption_rate_pa / 4 * (self.quarter - quarter))
        claims = claims * min(1.0, value / max(claims.sum(), TINY))
        converts = np.full(len(cost), route != "buyback")
        for _ in range(len(cost) + 1):  # fewer convert each time, until all who do gain
            each = (value - claims[~converts].sum()) / (1 + shares[converts].sum())
            converts &= each * shares > claims
        pays = np.where(converts, each * shares, claims)
        if self.rules.participating and route != "buyback":
            pays = claims + (value - claims.sum()) * shares / firm.shares
        self.add(proceeds=pays.sum(), **{route: value})
        for lot, amount in zip(firm.lots, pays, strict=True):
            if lot.fund:
                lot.fund.received += amount

    def pay_lps(self, *, is_year_end):
        nav, worth = np.zeros((2, len(self.nav)))
        for lot, price in [(lot, firm.price) for firm in self.firms for lot in firm.lots]:
            if is_year_end and lot.fund and self.quarter + 1 >= lot.fund.end:
                lot.fund.received += lot.shares * price * (1 - self.rules.term_sale_discount)
                lot.fund = None  # outsiders
            elif lot.fund:
                nav[lot.fund.region] += lot.shares * price
        for fund in self.funds:
            part, catch_up = fund.terms.carry_share, fund.terms.catch_up_share
            first, most = min(fund.received, fund.due), max(fund.received - fund.due, 0.0)
            lag = part * (fund.to_lps + first - fund.called + fund.carry) - fund.carry
            caught = min(max(lag, 0.0) / (catch_up - part), most) if catch_up > part else 0.0
            carry = catch_up * caught + part * (most - caught)
            self.add(received=fund.received, to_lps=fund.received - carry, carry=carry)
            fund.to_lps, fund.carry = fund.to_lps + fund.received - carry, fund.carry + carry
            fund.due, fund.received = fund.due - first, 0.0
            worth[fund.region] += fund.to_lps - fund.called
        self.gain += self.rules.return_memory * (nav + worth - self.worth - self.gain)
        self.base += self.rules.return_memory * (self.nav - self.base)
        self.nav, self.worth = nav, nav + worth
        if is_year_end:
            self.add(nav=nav.sum())
            for firm in self.firms:
                self.add(active=1, **({"founders": 1 / firm.shares} if firm.lots else {}))
                if firm.need:
                    self.book(firm)


def allocate(firms, least):
    """Return what part of its ask each firm gets in the stable allocation; fill in the amounts."""
    offers = sorted((o for firm in firms for o in firm.offers), key=lambda offer: -offer.score)
    most, is_over = {offer: offer.ticket for offer in offers}, True
    while is_over:  # firms take from those they like best, purses cut what they like least
        is_over, left = False, {offer.purse: offer.purse.money for offer in offers}
        for firm in firms:
            lacking = firm.need.ask
            for offer in firm.offers:
                offer.amount = min(lacking, most[offer])
                lacking -= offer.amount
        for offer in offers:
            is_over |= offer.amount > left[offer.purse] + TINY * offer.ticket
            if offer.amount > left[offer.purse]:
                most[offer] = offer.amount = left[offer.purse]
            left[offer.purse] -= offer.amount
    share = {f: sum(o.amount for o in f.offers) / f.need.ask for f in firms}
    worst = min((f for f in firms if TINY < share[f] < least), key=share.get, default=None)
    return allocate([f for f in firms if f is not worst], least) if worst else share
