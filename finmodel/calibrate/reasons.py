"""Why something cannot be estimated: an answer like any other, not a fault.

Data that are in order but do not tell a parameter give a :class:`NotEstimable` with the
reason in words; the scenario then keeps the number it had. Data that are not in order raise
:class:`finmodel.errors.DataError` instead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotEstimable:
    """A block that the data do not tell.

    Attributes
    ----------
    name : str
        Of the block.
    reason : str
        One or two sentences for the reader.
    keys : tuple of str
        Dotted scenario keys that stay as they are.
    """

    name: str
    reason: str
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: not estimable. {self.reason}"
