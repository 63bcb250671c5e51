"""An sftp server for machines whose host has none: paramiko's protocol over the session's standard streams.

It runs in a process forked from init, as the user, so that the kernel decides what the user may do.
"""

from __future__ import annotations

import os
from typing import Any

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_OK


class _Streams:
    """Standard input and output in the shape of a channel, and of its transport."""

    def recv(self, size: int) -> bytes:
        return os.read(0, size)

    def send(self, data: bytes) -> int:
        return os.write(1, data)

    def close(self) -> None:
        """The process ends instead."""

    def get_transport(self) -> _Streams:
        return self

    def get_log_channel(self) -> str:
        return "sftp"

    def get_hexdump(self) -> bool:
        return False

    def get_name(self) -> str:
        return "sftp"

    def get_username(self) -> str:
        return ""


class _Handle(paramiko.SFTPHandle):
    """An open file."""

    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._file = descriptor

    def read(self, offset: int, length: int) -> bytes | int:
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            return _status(error)

    def write(self, offset: int, data: Any) -> int:
        try:
            while data:
                count = os.pwrite(self._file, data, offset)
                data, offset = data[count:], offset + count
        except OSError as error:
            return _status(error)
        return SFTP_OK

    def stat(self) -> paramiko.SFTPAttributes | int:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._file))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        return _attempt(_change, self._file, attr)

    def close(self) -> None:
        os.close(self._file)


class _Files(paramiko.SFTPServerInterface):
    """The operations; each answers with a status code instead of raising."""

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        try:
            return _Handle(os.open(path, flags | os.O_CLOEXEC, attr.st_mode or 0o666), flags)
        except OSError as error:
            return _status(error)

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            with os.scandir(path) as entries:
                return [
                    paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
                    for entry in entries
                ]
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(path))  # noqa: PTH116
        except OSError as error:
            return _status(error)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(os.lstat(path))
        except OSError as error:
            return _status(error)

    def remove(self, path: str) -> int:
        return _attempt(os.unlink, path)

    def rename(self, oldpath: str, newpath: str) -> int:
        return SFTP_FAILURE if os.path.lexists(newpath) else _attempt(os.rename, oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _attempt(os.rename, oldpath, newpath)

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return _attempt(os.mkdir, path, attr.st_mode or 0o777)

    def rmdir(self, path: str) -> int:
        return _attempt(os.rmdir, path)

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return _attempt(_change, path, attr)

    def symlink(self, target_path: str, path: str) -> int:
        return _attempt(os.symlink, target_path, path)

    def readlink(self, path: str) -> str | int:
        try:
            return os.readlink(path)  # noqa: PTH115
        except OSError as error:
            return _status(error)

    def canonicalize(self, path: str) -> str:
        return os.path.normpath(os.path.join(os.getcwd(), path))  # noqa: PTH109, PTH118


def _status(error: OSError) -> int:
    return paramiko.SFTPServer.convert_errno(error.errno or 0)


def _attempt(action: Any, *arguments: Any) -> int:
    try:
        action(*arguments)
    except OSError as error:
        return _status(error)
    return SFTP_OK


def _change(target: Any, attr: paramiko.SFTPAttributes) -> None:
    """Apply those attributes that the client named; raises `OSError`."""
    if attr.st_size is not None:
        os.truncate(target, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(target, attr.st_mode & 0o7777)  # noqa: PTH101 - may be a descriptor
    if attr.st_uid is not None and attr.st_gid is not None:
        os.chown(target, attr.st_uid, attr.st_gid)
    if attr.st_mtime is not None:
        os.utime(target, (attr.st_atime or attr.st_mtime, attr.st_mtime))


def serve() -> None:
    """Serve the calling process's standard streams until the client ends."""
    streams: Any = _Streams()
    server = paramiko.SFTPServer(streams, "sftp", paramiko.ServerInterface(), _Files)
    server.start_subsystem("sftp", streams, streams)
