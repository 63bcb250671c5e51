"""-only and -except: patterns on the full names of builds, and on post-processors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from imagesmith.errors import UsageError


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern with ``*``, ``?``, ``[a-z]``, ``[!a-z]`` and ``{a,b}``. Raises `UsageError`."""
    pieces: list[str] = []
    at = open_braces = 0
    while at < len(pattern):
        character = pattern[at]
        end = pattern.find("]", at + 2) if character == "[" else -1
        if end > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            pieces.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
            at = end
        elif character == "\\" and at + 1 < len(pattern):
            at += 1
            pieces.append(re.escape(pattern[at]))
        else:
            open_braces += (character == "{") - (character == "}")
            pieces.append(_plain(character, in_braces=open_braces > 0))
        at += 1
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error:
        raise UsageError(f'"{pattern}" is not a valid pattern for -only and -except', hint="escape with \\") from None


def _plain(character: str, *, in_braces: bool) -> str:
    if character == "," and in_braces:
        return "|"
    return {"*": ".*", "?": ".", "{": "(?:", "}": ")"}.get(character, re.escape(character))


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns fits the whole name."""
    return any(compiled(pattern).fullmatch(name) for pattern in patterns)


def selected(name: str, only: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a build with this full name is to run."""
    return (not only or matches(name, only)) and not matches(name, exclude)


def idle(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The patterns that fit none of the names."""
    return [pattern for pattern in patterns if not any(compiled(pattern).fullmatch(name) for name in names)]
