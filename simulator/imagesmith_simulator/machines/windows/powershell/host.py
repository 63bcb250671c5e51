"""What powershell.exe prints: output as text, errors as text or as CLIXML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from imagesmith_simulator.machines.windows.powershell.layout import render
from imagesmith_simulator.machines.windows.powershell.values import DotNet, ErrorInfo, Record, Table
from imagesmith_simulator.machines.windows.processes import Context

_CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
_PROGRESS = (
    '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T>'
    '</TN><MS><I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil />'
    "<PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>"
)


class Host:
    """The console of one powershell.exe. With ``clixml`` everything but output is serialized, as over pipes it is."""

    def __init__(self, context: Context, *, clixml: bool) -> None:
        self._context = context
        self._clixml = clixml
        self._records: list[str] = []
        self._waiting: list[Any] = []

    def output(self, value: Any) -> None:
        """Print a value; objects that are shown as a table wait for their like."""
        if isinstance(value, Record | Table | DotNet) and not getattr(value, "plain", False):
            self._waiting.append(value)
            return
        self.flush()
        for line in render([value]):
            self.line(line)

    def flush(self) -> None:
        """Print what waits."""
        waiting, self._waiting = self._waiting, []
        for line in render(waiting):
            self.line(line)

    def line(self, text: str, *, end: str = "\r\n") -> None:
        """Print a text."""
        self._context.stdout.write(
            (text.replace("\n", "\r\n").replace("\r\r\n", "\r\n") + end).encode(errors="replace")
        )

    def error(self, info: ErrorInfo) -> None:
        """Show an error."""
        self.flush()
        for line in describe(info):
            self._write("Error", line)

    def warning(self, text: str) -> None:
        """Show a warning; a console has them on its output."""
        self._other("warning", f"WARNING: {text}", text)

    def verbose(self, text: str) -> None:
        """Show a verbose message."""
        self._other("verbose", f"VERBOSE: {text}", text)

    def _other(self, stream: str, shown: str, text: str) -> None:
        self.flush()
        if self._clixml:
            self._write(stream, text, end="")
        else:
            self.line(shown)

    def _write(self, stream: str, line: str, *, end: str = "\r\n") -> None:
        if self._clixml:
            self._records.append(f'<S S="{stream}">{_escaped(line + end)}</S>')
        else:
            self._context.stderr.write((line + end).encode(errors="replace"))

    def progress(self) -> None:
        """What is told when the first module is loaded."""
        if self._clixml and _PROGRESS not in self._records:
            self._records.insert(0, _PROGRESS)

    def close(self) -> None:
        """Print what is left."""
        self.flush()
        if self._records:
            text = "#< CLIXML\r\n" + _CLIXML + "".join(self._records) + "</Objs>"
            self._context.stderr.write(text.encode())


def describe(info: ErrorInfo) -> list[str]:
    """An error's lines as the console shows them."""
    command = f"{info.command} : " if info.command else ""
    target = info.target if isinstance(info.target, str) else ""
    category = f"{info.category}: ({target}:) [{info.command}], {info.exception.rpartition('.')[2]}"
    return [
        *f"{command}{info.message}".split("\n"),
        f"At line:{info.line or 1} char:1",
        f"    + CategoryInfo          : {category}",
        f"    + FullyQualifiedErrorId : {info.identity or info.exception.rpartition('.')[2]}",
        " ",
    ]


def _escaped(text: str) -> str:
    return re.sub(
        r"[\x00-\x1f\x7f]", lambda found: f"_x{ord(found.group(0)):04X}_", escape(text.replace("_x", "_x005F_x"))
    )


Printer = Callable[[Any], None]
