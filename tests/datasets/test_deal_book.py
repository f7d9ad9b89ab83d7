"""What the rows of one firm say of each other, and that no row is ever lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finmodel.datasets.deal_records import KINDS, ROUTES, STAGES, read_deals, write_template
from finmodel.datasets.deal_records.report import Ledger
from finmodel.errors import DataError, InvariantError
from tests.datasets.deal_files import AS_OF, GOOD, HEAD, entries, read, write

WIDE = "firm,date,round,amount,currency,region,sector,investors,investor_regions,status,founded"


def test_a_firm_follows_its_latest_row_and_disagreements_are_said(tmp_path):
    book = read(
        tmp_path,
        "X,2020-01-01,A,500万,CNY,上海,芯片,,,运营中,2018",
        "X,2022-01-01,B,500万,CNY,江苏,芯片,,,,2017-05-01",
        "X,,,,,,,,,已关闭,",
        head=WIDE,
    )
    firm = book.firms.iloc[0]
    assert (firm["region"], firm["sector"], firm["status"]) == ("江苏", "芯片", "closed")
    assert str(firm["founded"].date()) == "2017-05-01"
    assert entries(book) == [
        (2, "region", "altered", "other_region", "上海"),
        (2, "status", "altered", "other_status", "运营中"),
        (2, "founded", "altered", "other_founded", "2018"),
        (4, "status", "altered", "closed_without_date", "已关闭"),
    ]
    assert book.report.n_kept == 3


def test_a_firm_without_rounds_is_kept_and_said(tmp_path):
    book = read(tmp_path, f"{GOOD},,,,,,", "Idle,,,,,上海,,,,运营中,2019", head=WIDE)
    assert list(book.firms["firm"]) == ["Good", "Idle"]
    assert entries(book) == [(3, "firm", "altered", "firm_without_rounds", "Idle")]


def test_founding_after_a_deal_is_left_out(tmp_path):
    book = read(tmp_path, "X,2020-01-01,A,500万,CNY,,,,,,2021", head=WIDE)
    assert book.firms["founded"].isna().all()
    assert [item[3] for item in entries(book)] == ["founded_after_deal"]


def test_exits_take_their_value_from_its_column_and_a_sale_from_its_price(tmp_path):
    book = read(
        tmp_path,
        "A,2015-01-01,A轮,500万,CNY,",
        "A,2022-01-01,IPO,10亿,CNY,30亿",
        "B,2022-01-01,IPO,10亿,CNY,",
        "C,2022-01-01,并购,2亿,CNY,",
        "D,2022-01-01,清算,,,",
        "E,2022-01-01,股权转让,1亿,CNY,",
        "E,2022-02-01,回购,,,",
        head=f"{HEAD},exit_value",
    )
    exits = book.exits.set_index("firm")
    assert list(exits["route"]) == ["ipo", "ipo", "mna", "write_off", "transfer", "buyback"]
    np.testing.assert_allclose(
        exits["value_mcny"], [3000.0, np.nan, 200.0, 0.0, np.nan, np.nan], rtol=1e-12
    )
    said = [item[:1] + item[3:4] for item in entries(book)]
    assert (4, "amount_is_no_value") in said
    assert (7, "amount_is_no_value") in said
    status = book.firms.set_index("firm")["status"]
    assert list(status) == ["ipo", "ipo", "acquired", "closed", ""]


def test_one_end_a_firm_and_the_dated_one_wins(tmp_path):
    book = read(
        tmp_path,
        "X,2015-01-01,A轮,500万,CNY,运营中",
        "X,2018-01-01,并购,1亿,CNY,",
        "X,2018-01-05,并购,1亿,CNY,",
        "X,2019-01-01,IPO,,CNY,",
        "X,2020-01-01,B轮,500万,CNY,",
        head=f"{HEAD},status",
    )
    assert list(book.exits["route"]) == ["mna"]
    assert book.firms["status"].item() == "acquired"
    assert [(item[0], item[3]) for item in entries(book)] == [
        (2, "status_against_exit"),
        (4, "duplicate_exit"),
        (5, "after_exit"),
        (6, "round_after_exit"),
    ]


def test_investors_are_split_and_those_of_a_repeated_row_join_the_first(tmp_path):
    book = read(
        tmp_path,
        "X,2020-01-01,A轮,500万,CNY,,,红杉中国、IDG；Foo Capital，高瓴,SH;BJ;US;BJ,,",
        'X,2020-01-03,A轮,500万,CNY,,,"经纬;IDG;Bar, Inc.",,,',
        'X,2021-01-03,B轮,500万,CNY,,,"经纬,IDG",SH,,',
        head=WIDE,
    )
    found = book.investments
    first = found[found["stage"] == "A"].set_index("investor")["investor_region"]
    assert dict(first) == {
        "红杉中国": "SH",
        "IDG": "BJ",
        "Foo Capital": "US",
        "高瓴": "BJ",
        "经纬": "",
        "Bar, Inc.": "",
    }
    assert found["date"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2020-01-01", "2021-01-03"]
    assert [(item[0], item[3]) for item in entries(book)] == [
        (3, "duplicate"),
        (4, "regions_of_investors"),
    ]


def test_repeated_rounds_are_those_within_days_with_the_same_amount(tmp_path):
    book = read(
        tmp_path,
        "X,2020-01-01,A轮,500万,CNY",
        "X,2020-01-08,A轮,5000000,CNY",
        "X,2020-01-16,A轮,500万,CNY",
        "X,2020-01-01,A轮,600万,CNY",
        "X,2020-01-01,B轮,500万,CNY",
        "Y,2020-01-01,A轮,500万,CNY",
        "Y,2020-01-01,A轮,未透露,",
        "Y,2020-01-02,A轮,,",
    )
    assert [(item[0], item[3]) for item in entries(book)] == [(3, "duplicate"), (9, "duplicate")]


def test_tables_have_the_columns_and_kinds_promised(tmp_path):
    book = read(tmp_path, GOOD, "B,2020-01-01,IPO,,CNY")
    assert list(book.firms) == ["firm", "name", "country", "region", "sector", "founded", "status"]
    assert list(book.rounds)[:7] == [
        *("firm", "date", "stage", "kind"),
        *("amount_mcny", "low_mcny", "high_mcny"),
    ]
    assert list(book.investments) == ["firm", "date", "stage", "investor", "investor_region"]
    assert list(book.exits) == ["firm", "date", "route", "value_mcny"]
    for frame, name in ((book.rounds, "date"), (book.exits, "date"), (book.firms, "founded")):
        assert frame[name].dtype.kind == "M"
    assert book.as_of == pd.Timestamp(AS_OF)
    assert book.price_year == 2022


def test_without_a_last_day_it_is_that_of_the_last_deal(tmp_path):
    path = write(tmp_path, f"{HEAD}\n{GOOD}\nX,2022-05-06,IPO,,\n")
    assert read_deals(path, price_year=2022).as_of == pd.Timestamp("2022-05-06")


def test_a_ledger_notices_rows_that_vanish_or_count_twice():
    ledger = Ledger()
    rows = pd.DataFrame({"file": "f", "row": [2, 3], "x": ["a", "b"]})
    ledger.read("f", 2)
    rest = ledger.set_aside(rows, rows["x"] == "a", reason="no_date", column="x")
    assert ledger.close([rest]).n_kept == 1
    with pytest.raises(InvariantError, match="2 rows read, 0 kept, 1 set aside"):
        ledger.close([rest.iloc[:0]])
    with pytest.raises(InvariantError, match="counted twice"):
        ledger.close([rows])


def test_reports_are_saved_without_live_formulas(tmp_path):
    book = read(tmp_path, GOOD, "=cmd|'/C calc'!A0,2021-01-01,A,1,CNY", "+x,2021-02-30,A,-5,CNY")
    path = book.report.to_csv(tmp_path / "report.csv")
    text = path.read_text(encoding="utf-8-sig")
    assert ",'=cmd|'/C calc'!A0" in text
    cells = [cell for line in text.splitlines()[1:] for cell in line.split(",")]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    with pytest.raises(DataError, match="a name that is free"):
        book.report.to_csv(path)


def test_the_template_is_read_back_and_never_written_over(tmp_path):
    path = write_template(tmp_path / "t.csv")
    text = path.read_text(encoding="utf-8-sig")
    examples = [line[2:] for line in text.splitlines() if line.startswith("# Example")]
    assert len(examples) == 2
    filled = write(tmp_path, text + "\r\n".join(examples) + "\r\n", "filled.csv")
    book = read_deals(filled, price_year=2022)
    assert book.report.entries.empty
    assert list(book.investments["investor_region"]) == ["SH", "ZJ"]
    assert book.exits["value_mcny"].item() == pytest.approx(3000 * 106.419 / 105.849)
    with pytest.raises(DataError, match="a name that is free"):
        write_template(path)
    with pytest.raises(DataError, match="no rows"):
        read_deals(path, price_year=2022)


CELLS = st.one_of(
    st.sampled_from(["", "X", "Y", "2020-01-01", "2021/3/1", "2020-02-30", "A轮", "IPO", "并购"]),
    st.sampled_from(["500万", "数千万人民币", "-5", "=1", "CNY", "USD", "?", "已上市", "；", "#"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=8),
)
ROW = st.lists(CELLS, min_size=1, max_size=12)


SAME_FOLDER = [HealthCheck.function_scoped_fixture]


@given(st.lists(ROW, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=SAME_FOLDER)
def test_no_row_is_lost_whatever_it_holds(tmp_path, rows):
    check_rows(tmp_path, rows)


@pytest.mark.slow
@given(st.lists(ROW, max_size=12))
@settings(max_examples=500, deadline=None, suppress_health_check=SAME_FOLDER)
def test_no_row_of_many_files_is_lost_whatever_it_holds(tmp_path, rows):
    check_rows(tmp_path, rows)


def check_rows(tmp_path, rows):
    """Rows read = kept + set aside, each row set aside once, and the book's columns are valid."""
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    goods = [f"G{i},2021-03-01,A轮,5000000,CNY" for i in range(30)]
    path = write(tmp_path, "\n".join([WIDE, *goods, *quoted]) + "\n")
    try:
        book = read_deals(path, price_year=2022, as_of=AS_OF)
    except DataError:
        return
    n_filled = sum(any(cell.strip() for cell in row) for row in rows)
    report = book.report
    assert report.n_read == 30 + n_filled == report.n_kept + report.n_set_aside
    aside = report.entries[report.entries["outcome"] == "set_aside"]
    assert len(aside) == report.n_set_aside
    assert not aside.duplicated(["file", "row"]).any()
    assert not book.rounds.duplicated(["file", "row"]).any()
    assert set(book.rounds["stage"]) <= {*STAGES, ""}
    assert set(book.rounds["kind"]) <= set(KINDS)
    assert set(book.exits["route"]) <= set(ROUTES)
    assert book.rounds["date"].between("1950-01-01", str(AS_OF)).all()
    low, high = book.rounds["low_mcny"], book.rounds["high_mcny"]
    assert ((low > 0) & (low <= high) | low.isna()).all()
    assert set(book.rounds["firm"]) <= set(book.firms["firm"])
    assert book.firms["firm"].is_unique
