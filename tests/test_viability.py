"""Values by backward recursion: closed forms and signs."""

import numpy as np
import pytest

from finmodel.numeric.exit_law import luck_quantile, mean_luck
from finmodel.units import discount_per_quarter
from finmodel.world import ROUTES, TESTS, hurdles, stage_values
from finmodel.world.viability import open_share
from tests.conftest import small_world

LUCK = ("value_log_sd", "tail_share", "tail_index", "value_cap")


def tables(*changes):
    """Stages of the first region, shape (K, S), and the scalars of behaviour."""
    arrays = small_world(*changes).arrays
    return arrays.stages[0].copy(), arrays.rules[0]


def window_factor(rules):
    """IPO hazard on average over open and closed windows, against an open one."""
    opens, closes = rules["window_open_pp"], rules["window_close_pp"]
    return (opens + closes * rules["window_closed_multiple"]) / (opens + closes)


def route_rates(row, rules):
    """Mean exit hazards of a stage and sector at quality zero, in the order of ROUTES."""
    return [row[f"{r}_pp"] * (window_factor(rules) if r == "ipo" else 1.0) for r in ROUTES]


def test_last_stage_equals_the_geometric_sum():
    stages, rules = tables()
    rate = 0.2
    values = stage_values(stages, rules, rate, np.array([0.5]))
    row = stages[-1, 0]
    theta, d = 0.5, discount_per_quarter(rate)
    rates = route_rates(row, rules)
    leave = sum(rates) * np.exp(rules["exit_loading"] * theta)
    fail = row["failure_pp"] * np.exp(-rules["failure_loading"] * theta)
    p_event = 1 - np.exp(-(leave + fail))
    p_leave = p_event * leave / (leave + fail)
    medians = [row[f"{route}_value"] for route in ROUTES]
    exit_value = np.dot(rates, medians) / sum(rates)
    exit_value *= np.exp(rules["value_loading"] * theta) * mean_luck(*(rules[x] for x in LUCK))
    quarters = np.arange(4000)
    alive = (d * (1 - p_event)) ** quarters
    assert values.exit_value[0, -1, 0] == pytest.approx((alive * d * p_leave * exit_value).sum())
    assert values.capital_needed[0, -1, 0] == pytest.approx((alive * row["burn_pp"]).sum())


@pytest.mark.parametrize("ramp", [0.0, 5.5])
def test_recursion_equals_a_simulated_firm(ramp):
    """Mean discounted exit value and cost of funded firms, by brute force, within 4 errors."""
    stages, rules = tables(
        *(f"stages.{k}.milestone_ramp_quarters={ramp}" for k in ("lab", "A", "B"))
    )
    theta, sector, rate = 1.0, 2, 0.15
    values = stage_values(stages, rules, rate, np.array([theta]))
    rng = np.random.default_rng(8)
    n, d = 40_000, discount_per_quarter(rate)
    law, by_quality = [rules[x] for x in LUCK], np.exp(rules["value_loading"] * theta)
    stage, age = np.zeros(n, int), np.ones(n)
    is_alive, value, cost, factor = np.ones(n, bool), np.zeros(n), np.zeros(n), 1.0
    for _ in range(400):
        row = stages[stage, sector]
        cost += np.where(is_alive, factor * row["burn_pp"], 0.0)
        is_last = stage == len(stages) - 1
        m = np.where(is_last, 0, row["milestone_pp"] * np.exp(rules["milestone_loading"] * theta))
        slow = np.maximum(row["ramp_quarters"], 1e-9)
        m = m * np.minimum(1.0, (age - 0.5) / slow)
        f = row["failure_pp"] * np.exp(-rules["failure_loading"] * theta)
        leave = np.exp(rules["exit_loading"] * theta)
        rates = [rate * leave for rate in route_rates(row, rules)]
        total = m + f + sum(rates)
        p_event = 1 - np.exp(-total)
        factor *= d
        mark = rng.random(n) / p_event * total
        happens = is_alive & (mark < total)
        is_exit = happens & (mark >= m + f)
        luck = np.zeros(n)
        luck[is_exit] = [luck_quantile(u, *law) for u in rng.random(is_exit.sum())]
        above = m + f
        for share, route in zip(rates, ROUTES, strict=True):
            here = is_exit & (mark >= above) & (mark < above + share)
            value += np.where(here, factor * row[f"{route}_value"] * luck * by_quality, 0.0)
            above = above + share
        is_alive &= ~(happens & (mark >= m))
        stage += happens & (mark < m)
        age = np.where(happens & (mark < m), 1.0, age + 1.0)
    for found, expected in (
        (value, values.exit_value[0, 0, sector]),
        (cost, values.capital_needed[0, 0, sector]),
    ):
        assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(n)


def test_hurdles_are_where_value_meets_capital():
    stages, rules = tables()
    found = hurdles(stages, rules, market_rate_pa=0.2, social_rate_pa=0.08, margin=0.25)
    for test, multiple, rate in ((0, 1.0, 0.2), (1, 1.25, 0.2), (2, 0.75, 0.2), (3, 1.0, 0.08)):
        for k, s in ((0, 0), (2, 5), (4, 9)):
            dear = stages.copy()
            dear["burn_pp"] *= multiple
            values = stage_values(dear, rules, rate, found[test, k, s] + np.array([-0.02, 0.02]))
            surplus = values.exit_value[:, k, s] - values.capital_needed[:, k, s]
            assert surplus[0] < 0 < surplus[1], (TESTS[test], k, s)


def test_hurdles_move_the_right_way():
    base, rules = tables()
    before = hurdles(base, rules, market_rate_pa=0.2, social_rate_pa=0.08, margin=0.25)
    market, strict, loose, social = before
    assert (loose < market).all()
    assert (market < strict).all()
    assert (social[:5] < market[:5]).all()
    dearer = hurdles(base, rules, market_rate_pa=0.3, social_rate_pa=0.08, margin=0.25)
    assert (dearer[0, :5] > market[:5]).all()
    costly = base.copy()
    costly["burn_pp"] *= 1.5
    assert (
        hurdles(costly, rules, market_rate_pa=0.2, social_rate_pa=0.08, margin=0.25)[0] > market
    ).all()


def test_worthless_exits_make_nothing_viable_and_free_work_makes_all_viable():
    stages, rules = tables()
    worthless, free = stages.copy(), stages.copy()
    for route in ROUTES:
        worthless[f"{route}_value"] = 0.0
    free["burn_pp"] = 0.0
    rates = {"market_rate_pa": 0.2, "social_rate_pa": 0.1, "margin": 0.2}
    assert np.isposinf(hurdles(worthless, rules, **rates)).all()
    assert (hurdles(free, rules, **rates) == -8.0).all()


def test_size_does_not_matter():
    stages, rules = tables()
    larger = stages.copy()
    for name in ("ask", "burn_pp", *(f"{route}_value" for route in ROUTES)):
        larger[name] *= 37.0
    rates = {"market_rate_pa": 0.2, "social_rate_pa": 0.1, "margin": 0.2}
    np.testing.assert_allclose(
        hurdles(larger, rules, **rates), hurdles(stages, rules, **rates), atol=1e-9
    )


def test_the_window_is_open_as_often_as_a_long_chain_of_quarters_says():
    _, rules = tables("environment.window_close_pp=0.2", "environment.window_open_pp=0.05")
    is_open, share = 1.0, 0.0
    for _ in range(20_000):
        is_open += (1 - is_open) * rules["window_open_pp"] - is_open * rules["window_close_pp"]
        share += is_open / 20_000
    assert open_share(rules) == pytest.approx(share, abs=1e-3)
    assert open_share(rules) == pytest.approx(0.2)


def test_a_window_often_shut_lowers_values_and_raises_hurdles():
    rates = {"market_rate_pa": 0.2, "social_rate_pa": 0.1, "margin": 0.2}
    found = {}
    for name, change in (("always open", "close_pp=0"), ("often shut", "close_pp=0.3")):
        stages, rules = tables(f"environment.window_{change}")
        values = stage_values(stages, rules, 0.2, np.array([0.0]))
        found[name] = values.exit_value[0], hurdles(stages, rules, **rates)[0]
    assert (found["often shut"][0][-1] < found["always open"][0][-1]).all()
    assert (found["often shut"][1][-1] > found["always open"][1][-1]).all()
    same = tables("environment.window_close_pp=0.3", "environment.window_closed_multiple=1")
    values = stage_values(*same, 0.2, np.array([0.0]))
    np.testing.assert_allclose(values.exit_value[0], found["always open"][0], rtol=1e-12)
