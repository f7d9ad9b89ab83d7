"""Draws of a comparison: the same numbers in every arm, luck shared, layers told apart."""

import json
from threading import Event

import numpy as np
import pytest

from finmodel.errors import Interrupted, ScenarioError
from finmodel.measure.effect_series import effect_series
from finmodel.measure.series import estimate
from finmodel.report.effect_draws import SHOWN, effect_headline, effect_view
from finmodel.scenario import load_scenario
from finmodel.scenario.priors import lay_priors, load_priors
from finmodel.study.compare import compare, comparison_tables
from finmodel.study.effect_draw_tables import TABLES, effect_layout
from finmodel.study.effect_draws import check_effect_draws, drawn_names, run_effect_draws
from finmodel.study.parameter_draws import Beliefs, draw_together
from finmodel.study.stored_effect_draws import (
    Arms,
    draw_effects_and_store,
    tables_of_effect_draws,
)
from finmodel.variables import labels
from finmodel.world import build_world
from tests.conftest import ROOT, SMALL, YRD, small
from tests.test_command_line import call
from tests.test_resume import SETS, at_once, left, results, stop_at

__all__ = ["at_once", "stop_at"]

POLICY = ROOT / "scenarios" / "policy_pro_rata.toml"
BIRTHS = 'births.total_pa={dist="uniform", low=1000, high=3000}'
SURE = "births.total_pa=2000.0"
NARROW = 'births.total_pa={dist="uniform", low=1999.999999, high=2000.000001}'
GRADED = load_priors("graded")


def policy_of(*changes):
    """The policy on the plain baseline: programmes of its file, everything else as small()."""
    programmes = load_scenario(POLICY).programmes
    base = small(*changes)
    meta = base.meta.model_copy(update={"name": "policy"})
    return base.model_copy(update={"programmes": programmes, "meta": meta})


def drawn(change, **options):
    base, policies = small(change), {"policy": policy_of(change)}
    found = run_effect_draws(base, policies, seed=5, **options)
    return found, tables_of_effect_draws(found, Arms(base, policies))


def test_without_width_it_is_the_comparison():
    """Means, errors and chance are those of `compare`; there is no ignorance."""
    found, tables = drawn(NARROW, draws=3, paths=6)
    plain = compare(
        build_world(small(SURE)), {"policy": build_world(policy_of(SURE))}, paths=6, seed=5
    )
    stored = comparison_tables(plain)
    effects = tables["uncertainty_effects"].set_index("measure")
    for row in stored["effects"].to_dict("records"):
        group = "" if row["group"] == "all" else "_viable"
        for side in ("n", "mcny"):
            mine = effects.loc[f"{row['component']}{group}_{side}"]
            assert mine["mean"] == pytest.approx(row[f"effect_{side}"], rel=1e-5, abs=1e-6)
            error = row[f"effect_{side}_se"]
            assert mine["mean_se"] == pytest.approx(error, rel=1e-4, abs=1e-6)
            assert mine["ignorance_variance"] < 1e-6
    outcomes = tables["uncertainty_outcomes"].set_index(["region", "measure"])
    for row in stored["outcomes"].to_dict("records"):
        mine = outcomes.loc[(row["region"], row["outcome"])]
        assert mine["mean"] == pytest.approx(row["change"], rel=1e-5, abs=1e-6)
        assert mine["chance_q05"] == pytest.approx(row["chance_q05"], rel=1e-4, abs=1e-5)
    public = tables["uncertainty_public"].set_index("measure")
    known = stored["public"].set_index("measure")
    for name in public.index:
        assert public.loc[name, "mean"] == pytest.approx(
            known.loc[name, "value"], rel=1e-5, nan_ok=True
        ), name
        assert public.loc[name, "mean_se"] == pytest.approx(
            known.loc[name, "se"], rel=1e-4, abs=1e-9, nan_ok=True
        ), name
    assert found.n_redrawn.sum() == 0


def test_series_of_effects_are_those_of_the_tables():
    plain = compare(build_world(small()), {"policy": build_world(policy_of())}, paths=5, seed=5)
    stored, paths = comparison_tables(plain), plain.of("policy")
    stages = stored["effects_stage"]
    chosen = stages[(stages["stage"] == "A") & (stages["group"] == "viable_hard_tech")]
    net = chosen.set_index("component").loc["net"]
    found = estimate(effect_series(paths, "net_viable_n", {"stage": "A"}))
    assert (found.value, found.se) == (net["effect_n"], net["effect_n_se"])
    outcomes = stored["outcomes"].set_index(["region", "outcome"]).loc[("AH", "gap_mcny")]
    found = estimate(effect_series(paths, "gap_mcny", {"region": "AH"}))
    assert (found.value, found.se) == (outcomes["change"], outcomes["change_se"])
    public = stored["public"].set_index("measure").loc["private_change_per_public_yuan"]
    found = estimate(effect_series(paths, "private_change_per_public_yuan"))
    assert (found.value, found.se) == (public["value"], public["se"])


def test_a_draw_is_the_comparison_of_drawn_scenarios():
    found, _ = drawn(BIRTHS, draws=3, paths=4)
    arms = [Beliefs(small(BIRTHS)), Beliefs(policy_of(BIRTHS))]
    base, policy = (item.scenario for item in draw_together(arms, 2, 5))
    plain = compare(build_world(base), {"policy": build_world(policy)}, paths=4, seed=5)
    frame = effect_layout(found.world, ["policy"]).assign(value=found.cells[2])
    for name in ("gross_n", "net_mcny", "net_viable_n"):
        mine = frame[(frame["table"] == "effects") & (frame["measure"] == name)]
        expected = estimate(effect_series(plain.of("policy"), name)).value
        assert mine["value"].item() == expected


def test_arms_have_the_same_numbers_also_where_one_is_drawn_again():
    """Graded widths break rules in many draws; what is common stays common."""
    base, policy = (lay_priors(x, GRADED).scenario for x in (small(), policy_of()))
    beliefs = [Beliefs(base), Beliefs(policy)]
    redrawn = 0
    for number in range(12):
        one, other = draw_together(beliefs, number, 7)
        common = set(one.numbers) & set(other.numbers)
        assert len(common) == len(one.numbers) > 200
        assert all(one.numbers[name] == other.numbers[name] for name in common)
        redrawn += one.n_redrawn > 0
        assert one.n_redrawn == other.n_redrawn
    assert redrawn > 1
    alone = Beliefs(base).draw(3, 7)
    assert alone.numbers == draw_together([Beliefs(base)], 3, 7)[0].numbers
    names = drawn_names({"": base, "policy": policy})
    own = [name for name in names if name.startswith("policy:")]
    assert own
    assert all("programmes" in name or "new_private" in name for name in own)


def test_a_rule_that_the_policy_alone_breaks_is_drawn_again_in_both_arms():
    """The vehicle's term must not be shorter than the period in which funds like it invest."""
    name = "funds.guided_subfund.investment_years"
    invest = f'{name}={{dist="uniform", low=3, high=7}}'
    term = 'programmes.joint_fund.term_years={dist="uniform", low=4, high=8}'
    base = load_scenario(YRD, (*SMALL, invest))
    policy = load_scenario(POLICY, (*SMALL, invest, term))
    again = 0
    for number in range(12):
        one, other = draw_together([Beliefs(base), Beliefs(policy)], number, 7)
        assert one.numbers[name] == other.numbers[name]
        alone = Beliefs(base).draw(number, 7)
        again += alone.numbers[name] != one.numbers[name]
    assert again > 0, "no draw in which the policy alone breaks the rule: this test says nothing"


OTHER = 'births.total_pa={dist="uniform", low=1900, high=2100}'
MOVED = 'births.total_pa={dist="uniform", low=1900, high=2300}'


@pytest.mark.parametrize("one", [BIRTHS, SURE, OTHER])
@pytest.mark.parametrize("other", [BIRTHS, SURE, OTHER])
def test_arms_that_believe_different_things_of_one_value_are_refused(one, other, tmp_path):
    arms = Arms(small(one), {"policy": policy_of(other)})
    if one == other:
        check_effect_draws(arms.base, list(arms.policies.values()))
        return
    with pytest.raises(ScenarioError, match=r"policy: births\.total_pa"):
        draw_effects_and_store(arms, draws=2, paths=2, seed=5, root=tmp_path)


def test_a_policy_may_change_a_number():
    check_effect_draws(small(BIRTHS), [policy_of(MOVED)])


def test_nothing_uncertain_is_refused():
    with pytest.raises(ScenarioError, match="--priors graded"):
        run_effect_draws(small(), {"policy": policy_of()}, draws=2, paths=2, seed=5)


def test_threads_and_more_draws_change_no_bit():
    few, _ = drawn(BIRTHS, draws=2, paths=3, threads=1)
    more, _ = drawn(BIRTHS, draws=4, paths=3, threads=3)
    np.testing.assert_array_equal(few.cells, more.cells[:2])
    np.testing.assert_array_equal(few.drawn, more.drawn[:2])


def test_stopped_at_once_nothing_is_kept():
    cancel = Event()
    cancel.set()
    with pytest.raises(Interrupted):
        drawn(BIRTHS, draws=2, paths=3, cancel=cancel)


@pytest.mark.slow
def test_a_number_that_moves_an_effect_comes_out_as_ignorance():
    """The budget believed to be anything from nothing to double: the outlay follows it."""
    name = "programmes.joint_fund.budget_mcny_pa"
    programme = load_scenario(POLICY).programmes["joint_fund"]
    centre = programme.budget_mcny_pa.centre
    policy = load_scenario(
        POLICY, (*SMALL, f'{name}={{dist="uniform", low={centre / 4}, high={centre * 2}}}')
    )
    base = load_scenario(ROOT / "scenarios" / "yrd_baseline.toml", SMALL)
    found = run_effect_draws(base, {"policy": policy}, draws=24, paths=3, seed=5)
    tables = tables_of_effect_draws(found, Arms(base, {"policy": policy}))
    public = tables["uncertainty_public"].set_index("measure").loc["outlay_mcny"]
    assert public["ignorance_share"] > 0.5
    assert public["share_above_zero"] == 1.0
    numbers = tables["draws"]
    raised = tables["draw_cells"].query("measure == 'outlay_mcny'").sort_values("draw")["value"]
    budget = numbers[f"policy:{name}"]
    assert np.corrcoef(raised, budget)[0, 1] > 0.7


@pytest.mark.parametrize("language", ["en", "zh"])
def test_reports_speak_both_languages(language):
    _, tables = drawn(BIRTHS, draws=4, paths=4)
    words = {key: item[language] for key, item in labels()["effect_draws"].items()}
    text = effect_headline("policy", tables, {"policy": "THE POLICY"}, language)
    assert "THE POLICY" in text
    assert words["by_luck"].partition("{")[0] in text
    view = effect_view("policy", tables, {}, language)
    assert len(view.rows) == len(SHOWN)
    _, one = drawn(BIRTHS, draws=1, paths=4)
    assert words["by_one_draw"] in effect_headline("policy", one, {}, language)


def test_every_table_is_there_and_every_column_has_a_label():
    _, tables = drawn(BIRTHS, draws=2, paths=2)
    assert {f"uncertainty_{name}" for name in TABLES} <= set(tables)
    words = set(labels()["uncertainty"]) | {"policy"}
    for name in TABLES:
        assert set(tables[f"uncertainty_{name}"].columns) <= words, name
    assert tables["uncertainty_outcomes"]["region"].iloc[0] == "all"
    assert not tables["convergence_verdicts"]["measure"].str.contains("/").any()


# The command ---------------------------------------------------------------------------------

COMMAND = ["compare", YRD, POLICY, *SETS, "--draws", 5, "--priors", "graded", "--paths", 3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("effects")
    result = call(*COMMAND, "--out", root)
    assert result.exit_code == 0, result.output
    return root, result.output


def test_the_command_tells_the_layers_apart(whole):
    root, text = whole
    for part in ("5 draws of", "the same in every arm", "luck alone", "never added up", "Stored"):
        assert part in text, part
    assert "Found again" in call(*COMMAND, "--out", root).output
    assert "同一组数值" in call(*COMMAND, "--out", root, "--lang", "zh").output
    assert "luck alone" in call("show", "--out", root).output
    answer = json.loads(call(*COMMAND, "--out", root, "--json").stdout)
    assert answer["draws"] == 5
    assert {row["measure"] for row in answer["uncertainty_effects"]} >= {"net_viable_n"}


def test_stopped_it_goes_on_and_stores_the_same(whole, tmp_path, stop_at, at_once):
    stop_at(2)
    first = call(*COMMAND, "--out", tmp_path)
    assert first.exit_code == 130, first.output
    assert "draws are shown." in first.output
    assert left(tmp_path)
    stop_at()
    second = call(*COMMAND, "--out", tmp_path)
    assert second.exit_code == 0, second.output
    assert "draws were kept" in second.output
    assert results(tmp_path) == results(whole[0])


def test_priors_without_draws_are_refused(tmp_path):
    result = call("compare", YRD, POLICY, *SETS, "--priors", "graded", "--out", tmp_path)
    assert result.exit_code == 2
    assert "only with --draws" in result.output
