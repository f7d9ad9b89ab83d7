"""SQL over the tables of all stored results, read where they lie.

Every table name is a view over that table of all results that have it, with columns in front that
say which: `kind` (the folder of results), `run` (the folder of one) and `name` (of its scenario or
plan). `manifests` has one row a result. Only questions are answered: nothing is written, and no
file but those of results is read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from finmodel.errors import InputError, Problem, nearest_name
from finmodel.store.folder import MANIFEST

MANIFESTS = "manifests"
_ABOUT = ("name", "title_en", "title_zh", "paths", "seed", "created", "version")


def result_folders(roots: Sequence[Path]) -> list[Path]:
    """Return the folders of stored results below folders of results, sorted."""
    found = [path.parent for root in roots for path in root.glob(f"[!.]*/{MANIFEST}")]
    return sorted(found)


def query(sql: str, roots: Sequence[Path]) -> pd.DataFrame:
    """Answer a question in SQL about all stored results.

    Parameters
    ----------
    sql : str
        One SELECT, in the dialect of DuckDB.
    roots : sequence of Path
        Folders of results.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If it is no question, or names what is not there, with the nearest name.
    """
    import duckdb

    with _connection(roots) as connection:
        try:
            statements = duckdb.extract_statements(sql)
        except duckdb.Error as error:
            raise _refusal(sql, str(error), []) from None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            given = f"{len(statements)} statements" if len(statements) != 1 else "a command"
            raise InputError("query", [Problem("SQL", given, "one SELECT: results are only read")])
        try:
            answer: pd.DataFrame = connection.execute(sql).df()
        except duckdb.Error as error:
            raise _refusal(sql, str(error), _names(connection)) from None
        return answer


def tables(roots: Sequence[Path]) -> pd.DataFrame:
    """Return what can be asked about.

    Returns
    -------
    DataFrame
        One row a table: `table`, `results` that have it, `columns`.
    """
    rows = []
    files = _files(result_folders(roots))
    with _connection(roots) as connection:
        for name in _names(connection):
            found = connection.execute(f'describe "{name}"').fetchall()
            n = len(files.get(name, ())) or len(result_folders(roots))
            rows.append({"table": name, "results": n, "columns": ", ".join(c[0] for c in found)})
    return pd.DataFrame(rows, columns=["table", "results", "columns"])


def _connection(roots: Sequence[Path]) -> Any:
    """Return a database of views that reads results and nothing else."""
    import duckdb

    folders = result_folders(roots)
    connection = duckdb.connect(":memory:")
    connection.register("manifests_frame", _manifests(folders))
    connection.execute(f"create table {MANIFESTS} as select * from manifests_frame")
    connection.unregister("manifests_frame")
    allowed = ", ".join(_quoted(f"{root.resolve()}/") for root in roots)
    if allowed:
        connection.execute(f"set allowed_directories = [{allowed}]")
    for name, files in sorted(_files(folders).items()):
        listed = ", ".join(_quoted(str(file.resolve())) for file in files)
        connection.execute(
            f'create view "{name}" as select m.kind, m.run, m.name, t.* exclude (filename) '
            f"from read_parquet([{listed}], union_by_name = true, filename = true) t "
            f"join {MANIFESTS} m on t.filename = m.folder || '/{name}.parquet'"
        )
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _names(connection: Any) -> list[str]:
    return sorted(row[0] for row in connection.execute("show tables").fetchall())


def _files(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of every table that is not empty of columns, by name."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.parquet")):
            found.setdefault(file.stem, []).append(file)
    return found


def _manifests(folders: Sequence[Path]) -> pd.DataFrame:
    rows = []
    for folder in folders:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        about = {key: manifest.get(key) for key in _ABOUT}
        where = {"kind": folder.parent.name, "run": folder.name, "folder": str(folder.resolve())}
        rows.append({**where, **about})
    return pd.DataFrame(rows, columns=["kind", "run", "folder", *_ABOUT])


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _refusal(sql: str, reason: str, names: Sequence[str]) -> InputError:
    first = next((line for line in reason.splitlines() if line.strip()), reason)
    words = [word.strip('"(),;').lower() for word in sql.split()]
    near = next((near for w in words if w not in names and (near := nearest_name(w, names))), "")
    allowed = f"SQL over {', '.join(names)}" if names else "valid SQL"
    return InputError("query", [Problem("SQL", first, allowed, near)])
