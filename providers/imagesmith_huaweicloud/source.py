"""The source image: by id, by name, or searched for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith.errors import NotFound, UsageError
from imagesmith.interfaces import SourceImage
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import Cloud, ims

ImageEntry = Mapping[str, Any]
_PAGE = 100
API_VISIBILITY = {"public": "gold", "private": "private", "market": "market", "shared": "shared"}
"""What the plugin's words for visibility are in the API."""


def source_image(context: Context) -> SourceImage:
    """The image to start from. Raises `NotFound`, and `UsageError` when several match."""
    found = _look_up(context)
    return SourceImage(
        id=str(found["id"]),
        name=str(found.get("name", "")),
        os="windows" if str(found.get("__os_type", "")).lower() == "windows" else "linux",
        size_gib=int(found.get("min_disk") or 0),
        architecture="arm64" if str(found.get("__support_arm", "")).lower() == "true" else "x86_64",
    )


def list_images(cloud: Cloud, **filters: Any) -> list[ImageEntry]:
    """Every image that the filters of ListImages let through, page after page."""
    found: list[ImageEntry] = []
    marker: str | None = None
    while True:
        request = ims.ListImagesRequest(limit=_PAGE, marker=marker, **filters)
        page: list[ImageEntry] = list(cloud.read(request).get("images") or ())
        found += page
        if len(page) < _PAGE:
            return found
        marker = str(page[-1]["id"])


def _look_up(context: Context) -> ImageEntry:
    options = context.options
    if options.source_image:
        return _one(context, list_images(context.cloud, id=options.source_image), f'image "{options.source_image}"')
    filters = options.filters
    named = options.source_image_name or filters.name
    asked = {
        "name": named,
        "owner": filters.owner,
        "imagetype": API_VISIBILITY.get(filters.visibility, ""),
        "tag": filters.tag,
        "status": "active",
        "sort_key": "created_at",
        "sort_dir": "desc",
    }
    asked = {name: value for name, value in asked.items() if value}
    found = [image for image in list_images(context.cloud, **asked) if _matches(context, image)]
    described = f'image named "{named}"' if named else "image that the source_image_filter describes"
    return _one(context, found, described)


def _matches(context: Context, image: ImageEntry) -> bool:
    filters = context.options.filters
    if filters.name_regex and not re.search(filters.name_regex, str(image.get("name", ""))):
        return False
    return all(str(image.get(name, "")).lower() == value.lower() for name, value in filters.properties.items())


def _one(context: Context, found: Sequence[ImageEntry], described: str) -> ImageEntry:
    if not found:
        hint = "check its name or id: ids differ between regions, and private images are seen by their project only"
        raise NotFound(f"there is no {described} in {context.cloud.region}", hint=hint)
    if len(found) > 1 and not context.options.most_recent:
        ids = ", ".join(str(image["id"]) for image in found[:5])
        raise UsageError(
            f"there are {len(found)} images instead of one {described}: {ids}",
            hint="narrow the search, or set most_recent = true in source_image_filter",
        )
    return max(found, key=lambda image: str(image.get("created_at", "")))
