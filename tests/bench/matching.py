"""``python -m tests.bench.matching``: speed of the stable allocation, printed as figures.

Nothing here is asserted: machines differ. Ratios within one run are what to quote. The tests
draw their markets from here too.
"""

import time
import warnings

import numpy as np

from finmodel.market.matching import make_offers, stable_allocation
from finmodel.market.stability import blocking_pairs, invalid_entries


def distinct_funds(rng, n, width, n_funds, weight=None):
    """Return `width` different funds for each of `n` seekers, drawn by weight."""
    fund = rng.choice(n_funds, (n, width), p=weight)
    while True:
        order = np.sort(fund, axis=1)
        again = np.flatnonzero((order[:, 1:] == order[:, :-1]).any(axis=1))
        if len(again) == 0:
            return fund.reshape(-1)
        fund[again] = rng.choice(n_funds, (len(again), width), p=weight)


def scarce_market(n, width, n_funds, *, is_unit=False, min_close_share=0.0, seed=0):
    """Funds have 40% of what is asked; each seeker knows `width` of them."""
    rng = np.random.default_rng(seed)
    fund = distinct_funds(rng, n, width, n_funds)
    if is_unit:
        ask, ticket = np.ones(n), np.ones(n * width)
        budget = np.full(n_funds, np.round(0.4 * n / n_funds))
    else:
        ask = rng.lognormal(0, 1, n)
        ticket = np.repeat(ask, width) * rng.uniform(0.1, 1, n * width)
        budget = rng.lognormal(0, 1, n_funds)
        budget *= 0.4 * ask.sum() / budget.sum()
    return make_offers(
        ask,
        np.arange(n + 1) * width,
        fund,
        rng.normal(size=n * width),
        budget,
        ticket=ticket,
        min_close_share=min_close_share,
    )


def quarter_market(min_close_share, n=1_500, width=4, n_funds=8_000, seed=1):
    """One quarter of a large run: many funds of which few are known to anyone in particular."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0, 1, n_funds)
    ticket = 15 * size * rng.uniform(0.2, 1, n_funds)
    fund = distinct_funds(rng, n, width, n_funds, size / size.sum())
    quality = np.repeat(rng.normal(size=n), width)
    return make_offers(
        rng.lognormal(3, 1, n),
        np.arange(n + 1) * width,
        fund,
        quality + rng.normal(0, 0.5, n * width),
        ticket * rng.uniform(0, 2, n_funds),
        ticket=ticket[fund],
        min_close_share=min_close_share,
    )


def rejection_chain(n):
    """Each seeker takes the place of the next, `n` times over."""
    fund = np.stack([np.arange(n), np.arange(1, n + 1)], axis=1).reshape(-1)
    start = np.concatenate([np.arange(n + 1) * 2, [2 * n + 1]])
    score = np.concatenate([np.tile([0.0, 1.0], n), [5.0]])
    return make_offers(np.ones(n + 1), start, np.append(fund, 0), score, np.ones(n + 1))


def money_ring(n, extra):
    """A newcomer's `extra` runs around a ring of `n` seekers and funds 1 / extra times."""
    fund = np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1).reshape(-1)
    start = np.concatenate([np.arange(n + 1) * 2, [2 * n + 1]])
    score = np.concatenate([np.tile([1.0, 2.0], n), [9.0]])
    return make_offers(np.append(np.ones(n), extra), start, np.append(fund, 0), score, np.ones(n))


def ring_that_turns_back(n, extra):
    """A ring turned by a round that fails, which turns back when the round lets go."""
    lists = [[i, (i + 1) % n] for i in range(n)]
    lists[-1].append(n)
    scores = [[1, 2] for _ in range(n)]
    scores[-1].append(1)
    # Seeker n is short since seeker n + 1 comes first at fund n + 1.
    lists += [[0, n + 1], [n + 1]]
    scores += [[9, 1], [2]]
    return make_offers(
        [1] * n + [10, 1],
        np.cumsum([0, *map(len, lists)]),
        np.concatenate(lists),
        np.concatenate(scores),
        [1 + extra, *[1] * n, 10],
        ticket=[np.inf] * (2 * n + 1) + [2 * extra, np.inf, np.inf],
        min_close_share=0.95,
    )


def crowd(rng, n, n_funds, width, *, top_score=1_000, min_close_share=0.6):
    """A market of any size in whole amounts, with infinite tickets and empty funds in it."""
    known = rng.integers(0, min(width, n_funds) + 1, n)
    fund = np.concatenate([rng.permutation(n_funds)[:k] for k in known])
    size = len(fund)
    budget = rng.integers(0, 12 * n // n_funds + 2, n_funds) * (rng.random(n_funds) > 0.1)
    return make_offers(
        rng.integers(1, 11, n),
        np.concatenate([[0], np.cumsum(known)]),
        fund,
        rng.integers(0, top_score, size),
        budget,
        ticket=np.where(rng.random(size) < 0.2, np.inf, rng.integers(0, 11, size)),
        tie=rng.permutation(n),
        min_close_share=min_close_share,
    )


def unit_market(rng, n, n_funds, capacity):
    """Unit asks, whole budgets, complete strict rankings on both sides."""
    fund = np.concatenate([rng.permutation(n_funds) for _ in range(n)])
    score = np.empty((n, n_funds))
    for f in range(n_funds):
        score[:, f] = rng.permutation(n)
    seeker = np.repeat(np.arange(n), n_funds)
    return make_offers(
        np.ones(n),
        np.arange(n + 1) * n_funds,
        fund,
        score[seeker, fund],
        capacity,
        ticket=np.ones(n * n_funds),
    )


def reordered(market, order):
    """The same market with its seekers listed in another order."""
    start, edges = [0], []
    for i in order:
        edges += range(market.start[i], market.start[i + 1])
        start.append(len(edges))
    return make_offers(
        market.ask[order],
        start,
        market.fund[edges],
        market.score[edges],
        market.budget,
        ticket=market.ticket[edges],
        tie=market.tie[order],
        min_close_share=market.min_close_share,
    ), np.array(edges, int)


def roles_swapped(market):
    """The same market with funds in the place of seekers, and where its edges come from."""
    edges = np.lexsort((market.tie[market.seeker], -market.score, market.fund))
    listed = np.bincount(market.fund, minlength=len(market.budget))
    return make_offers(
        market.budget,
        np.concatenate([[0], np.cumsum(listed)]),
        market.seeker[edges],
        -edges,
        market.ask,
        ticket=market.ticket[edges],
    ), edges


def package_game(market):
    """A unit market as the package `matching` takes it; everyone must rank everyone."""
    n, n_funds = len(market.ask), len(market.budget)
    score = np.empty((n, n_funds))
    score[market.seeker, market.fund] = market.score
    lists = market.fund.reshape(n, n_funds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from matching.games import HospitalResident

        return HospitalResident.create_from_dictionaries(
            {i: lists[i].tolist() for i in range(n)},
            {f: np.argsort(-score[:, f]).tolist() for f in range(n_funds)},
            {f: int(market.budget[f]) for f in range(n_funds)},
        )


def placed_by_package(game):
    """Solve it and return who is placed where."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = game.solve(optimal="resident")
    return {(seeker.name, fund.name) for fund, taken in solution.items() for seeker in taken}


def placed(market, amount):
    held = np.flatnonzero(amount)
    return set(zip(market.seeker[held].tolist(), market.fund[held].tolist(), strict=True))


def best_time(call, repeats=5):
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def large():
    for is_unit in (False, True):
        for share in (0.0, 0.6):
            started = time.perf_counter()
            market = scarce_market(100_000, 10, 2_000, is_unit=is_unit, min_close_share=share)
            made = time.perf_counter() - started
            seconds = best_time(lambda market=market: stable_allocation(market))
            result = stable_allocation(market)
            faults = len(invalid_entries(market, result.amount))
            faults += len(blocking_pairs(market, result.amount))
            print(
                f"100,000 seekers x 10 on 2,000 funds, {'unit' if is_unit else 'any'} amounts, "
                f"minimum {share}: {seconds:.3f} s, {result.passes} passes, "
                f"{(result.raised > 0).sum()} close, {faults} faults "
                f"(market drawn and checked in {made:.2f} s)"
            )


def one_quarter():
    for share in (0.0, 0.6):
        market = quarter_market(share)
        seconds = best_time(lambda market=market: stable_allocation(market), 200)
        result = stable_allocation(market)
        print(
            f"1,500 seekers x 4 on 8,000 funds, minimum {share}: {seconds * 1e6:.0f} us, "
            f"{result.passes} passes, {(result.raised > 0).sum()} close"
        )


def against_package(n=1_000, n_funds=50):
    """Time this and `matching` on the same market: everyone ranks everyone, capital for 80%."""
    rng, room = np.random.default_rng(3), np.full(n_funds, int(0.8 * n / n_funds))
    market = unit_market(rng, n, n_funds, room)
    started = time.perf_counter()
    game = package_game(market)
    created = time.perf_counter() - started
    started = time.perf_counter()
    theirs = placed_by_package(game)
    solved = time.perf_counter() - started
    making = best_time(
        lambda: make_offers(
            market.ask, market.start, market.fund, market.score, market.budget, ticket=market.ticket
        )
    )
    solving = best_time(lambda: stable_allocation(market), 20)
    is_same = theirs == placed(market, stable_allocation(market).amount)
    print(
        f"{n:,} x {n_funds} on unit demands: package matching {created:.2f} s to create and "
        f"{solved:.2f} s to solve, this {making * 1e3:.2f} ms and {solving * 1e3:.2f} ms: "
        f"{solved / solving:,.0f} times as fast, {(created + solved) / (making + solving):,.0f} "
        f"with creation; same matching: {is_same}"
    )


def extremes():
    market = rejection_chain(1_000_000)
    seconds = best_time(lambda: stable_allocation(market), 2)
    moved = stable_allocation(market).amount[1::2].sum()
    print(f"a chain of 1,000,000 rejections: {seconds:.2f} s, {moved:,.0f} moved on")
    for extra in (1e-3, 1e-9):
        ring = money_ring(100, extra)
        seconds = best_time(lambda ring=ring: stable_allocation(ring), 20)
        print(f"a ring of 100 turned by {extra:g} of an ask: {seconds * 1e6:.0f} us")


def report() -> None:
    """Print all figures."""
    stable_allocation(scarce_market(10, 2, 5, min_close_share=0.6))
    large()
    one_quarter()
    against_package()
    extremes()


if __name__ == "__main__":
    report()
