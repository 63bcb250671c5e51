r"""Packer's machine-readable output: ``timestamp,target,type,data…``, one record a line.

In data a comma is ``%!(PACKER_COMMA)``, a line end is ``\n`` and a carriage return is ``\r``. The target is empty but
for what concerns one build.
"""

from __future__ import annotations

import time
from typing import TextIO

from imagesmith.ui.lines import Datum, Told
from imagesmith.ui.plain import LineSurface


def encode(at: float, target: str, kind: str, *fields: str) -> str:
    """One record, without its line end."""
    return ",".join([str(int(at)), _escape(target), kind, *map(_escape, fields)])


def ui_line(channel: str, text: str, at: float | None = None) -> str:
    """The record of a line that people would see."""
    return encode(time.time() if at is None else at, "", "ui", channel, text)


def _escape(text: str) -> str:
    return text.replace(",", "%!(PACKER_COMMA)").replace("\r", "\\r").replace("\n", "\\n")


class MachineReadable(LineSurface):
    """Writes the records of a run as they come."""

    def __init__(self, stream: TextIO, *, debug: bool = False) -> None:
        super().__init__(stream, debug=debug)

    def _put(self, told: Told, at: float) -> None:
        if isinstance(told, Datum):
            self._write(encode(at, told.target, told.type, *told.fields))
        else:
            self._write(ui_line(told.channel, told.text, at))
