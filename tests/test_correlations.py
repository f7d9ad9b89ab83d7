"""Correlations of beliefs in a scenario: digests, and each bad one refused in words."""

import tomllib

import numpy as np
import pytest
import tomli_w

from finmodel.errors import ScenarioError
from finmodel.scenario import digest, load, load_scenario
from finmodel.scenario.correlations import (
    Correlation,
    correlated_names,
    correlation_matrix,
    nearest_correlation,
)
from tests.conftest import PLAIN, YRD, small

PATIENCE, NOISE, SPREAD = (
    "firms.patience_quarters",
    "market.signal_noise_sd",
    "firms.size_log_sd",
)
BELIEFS = (
    f'{PATIENCE}={{dist="triangular", low=2, mode=4, high=9}}',
    f'{NOISE}={{dist="uniform", low=0.5, high=1.5}}',
    f'{SPREAD}={{dist="uniform", low=0.5, high=1.0}}',
)


def pair(a, b, rho, **more):
    fields = {"a": a, "b": b, "rho": rho, **more}
    inside = ", ".join(
        f'{k}="{v}"' if isinstance(v, str) else f"{k}={v}" for k, v in fields.items()
    )
    return f"{{{inside}}}"


def with_pairs(*pairs):
    return small(*BELIEFS, f"correlations=[{', '.join(pairs)}]")


def test_without_correlations_the_digest_does_not_know_of_them():
    """Results stored before scenarios could state them keep their names."""
    assert "correlations" not in load._essence(small(*BELIEFS))
    assert "correlations" in load._essence(with_pairs(pair(PATIENCE, NOISE, 0.4)))


def test_correlations_change_the_digest_and_their_evidence_does_not():
    plain, tied = small(*BELIEFS), with_pairs(pair(PATIENCE, NOISE, 0.4))
    assert digest(plain) != digest(tied)
    assert digest(tied) != digest(with_pairs(pair(PATIENCE, NOISE, 0.5)))
    noted = with_pairs(pair(PATIENCE, NOISE, 0.4, source="assumption", note="Seen together."))
    assert digest(tied) == digest(noted)


def test_a_file_states_them_as_an_array_of_tables(tmp_path):
    tree = tomllib.loads(YRD.read_text(encoding="utf-8"))
    tree["firms"]["patience_quarters"]["value"] = {
        "dist": "lognormal",
        "median": 4.0,
        "log_sd": 0.2,
        "low": 1.0,
        "high": 20.0,
    }
    tree["market"]["signal_noise_sd"]["value"] = {
        "dist": "normal",
        "mean": 1.0,
        "sd": 0.2,
        "low": 0.2,
        "high": 2.0,
    }
    tree["correlations"] = [{"a": PATIENCE, "b": NOISE, "rho": -0.4}]
    file = tmp_path / "s.toml"
    file.write_text(tomli_w.dumps(tree), encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.correlations[0].rho == -0.4
    assert load_scenario(file, ["correlations.0.rho=0.2"]).correlations[0].rho == 0.2
    assert load_scenario(file, ["correlations=[]"]).correlations == ()


WRONG = {
    "unknown": (
        [pair("firms.patience_quarter", NOISE, 0.4)],
        ["correlations.0.a", "did you mean 'firms.patience_quarters'"],
    ),
    "itself": ([pair(NOISE, NOISE, 0.4)], ["correlations.0.b", "another name than a"]),
    "twice": (
        [pair(NOISE, PATIENCE, 0.4), pair(PATIENCE, NOISE, 0.3)],
        ["correlations.1", "as in correlations.0", "each pair once"],
    ),
    "too large": ([pair(NOISE, PATIENCE, 1.0)], ["correlations.0.rho", "1.0", "less than 1"]),
    "too small": ([pair(NOISE, PATIENCE, -1.2)], ["correlations.0.rho", "-1.2"]),
    "text": ([pair(NOISE, PATIENCE, "much")], ["correlations.0.rho", "'much'", "a number"]),
    "no name": (['{a="x", rho=0.1}'], ["correlations.0.b", "required"]),
    "unknown key": (
        [pair(NOISE, PATIENCE, 0.1, roh=0.2)],
        ["correlations.0.roh", "did you mean 'rho'"],
    ),
    "source": (
        [pair(NOISE, PATIENCE, 0.1, source="S9999")],
        ["correlations.0.source", "'S9999'"],
    ),
    "grade": (
        [pair(NOISE, PATIENCE, 0.1, source="assumption", grade="official")],
        ["correlations.0.grade", "'assumed' for an assumption"],
    ),
    "no joint law": (
        [pair(NOISE, PATIENCE, 0.9), pair(PATIENCE, SPREAD, 0.9), pair(NOISE, SPREAD, -0.9)],
        [f"{NOISE} ~ {PATIENCE} 0.9", "together impossible", "the nearest is", "0.5"],
    ),
    "unstated clash": (
        [pair(NOISE, PATIENCE, 0.9), pair(PATIENCE, SPREAD, 0.9)],
        [f"{NOISE} ~ {SPREAD} 0", "positive semi-definite"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_correlation_is_refused_in_words(case):
    pairs, parts = WRONG[case]
    with pytest.raises(ScenarioError) as error:
        with_pairs(*pairs)
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_every_problem_is_listed_at_once():
    with pytest.raises(ScenarioError) as error:
        with_pairs(pair("x", NOISE, 0.4), pair(NOISE, NOISE, 0.2), pair("y", PATIENCE, 0.1))
    assert len(error.value.problems) == 3


def test_the_offer_is_the_nearest_matrix_and_loads():
    """Three numbers at -0.9 with each other: the nearest matrix has -0.5."""
    tied = [pair(NOISE, PATIENCE, -0.9), pair(PATIENCE, SPREAD, -0.9), pair(NOISE, SPREAD, -0.9)]
    with pytest.raises(ScenarioError) as error:
        with_pairs(*tied)
    assert f"the nearest is {NOISE} ~ {PATIENCE} -0.5, " in str(error.value)
    with_pairs(*(text.replace("-0.9", "-0.5") for text in tied))


def test_the_nearest_matrix_is_that_of_the_paper():
    """Higham (2002), section 4: the matrix (-1 on the diagonal's neighbours) of order 3."""
    found = nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]), steps=10_000)
    near = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    np.testing.assert_allclose(found, near, atol=5e-5)


def test_names_come_in_the_order_in_which_pairs_say_them():
    pairs = [Correlation(a="x", b="y", rho=0.2), Correlation(a="z", b="x", rho=0.1)]
    assert correlated_names(pairs) == ["x", "y", "z"]
    np.testing.assert_array_equal(
        correlation_matrix(pairs), [[1, 0.2, 0.1], [0.2, 1, 0], [0.1, 0, 1]]
    )


BELIEF = '{{dist="lognormal", median={m}, log_sd=0.1, low={a}, high={b}}}'


def grouped(*changes):
    beliefs = [
        f"stages.{k}.failure_rate_pa=" + BELIEF.format(m=0.2, a=0.1, b=0.4) for k in ("A", "B")
    ]
    together = 'together=[["stages.A.failure_rate_pa", "stages.B.failure_rate_pa"]]'
    return small(*beliefs, together, *changes)


def test_beliefs_of_a_group_are_drawn_as_one():
    from finmodel.study.parameter_draws import Beliefs

    beliefs = Beliefs(grouped())
    drawn = [beliefs.draw(k, 5).numbers for k in range(20)]
    values = [tuple(row.values()) for row in drawn]
    assert all(a == b for a, b in values)
    assert len(set(values)) == 20


def test_faults_of_groups_are_told():
    with pytest.raises(ScenarioError) as caught:
        grouped(
            'together=[["stages.A.failure_rat_pa", "stages.B.failure_rate_pa"],'
            ' ["stages.A.failure_rate_pa"]]'
        )
    told = str(caught.value)
    assert "did you mean 'stages.A.failure_rate_pa'" in told
    assert "1 names" in told


def test_only_the_first_of_a_group_is_correlated():
    total = "births.total_pa=" + BELIEF.format(m=1800, a=1000, b=3000)
    pair = 'correlations=[{a="births.total_pa", b="stages.B.failure_rate_pa", rho=0.5}]'
    with pytest.raises(ScenarioError, match=r"the first of its group: stages\.A\.failure_rate_pa"):
        grouped(total, pair)


def test_links_of_numbers_that_became_certain_are_dropped(tmp_path):
    parent = tmp_path / "parent.toml"
    text = PLAIN.read_text(encoding="utf-8")
    belief = BELIEF.format(m=0.2, a=0.1, b=0.4)
    links = (
        'together = [["stages.A.failure_rate_pa", "stages.B.failure_rate_pa"]]\n'
        'correlations = [{a = "births.total_pa", b = "stages.A.failure_rate_pa", rho = 0.5}]\n'
    )
    beliefs = "".join(
        f'[stages.{k}]\nfailure_rate_pa = {{value = {belief}, unit = "per year", '
        'source = "assumption", grade = "assumed"}\n'
        for k in ("A", "B")
    )
    total = BELIEF.format(m=1800, a=1000, b=3000)
    beliefs += (
        f'[births]\ntotal_pa = {{value = {total}, unit = "firms/year", '
        'source = "assumption", grade = "assumed"}\n'
    )
    parent.write_text(text.replace("schema_version = 2\n", "schema_version = 2\n" + links, 1))
    # The beliefs stand in a child of the shipped text: one level of extends.
    child = tmp_path / "child.toml"
    child.write_text('extends = "parent.toml"\n' + beliefs)
    whole = load_scenario(child)
    assert len(whole.correlations) == 1
    assert len(whole.together) == 1
    fixed = load_scenario(child, ["births.total_pa=2000"])
    assert fixed.correlations == ()
    assert len(fixed.together) == 1
    apart = load_scenario(child, ["stages.B.failure_rate_pa=0.2"])
    assert apart.together == ()
    assert len(apart.correlations) == 1
    heir = load_scenario(child, ["stages.A.failure_rate_pa=0.2"])
    assert heir.correlations[0].b == "stages.B.failure_rate_pa"


def test_a_link_with_a_number_that_is_certain_says_nothing():
    """As in a copy of a fitted scenario, one number of which is set."""
    linked = grouped('correlations=[{a="stages.A.failure_rate_pa", b="firms.quality_sd", rho=0.4}]')
    assert linked.correlations == ()
    assert len(linked.together) == 1
