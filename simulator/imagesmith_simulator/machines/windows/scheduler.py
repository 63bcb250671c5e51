"""The task scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows import programs
from imagesmith_simulator.machines.windows.installation import READY, RUNNING, Task
from imagesmith_simulator.machines.windows.processes import Process
from imagesmith_simulator.machines.windows.streams import Nothing

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.windows import Windows

_RUNNING_NOW = 0x41301
_TERMINATED = 0x41306


def names(windows: Windows) -> dict[str, Task]:
    """The tasks by their names in lower case."""
    return {name.lower(): task for name, task in windows.installation.tasks.items()}


def start(windows: Windows, task: Task) -> None:
    """Run a task now, as its user, without anybody's streams."""
    if task.state == RUNNING:
        return
    context = windows.context(task.user, Nothing(), Nothing(), Nothing())
    context.cwd = task.folder or "C:\\Windows\\system32"
    context.elevated = task.highest or task.user == "SYSTEM"
    task.state, task.last_result = RUNNING, _RUNNING_NOW
    line = f'"{task.command}" {task.arguments}'
    process = windows.processes.start(_name(task), lambda ctx: programs.run_line(windows, line, ctx), context)

    def ended() -> None:
        if task.state == RUNNING:
            task.last_result = (process.exit_code or 0) & 0xFFFFFFFF
            task.state = READY

    process.on_exit.append(ended)
    if process.done.is_set():
        ended()


def stop(windows: Windows, task: Task) -> None:
    """End a task that runs."""
    if task.state != RUNNING:
        return
    for process in _processes(windows, task):
        process.end(_TERMINATED)
    task.state, task.last_result = READY, _TERMINATED


def _name(task: Task) -> str:
    return f"task {task.name}"


def _processes(windows: Windows, task: Task) -> list[Process]:
    return [process for process in windows.processes.running() if process.name == _name(task)]
