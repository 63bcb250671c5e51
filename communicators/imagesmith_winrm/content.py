"""What is sent: one file's bytes, or a folder as a zip archive, readable from any place on."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from imagesmith.errors import TransferError
from imagesmith.ways_in.tree import Entry, unreadable

_CHUNK = 1024 * 1024
_IN_MEMORY = 32 * 1024 * 1024
_FORBIDDEN = frozenset('<>:"\\|?*')
_FIRST_YEAR = (1980, 1, 1, 0, 0, 0)


@contextlib.contextmanager
def opened(entry: Entry) -> Iterator[IO[bytes]]:
    """The content of one entry. Raises `TransferError`."""
    if isinstance(entry.content, bytes):
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            file.write(entry.content)
            file.seek(0)
            yield file
        return
    with _file(entry.content) as local:
        yield local


def _file(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


@contextlib.contextmanager
def zipped(entries: Iterable[Entry], tell: Callable[[int, int], None] | None = None) -> Iterator[IO[bytes]]:
    """Entries as a zip archive; ``tell`` gets the number of files and of their bytes.

    Raises `TransferError` for what can't be read and for names that Windows can't have.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        files, size = 0, 0
        seen: dict[str, str] = {}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for entry in entries:
                _check(entry.name, seen)
                _add(archive, entry)
                files += not entry.folder
                size += entry.size
        if tell:
            tell(files, size)
        file.seek(0)
        yield file


def _check(name: str, seen: dict[str, str]) -> None:
    """Refuse what Windows would store under another name, or as something else (``a:b`` is a stream of ``a``)."""
    for part in name.split("/"):
        if set(part) & _FORBIDDEN or any(character < " " for character in part) or part.endswith((".", " ")):
            raise TransferError(f'"{name}" can\'t be uploaded: Windows allows no such name', hint="rename or remove it")
    twin = seen.setdefault(name.lower(), name)
    if twin != name:
        raise TransferError(
            f'"{twin}" and "{name}" can\'t both be uploaded: Windows takes them for the same name',
            hint="rename or remove one of them",
        )


def _add(archive: zipfile.ZipFile, entry: Entry) -> None:
    import time

    moment = time.localtime(entry.modified)[:6]
    info = zipfile.ZipInfo(entry.name + ("/" if entry.folder else ""), max(moment, _FIRST_YEAR))
    info.compress_type = zipfile.ZIP_STORED if entry.folder else zipfile.ZIP_DEFLATED
    try:
        info.filename.encode("utf-8")
        with archive.open(info, "w", force_zip64=entry.size > zipfile.ZIP64_LIMIT) as target:
            if not entry.folder:
                with opened(entry) as source:
                    while data := source.read(_CHUNK):
                        target.write(data)
    except UnicodeEncodeError as error:
        raise TransferError(f"{entry.name!r} can't be uploaded: its name is not UTF-8", hint="rename it") from error
    except OSError as error:
        raise unreadable(entry.content if isinstance(entry.content, str) else entry.name, error) from error
