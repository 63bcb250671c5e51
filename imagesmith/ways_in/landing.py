"""Where downloads come down: below one local folder and nowhere else, whatever names the guest sends."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from imagesmith.errors import TransferError

_PERMISSIONS = 0o777


class Landing:
    """Makes files and folders below ``root``; each file appears under its name only when it is complete."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modes: list[tuple[Path, int]] = []

    def __enter__(self) -> Self:
        """Make the folder and its parents. Raises `TransferError`."""
        with _explained(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Folders get their modes last, since one may forbid writing into it."""
        for path, mode in reversed(self._modes):
            with suppress(OSError):
                path.chmod(mode & _PERMISSIONS | 0o700)

    def folder(self, name: str, mode: int) -> None:
        """Make a folder; one that exists stays as it is."""
        path = self._place(name)
        with _explained(path):
            if not path.is_dir():
                path.mkdir(parents=True)
                self._modes.append((path, mode))

    @contextmanager
    def file(self, name: str, mode: int) -> Iterator[BinaryIO]:
        """A file to write to; it replaces one of the same name when all went well."""
        path = self._place(name)
        draft = path.with_name(f".imagesmith-{secrets.token_hex(8)}")
        with _explained(path):
            if path.is_dir() and not path.is_symlink():
                raise IsADirectoryError(None, "it is a directory")
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with draft.open("xb", buffering=0) as stream:
                    yield stream
                draft.chmod(mode & _PERMISSIONS)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def copy(self, name: str, earlier: str, mode: int) -> None:
        """A hard link in the guest becomes a copy here."""
        original = self._place(earlier)
        with _explained(original), original.open("rb") as source, self.file(name, mode) as target:
            shutil.copyfileobj(source, target)

    def _place(self, name: str) -> Path:
        """The path of a name below the root. Raises `TransferError` for one that leads elsewhere."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in name:
            raise TransferError(f"the guest sent the name {name!r}, which leads out of {self._root}")
        path = self._root
        for part in parts[:-1]:
            path /= part
            if path.is_symlink():
                raise TransferError(f"{path} is a symbolic link", hint="download into an empty folder")
        return path / parts[-1]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = os.fspath(error.filename or path)
        raise TransferError(f"{name} can't be written: {(error.strerror or str(error)).lower()}") from error
