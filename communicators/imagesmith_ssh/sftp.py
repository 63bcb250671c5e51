"""The sftp subsystem, for guests without a tar or where the template asks for it."""

from __future__ import annotations

import fnmatch
import posixpath
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith.ways_in import quoting
from imagesmith.ways_in.landing import Landing
from imagesmith.ways_in.tree import Entry
from imagesmith_ssh.content import FileContent
from imagesmith_ssh.trouble import NotOffered, failed

if TYPE_CHECKING:
    from imagesmith_ssh.remote import SshRemote

_CHUNK = 32 * 1024 * 8
_AHEAD = 64


def put(remote: SshRemote, entry: Entry, source: str, destination: str) -> None:
    """Write one remote file: beside its place and renamed where the server can, else in place."""
    with _session(remote, "upload", source, destination) as client:
        target = _path(destination)
        draft = posixpath.join(posixpath.dirname(target), entry.name)
        facts = _facts(client, target, follow=False)
        if facts is not None and stat.S_ISDIR(facts.st_mode or 0):
            raise failed("upload", source, destination, f"{destination} is a directory")
        if facts is None or stat.S_ISREG(facts.st_mode or 0):
            with suppress(PermissionError):
                _put_file(client, entry, draft)
                if _renamed(client, draft, target):
                    return
        _put_file(client, entry, target)


def put_tree(remote: SshRemote, entries: Iterable[Entry], source: str, destination: str) -> None:
    """Copy a folder; folders that exist keep their mode."""
    with _session(remote, "upload", source, destination) as client:
        root = _path(destination)
        _make_folders(client, root)
        for entry in entries:
            path = quoting.in_folder(root, entry.name)
            if not entry.folder:
                _put_file(client, entry, path)
            elif _facts(client, path) is None:
                client.mkdir(path, entry.mode)
                client.chmod(path, entry.mode)


def get(remote: SshRemote, source: str, destination: Path) -> None:
    """Read one remote file."""
    with _session(remote, "download", source, str(destination)) as client:
        facts = client.stat(_path(source))
        if stat.S_ISDIR(facts.st_mode or 0):
            raise failed("download", source, str(destination), f"{source} is a directory")
        with Landing(destination.parent) as landing:
            _get_file(client, _path(source), landing, destination.name, 0o644)


def get_tree(remote: SshRemote, source: str, destination: Path) -> None:
    """Copy remote folders or files, which may be named by a pattern, below ``destination``."""
    with _session(remote, "download", source, str(destination)) as client, Landing(destination) as landing:
        found = list(_matches(client, _path(source.rstrip("/") or "/")))
        if not found:
            raise failed("download", source, str(destination), "no such file or directory")
        for path in found:
            _get_below(client, path, landing, posixpath.basename(path))


@contextmanager
def _session(remote: SshRemote, verb: str, source: str, destination: str) -> Iterator[paramiko.SFTPClient]:
    """An sftp client. Its errors become `TransferError`; cancelling breaks the connection off."""
    transport = remote.transport()
    with transport.breaking_off(remote.cancel):
        try:
            channel = transport.open(remote.cancel)
            channel.invoke_subsystem("sftp")
            client = paramiko.SFTPClient(channel)
        except (paramiko.SSHException, EOFError, OSError) as error:
            remote.cancel.check()
            if transport.is_active():
                raise NotOffered("the guest offers no sftp") from error
            raise ConnectionLost("the SSH connection broke during a transfer") from error
        try:
            with client:
                yield client
        except (paramiko.SSHException, EOFError, OSError) as error:
            remote.cancel.check()
            if not transport.is_active():
                raise ConnectionLost(f"the SSH connection broke while {source} was {verb}ed") from error
            words = (isinstance(error, OSError) and (error.strerror or str(error))) or "the sftp server broke off"
            raise failed(verb, source, destination, words) from error


def _path(path: str) -> str:
    """Sftp starts in the home directory and knows no tilde."""
    if path == "~":
        return "."
    return path.removeprefix("~/") or "."


def _facts(client: paramiko.SFTPClient, path: str, *, follow: bool = True) -> paramiko.SFTPAttributes | None:
    try:
        return client.stat(path) if follow else client.lstat(path)
    except FileNotFoundError:
        return None


def _put_file(client: paramiko.SFTPClient, entry: Entry, path: str) -> None:
    with FileContent(entry) as content, client.open(path, "wb") as file:
        file.set_pipelined(True)
        for chunk in content.chunks(_CHUNK):
            file.write(chunk)
    client.chmod(path, entry.mode)
    size = client.stat(path).st_size
    if size != entry.size and stat.S_ISREG(client.stat(path).st_mode or stat.S_IFREG):
        raise TransferError(f"{path} arrived with {size} of {entry.size} bytes", hint="is the guest's disk full?")


def _renamed(client: paramiko.SFTPClient, draft: str, target: str) -> bool:
    try:
        client.posix_rename(draft, target)
    except OSError:
        client.remove(draft)
        return False
    return True


def _make_folders(client: paramiko.SFTPClient, path: str) -> None:
    if path in ("", ".", "/") or _facts(client, path) is not None:
        return
    _make_folders(client, posixpath.dirname(path.rstrip("/")))
    client.mkdir(path)


def _get_file(client: paramiko.SFTPClient, path: str, landing: Landing, name: str, mode: int) -> None:
    with client.open(path, "rb") as remote_file, landing.file(name, mode) as file:
        remote_file.prefetch(max_concurrent_requests=_AHEAD)
        while data := remote_file.read(_CHUNK):
            file.write(data)


def _get_below(client: paramiko.SFTPClient, path: str, landing: Landing, name: str) -> None:
    mode = client.stat(path).st_mode or 0
    if not stat.S_ISDIR(mode):
        _get_file(client, path, landing, name, mode)
        return
    landing.folder(name, mode)
    for item in sorted(client.listdir(path)):
        _get_below(client, quoting.in_folder(path, item), landing, f"{name}/{item}")


def _matches(client: paramiko.SFTPClient, path: str) -> Iterator[str]:
    """The paths that a pattern stands for."""
    folder, name = posixpath.split(path)
    for parent in _matches(client, folder) if quoting.has_pattern(folder) else [folder]:
        if not quoting.has_pattern(name):
            candidate = posixpath.join(parent, name)
            if _facts(client, candidate) is not None:
                yield candidate
            continue
        with suppress(OSError):
            for item in sorted(client.listdir(parent or ".")):
                if fnmatch.fnmatchcase(item, name) and (name.startswith(".") or not item.startswith(".")):
                    yield posixpath.join(parent, item)
