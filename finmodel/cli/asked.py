"""The command as it was typed, as results keep it."""

from __future__ import annotations

import sys

from finmodel.report.changes import from_root


def asked_command() -> list[str]:
    """Return the command line; files of the project are named from its root."""
    return ["finmodel", *from_root(sys.argv[1:])]
