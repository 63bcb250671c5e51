"""The ``checksum`` post-processor: files with the checksums of what was built."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, PostProcessError
from imagesmith.options import Options, option
from imagesmith.post_processors.file_lock import locked
from imagesmith.post_processors.output_name import output_name

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed
    from imagesmith.waiting import CancelToken

BUILDER_ID = "packer.post-processor.checksum"
_TYPES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_DEFAULT_OUTPUT = "packer_{{.BuildName}}_{{.BuilderType}}_{{.ChecksumType}}.checksum"
_CHUNK = 1 << 20


class Checksum(Options):
    """Write the checksums of the artifact's files, a file for each type with a line `SUM<TAB>NAME` for each file.

    Lines are appended to a file that is there already. The artifact that goes on has the new files too.
    """

    checksum_types: Sequence[str] = option(default=("md5",), doc=f"Which checksums: {', '.join(_TYPES)}.")
    output: str = option(
        default=_DEFAULT_OUTPUT,
        rendered="run",
        doc="The file to write, with `{{.BuildName}}`, `{{.BuilderType}}`, `{{.ChecksumType}}` and the build "
        "variables; folders are made.",
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        for name in self.checksum_types:
            if name not in _TYPES:
                yield Diagnostic(f'checksum_types: there is no "{name}"', hint=f"Known are {', '.join(_TYPES)}")

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Sum up and write; raises `PostProcessError` when a file can't be read or written."""
        from imagesmith.interfaces import PostProcessed

        if not artifact.files:
            context.say("There is nothing to take a checksum of: this artifact has no files")
            return PostProcessed(artifact, keep_input=True, keep_forced=True)
        types = tuple(dict.fromkeys(self.checksum_types or ("md5",)))
        sums = {name: _checksums(name, types, context.cancel) for name in artifact.files}
        new = []
        for kind in types:
            target = output_name(self.output or _DEFAULT_OUTPUT, artifact, context, ChecksumType=kind)
            lines = "".join(f"{sums[name][kind]}\t{Path(name).name}\n" for name in artifact.files)
            if _append(target, lines, context):
                new.append(target)
        return PostProcessed(_with_files(artifact, new), keep_input=True, keep_forced=True)


def _with_files(artifact: Artifact, new: Sequence[str]) -> Artifact:
    """The files and their checksums; a checksum file that was there before is not this build's."""
    from imagesmith.interfaces import Artifact

    files = tuple(dict.fromkeys((*artifact.files, *new)))
    description = f"Created artifact from files: {', '.join(files)}"
    return Artifact(builder_id=BUILDER_ID, id="", description=description, files=files, generated=artifact.generated)


def _checksums(name: str, types: Sequence[str], cancel: CancelToken) -> dict[str, str]:
    """All checksums of a file in one reading."""
    sums = {kind: hashlib.new(kind, usedforsecurity=False) for kind in types}
    try:
        with Path(name).open("rb") as file:
            while data := file.read(_CHUNK):
                cancel.check()
                for one in sums.values():
                    one.update(data)
    except OSError as error:
        raise PostProcessError(f'"{name}" could not be read: {error.strerror or error}') from error
    return {kind: one.hexdigest() for kind, one in sums.items()}


def _append(target: str, lines: str, context: PostProcessContext) -> bool:
    """Append to the checksum file while no other build does; whether it is a new one."""
    path = Path(target)
    try:
        with locked(path, context):
            is_new = not path.exists()
            with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(lines)
    except OSError as error:
        raise PostProcessError(f'"{target}" could not be written: {error.strerror or error}') from error
    return is_new
