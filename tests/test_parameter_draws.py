"""Draws of beliefs: exact laws, correlations, and that nothing moves when something is added."""

import numpy as np
import pytest
from scipy import stats

from finmodel.errors import ScenarioError
from finmodel.scenario import Scenario, digest, quantities
from finmodel.scenario.priors import lay_priors, load_priors
from finmodel.scenario.share_tables import close_tables, share_table
from finmodel.scenario.walk import with_values
from finmodel.study import parameter_draws
from finmodel.study.parameter_draws import Beliefs, belief_uniform, cholesky, draw_scenario
from tests.conftest import plain_and_compiled, small

PATIENCE, NOISE, SPREAD = (
    "firms.patience_quarters",
    "market.signal_noise_sd",
    "firms.size_log_sd",
)
BELIEFS = (
    f'{PATIENCE}={{dist="triangular", low=2, mode=4, high=9}}',
    f'{NOISE}={{dist="lognormal", median=1.0, log_sd=0.3, low=0.3, high=2.5}}',
    f'{SPREAD}={{dist="uniform", low=0.5, high=1.0}}',
)
ADDED = 'market.discouragement={dist="logitnormal", median=0.3, logit_sd=0.5, low=0.01, high=0.9}'
TIED = f'correlations=[{{a="{PATIENCE}", b="{NOISE}", rho=0.6}}]'


def numbers(scenario, number, seed=3):
    return Beliefs(scenario).draw(number, seed).numbers


def test_a_draw_is_the_quantile_of_the_belief_at_its_uniform():
    scenario = small(*BELIEFS)
    known = dict(quantities(scenario))
    for k in range(5):
        for name, value in numbers(scenario, k).items():
            assert value == known[name].at(belief_uniform(3, k, name))


def test_drawn_numbers_follow_their_beliefs():
    """Quantiles of many draws lie within four standard errors of the belief's own."""
    scenario, n = small(*BELIEFS), 2000
    beliefs = Beliefs(scenario)
    levels = [{name: belief_uniform(5, k, name) for name in beliefs.names} for k in range(n)]
    for name in beliefs.names:
        law = dict(quantities(scenario))[name]
        drawn = np.array([law.at(level[name]) for level in levels])
        for p in (0.05, 0.25, 0.5, 0.75, 0.95):
            below = (drawn <= law.at(p)).mean()
            assert abs(below - p) <= 4 * np.sqrt(p * (1 - p) / n)


def test_uniforms_are_independent_of_one_another():
    n = 4000
    rows = [[belief_uniform(1, k, name, m) for k in range(n)] for name in "ab" for m in (0, 1)]
    rows.append([belief_uniform(2, k, "a") for k in range(n)])
    found = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(found).max() < 4 / np.sqrt(n)
    assert all(stats.kstest(row, "uniform").pvalue > 1e-4 for row in rows)


def test_correlated_beliefs_keep_their_laws_and_go_together():
    beliefs, n = Beliefs(small(*BELIEFS, TIED)), 4000
    levels = [{name: belief_uniform(7, k, name) for name in beliefs.names} for k in range(n)]
    mixed = [beliefs._mix(level) for level in levels]
    for name in beliefs.names:
        assert stats.kstest([m[name] for m in mixed], "uniform").pvalue > 1e-4
    scores = stats.norm.ppf([[m[PATIENCE], m[NOISE], m[SPREAD]] for m in mixed])
    found = np.corrcoef(scores.T)
    assert abs(found[0, 1] - 0.6) < 4 * (1 - 0.6**2) / np.sqrt(n)
    assert abs(found[0, 2]) < 4 / np.sqrt(n)
    drawn = np.array([list(beliefs.at(level)[1].values()) for level in levels[:400]])
    place = [beliefs.names.index(name) for name in (PATIENCE, NOISE)]
    ranks = stats.spearmanr(*drawn[:, place].T).statistic
    assert abs(ranks - 6 / np.pi * np.arcsin(0.3)) < 4 / np.sqrt(400)


def test_a_belief_that_is_added_changes_no_other_draw():
    plain, more = small(*BELIEFS), small(*BELIEFS, ADDED)
    for k in range(4):
        before, after = numbers(plain, k), numbers(more, k)
        assert before == {name: after[name] for name in before}
        assert len(after) == len(before) + 1


def test_a_pair_added_at_the_end_moves_its_second_name_alone():
    before = numbers(small(*BELIEFS), 2)
    after = numbers(small(*BELIEFS, TIED), 2)
    assert after[NOISE] != before[NOISE]
    assert {n: v for n, v in after.items() if n != NOISE} == {
        n: v for n, v in before.items() if n != NOISE
    }
    longer = TIED[:-1] + f', {{a="{NOISE}", b="{SPREAD}", rho=-0.3}}]'
    again = numbers(small(*BELIEFS, longer), 2)
    assert again[SPREAD] != after[SPREAD]
    assert (again[PATIENCE], again[NOISE]) == (after[PATIENCE], after[NOISE])


def test_any_draw_can_be_made_alone():
    scenario = small(*BELIEFS)
    beliefs = Beliefs(scenario)
    in_order = [beliefs.draw(k, 3) for k in range(9)]
    alone = draw_scenario(scenario, 8, 3)
    assert digest(alone) == digest(in_order[8].scenario)
    assert digest(alone) != digest(draw_scenario(scenario, 8, 4))
    assert not any(quantity.is_uncertain for _, quantity in quantities(alone))


def test_a_drawn_scenario_is_a_valid_scenario_without_correlations():
    made = draw_scenario(small(*BELIEFS, TIED), 1, 3, load_priors("graded"))
    assert made.correlations == ()
    again = Scenario.model_validate(made.model_dump())
    assert digest(again) == digest(made)


def test_plain_python_draws_the_same_bits():
    script = (
        "from finmodel.study.parameter_draws import belief_uniform\n"
        "print([belief_uniform(2**62 + 5, k, 'exits.tail_index', k) for k in range(3)])"
    )
    plain, compiled = plain_and_compiled(script)
    assert plain == compiled


# Rules between fields ------------------------------------------------------------------------

TICKET = "funds.independent_vc.ticket_share"
LIMIT = "funds.independent_vc.concentration_share"
CROSSING = (
    f'{TICKET}={{dist="uniform", low=0.05, high=0.25}}',
    f'{LIMIT}={{dist="uniform", low=0.1, high=0.3}}',
)


def test_a_draw_against_a_rule_is_drawn_again_and_nothing_else_is():
    plain, crossing = Beliefs(small(*BELIEFS)), Beliefs(small(*BELIEFS, *CROSSING))
    n_redrawn = 0
    for k in range(60):
        one, other = plain.draw(k, 3), crossing.draw(k, 3)
        assert other.numbers[TICKET] <= other.numbers[LIMIT]
        assert one.numbers == {name: other.numbers[name] for name in one.numbers}
        is_kept = other.numbers[TICKET] == 0.05 + 0.2 * belief_uniform(3, k, TICKET)
        assert is_kept == (other.n_redrawn == 0)
        n_redrawn += other.n_redrawn > 0
    # The share of all pairs that break the rule is 9/32.
    assert abs(n_redrawn / 60 - 9 / 32) < 4 * np.sqrt(9 / 32 * 23 / 32 / 60)


def test_what_goes_with_a_number_is_drawn_again_with_it():
    tied = f'correlations=[{{a="{TICKET}", b="{PATIENCE}", rho=0.9}}]'
    beliefs = Beliefs(small(*BELIEFS, *CROSSING, tied))
    k = next(k for k in range(60) if beliefs.draw(k, 3).n_redrawn)
    again, kept = beliefs.draw(k, 3).numbers, numbers(small(*BELIEFS, tied_to_noise()), k)
    assert again[NOISE] == kept[NOISE]
    first = beliefs.at({name: belief_uniform(3, k, name) for name in beliefs.names})[1]
    assert again[PATIENCE] != first[PATIENCE]


def tied_to_noise():
    return f'correlations=[{{a="{NOISE}", b="{PATIENCE}", rho=0.9}}]'


def test_beliefs_that_never_keep_a_rule_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(parameter_draws, "MOST_ATTEMPTS", 20)
    scenario = small(f'{TICKET}={{dist="uniform", low=0.01, high=0.02}}', f"{LIMIT}=0.05")
    limit = scenario.funds["independent_vc"].concentration_share
    lower = with_values(scenario, {LIMIT: 0.005})
    assert lower.funds["independent_vc"].concentration_share != limit
    with pytest.raises(ScenarioError) as error:
        Beliefs(lower).draw(4, 3)
    for part in ("draw 4 of the beliefs", TICKET, "keep the rules between fields"):
        assert part in str(error.value)


# Shares that sum to one ----------------------------------------------------------------------


def test_shares_of_a_table_are_divided_by_their_sum():
    scenario = small('births.region_index.SH={dist="uniform", low=0.2, high=0.4502}')
    made = draw_scenario(scenario, 1, 3).births.region_index
    shares = {code: quantity.centre for code, quantity in made.items()}
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)
    stated = {code: quantity.centre for code, quantity in scenario.births.region_index.items()}
    assert shares["SH"] != pytest.approx(stated["SH"], abs=1e-3)
    assert shares["JS"] / shares["ZJ"] == pytest.approx(stated["JS"] / stated["ZJ"], rel=1e-12)
    untouched = draw_scenario(scenario, 1, 3).capital.region_index
    assert untouched == scenario.capital.region_index


def test_every_table_that_the_checks_want_to_sum_to_one_is_closed():
    """All numbers drawn far apart: not one check of a sum complains."""
    laid = lay_priors(small(), load_priors("graded")).scenario
    beliefs = Beliefs(laid)
    rng = np.random.default_rng(1)
    tables = {share_table(name) for name in beliefs.names} - {""}
    assert len(tables) == 5 + len(laid.funds)
    made, _ = beliefs.at(dict(zip(beliefs.names, rng.random(500), strict=False)))
    totals = {}
    for name, quantity in quantities(made):
        totals[share_table(name)] = totals.get(share_table(name), 0.0) + quantity.centre
    assert all(totals[table] == pytest.approx(1.0, abs=1e-12) for table in tables)


def test_a_table_that_sums_to_zero_is_left_to_the_checks():
    assert close_tables({"births.region_index.SH": 0.0}, ["births.region_index.SH"]) == {}


def test_the_factor_of_a_semi_definite_matrix():
    matrix = np.array([[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]])
    factor = cholesky(matrix)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-12)
    assert factor[2, 2] == 0.0
