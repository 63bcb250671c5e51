"""Files and folders from the guest: cat for one file, a tar stream for many, else sftp, scp or plain commands."""

from __future__ import annotations

import posixpath
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from imagesmith.errors import ConnectionLost
from imagesmith.ways_in import quoting
from imagesmith.ways_in.landing import Landing
from imagesmith_ssh import plain, scp, sftp
from imagesmith_ssh.ladder import first_offered
from imagesmith_ssh.process import Process
from imagesmith_ssh.trouble import NotOffered, failed
from imagesmith_ssh.upload import NO_TAR, READY

if TYPE_CHECKING:
    from imagesmith_ssh.remote import SshRemote

_CHUNK = 256 * 1024
_NO_MATCH = 96
_CHANGED = 1

_FILE = rf"""
[ -d "$1" ] && {{ echo "$1 is a directory" >&2; exit 1; }}
exec 3< "$1" || exit
echo '{READY}'
exec cat <&3
"""

# %(folders)s and %(names)s are patterns: the folders that hold what is wanted, and its names there.
# Each folder's matches are one archive; a reader goes on after the end of one.
_TREE = """
command -v tar >/dev/null 2>&1 || exit %(no_tar)d
echo '%(ready)s'
worst=%(no_match)d
for folder in %(folders)s; do
  cd "$folder" 2>/dev/null || continue
  set -- ./%(names)s
  if [ -e "$1" ]; then
    tar -chf - "$@"
    status=$?
    [ $worst -eq %(no_match)d ] && worst=0
    [ $status -le $worst ] || worst=$status
  fi
  cd "$OLDPWD" || exit
done
exit $worst
"""


def download(remote: SshRemote, source: str, destination: Path) -> None:
    """Read one remote file; local folders are made as needed. Raises `TransferError`."""
    destination = Path(destination)
    ways = {
        "cat": lambda: _cat(remote, source, destination),
        "sftp": lambda: sftp.get(remote, source, destination),
        "scp": lambda: scp.get(remote, source, destination),
    }
    first_offered(remote, f"{source} could not be downloaded to {destination}", ways)


def download_tree(remote: SshRemote, source: str, destination: Path) -> None:
    """Copy each folder or file that ``source`` names to ``destination/<its name>``. Raises `TransferError`.

    Links are followed, so that only files and folders arrive.
    """
    destination = Path(destination)
    ways = {
        "tar": lambda: _tar(remote, source, destination),
        "sftp": lambda: sftp.get_tree(remote, source, destination),
        "scp": lambda: scp.get_tree(remote, source, destination),
        "plain": lambda: plain.get_tree(remote, source, destination),
    }
    first_offered(remote, f"{source} could not be downloaded to {destination}", ways)


def _cat(remote: SshRemote, source: str, destination: Path) -> None:
    with remote.start(quoting.command(_FILE, quoting.word(source))) as process:
        process.end_input()
        seen = _until_ready(process)
        if not seen.endswith(READY.encode() + b"\n"):
            _judge(process, source, destination, ran=False)
        with Landing(destination.parent) as landing, landing.file(destination.name, 0o644) as file:
            while data := process.read():
                file.write(data)
            _judge(process, source, destination, ran=True)


def _tar(remote: SshRemote, source: str, destination: Path) -> None:
    folder, name = posixpath.split(source.rstrip("/") or "/")
    script = _TREE % {
        "folders": quoting.pattern(folder) if folder else ".",
        "names": quoting.pattern(name) if name else "",
        "ready": READY,
        "no_tar": NO_TAR,
        "no_match": _NO_MATCH,
    }
    with remote.start(quoting.command(script)) as process:
        process.end_input()
        seen = _until_ready(process)
        if seen.endswith(READY.encode() + b"\n"):
            with Landing(destination) as landing:
                _unpack(process, landing, source, destination)
        _judge(process, source, destination, ran=bool(seen))


def _until_ready(process: Process) -> bytes:
    """Pass over what the login shell prints before our script does."""
    line = b""
    while not line.endswith(READY.encode() + b"\n"):
        line = process.read_line()
        if not line:
            break
    return line


class _Stream:
    """A process's output as `tarfile` reads it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def read(self, size: int) -> bytes:
        data = self._process.read(size)
        if len(data) < size:
            parts = [data]
            left = size - len(data)
            while left and (more := self._process.read(left)):
                parts.append(more)
                left -= len(more)
            data = b"".join(parts)
        return data


def _unpack(process: Process, landing: Landing, source: str, destination: Path) -> None:
    stream = cast("tarfile._Fileobj", _Stream(process))
    try:
        with tarfile.open(
            fileobj=stream, mode="r|", bufsize=_CHUNK, ignore_zeros=True, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            for member in archive:
                _land(archive, member, landing)
    except tarfile.TarError as error:
        _judge(process, source, destination, ran=True)
        raise ConnectionLost(f"the archive of {source} broke off: {error}") from error


def _land(archive: tarfile.TarFile, member: tarfile.TarInfo, landing: Landing) -> None:
    """Only files and folders: the guest's tar was told to follow links, and must not make any here."""
    archive.members = []  # type: ignore[attr-defined]
    if member.isdir():
        if member.name.strip("./"):
            landing.folder(member.name, member.mode)
    elif member.isreg():
        content = archive.extractfile(member)
        with landing.file(member.name, member.mode) as file:
            while content and (data := content.read(_CHUNK)):
                file.write(data)
    elif member.islnk():
        landing.copy(member.name, member.linkname, member.mode)


def _judge(process: Process, source: str, destination: Path, *, ran: bool) -> None:
    """Raise if the command has failed. A file that changed while tar read it (status 1) is no failure."""
    status, words = process.finish()
    if status is None:
        raise ConnectionLost(f"the SSH connection broke while {source} was downloaded to {destination}")
    if status == NO_TAR:
        raise NotOffered("the guest has no tar")
    if status == _NO_MATCH:
        raise failed("download", source, str(destination), "no such file or directory")
    if status == 0 or (ran and status == _CHANGED and "changed as we read it" in words):
        return
    raise failed("download", source, str(destination), words or f"exit status {status}")
