"""Plans of small batches for the tests."""

from tests.conftest import ROOT

META = """
schema_version = 1
[meta]
name = "small"
title_en = "Small"
title_zh = "小"
question = "Why?"
"""
SMALL_SET = 'set = ["run.scale=0.01", "run.years=2", "run.warm_up_years=2"]'
BASE = (ROOT / "scenarios/yrd_baseline.toml").as_posix()
POLICY = (ROOT / "scenarios/policy_pro_rata.toml").as_posix()
BUDGET = "programmes.joint_fund.budget_mcny_pa"
MEETINGS = "market.meetings_pp"


def write_plan(folder, body, scenarios=(BASE,), head=SMALL_SET, run="paths = 4\nseeds = [3]"):
    """Write a plan; `head` stands above all tables."""
    names = ", ".join(f'"{name}"' for name in scenarios)
    meta = META.replace("[meta]", f"{head}\nscenarios = [{names}]\n[meta]")
    path = folder / "plan.toml"
    path.write_text(f"{meta}\n[run]\n{run}\n{body}\n", encoding="utf-8")
    return path


GRID = f'[grid]\n"{BUDGET}" = [0.0, 20000.0]\n"{MEETINGS}" = [3.0, 4.0, 5.0]\n'
