"""What ``console`` shows beside results: its help, and faults with a caret under their place in the line."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith import console
from imagesmith.cli.report import describe_all
from imagesmith.errors import Diagnostic, TemplateError

_HCL2 = """Type an expression to see its value, for example upper("a"), [for x in [1, 2] : x * 2],
or var.NAME and local.NAME of the template that the console was called with."""
_JSON = """Type text with {{ }} to see what it becomes, for example {{timestamp}} or {{upper `a`}},
or {{user `NAME`}} with a variable of the template that the console was called with.
Call the console with -config-type=hcl2 to try HCL2 expressions without a template."""
_BOTH = """
variables   shows all variables with their values
help        shows this
exit        ends the session, as Ctrl-D does; Ctrl-C clears the line
Tab         completes names; the arrow keys walk through earlier lines"""


def help_text(language: str, program: str) -> str:
    """What can be typed."""
    title = f"{program} console, {'HCL2' if language == 'hcl2' else 'JSON'} mode"
    more = "\nAn expression goes on in the next line while a bracket is open." if language == "hcl2" else ""
    return f"{title}\n\n{_HCL2 if language == 'hcl2' else _JSON}\n{_BOTH}{more}"


def problem_lines(error: TemplateError, text: str) -> list[str]:
    """The lines that show what is wrong with a text."""
    return [line for diagnostic in error.diagnostics for line in _problem(diagnostic, text)]


def _problem(diagnostic: Diagnostic, text: str) -> Iterator[str]:
    place = diagnostic.location
    if place is None or place.file != console.PLACE:
        yield from describe_all([diagnostic])
        return
    yield f"{diagnostic.severity.capitalize()}: {diagnostic.summary}"
    rows = text.split("\n")
    if 0 < place.line <= len(rows):
        row, column = _cut(rows[place.line - 1].expandtabs(1), max(place.column - 1, 0))
        number = str(place.line) if len(rows) > 1 else ""
        yield f"  {number}| {row}"
        yield f"  {' ' * len(number)}| {' ' * column}^"
    for part in (diagnostic.detail, diagnostic.hint):
        yield from (f"  {line}" for line in part.splitlines())


def _cut(row: str, column: int, widest: int = 100) -> tuple[str, int]:
    """The part of a long line around the column, and the column in it."""
    start = max(column - widest // 2, 0) if len(row) > widest else 0
    return row[start : start + widest], column - start
