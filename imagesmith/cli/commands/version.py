"""``imagesmith version``."""

from __future__ import annotations

from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.version_text import show_version


def _run(invocation: Invocation) -> int:
    return show_version(invocation.program, machine_readable=invocation.machine_readable)


COMMAND = Command("version", "version", "Show the version of imagesmith and of the templates that it reads.", (), _run)
