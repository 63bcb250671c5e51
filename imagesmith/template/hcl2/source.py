"""The text of one file, and where in it something stands."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from functools import cached_property

from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.template.hcl2.graphemes import count

_FAR = 200
_PLAIN_PAIR = re.compile(r"[ -~]{2}")


class Source:
    """A file's name and text; turns offsets into lines and columns (both from 1, columns in visible characters)."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._counted = (-1, 0)

    @cached_property
    def _line_starts(self) -> Sequence[int]:
        starts = [1 if self.text.startswith("\ufeff") else 0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    def location(self, offset: int) -> Location:
        """The line and column of a character."""
        line = max(bisect.bisect_right(self._line_starts, offset), 1)
        start = self._line_starts[line - 1]
        if self._plain:
            return Location(self.name, line, offset - start + 1)
        return Location(self.name, line, self._column(start, offset))

    @cached_property
    def _plain(self) -> bool:
        """Whether each character is one column."""
        return self.text.isascii() and "\r" not in self.text

    def _column(self, start: int, offset: int) -> int:
        """The column, counted on from the last one that was asked for on this line, so that long lines stay cheap."""
        known, column = self._counted if start <= self._counted[0] <= offset else (start, 0)
        # Only between plain characters is it sure that what stands left and right are characters of their own.
        sure = known
        if offset - known > _FAR:
            sure = next((at for at in range(offset, known, -1) if _PLAIN_PAIR.match(self.text, at - 1)), known)
            column += count(self.text[known:sure])
            self._counted = (sure, column)
        return column + count(self.text[sure:offset]) + 1

    def inner(self, offset: int, text: str) -> Source:
        """A text that is read by itself but stands at this place; its faults are shown there."""
        before = self.text[:offset]
        padding = "\n" * before.count("\n") + " " * (len(before) - before.rfind("\n") - 1)
        return Source(self.name, padding + text)


def failure(summary: str, detail: str = "", hint: str = "", location: Location | None = None) -> TemplateError:
    """One fault as an error that can be raised or collected."""
    return TemplateError([Diagnostic(summary, detail, hint, location)])
