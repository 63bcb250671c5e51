"""What cmd puts in place of ``%NAME%``, ``%1``, ``%~dp0``, ``!NAME!`` and loop variables."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, File, absolute

_ARGUMENT = re.compile(r"%(?:~([a-z]*))?([0-9])|%\*", re.IGNORECASE)
_VARIABLE = re.compile(r"%([^%\n:]+)(?::([^%\n]*))?%")
_DELAYED = re.compile(r"!([^!\n:]+)(?::([^!\n]*))?!")
_SUBSTRING = re.compile(r"~(-?\d+)?(?:,(-?\d+))?")


@dataclass
class Scope:
    """What names mean at one place of a batch file or command line."""

    env: dict[str, str]
    cwd: str
    error_level: int = 0
    arguments: Sequence[str] = ()
    in_batch: bool = False
    delayed: bool = False
    loops: dict[str, str] = field(default_factory=dict)

    def lookup(self, name: str) -> str | None:
        """A variable's value, dynamic ones included; None where it is not set."""
        wanted = name.lower()
        for key, value in self.env.items():
            if key.lower() == wanted:
                return value
        return self._dynamic(wanted)

    def _dynamic(self, name: str) -> str | None:
        now = time.localtime()
        values = {
            "cd": self.cwd,
            "errorlevel": str(self.error_level),
            "date": time.strftime("%a %m/%d/%Y", now),
            "time": time.strftime("%H:%M:%S", now).rjust(8) + ".00",
            "random": str(random.randrange(32768)),  # noqa: S311 - what scripts name their files after
            "cmdextversion": "2",
        }
        return values.get(name)


def expand(line: str, scope: Scope, disk: Disk) -> str:
    """Replace everything that begins with ``%``, as is done before a line is read."""
    out: list[str] = []
    at = 0
    while at < len(line):
        if line[at] != "%":
            following = line.find("%", at)
            following = len(line) if following < 0 else following
            out.append(line[at:following])
            at = following
            continue
        if scope.in_batch and line.startswith("%%", at):
            out.append("%")
            at += 2
            continue
        text, at = _one(line, at, scope, disk)
        out.append(text)
    return "".join(out)


def _one(line: str, at: int, scope: Scope, disk: Disk) -> tuple[str, int]:
    argument = _ARGUMENT.match(line, at) if scope.in_batch else None
    if argument:
        return _argument(argument, scope, disk), argument.end()
    variable = _VARIABLE.match(line, at)
    if variable:
        value = scope.lookup(variable.group(1))
        if value is not None:
            return _edited(value, variable.group(2)), variable.end()
        if scope.in_batch:
            return "", variable.end()
    return ("" if scope.in_batch else "%"), at + 1


def _argument(found: re.Match[str], scope: Scope, disk: Disk) -> str:
    if found.group(2) is None:
        return " ".join(scope.arguments[1:])
    number = int(found.group(2))
    value = scope.arguments[number] if number < len(scope.arguments) else ""
    return value if found.group(1) is None else modified(value, found.group(1), scope.cwd, disk)


def expand_delayed(text: str, scope: Scope) -> str:
    """Replace ``!NAME!``, where that is switched on."""
    if not scope.delayed or "!" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        return _edited(scope.lookup(found.group(1)) or "", found.group(2))

    return _DELAYED.sub(value, text)


def expand_loops(text: str, loops: Mapping[str, str], cwd: str, disk: Disk) -> str:
    """Replace the variables of the loops around a command."""
    if not loops or "%" not in text:
        return text
    names = "".join(re.escape(name) for name in loops)

    def value(found: re.Match[str]) -> str:
        kept = loops[found.group(2)]
        return kept if found.group(1) is None else modified(kept, found.group(1), cwd, disk)

    return re.sub(rf"%(?:~([a-z]*?))?([{names}])", value, text)


def modified(value: str, modifiers: str, cwd: str, disk: Disk) -> str:
    """``%~dpnxsfatz``: without quotes, and as the path, name, size or date of a file."""
    bare = value.strip('"')
    wanted = modifiers.lower()
    if not wanted:
        return bare
    try:
        path = disk.real_path(absolute(bare, cwd))
    except DiskError:
        return bare
    folder, _, name = path.rpartition("\\")
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if dot else (name, "")
    if "z" in wanted:
        found = disk.find(path)
        return str(len(found.data)) if isinstance(found, File) else ""
    if "f" in wanted:
        return path
    drive = path[:2] if "d" in wanted else ""
    directory = folder[2:] + "\\" if "p" in wanted else ""
    return drive + directory + (stem if "n" in wanted else "") + (extension if "x" in wanted else "")


def _edited(value: str, edit: str | None) -> str:
    """``:~start,length`` and ``:old=new``."""
    if not edit:
        return value
    if found := _SUBSTRING.fullmatch(edit):
        start = int(found.group(1) or 0)
        start = max(0, len(value) + start) if start < 0 else start
        if found.group(2) is None:
            return value[start:]
        length = int(found.group(2))
        return value[start : len(value) + length] if length < 0 else value[start : start + length]
    old, equals, new = edit.partition("=")
    if not equals or not old:
        return value
    if old.startswith("*"):
        at = value.lower().find(old[1:].lower())
        return value if at < 0 else new + value[at + len(old) - 1 :]
    return re.sub(re.escape(old), lambda _: new, value, flags=re.IGNORECASE)
