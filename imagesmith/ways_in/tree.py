"""What there is to upload: files and folders of this host, links followed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imagesmith.errors import TransferError

_PERMISSIONS = 0o7777


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder: ``name`` is its path below the destination, ``content`` where its bytes come from."""

    name: str
    mode: int
    modified: int
    size: int = 0
    folder: bool = False
    content: bytes | str = b""


def single(content: bytes | Path, name: str, mode: int | None) -> Entry:
    """The entry of one file. Raises `TransferError` if it can't be read."""
    if isinstance(content, bytes):
        return Entry(name, 0o644 if mode is None else mode, int(time.time()), len(content), content=content)
    try:
        facts = content.stat()
    except OSError as error:
        raise unreadable(content, error) from error
    if stat.S_ISDIR(facts.st_mode):
        raise TransferError(f"{content} is a folder", hint="upload it as a tree")
    entry = _file(str(content), name, facts)
    return entry if mode is None else Entry(name, mode, entry.modified, entry.size, content=entry.content)


def walk(source: Path, top: str, skip: Callable[[str], None]) -> Iterator[Entry]:
    """A folder's entries, each folder before what is in it; names begin with ``top``, which is "" for contents only.

    Links are followed. ``skip`` is told about what is neither file nor folder. Raises `TransferError` for what can't
    be read and for links that lead in circles.
    """
    try:
        facts = source.stat()
    except OSError as error:
        raise unreadable(source, error) from error
    if not stat.S_ISDIR(facts.st_mode):
        raise TransferError(f"{source} is not a folder", hint="upload it as a file")
    if top:
        yield _folder(top, facts)
    yield from _below(str(source), top, ((facts.st_dev, facts.st_ino),), skip)


def _below(
    folder: str, prefix: str, parents: tuple[tuple[int, int], ...], skip: Callable[[str], None]
) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as listing:
            found = sorted(listing, key=lambda item: item.name)
    except OSError as error:
        raise unreadable(folder, error) from error
    for item in found:
        name = f"{prefix}/{item.name}" if prefix else item.name
        try:
            facts = item.stat()
        except OSError as error:
            raise unreadable(item.path, error) from error
        if stat.S_ISDIR(facts.st_mode):
            identity = (facts.st_dev, facts.st_ino)
            if identity in parents:
                raise TransferError(f"{item.path} leads in a circle", hint="remove the symbolic link")
            yield _folder(name, facts)
            yield from _below(item.path, name, (*parents, identity), skip)
        elif stat.S_ISREG(facts.st_mode):
            yield _file(item.path, name, facts)
        else:
            skip(item.path)


def _folder(name: str, facts: os.stat_result) -> Entry:
    return Entry(name, facts.st_mode & _PERMISSIONS, _sane(facts.st_mtime), folder=True)


def _file(path: str, name: str, facts: os.stat_result) -> Entry:
    return Entry(name, facts.st_mode & _PERMISSIONS, _sane(facts.st_mtime), facts.st_size, content=path)


def _sane(modified: float) -> int:
    """Neither before 1970 nor in the future: both make tar complain."""
    return max(0, min(int(modified), int(time.time())))


def unreadable(path: Path | str, error: OSError) -> TransferError:
    """The error for a local file that can't be read."""
    return TransferError(f"{path} can't be read: {(error.strerror or str(error)).lower()}")
