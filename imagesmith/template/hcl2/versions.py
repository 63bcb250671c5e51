"""Version constraints such as ``>= 1.7.0, < 2``."""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)(?:-([0-9A-Za-z.~-]+))?(?:\+[0-9A-Za-z.~-]+)?")
_CONSTRAINT = re.compile(r"\s*(=|!=|>=|<=|>|<|~>)?\s*(\S.*?)\s*", re.DOTALL)


def allows(constraint: str, version: str) -> bool:
    """Whether every comma-separated part of the constraint admits the version. Raises `ValueError` for bad syntax."""
    have = _numbers(version)
    # All parts are read, so that bad syntax is found behind a part that doesn't hold.
    parts = [_holds(part, have) for part in constraint.split(",")]
    return all(parts)


def _holds(part: str, have: Sequence[int]) -> bool:
    match = _CONSTRAINT.fullmatch(part)
    if not match:
        raise ValueError(part)
    operator, wanted = match.group(1) or "=", _numbers(match.group(2))
    if operator == "~>":
        return _padded(have) >= _padded(wanted) and list(have[: len(wanted) - 1]) == list(wanted[:-1])
    order = (_padded(have) > _padded(wanted)) - (_padded(have) < _padded(wanted))
    return order in {"=": (0,), "!=": (-1, 1), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}[operator]


def _numbers(text: str) -> list[int]:
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(text)
    return [int(part) for part in match.group(1).split(".")]


def _padded(numbers: Sequence[int]) -> list[int]:
    return [*numbers, *[0] * (8 - len(numbers))]
