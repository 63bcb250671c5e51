"""Regular expressions as Go has them: Google's RE2, which takes time linear in the text whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from imagesmith.template.hcl2.budget import spend, spend_text
from imagesmith.template.hcl2.functions.registry import FunctionProblem

LONGEST = 10_000
"""The longest pattern, in characters."""
_ANY_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
_REFERENCE = re.compile(r"\$(?:\$|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})")


@lru_cache(maxsize=64)
def compiled(pattern: str, argument: int) -> Any:
    """The pattern, ready to run on UTF-8. Raises `FunctionProblem` for the argument at this position."""
    import re2

    if len(pattern) > LONGEST:
        raise FunctionProblem(f"the regular expression is longer than {LONGEST} characters", argument)
    options = re2.Options()
    options.log_errors = False
    try:
        if _ANY_BYTE.search(pattern):
            raise FunctionProblem('"\\C" can\'t be used in a regular expression', argument)
        expression = re2.compile(pattern.encode(), options)
    except re2.error as problem:
        reason = problem.args[0].decode("utf-8", "replace") if problem.args else "not valid"
        raise FunctionProblem(f"not a regular expression as RE2 has them: {reason}", argument) from None
    if not all(name.isascii() for name in expression.groupindex):
        raise FunctionProblem("names of groups are made of ASCII letters, digits and _", argument)
    return expression


def matches(expression: Any, text: str) -> Iterator[Any]:
    """All matches from left to right; an empty one right after another match doesn't count."""
    end = -1
    for match in expression.finditer(text.encode()):
        start, stop = match.span()
        if start == stop == end:
            continue
        end = stop
        yield match


def replaced(expression: Any, text: str, replacement: str) -> str:
    """The text with every match replaced; ``$1`` and ``${name}`` stand for groups, ``$$`` for a dollar sign."""
    raw = text.encode()
    pieces: list[bytes] = []
    at = 0
    for match in matches(expression, text):
        pieces += [raw[at : match.start()], _expanded(replacement, match)]
        spend(1)
        spend_text(len(pieces[-1]))
        at = match.end()
    return b"".join([*pieces, raw[at:]]).decode()


def _expanded(replacement: str, match: Any) -> bytes:
    def group(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        if name.isdigit() and (name == "0" or name[0] != "0"):
            return text(match, int(name)) or "" if len(name) < 6 and int(name) <= match.re.groups else ""
        return text(match, name.encode()) or "" if name.encode() in match.re.groupindex else ""

    return _REFERENCE.sub(group, replacement).encode()


def text(match: Any, group: int | bytes) -> str | None:
    """What a group has matched; None where it took no part."""
    found: bytes | None = match.group(group)
    return None if found is None else found.decode()
