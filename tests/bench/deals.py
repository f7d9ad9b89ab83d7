"""``python -m tests.bench.deals``: CPU seconds to read lists of deals, printed as figures.

Nothing here is asserted: machines differ.
"""

import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from finmodel.datasets import data_root
from finmodel.datasets.deal_records import read_deals

ROUNDS = (
    "天使轮",
    "Pre-A轮",
    "A轮",
    "A+轮",
    "B轮",
    "C轮",
    "D轮",
    "战略融资",
    "Pre-IPO",
    "债权融资",
)
WORDS = ("数千万人民币", "数百万美元", "近亿元", "亿元级", "未透露", "1.2亿", "5,000万", "")
HEAD = "企业名称,融资时间,轮次,融资金额,币种,地区,行业,投资方,状态,成立时间"


def deal_lines(n_rounds, seed=0):
    """Lines of the template: three rounds a firm, figures and words, one in 50 broken."""
    rng = np.random.default_rng(seed)
    firm = rng.integers(0, n_rounds // 3 + 1, n_rounds)
    day = np.datetime64("2005-01-01") + rng.integers(0, 6900, n_rounds)
    which = rng.integers(0, len(ROUNDS), n_rounds)
    figure = np.round(rng.lognormal(16.0, 1.5, n_rounds)).astype(int)
    in_words = rng.random(n_rounds) < 0.4
    word = rng.integers(0, len(WORDS), n_rounds)
    broken = rng.random(n_rounds) < 0.02
    for i in range(n_rounds):
        amount = WORDS[word[i]] if in_words[i] else str(figure[i])
        when = "03/04/2021" if broken[i] else str(day[i])
        currency = "" if in_words[i] else "CNY"
        yield (
            f'企业{firm[i]},{when},{ROUNDS[which[i]]},"{amount}",{currency},上海,芯片,'
            f"基金{firm[i] % 997}、基金{i % 1013},,2004"
        )


def timed(path):
    """Return the book of a file and the CPU seconds it took, the best of three."""
    best, book = np.inf, None
    for _ in range(3):
        started = time.process_time()
        book = read_deals(path, price_year=2022, as_of=date(2024, 12, 31))
        best = min(best, time.process_time() - started)
    return book, best


def report() -> None:
    """Print all figures."""
    book, seconds = timed(data_root() / "deals" / "us_crunchbase_2013-10")
    print(f"the CC-BY export, {book.report.n_read:,} rows in three files: {seconds:.1f} CPU s")
    with tempfile.TemporaryDirectory() as folder:
        for n_rounds in (10_000, 100_000, 400_000):
            path = Path(folder) / f"{n_rounds}.csv"
            path.write_text("\n".join([HEAD, *deal_lines(n_rounds)]), encoding="utf-8")
            book, seconds = timed(path)
            kept = book.report.n_kept
            print(f"{n_rounds:,} rounds of the template ({kept:,} kept): {seconds:.1f} CPU s")


if __name__ == "__main__":
    report()
