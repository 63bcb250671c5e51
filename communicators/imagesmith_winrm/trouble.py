"""Transfers that fail: the guest's own words, and what to do about them."""

from __future__ import annotations

from imagesmith.errors import TransferError

_REMEDIES = (
    ("not enough space", "the guest's disk is full: use a larger system disk, or upload less"),
    ("is a directory", "end the path with / to put the file into that folder under its own name"),
    ("could not find", "a file must exist before it is downloaded"),
    ("cannot find", "a file must exist before it is downloaded"),
    ("no file or folder", "it must exist before it is downloaded"),
    ("is denied", "the login user may not do that, or a program holds the file open"),
    ("being used by another process", "end the program that holds the file open first"),
    ("too long", "Windows takes paths of 260 characters unless long paths are enabled"),
    ("not recognized", "transfers over WinRM need PowerShell in the guest"),
    ("blocked by", "transfers over WinRM need PowerShell in the guest"),
)


def failed(verb: str, source: str, destination: str, words: str) -> TransferError:
    """The error for a transfer that the guest has refused with these words."""
    said = "; ".join(line.strip() for line in words.splitlines() if line.strip())
    hint = next((remedy for sign, remedy in _REMEDIES if sign in said.lower()), "")
    return TransferError(f"{source} could not be {verb}ed to {destination}: {said[:1000]}", hint=hint)
