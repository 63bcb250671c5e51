"""The programs of a guest, found by name as Windows finds them, and run in this process."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.disk import DiskError, File, absolute, base_name, join

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows

Program = Callable[["Windows", list[str], "Context", str], int]
"""Gets the machine, the arguments, the process and the arguments as they were written; returns the exit code."""


def known() -> dict[str, Program]:
    """All programs by the file they are in, without the ending."""
    from imagesmith_simulator.machines.windows.programs import information, power, services, shells, tools

    return {**information.PROGRAMS, **power.PROGRAMS, **services.PROGRAMS, **shells.PROGRAMS, **tools.PROGRAMS}


def resolve(windows: Windows, name: str, context: Context) -> str | None:
    """The path of what a name starts: in the current folder, then along PATH; None where nothing is."""
    lookup = {key.lower(): value for key, value in context.env.items()}
    endings = ["", *lookup.get("pathext", ".COM;.EXE;.BAT;.CMD").lower().split(";")]
    if "." not in base_name(name.replace("/", "\\")):
        endings = endings[1:]
    folders = [context.cwd]
    if not re.search(r"[\\/:]", name):
        folders += [folder for folder in lookup.get("path", "").split(";") if folder]
    for folder in folders:
        for ending in endings:
            try:
                path = absolute(name + ending, absolute(folder))
            except DiskError:
                continue
            if isinstance(windows.disk.find(path), File):
                return windows.disk.real_path(path)
    return None


def stem(path: str) -> str:
    """A program's name: the file's, without its ending."""
    return base_name(path).lower().rpartition(".")[0]


def base(path: str) -> str:
    """The name of a program's file."""
    return base_name(path)


def place(path: str, context: Context) -> str:
    """A path as a process means it. Raises `DiskError`."""
    return absolute(path, context.cwd)


def is_program(path: str) -> bool:
    """Whether a file is one of the programs that we know, and not somebody's own of the same name."""
    return path.lower().startswith("c:\\windows\\") and stem(path) in known()


def run(windows: Windows, path: str, raw: str, context: Context) -> int:
    """Run the program at a path with arguments as they are written."""
    if not is_program(path):
        text = f"{path} is no program that this simulated machine can run.\r\n"
        context.stderr.write(text.encode())
        return 1
    return known()[stem(path)](windows, split(raw), context, raw.strip())


def run_line(windows: Windows, line: str, context: Context) -> int:
    """Run a command line without cmd: a program's name, quoted or not, and its arguments."""
    found = re.match(r'\s*(?:"([^"]*)"|(\S+))', line)
    name = (found.group(1) or found.group(2)) if found else ""
    path = resolve(windows, name, context) if name else None
    if path is None:
        context.stderr.write(b"The system cannot find the file specified.\r\n")
        return 2
    rest = line[found.end() :] if found else ""
    if path.lower().endswith((".bat", ".cmd")) and not is_program(path):
        from imagesmith_simulator.machines.windows.cmd.interpreter import run_line as run_in_cmd

        return run_in_cmd(windows, f'"{path}"{rest}' if " " in path else path + rest, context)
    return run(windows, path, rest, context)


def split(raw: str) -> list[str]:
    """Arguments as the C runtime splits them: quotes group, a backslash before a quote keeps it."""
    arguments: list[str] = []
    current: list[str] = []
    quoted = started = False
    at = 0
    while at < len(raw):
        slashes = len(raw[at:]) - len(raw[at:].lstrip("\\"))
        if slashes and raw[at + slashes : at + slashes + 1] == '"':
            current.append("\\" * (slashes // 2))
            at += slashes
            if slashes % 2:
                current.append('"')
                at += 1
            started = True
            continue
        char = raw[at]
        at += 1
        if char == '"':
            quoted, started = not quoted, True
        elif char in " \t\r\n" and not quoted:
            if started:
                arguments.append("".join(current))
            current, started = [], False
        else:
            current.append(char)
            started = True
    return [*arguments, "".join(current)] if started else arguments


def write_line(context: Context, text: str = "") -> None:
    """Print a line."""
    context.stdout.write(f"{text}\r\n".encode(errors="replace"))


def fail(context: Context, text: str, code: int = 1) -> int:
    """Say what is wrong."""
    context.stderr.write(f"{text}\r\n".encode(errors="replace"))
    return code


__all__ = [
    "Program",
    "fail",
    "is_program",
    "join",
    "known",
    "resolve",
    "run",
    "run_line",
    "split",
    "stem",
    "write_line",
]
