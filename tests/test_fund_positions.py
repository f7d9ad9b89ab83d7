"""Positions of a fund from a user's CSV: what is accepted, and a clear word on all that is not."""

import math
from datetime import date

import pytest

from finmodel.datasets.positions import read_positions, write_template
from finmodel.datasets.user_csv import MAX_BYTES, MAX_ROWS
from finmodel.errors import DataError

STAGES = ("angel", "A", "B", "C", "pre_ipo")
DATES = {"first_closing": date(2025, 1, 1), "as_of": date(2027, 6, 30)}
HEADER = "firm,stage,date,kind,amount_mcny,share,post_money_mcny\n"
ENTRY = "Acme,A,2025-05-20,investment,12,0.08,150\n"


def read(path, text, encoding="utf-8", **dates):
    data = text if isinstance(text, bytes) else text.encode(encoding)
    path.write_bytes(data)
    return read_positions(path, stages=STAGES, **{**DATES, **dates})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "positions.csv"


def test_a_row_becomes_an_event(file):
    rows = 'Acme,A,2025-05-20,investment,"1,012.5",8.1%,"12,500.0"\n,,2025-05-02,call,40,,\n'
    positions = read(file, HEADER + rows)
    call, entry = positions.events
    assert entry == (2, date(2025, 5, 20), "investment", "Acme", "A", 1012.5, 0.081, 12500.0)
    assert call[:5] == (3, date(2025, 5, 2), "call", "", "")
    assert call.amount_mcny == 40
    assert math.isnan(call.share)
    assert positions.flows("call") == (call,)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_chinese_headers_kinds_and_rounds(file, encoding):
    text = (
        "企业,轮次,日期,事项,金额（百万元）,持股比例,投后估值（百万元）,备注\n"
        "深蓝科技,天使轮,2025-05-20,首次投资,3,１２.5%,24,领投\n"
        "深蓝科技,Pre-IPO,2026-05-20,估值,,10%,900,\n"
        "深蓝科技,,2026-11-20,回款,40,0,,\n"
        ",,2026-12-01,分配,30,,,\n"
    )
    events = read(file, text, encoding).events
    assert [event.kind for event in events] == ["investment", "mark", "proceeds", "distribution"]
    assert [event.stage for event in events] == ["angel", "pre_ipo", "", ""]
    assert events[0].firm == "深蓝科技"
    assert events[0].share == 0.125


@pytest.mark.parametrize("word", ["C轮", "C round", "c", "C"])
def test_rounds_by_any_name(file, word):
    rows = HEADER + f"Acme,{word},2025-05-20,investment,12,0.08,150\n"
    assert read(file, rows).events[0].stage == "C"


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_padding_and_empty_lines(file, mark):
    text = "# a note, with commas\n\n" + HEADER.replace("\n", ",,\n") + ENTRY + ",,,,,,,,\n"
    (event,) = read(file, text.replace(",", mark)).events
    assert event.row == 4
    assert event.post_money_mcny == 150


def test_a_header_alone_is_a_fund_without_positions(file):
    assert read(file, HEADER).events == ()


def test_the_template_is_empty_and_its_examples_are_valid(tmp_path):
    path = write_template(tmp_path / "new.csv", STAGES)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_positions(path, stages=STAGES, **DATES).events == ()
    text = path.read_text(encoding="utf-8-sig")
    examples = [line[2:] for line in text.splitlines() if line.startswith("# Example")]
    assert len(examples) == 2
    events = read(path, text + "\n".join(examples)).events
    assert [event.kind for event in events] == ["investment", "follow_on"]
    with pytest.raises(DataError, match="a name that is free"):
        write_template(path, STAGES)


BAD = {
    "stage": (
        ENTRY.replace("A,2025", "AA,2025"),
        ["row 2, column stage: got 'AA'", "angel, A, B, C, pre_ipo", "did you mean 'A'"],
    ),
    "kind": (
        ENTRY.replace("investment", "investmnt"),
        ["row 2, column kind: got 'investmnt'", "did you mean 'investment'"],
    ),
    "day that is none": (
        ENTRY.replace("2025-05-20", "2025-02-30"),
        ["row 2, column date: got '2025-02-30'", "a day of the calendar"],
    ),
    "date of a spreadsheet": (
        ENTRY.replace("2025-05-20", "2025/5/2"),
        ["row 2, column date", "did you mean '2025-05-02'"],
    ),
    "before first closing": (ENTRY.replace("2025", "2024"), ["from first closing, 2025-01-01"]),
    "after the as-of date": (
        ENTRY.replace("2025", "2072"),
        ["got '2072-05-20'", "up to the as-of date, 2027-06-30"],
    ),
    "decimal comma": (ENTRY.replace(",12,", ',"12,5",'), ["got '12,5'", "1,234.5"]),
    "amount below 0": (ENTRY.replace(",12,", ",-12,"), ["column amount_mcny: got '-12'"]),
    "no amount": (ENTRY.replace(",12,", ",,"), ["column amount_mcny: got nothing"]),
    "amount in yuan": (ENTRY.replace(",12,", ",120000000,"), ["at most 10,000,000"]),
    "not a number": (ENTRY.replace(",12,", ",nan,"), ["got 'nan'"]),
    "share above 1": (ENTRY.replace("0.08", "8"), ["column share: got '8'", "at most 1"]),
    "units apart": (ENTRY.replace("0.08", "0.8"), ["got '0.8'", "about amount over post-money"]),
    "cheque above the firm": (
        ENTRY.replace("150", "11"),
        ["column post_money_mcny: got '11'", "at least the amount put in, 12"],
    ),
    "formula": (
        ENTRY.replace(",12,", ",=3*4,"),
        ["column amount_mcny: got '=3*4'", "a formula is not read"],
    ),
    "formula as a name": (
        ENTRY.replace("Acme", '=HYPERLINK("x")'),
        ["column firm: got", "a formula is not read"],
    ),
    "no firm": (ENTRY.replace("Acme", ""), ["column firm: got nothing"]),
    "flow with a firm": (
        "Acme,,2025-05-20,call,12,,\n",
        ["column firm: got 'Acme'", "nothing for a call"],
    ),
    "row twice": (ENTRY + ENTRY, ["row 3, column firm + date + kind", "as in row 2"]),
    "second spelling": (
        ENTRY + "ACME,B,2026-05-20,follow_on,3,0.07,300\n",
        ["row 3, column firm: got 'ACME'", "did you mean 'Acme'"],
    ),
    "misspelt firm": (
        ENTRY + "Acne,B,2026-05-20,follow_on,3,0.07,300\n",
        ["row 3, column kind: got follow_on of 'Acne'", "did you mean 'Acme'"],
    ),
    "two entries": (
        ENTRY + ENTRY.replace("2025-05", "2026-05"),
        ["row 3, column kind: got investment again", "follow_on for later cheques"],
    ),
    "round that goes back": (
        ENTRY + "Acme,angel,2026-05-20,mark,,0.07,300\n",
        ["row 3, column stage: got 'angel'", "A or a later stage"],
    ),
    "life after the end": (
        ENTRY + "Acme,,2026-05-20,write_off,,,\nAcme,,2026-06-20,mark,3,,\n",
        ["row 4, column kind: got mark after the end of the firm in row 3"],
    ),
    "share that grows by a sale": (
        ENTRY + "Acme,,2026-05-20,proceeds,3,0.09,\n",
        ["row 3, column share: got 0.09", "at most the share before it, 0.08"],
    ),
    "sale without what is left": (
        ENTRY + "Acme,,2026-05-20,proceeds,3,,\n",
        ["row 3, column share: got nothing", "what is still held"],
    ),
    "empty mark": (ENTRY + "Acme,,2026-05-20,mark,,,\n", ["column post_money_mcny: got nothing"]),
    "note among the rows": (ENTRY + "# draft\n", ["row 3: got a line that starts with '# draft'"]),
    "cell under no header": (ENTRY.replace("150", "150,x"), ["row 2, cell 8: got 'x'"]),
    "open quotation": (ENTRY.replace("Acme", '"Acme'), ["quotation marks are closed"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_refused_in_words(file, name):
    rows, words = BAD[name]
    with pytest.raises(DataError) as error:
        read(file, HEADER + rows)
    for word in words:
        assert word in str(error.value), str(error.value)
    # One slip is one problem: nothing else of the row is blamed for it.
    assert len(error.value.problems) == 1, str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["a file without header", "firm, stage, date"]),
        (b"PK\x03\x04rest", ["a workbook", "save the sheet as 'CSV UTF-8'"]),
        ("firm".encode("utf-16"), ["UTF-16", "UTF-8 or GBK"]),
        (b"firm,\xff\xff", ["byte 0xff at position 5", "UTF-8 or GBK"]),
        (HEADER.replace("share", "shares").encode(), ["'shares'", "did you mean 'share'"]),
        (HEADER.replace("share", "firm").encode(), ["column firm again", "no column 'share'"]),
        (
            "金额（万元）".join(HEADER.split("amount_mcny")).encode(),
            ["'金额（万元）'", "amount_mcny"],
        ),
        (b"a" * (MAX_BYTES + 1), [f"{MAX_BYTES + 1:,} bytes", f"at most {MAX_BYTES:,} bytes"]),
        (HEADER.encode() + b",,2025-05-20,call,1,,\n" * (MAX_ROWS + 1), ["at most 20000"]),
    ],
)
def test_a_bad_file_is_refused_in_words(file, data, words):
    with pytest.raises(DataError) as error:
        read(file, data)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_a_missing_file_has_a_near_one(file):
    file.write_text(HEADER)
    with pytest.raises(DataError, match=r"no such file.*did you mean 'positions\.csv'"):
        read_positions(file.with_name("position.csv"), stages=STAGES, **DATES)


def test_every_problem_is_reported_at_once(file):
    rows = [BAD[name][0] for name in ("stage", "kind", "decimal comma", "share above 1", "formula")]
    with pytest.raises(DataError) as error:
        read(file, HEADER + "".join(rows))
    places = [problem.place.rsplit(" row ", 1)[1] for problem in error.value.problems]
    assert places == [
        "2, column stage",
        "3, column kind",
        "4, column amount_mcny",
        "5, column share",
        "6, column amount_mcny",
    ]


def test_more_firms_than_a_plan_may_have_deals_are_refused(file):
    rows = "".join(f"F{n},A,2025-05-20,investment,12,0.08,150\n" for n in range(501))
    with pytest.raises(DataError, match="501 firms; allowed: at most 500"):
        read(file, HEADER + rows)


def test_a_long_list_of_problems_ends_in_a_count(file):
    rows = "".join(f"F{n},Z,2025-05-20,investment,12,0.08,150\n" for n in range(250))
    with pytest.raises(DataError) as error:
        read(file, HEADER + rows)
    assert len(error.value.problems) == 201
    assert "50 more problems" in str(error.value.problems[-1])
