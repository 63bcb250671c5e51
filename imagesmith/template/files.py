"""Reading templates and variable files, with errors that say what to do."""

from __future__ import annotations

import sys
from pathlib import Path

from imagesmith.errors import Diagnostic, Location, TemplateError, UsageError

LARGEST = 16 << 20
"""The largest file that is taken for a template, in bytes."""


_kept: dict[str, str] = {}


def stdin_text() -> str:
    """What was last read from standard input, which can't be read again to show a line of it."""
    return _kept.get("<stdin>", "")


def read_text(path: str, what: str = "template") -> str:
    """The text of a UTF-8 file, or of standard input for ``-``. ``what`` names the kind of file in errors.

    Raises `UsageError` for a file that can't be read and `TemplateError` for one that is not UTF-8.
    """
    try:
        if path == "-":
            content = sys.stdin.buffer.read(LARGEST + 1)
            _kept["<stdin>"] = content.decode("utf-8", "replace").removeprefix("\ufeff")
        else:
            with Path(path).open("rb") as file:
                content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UsageError(
            f"the {what} {path} does not exist", hint="check the path; it is relative to the current folder"
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, a {what} is wanted") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"the {what} {path} can't be read: {reason}") from None
    if len(content) > LARGEST:
        raise UsageError(f"the {what} {path} is larger than {LARGEST >> 20} MiB")
    return _decoded(content, path, what)


def _decoded(content: bytes, path: str, what: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        place = Location("<stdin>" if path == "-" else path, line, column)
        hint = "Save it as UTF-8"
        raise TemplateError([Diagnostic(f"the {what} is not UTF-8 text", hint=hint, location=place)]) from None
