"""Decompositions, batches, sensitivities and allocations of random valid plans, on their pages."""

import itertools

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.scenario import load_scenario
from finmodel.scenario.batch_plan import load_batch
from finmodel.study.allocate import read_allocation
from finmodel.study.allocate_store import find_or_allocate
from finmodel.study.batch import run_batch
from finmodel.study.decompositions import decompose_scenario
from finmodel.study.sensitivity import find_or_run_sensitivity, load_study
from finmodel.study.single import run_scenario
from tests.app.opening import open_page
from tests.app.seen import check
from tests.app.test_any_scenario import changes, readable
from tests.conftest import PLAIN, ROOT, SMALL, YRD

TINY = ("run.scale=0.01", "run.years=2", "run.warm_up_years=2")
META = {"name": "any", "title_en": "Any", "title_zh": "任意", "question": "Which?"}
PRO_RATA, TILT = (
    str(ROOT / f"scenarios/policy_{name}.toml") for name in ("pro_rata", "early_tilt")
)
BUDGET, SPLIT = (f"programmes.joint_fund.{name}" for name in ("budget_mcny_pa", "state_share"))
OUTCOMES = ("gap_mcny", "gap_rate_n", "funded_viable_n", "net_gap_mcny", "net_public_npv_mcny")
MEASURES = ("gap_closed_mcny", "gap_closed_n", "deals_n", "private_invested_mcny")
VIEWS = list(itertools.product(("reader", "manager"), ("en", "zh"), ("yi", "bn", "mcny")))


def shown(page, view, **query):
    """Open a page in a view, check it whole, and return it."""
    mode, language, unit = view
    found = open_page(page, mode=mode, lang=language, unit=unit, **query)
    check(found, language)
    return found


def written(folder, tree):
    file = folder / "plan.toml"
    file.write_text(tomli_w.dumps(tree), encoding="utf-8")
    return file


@st.composite
def batches(draw):
    """Draw a batch: some scenarios, one or two numbers on a grid, few paths, one seed or two."""
    budget = st.floats(0.0, 60000.0).map(lambda value: round(value, 1))
    meetings = st.sampled_from((1.0, 3.0, 4.5))
    grid = {"market.meetings_pp": draw(st.lists(meetings, min_size=1, max_size=2, unique=True))}
    with_policy = draw(st.booleans())
    if with_policy:
        grid[BUDGET] = draw(st.lists(budget, min_size=1, max_size=2, unique=True))
    return {
        "schema_version": 1,
        "set": list(TINY),
        "scenarios": [str(YRD), PRO_RATA] if with_policy else [str(YRD)],
        "meta": META,
        "run": {"paths": draw(st.integers(1, 3)), "seeds": draw(st.sampled_from(([3], [3, 4])))},
        "grid": grid,
    }


def see_batch(plan, root, view):
    run_batch(load_batch(written(root, plan)), root=root / "batches")
    names = [path.name for path in (root / "batches").glob("[!.]*") if path.is_dir()]
    for measure in ("gap_mcny", "gap_rate_mcny", "public_npv_mcny"):
        shown("studies", view, study="batches", result_batches=names[0], batch_measure=measure)


@st.composite
def sensitivities(draw):
    """Draw a study: some outcomes and policies, and each of its methods or not."""
    numbers = ("capital.total_mcny_pa", "births.total_pa", "market.meetings_pp")
    policies = draw(st.sampled_from(({}, {"fund": PRO_RATA}, {"fund": PRO_RATA, "tilt": TILT})))
    known = [name for name in OUTCOMES if policies or not name.startswith("net_")]
    parts = {
        "screening": {"trajectories": 4, "pool": 0},
        "indices": {"rows": 16, "top": 1},
        "tornado": {"tail": draw(st.sampled_from((0.05, 0.2)))},
        "draws": {"number": 64},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, unique=True))
    parts["indices"]["top"] = int("screening" in chosen)
    return {
        "schema_version": 1,
        "scenario": str(YRD),
        "priors": "graded",
        "numbers": draw(st.lists(st.sampled_from(numbers), min_size=2, max_size=3, unique=True)),
        "outcomes": draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)),
        "changes": ["run.years=1", "run.warm_up_years=2"],
        "meta": META,
        "run": {"paths": 4, "scale": 0.005, "seed": draw(st.integers(0, 9))},
        **({"policies": policies} if policies else {}),
        **{name: parts[name] for name in chosen},
    }


def see_sensitivity(plan, root, view):
    file = written(root, plan)
    inputs = load_study(file)
    stored = find_or_run_sensitivity(inputs, file, root=root / "sensitivities")
    found = shown("studies", view, study="sensitivities", result_sensitivities=stored.folder.name)
    for box in [item for item in found.selectbox if item.key == "sens_conclusion"]:
        box.select_index(len(box.options) - 1).run()
        check(found, view[1])


@st.composite
def allocations(draw):
    """Draw an allocation: provinces, an objective, a budget, a kind of vehicle."""
    regions = draw(st.lists(st.sampled_from(("SH", "JS", "ZJ", "AH")), min_size=2, unique=True))
    plan = {
        "schema_version": 1,
        "scenario": "short.toml",
        "regions": regions[:3],
        "budget_mcny_pa": round(draw(st.floats(1000.0, 80000.0)), 1),
        "least_spent": draw(st.sampled_from((0.5, 1.0))),
        "criteria": draw(st.sampled_from((["expected"], ["expected", "maximin"]))),
        "meta": META,
        "template": {
            "level": "provincial",
            "vehicle": draw(st.sampled_from(("direct", "fund_of_funds", "grant"))),
            "like": "guided_subfund",
            "state_share": 1.0,
            "fund_size_mcny": 200.0,
            "mandate": {"A": 0.5, "B": 0.5},
        },
        "marginal_step": 0.2,
        "slots": {"only": {"label_en": "Only", "label_zh": "唯一"}},
        "objective": {draw(st.sampled_from(MEASURES)): 1.0},
        "run": {"scale": 0.005, "first_paths": 4, "paths": 4, "fresh_paths": 4},
        "search": {"design": 2, "rounds": 1, "batch": 1, "finalists": 1, "seed": 1},
    }
    plan["run"] |= {"seed": draw(st.integers(1, 9)), "fresh_seed": 100}
    if draw(st.booleans()):
        plan["frontier"] = {"measure": "public_npv_mcny", "kind": "cvar", "points": 2}
    return plan


def see_allocation(plan, root, view):
    short = {"extends": str(PLAIN), "run": {"years": 3, "warm_up_years": 3}}
    (root / "short.toml").write_text(tomli_w.dumps(short), encoding="utf-8")
    found = read_allocation(written(root, plan))
    stored = find_or_allocate(found, root=root / "allocations")
    query = {"study": "allocations", "result_allocations": stored.folder.name}
    shown("studies", view, **query)


@st.composite
def decompositions(draw):
    """Draw a scenario, futures, and where the reasons for its gap are looked at."""
    base = load_scenario(YRD, SMALL)
    market = draw(changes(base, "", leave_out=("programmes.", "run.", "births.total")))
    return market, draw(st.integers(1, 3)), draw(st.sampled_from(("all", "SH", "AH")))


def see_decomposition(plan, root, view):
    market, paths, region = plan
    scenario, _ = readable(load_scenario, YRD, [*TINY, *market])
    how = {"paths": paths, "seed": 1}
    _, run = run_scenario(scenario, **how, root=root / "runs")
    decompose_scenario(scenario, **how, root=root / "decompositions")
    for side in ("mcny", "n"):
        found = shown("gap", view, run=run.folder.name, region=region, side=side)
        assert len(found.get("vega_lite_chart")) >= 5


SORTS = {
    "batches": (batches(), see_batch),
    "sensitivities": (sensitivities(), see_sensitivity),
    "allocations": (allocations(), see_allocation),
    "decompositions": (decompositions(), see_decomposition),
}


def every(sort, examples, root):
    plans, see = SORTS[sort]

    @settings(max_examples=examples, database=None)
    @given(plans, st.sampled_from(VIEWS))
    def one(plan, view):
        see(plan, root(), view)

    one()


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_a_random_study_is_shown(root, sort):
    every(sort, 1, root)


@pytest.mark.slow
@pytest.mark.parametrize("sort", sorted(SORTS))
def test_many_random_studies_are_shown(root, sort):
    every(sort, 8, root)
