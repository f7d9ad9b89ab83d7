"""Values by backward recursion: closed forms and signs."""

import numpy as np
import pytest

from finmodel.units import discount_per_quarter
from finmodel.world import TESTS, hurdles, stage_values
from tests.conftest import small_world


def tables(*changes):
    arrays = small_world(*changes).arrays
    return arrays.stages.copy(), arrays.rules[0]


def test_last_stage_equals_the_geometric_sum():
    stages, rules = tables()
    rate = 0.2
    values = stage_values(stages, rules, rate, np.array([0.5]))
    row = stages[-1, 0]
    theta, d = 0.5, discount_per_quarter(rate)
    leave = (row["ipo_pp"] + row["mna_pp"] + row["buyback_pp"]) * np.exp(
        rules["exit_loading"] * theta
    )
    fail = row["failure_pp"] * np.exp(-rules["failure_loading"] * theta)
    p_event = 1 - np.exp(-(leave + fail))
    p_leave = p_event * leave / (leave + fail)
    medians = [row[f"{route}_pp"] * row[f"{route}_value"] for route in ("ipo", "mna", "buyback")]
    exit_value = sum(medians) / (row["ipo_pp"] + row["mna_pp"] + row["buyback_pp"])
    exit_value *= np.exp(rules["value_loading"] * theta + rules["exit_log_sd"] ** 2 / 2)
    quarters = np.arange(4000)
    alive = (d * (1 - p_event)) ** quarters
    assert values.exit_value[0, -1, 0] == pytest.approx((alive * d * p_leave * exit_value).sum())
    assert values.capital_needed[0, -1, 0] == pytest.approx((alive * row["burn_pp"]).sum())


def test_recursion_equals_a_simulated_firm():
    """Mean discounted exit value and cost of funded firms, by brute force, within 4 errors."""
    stages, rules = tables()
    theta, sector, rate = 1.0, 2, 0.15
    values = stage_values(stages, rules, rate, np.array([theta]))
    rng = np.random.default_rng(8)
    n, d = 40_000, discount_per_quarter(rate)
    stage = np.zeros(n, int)
    is_alive, value, cost, factor = np.ones(n, bool), np.zeros(n), np.zeros(n), 1.0
    for _ in range(400):
        row = stages[stage, sector]
        cost += np.where(is_alive, factor * row["burn_pp"], 0.0)
        is_last = stage == len(stages) - 1
        m = np.where(is_last, 0, row["milestone_pp"] * np.exp(rules["milestone_loading"] * theta))
        f = row["failure_pp"] * np.exp(-rules["failure_loading"] * theta)
        rates = [
            row[r] * np.exp(rules["exit_loading"] * theta)
            for r in ("ipo_pp", "mna_pp", "buyback_pp")
        ]
        total = m + f + sum(rates)
        p_event = 1 - np.exp(-total)
        factor *= d
        mark = rng.random(n) / p_event * total
        happens = is_alive & (mark < total)
        luck = np.exp(
            rules["exit_log_sd"] * rng.standard_normal(n) + rules["value_loading"] * theta
        )
        above = m + f
        for share, name in zip(rates, ("ipo_value", "mna_value", "buyback_value"), strict=True):
            here = happens & (mark >= above) & (mark < above + share)
            value += np.where(here, factor * row[name] * luck, 0.0)
            above = above + share
        is_alive &= ~(happens & (mark >= m))
        stage += happens & (mark < m)
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
            values = stage_values(stages, rules, rate, found[test, k, s] + np.array([-0.02, 0.02]))
            surplus = values.exit_value[:, k, s] - multiple * values.capital_needed[:, k, s]
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
    for route in ("ipo", "mna", "buyback"):
        worthless[f"{route}_value"] = 0.0
    free["burn_pp"] = 0.0
    rates = {"market_rate_pa": 0.2, "social_rate_pa": 0.1, "margin": 0.2}
    assert np.isposinf(hurdles(worthless, rules, **rates)).all()
    assert (hurdles(free, rules, **rates) == -8.0).all()


def test_size_does_not_matter():
    stages, rules = tables()
    larger = stages.copy()
    for name in ("ask", "burn_pp", "ipo_value", "mna_value", "buyback_value"):
        larger[name] *= 37.0
    rates = {"market_rate_pa": 0.2, "social_rate_pa": 0.1, "margin": 0.2}
    np.testing.assert_allclose(
        hurdles(larger, rules, **rates), hurdles(stages, rules, **rates), atol=1e-9
    )
