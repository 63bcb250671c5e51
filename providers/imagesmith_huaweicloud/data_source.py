"""The data source ``huaweicloud-images``: looks an image up before the build.

Its options are named as those of Terraform's huaweicloud_images_image, its outputs are those of one image, as Packer's
own data sources have them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from imagesmith.errors import Diagnostic, TemplateError
from imagesmith.interfaces import DataContext, Output
from imagesmith.options import option
from imagesmith_huaweicloud.access_options import AccessOptions, require_sdk

VISIBILITIES = ("public", "private", "market", "shared")


class HuaweicloudImages(AccessOptions):
    """One image of Huawei Cloud IMS by what is known of it. Template name: ``huaweicloud-images``.

    Only reads (ListImages, ListImageTags). Finding none is an error, as is finding several without ``most_recent``.
    """

    outputs: ClassVar[tuple[Output, ...]] = (
        Output("id", "string", "The image's id, for `source_image`."),
        Output("name", "string", "Its name."),
        Output("description", "string", "Its description."),
        Output("creation_time", "string", "When it was made: 2026-01-31T12:00:00Z."),
        Output("owner", "string", "The id of the project that owns it."),
        Output("visibility", "string", "public, private, market or shared."),
        Output("status", "string", "active, …"),
        Output("architecture", "string", "x86 or arm."),
        Output("os_type", "string", "Linux, Windows or Other."),
        Output("os_version", "string", "Its system, in the API's words."),
        Output("platform", "string", "Its distribution."),
        Output("min_disk", "number", "The least size of a system disk made of it, in GiB."),
        Output("min_ram", "number", "The least memory of an instance made of it, in MiB."),
        Output("region", "string", "The region that was looked in."),
        Output("tags", "map(string)", "Its tags."),
        Output("ids", "list(string)", "The ids of all images that fit, the newest first."),
    )

    image_id: str = option(default="", doc="The image of this id.")
    name: str = option(default="", doc="Images of exactly this name.")
    name_regex: str = option(default="", doc="Images in whose name this regular expression is found.")
    visibility: str = option(default="", choices=VISIBILITIES, doc="Whose images; by default all but the market's.")
    owner: str = option(default="", doc="Images that the project of this id owns.")
    tag: str = option(default="", doc="Images with this tag: key, or key.value.")
    architecture: str = option(default="", choices=("x86", "arm"), doc="Images for this processor.")
    os_type: str = option(default="", choices=("Linux", "Windows", "Other"), doc="Images of this kind of system.")
    platform: str = option(default="", doc="Images of this distribution: Ubuntu, CentOS, Huawei Cloud EulerOS, …")
    flavor_id: str = option(default="", doc="Images that instances of this flavor can be made of.")
    most_recent: bool = option(default=False, doc="Take the newest where several fit.")

    def problems(self) -> Iterator[Diagnostic]:
        try:
            re.compile(self.name_regex)
        except re.error as error:
            yield Diagnostic("name_regex is not a regular expression", str(error))
        if not any((self.image_id, self.name, self.name_regex, self.visibility, self.owner, self.tag, self.platform)):
            hint = "Give image_id, name, name_regex, visibility, owner, tag or platform"
            yield Diagnostic("every image would fit", hint=hint)
        yield from super().problems()

    def read(self, context: DataContext) -> Mapping[str, object]:
        """Raises `NotFound`, `TemplateError` without credentials, and what the cloud refuses."""
        require_sdk()
        from imagesmith_huaweicloud.image_search import search

        try:
            return search(self, context)
        except TemplateError as error:
            found = [dataclasses.replace(one, summary=_renamed(one.summary)) for one in error.diagnostics]
            raise TemplateError(found) from None


def _renamed(text: str) -> str:
    """The credentials' errors begin with the builder's name."""
    return text.replace("huaweicloud-ecs: ", "huaweicloud-images: ", 1)
