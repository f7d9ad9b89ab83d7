"""The table of clauses in docs/programmes.md: the clauses of the schema, each sign under test."""

import re
import tomllib

import pytest

from finmodel.scenario.programme_schema import Programme
from tests import test_clause_signs, test_loss_tolerance, test_programmes, test_sector_mandate
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")
NEUTRAL = tomllib.loads((ROOT / "scenarios/clauses/neutral.toml").read_text(encoding="utf-8"))
# Fields that are no clauses: what a programme is called, is, pays, and where.
SETTING = {
    "label_en",
    "label_zh",
    "level",
    "vehicle",
    "like",
    "budget_mcny_pa",
    "region_share",
    "mandate",
}
# A sign under test in `test_sector_mandate.py`.
OF_SECTORS = {
    "sector_mandate": "test_one_sector_alone_gets_more_of_the_vehicles_money",
}
CLAUSES = set(Programme.model_fields) - SETTING
# Signs under test in `test_loss_tolerance.py`, in tests of their own.
OF_TOLERANCE = {
    "loss_tolerance_class": "test_a_tight_class_takes_money_from_its_own_stages",
    "loss_tolerance_programme": "test_a_programme_that_may_lose_little_invests_less",
}


def rows():
    """Clauses, unit, neutral value, effect and sign of each row of the table."""
    section = PAGE.split("\n## Clauses\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row) == 5 for row in cells)
    return [(re.findall(r"`(\w+)`", row[0]), *(cell.strip() for cell in row[1:])) for row in cells]


def changed(before, after):
    """Clauses that differ between two sets of changes."""
    return {change.partition("=")[0] for change in set(before) ^ set(after)}


def under_test():
    """Clauses with a sign test, of all files."""
    sides = [entry[2:4] for entry in test_programmes.SIGNS.values()]
    sides += [(case.before, case.after) for case in test_clause_signs.CASES.values()]
    one_each = [changed(*pair) for pair in sides]
    assert all(len(names) == 1 for names in one_each)
    assert all(hasattr(test_loss_tolerance, name) for name in OF_TOLERANCE.values())
    assert all(hasattr(test_sector_mandate, name) for name in OF_SECTORS.values())
    return set.union(*one_each) | set(OF_TOLERANCE) | set(OF_SECTORS)


def test_the_table_lists_the_clauses_of_the_schema():
    listed = [name for names, *_ in rows() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == CLAUSES == set(NEUTRAL)


def test_every_clause_has_a_sign_under_test():
    assert under_test() >= CLAUSES


def test_the_table_marks_what_is_under_test():
    known = under_test()
    for names, *_, sign in rows():
        assert ("†" in sign) == (set(names) <= known), names
    for name in ("programmes", "clause_signs", "loss_tolerance", "sector_mandate"):
        assert f"`tests/test_{name}.py`" in PAGE


@pytest.mark.parametrize("row", rows(), ids=lambda row: "+".join(row[0]))
def test_the_table_has_units_and_neutral_values(row):
    names, unit, neutral, _, _ = row
    if names == ["early_stages"]:
        assert neutral.split(", ") == NEUTRAL["early_stages"]
    elif names in (["loss_tolerance_class"], ["sector_mandate"]):
        assert (neutral, NEUTRAL[names[0]]) == ("none", {})
    else:
        numbers = [float(number) for number in re.findall(r"[\d.]+", neutral)]
        assert numbers == [NEUTRAL[name]["value"] for name in names]
        assert all(unit.startswith(NEUTRAL[name]["unit"]) for name in names)
