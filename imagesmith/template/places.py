"""Where in a file a character of a value stands.

The Go-template engine knows a place inside the text that it is given. That text is what a string or a heredoc of the
file means, after escapes, indentation and interpolations; here the way is gone back, by the outward form of the file
alone. This happens only when an error is to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.errors import Location, TemplateError, UsageError
from imagesmith.template.files import read_text, stdin_text
from imagesmith.template.hcl2.graphemes import count, split
from imagesmith.template.string_ends import string_end

_MOST_TEXT = 1 << 20
_MOST_PIECES = 20
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
    |<<(?P<flush>-?)(?P<heredoc>[^\W\d][\w-]*)[ \t]*\r?\n
    |(?P<mark>["=:{}\[\](),\n])
    """,
    re.VERBOSE | re.DOTALL,
)
_JSON_END = re.compile(r'(?:[^"\\\n]|\\.)*')
_PIECE = re.compile(
    r"""\\U(?P<long>[0-9a-fA-F]{8})
    |\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    |\\u(?P<short>[0-9a-fA-F]{4})
    |\\(?P<letter>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(slots=True)
class _Piece:
    """A stretch of a string that stands for itself: its characters, and the offset of each in the file."""

    text: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    def add(self, text: str, offset: int, step: int = 0) -> None:
        for number, character in enumerate(text):
            self.text.append(character)
            self.offsets.append(offset + number * step)


def inside(location: Location, value: str, line: int, column: int) -> Location | None:
    """The place in the file of a place inside a value, by line and column of the value; None where it can't be told.

    ``location`` is that of the option or the block that the value belongs to.
    """
    text = _text(location.file)
    start = _offset(text, location)
    if start is None or len(value) > _MOST_TEXT or len(text) > _MOST_TEXT:
        return None
    at = sum(len(one) + 1 for one in value.split("\n")[: line - 1]) + column - 1
    is_json = text[start : start + 1] in ('"', "{", "[")
    strings = list(_strings(text, start, is_json=is_json))
    for matching in (_exactly, _around_interpolations):
        for pieces in strings:
            found = matching(pieces, value, at)
            if found is not None:
                return _location(location.file, text, found)
    return None


def _text(file: str) -> str:
    try:
        return stdin_text() if file == "<stdin>" else read_text(file).removeprefix("\ufeff")
    except (UsageError, TemplateError):
        return ""


def _offset(text: str, location: Location) -> int | None:
    lines = text.split("\n")
    if not 0 < location.line <= len(lines) or not location.column:
        return None
    clusters = split(lines[location.line - 1])
    before = sum(len(one) + 1 for one in lines[: location.line - 1])
    return before + len("".join(clusters[: location.column - 1]))


def _location(file: str, text: str, offset: int) -> Location:
    begin = text.rfind("\n", 0, offset) + 1
    return Location(file, text.count("\n", 0, offset) + 1, count(text[begin:offset]) + 1)


def _strings(text: str, at: int, *, is_json: bool) -> Iterator[list[_Piece]]:
    """The strings and heredocs of the value or block that begins here."""
    depth, begun = 0, False
    while match := _TOKEN.search(text, at):
        at, mark = match.end(), match["mark"]
        if match["heredoc"] and not is_json:
            end = _heredoc_end(text, at, match["heredoc"])
            yield _of_heredoc(text, at, end, flush=bool(match["flush"]))
            at, begun = end, True
        elif mark == '"':
            end = _json_end(text, at) if is_json else string_end(text, at)
            yield _of_string(text, at, end, interpolated=not is_json)
            at = end + 1
        elif mark and mark in "{[(":
            depth, begun = depth + 1, True
        elif mark and mark in "}])":
            depth -= 1
            if depth < 0:
                return
        elif mark and mark in "=:":
            begun = True
        elif depth == 0 and begun and mark in (",", "\n") and text[match.start() - 1] not in "=:":
            return


def _json_end(text: str, at: int) -> int:
    match = _JSON_END.match(text, at)
    return match.end() if match else at


def _heredoc_end(text: str, at: int, marker: str) -> int:
    match = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*\r?$", re.MULTILINE).search(text, at)
    return match.start() if match else len(text)


def _of_string(text: str, at: int, end: int, *, interpolated: bool) -> list[_Piece]:
    return _pieces(text, at, end, interpolated=interpolated, escapes=True)


def _of_heredoc(text: str, at: int, end: int, *, flush: bool) -> list[_Piece]:
    pieces = _pieces(text, at, end, interpolated=True, escapes=False)
    if not flush:
        return pieces
    lines = [line for line in text[at:end].split("\n") if line.strip()]
    common = min((len(line) - len(line.lstrip(" \t")) for line in lines), default=0)
    for piece in pieces:
        kept = [n for n, offset in enumerate(piece.offsets) if not _is_indentation(text, offset, common)]
        piece.text, piece.offsets = [piece.text[n] for n in kept], [piece.offsets[n] for n in kept]
    return pieces


def _is_indentation(text: str, offset: int, common: int) -> bool:
    return text[offset] in " \t" and offset - (text.rfind("\n", 0, offset) + 1) < common


def _pieces(text: str, at: int, end: int, *, interpolated: bool, escapes: bool) -> list[_Piece]:
    found = [_Piece()]
    while at < end:
        if interpolated and text.startswith(("$${", "%%{"), at):
            found[-1].add(text[at + 1 : at + 3], at + 1, 1)
            at += 3
        elif interpolated and text.startswith(("${", "%{"), at):
            at = string_end(text, at + 2, inside_of="braces")
            found.append(_Piece())
        elif escapes and (match := _PIECE.match(text, at, end)):
            found[-1].add(_unescaped(match), at)
            at = match.end()
        else:
            found[-1].add(text[at], at)
            at += 1
    return found


def _unescaped(match: re.Match[str]) -> str:
    if match["letter"]:
        return _LETTERS.get(match["letter"], match["letter"])
    if match["high"]:
        return chr(0x10000 + ((int(match["high"], 16) - 0xD800) << 10) + int(match["low"], 16) - 0xDC00)
    code = int(match["long"] or match["short"], 16)
    return chr(min(code, 0x10FFFF))


def _exactly(pieces: list[_Piece], value: str, at: int) -> int | None:
    if len(pieces) != 1 or "".join(pieces[0].text) != value:
        return None
    return _at(pieces[0], at)


def _at(piece: _Piece, at: int) -> int | None:
    if at < len(piece.offsets):
        return piece.offsets[at]
    return piece.offsets[-1] + 1 if piece.offsets else None


def _around_interpolations(pieces: list[_Piece], value: str, at: int) -> int | None:
    """The same where parts of the value come from interpolations, whose text is not known here."""
    if not 1 < len(pieces) <= _MOST_PIECES:
        return None
    found = begin = 0
    place = None
    for number, piece in enumerate(pieces):
        text = "".join(piece.text)
        begin = len(value) - len(text) if number == len(pieces) - 1 else value.find(text, found)
        if begin < found or not value.startswith(text, begin) or (number == 0 and begin > 0):
            return None
        found = begin + len(text)
        if begin <= at < found:
            place = _at(piece, at - begin)
    return place
