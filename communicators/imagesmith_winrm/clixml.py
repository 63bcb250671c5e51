"""CLIXML, in which PowerShell serializes what it writes to standard error, as lines that people can read.

A stream is passed on as it is until ``#< CLIXML`` stands at the begin of a line; what follows, up to ``</Objs>``, is
XML: errors, warnings and the like are its ``S`` elements, progress records and other objects are dropped.
Sources: MS-PSRP §2.2.5 (serialization; _xHHHH_ stands for characters that XML can't have).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

_MARK = b"#< CLIXML"
_END = b"</Objs>"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_PREFIXES = {"warning": "WARNING: ", "verbose": "VERBOSE: ", "debug": "DEBUG: "}
_MOST = 16 * 1024 * 1024


class Decoder:
    """Gets a stream's pieces and gives back what is to be shown of them."""

    def __init__(self) -> None:
        self._pending = b""
        self._line_begins = True
        self._line_ends = False
        self._parser: ET.XMLPullParser[ET.Element] | None = None
        self._raw = b""
        self._depth = 0

    def feed(self, data: bytes) -> bytes:
        """What can be shown now."""
        self._pending += data
        shown = b""
        while True:
            piece, more = self._xml() if self._parser else self._plain()
            shown += piece
            if not more:
                return shown

    def finish(self) -> bytes:
        """What is left at the end of the stream; XML that broke off is shown as far as it goes."""
        rest, self._pending = self._pending, b""
        return b"" if self._parser else rest

    def _plain(self) -> tuple[bytes, bool]:
        """Pass on text up to a mark, keeping back what may become one. Line ends behind XML belong to it."""
        if self._line_ends:
            self._pending = self._pending.lstrip(b"\r\n")
            self._line_ends = not self._pending
        position = 0
        while True:
            at_begin = self._line_begins if position == 0 else True
            rest = self._pending[position:]
            if at_begin and rest.startswith(_MARK):
                shown = self._pending[:position]
                self._pending = rest[len(_MARK) :]
                self._parser, self._raw, self._depth = ET.XMLPullParser(("start", "end")), _MARK, 0
                return shown, True
            if at_begin and rest and _MARK.startswith(rest):
                shown, self._pending = self._pending[:position], rest
                self._line_begins = True
                return shown, False
            newline = self._pending.find(b"\n", position)
            if newline < 0:
                shown, self._pending = self._pending, b""
                self._line_begins = shown.endswith(b"\n") if shown else self._line_begins
                return shown, False
            position = newline + 1

    def _xml(self) -> tuple[bytes, bool]:
        end = self._pending.find(_END)
        keep = 0 if end >= 0 else _partial(self._pending, _END)
        cut = end + len(_END) if end >= 0 else len(self._pending) - keep
        data, self._pending = self._pending[:cut], self._pending[cut:]
        self._raw += data
        try:
            shown = self._parsed(data)
        except ET.ParseError:
            shown, self._parser, self._raw = self._raw, None, b""
            self._line_begins = shown.endswith(b"\n")
            return shown, bool(self._pending)
        if end >= 0:
            self._parser, self._raw, self._line_begins = None, b"", True
            self._line_ends = True
        return shown, end >= 0 and bool(self._pending)

    def _parsed(self, data: bytes) -> bytes:
        if self._parser is None or len(self._raw) > _MOST:
            raise ET.ParseError
        self._parser.feed(data)
        return b"".join(self._records(self._parser))

    def _records(self, parser: ET.XMLPullParser[ET.Element]) -> list[bytes]:
        """The records directly below the root that are complete now."""
        found = []
        events: Iterator[Any] = parser.read_events()
        for event, element in events:
            self._depth += 1 if event == "start" else -1
            if event == "end" and self._depth == 1:
                found.append(_shown(element).encode())
                self._raw = _MARK + b"\n"
                element.clear()
        return found


def _shown(element: ET.Element) -> str:
    """A record's text; "" for what is not for people (progress)."""
    kind = element.get("S", "").lower()
    name = element.tag.rpartition("}")[2]
    if name == "S":
        return _PREFIXES.get(kind, "") + _unescaped(element.text or "")
    if kind == "information":
        text = next((part.text for part in element.iter() if part.tag.rpartition("}")[2] == "ToString"), "")
        return _unescaped(text or "") + "\r\n"
    return ""


def _unescaped(text: str) -> str:
    return (
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )


def _partial(data: bytes, mark: bytes) -> int:
    """How many bytes at the end may be the begin of the mark."""
    return next((size for size in range(min(len(mark) - 1, len(data)), 0, -1) if data.endswith(mark[:size])), 0)
