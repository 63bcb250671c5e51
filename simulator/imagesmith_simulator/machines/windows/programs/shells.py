"""cmd.exe and powershell.exe as programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.programs import Program

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows


def _cmd(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    """``cmd [/s] [/v:on] [/q] [/d] /c COMMAND``; without a command lines are read from the input."""
    from imagesmith_simulator.machines.windows.cmd.interpreter import run_line, run_lines

    found = re.match(r"\s*((?:/[a-z](?::\w+)?\s*)*?)/[ck]\s*(.*)$", raw, re.IGNORECASE | re.DOTALL)
    delayed = bool(found and re.search(r"/v(?::on)?(?:\s|$)", found.group(1), re.IGNORECASE))
    if found:
        return run_line(windows, found.group(2), context, delayed=delayed)
    return run_lines(windows, context)


def _powershell(windows: Windows, arguments: list[str], context: Context, raw: str) -> int:
    from imagesmith_simulator.machines.windows.powershell.command_line import run

    return run(windows, arguments, context)


PROGRAMS: dict[str, Program] = {"cmd": _cmd, "powershell": _powershell}
