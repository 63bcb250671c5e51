"""The ``manifest`` post-processor: a JSON file that lists what was built, in Packer's format."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagesmith import redact
from imagesmith.errors import PostProcessError
from imagesmith.options import Options, option
from imagesmith.post_processors.file_lock import locked
from imagesmith.provisioners.environment import run_uuid

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed

_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Manifest(Options):
    """Append what this build made to a JSON file; the artifact goes on unchanged.

    The file is replaced in one step, so that a reader sees the old or the new list and never a part. Builds that end
    at the same time wait for each other. With ``-force`` what an earlier run has written is dropped.
    """

    output: str = option(default="packer-manifest.json", doc="The file to write.")
    strip_path: bool = option(default=False, doc="Write only the names of files, without their folders.")
    strip_time: bool = option(default=False, doc="Leave the time of the build out.")
    custom_data: Mapping[str, str] = option(
        default={}, rendered="run", doc="Values of your own; the build variables may be used in them."
    )

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Write the entry; raises `PostProcessError` when the file can't be read or written."""
        run = run_uuid(context.run_id, artifact.generated)
        entry = redact.mask_data(self._entry(artifact, context, run))
        path = Path(os.path.realpath(self.output))
        try:
            with locked(path, context):
                builds = _read(path, keep_run=run if context.force else None)
                _replace(path, _as_go({"builds": [*builds, entry], "last_run_uuid": run}))
        except OSError as error:
            reason = error.strerror or str(error)
            raise PostProcessError(f'the manifest "{self.output}" could not be written: {reason}') from error
        from imagesmith.interfaces import PostProcessed

        return PostProcessed(artifact, keep_input=True, keep_forced=True)

    def _entry(self, artifact: Artifact, context: PostProcessContext, run: str) -> dict[str, object]:
        files = [self._file(name) for name in artifact.files]
        custom = {key: context.render(text, artifact.generated) for key, text in sorted(self.custom_data.items())}
        entry: dict[str, object] = {
            "name": context.environment.get("PACKER_BUILD_NAME", context.build_name),
            "builder_type": context.builder_type,
        }
        if not self.strip_time:
            entry["build_time"] = int(time.time())
        return entry | {
            "files": files or None,
            "artifact_id": artifact.id,
            "packer_run_uuid": run,
            "custom_data": custom or None,
        }

    def _file(self, name: str) -> dict[str, object]:
        path = Path(name)
        size = path.stat().st_size if path.exists() else 0
        return {"name": path.name if self.strip_path else name, "size": size}


def _read(path: Path, *, keep_run: str | None) -> list[Any]:
    """The entries that are there; none if the file was written by another run than ``keep_run`` where that is set."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise _not_a_manifest(path) from error
    if not text.strip():
        return []
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _not_a_manifest(path) from error
    if not isinstance(content, dict) or not isinstance(content.get("builds") or [], list):
        raise _not_a_manifest(path)
    if keep_run is not None and content.get("last_run_uuid") != keep_run:
        return []
    return list(content.get("builds") or [])


def _not_a_manifest(path: Path) -> PostProcessError:
    return PostProcessError(f'"{path}" exists and is no manifest', hint="move it away, or choose another output")


def _as_go(content: object) -> str:
    """JSON as Go's encoder writes it: two spaces, HTML's characters escaped, others as they are, no end of line."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    for character, escape in _GO_ESCAPES.items():
        text = text.replace(character, escape)
    return text


def _replace(path: Path, text: str) -> None:
    """Put the text in the file's place at once; a new file gets mode 0664 less the umask, an old one keeps its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o664)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                os.fchmod(descriptor, path.stat().st_mode & 0o7777)
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
