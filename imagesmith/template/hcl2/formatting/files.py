"""Laying out files in place: which ones, what changes in each, and writing them without ever leaving half a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagesmith.errors import ImagesmithError, UsageError
from imagesmith.template.files import read_text
from imagesmith.template.hcl2.formatting import format_text

SUFFIXES = (".pkr.hcl", ".pkrvars.hcl")
"""How the names of files in the native syntax end: templates, and files with the values of variables."""


class CannotWrite(ImagesmithError):
    """A file can't be replaced by its canonical layout; it is as it was."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's text as it is and in its canonical layout; ``path`` is ``-`` for standard input."""

    path: str
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether the file is not in its canonical layout."""
        return self.before != self.after

    def write(self) -> None:
        """Replace the file at once. Its mode stays, a link goes on pointing to it. Raises `CannotWrite`."""
        try:
            _replace(Path(self.path).resolve(strict=True), self.after)
        except OSError as error:
            raise CannotWrite(f"{self.path} can't be written: {error.strerror}") from None


def layout_of(path: str) -> Layout:
    """Read a file, or standard input for ``-``, and lay it out.

    Raises `imagesmith.errors.UsageError` if it can't be read and `imagesmith.errors.TemplateError` if its syntax is
    wrong.
    """
    text = read_text(path)
    return Layout(path, text, format_text(text, "<stdin>" if path == "-" else path))


def files_at(path: str, *, recursive: bool = False) -> Iterator[str]:
    """The files that a path of the command line stands for: itself, or those of a folder in the order of their names.

    In folders, files of editors and hidden ones are passed over, and so are links to folders. Raises
    `imagesmith.errors.UsageError` for a file of another kind, and if the path does not exist or can't be read.
    """
    if path == "-":
        yield path
    elif Path(path).is_dir():
        yield from _files_in(path, recursive)
    elif not Path(path).exists():
        raise UsageError(f"there is no file or folder {path}", hint="check the path; it is relative to this folder")
    elif path.endswith(".json"):
        raise UsageError(f"{path} is JSON, which has no canonical layout here", hint="fmt is for HCL2 files only")
    elif not path.endswith(SUFFIXES):
        raise UsageError(f"{path} is not an HCL2 file by its name", hint=f"Names end with {' or '.join(SUFFIXES)}")
    else:
        yield path


def _files_in(folder: str, recursive: bool) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"the folder {folder} can't be read: {error.strerror}") from None
    for entry in entries:
        if entry.name.startswith(".") or entry.name.endswith("~") or (entry.name[0] == entry.name[-1] == "#"):
            continue
        path = entry.name if folder == "." else str(Path(folder) / entry.name)
        if recursive and entry.is_dir(follow_symlinks=False):
            yield from _files_in(path, recursive)
        elif entry.name.endswith(SUFFIXES) and (entry.is_file() or (entry.is_symlink() and not entry.is_dir())):
            yield path


def _replace(path: Path, text: str) -> None:
    status = path.stat()
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "it is not writable")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            if os.geteuid() == 0:
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, status.st_mode & 0o7777)
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
