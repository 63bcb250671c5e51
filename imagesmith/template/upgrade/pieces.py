"""The text of an HCL2 expression, put together from literal text, expressions and directives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """An expression whose value goes here."""

    hcl: str


@dataclass(frozen=True, slots=True)
class Directive:
    """``%{ if … }`` and the like, as they are written."""

    hcl: str


Piece = Literal | Code | Directive

_SPECIAL = re.compile(r'[\\"\x00-\x1f\x7f]')
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_OPENING = re.compile(r"(\$+|%+)\{")
_NOT_IN_HEREDOC = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_FEWEST_LINES = 3


def is_identifier(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return bool(_IDENTIFIER.fullmatch(name)) and name not in ("true", "false", "null", "for")


def quoted(text: str) -> str:
    """The text as a string of HCL2."""
    return expression([Literal(text)])


def expression(pieces: Sequence[Piece]) -> str:
    """The pieces as one expression: a lone expression stays bare, everything else is a string."""
    joined = merged(pieces)
    if len(joined) == 1 and isinstance(joined[0], Code):
        return joined[0].hcl
    return f'"{_template(joined, quotes=True)}"'


def long_expression(pieces: Sequence[Piece]) -> str:
    """The same; text of several lines becomes a heredoc where that can say the same."""
    joined = merged(pieces)
    text = "".join(piece.text for piece in joined if isinstance(piece, Literal))
    last = joined[-1] if joined else None
    whole = isinstance(last, Literal) and last.text.endswith("\n") and text.count("\n") >= _FEWEST_LINES
    if not whole or _NOT_IN_HEREDOC.search(text):
        return expression(joined)
    mark = next(mark for mark in ("EOT", "EOF", *(f"EOT{n}" for n in range(1000))) if mark not in text)
    return f"<<{mark}\n{_template(joined, quotes=False)}{mark}"


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same pieces with neighbouring literals in one."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Literal) and found and isinstance(found[-1], Literal):
            found[-1] = Literal(found[-1].text + piece.text)
        elif not isinstance(piece, Literal) or piece.text:
            found.append(piece)
    return found


def _template(pieces: Sequence[Piece], *, quotes: bool) -> str:
    parts: list[str] = []
    for number, piece in enumerate(pieces):
        if isinstance(piece, Code):
            parts.append(f"${{{piece.hcl}}}")
        elif isinstance(piece, Directive):
            parts.append(piece.hcl)
        else:
            follows = number + 1 < len(pieces)
            parts.append(_literal(piece.text, quotes=quotes, before_opening=follows))
    return "".join(parts)


def _literal(text: str, *, quotes: bool, before_opening: bool) -> str:
    """Literal text of a template; marks that would open something are doubled, or set apart where there are several."""
    escape = _quoted_text if quotes else _heredoc_text
    end = re.search(r"[$%]+\Z", text) if before_opening else None
    tail = f'${{"{end[0]}"}}' if end else ""
    text = text[: end.start()] if end else text
    parts, position = [], 0
    for found in _OPENING.finditer(text):
        marks = found[1]
        parts.append(escape(text[position : found.start()]))
        parts.append(f"{marks * 2}{{" if len(marks) == 1 else f'${{"{marks}"}}{{')
        position = found.end()
    return "".join([*parts, escape(text[position:]), tail])


def _quoted_text(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text)


def _heredoc_text(text: str) -> str:
    return text
