"""What programs share when they work with files: messages, writers, wildcards, text encodings."""

from __future__ import annotations

import re

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, Folder, base_name, join, parent

_MESSAGES = {
    "no file": "The system cannot find the file specified.",
    "no folder": "The system cannot find the path specified.",
    "denied": "Access is denied.",
    "exists": "Cannot create a file when that file already exists.",
    "not empty": "The directory is not empty.",
    "bad name": "The filename, directory name, or volume label syntax is incorrect.",
}


def message(error: DiskError) -> str:
    """What Windows says."""
    return _MESSAGES[error.trouble]


class DiskWriter:
    """Writes to a file as it goes. Raises `DiskError` where that is not possible."""

    def __init__(self, disk: Disk, path: str, *, append: bool) -> None:
        self._disk = disk
        self._path = path
        disk.write(path, b"", append=append)

    def write(self, data: bytes) -> None:
        self._disk.write(self._path, data, append=True)


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern with ``*`` and ``?``; ``*.*`` fits everything."""
    if pattern in ("*", "*.*"):
        return True
    expression = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)
    return re.fullmatch(expression, name, re.IGNORECASE | re.DOTALL) is not None


def glob(disk: Disk, path: str) -> list[str]:
    """The paths that a pattern fits; only its last part may have wildcards. An existing path fits itself."""
    name = base_name(path)
    if "*" not in name and "?" not in name:
        return [disk.real_path(path)] if disk.find(path) else []
    folder = disk.find(parent(path))
    if not isinstance(folder, Folder):
        return []
    here = disk.real_path(parent(path))
    return [join(here, node.name) for node in disk.list(here) if matches(node.name, name)]


def decode(data: bytes) -> str:
    """A text file's text, by its byte order mark or else as UTF-8, or as Windows-1252 where it is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
