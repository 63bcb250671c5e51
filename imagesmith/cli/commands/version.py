"""``imagesmith version``."""

from __future__ import annotations

import time

from imagesmith.cli.command import Command, Invocation
from imagesmith.version import PACKER_VERSION, __version__


def version_line(program: str) -> str:
    """One line; called as ``packer`` it is the line that scripts look for."""
    if program == "packer":
        return f"Packer v{PACKER_VERSION}"
    return f"imagesmith {__version__} (Packer {PACKER_VERSION.rpartition('.')[0]} templates)"


def _run(invocation: Invocation) -> int:
    line = version_line(invocation.program)
    if not invocation.machine_readable:
        print(line)  # noqa: T201
        return 0
    from imagesmith.ui.machine_readable import encode, ui_line

    now = time.time()
    number = PACKER_VERSION if invocation.as_packer else __version__
    # "prelease" is how Packer spells it.
    for kind, text in (("version", number), ("version-prelease", ""), ("version-commit", "")):
        print(encode(now, "", kind, text))  # noqa: T201
    print(ui_line("say", line, now))  # noqa: T201
    return 0


COMMAND = Command("version", "version", "Show the version of imagesmith and of the templates that it reads.", (), _run)
