"""`finmodel compare` as its user meets it: words, JSON, found again, and refused."""

import json

import pytest

from finmodel import store
from tests.conftest import ROOT, YRD
from tests.test_command_line import call

POLICY = ROOT / "scenarios" / "policy_pro_rata.toml"
LEVER = ROOT / "scenarios" / "lever_barriers.toml"
SETS = ["--set", "run.scale=0.05", "--set", "run.years=4", "--set", "run.warm_up_years=4"]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("comparisons")


@pytest.fixture(scope="module")
def first(out):
    return call("compare", YRD, POLICY, LEVER, *SETS, "--paths", 3, "--out", out)


def test_it_says_what_changes_what_would_have_anyway_and_what_it_costs(first):
    assert first.exit_code == 0, first.output
    for text in (
        "Against: Yangtze River Delta",
        "3 paths, seed 20220101, the same luck in every arm",
        "would have closed within a year of it anyway",
        "Deadweight: closed anyway",
        "Public money called",
        "read their difference",
        "Simulated in",
    ):
        assert text in first.output
    # A lever has no programme, so no public table of one, and a cost that nobody stated.
    assert first.output.count("Public money called") == 1
    assert first.output.count("not known") == 11
    assert "…" not in first.output  # no figure is cut off at 80 columns


def test_it_is_found_again_and_its_tables_can_be_read(first, out):
    again = call("compare", YRD, POLICY, LEVER, *SETS, "--paths", 3, "--out", out)
    assert again.exit_code == 0
    assert "Found again" in again.output
    (folder,) = [path for path in out.iterdir() if path.is_dir()]
    for name in ("effects_region", "effects_sector", "additionality_chain", "programme_years"):
        assert len(store.read_result(folder, name))
    other = call("compare", YRD, LEVER, POLICY, *SETS, "--paths", 3, "--out", out)
    assert "Simulated in" in other.output


def test_json_has_the_tables_and_no_nan(first, out):
    result = call("compare", YRD, POLICY, LEVER, *SETS, "--paths", 3, "--out", out, "--json")
    found = json.loads(result.stdout)
    assert list(found["policies"]) == ["policy_pro_rata", "lever_barriers"]
    assert found["paths"] == 3
    rows = {(row["policy"], row["measure"]): row["value"] for row in found["public"]}
    assert rows["lever_barriers", "dpi"] is None
    assert rows["policy_pro_rata", "outlay_mcny"] > 0


def test_levers_set_on_the_command_line_are_those_of_policies(out):
    """A relief compared with the same baseline without it, at a cost that is known."""
    change = ("--set", "levers.incentives.coordinated_tax_relief=0.05")
    result = call("compare", YRD, YRD, *SETS, *change, "--paths", 3, "--out", out)
    assert result.exit_code == 0, result.output
    assert "the gap does not change" not in result.output
    assert "Cost of levers" in result.output
    assert result.output.count("not known") == 1  # in the closing note alone


def test_what_concerns_programmes_changes_policies_alone(out):
    none = "programmes.joint_fund.budget_mcny_pa=0"
    result = call("compare", YRD, POLICY, *SETS, "--set", none, "--paths", 2, "--out", out)
    assert result.exit_code == 0, result.output
    assert "the gap does not change." in result.output
    assert "1 path," in call("compare", YRD, POLICY, *SETS, "--paths", 1, "--out", out).output


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((POLICY, YRD), ["1 problem(s)", "a baseline without programmes"]),
        ((YRD, POLICY, POLICY), ["1 problem(s)", "a name that no other policy has"]),
        (
            (YRD, ROOT / "scenarios" / "policy_prorata.toml"),
            ["did you mean 'policy_pro_rata.toml'"],
        ),
        ((YRD, ROOT / "scenarios" / "china31_baseline.toml"), ["china31_baseline: regions"]),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_stored(files, words, tmp_path):
    result = call("compare", *files, "--paths", 2, "--out", tmp_path)
    assert result.exit_code == 2
    assert all(word in result.output for word in words), result.output
    assert list(tmp_path.iterdir()) == []
