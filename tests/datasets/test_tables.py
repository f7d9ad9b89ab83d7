"""The data folder: clean, catalogued, attributed; and broken tables are named cell by cell."""

import csv
import gzip
import io

import pytest

from finmodel import datasets
from finmodel.datasets import TABLES, check_file
from finmodel.datasets.refresh import data_page, refreshed_rows
from finmodel.errors import DataError
from tests.conftest import ROOT

GOOD = """region,is_yrd,period,year,metric,value,unit,source_id,derived,note
China,0,2018,2018,deals,10021,deals,S082,0,
YRD,1,2022,2022,deals,3581,deals,S086,1,2800/0.782
"""
SPEC = TABLES["provinces/vc_market"]
KNOWN = {"source": {"S082", "S086"}, "province": {"31", "32"}}


def test_every_table_is_clean_and_catalogued():
    assert datasets.check_all() == []


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reads_with_its_grades(name):
    frame = datasets.read_table(name)
    assert len(frame) > 0
    if "source_id" in frame and name != "sources":
        assert frame["grade"].isin(["official", "academic", "commercial", "assumed"]).all()
        assert (frame["reliability"] != "").all()


def test_the_docs_page_is_the_generated_one():
    rows = refreshed_rows(datasets.data_root())
    assert (ROOT / "docs/data.md").read_text(encoding="utf-8") == data_page(rows)


def test_deal_file_is_whole_and_attributed():
    counts = {name: len(datasets.deals(name)) for name in ("companies", "rounds", "acquisitions")}
    assert counts == {"companies": 17_727, "rounds": 31_679, "acquisitions": 4_651}
    folder = datasets.data_root() / "deals/us_crunchbase_2013-10"
    assert "https://www.crunchbase.com" in (folder / "ATTRIBUTION.md").read_text()
    assert "Creative Commons Attribution" in (folder / "LICENSE.txt").read_text()
    for file in folder.glob("*.gz"):
        assert file.read_bytes()[4:8] == b"\0\0\0\0", "a time stamp would change the checksum"


def test_indicators_are_the_printed_ones():
    listed = datasets.province_indicator("star_market_listed_firms_cum", 2023)
    assert listed.loc[[31, 32, 33, 34]].tolist() == [90, 110, 48, 24]
    assert datasets.province_indicator("rd_expenditure", 2023).loc[32] == 4212.3
    assert len(datasets.provinces()) == 34
    assert datasets.provinces()["is_modelled"].sum() == 31


def test_a_returned_table_is_the_caller_s_own():
    mine = datasets.read_table("provinces/vc_market")
    mine["value"] = 0.0
    assert (datasets.read_table("provinces/vc_market")["value"] > 0).any()


def test_the_more_reliable_source_stands():
    table = datasets.province_indicator_table().set_index("indicator")
    assert table.loc["rd_expenditure", "grades"] == "official"
    assert table.loc["gdp", "grades"] == "commercial"


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: datasets.read_table("provinces/vc_markt"), ["vc_markt", "provinces/vc_market"]),
        (lambda: datasets.province_indicator("gdpp", 2022), ["'gdpp'", "did you mean 'gdp'"]),
        (lambda: datasets.province_indicator("gdp", 1900), ["year 1900", "2022"]),
    ],
)
def test_unknown_names_are_answered_with_near_ones(call, parts):
    with pytest.raises(DataError) as error:
        call()
    assert all(part in str(error.value) for part in parts)


def changed(row, column, cell):
    rows = list(csv.reader(io.StringIO(GOOD)))
    rows[row - 1][rows[0].index(column)] = cell
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


BROKEN = {
    "empty file": (b"", ["an empty file", "a header"]),
    "only a header": (GOOD.split("\n")[0].encode() + b"\n", ["no rows", "at least one row"]),
    "latin-1": (GOOD.replace("China", "Chiné").encode("latin-1"), ["0xe9", "UTF-8"]),
    "missing column": (GOOD.replace(",unit", "", 1).encode(), ["row 1", "no column 'unit'"]),
    "misspelt column": (
        GOOD.replace("metric", "metrics", 1).encode(),
        ["unknown column 'metrics'", "did you mean 'metric'"],
    ),
    "extra column": (GOOD.replace("note", "note,extra", 1).encode(), ["unknown column 'extra'"]),
    "swapped columns": (
        GOOD.replace("region,is_yrd", "is_yrd,region", 1).encode(),
        ["in this order", "region, is_yrd"],
    ),
    "short row": (GOOD.replace(",0,\n", "\n").encode(), ["row 2", "8 cells", "10 cells"]),
    "long row": (GOOD.replace(",0,\n", ",0,,,\n").encode(), ["row 2", "12 cells", "10 cells"]),
    "semicolons": (GOOD.replace(",", ";").encode(), ["no column 'region'"]),
    "text for a number": (
        changed(2, "value", "many"),
        ["row 2, column value", "'many'", "a number"],
    ),
    "thousands comma": (changed(2, "value", "10,021"), ["'10,021'", "a number"]),
    "infinite": (changed(3, "value", "inf"), ["row 3, column value", "a finite number"]),
    "nan": (changed(3, "value", "nan"), ["'nan'", "a finite number"]),
    "empty number": (changed(2, "value", ""), ["column value", "nothing", "a value"]),
    "fraction of a year": (changed(2, "year", "2018.5"), ["'2018.5'", "a whole number"]),
    "year out of range": (changed(2, "year", "1492"), ["'1492'", "[1978, 2035]"]),
    "flag": (changed(2, "is_yrd", "yes"), ["column is_yrd", "'yes'", "0 or 1"]),
    "empty text": (changed(2, "metric", ""), ["column metric", "nothing"]),
    "unknown source": (
        changed(2, "source_id", "S82"),
        ["column source_id", "'S82'", "a known source", "did you mean 'S082'"],
    ),
    "no source": (changed(2, "source_id", ""), ["column source_id", "nothing", "a value"]),
    "repeated key": (
        (GOOD + GOOD.split("\n")[1] + "\n").encode(),
        ["row 4", "again, as in row 2", "each key once"],
    ),
    "formula": (changed(2, "value", "=1+1"), ["'=1+1'", "a number"]),
    "zip as csv": (b"PK\x03\x04\xff\xfe", ["0xff", "UTF-8"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_tables_are_named_cell_by_cell(case, tmp_path):
    content, parts = BROKEN[case]
    file = tmp_path / "vc_market.csv"
    file.write_bytes(content)
    frame, problems = check_file(file, SPEC, KNOWN)
    text = "\n".join(str(problem) for problem in problems)
    assert frame is None
    assert all(part in text for part in [str(file), *parts]), text


def test_all_faults_come_at_once(tmp_path):
    file = tmp_path / "vc_market.csv"
    text = GOOD.replace("10021", "many").replace("3581", "inf").replace("S086", "S999")
    file.write_text(text.replace("China,0", "China,2"))
    _, problems = check_file(file, SPEC, KNOWN)
    assert len(problems) == 4


def test_thousands_of_faults_are_counted_not_printed(tmp_path):
    file = tmp_path / "vc_market.csv"
    rows = "".join(f"China,0,{n},2018,deals,bad,deals,S082,0,\n" for n in range(5000))
    file.write_text(GOOD.split("\n")[0] + "\n" + rows)
    _, problems = check_file(file, SPEC, KNOWN)
    assert len(problems) == 201
    assert "4800 more problems" in problems[-1].given


def test_good_tables_and_bom_are_read(tmp_path):
    file = tmp_path / "vc_market.csv"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    frame, problems = check_file(file, SPEC, KNOWN)
    assert problems == []
    assert frame["value"].tolist() == [10021.0, 3581.0]
    assert frame["note"].tolist() == ["", "2800/0.782"]


def test_a_truncated_gzip_and_a_missing_file_are_problems(tmp_path):
    whole = gzip.compress(GOOD.encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[:-20])
    (tmp_path / "b.csv.gz").write_bytes(b"not gzip")
    for name in ("a.csv.gz", "b.csv.gz"):
        frame, problems = check_file(tmp_path / name, SPEC, KNOWN)
        assert frame is None
        assert "a whole gzip file" in str(problems[0])
    frame, problems = check_file(tmp_path / "a.csv.gzz", SPEC, KNOWN)
    assert frame is None
    assert "did you mean 'a.csv.gz'" in str(problems[0])


def test_a_changed_file_no_longer_matches_the_catalogue(tmp_path, monkeypatch):
    import shutil

    from finmodel.datasets import tables

    shutil.copytree(datasets.data_root(), tmp_path / "data")
    file = tmp_path / "data/provinces/vc_market.csv"
    file.write_text(file.read_text().replace("10021", "10022"))
    (tmp_path / "data/stray.csv").write_text("a\n1\n")
    monkeypatch.setattr(tables, "data_root", lambda: tmp_path / "data")
    text = "\n".join(str(problem) for problem in datasets.check_all())
    assert "vc_market.csv" in text
    assert "sha256" in text
    assert "stray.csv" in text
