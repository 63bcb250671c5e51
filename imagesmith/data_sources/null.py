"""``null``: gives back what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from imagesmith.interfaces import DataContext, Output
from imagesmith.options import Options, option


class Null(Options):
    """A value that is computed once. Template name: ``null``."""

    outputs: ClassVar[tuple[Output, ...]] = (Output("output", "string", "The input."),)

    input: str = option(default="", doc="Any text.")

    def read(self, context: DataContext) -> Mapping[str, object]:
        return {"output": self.input}
