"""Searching for an image, for the data source ``huaweicloud-images``. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imagesmith.errors import ImagesmithError, NotFound
from imagesmith.interfaces import DataContext
from imagesmith.waiting import CancelToken
from imagesmith_huaweicloud import credentials
from imagesmith_huaweicloud.data_source import HuaweicloudImages
from imagesmith_huaweicloud.sdk import Cloud, ims
from imagesmith_huaweicloud.source import API_VISIBILITY, list_images

_NAMED = 5
"""How many of the images that fit are named in an error."""

_TEXTS = {
    "id": "id",
    "name": "name",
    "description": "__description",
    "creation_time": "created_at",
    "owner": "owner",
    "status": "status",
    "os_type": "__os_type",
    "os_version": "__os_version",
    "platform": "__platform",
}

ImageEntry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who makes the calls: nobody hears of retries."""

    cancel: CancelToken

    def say(self, text: str, level: str = "info") -> None:
        pass


def search(options: HuaweicloudImages, context: DataContext) -> Mapping[str, object]:
    """The outputs for the image that the options mean.

    Raises `NotFound` where none fits, `ImagesmithError` where several do and ``most_recent`` isn't set.
    """
    access = credentials.resolve(options)
    cloud = Cloud(access, _Caller(context.cancel))
    found = list(_fitting(options, cloud))
    found.sort(key=lambda image: (str(image.get("created_at", "")), str(image.get("id", ""))), reverse=True)
    if not found:
        hint = "Check the options; ids differ between regions, and private images are seen by their project only"
        raise NotFound(f"no image in {access.region} fits", hint=hint)
    if len(found) > 1 and not options.most_recent:
        names = ", ".join(f"{image.get('id')} ({image.get('name')})" for image in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        text = f"{len(found)} images in {access.region} fit: {names}{more}"
        raise ImagesmithError(text, hint="Say more of the image, or set most_recent = true to take the newest")
    chosen = found[0]
    words = {kind: word for word, kind in API_VISIBILITY.items()}
    return {
        **{output: str(chosen.get(key) or "") for output, key in _TEXTS.items()},
        "visibility": words.get(str(chosen.get("__imagetype")), str(chosen.get("visibility", ""))),
        "architecture": "arm" if str(chosen.get("__support_arm", "")).lower() == "true" else "x86",
        "min_disk": int(chosen.get("min_disk") or 0),
        "min_ram": int(chosen.get("min_ram") or 0),
        "region": access.region,
        "tags": _tags_of(chosen, cloud),
        "ids": [str(image["id"]) for image in found],
    }


def _fitting(options: HuaweicloudImages, cloud: Cloud) -> Iterator[ImageEntry]:
    filters = {
        "id": options.image_id,
        "name": options.name,
        "imagetype": API_VISIBILITY.get(options.visibility, ""),
        "owner": options.owner,
        "tag": options.tag,
        "architecture": options.architecture,
        "os_type": options.os_type,
        "platform": options.platform,
        "flavor_id": options.flavor_id,
        "enterprise_project_id": options.enterprise_project_id,
        "status": "active",
    }
    pattern = re.compile(options.name_regex)
    for image in list_images(cloud, **{name: value for name, value in filters.items() if value}):
        if pattern.search(str(image.get("name", ""))):
            yield image


def _tags_of(image: ImageEntry, cloud: Cloud) -> dict[str, str]:
    """The tags, of which the list tells only words (key.value)."""
    if not image.get("tags"):
        return {}
    listed = cloud.read(ims.ListImageTagsRequest(image_id=str(image["id"]))).get("tags") or ()
    return {str(tag["key"]): str(tag.get("value") or "") for tag in listed}
