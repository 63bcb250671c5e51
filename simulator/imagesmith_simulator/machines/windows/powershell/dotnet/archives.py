"""Zip archives."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, File, join, parent
from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType
from imagesmith_simulator.machines.windows.powershell.dotnet.streams import MemoryStream
from imagesmith_simulator.machines.windows.powershell.values import DotNet, method_failure, text, truth

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine


class ZipEntry(DotNet):
    """An entry of an archive."""

    type = "System.IO.Compression.ZipArchiveEntry"

    def __init__(self, archive: ZipArchive, info: zipfile.ZipInfo) -> None:
        self.archive = archive
        self.info = info

    def text(self) -> str:
        return self.info.filename

    def get_fullname(self) -> str:
        """The path in the archive."""
        return self.info.filename

    def get_name(self) -> str:
        """The last part of the path; "" for a folder."""
        return self.info.filename.rpartition("/")[2]

    def get_length(self) -> int:
        """The size unpacked."""
        return self.info.file_size

    def content(self) -> bytes:
        """Unpacked."""
        return self.archive.zip.read(self.info)

    def do_open(self) -> MemoryStream:
        """The content as a stream."""
        return MemoryStream(self.content())


class ZipArchive(DotNet):
    """An archive that is read or written; what is written is on the disk after Dispose."""

    type = "System.IO.Compression.ZipArchive"

    def __init__(self, disk: Disk, path: str, mode: str) -> None:
        self._disk = disk
        self._path = path
        self._writing = mode != "read"
        self._data = io.BytesIO(bytes(disk.file(path).data) if mode in ("read", "update") else b"")
        try:
            self.zip = zipfile.ZipFile(self._data, "r" if mode == "read" else "a", zipfile.ZIP_DEFLATED)
        except zipfile.BadZipFile as error:
            raise method_failure("Open", 1, str(error), "System.IO.InvalidDataException") from None

    def get_entries(self) -> list[ZipEntry]:
        """What is in it."""
        return [ZipEntry(self, info) for info in self.zip.infolist()]

    def do_getentry(self, name: Any) -> ZipEntry | None:
        """An entry by its path."""
        return next((entry for entry in self.get_entries() if entry.info.filename == text(name)), None)

    def do_createentry(self, name: Any, *_: Any) -> ZipEntry:
        """An empty entry."""
        return self.add(text(name), b"")

    def add(self, name: str, data: bytes) -> ZipEntry:
        """An entry with a content."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_STORED if name.endswith("/") else zipfile.ZIP_DEFLATED
        self.zip.writestr(info, data)
        return ZipEntry(self, self.zip.getinfo(name))

    def do_dispose(self) -> None:
        """Finish."""
        self.zip.close()
        if self._writing:
            self._disk.write(self._path, self._data.getvalue())


def _open(engine: Engine, path: Any, mode: Any) -> ZipArchive:
    where, wanted = full(engine, path), text(mode).lower()
    if wanted == "create" and engine.windows.disk.find(where):
        raise ValueError(f"The file '{where}' already exists.")
    return ZipArchive(engine.windows.disk, where, wanted)


def _extract_entry(engine: Engine, entry: ZipEntry, path: Any, overwrite: Any = False) -> None:
    where = full(engine, path)
    if engine.windows.disk.find(where) and not truth(overwrite):
        raise ValueError(f"The file '{where}' already exists.")
    engine.windows.disk.write(where, entry.content())


def _add_file(engine: Engine, archive: ZipArchive, path: Any, name: Any, *_: Any) -> ZipEntry:
    return archive.add(text(name), bytes(engine.windows.disk.file(full(engine, path)).data))


def extract(engine: Engine, path: str, target: str, *, overwrite: bool = False) -> None:
    """Unpack an archive into a folder. Raises `DiskError`, ValueError."""
    disk = engine.windows.disk
    archive = ZipArchive(disk, path, "read")
    disk.make_folder(target)
    for entry in archive.get_entries():
        where = full(engine, join(target, entry.info.filename.rstrip("/")))
        if entry.get_name():
            if disk.find(where) and not overwrite:
                raise ValueError(f"The file '{where}' already exists.")
            disk.make_folder(parent(where))
            disk.write(where, entry.content())
        else:
            disk.make_folder(where)


def pack(disk: Disk, source: str, path: str, prefix: str = "") -> None:
    """Pack what is in a folder. Raises `DiskError`."""
    if disk.find(path):
        raise DiskError("exists", path)
    archive = ZipArchive(disk, path, "create")
    for item, node in disk.walk(source):
        name = prefix + item[len(source.rstrip("\\")) + 1 :].replace("\\", "/")
        if isinstance(node, File):
            archive.add(name, bytes(node.data))
        elif not node.children:
            archive.add(name + "/", b"")
    archive.do_dispose()


TYPES = [
    StaticType(
        "System.IO.Compression.ZipFile",
        {
            "openread": lambda engine, path: _open(engine, path, "read"),
            "open": _open,
            "extracttodirectory": lambda engine, path, target, *_: extract(
                engine, full(engine, path), full(engine, target)
            ),
            "createfromdirectory": lambda engine, source, path, *_: pack(
                engine.windows.disk, full(engine, source), full(engine, path)
            ),
        },
    ),
    StaticType(
        "System.IO.Compression.ZipFileExtensions",
        {"extracttofile": _extract_entry, "createentryfromfile": _add_file},
    ),
]
