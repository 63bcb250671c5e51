"""The text of one file, and where in it something stands."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from functools import cached_property

from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.template.hcl2.graphemes import count


class Source:
    """A file's name and text; turns offsets into lines and columns (both from 1, columns in visible characters)."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

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
        return Location(self.name, line, count(self.text[start:offset]) + 1)

    def inner(self, offset: int, text: str) -> Source:
        """A text that is read by itself but stands at this place; its faults are shown there."""
        before = self.text[:offset]
        padding = "\n" * before.count("\n") + " " * (len(before) - before.rfind("\n") - 1)
        return Source(self.name, padding + text)


def failure(summary: str, detail: str = "", hint: str = "", location: Location | None = None) -> TemplateError:
    """One fault as an error that can be raised or collected."""
    return TemplateError([Diagnostic(summary, detail, hint, location)])
