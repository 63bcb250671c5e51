"""What the builder ``file`` does: it writes the file, and gives provisioners a machine that does nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from imagesmith.builders.file import File
from imagesmith.builders.without_cloud import WithoutCloud
from imagesmith.errors import TransferError
from imagesmith.interfaces import (
    Artifact,
    CommandResult,
    Image,
    Lifecycle,
    Login,
    Machine,
    Network,
    OutputSink,
    Remote,
    SourceImage,
)
from imagesmith.waiting import CancelToken


class FileProvider(WithoutCloud):
    """Writes the file in place of starting a machine."""

    def __init__(self, options: File, lifecycle: Lifecycle) -> None:
        self.options, self.lifecycle = options, lifecycle

    def launch(self, source: SourceImage, login: Login, network: Network) -> Machine:
        """Write the file. Raises `TransferError` when that fails; what is written stays, whatever happens later."""
        target = Path(self.options.target)
        try:
            target.parent.mkdir(0o755, parents=True, exist_ok=True)
            if self.options.source:
                self.lifecycle.say(f"Copying {self.options.source} to {target}")
                shutil.copyfile(self.options.source, target)
            else:
                _write_private(target, self.options.content)
        except (OSError, shutil.SameFileError) as error:
            about = getattr(error, "filename", None) or target
            reason = getattr(error, "strerror", None) or str(error)
            raise TransferError(f"{about}: {reason}", hint="check source and target") from error
        return Machine("File")

    def capture(self, machine: Machine) -> Image | None:
        """The file stands for the image."""
        return Image("File", self.options.target, "")

    def publish(self, image: Image) -> Artifact:
        """Packer's artifact."""
        return Artifact("packer.file", image.id, f"Stored file: {image.name}", files=(image.name,))


def _write_private(target: Path, content: str) -> None:
    """A new file is for its owner only, as Packer makes it; an old one keeps its mode."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode("utf-8", "surrogateescape"))


def nowhere(*_given: object, cancel: CancelToken, **_more: object) -> Remote:
    """A communicator to no machine at all."""
    return _Nowhere(cancel)


class _Nowhere:
    """Every command succeeds and does nothing, every upload is dropped."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel

    def run(
        self,
        command: str,
        *,
        output: OutputSink | None = None,
        stdin: bytes | None = None,
        cancel: CancelToken | None = None,
    ) -> CommandResult:
        (cancel or self._cancel).check()
        return CommandResult(0)

    def upload(self, content: bytes | Path, destination: str, *, mode: int | None = None) -> None:
        self._cancel.check()

    def upload_tree(self, source: Path, destination: str, *, contents_only: bool = False) -> None:
        self._cancel.check()

    def download(self, source: str, destination: Path) -> None:
        # Packer makes an empty file here too, so that later steps find one.
        self._cancel.check()
        destination.write_bytes(b"")

    def download_tree(self, source: str, destination: Path) -> None:
        self.download(source, destination)

    def reconnect(self, *, timeout_s: float | None = None) -> None:
        self._cancel.check()

    def close(self) -> None:
        pass
