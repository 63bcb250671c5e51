"""The line of a template that an error is about, with a caret under the place and without anything secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from imagesmith import redact
from imagesmith.errors import Location

_WIDEST = 110
_LARGEST = 1 << 18
"""Larger texts are not read for names that sound secret: every string of the line counts as one, in characters."""

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)')
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.-]+|\S')
_NOT_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EMOJI = frozenset(["\ufe0f", *map(chr, range(0x1F1E6, 0x1F200))])
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A source line, masked and cut to a screen's width; ``caret`` is an offset in ``text``, None for no place."""

    text: str
    caret: int | None

    @property
    def indent(self) -> int:
        """How many columns of a terminal stand before the caret."""
        return sum(_width(cluster) for cluster in _clusters(self.text[: self.caret]))


def excerpt(location: Location) -> list[str]:
    """The lines to show below an error; the place alone where the file can't be read. Masked."""
    lines = [f"  on {redact.mask(str(location))}"]
    found = of(location)
    if found is None:
        return lines
    number = str(location.line)
    lines.append(f"  {number} | {found.text}".rstrip())
    if found.caret is not None:
        lines.append(f"  {' ' * len(number)} | {' ' * found.indent}^")
    return lines


def of(location: Location) -> Excerpt | None:
    """The line at this place; None where there is no such file or line."""
    lines = _lines(location.file)
    if lines is None or not 0 < location.line <= len(lines):
        return None
    line = lines[location.line - 1].rstrip("\r")
    caret = _offset(line, location.column) if location.column else None
    return _cut(*_masked(line, caret, _spans(lines, location.line, line)))


def end_column(location: Location) -> int | None:
    """The column behind the name, number or string at this place; None where there is none."""
    lines = _lines(location.file)
    if lines is None or not location.column or not 0 < location.line <= len(lines):
        return None
    line = lines[location.line - 1].rstrip("\r")
    begin = _offset(line, location.column)
    match = None if begin is None else _WORD.match(line, begin)
    return location.column + len(_clusters(match.group())) if match else None


def _lines(file: str) -> Sequence[str] | None:
    if file == "<stdin>":
        from imagesmith.template.files import stdin_text

        return stdin_text().split("\n") or None
    try:
        status = Path(file).stat()
        return _read(file, status.st_mtime_ns, status.st_size) if Path(file).is_file() else None
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=4)
def _read(file: str, _changed: int, _size: int) -> Sequence[str]:
    """The lines as the readers of templates count them: a lone carriage return ends none."""
    text = Path(file).read_bytes().decode("utf-8", errors="replace")
    return text.removeprefix("\ufeff").split("\n")


def _spans(lines: Sequence[str], number: int, line: str) -> list[tuple[int, int]]:
    """The stretches of the line that must not be shown."""
    start = sum(len(one) + 1 for one in lines[: number - 1])
    if sum(map(len, lines)) > _LARGEST:
        found = [(match.start() + 1, match.end() - 1) for match in _STRINGS.finditer(line + '"')]
    else:
        from imagesmith.ui.secret_places import secret_spans

        found = [(begin - start, end - start) for begin, end in secret_spans("\n".join(lines))]
    inside = [(max(begin, 0), min(end, len(line))) for begin, end in found]
    return sorted([*(span for span in inside if span[0] < span[1]), *redact.spans(line)])


def _offset(line: str, column: int) -> int | None:
    """The character at a column, which counts what a reader sees as one character."""
    if line.isascii():
        return column - 1 if column - 1 <= len(line) else None
    clusters = _clusters(line)
    return len("".join(clusters[: column - 1])) if column - 1 <= len(clusters) else None


def _masked(line: str, caret: int | None, spans: Sequence[tuple[int, int]]) -> tuple[str, int | None]:
    """The line without secrets; a caret inside a secret goes to its beginning."""
    pieces: list[str] = []
    length, begin, moved = 0, 0, caret
    for start, end in spans:
        if start < begin:
            continue
        pieces += [line[begin:start], redact.MASK]
        length += start - begin
        if caret is not None and caret >= start:
            moved = length if caret < end else length + len(redact.MASK) + caret - end
        length += len(redact.MASK)
        begin = end
    text = "".join([*pieces, line[begin:]])
    return _NOT_SHOWN.sub("\ufffd", text.replace("\t", " ")), moved


def _cut(text: str, caret: int | None) -> Excerpt:
    """The part of a long line around the caret, without indentation."""
    indent = len(text) - len(text.lstrip(" "))
    if caret is not None and caret < indent:
        caret = indent
    shown, at = text[indent:].rstrip(" "), None if caret is None else caret - indent
    if sum(map(_width, _clusters(shown[: 2 * _WIDEST]))) <= _WIDEST and len(shown) <= 2 * _WIDEST:
        return Excerpt(shown, at if at is None or at <= len(shown) else len(shown))
    at_least = min(at or 0, len(shown))
    begin = at_least - len(
        "".join(_fitting(_clusters(shown[max(0, at_least - 4 * _WIDEST) : at_least])[::-1], _WIDEST // 2))
    )
    kept = _fitting(_clusters(shown[begin : begin + 4 * _WIDEST]), _WIDEST - 2)
    piece = "".join(kept)
    before = _ELLIPSIS if begin else ""
    after = _ELLIPSIS if begin + len(piece) < len(shown) else ""
    place = None if at is None else at - begin + len(before)
    return Excerpt(before + piece + after, place if place is None or place <= len(piece) + 1 else None)


def _fitting(clusters: Sequence[str], room: int) -> Iterator[str]:
    """The characters that fit into so many columns of a terminal."""
    for cluster in clusters:
        room -= _width(cluster)
        if room < 0:
            return
        yield cluster


def _clusters(text: str) -> Sequence[str]:
    if text.isascii():
        return text
    from imagesmith.template.hcl2.graphemes import split

    return split(text)


def _width(cluster: str) -> int:
    """How many columns of a terminal it takes: two for East Asian characters and emoji."""
    if any(character in _EMOJI or unicodedata.east_asian_width(character) in "WF" for character in cluster):
        return 2
    return 0 if all(unicodedata.category(character) in ("Mn", "Me", "Cf") for character in cluster) else 1


_PLACE = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+)(?::(?P<column>\d+))?: ")


def excerpt_of_text(text: str) -> list[str]:
    """The excerpt for an error whose text begins with ``file:line:column:``; nothing for any other text."""
    found = _PLACE.match(text)
    if found is None or not Path(found["file"]).is_file():
        return []
    return excerpt(Location(found["file"], int(found["line"]), int(found["column"] or 0)))[1:]
