"""The line of a template that an error is about, with a caret under the place."""

from __future__ import annotations

import re
from pathlib import Path

from imagesmith import redact
from imagesmith.errors import Location

_WIDEST = 110
_SECRET = re.compile(
    r"""(?:secret|passw|token|credential|access_?key|private_?key)[\w.-]{0,40}["']?\s{0,20}[=:]\s{0,20}""",
    re.IGNORECASE,
)


def excerpt(location: Location) -> list[str]:
    """The lines to show below an error; the place alone where the file can't be read. Masked."""
    lines = [f"  on {redact.mask(str(location))}"]
    text = _line(location)
    if text is None:
        return lines
    shown, caret = _cut(_without_secret(redact.mask(text)), location.column)
    number = str(location.line)
    lines.append(f"  {number} | {shown}")
    if caret is not None:
        lines.append(f"  {' ' * len(number)} | {' ' * caret}^")
    return lines


def _line(location: Location) -> str | None:
    try:
        with Path(location.file).open(encoding="utf-8", errors="replace") as file:
            for number, text in enumerate(file, 1):
                if number == location.line:
                    return text.rstrip("\n\r").expandtabs(1)
    except (OSError, ValueError):
        pass
    return None


def _without_secret(text: str) -> str:
    """A literal beside a name that sounds like a secret is not shown: it may not be registered yet."""
    found = _SECRET.search(text)
    if found is None or not text[found.end() :].strip():
        return text
    return text[: found.end()] + redact.MASK


def _cut(text: str, column: int) -> tuple[str, int | None]:
    """The part of a long line around the column, without indentation, and where the caret goes in it."""
    indent = len(text) - len(text.lstrip())
    start = max(indent, column - _WIDEST // 2) if len(text) - indent > _WIDEST else indent
    shown = text[start : start + _WIDEST].rstrip()
    caret = column - 1 - start if column else None
    if caret is not None and not 0 <= caret <= len(shown):
        caret = None
    return shown, caret


_PLACE = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+)(?::(?P<column>\d+))?: ")


def excerpt_of_text(text: str) -> list[str]:
    """The excerpt for an error whose text begins with ``file:line:column:``; nothing for any other text."""
    found = _PLACE.match(text)
    if found is None or not Path(found["file"]).is_file():
        return []
    return excerpt(Location(found["file"], int(found["line"]), int(found["column"] or 0)))[1:]
