"""The ``compress`` post-processor: the files of an artifact as one archive or compressed file."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from imagesmith.errors import Diagnostic, PostProcessError
from imagesmith.options import Options, option
from imagesmith.post_processors.archive_type import ArchiveType, detect
from imagesmith.post_processors.compressed_stream import DEFAULT_LEVEL, ByteSink, compressed
from imagesmith.post_processors.output_name import output_name
from imagesmith.provisioners.script_options import is_known

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed
    from imagesmith.waiting import CancelToken

BUILDER_ID = "packer.post-processor.compress"
_DEFAULT_OUTPUT = "packer_{{.BuildName}}_{{.BuilderType}}"
_OTHERS = "Use .tar.gz, .tar.xz or .zip"
_CHUNK = 1 << 20
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class Compress(Options):
    """Put the artifact's files into one archive, or compress the only one there is.

    The same files give the same archive: no times, owners or host names are written. The files themselves are removed
    when the archive is complete, unless `keep_input_artifact = true`; a cloud image always stays.
    """

    output: str = option(
        default=_DEFAULT_OUTPUT,
        rendered="run",
        doc="The file to write, with `{{.BuildName}}`, `{{.BuilderType}}` and the build variables. Its extension says "
        "what it becomes: `.tar`, `.zip`, `.gz`, `.bgzf`, `.bz2`, `.lz4`, `.xz`, or `.tar.` and one of these; "
        "anything else becomes `.tar.gz` inside. Folders are made.",
    )
    format: str = option(
        default="", doc="What it becomes, whatever the extension says: `zip`, `tar`, `tar.gz`, `xz` and so on."
    )
    compression_level: int = option(
        default=-1, doc="From 1 (fast) to 9 (small); -1 and 0 are the usual one, which is 6."
    )

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.compression_level < -1:
            yield Diagnostic("compression_level can't be less than -1", hint="Give 1 to 9, or leave it out")
        if self.compression_level > 9:
            yield Diagnostic("compression_level is more than 9, and 9 is the most there is", severity="warning")
        name = "" if self.format or not is_known(self.output) else self.output
        if is_known(self.format) and (reason := detect(name, self.format).unsupported):
            yield Diagnostic(reason, hint=_OTHERS)

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Write the archive; raises `PostProcessError` and leaves no half of one behind."""
        target = output_name(self.output or _DEFAULT_OUTPUT, artifact, context)
        kind = detect(target, self.format)
        _check(kind, artifact, target)
        context.say(f"Writing {target} ({kind})")
        try:
            with _in_its_place(Path(target)) as file:
                self._write(file, kind, artifact, context.cancel)
        except OSError as error:
            place = f' ("{error.filename}")' if error.filename not in (None, target) else ""
            raise PostProcessError(f'"{target}" could not be written: {error.strerror or error}{place}') from error
        from imagesmith.interfaces import Artifact, PostProcessed

        made = Artifact(
            builder_id=BUILDER_ID,
            id="",
            description=f"compressed artifacts in: {target}",
            files=(target,),
            generated=artifact.generated,
        )
        return PostProcessed(made)

    def _write(self, file: IO[bytes], kind: ArchiveType, artifact: Artifact, cancel: CancelToken) -> None:
        level = DEFAULT_LEVEL if self.compression_level in (-1, 0) else min(self.compression_level, 9)
        if kind.archive == "zip":
            _zip(file, artifact.files, level, cancel)
            return
        with closing(compressed(file, kind.algorithm, level)) as sink:
            if kind.archive == "tar":
                _tar(sink, artifact.files, cancel)
            else:
                _copy(artifact.files[0], sink, cancel)


def _check(kind: ArchiveType, artifact: Artifact, target: str) -> None:
    if kind.unsupported:
        raise PostProcessError(kind.unsupported, hint=_OTHERS)
    if not artifact.files:
        raise PostProcessError(
            "there is nothing to compress: this artifact has no files",
            hint="a cloud image has none; use compress after artifice, or with a builder that makes files",
        )
    if not kind.archive and len(artifact.files) > 1:
        several = f"{len(artifact.files)} files don't fit into {target}, which holds one"
        raise PostProcessError(
            several, hint=f"put .tar before the extension, as in out.tar.{kind.algorithm}, or use .zip"
        )
    names = [_zip_name(name) if kind.archive == "zip" else Path(name).name for name in artifact.files]
    if kind.archive and (twice := next((name for name, count in Counter(names).items() if count > 1), "")):
        hint = "a tar archive holds names without folders; use .zip, which holds whole paths"
        raise PostProcessError(f'two files have the same name "{twice}"', hint=hint if kind.archive == "tar" else "")
    for name in artifact.files:
        if not Path(name).is_file():
            raise PostProcessError(f'there is no file "{name}" to compress')


@contextmanager
def _in_its_place(target: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes its place when it is complete, and is gone otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _tar(sink: ByteSink, names: tuple[str, ...], cancel: CancelToken) -> None:
    """A tar archive in the GNU format, members named without their folders; times and owners are all zero."""
    for name in names:
        with Path(name).open("rb") as file:
            status = os.fstat(file.fileno())
            member = tarfile.TarInfo(Path(name).name)
            member.size, member.mode = status.st_size, stat.S_IMODE(status.st_mode)
            sink.write(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
            copied = _pass_on(file, sink, cancel)
        if copied != member.size:
            raise PostProcessError(f'"{name}" has changed its size while it was read')
        sink.write(bytes(-copied % tarfile.BLOCKSIZE))
    sink.write(bytes(2 * tarfile.BLOCKSIZE))


def _zip(file: IO[bytes], names: tuple[str, ...], level: int, cancel: CancelToken) -> None:
    """A zip archive, members named by their paths; never one that leads out of the folder it is unpacked in."""
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            status = Path(name).stat()
            member = zipfile.ZipInfo(_zip_name(name), _ZIP_EPOCH)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | status.st_mode) << 16
            member.file_size = status.st_size
            member._compresslevel = level  # type: ignore[attr-defined]  # writestr takes a level, a stream does not
            with archive.open(member, "w") as sink:
                _copy(name, sink, cancel)


def _zip_name(path: str) -> str:
    parts = PurePosixPath(os.path.normpath(path)).parts
    return "/".join(part for part in parts if part not in ("/", ".."))


def _copy(name: str, sink: ByteSink, cancel: CancelToken) -> None:
    with Path(name).open("rb") as file:
        _pass_on(file, sink, cancel)


def _pass_on(file: IO[bytes], sink: ByteSink, cancel: CancelToken) -> int:
    copied = 0
    while data := file.read(_CHUNK):
        cancel.check()
        sink.write(data)
        copied += len(data)
    return copied
