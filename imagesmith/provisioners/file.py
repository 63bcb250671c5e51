"""The ``file`` provisioner: files and folders to the machine, or from it."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import TO_A_MACHINE
from imagesmith.errors import Diagnostic, ProvisionError
from imagesmith.options import Options, option
from imagesmith.provisioners.script_options import is_known

if TYPE_CHECKING:
    from imagesmith.interfaces import ProvisionContext, Remote

_GLOB = re.compile(r"[*?\[]")


class File(Options):
    """Copy files and folders between here and the machine.

    Upload: a folder goes to ``destination/<its name>``, with a slash at its end only what is in it goes to
    ``destination``; a file goes to ``destination``, or into it when that ends with a slash. Permission bits are kept.
    Download: the same the other way round; a source that ends with a slash or holds ``*``, ``?`` or ``[`` is a tree.
    """

    communicators: ClassVar[frozenset[str]] = TO_A_MACHINE

    source: str = option(default="", doc="The file or folder to copy.")
    sources: Sequence[str] = option(default=(), doc="Several files and folders.")
    content: str = option(default="", doc="Text to write to `destination` instead of a file.")
    destination: str = option(default="", doc="Where to write; a slash at the end says that it is a folder.")
    direction: str = option(default="upload", choices=("upload", "download"), doc="`upload` or `download`.")
    generated: bool = option(
        default=False, doc="The source is made by an earlier step: don't look for it before the build."
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if not self.destination:
            yield Diagnostic("there is no destination", hint="Give destination")
        if self.content and self._sources():
            yield Diagnostic("content and source are given", hint="Give exactly one of source, sources and content")
        if not self.content and not self._sources():
            yield Diagnostic("there is nothing to copy", hint="Give one of source, sources and content")
        if self.direction == "download":
            if self.content:
                yield Diagnostic("content can't be downloaded", hint="Give source")
        elif not self.generated:
            yield from (
                Diagnostic(f'there is no file or folder "{source}"', hint="Set generated = true if a step makes it")
                for source in self._sources()
                if is_known(source) and not Path(source).exists()
            )

    def run(self, remote: Remote | None, context: ProvisionContext) -> None:
        """Copy; raises `ProvisionError` with what could not be copied, and what the connection raises."""
        if remote is None:
            hint = "use shell-local, or a communicator"
            raise ProvisionError(
                'the file provisioner needs a machine, but there is no way into it (communicator = "none")', hint=hint
            )
        if self.content:
            self._write_content(remote, context)
        for source in self._sources():
            context.cancel.check()
            if self.direction == "download":
                self._download(source, remote, context)
            else:
                self._upload(source, remote, context)

    def _sources(self) -> tuple[str, ...]:
        return tuple(self.sources) + ((self.source,) if self.source else ())

    def _write_content(self, remote: Remote, context: ProvisionContext) -> None:
        """0600 and, for a folder, an invented name: Packer writes the text to a temporary file and uploads that."""
        destination = self.destination
        if destination.endswith("/"):
            destination += f"pkr-file-content{os.urandom(5).hex()}"
        context.say(f"Uploading content => {destination}")
        remote.upload(self.content.encode("utf-8", "surrogateescape"), destination, mode=0o600)

    def _upload(self, source: str, remote: Remote, context: ProvisionContext) -> None:
        local, destination = Path(source), self.destination
        if local.is_dir():
            context.say(f"Uploading {source} => {destination}")
            remote.upload_tree(local, destination, contents_only=source.endswith("/"))
            return
        if not local.exists():
            hint = "generated = true says that an earlier step makes it" if self.generated else ""
            raise ProvisionError(f'there is no file or folder "{source}" to upload', hint=hint)
        if destination.endswith("/"):
            destination += local.name
        context.say(f"Uploading {source} => {destination}")
        try:
            remote.upload(local, destination)
        except OSError as error:
            raise ProvisionError(f'"{source}" could not be uploaded: {error.strerror or error}') from error

    def _download(self, source: str, remote: Remote, context: ProvisionContext) -> None:
        destination = self.destination
        is_tree = source.endswith("/") or bool(_GLOB.search(source))
        if destination.endswith("/") and not source.endswith(("/", "*")):
            destination += posixpath.basename(source) if not is_tree else ""
        context.say(f"Downloading {source} => {destination}")
        try:
            folder = Path(destination) if is_tree else Path(destination).parent
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            if is_tree:
                remote.download_tree(source, Path(destination))
            else:
                remote.download(source, Path(destination))
        except OSError as error:
            raise ProvisionError(f'"{destination}" could not be written: {error.strerror or error}') from error
