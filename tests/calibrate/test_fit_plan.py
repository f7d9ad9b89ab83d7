"""The plan of a fit: what is refused, how numbers move, how they are laid into a file."""

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finmodel.calibrate.fit import bounds, evidence_covariance, fitted_numbers, scenario_at
from finmodel.calibrate.moment_search import Simulated
from finmodel.calibrate.rewrite import rewritten
from finmodel.calibrate.smm import Moment, fit_moments
from finmodel.datasets import read_targets
from finmodel.errors import ScenarioError
from finmodel.scenario import load_scenario
from finmodel.scenario.fit_plan import load_fit_plan
from finmodel.scenario.moves import moved_values
from finmodel.scenario.walk import with_values
from finmodel.study.fit import load_plan, moments_of
from tests.conftest import ROOT, YRD

PLAN = """
schema_version = 1
base = "{base}"
targets = ["deals", "money", "split"]

[meta]
name = "test_fit"
title_en = "Test"
title_zh = "测试"
question = "Does it fit?"

[run]
paths = 4
scale = 0.01
seed = 1
check_paths = 4
check_scale = 0.01
check_seed = 2

[parameters.births]
keys = ["births.total_pa"]
low = 0.2
high = 5.0
note = "test"

[parameters.home]
keys = ["births.region_index.SH", "births.region_index.JS"]
low = 0.2
high = 5.0
note = "test"
"""
TARGETS = ("deals", "money", "split")


@pytest.fixture
def plan_file(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(PLAN.format(base=YRD.as_posix()), encoding="utf-8")
    return file


def test_a_plan_reads_with_its_scenario(plan_file):
    plan, base = load_fit_plan(plan_file, targets=TARGETS)
    assert list(plan.parameters) == ["births", "home"]
    assert base.meta.name == "yrd_baseline"
    low, high = bounds(plan.parameters)
    assert np.exp(low) == pytest.approx([0.2, 0.2])
    assert np.exp(high) == pytest.approx([5.0, 5.0])


def test_every_fault_of_a_plan_is_told_at_once(plan_file):
    text = plan_file.read_text(encoding="utf-8")
    text = text.replace('"births.total_pa"', '"birth.total_pa", "births.region_index.SH"')
    text = text.replace('"split"', '"splt", "deals"')
    plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_fit_plan(plan_file, targets=TARGETS)
    told = str(caught.value)
    for part in (
        "'birth.total_pa'",
        "did you mean 'births.total_pa'",
        "births.region_index.SH again",
        "'splt'",
        "did you mean 'split'",
        "deals twice",
    ):
        assert part in told, part


def test_a_number_that_is_zero_cannot_move_by_a_factor(plan_file):
    text = plan_file.read_text(encoding="utf-8").replace(
        "births.total_pa", "stages.lab.ipo_rate_pa"
    )
    plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"stages\.lab\.ipo_rate_pa, which is 0"):
        load_fit_plan(plan_file, targets=TARGETS)


def test_fewer_targets_than_parameters_are_refused(plan_file):
    text = plan_file.read_text(encoding="utf-8").replace('"deals", "money", ', "")
    plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="1 targets for 2 parameters"):
        load_fit_plan(plan_file, targets=TARGETS)


PAIR = """
[[correlations]]
a = "{a}"
b = "{b}"
rho = {rho}
source = "assumption"
grade = "{grade}"
note = "test"
"""


def with_pairs(plan_file, *pairs):
    text = plan_file.read_text(encoding="utf-8")
    text += "".join(PAIR.format(a=a, b=b, rho=r, grade=g) for a, b, r, g in pairs)
    plan_file.write_text(text, encoding="utf-8")


def test_correlations_of_targets_become_a_covariance_in_their_order(plan_file):
    with_pairs(plan_file, ("split", "deals", 0.5, "assumed"))
    plan, _ = load_fit_plan(plan_file, targets=TARGETS)
    moments = tuple(Moment(n, 1.0, s) for n, s in zip(TARGETS, (0.1, 0.2, 0.4), strict=True))
    found = evidence_covariance(plan, moments)
    assert found == pytest.approx(np.array([[0.01, 0, 0.02], [0, 0.04, 0], [0.02, 0, 0.16]]))


def test_every_fault_of_the_correlations_is_told_at_once(plan_file):
    with_pairs(
        plan_file,
        ("deals", "monney", 0.5, "assumed"),
        ("deals", "deals", 0.5, "assumed"),
        ("deals", "split", 0.5, "official"),
        ("split", "deals", 0.4, "assumed"),
    )
    with pytest.raises(ScenarioError) as caught:
        load_fit_plan(plan_file, targets=TARGETS)
    told = str(caught.value)
    for part in (
        "correlations.0.b",
        "'monney'",
        "did you mean 'money'",
        "another name than a",
        "split and deals, as in correlations.2",
        "correlations.2.grade",
    ):
        assert part in told, part


def test_correlations_that_cannot_hold_together_are_refused_with_the_nearest(plan_file):
    pairs = [("deals", "money", 0.9), ("money", "split", 0.9), ("deals", "split", -0.9)]
    with_pairs(plan_file, *[(*pair, "assumed") for pair in pairs])
    with pytest.raises(ScenarioError, match=r"together impossible.*the nearest is"):
        load_fit_plan(plan_file, targets=TARGETS)


def test_the_shipped_correlations_follow_from_what_they_say():
    plan, _ = load_plan(ROOT / "scenarios" / "fits" / "yrd_baseline.toml")
    rho = {(pair.a, pair.b): pair.rho for pair in plan.correlations}
    table, _ = moments_of(plan)
    value = table.set_index("target")["value"]
    error = table.set_index("target")["standard_error"]
    p, q = value["graduation_24m_C"], value["graduation_36m_C"]
    nested = np.sqrt(93 / 172) * np.sqrt(p * (1 - q) / ((1 - p) * q))
    assert rho["graduation_24m_C", "graduation_36m_C"] == pytest.approx(nested, abs=5e-4)
    p, q = value["flow_out_of_SH"], value["flow_into_SH"]
    counted = -np.sqrt(p * q / ((1 - p) * (1 - q)))
    assert rho["flow_out_of_SH", "flow_into_SH"] == pytest.approx(counted, abs=5e-3)
    for kind in ("deals", "money"):
        pair = (f"{kind}_all", f"{kind}_hard_tech")
        parts = [error[name] / value[name] for name in pair]
        assert parts == pytest.approx([0.05, 0.05])
        assert rho[pair] == pytest.approx(1 - 0.01**2 / (2 * 0.05**2))
    # Independent errors of three shares give the fourth about the error of its own target.
    parts = [error[f"split_{name}"] for name in ("SH", "JS", "AH")]
    fourth = read_targets().set_index("target")["standard_error"]["split_ZJ"]
    assert np.linalg.norm(parts) == pytest.approx(fourth, rel=0.02)


@given(st.floats(0.2, 5.0), st.floats(0.2, 5.0))
def test_moves_keep_tables_of_shares_whole(births, home):
    base = load_scenario(YRD)
    factors = {"births.total_pa": births, "births.region_index.SH": home}
    values = moved_values(base, factors)
    shares = [value for name, value in values.items() if name.startswith("births.region_index.")]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    before = {name: item.centre for name, item in base.births.region_index.items()}
    ratio = values["births.region_index.SH"] / values["births.region_index.AH"]
    assert ratio == pytest.approx(home * before["SH"] / before["AH"])
    moved = with_values(base, values)
    assert moved.births.total_pa.value == pytest.approx(births * base.births.total_pa.centre)
    assert moved.births.region_index["JS"].value == values["births.region_index.JS"]
    assert moved.capital == base.capital


def test_no_move_is_the_base(plan_file):
    plan, base = load_fit_plan(plan_file, targets=TARGETS)
    there = scenario_at(base, plan, np.zeros(2))
    assert there.births.total_pa.value == base.births.total_pa.centre
    for name, item in base.births.region_index.items():
        assert there.births.region_index[name].value == pytest.approx(item.centre, rel=1e-7)


def test_the_covariance_of_shares_is_that_of_their_moves(plan_file):
    """Against finite differences of the moved numbers."""
    plan, base = load_fit_plan(plan_file, targets=TARGETS)
    matrix = np.array([[1.0, 0.2], [0.1, 0.8], [0.5, 0.5]])
    fit = fit_moments(
        lambda point: Simulated(matrix @ point, np.zeros((3, 3))),
        tuple(Moment(name, 0.1, 0.05) for name in TARGETS),
        names=tuple(plan.parameters),
        start=np.zeros(2),
        low=np.full(2, -1.0),
        high=np.full(2, 1.0),
    )
    numbers = fitted_numbers(base, plan, fit)

    def logs(point):
        factors = {"births.total_pa": np.exp(point[0])}
        factors |= {f"births.region_index.{r}": np.exp(point[1]) for r in ("SH", "JS")}
        values = moved_values(base, factors)
        return np.log([values[key] for key in numbers.keys])

    step = 1e-6
    gradient = np.column_stack(
        [(logs(fit.point + step * e) - logs(fit.point - step * e)) / (2 * step) for e in np.eye(2)]
    )
    assert numbers.covariance == pytest.approx(gradient @ fit.covariance @ gradient.T, abs=1e-8)
    at = [numbers.keys.index(f"births.region_index.{r}") for r in ("SH", "JS", "ZJ", "AH")]
    assert sum(numbers.medians[at]) == pytest.approx(1.0, abs=1e-12)
    # What two regions gain together the other two lose together.
    assert numbers.correlation[at[0], at[1]] == pytest.approx(1.0)
    assert numbers.correlation[at[0], at[2]] == pytest.approx(-1.0)
    assert numbers.pinned_by[numbers.keys.index("births.total_pa")]


def test_new_numbers_are_laid_into_a_file_and_the_rest_stays():
    text = YRD.read_text(encoding="utf-8")
    number = {
        "value": {"dist": "lognormal", "median": 2000.0, "log_sd": 0.1, "low": 1.0, "high": 1e5},
        "unit": "firms/year",
        "source": "S086",
        "grade": "commercial",
        "note": "test",
    }
    plain = number | {"value": 3.0, "unit": "points"}
    new = rewritten(text, {"births.total_pa": number, "new.table.entry": plain})
    before, after = tomllib.loads(text), tomllib.loads(new)
    assert after["births"]["total_pa"] == number
    assert after.pop("new") == {"table": {"entry": plain}}
    after["births"]["total_pa"] = before["births"]["total_pa"]
    assert after == before
    kept = set(text.splitlines()) - set(new.splitlines())
    assert len(kept) == 1, kept


def test_the_shipped_plans_read():
    from finmodel.datasets import read_table

    names = tuple(read_table("evidence/targets")["target"])
    for file in (ROOT / "scenarios" / "fits").glob("*.toml"):
        load_fit_plan(file, targets=names)


def test_a_belief_keeps_its_median_inside_what_the_field_allows():
    from finmodel.calibrate.beliefs import lognormal_belief, stated_correlations
    from finmodel.scenario.distributions import LogNormal
    from finmodel.scenario.quantity import Spec

    for median, error in ((0.3251, 0.14), (0.97, 0.2), (39.9, 0.5), (0.0011, 0.9)):
        spec = Spec("share", 0.001, 1.0 if median < 1 else 40.0, "test")
        belief = LogNormal.model_validate(lognormal_belief(median, error, spec))
        assert belief.centre == pytest.approx(median, rel=1e-9)
        assert spec.low < belief.low < median < belief.high < spec.high
    clash = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    stated = stated_correlations(clash, 0.3)
    assert np.linalg.eigvalsh(stated)[0] >= 0.0
    small = np.array([[1, 0.2, np.nan], [0.2, 1, -0.5], [np.nan, -0.5, 1]])
    assert stated_correlations(small, 0.3)[0].tolist() == [1.0, 0.0, 0.0]
