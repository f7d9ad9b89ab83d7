"""A policy as one word of an address, and as a small file: packed, and unpacked with limits."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from finmodel.errors import InputError, Problem
from finmodel.ui.policy import Policy, checked

MOST_CHARACTERS = 4000
"""Of the address; longer ones are cut by some browsers and chats."""
MOST_BYTES = 20_000
"""Of what it holds, so that a small word cannot unfold to a large one."""


def pack(policy: Policy) -> str:
    """Return a policy as letters, digits, `-` and `_`."""
    body = json.dumps([policy.preset, dict(policy.changes)], sort_keys=True, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(zlib.compress(body.encode(), 9))
    return packed.decode().rstrip("=")


def unpack(word: str) -> Policy:
    """Return the policy that a word holds.

    Raises
    ------
    InputError
        If it is too long, cut off or changed, or names what is not there.
    """
    if len(word) > MOST_CHARACTERS:
        raise _refused(f"{len(word)} characters", f"at most {MOST_CHARACTERS}")
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        body = opened.decompress(raw, MOST_BYTES)
        if opened.unconsumed_tail:
            raise _refused("more than it may hold", f"at most {MOST_BYTES} bytes")
        if not opened.eof:
            raise ValueError
        found = json.loads(body)
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise _refused("a link that is cut off or changed", "a link as it was given") from None
    if not isinstance(found, list) or len(found) != 2:
        raise _refused("something else", "a preset and its changes")
    return checked(found[0], found[1])


def as_text(policy: Policy) -> str:
    """Return a policy as JSON, for a file."""
    body = {"preset": policy.preset, "changes": dict(policy.changes)}
    return json.dumps(body, sort_keys=True, indent=1)


def from_text(text: str) -> Policy:
    """Return the policy of a file.

    Raises
    ------
    InputError
    """
    if len(text) > MOST_BYTES:
        raise _refused(f"{len(text)} characters", f"at most {MOST_BYTES}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("text that is no JSON", "a saved scenario") from None
    if not isinstance(found, dict) or set(found) != {"preset", "changes"}:
        raise _refused("something else", "`preset` and `changes`, no more")
    return checked(found["preset"], found["changes"])


def _refused(given: str, allowed: str) -> InputError:
    return InputError("saved or shared policy", [Problem("policy", given, allowed)])
