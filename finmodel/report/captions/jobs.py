"""Sentences on a run that waits, works or has ended."""

from __future__ import annotations

from finmodel.report.wording import Wording

MOST_LINES = 12
"""Of what a command says of its input."""


def waiting(before: int, wording: Wording) -> str:
    """Return how many runs come before one that waits."""
    if before <= 0:
        return wording.text("job", "next")
    return wording.text("job", "waiting", before=before)


def running(done: int, total: int, seconds_left: float | None, wording: Wording) -> str:
    """Return how far a run is and what time it still needs.

    Parameters
    ----------
    done, total : int
        Futures; a total of 0 is one that is not known yet.
    seconds_left : float or None
        None if there is no pace yet.
    wording : Wording
    """
    if total <= 0:
        return wording.text("job", "starting")
    left = ""
    if seconds_left is not None:
        left = wording.text("job", "left", time=time_words(seconds_left, wording))
    return wording.text("job", "running", done=done, total=total, left=left)


def time_words(seconds: float, wording: Wording) -> str:
    """Return a time in seconds up to a minute and a half, in whole minutes beyond."""
    if seconds < 90.0:
        return wording.text("job", "seconds", n=max(1, round(seconds)))
    return wording.text("job", "minutes", n=round(seconds / 60.0))


def stopped(done: int, total: int, wording: Wording, *, began: bool, has_result: bool) -> str:
    """Return what a stopped run leaves."""
    if not began:
        return wording.text("job", "stopped_waiting")
    if has_result:
        return wording.text("job", "partial", done=done, total=total)
    return wording.text("job", "stopped")


def failed(said: str, wording: Wording, *, is_input: bool) -> str:
    """Return why a run failed.

    Parameters
    ----------
    said : str
        What the command wrote to its error stream.
    wording : Wording
    is_input : bool
        Whether it refused its input, which it says in words; else the fault is the program's and
        what it wrote is nothing for a reader.
    """
    if not is_input or not said:
        return wording.text("job", "fault")
    lines = said.splitlines()[:MOST_LINES]
    return "\n".join([f"{wording.text('job', 'refused')}:", *lines])
