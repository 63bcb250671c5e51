"""The options that say which image the instance starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from imagesmith.errors import Diagnostic
from imagesmith.options import Options, option


class ImageFilters(Options):
    """What the source image must be like; all that is given must match."""

    name: str = option(default="", doc="The exact name.")
    name_regex: str = option(default="", doc="A regular expression that the name must match.")
    owner: str = option(default="", doc="The id of the project that owns the image.")
    visibility: str = option(default="", choices=("public", "private", "market", "shared"), doc="Whose image it is.")
    tag: str = option(default="", doc="A tag that the image has: key or key.value.")
    properties: Mapping[str, str] = option(
        default={}, doc="Further properties (0.4.0), as IMS's listing has them: architecture, __os_type, …"
    )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not any((self.name, self.name_regex, self.owner, self.visibility, self.tag, self.properties))

    def problems(self) -> Iterator[Diagnostic]:
        try:
            re.compile(self.name_regex)
        except re.error as error:
            yield Diagnostic(f'name_regex: "{self.name_regex}" is not a regular expression', hint=str(error))
        yield from super().problems()


class SourceImageFilter(Options):
    """A search for the source image."""

    filters: ImageFilters | None = option(default=None, doc="What the image must be like.")
    most_recent: bool = option(default=False, doc="Take the newest of several.")


class SourceOptions(Options):
    """The image to start from."""

    source_image: str = option(default="", doc="The id of the image to start from.")
    source_image_name: str = option(default="", doc="Its name instead.")
    source_image_filter: SourceImageFilter | None = option(default=None, doc="A search for it instead.")

    @property
    def filters(self) -> ImageFilters:
        """The filters of the search; empty ones where there are none."""
        found = self.source_image_filter.filters if self.source_image_filter else None
        return found or ImageFilters()

    @property
    def most_recent(self) -> bool:
        """Whether the newest of several images is taken."""
        return bool(self.source_image_filter and self.source_image_filter.most_recent)

    def problems(self) -> Iterator[Diagnostic]:
        if self.source_image and self.source_image_name:
            yield Diagnostic("source_image and source_image_name exclude each other", hint="keep one of them")
        if not self.source_image and not self.source_image_name and self.filters.is_empty:
            yield Diagnostic(
                "there is no source image", hint="give source_image, source_image_name or a source_image_filter"
            )
        yield from super().problems()
