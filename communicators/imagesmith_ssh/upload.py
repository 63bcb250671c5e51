"""Files and folders to the guest: one tar stream where there is a tar, else sftp, scp or plain commands."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import ConnectionLost
from imagesmith.ways_in import quoting
from imagesmith.ways_in.tree import Entry, single, walk
from imagesmith_ssh import plain, scp, sftp
from imagesmith_ssh.content import TarContent
from imagesmith_ssh.ladder import first_offered
from imagesmith_ssh.process import Process
from imagesmith_ssh.trouble import NotOffered, failed

if TYPE_CHECKING:
    from imagesmith_ssh.remote import SshRemote

READY = "imagesmith: ready"
NO_TAR = 97
_MOST_SEEN = 65536

# What every script begins with: the sign that scripts are run at all, and a tar that reads in large pieces if it can.
_PREPARE = rf"""
echo '{READY}'
command -v tar >/dev/null 2>&1 || exit {NO_TAR}
case $(tar --version 2>/dev/null) in *GNU*) large='-b 512' ;; *) large= ;; esac
"""

# $1: destination; $2: temporary name, which is the archive's only member; $3: mode.
# In place only where the destination is no plain file of ours, or its folder can't be written to.
_FILE = (
    _PREPARE
    + r"""
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
case $1 in */*) folder=${1%/*}; folder=${folder:-/} ;; *) folder=. ;; esac
[ -d "$folder" ] || { echo "$folder: No such file or directory" >&2; exit 1; }
if [ -w "$folder" ] && [ ! -h "$1" ] && { [ ! -e "$1" ] || { [ -f "$1" ] && [ -O "$1" ]; }; }; then
  trap 'rm -f "$folder/$2"' EXIT
  trap 'exit 1' HUP INT TERM
  tar $large -xpof - -C "$folder" && mv -f "$folder/$2" "$1"
else
  tar $large -xOf - > "$1" || exit
  [ ! -f "$1" ] || [ ! -O "$1" ] || chmod "$3" "$1"
fi
"""
)

# $1: destination. Reads folder names up to an empty line and tells which exist, then unpacks the archive that follows.
_TREE = (
    _PREPARE
    + r"""
mkdir -p "$1" && cd "$1" || exit
while IFS= read -r name && [ -n "$name" ]; do [ ! -d "./$name" ] || printf '%s\n' "$name"; done
echo
tar $large -xpof -
"""
)


def upload(remote: SshRemote, content: bytes | Path, destination: str, mode: int | None) -> None:
    """Write one remote file, by a temporary name where that is possible. Raises `TransferError`."""
    entry = single(content, f".imagesmith-{secrets.token_hex(8)}", mode)
    source = f"{len(content)} bytes" if isinstance(content, bytes) else str(content)
    first_offered(
        remote,
        f"{source} could not be uploaded to {destination}",
        {
            "tar": lambda: _tar_file(remote, entry, source, destination),
            "sftp": lambda: sftp.put(remote, entry, source, destination),
            "scp": lambda: scp.put(remote, entry, source, destination),
            "plain": lambda: plain.put(remote, entry, source, destination),
        },
    )


def upload_tree(remote: SshRemote, source: Path, destination: str, *, contents_only: bool) -> None:
    """Copy a folder; what exists is overwritten, folders that exist keep their mode. Raises `TransferError`."""
    top = "" if contents_only else Path(source).resolve().name

    def entries() -> Iterable[Entry]:
        return walk(source, top, lambda path: remote.say(f"not uploaded, for it is no file and no folder: {path}"))

    name = str(source)
    first_offered(
        remote,
        f"{name} could not be uploaded to {destination}",
        {
            "tar": lambda: _tar_tree(remote, list(entries()), name, destination),
            "sftp": lambda: sftp.put_tree(remote, entries(), name, destination),
            "scp": lambda: scp.put_tree(remote, entries(), name, destination),
            "plain": lambda: plain.put_tree(remote, entries(), name, destination),
        },
    )


def _tar_file(remote: SshRemote, entry: Entry, source: str, destination: str) -> None:
    command = quoting.command(_FILE, quoting.word(destination), entry.name, f"{entry.mode:o}")
    with remote.start(command) as process, TarContent([entry]) as archive:
        _send(process, archive, source, destination)


def _tar_tree(remote: SshRemote, entries: list[Entry], source: str, destination: str) -> None:
    with remote.start(quoting.command(_TREE, quoting.word(destination))) as process:
        folders = [entry.name for entry in entries if entry.folder and "\n" not in entry.name]
        existing = _existing(process, folders, source, destination)
        with TarContent(entry for entry in entries if not entry.folder or entry.name not in existing) as archive:
            _send(process, archive, source, destination, seen=READY.encode())


def _existing(process: Process, folders: list[str], source: str, destination: str) -> set[str]:
    """Ask which folders are there already: unpacking them would change their mode or replace a link to a folder."""
    with suppress(BrokenPipeError):
        process.write("".join(f"{name}\n" for name in [*folders, ""]).encode("utf-8", "surrogateescape"))
    existing: set[str] = set()
    seen = b""
    ready = False
    while line := process.read_line():
        seen += line
        text = line.decode("utf-8", "surrogateescape").removesuffix("\n")
        if ready and not text:
            return existing
        if ready:
            existing.add(text)
        ready = ready or text.endswith(READY)
    _judge(process, source, destination, seen)
    raise ConnectionLost("the SSH connection broke during a transfer")


def _send(process: Process, archive: TarContent, source: str, destination: str, *, seen: bytes = b"") -> None:
    with suppress(BrokenPipeError):  # then the other side has given up: its status and words say why
        process.pour(archive.fill)
        process.end_input()
    while data := process.read():
        seen = (seen + data)[:_MOST_SEEN]
    _judge(process, source, destination, seen)


def _judge(process: Process, source: str, destination: str, seen: bytes) -> None:
    """Raise if the command has failed. ``seen`` is its output: without the sign no script was run at all."""
    status, errors = process.finish()
    if status == 0:
        return
    if status is None:
        raise ConnectionLost(f"the SSH connection broke while {source} was uploaded to {destination}")
    if status == NO_TAR:
        raise NotOffered("the guest has no tar")
    if READY.encode() not in seen:
        raise NotOffered(f"the guest runs no scripts: {errors or seen.decode('utf-8', 'replace').strip()}")
    raise failed("upload", source, destination, errors or f"exit status {status}")
