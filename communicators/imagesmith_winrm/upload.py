"""Files and folders to the guest: one stream over the standard input of one PowerShell, a folder as a zip archive.

What has arrived is kept as a draft, so that after a cut the rest is sent to it; the guest checks the SHA-256 of the
whole before the draft becomes the file. Where PowerShell is constrained, `imagesmith_winrm.constrained` takes over.
"""

from __future__ import annotations

import base64
import hashlib
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith.ways_in.tree import Entry, single, walk
from imagesmith_winrm import constrained, powershell
from imagesmith_winrm.content import opened, zipped
from imagesmith_winrm.shell import Process
from imagesmith_winrm.trouble import failed
from imagesmith_winrm.wsman import Refused

if TYPE_CHECKING:
    from imagesmith_winrm.remote import WinrmRemote

_LINE = 48 * 1024
_CUTS = 3
_LAST_WORDS_S = 5.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes where: ``draft`` and ``target`` are paths in the guest; ``name`` is for messages."""

    name: str
    kind: Literal["file", "tree"]
    draft: str
    target: str


def upload(remote: WinrmRemote, content: bytes | Path, destination: str) -> None:
    """Write one remote file; its folders are made. Raises `TransferError`, `ConnectionLost`."""
    entry = single(content, "file", None)
    name = str(content) if isinstance(content, Path) else f"{len(content)} bytes"
    delivery = Delivery(name, "file", f"{_trimmed(destination)}.{_token()}", _trimmed(destination))
    with opened(entry) as file:
        if not remote.constrained:
            remote.constrained = not _deliver(remote, delivery, file)
        if remote.constrained:
            constrained.put(remote, delivery.name, file, delivery.draft, delivery.target)


def upload_tree(remote: WinrmRemote, source: Path, destination: str, *, contents_only: bool = False) -> None:
    """Copy a folder to ``destination/<name>``, or with ``contents_only`` what is in it. Raises as `upload`."""
    source = Path(source)
    top = "" if contents_only else source.resolve().name
    target = _trimmed(destination)

    def skip(path: str) -> None:
        remote.say(f"{path} is neither file nor folder and is not uploaded")

    if not remote.constrained:
        delivery = Delivery(str(source), "tree", f"%TEMP%/{_token()}.zip", target)
        with zipped(walk(source, top, skip)) as archive:
            remote.constrained = not _deliver(remote, delivery, archive)
    if remote.constrained:
        for entry in walk(source, top, skip):
            _put(remote, entry, f"{target}/{entry.name}")


def _put(remote: WinrmRemote, entry: Entry, target: str) -> None:
    if not entry.folder:
        with opened(entry) as file:
            constrained.put(remote, entry.name, file, f"{target}.{_token()}", target)


def _trimmed(path: str) -> str:
    """A path without quotes and slashes at its end; a drive keeps its own."""
    bare = path.strip("\"'")
    trimmed = bare.rstrip("/\\")
    return bare if not trimmed or trimmed.endswith(":") else trimmed


def _token() -> str:
    return f"imagesmith-{secrets.token_hex(8)}"


def _deliver(remote: WinrmRemote, delivery: Delivery, file: IO[bytes]) -> bool:
    """Send everything, going on after cuts; False where PowerShell is constrained. On errors nothing is left."""
    try:
        code, words = _send_until_whole(remote, delivery, file)
    except BaseException:
        remote.owed.append(_draft_script(delivery, "discard"))
        raise
    if code in (0, powershell.CONSTRAINED):
        return code == 0
    remote.tidy(_draft_script(delivery, "discard"))
    if code == powershell.DAMAGED:
        words = "it arrived damaged twice (SHA-256)"
    raise failed("upload", delivery.name, delivery.target, words or f"exit code {code}")


def _send_until_whole(remote: WinrmRemote, delivery: Delivery, file: IO[bytes]) -> tuple[int, str]:
    """Returns the exit code of the last receiver and its words."""
    command = powershell.script(
        "receive",
        draft=powershell.path(delivery.draft),
        target=powershell.path(delivery.target),
        kind=powershell.literal(delivery.kind),
    )
    start, cuts, damaged = 0, 0, False
    while True:
        shell = remote.shell
        try:
            with remote.start(command, feeding=True) as process:
                shell = process.shell
                code, words = _send(process, file, start)
        except Refused:
            raise
        except ConnectionLost:
            remote.recover(shell)
            before, start = start, _measure(remote, delivery)
            cuts = 1 if start > before else cuts + 1
            if cuts > _CUTS:
                raise
            remote.say(f"the connection broke during the upload of {delivery.name}; going on after {start} bytes")
            continue
        if code != powershell.DAMAGED or damaged:
            return code, words
        damaged, start = True, 0


def _send(process: Process, file: IO[bytes], start: int) -> tuple[int, str]:
    """One stream from ``start`` on; returns the exit code of the receiver and its words.

    A receiver that has ended before it had everything says why; one that takes nothing more counts as a cut.
    """
    limit_s = math.inf
    try:
        _stream(process, file, start)
    except Refused:
        process.cancel.check()
        limit_s = _LAST_WORDS_S
    code, _, stderr = process.finish(limit_s)
    return code, stderr.decode("utf-8", "replace").strip()


def _stream(process: Process, file: IO[bytes], start: int) -> None:
    """The content as lines of base64, an empty line, the SHA-256 of the whole."""
    digest = hashlib.sha256()
    wsman = process.shell.wsman
    pending = bytearray()
    for data in _from(file, start, digest):
        pending += base64.b64encode(data) + b"\n"
        while len(pending) >= (amount := wsman.send_bytes):
            process.send(bytes(pending[:amount]))
            del pending[:amount]
    pending += b"\n" + digest.hexdigest().encode() + b"\n"
    process.send(bytes(pending), end=True)


def _from(file: IO[bytes], start: int, digest: hashlib._Hash) -> Iterator[bytes]:
    """The file's content from ``start`` on in pieces; the digest sees all of it."""
    file.seek(0)
    left = start
    while left:
        data = file.read(min(left, _LINE))
        if not data:
            raise TransferError("the file has become shorter while it was uploaded")
        digest.update(data)
        left -= len(data)
    while data := file.read(_LINE):
        digest.update(data)
        yield data


def _measure(remote: WinrmRemote, delivery: Delivery) -> int:
    """How many bytes of the draft there are."""
    with remote.start(_draft_script(delivery, "measure")) as process:
        _, stdout, _ = process.finish()
    text = stdout.decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else 0


def _draft_script(delivery: Delivery, action: Literal["measure", "discard"]) -> str:
    return powershell.script("draft", draft=powershell.path(delivery.draft), action=powershell.literal(action))
