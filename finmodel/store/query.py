"""SQL over the tables of all stored results, read where they lie.

Every table name is a view over that table of all results that have it, with columns in front that
say which: `kind` (the folder of results), `run` (the folder of one) and `name` (of its scenario or
plan). A column of the table itself that has one of these names is called `own_name` and the like.
`manifests` has one row a result. Only questions are answered: nothing is written, and no file but
those of results folders is read. Results whose files do not match their manifests are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from finmodel.errors import InputError, Problem, nearest_name
from finmodel.store.folder import MANIFEST, is_whole, read_manifest

MANIFESTS = "manifests"
_FRONT = ("kind", "run", "name")
_ABOUT = ("name", "title_en", "title_zh", "paths", "seed", "created", "version")


def result_folders(roots: Sequence[Path]) -> list[Path]:
    """Return the folders of stored results below folders of results, sorted, each once."""
    return [folder for folder in _with_manifests(roots) if is_whole(folder)]


def broken_folders(roots: Sequence[Path]) -> list[Path]:
    """Return the folders of results whose files do not match their manifests, sorted."""
    return [folder for folder in _with_manifests(roots) if not is_whole(folder)]


def _with_manifests(roots: Sequence[Path]) -> list[Path]:
    found = {path.parent.resolve() for root in roots for path in root.glob(f"[!.]*/{MANIFEST}")}
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

    with _connection(roots, result_folders(roots)) as connection:
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
    folders = result_folders(roots)
    files = _files(folders)
    with _connection(roots, folders) as connection:
        for name in _names(connection):
            found = connection.execute(f"describe {_identifier(name)}").fetchall()
            n = len(files.get(name, ())) or len(folders)
            rows.append({"table": name, "results": n, "columns": ", ".join(c[0] for c in found)})
    return pd.DataFrame(rows, columns=["table", "results", "columns"])


def _connection(roots: Sequence[Path], folders: Sequence[Path]) -> Any:
    """Return a database of views that reads results and nothing else."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.register("manifests_frame", _manifests(folders))
    connection.execute(f"create table {MANIFESTS} as select * from manifests_frame")
    connection.unregister("manifests_frame")
    allowed = ", ".join(_quoted(f"{root.resolve()}/") for root in roots)
    if allowed:
        connection.execute(f"set allowed_directories = [{allowed}]")
    try:
        for name, files in sorted(_files(folders).items()):
            _add_view(connection, name, files)
    except duckdb.Error as error:  # as a file that went since it was listed
        connection.close()
        raise _refusal("", str(error), []) from None
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _add_view(connection: Any, name: str, files: Sequence[Path]) -> None:
    """Add the view over a table of all results that have it."""
    listed = ", ".join(_quoted(str(file)) for file in files)
    rows = f"read_parquet([{listed}], union_by_name = true, filename = true)"
    columns = [row[0] for row in connection.execute(f"describe select * from {rows}").fetchall()]
    clash = [column for column in columns if column.lower() in _FRONT]
    own = ", ".join(f"{_identifier(column)} as {_identifier(f'own_{column}')}" for column in clash)
    front = ", ".join(f"m.{column}" for column in _FRONT)
    connection.execute(
        f"create view {_identifier(name)} as select {front}, t.* exclude (filename) "
        f"{f'rename ({own})' if own else ''} from {rows} t "
        f"join {MANIFESTS} m on t.filename = m.folder || {_quoted(f'/{name}.parquet')}"
    )


def _names(connection: Any) -> list[str]:
    return sorted(row[0] for row in connection.execute("show tables").fetchall())


def _files(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of every table that the manifests state, by name."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for file in sorted(read_manifest(folder)["files"]):
            if file.endswith(".parquet"):
                found.setdefault(file.removesuffix(".parquet"), []).append(folder / file)
    return found


def _manifests(folders: Sequence[Path]) -> pd.DataFrame:
    rows = []
    for folder in folders:
        manifest = read_manifest(folder)
        about = {key: manifest.get(key) for key in _ABOUT}
        where = {"kind": folder.parent.name, "run": folder.name, "folder": str(folder)}
        rows.append({**where, **about})
    return pd.DataFrame(rows, columns=["kind", "run", "folder", *_ABOUT])


def _identifier(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _refusal(sql: str, reason: str, names: Sequence[str]) -> InputError:
    first = next((line for line in reason.splitlines() if line.strip()), reason)
    words = [word.strip('"(),;').lower() for word in sql.split()]
    near = next((near for w in words if w not in names and (near := nearest_name(w, names))), "")
    allowed = f"SQL over {', '.join(names)}" if names else "valid SQL"
    return InputError("query", [Problem("SQL", first, allowed, near)])
