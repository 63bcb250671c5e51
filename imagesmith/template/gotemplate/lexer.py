"""Cuts template text into plain text and the tokens of its actions.

Spaces inside actions are tokens, because the language wants them between arguments and forbids them inside ``.A.B``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from imagesmith.template.gotemplate.errors import Failure

Kind = Literal[
    "text", "open", "close", "space", "name", "field", "variable", "string", "char", "number", "dot", "mark", "end"
]

MAX_TOKENS_OF_ACTION = 20_000
_SPACES = " \t\r\n"
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<raw>`[^`]*`)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<char>'(?:[^'\\\n]|\\[^\n])*')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?))
    |(?P<variable>\$\w*)
    |(?P<field>\.[^\W\d]\w*)
    |(?P<dot>\.)
    |(?P<name>[^\W\d]\w*)
    |(?P<mark>:=|[=,()|])
    """,
    re.VERBOSE,
)
_TERMINATORS = frozenset(_SPACES + ".,|:)(=")
_WORDS = frozenset(("name", "field", "variable", "number"))
_TRIM_CLOSE = re.compile(r"[ \t\r\n]+-\}\}")
_COMMENT_CLOSE = re.compile(r"(?P<trim>[ \t\r\n]+-)?\}\}")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece; ``at`` is its offset in the template."""

    kind: Kind
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """All tokens in order, the last one of kind ``end``. Raises `Failure`."""
    position, trim = 0, False
    while True:
        opening = text.find("{{", position)
        plain = text[position:] if opening < 0 else text[position:opening]
        start = position
        if trim:
            plain, start = plain.lstrip(_SPACES), position + len(plain) - len(plain.lstrip(_SPACES))
        if opening < 0:
            yield from _text(plain, start)
            yield Token("end", "", len(text))
            return
        inside = opening + 2
        if text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in tuple(_SPACES):
            plain, inside = plain.rstrip(_SPACES), inside + 2
        yield from _text(plain, start)
        if text.startswith("/*", inside):
            position, trim = _comment(text, opening, inside)
            continue
        action: list[Token] = []
        position, trim = _action(text, opening, inside, action)
        yield Token("open", "{{", opening)
        yield from action
        yield Token("close", "}}", position - 2)


def _text(plain: str, at: int) -> Iterator[Token]:
    if plain:
        yield Token("text", plain, at)


def _comment(text: str, opening: int, start: int) -> tuple[int, bool]:
    end = text.find("*/", start + 2)
    if end < 0:
        raise Failure("the comment is not closed with */", opening)
    close = _COMMENT_CLOSE.match(text, end + 2)
    if not close:
        raise Failure("a comment must be followed directly by }}", end)
    return close.end(), bool(close["trim"])


def _action(text: str, opening: int, position: int, found: list[Token]) -> tuple[int, bool]:
    """Read the tokens of one action; returns where it ends and whether white space after it is trimmed."""
    depth = 0
    while True:
        if text.startswith("}}", position):
            if depth:
                raise Failure("a parenthesis is not closed", opening)
            return position + 2, False
        if _trims(text, position):
            return text.index("}}", position) + 2, True
        if position >= len(text):
            raise Failure("the action is not closed with }}", opening)
        token = _token(text, position)
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth < 0:
            raise Failure("there is no parenthesis to close", position)
        if len(found) > MAX_TOKENS_OF_ACTION:
            raise Failure("the action is too long", opening)
        found.append(token)
        position += len(token.text)


def _trims(text: str, position: int) -> bool:
    """Whether the action ends here with a trim mark: spaces, a minus sign and the delimiter."""
    return bool(_TRIM_CLOSE.match(text, position))


def _token(text: str, position: int) -> Token:
    match = _TOKEN.match(text, position)
    if not match:
        raise _bad(text, position)
    kind, end = match.lastgroup or "", match.end()
    if kind in _WORDS and end < len(text) and text[end] not in _TERMINATORS and not text.startswith("}}", end):
        raise Failure(f"unexpected character {text[end]!r}", end)
    named: dict[str, Kind] = {"raw": "string"}
    return Token(named.get(kind, kind), match.group(), position)  # type: ignore[arg-type]


def _bad(text: str, position: int) -> Failure:
    character = text[position]
    if character == '"':
        return Failure("the string is not closed", position)
    if character == "`":
        return Failure("the raw string is not closed", position, "Close it with another backquote")
    if character == "'":
        return Failure("the character constant is not closed", position)
    if character in "{}":
        hint = "An action ends with }}" if character == "}" else "An action begins with one {{ and ends with }}"
        return Failure(f'a single "{character}" stands in an action', position, hint)
    return Failure(f"unexpected character {character!r}", position)
