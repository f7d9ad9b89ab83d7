"""Panel estimators: against sums written out, against each other, and on planted effects."""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from finmodel.evaluate import Design
from finmodel.evaluate.design import NEVER
from finmodel.evaluate.estimators import (
    callaway_santanna,
    is_estimable,
    two_way_fixed_effects,
)
from finmodel.evaluate.truth import panel_truth
from finmodel.evaluate.weights import att_weights, cell_weights, event_weights, twfe_weights
from tests.planted_panels import WAVES, YEARS, design, effects, untreated

CONTROLS = ("never_treated", "not_yet_treated")


def by_hand(of, outcome, wave, year, controls):
    """ATT(g, t) as a difference of two mean differences, with nothing shared with the code."""
    base = wave - 1 if year >= wave else year - 1
    gain = {
        unit: outcome[i, year - YEARS[0]] - outcome[i, base - YEARS[0]]
        for i, unit in enumerate(of.regions)
    }
    of_wave = [gain[u] for u, g in zip(of.regions, of.adoption, strict=True) if g == wave]
    others = [
        gain[u]
        for u, g in zip(of.regions, of.adoption, strict=True)
        if g == NEVER or (controls == "not_yet_treated" and g > max(year, base) and g != wave)
    ]
    return np.mean(of_wave) - np.mean(others)


def overall_by_hand(of, outcome, controls):
    found = [
        (by_hand(of, outcome, wave, year, controls), (of.adoption == wave).sum())
        for wave in of.waves
        for year in YEARS
        if year >= wave
    ]
    return np.average([x for x, _ in found], weights=[n for _, n in found])


@pytest.mark.parametrize("controls", CONTROLS)
@pytest.mark.parametrize("sizes", [(10, 10, 10, 10), (3, 9, 5, 7)])
def test_the_library_the_weights_and_two_by_two_differences_agree(controls, sizes):
    adoption = np.concatenate([np.full(n, g) for n, g in zip(sizes, WAVES, strict=True)])
    of = Design(tuple(f"u{i}" for i in range(len(adoption))), YEARS, adoption)
    outcome = untreated(of, 1) + effects(of)
    estimate, events = callaway_santanna(of, outcome, controls)
    weights, target = att_weights(of, controls)
    expected = overall_by_hand(of, outcome, controls)
    assert estimate.value == pytest.approx(expected, rel=1e-10)
    assert (weights * outcome).sum() == pytest.approx(expected, rel=1e-10)
    assert np.array_equal(target, of.is_treated)
    for wave, year in ((2005, 2003), (2007, 2012), (2009, 2004)):
        found = (cell_weights(of, wave, year, controls) * outcome).sum()
        assert found == pytest.approx(by_hand(of, outcome, wave, year, controls), rel=1e-9)
    by_event = events.set_index("event_time")["att"]
    for event in (-3, -1, 0, 4, 7):
        weights, _ = event_weights(of, event, controls)
        assert by_event[event] == pytest.approx((weights * outcome).sum(), rel=1e-9, abs=1e-12)


def test_a_standard_error_of_one_wave_is_that_of_two_means():
    of = design(15, (2006, NEVER))
    outcome = untreated(of, 4)
    estimate, _ = callaway_santanna(of, outcome, "never_treated")
    after = np.array(YEARS) >= 2006
    gain = (outcome[:, after] - outcome[:, [2005 - YEARS[0]]]).mean(axis=1)
    groups = [gain[of.adoption == wave] for wave in (2006, NEVER)]
    expected = np.sqrt(sum(group.var() / len(group) for group in groups))
    # Influence functions of a mean divide by n; the library may correct for it, by one in 2n.
    assert estimate.se == pytest.approx(expected, rel=0.05)


def test_two_way_fixed_effects_are_their_weights_and_the_plain_regression():
    of = design(6)
    outcome = untreated(of, 2) + effects(of)
    weights = twfe_weights(of)
    estimate = two_way_fixed_effects(of, outcome)
    assert estimate.value == pytest.approx((weights * outcome).sum(), rel=1e-9)
    assert weights[of.is_treated].sum() == pytest.approx(1.0)
    assert np.allclose(weights.sum(axis=0), 0.0)
    assert np.allclose(weights.sum(axis=1), 0.0)
    # The sandwich, written out on the treatment less unit and year means.
    treated = of.is_treated.astype(float)
    rest = treated - treated.mean(1, keepdims=True) - treated.mean(0) + treated.mean()
    fitted = outcome - outcome.mean(1, keepdims=True) - outcome.mean(0) + outcome.mean()
    scores = (rest * (fitted - estimate.value * rest)).sum(axis=1)
    n_units, n_years = outcome.shape
    n_columns = 1 + n_units + n_years - 1
    factor = n_units / (n_units - 1) * (outcome.size - 1) / (outcome.size - n_columns)
    expected = np.sqrt(factor * (scores**2).sum()) / (rest**2).sum()
    assert estimate.se == pytest.approx(expected, rel=1e-9)
    naive = OLS(fitted.reshape(-1), rest.reshape(-1)).fit()
    assert abs(naive.bse[0] / estimate.se - 1.0) > 0.05, "clustering must matter here"


def test_an_effect_that_grows_is_understated_by_twfe_and_found_by_callaway_santanna():
    """Without noise: the sign of theory. Units treated long ago are taken for controls."""
    of, growing = design(), effects(design())
    truth = growing[of.is_treated].mean()
    for controls in CONTROLS:
        estimate, _ = callaway_santanna(of, growing, controls)
        assert estimate.value == pytest.approx(truth, rel=1e-10)
    twfe = (twfe_weights(of) * growing).sum()
    assert twfe < 0.9 * truth
    assert (twfe_weights(of)[of.is_treated] < 0.0).any()
    steady = np.where(of.is_treated, 2.0, 0.0)
    assert (twfe_weights(of) * steady).sum() == pytest.approx(2.0)
    everyone = design(10, (2004, 2008))
    assert (twfe_weights(everyone) * effects(everyone)).sum() < twfe


def test_the_parts_of_an_error_add_up_and_each_can_be_alone():
    of = design()
    base = untreated(of, 3)
    own = effects(of)
    leak = np.where(~of.is_treated & (np.array(YEARS) >= 2005), 0.4, 0.0)
    for weights, target in (
        (twfe_weights(of), of.is_treated),
        att_weights(of, "never_treated"),
        att_weights(of, "not_yet_treated"),
    ):
        found = panel_truth(of, weights=weights, target=target, policy=base + own + leak, base=base)
        estimate = (weights * (base + own + leak)).sum()
        assert estimate - found.effect == pytest.approx(
            found.luck + found.spillover + found.weighting, rel=1e-9
        )
        assert found.effect == pytest.approx(own[target].mean())
        assert found.comparison == pytest.approx(0.4)
        plain = panel_truth(of, weights=weights, target=target, policy=base + own, base=base)
        assert plain.spillover == 0.0
        assert plain.comparison == 0.0
    never, target = att_weights(of, "never_treated")
    found = panel_truth(of, weights=never, target=target, policy=base + leak, base=base)
    # Waves were touched, too, in the year before they adopted, but the first.
    assert -0.8 < found.spillover < -0.4
    assert found.weighting == 0.0


def test_too_few_units_are_not_estimated():
    assert is_estimable(design(2))
    assert not is_estimable(design(1))
    assert not is_estimable(design(5, (2005,)))


def test_without_never_treated_years_without_controls_are_left_out():
    of = design(4, (2004, 2008))
    _, target = att_weights(of, "not_yet_treated")
    years = np.array(YEARS)
    assert np.array_equal(target.any(axis=0), (years >= 2004) & (years < 2008))
    outcome = untreated(of, 5) + effects(of)
    estimate, _ = callaway_santanna(of, outcome, "not_yet_treated")
    weights, _ = att_weights(of, "not_yet_treated")
    assert estimate.value == pytest.approx((weights * outcome).sum(), rel=1e-10)
    weights, target = att_weights(of, "never_treated")
    assert np.isnan(weights).all()
    assert not target.any()


@pytest.mark.slow
def test_planted_effects_are_covered_by_callaway_santanna_and_missed_by_twfe():
    """200 panels of 60 units: one covers near its nominal rate, the other is too low."""
    of = design(15)
    own = effects(of, growth=0.3)
    truth = own[of.is_treated].mean()
    covered, bias = {name: [] for name in (*CONTROLS, "twfe")}, {}
    errors = {name: [] for name in covered}
    for seed in range(200):
        outcome = untreated(of, seed) + own
        found = {name: callaway_santanna(of, outcome, name)[0] for name in CONTROLS}
        found["twfe"] = two_way_fixed_effects(of, outcome)
        for name, estimate in found.items():
            covered[name].append(estimate.low <= truth <= estimate.high)
            errors[name].append(estimate.value - truth)
    for name, values in errors.items():
        bias[name] = (np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values)))
    for name in CONTROLS:
        assert 0.90 <= np.mean(covered[name]) <= 0.99, name
        assert abs(bias[name][0]) <= 4.0 * bias[name][1], name
    expected = (twfe_weights(of) * own).sum() - truth
    mean, error = bias["twfe"]
    assert mean == pytest.approx(expected, abs=4.0 * error)
    assert mean < -10.0 * error
    assert np.mean(covered["twfe"]) < 0.5
