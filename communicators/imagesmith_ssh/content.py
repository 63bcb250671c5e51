"""Bytes to be sent, filled straight into the buffers that they are sent from."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator
from typing import Self

from imagesmith.errors import TransferError
from imagesmith.ways_in.tree import Entry, unreadable

_BLOCK = 512
_END = bytes(2 * _BLOCK)


class FileContent:
    """The content of one entry, exactly as long as it was said to be."""

    def __init__(self, entry: Entry) -> None:
        """Opens the file; raises `TransferError`."""
        self._left = entry.size
        self._data = memoryview(b"")
        self._path = ""
        self._file = -1
        if isinstance(entry.content, bytes):
            self._data = memoryview(entry.content)
            return
        self._path = entry.content
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)

    def fill(self, buffer: memoryview) -> int:
        """Fill the buffer, less only at the end. Raises `TransferError` if the file has become shorter."""
        wanted = min(len(buffer), self._left)
        if self._file < 0:
            start = len(self._data) - self._left
            buffer[:wanted] = self._data[start : start + wanted]
            self._left -= wanted
            return wanted
        done = 0
        while done < wanted:
            try:
                got = os.readv(self._file, [buffer[done:wanted]])
            except OSError as error:
                raise unreadable(self._path, error) from error
            if not got:
                raise TransferError(f"{self._path} has become shorter while it was uploaded")
            done += got
        self._left -= done
        return done

    def chunks(self, size: int) -> Iterator[bytes]:
        """The rest in pieces."""
        buffer = memoryview(bytearray(size))
        while got := self.fill(buffer):
            yield bytes(buffer[:got])


class TarContent:
    """Entries as a tar archive (GNU format, which every tar understands), made while it is read."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self._pending = memoryview(b"")
        self._content: FileContent | None = None
        self._tail = 0
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def fill(self, buffer: memoryview) -> int:
        """Fill the buffer, less only at the end. Raises `TransferError` naming the file that can't be read."""
        done = 0
        while done < len(buffer):
            if self._pending:
                size = min(len(buffer) - done, len(self._pending))
                buffer[done : done + size] = self._pending[:size]
                self._pending = self._pending[size:]
                done += size
            elif self._content is not None:
                got = self._content.fill(buffer[done:])
                done += got
                if not got:
                    self._close()
                    self._pending = memoryview(bytes(self._tail))
            elif self._ended:
                break
            else:
                self._next()
        return done

    def _next(self) -> None:
        entry = next(self._entries, None)
        if entry is None:
            self._ended = True
            self._pending = memoryview(_END)
            return
        self._pending = memoryview(header(entry))
        if not entry.folder and entry.size:
            self._content = FileContent(entry)
            self._tail = -entry.size % _BLOCK

    def _close(self) -> None:
        if self._content is not None:
            self._content.__exit__()
            self._content = None


def header(entry: Entry) -> bytes:
    """The tar header of an entry: its mode and time, no owner."""
    info = tarfile.TarInfo(entry.name)
    info.mode = entry.mode
    info.mtime = entry.modified
    info.size = entry.size
    info.type = tarfile.DIRTYPE if entry.folder else tarfile.REGTYPE
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
