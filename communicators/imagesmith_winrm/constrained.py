"""Transfers where PowerShell may call no methods of .NET (ConstrainedLanguage, as AppLocker and WDAC set it).

Only cmdlets are left, so files travel one by one, in chunks of decimal numbers, a command for each chunk. That is slow,
and told once.
"""

from __future__ import annotations

import hashlib
import ntpath
from typing import IO, TYPE_CHECKING

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith_winrm import powershell
from imagesmith_winrm.trouble import failed
from imagesmith_winrm.wsman import Refused

if TYPE_CHECKING:
    from imagesmith_winrm.remote import WinrmRemote

_CHUNK = 64 * 1024
_LINE = 4096
_TRIES = 3


def put(remote: WinrmRemote, name: str, file: IO[bytes], draft: str, target: str) -> None:
    """Write one remote file. Raises `TransferError`, `ConnectionLost`."""
    _tell(remote)
    digest = hashlib.sha256()
    file.seek(0)
    sent = 0
    while data := file.read(_CHUNK):
        digest.update(data)
        _append(remote, name, draft, data, sent)
        sent += len(data)
    if not sent:
        _append(remote, name, draft, b"", 0)
    code, words = _run(
        remote,
        powershell.script(
            "constrained_place",
            draft=powershell.path(draft),
            target=powershell.path(target),
            wanted=powershell.literal(digest.hexdigest()),
        ),
    )
    if code:
        words = "it arrived damaged (SHA-256)" if code == powershell.DAMAGED else words
        _discard(remote, draft)
        raise failed("upload", name, target, words or f"exit code {code}")


def _append(remote: WinrmRemote, name: str, draft: str, data: bytes, before: int) -> None:
    """Append one chunk to the draft, which has ``before`` bytes; after a cut look whether it has arrived."""
    folder = ntpath.dirname(draft.replace("/", "\\")) or "."
    command = powershell.script("constrained_append", draft=powershell.path(draft), folder=powershell.path(folder))
    lines = b"".join(_numbers(data[place : place + _LINE]) for place in range(0, len(data), _LINE))
    for attempt in range(_TRIES):
        shell = remote.shell
        try:
            size, words = _feed(remote, command, lines)
        except Refused:
            raise
        except ConnectionLost:
            if attempt == _TRIES - 1:
                raise
            remote.recover(shell)
            size, words = _feed(remote, command, b"")
            if size == before:
                continue
        if size == before + len(data):
            return
        _discard(remote, draft)
        raise failed("upload", name, draft, words or f"{size} bytes have arrived instead of {before + len(data)}")


def _numbers(data: bytes) -> bytes:
    return ",".join(map(str, data)).encode() + b"\n"


def _feed(remote: WinrmRemote, command: str, lines: bytes) -> tuple[int, str]:
    with remote.start(command, feeding=True) as process:
        process.send(lines, end=True)
        _, stdout, stderr = process.finish()
    text = stdout.decode("ascii", "replace").strip()
    return (int(text) if text.isdigit() else -1), stderr.decode("utf-8", "replace").strip()


def _run(remote: WinrmRemote, command: str) -> tuple[int, str]:
    with remote.start(command, feeding=True) as process:
        process.send(b"", end=True)
        code, _, stderr = process.finish()
    return code, stderr.decode("utf-8", "replace").strip()


def _discard(remote: WinrmRemote, draft: str) -> None:
    _run(
        remote,
        powershell.script("constrained_place", draft=powershell.path(draft), target="''", wanted="''"),
    )


def get(remote: WinrmRemote, source: str, destination: str, into: IO[bytes]) -> None:
    """Read one remote file. Raises `TransferError`, `ConnectionLost`."""
    _tell(remote)
    with remote.start(powershell.script("constrained_send", source=powershell.path(source)), feeding=True) as process:
        process.send(b"", end=True)
        code, stdout, stderr = process.finish()
    words = stderr.decode("utf-8", "replace").strip()
    if code:
        raise failed("download", source, destination, words or f"exit code {code}")
    head, *lines = stdout.decode("ascii").splitlines()
    _, _, wanted = head.partition(" ")
    content = b"".join(bytes(map(int, line.split(","))) for line in lines if line.strip())
    if hashlib.sha256(content).hexdigest() != wanted.strip().lower():
        raise TransferError(f"{source} has arrived damaged (SHA-256)", hint="try again")
    into.write(content)


def _tell(remote: WinrmRemote) -> None:
    if not remote.told_constrained:
        remote.told_constrained = True
        remote.say("PowerShell is constrained in this guest (AppLocker or WDAC): files are moved slowly, in chunks")
