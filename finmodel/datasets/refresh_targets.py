"""Rewrite the figures of `data/evidence/targets.csv` from the rows of evidence they name.

Run ``python -m finmodel.datasets.refresh_targets`` after targets or evidence changed on purpose,
then ``python -m finmodel.datasets.refresh``.
"""

from __future__ import annotations

import csv

from finmodel.datasets.checks import check_file
from finmodel.datasets.root import data_root
from finmodel.datasets.specs import TABLES
from finmodel.datasets.targets import FIGURES, NAME, evaluate
from finmodel.errors import DataError


def main() -> None:
    """Rewrite value, error, interval, sources and grade of every target.

    Raises
    ------
    DataError
        With every target whose evidence is not found; nothing is written then.
    """
    spec = TABLES[NAME]
    path = data_root() / spec.file
    frame, problems = check_file(path, spec)
    if frame is None:
        raise DataError("targets", problems)
    figures, problems = evaluate(frame)
    if problems:
        raise DataError("targets", problems)
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row, figure in zip(rows, figures, strict=True):
        row |= {name: f"{getattr(figure, name):.10g}" for name in FIGURES}
        row["source_ids"], row["grade"] = figure.source_ids, figure.grade
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, spec.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
