"""Memo and workbook of any numbers: they are made, and what is not known is never a number."""

import io
import re

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from finmodel.report.memo import memo_of
from finmodel.report.result import Result
from finmodel.report.workbook import workbook_bytes
from tests.stored_cases import EN, NAN, ZH, comparison, run, with_rows

ANY = st.one_of(st.just(NAN), st.just(0.0), st.floats(-1e7, 1e7))
ERROR = st.one_of(st.just(NAN), st.just(0.0), st.floats(0.0, 1e6))


def said(memo):
    """Everything that a memo says outside its charts."""
    parts = [*memo.answer, *(text for _, text in memo.sure), *(text for _, text in memo.figures)]
    numbers = [number for section in memo.sections for number in section.numbers]
    return " ".join([*parts, *(f"{number.value} {number.range}" for number in numbers)])


@settings(max_examples=6)
@given(change=ANY, error=ERROR, low=ANY, high=ANY, words=st.sampled_from([EN, ZH]))
def test_a_comparison_of_any_numbers_has_a_memo(change, error, low, high, words):
    tables = dict(comparison().tables)
    tables["outcomes"] = with_rows(
        tables["outcomes"], change=change, change_se=error, chance_q05=low, chance_q95=high
    )
    tables["public"] = with_rows(tables["public"], value=change, se=error, q05=low, q95=high)
    result = Result(comparison().manifest, tables, "yours", "x")
    assert not re.search(r"\b(nan|inf)\b", said(memo_of(result, words)), re.IGNORECASE)
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(result, words)), read_only=True)
    kinds = {cell.data_type for row in book.worksheets[2].iter_rows() for cell in row}
    assert kinds <= {"s", "n"}


@settings(max_examples=6)
@given(gap=st.floats(0.0, 1e6), error=ERROR, rate=st.floats(0.0, 1.0), low=ANY, high=ANY)
def test_a_run_of_any_numbers_has_a_memo(gap, error, rate, low, high):
    tables = dict(run().tables)
    for name in ("gap_total", "gap_region", "gap_stage"):
        tables[name] = with_rows(
            tables[name],
            **{"gap_mcny": gap, "gap_mcny_se": error, "gap_mcny_q05": low, "gap_mcny_q95": high},
            **{"gap_rate_mcny": rate, "gap_rate_mcny_se": error},
        )
    result = Result(run().manifest, tables, "yours", "x")
    assert not re.search(r"\b(nan|inf)\b", said(memo_of(result, EN)), re.IGNORECASE)
