"""Passwords for machines: made up to the clouds' rules, and filled into user data."""

from __future__ import annotations

import re
import secrets
import string

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.=")
_LENGTH = 24
_NAMED = re.compile(rb"\{\{-?\s*\.WinRMPassword\s*-?\}\}")


def make_password() -> str:
    """A new password that Windows and both clouds accept: 24 characters (8 to 26 are allowed) of four kinds.

    It begins with a letter, and its special characters mean nothing to PowerShell, cmd.exe or XML between quotes, so
    that user data may hold it anywhere.
    """
    chance = secrets.SystemRandom()
    letters = _KINDS[0] + _KINDS[1]
    rest = [chance.choice(kind) for kind in _KINDS]
    rest += [chance.choice("".join(_KINDS)) for _ in range(_LENGTH - 1 - len(rest))]
    chance.shuffle(rest)
    return chance.choice(letters) + "".join(rest)


def names_password(user_data: bytes) -> bool:
    """Whether user data asks for the password: ``{{ .WinRMPassword }}``."""
    return _NAMED.search(user_data) is not None


def fill_password(user_data: bytes, password: str) -> bytes:
    """User data with the password in the place of ``{{ .WinRMPassword }}``."""
    return _NAMED.sub(lambda _found: password.encode(), user_data)
