"""A stored run, as shipped, and a made comparison of one policy, for memos and workbooks."""

import json
from functools import cache

import pandas as pd

from finmodel.datasets.root import published_root
from finmodel.measure.effects import SIGNS
from finmodel.report.result import Result
from finmodel.report.wording import Wording
from finmodel.variables import labels

NAN = float("nan")
EN, ZH = Wording("en", "bn"), Wording("zh", "yi")
RUN_TABLES = ("gap_total", "gap_region", "gap_stage", "gap_sector", "gap_year", "assumptions")


@cache
def _shipped():
    folder = next(path.parent for path in published_root().glob("runs/*/gap_total.parquet"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in RUN_TABLES}
    return manifest, tables, folder.name


def run(**about):
    manifest, tables, key = _shipped()
    return Result({**manifest, **about}, tables, "published", key)


def comparison():
    """One policy, `aid`, that differs from the shipped baseline by one number."""
    manifest = run().manifest
    base = manifest["scenario"]
    aid = json.loads(json.dumps(base))
    aid["meta"] |= {"name": "aid", "title_en": "More capital", "title_zh": "更多资本"}
    aid["capital"]["total_mcny_pa"]["value"] = 800000.0
    about = {key: item for key, item in manifest.items() if key not in ("scenario", "grades")}
    about |= {"policies": {"aid": "More capital"}, "scenarios": [base, aid]}
    tables = {"outcomes": _outcomes(), "effects": _effects(), "public": _public()}
    return Result(about, tables, "published", "0123456789abcdef")


def _outcomes():
    rows = [
        ("aid", region, outcome, 9000.0, 8500.0, -500.0, 100.0, -3000.0, 2000.0)
        for region in ("all", "SH", "JS")
        for outcome in ("gap_mcny", "gap_n", "deals_n")
    ]
    names = [
        "policy",
        "region",
        "outcome",
        "base",
        "policy_mean",
        "change",
        "change_se",
        "chance_q05",
        "chance_q95",
    ]
    return pd.DataFrame(rows, columns=names)


def _effects():
    rows = []
    for group in ("all", "viable_hard_tech"):
        for name in (*SIGNS, "net", "displacement_outside", "multiplier_outside", "change"):
            size = {"gross": 100.0, "deadweight": 60.0, "substitution": 20.0, "net": 15.0}
            n = size.get(name, 0.0)
            rows.append(("aid", group, name, n, 1.0, n - 9, n + 9, 9 * n, 9.0, 8 * n, 10 * n))
    names = ["policy", "group", "component"]
    for side in ("effect_n", "effect_mcny"):
        names += [side, f"{side}_se", f"{side}_q05", f"{side}_q95"]
    return pd.DataFrame(rows, columns=names)


def _public():
    rows = [("aid", name, 5000.0, 90.0, 3000.0, 5000.0, 7000.0) for name in labels()["public"]]
    return pd.DataFrame(rows, columns=["policy", "measure", "value", "se", "q05", "q50", "q95"])


def with_rows(table, **columns):
    return table.assign(**columns)
