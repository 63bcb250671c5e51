"""The disk C: of a machine: a tree of folders and files in memory, with names as Windows compares them.

It lives in memory so that nothing of a machine is left on the host, however the simulator ends, and so that no path in
a guest can lead to a file of the host.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

DRIVE = "C:"
Trouble = Literal["no file", "no folder", "denied", "exists", "not empty", "bad name"]
_FORBIDDEN = set('<>"|?*') | {chr(code) for code in range(32)}


class DiskError(Exception):
    """What can't be done with a path, and why."""

    def __init__(self, trouble: Trouble, path: str) -> None:
        super().__init__(f"{path}: {trouble}")
        self.trouble = trouble
        self.path = path


@dataclass
class File:
    """A file. ``changed`` is in seconds since 1970."""

    name: str
    data: bytearray = field(default_factory=bytearray)
    changed: float = field(default_factory=time.time)
    read_only: bool = False
    hidden: bool = False

    def copy(self) -> File:
        """Another file with the same contents."""
        return File(self.name, bytearray(self.data), self.changed, self.read_only, self.hidden)


@dataclass
class Folder:
    """A folder; ``children`` by their names in lower case."""

    name: str
    children: dict[str, File | Folder] = field(default_factory=dict)
    changed: float = field(default_factory=time.time)
    read_only: bool = False
    hidden: bool = False

    def copy(self) -> Folder:
        """Another folder with the same contents."""
        children = {name: child.copy() for name, child in self.children.items()}
        return Folder(self.name, children, self.changed, self.read_only, self.hidden)


Node = File | Folder


def absolute(path: str, cwd: str = DRIVE + "\\") -> str:
    r"""A path as ``C:\a\b``, with ``.`` and ``..`` resolved. Raises `DiskError` for another drive."""
    path = path.replace("/", "\\")
    if path.startswith(("\\\\?\\", "\\\\.\\")):
        path = path[4:]
    if len(path) >= 2 and path[1] == ":":
        if path[0].upper() != "C":
            raise DiskError("no folder", path)
        path = path[2:] if path[2:3] == "\\" else cwd[2:] + "\\" + path[2:]
    elif path.startswith("\\\\"):
        raise DiskError("no folder", path)
    elif not path.startswith("\\"):
        path = cwd[2:] + "\\" + path
    parts: list[str] = []
    for part in path.split("\\"):
        if part == "..":
            del parts[-1:]
        elif part.rstrip(". ") or part.strip(". "):
            parts.append(part.rstrip(" ") if part.rstrip(". ") == "" else part.rstrip(". "))
    return DRIVE + "\\" + "\\".join(parts)


class Disk:
    """The file system. Paths are given absolute (`absolute`)."""

    def __init__(self, root: Folder | None = None) -> None:
        self.lock = threading.RLock()
        self.root = root or Folder("")

    def copy(self) -> Disk:
        """Another disk with the same contents."""
        with self.lock:
            return Disk(self.root.copy())

    def size(self) -> int:
        """Bytes of all files."""
        with self.lock:
            return sum(len(node.data) for _, node in self.walk() if isinstance(node, File))

    def find(self, path: str) -> Node | None:
        """What is at a path; None where nothing is."""
        node: Node = self.root
        for part in _parts(path):
            if not isinstance(node, Folder):
                return None
            child = node.children.get(part.lower())
            if child is None:
                return None
            node = child
        return node

    def real_path(self, path: str) -> str:
        """The path with the names spelled as they are on the disk."""
        node: Node | None = self.root
        names = []
        for part in _parts(path):
            node = node.children.get(part.lower()) if isinstance(node, Folder) else None
            names.append(node.name if node else part)
        return DRIVE + "\\" + "\\".join(names)

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        return isinstance(self.find(path), Folder)

    def file(self, path: str) -> File:
        """The file at a path. Raises `DiskError` where there is none."""
        found = self.find(path)
        if isinstance(found, Folder):
            raise DiskError("denied", path)
        if found is None:
            raise DiskError("no file" if self.is_folder(parent(path)) else "no folder", path)
        return found

    def folder(self, path: str) -> Folder:
        """The folder at a path. Raises `DiskError` where there is none."""
        found = self.find(path)
        if not isinstance(found, Folder):
            raise DiskError("no folder", path)
        return found

    def create(self, path: str) -> File:
        """The file at a path, made where there is none. Raises `DiskError`."""
        with self.lock:
            found = self.find(path)
            if isinstance(found, File):
                return found
            if found is not None:
                raise DiskError("denied", path)
            name = base_name(path)
            if not name or _FORBIDDEN & set(name):
                raise DiskError("bad name", path)
            file = File(name)
            self.folder(parent(path)).children[name.lower()] = file
            return file

    def write(self, path: str, data: bytes, *, append: bool = False) -> None:
        """Write a file. Raises `DiskError`."""
        with self.lock:
            file = self.create(path)
            if file.read_only:
                raise DiskError("denied", path)
            if not append:
                file.data.clear()
            file.data += data
            file.changed = time.time()

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it. Raises `DiskError` where a file is in the way."""
        with self.lock:
            node: Node = self.root
            for part in _parts(path):
                if not isinstance(node, Folder):
                    raise DiskError("exists", path)
                if _FORBIDDEN & set(part):
                    raise DiskError("bad name", path)
                node = node.children.setdefault(part.lower(), Folder(part))
            if not isinstance(node, Folder):
                raise DiskError("exists", path)

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file or folder. Raises `DiskError`."""
        with self.lock:
            found = self.find(path)
            if found is None:
                raise DiskError("no file" if self.is_folder(parent(path)) else "no folder", path)
            if isinstance(found, Folder) and found.children and not recursive:
                raise DiskError("not empty", path)
            if not _parts(path):
                raise DiskError("denied", path)
            del self.folder(parent(path)).children[base_name(path).lower()]

    def put(self, path: str, node: Node) -> None:
        """Place a node at a path under the path's name; what is there is replaced. Raises `DiskError`."""
        with self.lock:
            node.name = base_name(path)
            self.folder(parent(path)).children[node.name.lower()] = node

    def move(self, source: str, target: str) -> None:
        """Rename. Raises `DiskError`."""
        with self.lock:
            node = self.find(source)
            if node is None:
                raise DiskError("no file", source)
            self.folder(parent(target))
            self.remove(source, recursive=True)
            self.put(target, node)

    def list(self, path: str) -> list[Node]:
        """What is in a folder, in the order of names. Raises `DiskError`."""
        with self.lock:
            return [node for _, node in sorted(self.folder(path).children.items())]

    def walk(self, path: str = DRIVE + "\\") -> Iterator[tuple[str, Node]]:
        """Everything below a folder with its path, parents first."""
        for node in self.list(path):
            full = join(path, node.name)
            yield full, node
            if isinstance(node, Folder):
                yield from self.walk(full)


def parent(path: str) -> str:
    r"""The folder that a path is in; ``C:\`` for itself."""
    head = path.rpartition("\\")[0]
    return head + "\\" if head in (DRIVE, DRIVE.lower()) else head


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("\\")[2]


def join(folder: str, name: str) -> str:
    """A path in a folder."""
    return folder.rstrip("\\") + "\\" + name


def _parts(path: str) -> list[str]:
    return [part for part in path[2:].split("\\") if part]
