"""JSON as Go writes it, which is how Packer prints templates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_ESCAPES = re.compile('["\\\\\x00-\x1f&\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LARGEST_PLAIN = 1e21
_SMALLEST_PLAIN = 1e-6


def go_json(value: Any) -> str:
    """Sorted keys, two spaces a level, numbers as 64-bit floating point, ``&`` as an escape."""
    return _value(value, "\n")


def _value(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        members = [f"{_text(key)}: {_value(value[key], indent + '  ')}" for key in sorted(value)]
        return _bracketed("{", members, "}", indent)
    if isinstance(value, list):
        return _bracketed("[", [_value(item, indent + "  ") for item in value], "]", indent)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _number(float(value)) if isinstance(value, int | float) else _text(str(value))


def _bracketed(opening: str, items: list[str], closing: str, indent: str) -> str:
    if not items:
        return opening + closing
    inner = f"{indent}  "
    return f"{opening}{inner}{f',{inner}'.join(items)}{indent}{closing}"


def _text(text: str) -> str:
    return '"' + _ESCAPES.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'


def _number(number: float) -> str:
    if number and not _SMALLEST_PLAIN <= abs(number) < _LARGEST_PLAIN:
        digits, _, exponent = f"{number!r}".partition("e")
        return f"{digits.removesuffix('.0')}e{int(exponent):+}"
    return format(Decimal(repr(number)), "f").removesuffix(".0")
