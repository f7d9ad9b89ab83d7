"""One CSV of deals with documented columns: a row is a financing, an exit, or a firm alone.

Required: firm, date, round, amount. Wanted: currency, region, sector, country, investors,
investor_regions, status, founded, exit_value, note. A row whose round is a word for an exit (IPO,
并购, 回购 ...) is an exit; a row without date, round and amount tells of its firm alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from finmodel.datasets.deal_records.cells import read_cells
from finmodel.datasets.deal_records.draft import Draft
from finmodel.datasets.deal_records.firms import firms_of
from finmodel.datasets.deal_records.report import Ledger, write_new
from finmodel.datasets.deal_records.rows import dated, name_firms, priced, tidy, with_rounds
from finmodel.datasets.deal_records.shape import misplaced
from finmodel.datasets.deal_records.words import by_distinct, header_words
from finmodel.datasets.user_csv import NOTE_MARK
from finmodel.errors import DataError

REQUIRED = ("firm", "date", "round", "amount")
COLUMNS = (
    *REQUIRED,
    "currency",
    "region",
    "sector",
    "country",
    "investors",
    "investor_regions",
    "status",
    "founded",
    "exit_value",
    "note",
)
_BETWEEN = r"\s*(?:[;；、|]|[,，](?!\s*(?:Inc|LLC|Ltd|LP|L\.P|Co|LLP|PLC)\b))\s*"


def read_template(path: Path, ledger: Ledger, latest: pd.Timestamp) -> Draft:
    """Read a CSV with the template's columns; rows after `latest` are set aside.

    Raises
    ------
    DataError
        If the file has no such columns, or they hold something else.
    """
    cells, problems = read_cells(path, header_words(), REQUIRED, ledger)
    if cells is None:
        raise DataError("deal records", problems)
    if problems := misplaced(path, cells):
        raise DataError("deal records", problems)
    cells = name_firms(cells, ledger, is_key=False)
    is_profile = (cells["date"] == "") & (cells["round"] == "") & (cells["amount"] == "")
    events = with_rounds(dated(cells[~is_profile], ledger, latest), ledger, column="round")
    rounds = priced(events[events["route"] == ""], ledger)
    exits = _valued(events[events["route"] != ""], ledger)
    profiles = cells[is_profile].assign(date=np.datetime64("NaT", "s"))
    firms = firms_of(pd.concat([rounds, exits, profiles]), ledger)
    investments = _investments(rounds, ledger)
    return Draft(firms, rounds, investments, exits, profiles, has_own_investors=True)


def _valued(exits: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Add the value of the whole firm: `exit_value`, or the price of an acquisition.

    Money raised in a listing or paid for a holding is no value of the firm; one written off has 0.
    """
    has_value = exits["exit_value"] != ""
    is_lost = exits["route"] == "write_off"
    is_price = exits["route"] == "mna"
    other = ~has_value & ~is_price & (exits["amount"] != "")
    ledger.altered(exits, other, reason="amount_is_no_value", column="amount")
    text = exits["exit_value"].where(has_value, exits["amount"].where(is_price, ""))
    unit = exits["exit_unit"].where(has_value, exits["unit"])
    found = priced(exits.assign(amount=text, unit=unit), ledger)
    is_lost = is_lost.reindex(found.index)
    return found.assign(
        low=found["low"].mask(is_lost, 0.0),
        high=found["high"].mask(is_lost, 0.0),
        currency=found["currency"].mask(is_lost, "CNY"),
    )


def _investments(rounds: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return one row an investor named in a round; regions go by their order."""
    own = rounds[rounds["investors"] != ""]
    who = own["investors"].str.split(_BETWEEN, regex=True)
    where = own["investor_regions"].str.split(_BETWEEN, regex=True)
    has_regions = own["investor_regions"] != ""
    is_odd = has_regions & (who.map(len) != where.map(len))
    ledger.altered(own, is_odd, reason="regions_of_investors", column="investor_regions")
    nowhere = who.map(lambda names: [""] * len(names))
    table = own.assign(investor=who, investor_region=where.where(has_regions & ~is_odd, nowhere))
    table = table.explode(["investor", "investor_region"])
    table["investor"] = pd.array(
        by_distinct(table["investor"].astype(object).fillna(""), tidy), dtype="str"
    )
    table["investor_region"] = table["investor_region"].astype(object).fillna("").astype("str")
    return table[table["investor"] != ""]


def write_template(path: str | Path) -> Path:
    """Write an empty CSV with the columns, and notes above them that say what they hold.

    Raises
    ------
    DataError
        If the file exists or cannot be written.
    """
    file, words = Path(path), header_words()
    in_chinese = {name: word for word, name in reversed(words.items()) if not word.isascii()}
    notes = [
        "Deals: one row a financing or an exit below the header; lines like this are notes.",
        "融资事件：表头下每行一笔融资或退出；以#开头的行是说明。",
        " | ".join(f"{name} {in_chinese[name]}" for name in COLUMNS),
        "firm date round amount are required; leave empty what is not known.",
        "date: 2021-03-01 2021/3/1 2021年3月1日; 2021-03 or 2021.03 if the day is not known.",
        "round: 天使轮 Pre-A轮 A轮 A+轮 B轮 C轮 D轮 Pre-IPO 战略融资; seed; series-a; debt; grant.",
        "round of an exit: IPO 上市 并购 股权转让 回购 清算; acquisition transfer buyback closed.",
        "amount: in units of the currency (5000000; 500万; 1.2亿; 数千万人民币; $3.5M; 未透露);",
        "or a unit in the header: amount (万元). currency: CNY USD HKD EUR GBP JPY SGD KRW CAD ...",
        "exit_value: of the whole firm at the exit; the amount of an acquisition is its price.",
        "investors: separated by ; or 、 and investor_regions in the same order.",
        "status: operating closed acquired ipo - 运营中 已关闭 被收购 已上市.",
        "Two examples without their mark:",
        "Example Robotics,2021-03-01,A轮,5000万,CNY,SH,robotics,,Fund One;Fund Two,SH;ZJ,,2018,,",
        "Example Robotics,2023-06-18,IPO,,CNY,SH,robotics,,,,ipo,,30亿,",
    ]
    lines = [f"{NOTE_MARK} {note}" for note in notes] + [",".join(COLUMNS)]
    write_new(file, "\r\n".join(lines) + "\r\n")
    return file
