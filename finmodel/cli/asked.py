"""The command as it was typed, as results keep it."""

from __future__ import annotations

import sys

from finmodel.datasets.root import scenarios_root


def asked_command() -> list[str]:
    """Return the command line; files of the project are named from its root.

    A place on one machine is of no use elsewhere, and nobody's business.
    """
    root = f"{scenarios_root().resolve().parent}/"
    return ["finmodel", *(part.removeprefix(root) for part in sys.argv[1:])]
