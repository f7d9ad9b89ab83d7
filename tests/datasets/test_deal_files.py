"""Files that cannot be read as a whole: every problem is said, and what would be allowed."""

import gzip
from datetime import date

import pytest

from finmodel.datasets.deal_records import cells, read_deals
from finmodel.datasets.user_csv import Limits
from finmodel.errors import DataError
from tests.datasets.deal_files import GOOD, HEAD, write

FINE = f"{HEAD}\n{GOOD}\n"
ROWS = "\n".join(f"F{i},2021-03-0{i + 1},A轮,5000000,CNY" for i in range(6))
MISSING = "企业名称,日期,轮次\n甲,2021-03-01,A轮\n"
MOVED = "each column under its own header"


def header(lines):
    return f"{lines}\n{ROWS}\n"


def swapped(i, j):
    """The header with two columns exchanged, over rows in the usual order."""
    names = HEAD.split(",")
    names[i], names[j] = names[j], names[i]
    return header(",".join(names))


BROKEN = {
    "empty": (
        "",
        ["deals.csv: got a file without header; allowed: a header: firm, date, round, amount"],
    ),
    "blank lines": ("\n \n,,,\n", ["deals.csv: got a file without header;"]),
    "notes alone": ("# a note\n", ["deals.csv: got a file without header;"]),
    "header alone": (HEAD, ["deals.csv: got no rows; allowed: at least one row below the header"]),
    "no header": (
        f"{GOOD}\n{GOOD}\n",
        ["row 1: got no column 'firm'", "'date'", "'round'", "'amount'"],
    ),
    "no amount": (MISSING, ["row 1: got no column 'amount'; allowed: one of amount, 金额"]),
    "misspelt header": (
        header("firm,date,round,amuont,currency"),
        ["got no column 'amount'", "(did you mean 'amuont'?)"],
    ),
    "column twice": (
        header("firm,date,round,amount,金额"),
        ["row 1: got column amount again as '金额'; allowed: each column once"],
    ),
    "firm and date swapped": (
        swapped(0, 1),
        [f"deals.csv: got column 'firm' holds what column 'date' should; allowed: {MOVED}"],
    ),
    "date and amount swapped": (swapped(1, 3), ["column 'amount' holds what column 'date' should"]),
    "round and currency swapped": (
        swapped(2, 4),
        ["column 'currency' holds what column 'round' should"],
    ),
    "amount and round swapped": (
        swapped(2, 3),
        ["'amount' holds what column 'round' should", "'round' holds what column 'amount' should"],
    ),
    "amounts in millions": (
        f"{HEAD}\nA,2021-03-01,A,5,CNY\nB,2021-03-01,A,12.5,CNY\n",
        ["got most amounts below 10,000, such as 5; allowed: amounts in units of the currency"],
    ),
    "two tables": (
        f"{FINE}\nfirm,status,founded\nGood,operating,2019\n",
        ["row 4: got another header: firm, status, founded; allowed: one table in a file"],
    ),
    "workbook": (
        b"PK\x03\x04rest",
        ["got a workbook; allowed: CSV: save the sheet as 'CSV UTF-8'"],
    ),
    "UTF-16": (FINE.encode("utf-16"), ["got UTF-16 or binary content; allowed: UTF-8 or GBK text"]),
    "UTF-16 without mark": (FINE.encode("utf-16-le"), ["got UTF-16 or binary content"]),
    "nul bytes": (FINE.encode() + b"\x00", ["got UTF-16 or binary content"]),
    "binary": (bytes(range(256)), ["got UTF-16 or binary content"]),
    "image": (
        b"\x89PNG\r\n\x1a\n\xff\xfe\xfd",
        ["got byte 0xff at position 8; allowed: UTF-8 or GBK"],
    ),
    "Latin-1": (
        f"{HEAD}\nSociété,2021-03-01,A,5000000,EUR\n".encode("latin-1"),
        ["got byte 0xe9 at position 38"],
    ),
    "Latin-1 that GBK would take": (
        f"{HEAD}\nMünchen,2021-03-01,A,5000000,EUR\n".encode("latin-1"),
        ["got Western letters (Latin-1) at position 32; allowed: UTF-8 or GBK text"],
    ),
    "open quotes": (
        f'{HEAD}\n"Good,2021-03-01,A,1,CNY\n{GOOD}\n',
        ["deals.csv line 3: got unexpected end of data", "quotation marks are closed"],
    ),
    "quotes inside": (
        f'{HEAD}\n"Go"od,2021-03-01,A,1,CNY\n',
        ["deals.csv line 2: got ',' expected after '\"'"],
    ),
    "no row is fine": (
        f"{HEAD}\nBad,2021-02-30,A,5000000,CNY\nBad,tomorrow,B,5000000,CNY\nC,2021-03-01,IPO,,CNY\n",
        [
            "3 problem(s)",
            "got no rounds; allowed: at least one that can be read",
            "deals.csv row 2, column date: got '2021-02-30' (No such day in the calendar)",
            "deals.csv row 3, column date: got 'tomorrow' (Not a date, year first)",
        ],
    ),
}


def problems_of(path, **options):
    """Return the message that a file is refused with."""
    with pytest.raises(DataError) as caught:
        read_deals(path, price_year=2022, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", BROKEN)
def test_files_refused(tmp_path, name):
    content, expected = BROKEN[name]
    message = problems_of(write(tmp_path, content))
    for text in expected:
        assert text in message, message
    assert "deals.csv" in message


def test_all_columns_missing_are_named_at_once(tmp_path):
    message = problems_of(write(tmp_path, "name of it,when\nX,2021\n"))
    assert message.startswith("deal records: 4 problem(s)")


def test_packed_files_that_are_cut_short_or_no_archive(tmp_path):
    packed = gzip.compress(FINE.encode() * 50)
    cut = problems_of(write(tmp_path, packed[:60], "cut.csv.gz"))
    assert "allowed: a whole gzip file" in cut
    assert "ended before the end-of-stream marker" in cut
    plain = problems_of(write(tmp_path, FINE, "plain.csv.gz"))
    assert "Not a gzipped file" in plain


def test_a_whole_packed_file_is_read(tmp_path):
    book = read_deals(write(tmp_path, gzip.compress(FINE.encode()), "d.csv.gz"), price_year=2022)
    assert len(book.rounds) == 1


def test_huge_files_are_refused_packed_or_not(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "LIMITS", Limits(n_bytes=2_000, n_rows=5))
    big = f"{HEAD}\n" + f"{GOOD}\n" * 100
    assert "bytes; allowed: at most 2,000 bytes" in problems_of(write(tmp_path, big))
    bomb = write(tmp_path, gzip.compress(b"x" * 10_000_000), "bomb.csv.gz")
    assert "got more when unpacked; allowed: at most 2,000 bytes" in problems_of(bomb)
    long = write(tmp_path, f"{HEAD}\n" + f"{GOOD}\n" * 6, "long.csv")
    assert "got 6 rows; allowed: at most 5" in problems_of(long)


def test_a_file_that_is_not_there_names_its_neighbour(tmp_path):
    write(tmp_path, FINE)
    assert "did you mean 'deals.csv'?" in problems_of(tmp_path / "deal.csv")


def test_a_folder_without_an_export(tmp_path):
    message = problems_of(tmp_path)
    assert "got no companies; allowed: companies.csv or organizations.csv" in message
    assert "got no rounds; allowed: rounds.csv or funding_rounds.csv" in message


def test_a_last_day_that_has_not_come_is_refused(tmp_path):
    """Firms would count as followed, without a round, through years that nobody has recorded."""
    with pytest.raises(DataError, match="as_of: got 2150-01-01; allowed: a day up to today"):
        read_deals(write(tmp_path, FINE), price_year=2022, as_of=date(2150, 1, 1))


def test_price_years_without_prices(tmp_path):
    with pytest.raises(DataError, match="got 2050; allowed: a year from 1990 to 2025"):
        read_deals(write(tmp_path, FINE), price_year=2050)


SAME = {
    "UTF-8": FINE.encode(),
    "byte order mark": FINE.encode("utf-8-sig"),
    "GBK": FINE.encode("gbk"),
    "GB18030": FINE.encode("gb18030"),
    "semicolons": FINE.replace(",", ";").encode(),
    "tabs": FINE.replace(",", "\t").encode(),
    "carriage returns": FINE.replace("\n", "\r\n").encode(),
    "notes and empty lines": f"# note, with a comma\n\n{FINE}\n\n".encode(),
    "blanks": FINE.replace(",", " , ").encode(),
    "quotes": b'"' + FINE.strip().replace(",", '","').replace("\n", '"\n"').encode() + b'"',
    "upper case and full width": FINE.replace("firm,date", "ＦＩＲＭ, Date ").encode(),
    "Chinese headers": FINE.replace(HEAD, "企业名称,融资时间,轮次,融资金额,币种").encode(),
    "a unit in the header": FINE.replace("amount", "金额（万元）")
    .replace("5000000", "500")
    .encode(),
    "an English unit": FINE.replace("amount", "amount (million)").replace("5000000", "5").encode(),
    "further columns": FINE.replace("\n", ",x\n").replace(",x", ",source_url", 1).encode(),
}


@pytest.mark.parametrize("name", SAME)
def test_forms_that_say_the_same(tmp_path, name):
    book = read_deals(write(tmp_path, SAME[name]), price_year=2022)
    row = book.rounds.iloc[0]
    assert (row["firm"], str(row["date"].date()), row["stage"]) == ("Good", "2021-03-01", "A")
    assert row["amount_mcny"] == pytest.approx(5.0 * 106.419 / 104.552)
    assert book.report.entries.empty
    ignored = book.report.files["ignored_columns"].item()
    assert ignored == ("source_url" if name == "further columns" else "")
