"""powershell.exe's own command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows


def run(windows: Windows, arguments: list[str], context: Context) -> int:
    """Refuse: the interpreter is not there yet."""
    context.stderr.write(b"powershell is not there yet\r\n")
    return 1
