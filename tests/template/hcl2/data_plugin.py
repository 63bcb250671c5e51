"""Data sources as somebody else may write them, well and badly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from imagesmith.errors import NotFound
from imagesmith.interfaces import DataContext, Output
from imagesmith.options import Options, option


class Shapes(Options):
    """Gives one value of every kind."""

    outputs: ClassVar[tuple[Output, ...]] = (
        Output("text", "string", "Text."),
        Output("size", "number", "A number."),
        Output("truth", "bool", "A truth."),
        Output("list", "list(string)", "A list."),
        Output("table", 'list(object({ a = number, b = optional(string, "x") }))', "Objects."),
        Output("free", "any", "Anything."),
    )

    token: str = option(default="", doc="A secret.", secret=True)
    fault: str = option(default="", doc="What goes wrong.")

    def read(self, context: DataContext) -> Mapping[str, object]:
        context.warn("be warned")
        if self.fault == "cloud":
            hint = "ask for it"
            raise NotFound(
                f"not there with {self.token}", action="Describe", code="NotFound.X", request_id="R-1", hint=hint
            )
        if self.fault == "defect":
            raise ZeroDivisionError(f"with {self.token}")
        found = {
            "text": 5,
            "size": "20",
            "truth": "true",
            "list": ("a", "b"),
            "table": [{"a": "1"}],
            "free": {"k": [1]},
        }
        return found | ({"size": "many"} if self.fault == "type" else {})
