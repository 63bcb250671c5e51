"""The builder ``file``: write a file here. It is there for trying out the rest of a template.

Source: Packer's builder of that name (its options, artifact and builder id). As there, provisioners run, but there is
no machine: what they upload is dropped, and what they run has no effect and succeeds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Diagnostic
from imagesmith.options import option

if TYPE_CHECKING:
    from imagesmith.builders.file_provider import FileProvider
    from imagesmith.interfaces import Lifecycle

NOWHERE = "imagesmith.builders.file_provider:nowhere"


class File(CommunicatorOptions):
    """Write a file on this machine. It is for trying out post-processors. Template name: ``file``."""

    in_a_cloud: ClassVar[bool] = False
    withheld: ClassVar[frozenset[str]] = frozenset(field.name for field in dataclasses.fields(CommunicatorOptions))

    communicator: str = NOWHERE
    source: str = option(default="", doc="The file to copy.")
    content: str = option(default="", doc="What to write, instead of a file to copy.")
    target: str = option(doc="The file to write; folders that it needs are made.")

    @property
    def builder_type(self) -> str:
        """The name in templates."""
        return "file"

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if self.source and self.content:
            yield Diagnostic("source and content are given", hint="Give one of them")
        if not self.source and not self.content:
            text = "neither source nor content is given: the target will be empty"
            yield Diagnostic(text, severity="warning")

    def open(self, lifecycle: Lifecycle) -> FileProvider:
        """The provider for one build."""
        from imagesmith.builders.file_provider import FileProvider

        return FileProvider(self, lifecycle)
