"""How an error is shown: what happened, where, the line with a caret, and what to do. Once, and on one screen."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imagesmith import redact
from imagesmith.errors import BuildsFailed, CloudError, Diagnostic, ImagesmithError, Location, TemplateError, UsageError
from imagesmith.ui import wants_colour
from imagesmith.ui.excerpt import excerpt

if TYPE_CHECKING:
    from imagesmith.ui.lines import Channel

    Record = Callable[[str, Channel], None]
    """Takes a text that belongs to no build, for structured outputs: `imagesmith.ui.Surface.notice`."""

_IN_FULL = 6
"""How many diagnostics are shown with their source line; the others get one line each, to stay on one screen."""

_AT_MOST = 24
"""How many diagnostics are shown at all; ``-log-format=json`` shows every one."""


class Printer:
    """Shows what is not an event of a build.

    Errors and warnings go to stderr; called as ``packer`` to stdout, where Packer's scripts look for them; in a
    structured output (``-machine-readable``, JSON) they are records of it. ``json_lines``: one JSON object for each
    diagnostic on stdout and nothing else.
    """

    def __init__(
        self,
        program: str,
        machine_readable: bool = False,
        *,
        record: Record | None = None,
        colour: bool | None = None,
        json_lines: bool = False,
    ) -> None:
        self.json_lines = json_lines
        self._program = program
        self._machine_readable = machine_readable
        self._record = record
        self._colour = colour

    def error(self, error: ImagesmithError) -> None:
        """Show an error."""
        if self.json_lines:
            self._records(as_diagnostics(error))
            return
        self._show(describe(error, self._program), "error")

    def diagnostics(self, found: Sequence[Diagnostic]) -> None:
        """Show warnings about a template."""
        if self.json_lines:
            self._records(found)
        elif found:
            self._show(describe_all(found), "say")

    def lines(self, lines: Sequence[str]) -> None:
        """Show a fault that somebody else has described."""
        self._show(lines, "error")

    def notices(self, notices: Sequence[str]) -> None:
        """Show remarks about the command line."""
        if self.json_lines:
            self._records([Diagnostic(notice, severity="warning") for notice in notices])
            return
        for notice in notices:
            self._show([f"Warning: {notice}"], "say")

    def result(self, text: str) -> None:
        """Show what was asked for, on stdout; JSON has diagnostics only."""
        if self.json_lines:
            return
        if self._machine_readable:
            self._show([text], "say")
        else:
            _write(redact.mask(text), sys.stdout)

    def defect(self, error: BaseException, where: Path | None) -> None:
        """Show that imagesmith itself is at fault, and where the report is."""
        lines = [f"Error: this is a defect in imagesmith ({type(error).__name__})"]
        if where:
            lines.append(f"  A report without secrets is in {where}; please pass it on.")
        else:
            lines.append("  No report could be written; set PACKER_LOG=1 and try again to see more.")
        self._show(lines, "error")

    def _records(self, found: Sequence[Diagnostic]) -> None:
        from imagesmith.ui.diagnostic_record import encode

        for one in found:
            _write(encode(one), sys.stdout)

    def _show(self, lines: Sequence[str], channel: Channel) -> None:
        text = redact.mask("\n".join(lines))
        if self._record is not None:
            self._record(text, channel)
        elif self._machine_readable:
            from imagesmith.ui.machine_readable import ui_line

            _write(ui_line(channel, text), sys.stdout)
        else:
            stream = sys.stdout if self._program == "packer" else sys.stderr
            _write(_paint(text) if wants_colour(self._colour, stream, os.environ) else text, stream)


def _paint(text: str) -> str:
    """The words that tell errors from warnings, and the caret, in colour."""
    text = re.sub(r"^Error:", "\x1b[1;31mError:\x1b[0m", text, flags=re.MULTILINE)
    text = re.sub(r"^Warning:", "\x1b[1;33mWarning:\x1b[0m", text, flags=re.MULTILINE)
    return re.sub(r"^( +\| *)\^$", "\\1\x1b[1;31m^\x1b[0m", text, flags=re.MULTILINE)


def _write(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except OSError:
        return


def describe(error: ImagesmithError, program: str = "imagesmith") -> list[str]:
    """The lines that show an error, not yet masked."""
    if isinstance(error, TemplateError):
        return describe_all(error.diagnostics)
    if isinstance(error, BuildsFailed):
        return [line for name, one in error.errors.items() for line in _plain(one, f"{name}: ")]
    lines = list(_plain(error))
    if isinstance(error, UsageError) and not error.hint:
        lines.append(f"  '{program} -help' shows how it is called.")
    return lines


def as_diagnostics(error: ImagesmithError) -> Sequence[Diagnostic]:
    """An error as what a template's faults are told in."""
    if isinstance(error, TemplateError):
        return error.diagnostics
    return [Diagnostic(_sentence(error), hint=error.hint, location=error.location)]


def _plain(error: ImagesmithError, prefix: str = "") -> Iterator[str]:
    yield f"Error: {prefix}{_sentence(error)}"
    yield from _below(error.location, error.hint)


def _sentence(error: ImagesmithError) -> str:
    if not isinstance(error, CloudError):
        return error.message
    facts = ", ".join(part for part in (error.code, error.request_id and f"request id {error.request_id}") if part)
    action = f"{error.action}: " if error.action else ""
    return f"{action}{error.message}" + (f" [{facts}]" if facts else "")


def _below(location: Location | None, hint: str, detail: str = "") -> Iterator[str]:
    if location is not None:
        yield from excerpt(location)
    for text in (detail, hint):
        if text:
            yield from (f"  {line}" for line in _capital(text).splitlines())


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text[:1].islower() and text.split(" ", 1)[0].isalpha() else text


def describe_all(found: Sequence[Diagnostic]) -> list[str]:
    """The lines that show diagnostics: errors first, the first few in full, and how many there are more."""
    ordered = sorted(found, key=lambda one: one.severity != "error")
    lines: list[str] = []
    for index, one in enumerate(ordered[:_AT_MOST]):
        title = f"{one.severity.capitalize()}: {one.summary}"
        if index < _IN_FULL:
            lines += ([""] if index else []) + [title, *_below(one.location, one.hint, one.detail)]
        else:
            lines += ([""] if index == _IN_FULL else []) + [f"{title}  ({one.location})" if one.location else title]
    if len(ordered) > _AT_MOST:
        lines.append(f"… and {len(ordered) - _AT_MOST} more; 'validate -log-format=json' shows all")
    return lines
