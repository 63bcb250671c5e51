"""User-perceived characters (extended grapheme clusters), which is what HCL counts in columns and string lengths.

The rules are those of Unicode Annex 29, by general category: what differs from the full property tables are a few
prepended marks of Indic scripts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd\U000110cd")
"""Signs that stand before the number or letter that they belong to."""
_ZERO_WIDTH_JOINER = "\u200d"


def split(text: str) -> list[str]:
    """The characters of a text as its reader sees them."""
    if text.isascii() and "\r" not in text:
        return list(text)
    return list(_clusters(text))


def count(text: str) -> int:
    """How many characters a reader sees."""
    if text.isascii() and "\r" not in text:
        return len(text)
    return sum(1 for _ in _clusters(text))


def _clusters(text: str) -> Iterator[str]:
    start = 0
    flags = 0
    for position in range(1, len(text)):
        previous, current = text[position - 1], text[position]
        flags = flags + 1 if _is_flag(previous) else 0
        if not _joins(previous, current, odd_flags=flags % 2 == 1):
            yield text[start:position]
            start = position
    if text:
        yield text[start:]


def _joins(previous: str, current: str, *, odd_flags: bool) -> bool:
    if previous == "\r" and current == "\n":
        return True
    if unicodedata.category(previous) in ("Cc", "Zl", "Zp"):
        return False
    if _extends(current):
        return True
    if previous in _PREPENDED:
        return unicodedata.category(current) not in ("Cc", "Zl", "Zp")
    if previous == _ZERO_WIDTH_JOINER:
        return unicodedata.category(current) == "So"
    if _is_flag(previous) and _is_flag(current):
        return odd_flags
    return _hangul(previous) + _hangul(current) in {"LL", "LV", "LX", "LY", "VV", "VT", "XV", "XT", "YT", "TT"}


def _extends(character: str) -> bool:
    if character in (_ZERO_WIDTH_JOINER, "\u200c"):
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True
    return character in "\uff9e\uff9f" or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _hangul(character: str) -> str:
    """L, V and T are leading, vowel and trailing letters; X is a syllable LV, Y one LVT; "-" anything else."""
    code = ord(character)
    if 0xAC00 <= code <= 0xD7A3:
        return "X" if (code - 0xAC00) % 28 == 0 else "Y"
    if 0x1100 <= code <= 0x115F:
        return "L"
    if 0x1160 <= code <= 0x11A7:
        return "V"
    return "T" if 0x11A8 <= code <= 0x11FF else "-"
