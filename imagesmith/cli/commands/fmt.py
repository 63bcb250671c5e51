"""``imagesmith fmt``: templates in their canonical layout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer
from imagesmith.errors import ImagesmithError, TemplateError, UsageError

if TYPE_CHECKING:
    from imagesmith.template.hcl2.formatting.files import Layout

_FLAGS = (
    Flag("check", "boolean", "Write nothing; exit with 3 if a file is not in the canonical layout.", False),
    Flag("diff", "boolean", "Show what changes, as a unified diff.", False),
    Flag("write", "boolean", "Write the files; -write=false only names those that would change.", True),
    Flag("recursive", "boolean", "Go into the folders of a folder, too.", False),
)


def _run(invocation: Invocation) -> int:
    parsed = invocation.parsed
    if not parsed.arguments:
        raise UsageError("no file or folder is given", hint="'imagesmith fmt .' takes the files of this folder")
    printer = Printer(invocation.program, invocation.machine_readable)
    errors: list[ImagesmithError] = []
    changed = False
    for path in _paths(parsed.arguments, parsed["recursive"], errors):
        try:
            changed |= _one(path, invocation, printer)
        except ImagesmithError as error:
            errors.append(error)
    for fault in _joined(errors):
        printer.error(fault)
    if errors:
        return 1
    return 3 if changed and parsed["check"] else 0


def _paths(arguments: tuple[str, ...], recursive: bool, errors: list[ImagesmithError]) -> Iterator[str]:
    """The files to lay out; what is wrong with an argument is noted and the others go on."""
    from imagesmith.template.hcl2.formatting.files import files_at

    for argument in arguments:
        try:
            yield from files_at(argument, recursive=recursive)
        except ImagesmithError as error:
            errors.append(error)


def _one(path: str, invocation: Invocation, printer: Printer) -> bool:
    """Lay out one file; whether that changes it. The name of a file is shown once its new text is safe on disk."""
    from imagesmith.template.hcl2.formatting.files import layout_of

    parsed = invocation.parsed
    layout = layout_of(path)
    writes = parsed["write"] and not parsed["check"]
    if path == "-":
        if writes and not parsed["diff"]:
            sys.stdout.buffer.write(layout.after.encode())
    elif layout.changes:
        if writes:
            layout.write()
        printer.result(path)
    if parsed["diff"] and layout.changes:
        printer.result(_difference(layout))
    return layout.changes


def _difference(layout: Layout) -> str:
    from imagesmith.template.hcl2.formatting.difference import unified_diff

    return unified_diff(layout.before.removeprefix("\ufeff"), layout.after, layout.path).removesuffix("\n")


def _joined(errors: list[ImagesmithError]) -> Iterator[ImagesmithError]:
    """The faults of all files as one error, so that they are shown together; then what else went wrong."""
    faults = [diagnostic for error in errors if isinstance(error, TemplateError) for diagnostic in error.diagnostics]
    if faults:
        yield TemplateError(faults)
    yield from (error for error in errors if not isinstance(error, TemplateError))


COMMAND = Command(
    "fmt",
    "fmt [FLAGS] PATH...",
    "Put HCL2 templates (.pkr.hcl) and variable files (.pkrvars.hcl) into the canonical layout: indentation, one space "
    "where one belongs, equals signs and comments below each other. Their meaning, comments and blank lines stay. A "
    "PATH is a file, a folder, or - for standard input, which is then laid out on standard output. The names of the "
    "files that change are printed. Exit codes: 0 done, 1 a file is wrong, 3 -check has found something.",
    _FLAGS,
    _run,
    ("fmt .", "fmt -check -diff -recursive templates", "fmt - < web.pkr.hcl"),
)
