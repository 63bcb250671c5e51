"""A stream of bytes as lines for people.

As Packer shows them: text before a line's last carriage return has been overwritten and is dropped, space at the end
is trimmed. A line that never ends is cut into pieces.
"""

from __future__ import annotations

from collections.abc import Callable

LONGEST = 64 * 1024


class LineSplitter:
    """Gets chunks of bytes, calls ``emit`` with each line; undecodable bytes become U+FFFD."""

    def __init__(self, emit: Callable[[str], None], *, longest: int = LONGEST) -> None:
        self._emit = emit
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take more of the stream; ``longest`` counts bytes."""
        *complete, rest = (self._rest + data).split(b"\n")
        for line in complete:
            self._emit_pieces(line)
        if len(rest) > self._longest:
            rest = rest[rest.rfind(b"\r", 0, len(rest.rstrip(b"\r"))) + 1 :]
            while len(rest) > self._longest:
                cut = _character_border(rest, self._longest)
                self._emit(_text(rest[:cut]))
                rest = rest[cut:]
        self._rest = rest

    def finish(self) -> None:
        """The stream has ended: give out a last line that has no line end."""
        if self._rest:
            self._emit_pieces(self._rest)
            self._rest = b""

    def _emit_pieces(self, line: bytes) -> None:
        line = _visible(line)
        while len(line) > self._longest:
            cut = _character_border(line, self._longest)
            self._emit(_text(line[:cut]))
            line = line[cut:]
        self._emit(_text(line).rstrip())


def _visible(line: bytes) -> bytes:
    """What is left on the screen: the part after the last carriage return that is followed by something."""
    return line.rstrip(b" \t\r\n\v\f").rpartition(b"\r")[2]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _character_border(line: bytes, position: int) -> int:
    """The last place up to ``position`` that is not inside a UTF-8 character."""
    for back in range(4):
        if position - back > 0 and line[position - back] & 0xC0 != 0x80:
            return position - back
    return position
