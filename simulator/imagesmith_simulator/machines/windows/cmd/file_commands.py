"""Commands of cmd that are about files and folders."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, File, Folder, base_name, join, parent
from imagesmith_simulator.machines.windows.files import glob, message

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.cmd.interpreter import Session
    from imagesmith_simulator.machines.windows.processes import Context

Work = Callable[["Session", list[str], set[str], "Context"], int]


def _command(work: Work) -> Callable[[Session, str, Context], int | None]:
    """Split words from switches, and say what the disk refuses."""

    def run(session: Session, text: str, io: Context) -> int | None:
        words = re.findall(r'(?:"[^"]*"?|[^\s,;"])+', text)
        switches = {word.lower() for word in words if re.fullmatch(r"/[a-z](?::?\S*)?|/-y", word, re.IGNORECASE)}
        paths = [word.replace('"', "") for word in words if word.lower() not in switches]
        try:
            return work(session, paths, switches, io)
        except DiskError as error:
            io.stderr.write(f"{message(error)}\r\n".encode())
            return 1

    return run


def _say(io: Context, text: str) -> None:
    io.stdout.write(f"{text}\r\n".encode(errors="replace"))


def _complain(io: Context, text: str) -> int:
    io.stderr.write(f"{text}\r\n".encode(errors="replace"))
    return 1


def _md(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    if not paths:
        return _complain(io, "The syntax of the command is incorrect.")
    code = 0
    for text in paths:
        path = session.path(text)
        if session.windows.disk.find(path):
            code = _complain(io, f"A subdirectory or file {text} already exists.")
        else:
            session.windows.disk.make_folder(path)
    return code


def _rd(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    for text in paths:
        path = session.path(text)
        if not session.windows.disk.find(path):
            return _complain(io, "The system cannot find the file specified.")
        if not session.windows.disk.is_folder(path):
            return _complain(io, "The directory name is invalid.")
        session.windows.disk.remove(path, recursive="/s" in switches)
    return 0


def _del(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    disk = session.windows.disk
    for text in paths:
        path = session.path(text)
        if disk.is_folder(path):
            path = join(path, "*")
        found = [item for item in glob(disk, path) if isinstance(disk.find(item), File)]
        if "/s" in switches and disk.is_folder(parent(path)):
            below = [item for item, node in disk.walk(parent(path)) if isinstance(node, Folder)]
            for folder in below:
                found += [item for item in glob(disk, join(folder, base_name(path))) if not disk.is_folder(item)]
        if not found and "*" not in path and "?" not in path:
            _complain(io, f"Could Not Find {path}")
        for item in found:
            file = disk.file(item)
            if file.read_only and "/f" not in switches:
                _complain(io, f"{item}\r\nAccess is denied.")
            else:
                disk.remove(item)
    return 0


def _type(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    if not paths:
        return _complain(io, "The syntax of the command is incorrect.")
    for text in paths:
        found = glob(session.windows.disk, session.path(text))
        if not found:
            session.windows.disk.file(session.path(text))
        for path in found:
            if len(found) > 1 or len(paths) > 1:
                io.stderr.write(f"\r\n{base_name(path)}\r\n\r\n\r\n".encode())
            io.stdout.write(bytes(session.windows.disk.file(path).data))
    return 0


def _target(disk: Disk, source: str, target: str) -> str:
    return join(target, base_name(source)) if disk.is_folder(target) else target


def _copy(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    disk = session.windows.disk
    if not paths:
        return _complain(io, "The syntax of the command is incorrect.")
    target = session.path(paths[1]) if len(paths) > 1 else session.scope.cwd
    sources = paths[0].split("+")
    found = [item for text in sources for item in _files(disk, session.path(text))]
    if not found:
        return _complain(io, "The system cannot find the file specified.")
    if len(sources) > 1:
        joined = b"".join(bytes(disk.file(item).data) for item in found)
        disk.write(_target(disk, found[0], target), joined)
        found = found[:1]
    else:
        for item in found:
            if "*" in paths[0]:
                _say(io, item if ":" in paths[0] else base_name(item))
            disk.write(_target(disk, item, target), bytes(disk.file(item).data))
    _say(io, f"        {len(found)} file(s) copied.")
    return 0


def _files(disk: Disk, path: str) -> list[str]:
    if disk.is_folder(path):
        path = join(path, "*")
    return [item for item in glob(disk, path) if isinstance(disk.find(item), File)]


def _move(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    disk = session.windows.disk
    if len(paths) != 2:
        return _complain(io, "The syntax of the command is incorrect.")
    target = session.path(paths[1])
    found = glob(disk, session.path(paths[0]))
    if not found:
        return _complain(io, "The system cannot find the file specified.")
    for item in found:
        disk.move(item, _target(disk, item, target))
    folders = sum(disk.is_folder(_target(disk, item, target)) for item in found)
    kind = "dir" if folders and len(found) == 1 else "file"
    _say(io, f"        {len(found)} {kind}(s) moved.")
    return 0


def _ren(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    disk = session.windows.disk
    if len(paths) != 2 or "\\" in paths[1]:
        return _complain(io, "The syntax of the command is incorrect.")
    source = session.path(paths[0])
    target = join(parent(source), paths[1])
    if disk.find(target) and target.lower() != source.lower():
        return _complain(io, "A duplicate file name exists, or the file\r\ncannot be found.")
    disk.move(source, target)
    return 0


def _dir(session: Session, paths: list[str], switches: set[str], io: Context) -> int:
    disk = session.windows.disk
    path = session.path(paths[0]) if paths else session.scope.cwd
    if "/b" not in switches:
        return _long_listing(disk, path, io)
    recursive = "/s" in switches
    if disk.is_folder(path):
        found = [item for item, _ in disk.walk(path)] if recursive else glob(disk, join(path, "*"))
    else:
        found = glob(disk, path)
        if recursive:
            folders = [item for item, node in disk.walk(parent(path)) if isinstance(node, Folder)]
            found += [item for folder in folders for item in glob(disk, join(folder, base_name(path)))]
    only = _by_attributes(switches)
    found = [item for item in found if only(disk, item)]
    for item in found:
        _say(io, item if recursive else base_name(item))
    if not found and not disk.is_folder(path):
        return _complain(io, "File Not Found")
    return 0


def _by_attributes(switches: set[str]) -> Callable[[Disk, str], bool]:
    wanted = next((switch[2:].lstrip(":") for switch in switches if switch.startswith("/a")), "")
    if wanted == "d":
        return lambda disk, path: disk.is_folder(path)
    if wanted == "-d":
        return lambda disk, path: not disk.is_folder(path)
    return lambda disk, path: True


def _long_listing(disk: Disk, path: str, io: Context) -> int:
    folder = path if disk.is_folder(path) else parent(path)
    _say(io, " Volume in drive C has no label.\r\n Volume Serial Number is 1CE5-4A17\r\n")
    _say(io, f" Directory of {disk.real_path(folder)}\r\n")
    found = [disk.find(item) for item in glob(disk, join(path, "*") if disk.is_folder(path) else path)]
    if not found:
        return 0 if disk.is_folder(path) else _complain(io, "File Not Found")
    size = 0
    for node in found:
        if node is None:
            continue
        stamp = time.strftime("%m/%d/%Y  %I:%M %p", time.localtime(node.changed))
        if isinstance(node, Folder):
            _say(io, f"{stamp}    <DIR>          {node.name}")
        else:
            size += len(node.data)
            _say(io, f"{stamp}    {len(node.data):>14,} {node.name}")
    files = sum(isinstance(node, File) for node in found)
    _say(io, f"{files:>16} File(s) {size:>14,} bytes\r\n{len(found) - files:>16} Dir(s)  20,000,000,000 bytes free")
    return 0


FILE_COMMANDS = {
    "md": _command(_md),
    "mkdir": _command(_md),
    "rd": _command(_rd),
    "rmdir": _command(_rd),
    "del": _command(_del),
    "erase": _command(_del),
    "type": _command(_type),
    "copy": _command(_copy),
    "move": _command(_move),
    "ren": _command(_ren),
    "rename": _command(_ren),
    "dir": _command(_dir),
}
