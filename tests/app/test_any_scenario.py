"""Every page in each mode and language, with results of random valid scenarios."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.datasets.root import scenarios_root
from finmodel.errors import ScenarioError
from finmodel.scenario import load_scenario
from finmodel.scenario.fund_plan import load_fund_plan
from finmodel.scenario.walk import declared
from finmodel.study.comparisons import compare_scenarios
from finmodel.study.fund_plan import find_or_run_plan
from finmodel.study.single import run_scenario
from finmodel.ui.home import HOME_VARIABLE
from finmodel.ui.packed import pack
from finmodel.ui.policy import Policy
from tests.app.opening import open_page
from tests.app.seen import check
from tests.conftest import SMALL, YRD

POLICIES = ("policy_pro_rata", "policy_lab_grants", "policy_loan_guarantees", "policy_direct")
PLAN = scenarios_root() / "funds" / "fund_hard_tech.toml"
VIEWS = list(itertools.product(("reader", "manager"), ("en", "zh")))
PAGES = {
    "overview": "run",
    "gap": "run",
    "flows": "run",
    "assumptions": "run",
    "guidance": "comparison",
    "compare": "comparison",
    "fund": "plan",
}
"""Pages that show a result of one's own, and the name of its choice in the address."""
ALIKE = ("overview", "gap", "flows", "assumptions", "fund", "studies", "validation", "about")
"""Pages that a manager sees as a reader does."""


def readable(load, file, changes):
    """Return what a file gives with those of some changes that its reader takes together."""
    taken, found = [], load(file)
    for change in changes:
        try:
            found = load(file, [*taken, change])
        except ScenarioError:
            continue
        taken.append(change)
    return found, taken


@st.composite
def changes(draw, scenario, prefix, leave_out=()):
    """Draw changes of numbers within their ranges: low ends, high ends, and between."""
    known = {name: (number, spec) for name, number, spec in declared(scenario)}
    names = [n for n in sorted(known) if n.startswith(prefix) and not n.startswith(leave_out)]
    found = []
    for name in draw(st.lists(st.sampled_from(names), min_size=3, max_size=8, unique=True)):
        number, spec = known[name]
        usual = max(spec.low, min(spec.high, number.centre * draw(st.floats(0.4, 2.5))))
        value = draw(st.sampled_from((usual, spec.low, min(spec.high, 2.0 * number.centre))))
        found.append(f"{name}={value if spec.unit != 'quarters' else round(value)!r}")
    return found


@st.composite
def results(draw):
    """Draw what a visitor's folder holds: a run, a comparison and a plan of random numbers."""
    base = load_scenario(YRD, SMALL)
    market = draw(changes(base, "", leave_out=("programmes.", "run.", "births.total")))
    policy = scenarios_root() / f"{draw(st.sampled_from(POLICIES))}.toml"
    own = draw(changes(load_scenario(policy, SMALL), "programmes."))
    plan = draw(changes(load_fund_plan(PLAN), ""))
    return market, policy, own, plan, draw(st.integers(1, 3)), draw(st.integers(0, 9))


def made(found, root):
    """Make the results and return their names by their choice in the address."""
    market, policy, own, plan, paths, seed = found
    base, taken = readable(load_scenario, YRD, [*SMALL, *market])
    arm, _ = readable(load_scenario, policy, [*taken, *own])
    how = {"paths": paths, "seed": seed}
    _, run = run_scenario(base, **how, root=root / "runs")
    _, comparison = compare_scenarios(base, {"own": arm}, **how, root=root / "comparisons")
    fund, _ = readable(load_fund_plan, PLAN, plan)
    funds = find_or_run_plan(fund, PLAN, **how, root=root / "funds")
    return {
        "run": run.folder.name,
        "comparison": comparison.folder.name,
        "plan": funds.folder.name,
    }


@settings(max_examples=2)
@given(results(), st.randoms(use_true_random=False))
def test_results_of_random_valid_scenarios_are_shown_on_every_page(tmp_path_factory, found, luck):
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(root))
        names = made(found, root)
        for page, choice in PAGES.items():
            mode, language = luck.choice(VIEWS)
            shown = open_page(page, lang=language, mode=mode, **{choice: names[choice]})
            check(shown, language)


@pytest.mark.parametrize(
    ("page", "mode", "language"),
    [(page, *view) for page in ("guidance", "compare") for view in VIEWS]
    + [(page, *view) for page in ALIKE for view in (("reader", "en"), ("manager", "zh"))],
)
def test_what_is_published_is_shown_on_every_page(home, page, mode, language):
    shown = open_page(page, lang=language, mode=mode)
    check(shown, language)
    if page != "about" and (page, mode) != ("guidance", "manager"):
        word = "assumptions (grade C)" if language == "en" else "假设（C级）"
        assert sum(word in caption.value for caption in shown.caption) == 1


@settings(max_examples=4)
@given(st.data())
def test_a_programme_of_random_numbers_is_edited(tmp_path_factory, data):
    """Numbers in their range are shown; what is wrong together is told at its field, in words."""
    preset = data.draw(st.sampled_from(POLICIES))
    drawn = data.draw(changes(load_scenario(scenarios_root() / f"{preset}.toml"), "programmes."))
    numbers = {name: float(value) for name, _, value in (text.partition("=") for text in drawn)}
    language = data.draw(st.sampled_from(("en", "zh")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        shown = open_page(
            "guidance", mode="manager", lang=language, plan=pack(Policy(preset, numbers))
        )
    assert not shown.exception
    is_wrong = bool(shown.error)
    assert shown.button(key="run_preview").disabled == is_wrong
