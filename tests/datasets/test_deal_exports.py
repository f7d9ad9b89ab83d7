"""Exports of the Crunchbase family: the CC-BY file whole, and small ones of other years."""

import numpy as np
import pandas as pd
import pytest

from finmodel.datasets import data_root
from finmodel.datasets.deal_records import read_deals
from finmodel.errors import DataError
from tests.datasets.deal_files import AS_OF, entries, write

CC_BY = data_root() / "deals" / "us_crunchbase_2013-10"


@pytest.fixture(scope="module")
def book():
    return read_deals(CC_BY, price_year=2022)


def test_every_row_of_the_cc_by_file_is_accounted_for(book):
    files = book.report.files.set_index("file")[["read", "kept", "set_aside"]]
    assert files.to_numpy().tolist() == [
        [17727, 17727, 0],
        [31679, 31602, 77],
        [4651, 1669, 2982],
    ]
    counts = book.report.counts().set_index("reason")["rows"]
    assert dict(counts) == {
        "unknown_firm": 2944,
        "duplicate": 77,
        "after_exit": 31,
        "duplicate_exit": 7,
        "unlabelled_round": 8698,
        "founded_after_deal": 776,
        "closed_without_date": 553,
        "ipo_without_date": 344,
        "firm_without_rounds": 105,
        "round_after_exit": 93,
        "amount_too_small": 13,
        "amount_no_rate": 5,
        "acquired_without_date": 4,
    }


def test_rounds_of_the_cc_by_file_are_those_of_its_table(book):
    """Counts of raw rounds by type, less the repeated ones."""
    raw = pd.read_csv(CC_BY / "rounds.csv.gz", dtype=str, keep_default_na=False)
    by_type = raw["funding_round_type"].value_counts()
    repeated = book.report.entries.query("reason == 'duplicate'")["row"]
    lost = raw["funding_round_type"].iloc[repeated - 2].value_counts()
    kept = by_type.sub(lost, fill_value=0)
    stage = book.rounds["stage"].value_counts()
    for label, name in (
        ("angel", "angel"),
        ("series-a", "A"),
        ("series-b", "B"),
        ("series-c+", "C"),
    ):
        assert stage[name] == kept[label]
    equity = book.rounds.query("stage == '' and kind == 'equity'")
    assert len(equity) == kept["venture"] + kept["private-equity"]
    assert book.as_of == pd.Timestamp("2013-10-01")


def test_amounts_of_the_cc_by_file_are_converted(book):
    raw = pd.read_csv(CC_BY / "rounds.csv.gz")
    rounds = book.rounds[book.rounds["amount_mcny"].notna()]
    dollars = raw["raised_amount_usd"].to_numpy()[rounds["row"] - 2]
    rate = rounds["amount_mcny"].to_numpy() / (dollars / 1e6)
    year = rounds["date"].dt.year
    of_2012 = rate[year == 2012]
    np.testing.assert_allclose(of_2012, 6.30935 * 106.419 / 87.009, rtol=1e-12)
    assert (rounds["low_mcny"] <= rounds["amount_mcny"] * (1 + 1e-12)).all()


def test_rounds_are_by_firm_and_date_and_of_known_firms(book):
    order = book.rounds[["firm", "date"]]
    assert order.equals(order.sort_values(["firm", "date"], kind="stable", ignore_index=True))
    assert set(book.rounds["firm"]) <= set(book.firms["firm"])
    assert set(book.exits["firm"]) <= set(book.firms["firm"])


def test_an_earlier_last_day_sets_later_rows_aside(book):
    early = read_deals(CC_BY, price_year=2022, as_of=pd.Timestamp("2009-12-31").date())
    assert early.rounds["date"].max() <= early.as_of == pd.Timestamp("2009-12-31")
    n_late = (early.report.entries["reason"] == "future_date").sum()
    raw = [pd.read_csv(CC_BY / f"{name}.csv.gz") for name in ("rounds", "acquisitions")]
    late = sum(
        (frame.filter(regex="^(funded|acquired)_at").squeeze() > "2009-12-31").sum()
        for frame in raw
    )
    assert n_late == late


EXPORT_2015 = {
    "companies.csv": "permalink,name,category_list,status,country_code,region,founded_at\n"
    "/organization/x,X,Apps|Games,acquired,USA,SF Bay,2010\n"
    "/organization/y,Y,,closed,USA,,\n",
    "rounds.csv": "company_permalink,company_name,company_category_list,company_country_code,"
    "company_region,funding_round_permalink,funding_round_type,funding_round_code,funded_at,"
    "raised_amount_usd\n"
    "/organization/x,X,Apps,USA,SF Bay,/r/1,seed,,2011-02-03,1000000\n"
    "/organization/x,X,Apps,USA,SF Bay,/r/2,venture,A,2012-02-03,\n"
    "/organization/z,Z,Search,USA,Boston,/r/3,debt_financing,,2012-02-03,500000\n"
    "/organization/z,Z,Search,USA,Boston,/r/4,venture,H,03-02-2013,500000\n",
    "investments.csv": "company_permalink,investor_permalink,investor_name,investor_region,"
    "funding_round_type,funding_round_code,funded_at\n"
    "/organization/x,/i/1,Fund,London,venture,A,2012-02-03\n"
    "/organization/x,/i/1,Fund,London,venture,A,2012-02-03\n"
    "/organization/x,,,London,venture,A,2012-02-03\n"
    "/organization/q,/i/1,Fund,London,venture,A,2012-02-03\n",
    "acquisitions.csv": "company_permalink,acquired_at,price_amount,price_currency_code\n"
    "/organization/x,2014-05-06,90000000,EUR\n",
}

EXPORT_NEW = {
    "organizations.csv": "uuid,name,permalink,status,country_code,region,category_list,"
    "category_groups_list,founded_on,closed_on\n"
    'u1,X,x,ipo,CHN,Shanghai,"Robots,AI",Hardware,2016-01-01,\n'
    'u2,Y,y,closed,CHN,Shanghai,"AI",Software,2016-01-01,2020-06-30\n'
    'u2,Y,y,closed,CHN,Shanghai,"AI",Software,2016-01-01,2020-06-30\n',
    "funding_rounds.csv": "uuid,org_uuid,org_name,investment_type,announced_on,raised_amount_usd,"
    "raised_amount,raised_amount_currency_code\n"
    "r1,u1,X,series_b,2019-01-02,20000000,130000000,CNY\n"
    "r2,u2,Y,angel,2017-01-02,1000000,,\n",
    "investments.csv": "uuid,funding_round_uuid,investor_uuid,investor_name\n"
    "i1,r1,v1,Fund One\ni2,r9,v1,Fund One\n",
    "ipos.csv": "uuid,org_uuid,went_public_on,valuation_price_usd\np1,u1,2022-03-04,900000000\n",
}


def export(folder, files):
    for name, text in files.items():
        write(folder, text, name)
    return read_deals(folder, price_year=2022, as_of=AS_OF)


def test_an_export_of_2015(tmp_path):
    book = export(tmp_path, EXPORT_2015)
    assert list(book.rounds["stage"]) == ["angel", "A", ""]
    assert list(book.rounds["kind"]) == ["equity", "equity", "debt"]
    firms = book.firms.set_index("name")
    assert (firms.loc["X", "sector"], firms.loc["Z", "region"]) == ("Apps", "Boston")
    assert str(firms.loc["X", "founded"].date()) == "2010-07-01"
    assert book.investments.to_numpy().tolist() == [
        ["/organization/x", pd.Timestamp("2012-02-03"), "A", "Fund", "London"]
    ]
    assert book.exits["value_mcny"].item() == pytest.approx(90 * 8.18 * 106.419 / 89.808, rel=0.01)
    assert [(item[0], item[3]) for item in entries(book)] == [
        (3, "closed_without_date"),
        (3, "firm_without_rounds"),
        (4, "no_investor"),
        (5, "unknown_firm"),
        (4, "firm_without_row"),
        (5, "ambiguous_date"),
    ]


def test_an_export_of_today(tmp_path):
    book = export(tmp_path, EXPORT_NEW)
    assert list(book.rounds["stage"]) == ["B", "angel"]
    assert list(book.firms["sector"]) == ["Robots", "AI"]
    assert list(book.exits["route"]) == ["ipo", "write_off"]
    assert book.exits["value_mcny"].tolist() == pytest.approx([900 * 6.73474, 0.0], rel=1e-4)
    assert list(book.investments["investor"]) == ["Fund One"]
    assert list(book.investments["stage"]) == ["B"]
    assert [(item[0], item[3]) for item in entries(book)] == [
        (3, "unknown_round_id"),
        (4, "firm_again"),
    ]


BAD = {
    "no rounds": ({"rounds.csv": None}, "got no rounds; allowed: rounds.csv or funding_rounds.csv"),
    "two of a kind": (
        {"companies.csv.gz": "x"},
        "got 2 files of companies: companies.csv, companies.csv.gz; allowed: one",
    ),
    "no status": (
        {"companies.csv": "permalink,name\n/x,X\n"},
        "companies.csv row 1: got no column 'status'; allowed: one of status",
    ),
    "another table's header": (
        {"rounds.csv": EXPORT_2015["companies.csv"]},
        "rounds.csv row 1: got no column 'date'; allowed: one of funded_at, announced_on",
    ),
    "empty table": ({"acquisitions.csv": ""}, "acquisitions.csv: got a file without header"),
}


@pytest.mark.parametrize("name", BAD)
def test_exports_refused(tmp_path, name):
    changed, message = BAD[name]
    files = {key: text for key, text in (EXPORT_2015 | changed).items() if text is not None}
    with pytest.raises(DataError) as caught:
        export(tmp_path, files)
    assert message in str(caught.value)


def test_all_files_are_faulted_at_once(tmp_path):
    files = dict.fromkeys(EXPORT_2015, "a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        export(tmp_path, files)
    assert all(name in str(caught.value) for name in files)
