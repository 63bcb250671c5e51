"""Path, File, Directory, FileInfo and DirectoryInfo."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, File, Folder, absolute, base_name, join, parent
from imagesmith_simulator.machines.windows.files import decode, matches
from imagesmith_simulator.machines.windows.powershell.dotnet.encodings import encoding_of
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType
from imagesmith_simulator.machines.windows.powershell.dotnet.streams import FileStream, StreamReader
from imagesmith_simulator.machines.windows.powershell.dotnet.times import DateTime
from imagesmith_simulator.machines.windows.powershell.values import DotNet, items, text, truth

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine


def full(engine: Engine, path: Any) -> str:
    """A path from the current folder on. Raises `DiskError`; ValueError for none."""
    written = text(path)
    if not written:
        raise ValueError("The path is not of a legal form.")
    return absolute(written, engine.context.cwd)


class Entry(DotNet):
    """A file or folder, as Get-Item gives it."""

    def __init__(self, disk: Disk, path: str) -> None:
        self.disk = disk
        self.path = disk.real_path(path)
        self.container = disk.is_folder(path)
        self.type = "System.IO.DirectoryInfo" if self.container else "System.IO.FileInfo"

    def text(self) -> str:
        return self.path

    def columns(self) -> dict[str, Any]:
        """What a listing shows."""
        node = self.disk.find(self.path)
        stamp = DateTime(node.changed).formatted("g") if node else ""
        mode = "d-----" if self.container else "-a----"
        size = "" if self.container else self.get_length()
        return {"Mode": mode, "LastWriteTime": stamp, "Length": size, "Name": self.get_name()}

    def get_fullname(self) -> str:
        """The path."""
        return self.path

    def get_pspath(self) -> str:
        """The path with its provider."""
        return f"Microsoft.PowerShell.Core\\FileSystem::{self.path}"

    def get_name(self) -> str:
        """The last part of the path."""
        return base_name(self.path) or self.path

    def get_basename(self) -> str:
        """The name without its ending."""
        return self.get_name() if self.container else self.get_name().rpartition(".")[0] or self.get_name()

    def get_extension(self) -> str:
        """The ending with its dot."""
        _, dot, ending = self.get_name().rpartition(".")
        return dot + ending if dot else ""

    def get_exists(self) -> bool:
        """Whether it is there."""
        return self.disk.find(self.path) is not None

    def get_psiscontainer(self) -> bool:
        """Whether it is a folder."""
        return self.container

    def get_length(self) -> int | None:
        """The file's size."""
        node = self.disk.find(self.path)
        return len(node.data) if isinstance(node, File) else None

    def get_directoryname(self) -> str:
        """The folder that it is in."""
        return parent(self.path)

    def get_directory(self) -> Entry:
        """The folder that it is in."""
        return Entry(self.disk, parent(self.path))

    def get_parent(self) -> Entry:
        """The folder that it is in."""
        return Entry(self.disk, parent(self.path))

    def get_lastwritetime(self) -> DateTime:
        """When it was changed."""
        node = self.disk.find(self.path)
        return DateTime(node.changed if node else 0.0)

    def get_lastwritetimeutc(self) -> DateTime:
        """When it was changed."""
        return DateTime(self.get_lastwritetime().seconds, utc=True)

    def get_attributes(self) -> str:
        """What kind it is."""
        return "Directory" if self.container else "Archive"

    def get_isreadonly(self) -> bool:
        """Whether it may be changed."""
        return bool(getattr(self.disk.find(self.path), "read_only", False))

    def set_isreadonly(self, value: Any) -> None:
        """Say whether it may be changed."""
        node = self.disk.find(self.path)
        if node:
            node.read_only = truth(value)

    def do_delete(self, *recursive: Any) -> None:
        """Remove it."""
        self.disk.remove(self.path, recursive=bool(recursive) and truth(recursive[0]))


def _combine(engine: Engine, *parts: Any) -> str:
    result = ""
    for part in (text(item) for given in parts for item in items(given)):
        if part.startswith(("\\", "/")) or part[1:2] == ":":
            result = part
        elif part:
            result = part if not result else result + ("" if result.endswith(("\\", "/", ":")) else "\\") + part
    return result


def _folder_of(engine: Engine, path: Any) -> str | None:
    written = text(path).replace("/", "\\").rstrip()
    head = written.rpartition("\\")[0]
    if len(written) <= 3 and written[1:2] == ":":
        return None
    return head + "\\" if head.endswith(":") else head


def _name(path: Any) -> str:
    return text(path).replace("/", "\\").rpartition("\\")[2]


def _ending(path: Any) -> str:
    _, dot, ending = _name(path).rpartition(".")
    return dot + ending if dot and ending else ""


def _temporary(engine: Engine) -> str:
    return text(engine.lookup("TEMP", "env")).rstrip("\\") + "\\"


def _temporary_file(engine: Engine) -> str:
    path = f"{_temporary(engine)}tmp{secrets.token_hex(2).upper()}.tmp"
    engine.windows.disk.write(path, b"")
    return path


def _is(engine: Engine, path: Any, kind: type) -> bool:
    try:
        return isinstance(engine.windows.disk.find(full(engine, path)), kind)
    except (DiskError, ValueError):
        return False


def _delete_file(engine: Engine, path: Any) -> None:
    disk, where = engine.windows.disk, full(engine, path)
    disk.folder(parent(where))
    if isinstance(disk.find(where), Folder):
        raise DiskError("denied", where)
    if disk.find(where):
        if disk.file(where).read_only:
            raise DiskError("denied", where)
        disk.remove(where)


def _move(engine: Engine, source: Any, target: Any) -> None:
    disk, where = engine.windows.disk, full(engine, target)
    if disk.find(where):
        raise ValueError("Cannot create a file when that file already exists.")
    disk.move(full(engine, source), where)


def _copy(engine: Engine, source: Any, target: Any, overwrite: Any = False) -> None:
    disk, where = engine.windows.disk, full(engine, target)
    if disk.find(where) and not truth(overwrite):
        raise ValueError(f"The file '{where}' already exists.")
    disk.write(where, bytes(disk.file(full(engine, source)).data))


def _read(engine: Engine, path: Any) -> bytes:
    return bytes(engine.windows.disk.file(full(engine, path)).data)


def _write_text(engine: Engine, path: Any, value: Any, encoding: Any = None, *, append: bool = False) -> None:
    chosen = encoding_of(encoding)
    where = full(engine, path)
    lines = "".join(f"{text(item)}\r\n" for item in value) if isinstance(value, list) else text(value)
    mark = chosen.mark if not (append and engine.windows.disk.find(where)) else b""
    engine.windows.disk.write(where, mark + chosen.encode(lines), append=append)


def _create_folder(engine: Engine, path: Any) -> Entry:
    where = full(engine, path)
    engine.windows.disk.make_folder(where)
    return Entry(engine.windows.disk, where)


def _remove_folder(engine: Engine, path: Any, recursive: Any = False) -> None:
    where = full(engine, path)
    engine.windows.disk.folder(where)
    engine.windows.disk.remove(where, recursive=truth(recursive))


def _listed(engine: Engine, path: Any, pattern: Any = "*", deep: Any = "", *, kind: type) -> list[str]:
    disk, where = engine.windows.disk, full(engine, path)
    found = (
        disk.walk(where)
        if text(deep).lower() == "alldirectories"
        else ((join(where, node.name), node) for node in disk.list(where))
    )
    return [item for item, node in found if isinstance(node, kind) and matches(node.name, text(pattern))]


def _stream(mode: str, access: str) -> Any:
    return lambda engine, path, *_: FileStream(engine.windows.disk, full(engine, path), mode, access)


TYPES = [
    StaticType(
        "System.IO.Path",
        {
            "getfullpath": full,
            "getdirectoryname": _folder_of,
            "getfilename": lambda engine, path: _name(path),
            "getfilenamewithoutextension": lambda engine, path: _name(path).removesuffix(_ending(path)),
            "getextension": lambda engine, path: _ending(path),
            "combine": _combine,
            "gettemppath": _temporary,
            "gettempfilename": _temporary_file,
            "getrandomfilename": lambda engine: f"{secrets.token_hex(4)}.{secrets.token_hex(2)[:3]}",
            "ispathrooted": lambda engine, path: text(path)[1:2] == ":" or text(path).startswith(("\\", "/")),
        },
        {"directoryseparatorchar": lambda engine: "\\", "pathseparator": lambda engine: ";"},
    ),
    StaticType(
        "System.IO.File",
        {
            "exists": lambda engine, path: _is(engine, path, File),
            "delete": _delete_file,
            "move": _move,
            "copy": _copy,
            "readallbytes": lambda engine, path: bytearray(_read(engine, path)),
            "readalltext": lambda engine, path, *_: decode(_read(engine, path)),
            "readalllines": lambda engine, path, *_: decode(_read(engine, path)).splitlines(),
            "writeallbytes": lambda engine, path, data: engine.windows.disk.write(full(engine, path), bytes(data)),
            "writealltext": _write_text,
            "writealllines": _write_text,
            "appendalltext": lambda engine, path, value, *how: _write_text(engine, path, value, *how, append=True),
            "opentext": lambda engine, path: StreamReader(
                FileStream(engine.windows.disk, full(engine, path), "Open", "Read")
            ),
            "openread": _stream("Open", "Read"),
            "openwrite": _stream("OpenOrCreate", "Write"),
            "create": _stream("Create", "ReadWrite"),
            "open": lambda engine, path, mode, access="ReadWrite", *_: FileStream(
                engine.windows.disk, full(engine, path), text(mode), text(access)
            ),
        },
    ),
    StaticType(
        "System.IO.Directory",
        {
            "exists": lambda engine, path: _is(engine, path, Folder),
            "createdirectory": _create_folder,
            "delete": _remove_folder,
            "move": _move,
            "getfiles": lambda engine, path, *how: _listed(engine, path, *how, kind=File),
            "getdirectories": lambda engine, path, *how: _listed(engine, path, *how, kind=Folder),
            "getcurrentdirectory": lambda engine: engine.context.cwd,
        },
    ),
    StaticType("System.IO.FileInfo", new=lambda engine, path: Entry(engine.windows.disk, full(engine, path))),
    StaticType("System.IO.DirectoryInfo", new=lambda engine, path: Entry(engine.windows.disk, full(engine, path))),
]
