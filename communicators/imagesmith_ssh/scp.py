"""The scp protocol (that of rcp): records of mode, size and name, each answered with one byte."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith.ways_in import quoting
from imagesmith.ways_in.landing import Landing
from imagesmith.ways_in.tree import Entry
from imagesmith_ssh.content import FileContent
from imagesmith_ssh.process import Process
from imagesmith_ssh.trouble import NotOffered, failed

if TYPE_CHECKING:
    from imagesmith_ssh.remote import SshRemote

_NOT_FOUND = (126, 127)


class _Refused(Exception):
    """The other side has answered with an error record."""


def put(remote: SshRemote, entry: Entry, source: str, destination: str) -> None:
    """Write one remote file in place, with exact mode bits (``-p``)."""
    folder, name = posixpath.split(destination)
    renamed = Entry(name, entry.mode, entry.modified, entry.size, content=entry.content)
    command = f"scp -p -d -t {quoting.word(folder or '.')}"
    with remote.start(command) as process, _explained(process, "upload", source, destination):
        _acknowledged(process, first=True)
        _put_file(process, renamed)
        process.end_input()


def put_tree(remote: SshRemote, entries: Iterable[Entry], source: str, destination: str) -> None:
    """Copy a folder; folders that exist keep their mode."""
    target = quoting.word(destination)
    command = quoting.command('mkdir -p "$1" && umask 0 && exec scp -r -t "$1"', target)
    with remote.start(command) as process, _explained(process, "upload", source, destination):
        _acknowledged(process, first=True)
        here: list[str] = []
        for entry in entries:
            *parents, name = entry.name.split("/")
            while here != parents[: len(here)]:
                _record(process, "E\n")
                here.pop()
            if entry.folder:
                _record(process, f"D{entry.mode:04o} 0 {_legal(name)}\n")
                here.append(name)
            else:
                _put_file(process, Entry(name, entry.mode, entry.modified, entry.size, content=entry.content))
        for _ in here:
            _record(process, "E\n")
        process.end_input()


def get(remote: SshRemote, source: str, destination: Path) -> None:
    """Read one remote file."""
    command = f"scp -f {quoting.word(source)}"
    with remote.start(command) as process, _explained(process, "download", source, str(destination)):
        process.write(b"\0")
        mode, size, _ = _header(_next_record(process, first=True))
        del mode
        with Landing(destination.parent) as landing:
            _receive(process, landing, destination.name, size, 0o644)


def get_tree(remote: SshRemote, source: str, destination: Path) -> None:
    """Copy remote folders or files, which may be named by a pattern, below ``destination``."""
    command = f"scp -r -f {quoting.pattern(source.rstrip('/') or '/')}"
    with remote.start(command) as process, _explained(process, "download", source, str(destination)):
        process.write(b"\0")
        with Landing(destination) as landing:
            here: list[str] = []
            record = _next_record(process, first=True)
            while record:
                if record[:1] == b"E":
                    here.pop()
                elif record[:1] == b"D":
                    mode, _, name = _header(record)
                    here.append(name)
                    landing.folder("/".join(here), mode)
                else:
                    mode, size, name = _header(record)
                    _receive(process, landing, "/".join([*here, name]), size, mode)
                    record = _next_record(process)
                    continue
                process.write(b"\0")
                record = _next_record(process)


def _put_file(process: Process, entry: Entry) -> None:
    with FileContent(entry) as content:
        _record(process, f"C{entry.mode:04o} {entry.size} {_legal(entry.name)}\n")
        process.pour(content.fill)
        process.write(b"\0")
        _acknowledged(process)


def _legal(name: str) -> str:
    if "\n" in name:
        raise TransferError(f"scp can't move a file with a line break in its name: {name!r}")
    return name


def _record(process: Process, record: str) -> None:
    process.write(record.encode("utf-8", "surrogateescape"))
    _acknowledged(process)


def _acknowledged(process: Process, *, first: bool = False) -> None:
    answer = process.read(1)
    if answer == b"\0":
        return
    if not answer and first:
        raise NotOffered("the guest has no scp")
    if answer in (b"\1", b"\2"):
        raise _Refused(process.read_line().decode("utf-8", "replace").strip())
    raise _Refused((answer + process.read_line()).decode("utf-8", "replace").strip())


def _next_record(process: Process, *, first: bool = False) -> bytes:
    """The next record, b"" at the end."""
    line = process.read_line()
    if not line and first:
        raise NotOffered("the guest has no scp")
    if line[:1] in (b"\1", b"\2"):
        raise _Refused(line[1:].decode("utf-8", "replace").strip())
    return line


def _header(record: bytes) -> tuple[int, int, str]:
    mode, size, name = record[1:].rstrip(b"\n").split(b" ", 2)
    return int(mode, 8), int(size), name.decode("utf-8", "surrogateescape")


def _receive(process: Process, landing: Landing, name: str, size: int, mode: int) -> None:
    process.write(b"\0")
    with landing.file(name, mode) as file:
        while size:
            data = process.read(size)
            if not data:
                raise ConnectionLost("the SSH connection broke during a transfer")
            file.write(data)
            size -= len(data)
        _acknowledged(process)
    process.write(b"\0")


@contextmanager
def _explained(process: Process, verb: str, source: str, destination: str) -> Iterator[None]:
    """Turn what goes wrong inside, and a bad end of the command, into a `TransferError`."""
    try:
        yield
    except NotOffered as error:
        status, words = process.finish()
        if status is None:
            raise ConnectionLost("the SSH connection broke during a transfer") from error
        if status not in _NOT_FOUND and "not found" not in words:
            raise failed(verb, source, destination, words or f"scp ended with status {status}") from error
        raise
    except (_Refused, BrokenPipeError) as error:
        words = str(error) or process.finish()[1]
        if "not found" in words:
            raise NotOffered("the guest has no scp") from error
        raise failed(verb, source, destination, words.removeprefix("scp: ")) from error
    status, words = process.finish()
    if status != 0:
        raise failed(verb, source, destination, words or f"scp ended with status {status}")
