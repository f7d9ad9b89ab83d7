"""How a table is declared: its columns, their kinds and ranges, its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "int", "float", "flag", "date"]

GRADES = ("official", "academic", "commercial", "assumed")


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column.

    Attributes
    ----------
    name : str
    kind : {'text', 'int', 'float', 'flag', 'date'}
        A flag is 0 or 1; a date is YYYY-MM-DD.
    is_required : bool
        Whether a cell may be empty.
    low, high : float
        Allowed range of numbers.
    options : tuple of str
        Allowed texts; empty for any.
    refers_to : str
        `source` or `province` for a known id; empty for none.
    """

    name: str
    kind: Kind = "text"
    is_required: bool = True
    low: float = float("-inf")
    high: float = float("inf")
    options: tuple[str, ...] = ()
    refers_to: Literal["", "source", "province"] = ""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its file, columns and key.

    Attributes
    ----------
    file : str
        Path under the data folder.
    columns : tuple of ColumnSpec
        In the order of the file.
    key : tuple of str
        Columns that together name a row; empty if rows have no key.
    weakness : str
        What a user must know before relying on the table.
    """

    file: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...] = ()
    weakness: str = ""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))


def texts(*names: str, required: bool = False) -> tuple[ColumnSpec, ...]:
    """Return text columns, which may be empty unless `required`."""
    return tuple(ColumnSpec(name, is_required=required) for name in names)
