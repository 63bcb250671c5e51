"""Where a post-processor writes to: the name that its option ``output`` makes for one build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.errors import PostProcessError

if TYPE_CHECKING:
    from imagesmith.interfaces import Artifact, PostProcessContext


def output_name(template: str, artifact: Artifact, context: PostProcessContext, **more: str) -> str:
    """The rendered name, with ``{{.BuildName}}``, ``{{.BuilderType}}``, the build variables and ``more``.

    Raises `PostProcessError` for a name that is empty or that of a file of the artifact.
    """
    name = context.environment.get("PACKER_BUILD_NAME", context.build_name)
    data = {**artifact.generated, "BuildName": name, "BuilderType": context.builder_type, **more}
    rendered = context.render(template, data)
    if not rendered.strip():
        raise PostProcessError("the output has no name", hint="its template comes out empty; give it a fixed part")
    if rendered in artifact.files:
        raise PostProcessError(
            f'the output "{rendered}" is a file of the artifact itself', hint="choose another output"
        )
    return rendered
