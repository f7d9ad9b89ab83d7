"""The workbook: five sheets in either language, no formula, numbers as they are stored."""

import io

import openpyxl
import pandas as pd
import pytest

from finmodel.datasets.root import scenarios_root
from finmodel.report.result import Result
from finmodel.report.workbook import readme_rows, workbook_bytes
from finmodel.report.workbook_rows import result_rows
from finmodel.scenario import load_scenario
from tests.stored_cases import EN, NAN, ZH, comparison, run


def opened(result, words):
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(result, words)))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (EN, ["README", "Inputs", "Results", "Intervals", "Sources"]),
        (ZH, ["说明", "输入", "结果", "区间", "来源"]),
    ],
)
@pytest.mark.parametrize("made", [run, comparison])
def test_sheets_hold_what_their_names_say(made, words, names):
    book = opened(made(), words)
    assert book.sheetnames == names
    for sheet in book:
        assert sheet.max_row > 1
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not [cell.coordinate for cell in cells if cell.data_type in ("f", "e")]


def test_money_is_in_the_unit_and_shares_are_as_stored():
    result = run()
    total = result.tables["gap_total"].iloc[0]
    for words in (EN, ZH):
        rows = result_rows(result, words).set_index(["group", "column"])
        whole = rows.loc[words.text("workbook", "total")]
        assert whole.loc["gap_mcny", "value"] * words.mcny_per_unit == pytest.approx(
            total["gap_mcny"], rel=1e-12
        )
        assert whole.loc["gap_mcny", "unit"] == words.money_unit
        assert whole.loc["gap_rate_mcny", "value"] == total["gap_rate_mcny"]
        assert whole.loc["gap_rate_mcny", "unit"] == words.text("workbook", "u_share")
        assert whole.loc["gap_n", "value"] == total["gap_n"]


def test_inputs_have_their_plain_name_before_the_dotted_one():
    for words, name in ((EN, "A round: milestones a year"), (ZH, "A轮：每年里程碑")):
        rows = list(opened(run(), words)[words.text("workbook", "s_inputs")].values)
        assert ("yrd_baseline", name, "stages.A.milestone_rate_pa") in {row[:3] for row in rows}


def test_every_measure_of_the_gap_is_there_with_its_error():
    result = run()
    rows = result_rows(result, result.named(EN))
    stored = [c for c in result.tables["gap_stage"] if f"{c}_se" in result.tables["gap_stage"]]
    stage = result.tables["gap_stage"]["stage"].iloc[0]
    own = rows[rows["group"] == result.named(EN).name(stage)]
    assert set(stored) <= set(own["column"])
    first = result.tables["gap_stage"].iloc[0]
    errors = own.set_index("column")["se"]
    assert errors["gap_n"] == first["gap_n_se"]
    assert errors["gap_rate_n"] == first["gap_rate_n_se"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_texts_are_never_formulas(text):
    inputs = run().tables["assumptions"].head(1).assign(note=text, source=text)
    tables = {**run().tables, "assumptions": inputs}
    result = Result({**run().manifest, "title_en": text, "name": text}, tables, "yours", text)
    book = opened(result, EN)
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in found if cell.data_type == "f"]
    assert f"'{text}" in {cell.value for cell in found}


def test_what_is_not_known_is_an_empty_cell():
    result = comparison()
    public = result.tables["public"].assign(value=NAN, q05=NAN, q95=NAN)
    tables = {**result.tables, "public": public}
    book = opened(Result(result.manifest, tables, "yours", "x"), EN)
    rows = pd.DataFrame(book["Results"].values)
    state = rows[rows[0] == "Public money, all years"]
    assert len(state)
    assert state[4].isna().all()
    assert not (pd.DataFrame(book["Intervals"].values)[0] == "Public money, all years").any()


def test_a_cost_of_what_is_not_told_from_nothing_is_left_open():
    result = comparison()
    tables = {**result.tables, "public": result.tables["public"].assign(se=1e6)}
    rows = result_rows(Result(result.manifest, tables, "yours", "x"), EN).set_index("column")
    assert pd.isna(rows.loc["cost_per_ipo_mcny", "value"])
    assert rows.loc["public_cost_mcny", "value"] == 5.0


def test_equal_results_give_equal_files():
    assert workbook_bytes(run(), EN) == workbook_bytes(run(), EN)


def test_the_first_sheet_warns_of_few_futures_and_of_money_that_is_not_there():
    result = comparison()
    plain = [text for _, text in readme_rows(result, EN)]
    assert not any("preview" in text or "Anhui, where" in text for text in plain)
    fund = load_scenario(scenarios_root() / "policy_joint_delta_fund.toml").model_dump(mode="json")
    fund["meta"]["name"] = "aid"
    about = {**result.manifest, "paths": 6, "scenarios": [result.manifest["scenarios"][0], fund]}
    warned = Result(about, result.tables, "published", "x")
    rows = [text for _, text in readme_rows(warned, warned.named(EN))]
    assert any("preview" in text for text in rows)
    assert any(
        "One joint fund for the delta" in text and "in Anhui, where" in text for text in rows
    )
