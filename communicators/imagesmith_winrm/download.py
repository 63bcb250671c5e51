"""Files and folders from the guest: lines of base64 on standard output, a folder as a zip archive made there first."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from imagesmith.errors import ConnectionLost, TransferError
from imagesmith.ways_in.landing import Landing
from imagesmith_winrm import constrained, powershell
from imagesmith_winrm.shell import Process
from imagesmith_winrm.trouble import failed
from imagesmith_winrm.wsman import Refused

if TYPE_CHECKING:
    from imagesmith_winrm.remote import WinrmRemote

_CUTS = 3


def download(remote: WinrmRemote, source: str, destination: Path) -> None:
    """Read one remote file; local folders are made as needed. Raises `TransferError`, `ConnectionLost`."""
    destination = Path(destination)
    with Landing(destination.parent) as landing, landing.file(destination.name, 0o644) as file:
        if not remote.constrained:
            remote.constrained = not _fetch(remote, source, str(destination), file)
        if remote.constrained:
            constrained.get(remote, source, str(destination), file)


def download_tree(remote: WinrmRemote, source: str, destination: Path) -> None:
    """Copy each folder or file that ``source`` names to ``destination/<its name>``. Raises as `download`."""
    destination = Path(destination)
    archive = f"%TEMP%/imagesmith-{secrets.token_hex(8)}.zip"
    pattern = source.rstrip("/\\") or source
    try:
        _pack(remote, pattern, archive, destination)
        with tempfile.TemporaryFile() as file:
            _fetch(remote, archive, str(destination), file)
            _unpack(file, source, destination)
    finally:
        remote.tidy(powershell.script("draft", draft=powershell.path(archive), action="'discard'"))


def _pack(remote: WinrmRemote, source: str, archive: str, destination: Path) -> None:
    """Make the archive in the guest. Raises `TransferError`."""
    command = powershell.script("pack", draft=powershell.path(archive), source=powershell.path(source))
    with remote.start(command) as process:
        code, _, stderr = process.finish()
    if code == powershell.CONSTRAINED:
        remote.constrained = True
        raise TransferError(
            f"{source} can't be downloaded as a folder: PowerShell is constrained in this guest",
            hint="download its files one by one",
        )
    if code:
        words = stderr.decode("utf-8", "replace")
        raise failed("download", source, str(destination), words or f"exit code {code}")


def _unpack(file: IO[bytes], source: str, destination: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive, Landing(destination) as landing:
            for info in archive.infolist():
                name = info.filename.replace("\\", "/")
                if name.endswith("/"):
                    landing.folder(name, 0o755)
                    continue
                with archive.open(info) as packed, landing.file(name, 0o644) as target:
                    shutil.copyfileobj(packed, target)
    except (zipfile.BadZipFile, EOFError) as error:
        raise TransferError(f"the archive of {source} can't be read: {error}") from error


class _Fetched:
    """What has come of a file so far; its size and SHA-256 are told before its content."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._rest = b""
        self._headed = False
        self.told = ""
        self.size = 0

    def begin(self) -> None:
        """A new answer begins, from where the last one has broken off."""
        self._rest = b""
        self._headed = False

    def take(self, data: bytes) -> None:
        """More of the answer. Raises `TransferError` if the file is another than it was."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._headed:
                self._head(line.decode("ascii", "replace").strip())
                continue
            try:
                content = base64.b64decode(line.strip(), validate=True)
            except binascii.Error as error:
                raise TransferError(
                    "the guest's answer is no base64", hint="is PowerShell's output altered?"
                ) from error
            self._digest.update(content)
            self._file.write(content)
            self.size += len(content)

    def _head(self, told: str) -> None:
        if self.told and told != self.told:
            raise TransferError("the file has changed while it was downloaded", hint="try again")
        self.told, self._headed = told, True

    @property
    def whole(self) -> bool:
        """Whether everything has come, unharmed."""
        return self.told == f"{self.size} {self._digest.hexdigest().upper()}"


def _fetch(remote: WinrmRemote, source: str, destination: str, file: IO[bytes]) -> bool:
    """Read a remote file, going on after cuts; False where PowerShell is constrained."""
    fetched = _Fetched(file)
    cuts = 0
    while True:
        before, shell = fetched.size, remote.shell
        fetched.begin()
        try:
            with _sender(remote, source, before) as process:
                shell = process.shell
                code, words = _follow(process, fetched)
        except Refused:
            raise
        except ConnectionLost:
            cuts = 1 if fetched.size > before else cuts + 1
            if cuts > _CUTS:
                raise
            remote.say(f"the connection broke during the download of {source}; going on after {fetched.size} bytes")
            remote.recover(shell)
            continue
        if code == powershell.CONSTRAINED:
            return False
        if code:
            raise failed("download", source, destination, words or f"exit code {code}")
        if not fetched.whole:
            raise TransferError(f"{source} has arrived damaged (SHA-256)", hint="try again")
        return True


def _sender(remote: WinrmRemote, source: str, offset: int) -> Process:
    return remote.start(powershell.script("send", source=powershell.path(source), offset=f"'{offset}'"))


def _follow(process: Process, fetched: _Fetched) -> tuple[int, str]:
    stderr = b""
    while process.exit_code is None:
        received = process.receive()
        stderr += received.stderr
        if received.stdout:
            fetched.take(received.stdout)
        process.cancel.check()
    return process.exit_code, stderr.decode("utf-8", "replace").strip()
