"""What can be wrong with a Go template."""

from __future__ import annotations


class GoTemplateError(Exception):
    """The ``text`` can't be parsed or rendered; ``line`` and ``column`` count from 1 inside it."""

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "", text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class Failure(Exception):
    """The same before it is known where: ``at`` is the offset in the text, None where the caller knows better."""

    def __init__(self, message: str, at: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint


def located(failure: Failure, text: str) -> GoTemplateError:
    """The failure with line and column."""
    at = min(failure.at or 0, len(text))
    line = text.count("\n", 0, at) + 1
    return GoTemplateError(failure.message, line, at - (text.rfind("\n", 0, at) + 1) + 1, failure.hint, text)
