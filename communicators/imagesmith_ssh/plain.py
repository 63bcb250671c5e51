"""Files by plain commands, for guests with neither tar nor sftp nor scp: base64 text where it can be decoded."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import ConnectionLost
from imagesmith.ways_in import quoting
from imagesmith.ways_in.landing import Landing
from imagesmith.ways_in.tree import Entry
from imagesmith_ssh.content import FileContent
from imagesmith_ssh.trouble import NotOffered, failed

if TYPE_CHECKING:
    from imagesmith_ssh.process import Process
    from imagesmith_ssh.remote import SshRemote

_CHUNK = 57 * 1024

# $1: destination; $2: mode. Says which decoder it has, then reads.
_PUT = r"""
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
exec 3> "$1" || exit
if command -v base64 >/dev/null 2>&1; then echo 'use base64'; base64 -d >&3
elif command -v openssl >/dev/null 2>&1; then echo 'use base64'; openssl base64 -d >&3
else echo 'use bytes'; cat >&3
fi || exit
[ ! -f "$1" ] || chmod "$2" "$1"
"""

_FOLDER = r"""[ -d "$1" ] || { mkdir -p "$1" && chmod "$2" "$1"; }"""

# Folders end with a slash; only files and folders are named.
_LIST = r"""
show() {
  if [ -d "$1" ]; then
    printf '%%s/\n' "$1"
    for item in "$1"/* "$1"/.[!.]* "$1"/..?*; do [ ! -e "$item" ] || (show "$item"); done
  elif [ -f "$1" ]; then printf '%%s\n' "$1"
  fi
}
echo 'use list'
for item in %s; do [ ! -e "$item" ] || show "$item"; done
"""


def put(remote: SshRemote, entry: Entry, source: str, destination: str) -> None:
    """Write one remote file in place."""
    command = quoting.command(_PUT, quoting.word(destination), f"{entry.mode:o}")
    with remote.start(command) as process:
        way = _sign(process)
        with suppress(BrokenPipeError), FileContent(entry) as content:
            for chunk in content.chunks(_CHUNK):
                process.write(chunk if way == b"use bytes" else base64.encodebytes(chunk))
            process.end_input()
        _judge(process, "upload", source, destination, started=bool(way))


def put_tree(remote: SshRemote, entries: Iterable[Entry], source: str, destination: str) -> None:
    """Copy a folder, one command for each entry; folders that exist keep their mode."""
    _make_folder(remote, destination, 0o755, source)
    for entry in entries:
        path = quoting.in_folder(destination, entry.name)
        if entry.folder:
            _make_folder(remote, path, entry.mode, source)
        else:
            put(remote, entry, source, path)


def get_tree(remote: SshRemote, source: str, destination: Path) -> None:
    """Copy remote folders or files, which may be named by a pattern, below ``destination``."""
    wanted = source.rstrip("/") or "/"
    with remote.start(quoting.command(_LIST % quoting.pattern(wanted))) as process:
        process.end_input()
        _sign(process)
        names = []
        while line := process.read_line():
            names.append(line.decode("utf-8", "surrogateescape").removesuffix("\n"))
        _judge(process, "download", source, str(destination), started=True)
    if not names:
        raise failed("download", source, str(destination), "no such file or directory")
    from imagesmith_ssh.download import download

    with Landing(destination) as landing:
        top = names[0].rstrip("/")
        for name in names:
            if not name.startswith(f"{top}/"):
                top = name.rstrip("/")
            below = name[len(posixpath.dirname(top)) :].lstrip("/")
            if name.endswith("/"):
                landing.folder(below, 0o755)
            else:
                download(remote, name, destination / below)


def _make_folder(remote: SshRemote, path: str, mode: int, source: str) -> None:
    with remote.start(quoting.command(_FOLDER, quoting.word(path), f"{mode:o}")) as process:
        process.end_input()
        _judge(process, "upload", source, path, started=True)


def _sign(process: Process) -> bytes:
    """What the script says it does, after whatever the login shell has printed; b"" if it never does."""
    while line := process.read_line():
        position = line.rfind(b"use ")
        if position >= 0:
            return line[position:].strip()
    return b""


def _judge(process: Process, verb: str, source: str, destination: str, *, started: bool) -> None:
    status, words = process.finish()
    if status is None:
        raise ConnectionLost(f"the SSH connection broke while {source} was {verb}ed")
    if status == 0 and started:
        return
    if not started and not words:
        raise NotOffered("the guest runs no scripts")
    raise failed(verb, source, destination, words or f"exit status {status}")
