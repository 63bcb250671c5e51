r"""Paths of all drives: files, ``Env:``, ``Variable:``, ``HKLM:\``, ``WSMan:\``, ``Cert:\``, ``Function:``."""

from __future__ import annotations

import re
from typing import Any

from imagesmith_simulator.machines.windows.disk import Folder, join
from imagesmith_simulator.machines.windows.files import matches
from imagesmith_simulator.machines.windows.powershell.cmdlets import Call
from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full
from imagesmith_simulator.machines.windows.powershell.members import get_member
from imagesmith_simulator.machines.windows.powershell.values import text

_DRIVE = re.compile(
    r"(?:Microsoft\.PowerShell\.Core\\\w+::)?(env|variable|hklm|hkcu|wsman|cert|function|hkey_local_machine)(?::|(?=\\))\\?(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_WILDCARD = re.compile(r"[*?\[\]]")


def drive(path: str) -> tuple[str, str]:
    """A path's drive, in lower case, and the rest; ("", path) for files."""
    found = _DRIVE.match(path)
    if not found:
        return "", path.removeprefix("Microsoft.PowerShell.Core\\FileSystem::")
    name = found.group(1).lower()
    return ("hklm" if name.startswith("hkey_local") else name), found.group(2)


def path_of(call: Call, value: Any) -> str:
    """The path that a value stands for: of a file object its full name."""
    named = get_member(call.engine, value, "FullName") if not isinstance(value, str) else None
    return text(named if named is not None else value)


def chosen(call: Call, pattern: str, literal: str, *, missing_ok: bool = False) -> list[str]:
    """The existing files and folders that parameters or the pipeline name; others are errors of the cmdlet."""
    if literal in call.values:
        subjects, exact = [call.get(literal)] if isinstance(call.get(literal), str) else call.subjects(literal), True
    else:
        subjects, exact = call.subjects(pattern), False
    found: list[str] = []
    for value in subjects:
        written = drive(path_of(call, value))[1]
        path = full(call.engine, written)
        several = [] if exact or not isinstance(value, str) else expand(call, path)
        if call.engine.windows.disk.find(path):
            found.append(call.engine.windows.disk.real_path(path))
        elif several or (not exact and _WILDCARD.search(written)):
            found += several
        elif not missing_ok:
            call.error(
                f"Cannot find path '{path}' because it does not exist.",
                "System.Management.Automation.ItemNotFoundException",
                identity=f"PathNotFound,Microsoft.PowerShell.Commands.{call.cmdlet.name.replace('-', '')}Command",
                category="ObjectNotFound",
            )
    return found


def expand(call: Call, path: str) -> list[str]:
    """The paths that fit a pattern, which may have wildcards in every part."""
    disk = call.engine.windows.disk
    found = ["C:\\"]
    for part in [part for part in path[3:].split("\\") if part]:
        deeper: list[str] = []
        for folder in found:
            if not isinstance(disk.find(folder), Folder):
                continue
            if _WILDCARD.search(part):
                deeper += [join(folder, node.name) for node in disk.list(folder) if fits(node.name, part)]
            elif disk.find(join(folder, part)):
                deeper.append(join(folder, part))
        found = deeper
    return [disk.real_path(item) for item in found]


def fits(name: str, pattern: str) -> bool:
    """Whether a name fits one of PowerShell's patterns, where ``*.*`` needs a dot."""
    if "[" in pattern:
        from imagesmith_simulator.machines.windows.powershell.operators import wildcard

        return re.fullmatch(wildcard(pattern), name, re.IGNORECASE) is not None
    return ("." in name if pattern == "*.*" else True) and matches(name, pattern)
