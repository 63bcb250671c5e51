"""Damaging texts: tokens deleted, doubled and swapped, odd characters, other line ends, missing ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

_TOKENS = re.compile(r"\w+|\s+|<<-?\w+|[$%]\{~?|~?\}|=>|\.\.\.|[=!<>]=|&&|\|\||//|/\*|\*/|::|\\.|.", re.DOTALL)
NOISE = (
    "{", "}", "[", "]", "(", ")", '"', "${", "%{", "~", "=", "==", "\n", " ", "#", "//", "/*", "*/", ".", "...", ",",
    ":", "=>", "?", "-", "!", "*", "for", "in", "if", "a", "1", "1.5", "<<E\n", "<<-E\n", "\nE\n", "\\", "$", "%",
    "&&", "||", "&", "\r\n", "\xe9", "\t", "::", "'", ";", "endif", "%{if a}", "%{endif}", "null", "01", "1.", ".5",
    "1e5", "$${", "%%{", "\r", "\ufeff", "\xa0", "\u2028", "\u0301", "\u200d", "\U0001f468", "\x01", "\x7f", "`",
    "@", "^", "|", "<<", "<<~E\n", "~}", "%{ else }", "%{ for x in y }", "\\u00e9", "\x0b", "\x0c", "\x85", "\u0966",
    "\xb2", "\xaa", "\u2118", "\xb7", "\u203f", "\u2167", "\ud7ff", "\u0378",
)  # fmt: skip


def damaged(text: str, chance: Random, others: Sequence[str] = ()) -> str:
    """The text after one to four random changes; parts of ``others`` are put into it now and then."""
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(_CHANGES)(text, chance)
        if others and chance.random() < 0.05:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            text = _inserted(text, other[start : start + chance.randint(1, 60)], chance)
    return text


def truncated(text: str) -> Iterator[str]:
    """The text ended at every place."""
    for end in range(len(text)):
        yield text[:end]


def _inserted(text: str, piece: str, chance: Random) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + piece + text[at:]


def _noise(text: str, chance: Random) -> str:
    return _inserted(text, chance.choice(NOISE), chance)


def _token_deleted(text: str, chance: Random) -> str:
    tokens = _TOKENS.findall(text)
    if tokens:
        del tokens[chance.randrange(len(tokens))]
    return "".join(tokens)


def _token_doubled(text: str, chance: Random) -> str:
    tokens = _TOKENS.findall(text)
    if tokens:
        at = chance.randrange(len(tokens))
        tokens.insert(at, tokens[at])
    return "".join(tokens)


def _tokens_swapped(text: str, chance: Random) -> str:
    tokens = _TOKENS.findall(text)
    if len(tokens) > 1:
        one = chance.randrange(len(tokens))
        other = one - 1 if chance.random() < 0.5 else chance.randrange(len(tokens))
        tokens[one], tokens[other] = tokens[other], tokens[one]
    return "".join(tokens)


def _token_replaced(text: str, chance: Random) -> str:
    tokens = _TOKENS.findall(text)
    if tokens:
        tokens[chance.randrange(len(tokens))] = chance.choice(NOISE)
    return "".join(tokens)


def _characters_deleted(text: str, chance: Random) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + text[at + chance.randint(1, 4) :]


def _stretch_doubled(text: str, chance: Random) -> str:
    at, length = chance.randint(0, len(text)), chance.randint(1, 30)
    return text[:at] + text[at : at + length] + text[at:]


def _truncated(text: str, chance: Random) -> str:
    return text[: chance.randint(0, len(text))]


def _other_line_ends(text: str, chance: Random) -> str:
    if chance.random() < 0.5:
        return text.replace("\r\n", "\n").replace("\n", "\r\n")
    return "\ufeff" + text if chance.random() < 0.5 else text.rstrip("\r\n")


_CHANGES = (
    _noise, _noise, _noise, _token_deleted, _token_deleted, _token_doubled, _tokens_swapped, _token_replaced,
    _characters_deleted, _stretch_doubled, _truncated, _other_line_ends,
)  # fmt: skip


def damaged_bytes(content: bytes, chance: Random) -> bytes:
    """The content with a few bytes changed, removed or put in, so that it may not be UTF-8 any more."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(found))
        kind = chance.random()
        if kind < 0.4:
            found[at:at] = bytes([chance.randint(0, 255)])
        elif kind < 0.7:
            del found[at : at + chance.randint(1, 3)]
        else:
            found[at : at + 1] = bytes([chance.randint(0, 255)])
    return bytes(found)
