"""Rewrite checksums and row counts of the catalogue, and `docs/data.md`.

Run ``python -m finmodel.datasets.refresh`` after a table changed on purpose.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

from finmodel.datasets.root import data_root, file_checksum
from finmodel.datasets.specs import TABLES
from finmodel.datasets.tables import CATALOGUE

HEAD = """# Data

Generated from `data/catalogue.csv` and the table specifications by
`python -m finmodel.datasets.refresh`; do not edit by hand. `finmodel data` checks every
table and prints the same list.

**Grades.** *official*: statistics offices, ministries and government texts, also when a
package or a mirror carries them. *academic*: papers, reports of research centres.
*commercial*: data vendors, the press, consultancies, blogs and data sets built from them.
*assumed*: no source. Each source keeps its finer `reliability` letter (A best, D worst; P1
first-hand page to P3 weakest) in `data/sources.csv`, and every reader hands it out beside
the figure.

**Not found in any readable source**, and therefore assumptions wherever the model needs
them: guidance funds by province, VC deals by province and year, profit give-up rules,
management-fee percentages, the share of deals within the home province.

Rows of one benchmark marked confidential by its owner were left out.

| file | what | rows | unit | grade | source | licence | retrieved |
|---|---|---|---|---|---|---|---|
"""


def count_rows(path: Path) -> int:
    """Return the data rows of a CSV file, gzipped or not; 0 for other files."""
    if not path.name.endswith((".csv", ".csv.gz")):
        return 0
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return sum(1 for _ in csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True))) - 1


def refreshed_rows(root: Path) -> list[dict[str, str]]:
    """Return the catalogue's rows with row counts and checksums of the files as they are."""
    with (root / CATALOGUE.file).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        path = root / row["file"]
        row["rows"], row["sha256"] = str(count_rows(path)), file_checksum(path)
    return rows


def data_page(rows: list[dict[str, str]]) -> str:
    """Return the text of `docs/data.md`."""
    columns = ("file", "title", "rows", "unit", "grade", "source", "licence", "retrieved")
    lines = ["| " + " | ".join(row[name] for name in columns) + " |" for row in rows]
    known = [(spec.file, spec.weakness) for spec in TABLES.values() if spec.weakness]
    weak = [f"- `{file}`: {text}" for file, text in known]
    return HEAD + "\n".join(lines) + "\n\n## Known weaknesses\n\n" + "\n".join(weak) + "\n"


def main() -> None:
    """Rewrite the catalogue and the page."""
    root = data_root()
    rows = refreshed_rows(root)
    with (root / CATALOGUE.file).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, CATALOGUE.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (root.parent / "docs" / "data.md").write_text(data_page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
