"""Our PowerShell scripts as command lines.

A script goes as -EncodedCommand: no file, no quoting, no execution policy. ``-InputFormat None`` keeps PowerShell from
reading standard input, which is the script's own; ``-OutputFormat Text`` makes errors plain text.
"""

from __future__ import annotations

import base64
import functools
import re
from importlib.resources import files

CONSTRAINED = 95
DAMAGED = 96
"""Exit codes of the scripts, see opening.ps1 and receive.ps1."""

_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_VARIABLE = re.compile(r"%([^%\\/:*?\"<>|]+)%|\$env:(\w+)|\$\{env:(\w+)\}", re.IGNORECASE)


def literal(text: str) -> str:
    """A text as PowerShell writes it, in single quotes; it takes typographic ones for those, too."""
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"


def path(text: str) -> str:
    r"""A path as a PowerShell expression.

    ``/`` becomes ``\``; ``%NAME%``, ``$env:NAME`` and a leading ``~`` are the guest's own.
    """
    text = text.strip("\"'").replace("/", "\\")
    if text == "~" or text.startswith("~\\"):
        text = "%USERPROFILE%" + text[1:]
    parts = []
    position = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > position:
            parts.append(literal(text[position : found.start()]))
        name = next(name for name in found.groups() if name)
        parts.append(f"$env:{name}" if re.fullmatch(r"\w+", name) else f"${{env:{name}}}")
        position = found.end()
    if position < len(text) or not parts:
        parts.append(literal(text[position:]))
    return parts[0] if len(parts) == 1 else " + ".join(parts)


def script(name: str, /, **told: str) -> str:
    """The command line that runs one of our scripts. What it is told are PowerShell expressions."""
    constrained = name.startswith("constrained")
    body = _text(name) if constrained else _text("opening") + _text(name)
    assignments = "".join(f"${key} = {value}\n" for key, value in told.items())
    return command(assignments + body, reads_input=constrained)


def command(text: str, *, reads_input: bool = False) -> str:
    """The command line that runs this text. ``reads_input``: PowerShell reads standard input as ``$input``."""
    source = "Text" if reads_input else "None"
    encoded = base64.b64encode(text.encode("utf-16-le")).decode()
    return (
        f"powershell.exe -NoProfile -NonInteractive -InputFormat {source} -OutputFormat Text -EncodedCommand {encoded}"
    )


@functools.cache
def _text(name: str) -> str:
    """A script without its comments and indentation: a command line of cmd.exe has 8191 characters at most."""
    text = (files("imagesmith_winrm") / "scripts" / f"{name}.ps1").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
