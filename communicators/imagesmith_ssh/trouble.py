"""Transfers that fail: the remote side's own words, and what to do about them."""

from __future__ import annotations

from imagesmith.errors import TransferError

_REMEDIES = (
    ("no space left", "the guest's disk is full: use a larger system disk, or upload less"),
    ("disk quota", "the user's disk quota is used up"),
    ("no such file", "a folder must exist before something is uploaded into it, a file before it is downloaded"),
    ("nonexistent", "a folder must exist before something is uploaded into it"),
    ("permission denied", "the login user may not do that: upload to /tmp and let a script with sudo move it"),
    ("operation not permitted", "the login user may not do that: upload to /tmp and let a script with sudo move it"),
    ("not a regular file", "it may be a folder: end the path with / to move it as one"),
    ("is a directory", "end the path with / to put the file into that folder under its own name"),
    ("read-only file system", "that part of the guest can't be written to"),
    ("not a directory", "a part of the path is a file"),
)


class NotOffered(TransferError):
    """The guest lacks this way of moving files; another may work."""


def failed(verb: str, source: str, destination: str, words: str) -> TransferError:
    """The error for a transfer that the remote side has refused with these words."""
    said = "; ".join(line.strip() for line in words.splitlines() if line.strip())
    hint = next((remedy for sign, remedy in _REMEDIES if sign in said.lower()), "")
    return TransferError(f"{source} could not be {verb}ed to {destination}: {said[:1000]}", hint=hint)
