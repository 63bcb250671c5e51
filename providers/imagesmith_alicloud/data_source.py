"""The data source ``alicloud-images``: looks an image up before the build.

Its options are named as those of Terraform's alicloud_images, its outputs are those of one image, as Packer's own data
sources have them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from imagesmith.errors import Diagnostic, TemplateError
from imagesmith.interfaces import DataContext, Output
from imagesmith.options import option
from imagesmith_alicloud.access_options import AccessOptions, require_sdk

OWNERS = ("self", "system", "others", "marketplace")
STATUSES = ("Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated")


class AlicloudImages(AccessOptions):
    """One image of Alibaba Cloud ECS by what is known of it. Template name: ``alicloud-images``.

    Only reads (DescribeImages). Finding none is an error, as is finding several without ``most_recent``.
    """

    outputs: ClassVar[tuple[Output, ...]] = (
        Output("id", "string", "The image's id, for `source_image`."),
        Output("name", "string", "Its name."),
        Output("family", "string", "Its family."),
        Output("version", "string", "Its version."),
        Output("description", "string", "Its description."),
        Output("creation_time", "string", "When it was made: 2026-01-31T12:00:00Z."),
        Output("owner", "string", "Whose it is: self, system, others or marketplace."),
        Output("status", "string", "Available, …"),
        Output("architecture", "string", "x86_64, arm64 or i386."),
        Output("os_type", "string", "linux or windows."),
        Output("os_name", "string", "The name of its system, in the API's words."),
        Output("platform", "string", "Its distribution."),
        Output("boot_mode", "string", "BIOS, UEFI or UEFI-Preferred; may be empty."),
        Output("size", "number", "The size of its system disk in GiB."),
        Output("region", "string", "The region that was looked in."),
        Output("tags", "map(string)", "Its tags."),
        Output("ids", "list(string)", "The ids of all images that fit, the newest first."),
    )

    image_id: str = option(default="", doc="The image of this id.")
    image_name: str = option(default="", doc="Images of this name; * stands for any text.")
    name_regex: str = option(default="", doc="Images in whose name this regular expression is found.")
    image_family: str = option(default="", doc="Images of this family.")
    owners: Sequence[str] = option(
        default=(),
        doc="Whose images: self, system, others (shared with the account, or public) and marketplace. By default all "
        "but the marketplace's.",
    )
    status: str = option(default="Available", choices=STATUSES, doc="Images in this state.")
    architecture: str = option(default="", choices=("i386", "x86_64", "arm64"), doc="Images for this processor.")
    os_type: str = option(default="", choices=("linux", "windows"), doc="Images of this kind of system.")
    resource_group_id: str = option(default="", doc="Images of this resource group.")
    tags: Mapping[str, str] = option(default={}, doc="Images with all of these tags.")
    most_recent: bool = option(default=False, doc="Take the newest where several fit.")

    def problems(self) -> Iterator[Diagnostic]:
        for owner in self.owners:
            if owner not in OWNERS:
                yield Diagnostic(f'owners can\'t be "{owner}"', hint=f"Allowed are {', '.join(OWNERS)}")
        try:
            re.compile(self.name_regex)
        except re.error as error:
            yield Diagnostic("name_regex is not a regular expression", str(error))
        filters = (self.image_id, self.image_name, self.name_regex, self.image_family, self.owners, self.tags)
        if not any(filters):
            hint = "Give image_id, image_name, name_regex, image_family, owners or tags"
            yield Diagnostic("every image would fit", hint=hint)
        yield from super().problems()

    def read(self, context: DataContext) -> Mapping[str, object]:
        """Raises `NotFound`, `TemplateError` without credentials, and what the cloud refuses."""
        require_sdk()
        from imagesmith_alicloud.image_search import search

        try:
            return search(self, context)
        except TemplateError as error:
            found = [dataclasses.replace(one, summary=_renamed(one.summary)) for one in error.diagnostics]
            raise TemplateError(found) from None


def _renamed(text: str) -> str:
    """The credentials' errors begin with the builder's name."""
    return text.replace("alicloud-ecs: ", "alicloud-images: ", 1)
