"""Streams, readers, writers and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import Disk, DiskError, File
from imagesmith_simulator.machines.windows.powershell.dotnet.encodings import UTF8, Encoding, encoding_of
from imagesmith_simulator.machines.windows.powershell.dotnet.registry import StaticType
from imagesmith_simulator.machines.windows.powershell.values import DotNet, method_failure, text, whole

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine
    from imagesmith_simulator.machines.windows.streams import Reader, Writer

_CLOSED = "Cannot access a closed file."


class Stream(DotNet):
    """What all streams have."""

    type = "System.IO.Stream"

    def read_bytes(self, size: int) -> bytes:
        """Up to so many bytes; b"" at the end."""
        raise method_failure("Read", 3, "Stream does not support reading.", "System.NotSupportedException")

    def write_bytes(self, data: bytes) -> None:
        """Append or overwrite."""
        raise method_failure("Write", 3, "Stream does not support writing.", "System.NotSupportedException")

    def do_read(self, buffer: bytearray, offset: Any, count: Any) -> int:
        """Fill a buffer; how many bytes came."""
        if not isinstance(buffer, bytearray):
            raise method_failure("Read", 3, "Buffer cannot be null.", "System.ArgumentNullException")
        data = self.read_bytes(whole(count))
        buffer[whole(offset) : whole(offset) + len(data)] = data
        return len(data)

    def do_readbyte(self) -> int:
        """The next byte, or -1."""
        data = self.read_bytes(1)
        return data[0] if data else -1

    def do_write(self, buffer: Any, offset: Any = 0, count: Any = None) -> None:
        """Write a part of a buffer."""
        data = bytes(buffer)
        end = len(data) if count is None else whole(offset) + whole(count)
        if end > len(data):
            raise method_failure("Write", 3, "Offset and length were out of bounds.", "System.ArgumentException")
        self.write_bytes(data[whole(offset) : end])

    def do_writebyte(self, value: Any) -> None:
        """Write one byte."""
        self.write_bytes(bytes([whole(value)]))

    def do_copyto(self, other: Stream, size: Any = 81920) -> None:
        """Write the rest to another stream."""
        while data := self.read_bytes(whole(size)):
            other.write_bytes(data)

    def do_flush(self, *_: Any) -> None:
        """Nothing is held back."""

    def do_close(self) -> None:
        """No more of it."""

    def do_dispose(self) -> None:
        """The same."""
        self.do_close()


class InputStream(Stream):
    """Standard input."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read_bytes(self, size: int) -> bytes:
        return self._reader.read(size) if size else b""


class OutputStream(Stream):
    """Standard output or error."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write_bytes(self, data: bytes) -> None:
        self._writer.write(data)


class FileStream(Stream):
    """An open file."""

    type = "System.IO.FileStream"

    def __init__(self, disk: Disk, path: str, mode: str = "Open", access: str = "ReadWrite") -> None:
        self._disk = disk
        self._path = path
        self._access = access.lower()
        self._file: File | None = _open(disk, path, mode.lower(), self._access)
        self._at = len(self._file.data) if mode.lower() == "append" else 0

    def _opened(self) -> File:
        if self._file is None:
            raise method_failure("Read", 3, _CLOSED, "System.ObjectDisposedException")
        return self._file

    def read_bytes(self, size: int) -> bytes:
        data = bytes(self._opened().data[self._at : self._at + size])
        self._at += len(data)
        return data

    def write_bytes(self, data: bytes) -> None:
        if self._access == "read":
            super().write_bytes(data)
        file = self._opened()
        with self._disk.lock:
            if self._at > len(file.data):
                file.data += bytes(self._at - len(file.data))
            file.data[self._at : self._at + len(data)] = data
        self._at += len(data)

    def get_length(self) -> int:
        """The file's size."""
        return len(self._opened().data)

    def get_position(self) -> int:
        """Where the next byte is read or written."""
        return self._at

    def set_position(self, value: Any) -> None:
        """Go there."""
        self._at = whole(value)

    def get_name(self) -> str:
        """The file's path."""
        return self._path

    def do_seek(self, offset: Any, origin: Any = "Begin") -> int:
        """Go there, from the begin, the current place or the end."""
        base = {"begin": 0, "current": self._at, "end": self.get_length()}[text(origin).lower()]
        self._at = base + whole(offset)
        return self._at

    def do_setlength(self, size: Any) -> None:
        """Cut the file, or make it longer."""
        data = self._opened().data
        del data[whole(size) :]
        data += bytes(whole(size) - len(data))

    def do_close(self) -> None:
        self._file = None


def _open(disk: Disk, path: str, mode: str, access: str) -> File:
    exists = isinstance(disk.find(path), File)
    if mode == "createnew" and exists:
        raise method_failure(".ctor", 2, f"The file '{path}' already exists.", "System.IO.IOException")
    file = disk.file(path) if mode in ("open", "truncate") else disk.create(path)
    if file.read_only and access != "read":
        raise DiskError("denied", path)
    if mode in ("create", "truncate"):
        file.data.clear()
    return file


class MemoryStream(FileStream):
    """A stream in memory."""

    type = "System.IO.MemoryStream"

    def __init__(self, data: bytes = b"") -> None:
        disk = Disk()
        disk.write("C:\\memory", data)
        super().__init__(disk, "C:\\memory")

    def do_toarray(self) -> bytearray:
        """Everything in it."""
        return bytearray(self._opened().data)


class StreamReader(DotNet):
    """Reads text from a stream."""

    type = "System.IO.StreamReader"

    def __init__(self, stream: Stream, encoding: Encoding = UTF8) -> None:
        self._stream = stream
        self._encoding = encoding
        self._pending = bytearray()
        self._ended = False

    def _fill(self) -> bool:
        data = b"" if self._ended else self._stream.read_bytes(65536)
        if not self._pending and not self._ended and data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        self._pending += data
        self._ended = self._ended or not data
        return not self._ended

    def do_readline(self) -> str | None:
        """The next line; null at the end."""
        searched = 0
        while (at := self._pending.find(b"\n", searched)) < 0:
            searched = len(self._pending)
            if not self._fill():
                break
        if at < 0 and not self._pending:
            return None
        end = len(self._pending) if at < 0 else at
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return self._encoding.decode(line).rstrip("\r")

    def do_readtoend(self) -> str:
        """The rest."""
        while self._fill():
            pass
        rest, self._pending = bytes(self._pending), bytearray()
        return self._encoding.decode(rest)

    def do_read(self) -> int:
        """The next character's number, or -1."""
        if not self._pending:
            self._fill()
        if not self._pending:
            return -1
        value = self._pending[0]
        del self._pending[0]
        return value

    def get_endofstream(self) -> bool:
        """Whether there is nothing left."""
        return not self._pending and not self._fill()

    def get_basestream(self) -> Stream:
        """What it reads from."""
        return self._stream

    def do_close(self) -> None:
        """Close the stream too."""
        self._stream.do_close()

    def do_dispose(self) -> None:
        """The same."""
        self.do_close()


class StreamWriter(DotNet):
    """Writes text to a stream."""

    type = "System.IO.StreamWriter"

    def __init__(self, stream: Stream, encoding: Encoding = UTF8) -> None:
        self._stream = stream
        self._encoding = encoding
        self.autoflush = True

    def do_write(self, *values: Any) -> None:
        """Write a text."""
        self._stream.write_bytes(self._encoding.encode("".join(text(value) for value in values[:1])))

    def do_writeline(self, *values: Any) -> None:
        """Write a line."""
        self._stream.write_bytes(self._encoding.encode("".join(text(value) for value in values[:1]) + "\r\n"))

    def set_autoflush(self, value: Any) -> None:
        """Nothing is held back anyway."""
        self.autoflush = bool(value)

    def get_basestream(self) -> Stream:
        """What it writes to."""
        return self._stream

    def do_flush(self) -> None:
        """Nothing is held back."""

    def do_close(self) -> None:
        """Close the stream too."""
        self._stream.do_close()

    def do_dispose(self) -> None:
        """The same."""
        self.do_close()


def _file_stream(engine: Engine, path: Any, mode: Any = "Open", access: Any = "ReadWrite", *_: Any) -> FileStream:
    from imagesmith_simulator.machines.windows.powershell.dotnet.filesystem import full

    return FileStream(engine.windows.disk, full(engine, path), text(mode), text(access))


def _stream(engine: Engine, given: Any, mode: str) -> Stream:
    return (
        given
        if isinstance(given, Stream)
        else _file_stream(engine, given, mode, "ReadWrite" if mode != "Open" else "Read")
    )


def _reader(engine: Engine, given: Any, encoding: Any = None, *_: Any) -> StreamReader:
    return StreamReader(_stream(engine, given, "Open"), encoding_of(encoding))


def _writer(engine: Engine, given: Any, append: Any = False, encoding: Any = None, *_: Any) -> StreamWriter:
    if isinstance(append, Encoding):
        append, encoding = False, append
    return StreamWriter(_stream(engine, given, "Append" if append else "Create"), encoding_of(encoding))


def _memory(engine: Engine, data: Any = b"", *_: Any) -> MemoryStream:
    return MemoryStream(bytes(data) if isinstance(data, bytearray | list) else b"")


def _write(engine: Engine, *values: Any) -> None:
    engine.host.line("".join(text(value) for value in values[:1]), end="")


def _write_line(engine: Engine, *values: Any) -> None:
    engine.host.line("".join(text(value) for value in values[:1]))


def _read_line(engine: Engine) -> str | None:
    data = bytearray()
    while (byte := engine.context.stdin.read(1)) not in (b"", b"\n"):
        data += byte
    return None if not data and not byte else data.decode(errors="replace").rstrip("\r")


def _nothing(engine: Engine, value: Any) -> None:
    """Streams are UTF-8 here, whatever is asked for."""


def _open_output(engine: Engine) -> OutputStream:
    engine.host.flush()
    return OutputStream(engine.context.stdout)


TYPES = [
    StaticType("System.IO.Stream"),
    StaticType("System.IO.FileStream", new=_file_stream),
    StaticType("System.IO.MemoryStream", new=_memory),
    StaticType("System.IO.StreamReader", new=_reader),
    StaticType("System.IO.StreamWriter", new=_writer),
    StaticType(
        "System.Console",
        {
            "openstandardinput": lambda engine, *_: InputStream(engine.context.stdin),
            "openstandardoutput": lambda engine, *_: _open_output(engine),
            "openstandarderror": lambda engine, *_: OutputStream(engine.context.stderr),
            "write": _write,
            "writeline": _write_line,
            "readline": _read_line,
        },
        {
            "in": lambda engine: StreamReader(InputStream(engine.context.stdin)),
            "out": lambda engine: StreamWriter(_open_output(engine)),
            "error": lambda engine: StreamWriter(OutputStream(engine.context.stderr)),
            "outputencoding": lambda engine: UTF8,
            "inputencoding": lambda engine: UTF8,
        },
        setters={"outputencoding": _nothing, "inputencoding": _nothing},
    ),
]
