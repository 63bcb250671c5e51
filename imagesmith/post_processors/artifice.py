"""The ``artifice`` post-processor: files that a script has made take the place of the artifact."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, PostProcessError
from imagesmith.options import Options, option

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext, PostProcessed

BUILDER_ID = "packer.post-processor.artifice"


class Artifice(Options):
    """Go on with these files instead of what the build made, as if it had made them.

    What the build made stays, unless `keep_input_artifact = false` says otherwise; a cloud image always stays.
    """

    files: Sequence[str] = option(doc="The files, of which each may be a pattern with `*`, `?` and `[`.")

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if "" in (self.files or ()):
            yield Diagnostic("files: a name is empty")

    def process(self, artifact: Artifact, context: PostProcessContext) -> PostProcessed:
        """Find the files; raises `PostProcessError` when there are none at all. With Packer that is no error."""
        found: dict[str, None] = {}
        for pattern in self.files:
            # Unlike Path.glob it takes absolute patterns and keeps names as they are written.
            names = sorted(name for name in glob.glob(pattern) if Path(name).is_file())  # noqa: PTH207
            if not names:
                context.say(f'Warning: there is no file "{pattern}"')
            found |= dict.fromkeys(names)
        if not found:
            hint = f"names and patterns are relative to {Path.cwd()}"
            raise PostProcessError(f"there are no such files: {', '.join(self.files)}", hint=hint)
        from imagesmith.interfaces import Artifact, PostProcessed

        if artifact.files:
            context.say(f"Passing over {', '.join(artifact.files)}")
        context.say(f"Going on with {', '.join(found)}")
        description = f"Created artifact from files: {', '.join(found)}"
        made = Artifact(
            builder_id=BUILDER_ID, id="", description=description, files=tuple(found), generated=artifact.generated
        )
        return PostProcessed(made, keep_input=True)
