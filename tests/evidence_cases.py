"""Targets as a validation stores them: a miss, a sign, a figure inside, one not measured."""

import pandas as pd

from finmodel import store
from finmodel.evaluate.validation import tally

NAN = float("nan")
COLUMNS = [
    *("target", "group", "label_en", "label_zh", "unit", "population", "scope", "use"),
    *("error_basis", "source_ids", "grade", "note"),
    *("evidence", "evidence_se", "evidence_low", "evidence_high"),
    *("value", "se", "chance_sd", "q05", "q95", "part", "verdict", "distance", "ratio"),
]


def target(name, verdict, *, unit="share", part="test", distance=3.0, value=0.2, evidence=0.4):
    known = value == value
    low, high = evidence * 0.9, evidence * 1.1
    return [
        *(name, "deals", f"Figure {name}", f"指标{name}", unit, "China", "china", part),
        *("stated", "S086;S088", "commercial", "a note"),
        *(evidence, 0.01, low, high),
        *(value, 0.01, 0.02, value * 0.8, value * 1.2, part, verdict, distance),
        value / evidence if known and unit != "sign" else NAN,
    ]


def targets():
    rows = [
        target("far", "outside", distance=7.0),
        target("money", "outside", unit="mcny", value=5000.0, evidence=3000.0),
        target("direction", "unclear", unit="sign", value=1.0, evidence=-1.0, distance=NAN),
        target("near", "inside", distance=0.3, value=0.41),
        target("no run", "not measured", value=NAN, distance=NAN),
        target("fitted", "inside", part="fit", value=0.4),
        target("abroad", "outside", part="elsewhere"),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def save_validation(root):
    """Store them as a result of `finmodel validate` and return its folder."""
    table = targets()
    left_out = pd.DataFrame([("guidance", "no paths")], columns=["what", "reason"])
    about = {
        **{"name": "yrd_baseline", "title_en": "Delta", "title_zh": "长三角", "scale": 0.5},
        **{"paths": 4, "policy_paths": 0, "seed": 1, "version": "0.1.0"},
        **{"created": "2026-01-01T00:00:00+00:00", "command": ["finmodel", "validate"]},
    }
    tables = {"targets": table, "tally": tally(table), "left_out": left_out}
    return store.save_run(root, "ab" * 32, tables, about)
