"""Small files of deals for the tests."""

from datetime import date

from finmodel.datasets.deal_records import read_deals

AS_OF = date(2024, 12, 31)
HEAD = "firm,date,round,amount,currency"
GOOD = "Good,2021-03-01,A轮,5000000,CNY"


def write(folder, text, name="deals.csv", encoding="utf-8"):
    """Write a text or bytes to a file and return its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def read(folder, *lines, head=HEAD, **options):
    """Return the book of a file with a header and lines."""
    path = write(folder, "\n".join([head, *lines]) + "\n")
    return read_deals(path, price_year=2022, as_of=options.pop("as_of", AS_OF), **options)


def entries(book):
    """Return (row, column, outcome, reason, given) of each entry of a report."""
    return [
        (int(item.row), item.column, item.outcome, item.reason, item.given)
        for item in book.report.entries.itertuples()
    ]
